//! The way back: what becomes of an upstream's response.
//!
//! Source: `ngx_http_upstream_process_header`, `ngx_http_upstream_intercept_errors`, `ngx_http_upstream_process_headers`,
//! `ngx_http_upstream_rewrite_location`, `…_refresh`, `…_set_cookie` (`ngx_http_upstream.c`, 1.22.1; 1.23.0 for what it
//! refuses).

use std::sync::Arc;

use super::redirect::{self, Compare};
use super::reply::{self, special};
use super::visit::Visit;
use super::{cookie, plan, uri};
use crate::asgi::Release;
use crate::exchange::{Field, ResponseHead};
use crate::gateway::{Action, Back, Failure, NotUnderstood, Onward, Returned, Step, StepKind, World};

/// Since then a response with a doubtful framing is refused.
const STRICT_FRAMING: Release = Release::new(1, 23, 0);

/// Fields that stay behind unless `proxy_pass_header` names them.
const HIDDEN: [&[u8]; 8] = [
    b"date",
    b"server",
    b"x-pad",
    b"x-accel-expires",
    b"x-accel-redirect",
    b"x-accel-limit-rate",
    b"x-accel-buffering",
    b"x-accel-charset",
];

/// Fields that an `X-Accel-Redirect` takes along.
const CARRIED: [&[u8]; 4] = [b"set-cookie", b"content-disposition", b"cache-control", b"expires"];

/// A request that was sent on and waits.
#[derive(Debug)]
pub(super) struct Sent {
    visit: Visit,
}

impl Sent {
    /// The way back of this request.
    pub(super) fn back(visit: &Visit) -> Arc<dyn Back> {
        Arc::new(Self { visit: visit.resumed() })
    }
}

impl Back for Sent {
    fn respond(&self, response: &ResponseHead, world: &dyn World) -> Returned {
        let mut visit = self.visit.clone();
        visit.upstream = Some(response.clone());
        let onward = respond(&mut visit, response, world);
        Returned { steps: visit.steps, onward, unknown: visit.unknown }
    }

    fn fail(&self, failure: Failure, world: &dyn World) -> Returned {
        let mut visit = self.visit.clone();
        let what = match failure {
            Failure::Broken => "the upstream gives no response",
            Failure::Late => "the upstream takes longer than proxy_connect_timeout or proxy_read_timeout",
        };
        visit.steps.push(Step::own(StepKind::Response, what));
        let condition: &[u8] = if failure == Failure::Broken { b"error" } else { b"timeout" };
        another_server(&mut visit, condition);
        let onward = reply::onward(special(&mut visit, failure.status(), world));
        Returned { steps: visit.steps, onward, unknown: visit.unknown }
    }
}

/// A doubt, if nginx would ask the next server of the group now.
fn another_server(visit: &mut Visit, condition: &[u8]) {
    let Some(group) = visit.more_servers.clone() else { return };
    if visit.settings().proxy.next_upstream.iter().any(|word| word == condition) {
        let what = "proxy_next_upstream: which server of the group is asked next is not known";
        visit.doubt(NotUnderstood::at(&group, what));
    }
}

fn respond(visit: &mut Visit, response: &ResponseHead, world: &dyn World) -> Onward {
    let status = response.status();
    if let Some(why) = refused(visit, response) {
        visit.steps.push(Step::own(StepKind::Response, format!("nginx does not take the response: {why}")));
        another_server(visit, b"invalid_header");
        return reply::onward(special(visit, 502, world));
    }
    if status < 200 && status != 101 {
        let what = "what becomes of a response before the response is not modelled".to_owned();
        visit.doubt(NotUnderstood { place: None, what });
    }
    if visit.head.is_headless() {
        visit.doubt(NotUnderstood { place: None, what: "an HTTP/0.9 client gets a body without a head".to_owned() });
    }
    another_server(visit, format!("http_{status}").as_bytes());
    let page = visit.settings().error_pages.iter().find(|page| page.status == status).cloned();
    if let Some(page) = page.filter(|_| status >= 300 && visit.settings().proxy.intercept_errors) {
        visit.step(StepKind::Response, format!("proxy_intercept_errors: {status} has an error_page"), &page.place);
        return reply::onward(special(visit, status, world));
    }
    let ignored = visit.settings().proxy.ignore_headers.iter().any(|name| name == b"x-accel-redirect");
    match response.get("x-accel-redirect") {
        Some(to) if !ignored => reply::onward(internal_redirect(visit, response, to, world)),
        _ => deliver(visit, response),
    }
}

