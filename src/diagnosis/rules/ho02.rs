//! # HO02: Host refused
//!
//! ## What it says
//! The app answered 400 because the `Host` that it got is none of those it was told to accept.
//!
//! ## Why it happens
//! `TrustedHostMiddleware(allowed_hosts=…)` and Django's `ALLOWED_HOSTS` compare the `Host` that reaches the app. Where the
//! proxy replaces it by the upstream's name, or the public name was never listed, every request is refused.
//!
//! ## How it is told from its neighbours
//! - `HO01`: the proxy replaced `Host`; mend that first, this follows from it.
//! - A server that refuses a `Host` it cannot read answers in its own words, without the app.
//!
//! ## Example
//! ```text
//! Host at the edge example.com   Host at the app backend:8000   400 Invalid host header
//! ```
//!
//! ## Fix
//! Pass the client's Host on where the proxy replaces it; else add the name: `TrustedHostMiddleware(allowed_hosts=["example.com"])`,
//! Django `ALLOWED_HOSTS`. Health checks ask by address: list that too.
//!
//! ## Not
//! `allowed_hosts=["*"]`: links in mails and redirects are then built with whatever name a stranger sends.

use memchr::memmem;

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change, Confidence, Fix, Ground, Severity, shown};
use crate::exchange::Half;
use crate::gateway;
use crate::lanes::Source;
use crate::redirect::split_port;

pub(super) const RULE: Rule =
    Rule { code: "HO02", title: "Host refused", severity: Severity::Error, source: include_str!("ho02.rs"), check };

fn check(case: &Case<'_>) -> Answer {
    let Some(half) = case.exchange.inner().filter(|half| half.status() == Some(400)) else { return Answer::No };
    let Some(setting) = setting(half) else { return Answer::No };
    let got = half.request.get("host").unwrap_or_default();
    let (name, _) = split_port(got);
    let (got_text, name) = (shown::bytes(got), shown::bytes(name));
    let sent = case.exchange.edge.as_deref().and_then(|edge| edge.request.get("host"));
    let replaced = case.app().is_some() && sent.is_some_and(|sent| sent != got);
    let why = format!("The app got Host {got_text} and refused it: it is none of those that {setting} names.");
    let mut parts = Parts::new(Confidence::High, why)
        .about(name.clone())
        .fact(case, Source::Seen, Ground::Answer, "400: the app does not accept the Host")
        .not("every host allowed (\"*\"): links are then built with whatever name a stranger sends");
    parts = if case.app().is_some() {
        parts.fact(case, Source::Seen, Ground::Forwarded, format!("Host at the app: {got_text}"))
    } else {
        parts
            .fact(case, Source::Seen, Ground::Client, format!("the client sent Host {got_text}"))
            .missing("the Host that the app got: a tap before the app")
    };
    if replaced {
        let line = Proxy::of(case).pass_host();
        parts = parts.fix([Fix::candidate(line, [Change::Proxy(gateway::Change::PassHost)])]);
        let public = split_port(sent.unwrap_or_default()).0;
        return Answer::Yes(
            parts.fix([format!("the app: {} in {setting} too, if it is not there", shown::bytes(public))]),
        );
    }
    Answer::Yes(parts.fix([format!("the app: {name} in {setting}")]))
}

/// The setting that the answer is about.
fn setting(half: &Half) -> Option<&'static str> {
    let body = &half.response_body.kept;
    if **body == *b"Invalid host header" {
        Some("TrustedHostMiddleware(allowed_hosts=[…])")
    } else if memmem::find(body, b"DisallowedHost").is_some() {
        Some("ALLOWED_HOSTS")
    } else {
        None
    }
}
