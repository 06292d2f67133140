//! # UP03: body too large for the proxy
//!
//! ## What it says
//! The proxy refused the request's body with 413: it is larger than the proxy is told to let through. The app never got it,
//! or not all of it.
//!
//! ## Why it happens
//! nginx takes 1 MiB unless told otherwise (`client_max_body_size`). The others have a limit only where one was written.
//!
//! ## How it is told from its neighbours
//! - A 413 that the app sent is its own limit.
//! - `UP01`: the proxy passed the request on and got no answer.
//!
//! ## Example
//! ```text
//! POST /upload   Content-Length: 3145728   413 by nginx
//! ```
//!
//! ## Fix
//! nginx: `client_max_body_size 20m;` in the location that takes uploads. Traefik: `buffering.maxRequestBodyBytes`. Caddy:
//! `request_body { max_size }`. Apache: `LimitRequestBody`.
//!
//! ## Not
//! `client_max_body_size 0` for the whole server: anybody may then fill its disk.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Confidence, Ground, Severity};
use crate::exchange::{Framing, Half};
use crate::lanes::{Author, Source};

pub(super) const RULE: Rule = Rule {
    code: "UP03",
    title: "body too large for the proxy",
    severity: Severity::Error,
    source: include_str!("up03.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let by_proxy = matches!(case.lanes.answer.by, Author::Proxy(_));
    let Some(edge) = case.exchange.edge.as_deref().filter(|_| by_proxy && case.lanes.answer.status == Some(413)) else {
        return Answer::No;
    };
    let proxy = Proxy::of(case);
    let size = size(edge);
    let of_size = size.map_or_else(|| "of unknown length".to_owned(), |size| format!("of {size} bytes"));
    let why = format!("{} let no body {of_size} through: it answered 413 by itself.", proxy.name_first());
    Answer::Yes(
        Parts::new(Confidence::High, why)
            .about(proxy.name())
            .fact(case, Source::Seen, Ground::Client, format!("the client sent a body {of_size}"))
            .answer_seen(case)
            .fix([proxy.body_limit(size)])
            .not("no limit at all for the whole server: anybody may then fill its disk"),
    )
}

/// How many bytes the client meant to send.
fn size(edge: &Half) -> Option<u64> {
    let told =
        edge.request.get("content-length").and_then(|value| std::str::from_utf8(value).ok()?.trim().parse().ok());
    told.or(match edge.request_body.framing {
        Framing::Length(length) => Some(length),
        _ => None,
    })
}