/// Why nginx takes the response for a broken one.
fn refused(visit: &Visit, response: &ResponseHead) -> Option<&'static str> {
    if u64::try_from(response.as_bytes().len()).is_ok_and(|length| length > visit.settings().proxy.buffer_size) {
        return Some("its head is longer than proxy_buffer_size");
    }
    let bad_name = |field: &Field<'_>| field.name.iter().any(|byte| matches!(byte, 0..=0x20 | 0x7f));
    let mut fields = response.fields();
    if fields.any(|field| field.name.is_empty() || bad_name(&field) || field.value.contains(&0)) {
        return Some("a field is invalid");
    }
    if visit.config.release < STRICT_FRAMING {
        return None;
    }
    let (lengths, codings) = (response.fields().all("content-length"), response.fields().all("transfer-encoding"));
    let lengths: Vec<_> = lengths.collect();
    let codings: Vec<_> = codings.collect();
    match (lengths.as_slice(), codings.as_slice()) {
        ([], []) => None,
        ([length], []) if !length.is_empty() && length.iter().all(u8::is_ascii_digit) => None,
        ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") => None,
        _ => Some("Content-Length and Transfer-Encoding contradict each other or themselves"),
    }
}

/// `X-Accel-Redirect`
fn internal_redirect(visit: &mut Visit, response: &ResponseHead, to: &[u8], world: &dyn World) -> Action {
    let what = format!("X-Accel-Redirect {}", to.escape_ascii());
    visit.steps.push(Step::own(StepKind::Response, what));
    for field in response.fields() {
        if CARRIED.iter().any(|name| field.name.eq_ignore_ascii_case(name)) {
            let value = if field.is("set-cookie") { cookie::rewrite(visit, field.value) } else { field.value.to_vec() };
            visit.carried.push((String::from_utf8_lossy(field.name).into_owned(), value));
        }
    }
    if to.first() == Some(&b'@') {
        return plan::named(visit, to, world);
    }
    let Some((path, args)) = uri::of_upstream(to) else { return special(visit, 404, world) };
    visit.make_get();
    plan::redirect(visit, path, args, world)
}

/// The response goes to the client.
fn deliver(visit: &mut Visit, response: &ResponseHead) -> Onward {
    let bytes = response.as_bytes();
    let line = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let status = visit.errors.status.unwrap_or(response.status());
    let mut out = b"HTTP/1.1 ".to_vec();
    match visit.errors.status {
        Some(status) if status != response.status() => {
            out.extend_from_slice(status.to_string().as_bytes());
            out.push(b' ');
            let what = format!("the answer keeps the status of the error, {status}");
            visit.steps.push(Step::own(StepKind::Response, what));
        }
        _ => out.extend_from_slice(line.splitn(2, |&byte| byte == b' ').nth(1).unwrap_or_default()),
    }
    out.extend_from_slice(b"\r\n");
    for field in response.fields() {
        if !hidden(visit, field.name) {
            let (name, value) = changed(visit, &field);
            write(&mut out, &name, &value);
        }
    }
    if let Some(location) = visit.location_out.take() {
        write(&mut out, b"Location", &redirect::absolute(visit, location));
    }
    for (name, value) in std::mem::take(&mut visit.carried) {
        write(&mut out, name.as_bytes(), &value);
    }
    for (name, value) in reply::added(visit, status) {
        write(&mut out, name.as_bytes(), &value);
    }
    out.extend_from_slice(b"\r\n");
    let lines = memchr::memchr_iter(b'\n', &out).count();
    match ResponseHead::from_wire(out) {
        Ok(head) if head.fields().count() + 2 == lines => Onward::Deliver(head),
        _ => {
            let what = "a line feed in a field, which splits the head, is not modelled".to_owned();
            visit.doubt(NotUnderstood { place: None, what });
            Onward::Deliver(response.clone())
        }
    }
}

/// True for a field that stays behind.
fn hidden(visit: &Visit, name: &[u8]) -> bool {
    let proxy = &visit.settings().proxy;
    let among = |names: &[Vec<u8>]| names.iter().any(|other| other.eq_ignore_ascii_case(name));
    let by_itself = HIDDEN.iter().any(|other| other.eq_ignore_ascii_case(name));
    (by_itself || among(&proxy.hide_headers)) && !among(&proxy.pass_headers)
}

/// A field as it goes on.
fn changed(visit: &mut Visit, field: &Field<'_>) -> (Vec<u8>, Vec<u8>) {
    let same = (field.name.to_vec(), field.value.to_vec());
    if field.is("set-cookie") {
        return (same.0, cookie::rewrite(visit, field.value));
    }
    let Some(rules) = visit.settings().proxy.redirects.clone() else { return same };
    if field.is("location") {
        let Some(location) = redirect::rewrite(visit, &rules, field.value, 0, Compare::Start) else { return same };
        let relative = location.first() == Some(&b'/');
        let location = redirect::absolute(visit, location);
        let name = if relative && location.first() != Some(&b'/') { b"Location".to_vec() } else { same.0 };
        return (name, location);
    }
    if field.is("refresh") {
        let rewritten = redirect::url_of_refresh(field.value)
            .and_then(|from| redirect::rewrite(visit, &rules, field.value, from, Compare::Start));
        return (same.0, rewritten.unwrap_or(same.1));
    }
    same
}

fn write(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests;
