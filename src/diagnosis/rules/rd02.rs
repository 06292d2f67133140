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
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Confidence, Severity, shown};
use crate::redirect::{HostVerdict, SchemeVerdict};

pub(in crate::diagnosis) const RULE: Rule = Rule {
    code: "RD02",
    title: "https became http",
    severity: Severity::Error,
    source: include_str!("rd02.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let Some(judged) = case.redirect() else { return Answer::No };
    if judged.scheme != SchemeVerdict::Downgraded || judged.host == HostVerdict::Other {
        return Answer::No;
    }
    let believed = case.view().map(|view| view.scope.scheme());
    let (reason, fixes) = reason(case);
    let why = format!(
        "The client asked {} and is sent to {}. {reason}",
        shown::text(&case.asked().to_string()),
        shown::text(&judged.target.to_string()),
    );
    let confidence = if believed == Some("http") { Confidence::High } else { Confidence::Medium };
    Answer::Yes(
        Parts::new(confidence, why)
            .fix(fixes)
            .not("HTTPSRedirectMiddleware: while the app takes every request for http it redirects for ever"),
    )
}

/// Why the app took the request for http, and what to change.
fn reason(case: &Case<'_>) -> (String, Vec<String>) {
    let (proxy, server) = (Proxy::of(case), ServerWords(&case.setup.server));
    let Some(sent) = case.forwarded("x-forwarded-proto") else {
        return ("No X-Forwarded-Proto reached the app.".to_owned(), vec![proxy.send_scheme()]);
    };
    if !case.setup.server.reads_forwarded() {
        return (server.reads_nothing(), vec![server.read_headers()]);
    }
    if case.view().is_some_and(|view| view.scope.scheme() == "https") {
        let reason =
            "The app was told https by X-Forwarded-Proto: it, or a middleware, sets the scheme itself.".to_owned();
        return (reason, vec!["the app: build redirects from request.url, not from a fixed http:// base".to_owned()]);
    }
    match sent {
        b"https" | b"wss" => match &case.lanes.forwarded.trust {
            Some(verdict) if !verdict.trusted => {
                let peer = case.lanes.forwarded.peer.map_or_else(|| "<proxy>".to_owned(), |peer| peer.to_string());
                let reason = format!("X-Forwarded-Proto said https, but {}.", shown::text(&verdict.why));
                (reason, vec![server.believe(&peer)])
            }
            _ => (
                "X-Forwarded-Proto said https; whether the server believes the proxy is not known here.".to_owned(),
                vec![server.believe("<the proxy's address>")],
            ),
        },
        b"http" | b"ws" => (
            "X-Forwarded-Proto said http: the proxy before the app does not know that TLS ended before it.".to_owned(),
            vec![proxy.send_scheme()],
        ),
        other => (
            format!("X-Forwarded-Proto is {:?}; {}.", shown::bytes(other), server.wanted_scheme()),
            vec!["send one value, https: let the outermost proxy set it and the others leave it".to_owned()],
        ),
    }
}
