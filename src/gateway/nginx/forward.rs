//! A request is sent on: its body's length, its head, and the steps that tell who wrote what.
//!
//! Source: `ngx_http_proxy_handler`, `ngx_http_proxy_create_request` (`ngx_http_proxy_module.c`),
//! `ngx_http_read_client_request_body` (`ngx_http_request_body.c`), 1.22.1.

use super::back::Sent;
use super::headers::{Length, Outgoing};
use super::map::Map;
use super::proxy_pass::{Failed, ProxyPass};
use super::reply::special;
use super::request::{Body, Whole, whole};
use super::settings::ProxyVersion;
use super::visit::Visit;
use crate::gateway::{Action, Forward, NotUnderstood, Purpose, Step, StepKind, World};

/// Sends the request to where its location passes it.
pub(super) fn pass(visit: &mut Visit, pass: &ProxyPass, world: &dyn World) -> Action {
    visit.upstream = None;
    let aim = match pass.aim(visit) {
        Ok(aim) => aim,
        Err(Failed::Status(status)) => {
            visit.step(StepKind::Answer, format!("{}: no address comes of it", pass.text), &pass.place);
            return special(visit, status, world);
        }
        Err(Failed::Unknown(doubt)) => {
            visit.doubt(doubt);
            return special(visit, 500, world);
        }
    };
    if let Some(NotUnderstood { place, what }) = aim.assumed {
        visit.steps.push(Step { place, ..Step::own(StepKind::Assumed, what) });
    }
    visit.more_servers = aim.more;
    visit.proxy_host = aim.url.proxy_host();
    visit.proxy_port = aim.url.proxy_port();
    let length = match length(visit) {
        Ok(length) => length,
        Err(status) => return special(visit, status, world),
    };
    visit.steps.push(Step::at(StepKind::Path, pass.text.clone(), &pass.place).path(aim.target.clone()));
    visit.step(StepKind::Upstream, format!("sent to {}", aim.to), &pass.place);
    let head = head(visit, &aim.target, length);
    Action::Forward(Forward { purpose: Purpose::Request, to: aim.to, head, back: Sent::back(visit) })
}

/// How long the body is, with which nginx reads it before it sends anything.
///
/// # Errors
/// The status that it is refused with.
fn length(visit: &mut Visit) -> Result<Length, u16> {
    let settings = visit.settings();
    let (limit, buffered) = (settings.client_max_body_size, settings.proxy.request_buffering);
    if let Some(body) = settings.proxy.set_body.clone() {
        let body = body.fill(visit);
        return Ok(Length::Known(u64::try_from(visit.known(body).len()).unwrap_or(u64::MAX)));
    }
    if visit.discarded && visit.head.body != Body::Absent {
        let what = "how much of a body is left that was thrown away before is not modelled".to_owned();
        visit.doubt(NotUnderstood { place: None, what });
    }
    if visit.subrequest {
        return Ok(match visit.head.body {
            Body::Length(length) => Length::Known(length),
            Body::Absent | Body::Chunked => Length::Absent,
        });
    }
    if !buffered && visit.head.body == Body::Chunked && version(visit) != ProxyVersion::Http10 {
        let what =
            "proxy_request_buffering off: a body in chunks goes on as it comes, with its length if it came at once";
        visit.doubt(NotUnderstood { place: None, what: what.to_owned() });
        return Ok(Length::Chunked);
    }
    match whole(visit.head.body, visit.body.as_deref(), limit, visit.config.release) {
        Whole::Absent => Ok(Length::Absent),
        Whole::Length(length) => {
            visit.body_length = Some(length);
            Ok(Length::Known(length))
        }
        Whole::Refused(status) => Err(status),
        Whole::Unknown => {
            let what = "the length of a body in chunks is known only when all of it has come".to_owned();
            visit.doubt(NotUnderstood { place: None, what });
            Ok(Length::Chunked)
        }
    }
}

/// The version that the request is sent on with.
fn version(visit: &Visit) -> ProxyVersion {
    visit.settings().proxy.version.unwrap_or_else(|| ProxyVersion::of(visit.config.release))
}

/// The head that is sent on.
fn head(visit: &mut Visit, target: &[u8], length: Length) -> Vec<u8> {
    let proxy = visit.settings().proxy.clone();
    let version = version(visit);
    if version == ProxyVersion::Http2 {
        visit.doubt(NotUnderstood { place: None, what: "proxy_http_version 2: HTTP/2 is not modelled".to_owned() });
    }
    if let Some(place) = &proxy.cache {
        visit.doubt(NotUnderstood::at(place, "proxy_cache: what is in the cache is not known"));
    }
    let method = match &proxy.method {
        Some(method) => {
            let method = method.fill(visit);
            visit.known(method)
        }
        None => visit.method.clone(),
    };
    // nginx works all of them out twice, for the length and for the text: the expression of a `map` in one of them may
    // change the captures in another.
    let size = |visit: &mut Visit| {
        let sizes = proxy.set_headers.iter().map(|line| line.value.fill(visit).map_or(0, |value| value.len()));
        sizes.sum::<usize>()
    };
    if visit.config.maps.iter().any(Map::catches) {
        let room = size(visit);
        if size(visit) > room {
            let what = "the expression of a map changes the captures in a proxy_set_header before it".to_owned();
            visit.doubt(NotUnderstood { place: None, what });
        }
    }
    let mut set = Vec::with_capacity(proxy.set_headers.len());
    for line in proxy.set_headers.iter() {
        let value = line.value.fill(visit);
        let value = visit.known(value);
        let name = String::from_utf8_lossy(&line.name).into_owned();
        let what = if value.is_empty() {
            format!("{}: it is empty, so that no {name} is sent", line.text)
        } else {
            format!("{}: {}", line.text, value.escape_ascii())
        };
        visit.step(StepKind::Field(name), what, &line.place);
        set.push((line.name.clone(), value));
    }
    let outgoing = Outgoing {
        method: &method,
        target,
        version,
        set: &set,
        proxy_host: &visit.proxy_host,
        length,
        client: proxy.pass_request_headers.then_some(visit.head.fields.as_slice()),
        release: visit.config.release,
    };
    let head = outgoing.write();
    let own = outgoing.own_steps();
    visit.steps.extend(own);
    head
}
