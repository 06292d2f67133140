//! # RD02: https became http
//!
//! ## What it says
//! The client asked by https and is redirected to http on the same host.
//!
//! ## Why it happens
//! TLS ends before the app, so the app's own connection is plain. It learns the client's scheme from `X-Forwarded-Proto`
//! alone: if that is missing, unusable, or sent by somebody it does not trust, it builds `http://` URLs. In nginx one
//! `proxy_set_header` in a location drops all those of the block around it, this one too: `hopscope check` names the line.
//!
//! ## How it is told from its neighbours
//! - `TR01`: the header was sent and not believed; it is the cause, and this follows from it.
//! - A relative Location cannot change the scheme.
//! - A redirect to another host by http is that host's business.
//!
//! ## Example
//! ```text
//! GET https://example.com/items   X-Forwarded-Proto: https   peer 172.18.0.3 not trusted   307 Location: http://example.com/items/
//! ```
//!
//! ## Fix
//! Let the server read the header and believe the proxy (uvicorn and gunicorn: `--forwarded-allow-ips` with its address;
//! daphne: `--proxy-headers`; hypercorn and granian: their middleware); or make the proxy send exactly one lower-case word.
//!
//! ## Not
//! `HTTPSRedirectMiddleware`: while the app takes every request for http it redirects for ever (`RD06`).

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::scheme::Unseen;
use crate::diagnosis::{Confidence, Ground, Severity, shown};
use crate::lanes::Source;
use crate::redirect::{HostVerdict, Judged, SchemeVerdict};

pub(in crate::diagnosis) const RULE: Rule = Rule {
    code: "RD02",
    title: "https became http",
    severity: Severity::Error,
    source: include_str!("rd02.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let Some(judged) = case.redirect().filter(is_to_http) else { return Answer::No };
    let believed = case.view().map(|view| view.scope.scheme());
    let unseen = Unseen::of(case);
    let why = format!(
        "The client asked {} and is sent to {}. {}",
        shown::text(&case.asked().to_string()),
        shown::text(&judged.target.to_string()),
        unseen.reason,
    );
    let parts = Parts::new(if believed == Some("http") { Confidence::High } else { Confidence::Medium }, why)
        .about(shown::text(&case.lanes.original.host.to_ascii_lowercase()))
        .fact(case, Source::Seen, Ground::Answer, "the redirect names http, and https was asked for")
        .not("HTTPSRedirectMiddleware: while the app takes every request for http it redirects for ever");
    Answer::Yes(unseen.onto(case, parts))
}

/// True if the answer sends a client that came by https to http on the same host.
pub(super) fn is_downgraded(case: &Case<'_>) -> bool {
    case.redirect().as_ref().is_some_and(is_to_http)
}

fn is_to_http(judged: &Judged) -> bool {
    judged.scheme == SchemeVerdict::Downgraded && judged.host != HostVerdict::Other
}
