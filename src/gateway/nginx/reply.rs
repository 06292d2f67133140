//! Answers of nginx's own: statuses on their way through `error_page`, and what `return` says.
//!
//! Source: `ngx_http_finalize_request` (`ngx_http_request.c`), `ngx_http_special_response_handler`,
//! `ngx_http_send_error_page` (`ngx_http_special_response.c`), `ngx_http_send_header`, `ngx_http_send_response`
//! (`ngx_http_core_module.c`), `ngx_http_headers_filter` (`ngx_http_headers_filter_module.c`), 1.22.1.

use std::sync::Arc;

use super::request::{Whole, whole};
use super::settings::{ErrorPage, Overwrite};
use super::visit::Visit;
use super::{plan, redirect, uri};
use crate::gateway::{Action, NotUnderstood, Onward, Reply, Step, StepKind, World};

/// What errors have done to a request so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Errors {
    /// The status that answers get from now on, whatever their own is.
    pub(super) status: Option<u16>,
    /// There was a page already, so that the next error gets none (unless `recursive_error_pages`).
    paged: bool,
}

/// Ends the request with a status: by an `error_page` where there is one for it, else by nginx's own page.
pub(super) fn special(visit: &mut Visit, status: u16, world: &dyn World) -> Action {
    if matches!(status, 408 | 444 | 499) {
        return Action::Close;
    }
    visit.errors.status = Some(status);
    let pages = Arc::clone(&visit.settings().error_pages);
    if !visit.errors.paged && !pages.is_empty() && visit.uri_changes != 0 {
        visit.errors.paged = !visit.settings().recursive_error_pages;
        if let Some(page) = pages.iter().find(|page| page.status == status) {
            return self::page(visit, page, world);
        }
    }
    built_in(visit, status)
}

/// The same with a `Location`.
pub(super) fn special_at(visit: &mut Visit, status: u16, location: Vec<u8>, world: &dyn World) -> Action {
    visit.location_out = Some(location);
    special(visit, status, world)
}

/// Shows an error page.
fn page(visit: &mut Visit, page: &ErrorPage, world: &dyn World) -> Action {
    match page.overwrite {
        Some(Overwrite::Status(status)) => visit.errors.status = Some(status),
        Some(Overwrite::OfPage) => visit.errors.status = None,
        None => {}
    }
    let target = page.target.fill(visit);
    let target = visit.known(target);
    visit.step(StepKind::Answer, page.text.clone(), &page.place);
    match target.first() {
        Some(b'/') => {
            visit.make_get();
            let (path, args) = uri::split_args(&target);
            plan::redirect(visit, path.to_vec(), args.to_vec(), world)
        }
        Some(b'@') => plan::named(visit, &target, world),
        _ => {
            let status = match page.overwrite {
                Some(Overwrite::Status(status @ (301 | 302 | 303 | 307 | 308))) => status,
                _ => 302,
            };
            visit.errors.status = Some(status);
            visit.location_out = Some(target);
            built_in(visit, status)
        }
    }
}

/// nginx's own page for a status.
fn built_in(visit: &mut Visit, status: u16) -> Action {
    let shown = match status {
        494..=497 => 400,
        status => status,
    };
    let mut reply = Reply::status(shown);
    if has_page(status) {
        reply = reply.field("Content-Type", "text/html");
    }
    finish(visit, reply)
}

/// True for a status that nginx has a page for.
fn has_page(status: u16) -> bool {
    matches!(
        status,
        301..=303 | 307 | 308 | 400..=406 | 408..=416 | 421 | 429 | 494..=497 | 500..=505 | 507
    )
}

/// `return CODE TEXT`, `return URL`, and `return CODE` of a code below 400. The text is filled in.
pub(super) fn returned(visit: &mut Visit, status: u16, text: Vec<u8>, world: &dyn World) -> Action {
    if let Err(refusal) = discard(visit) {
        return special(visit, refusal, world);
    }
    if matches!(status, 301 | 302 | 303 | 307 | 308) {
        return special_at(visit, status, text, world);
    }
    let extended = visit.uri.rsplit(|&byte| byte == b'/').next().is_some_and(|name| name.contains(&b'.'));
    let kind = visit.settings().default_type.to_vec();
    let mut reply = Reply { body: text, ..Reply::status(status) };
    if !extended {
        reply = reply.field("Content-Type", kind);
    }
    send_undated(visit, reply, world)
}

/// Throws the body away.
///
/// # Errors
/// The status that it is refused with: it is read for that.
pub(super) fn discard(visit: &mut Visit) -> Result<(), u16> {
    visit.discarded = true;
    match whole(visit.head.body, visit.body.as_deref(), 0, visit.config.release) {
        Whole::Refused(status) if !visit.subrequest => Err(status),
        _ => Ok(()),
    }
}

/// Sends an answer that has neither date nor tag, so that a condition on them never holds.
pub(super) fn send_undated(visit: &mut Visit, reply: Reply, world: &dyn World) -> Action {
    let status = visit.errors.status.unwrap_or(reply.status);
    let tag = visit.head.get(b"if-match").is_some_and(|value| value != b"*");
    if status == 200 && !visit.subrequest && (tag || visit.head.get(b"if-unmodified-since").is_some()) {
        return special(visit, 412, world);
    }
    send(visit, reply)
}

/// Sends an answer that is no error, with the status that an error has left behind if there was one.
pub(super) fn send(visit: &mut Visit, reply: Reply) -> Action {
    let status = visit.errors.status.unwrap_or(reply.status);
    finish(visit, Reply { status, ..reply })
}

/// The last things that are done to an answer.
fn finish(visit: &mut Visit, mut reply: Reply) -> Action {
    if visit.head.is_headless() {
        visit.doubt(NotUnderstood { place: None, what: "an HTTP/0.9 client gets a body without a head".to_owned() });
    }
    if let Some(location) = visit.location_out.take() {
        // Blanks at its end are none of the value (RFC 9110 section 5.5).
        let location = redirect::absolute(visit, location);
        let end = location.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |last| last + 1);
        reply = reply.field("Location", location.get(..end).unwrap_or_default());
    }
    if let Some(challenge) = visit.www_authenticate.take() {
        reply = reply.field("WWW-Authenticate", challenge);
    }
    for (name, value) in std::mem::take(&mut visit.carried) {
        reply = reply.field(&name, value);
    }
    for (name, value) in added(visit, reply.status) {
        reply = reply.field(&name, value);
    }
    visit.steps.push(Step::own(StepKind::Answer, format!("nginx answers {}", reply.status)));
    Action::Answer(reply)
}

/// The fields of `add_header`. One whose value cannot be known is left out; it is a doubt if it would change where the
/// client goes or what it keeps.
pub(super) fn added(visit: &mut Visit, status: u16) -> Vec<(String, Vec<u8>)> {
    if visit.subrequest {
        return Vec::new();
    }
    let usual = matches!(status, 200 | 201 | 204 | 206 | 301..=304 | 307 | 308);
    let lines = Arc::clone(&visit.settings().add_headers);
    let mut fields = Vec::new();
    for line in lines.iter().filter(|line| usual || line.always) {
        match line.value.fill(visit) {
            Ok(value) if value.is_empty() => {}
            Ok(value) => fields.push((String::from_utf8_lossy(&line.name).into_owned(), value)),
            Err(doubt) => {
                let matters = [&b"location"[..], b"set-cookie", b"refresh"];
                if matters.iter().any(|name| line.name.eq_ignore_ascii_case(name)) {
                    visit.doubt(doubt);
                }
            }
        }
    }
    fields
}

/// What an action is as an answer to a response.
pub(super) fn onward(action: Action) -> Onward {
    match action {
        Action::Forward(forward) => Onward::Forward(Box::new(forward)),
        Action::Answer(reply) => Onward::Answer(reply),
        Action::Close => Onward::Close,
    }
}

#[cfg(test)]
mod tests;
