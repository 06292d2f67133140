//! # TR04: scheme header unusable
//!
//! ## What it says
//! `X-Forwarded-Proto` is sent with a value that the server does not take for a scheme, so the app takes every request for
//! http.
//!
//! ## Why it happens
//! uvicorn wants exactly one word in small letters: `http`, `https`, `ws` or `wss`. Two proxies that each add to the header
//! make a list of it, `https,http`; some write `HTTPS`. Caddy's `{http.request.proto}` is the protocol's version:
//! `HTTP/1.1`. gunicorn refuses a request with two headers that contradict each other. A proxy that
//! sends `Forwarded` alone is not read by most servers.
//!
//! ## How it is told from its neighbours
//! - `RD02`, `RD06`, `MC01`: what follows from it, where a redirect or a page shows it.
//! - `TR01`: the value is right, and not believed.
//! - `TR03`: the value is right, and says http.
//!
//! ## Example
//! ```text
//! Caddyfile   header_up X-Forwarded-Proto {http.request.proto}
//! at the app  X-Forwarded-Proto: HTTP/1.1   scope scheme http
//! ```
//!
//! ## Fix
//! One proxy sets it, the others leave it. Caddy: no such line, it sends the scheme by itself; else `{scheme}`.
//!
//! ## Not
//! A fixed `https`: who comes by http is told https too, and is never redirected.

use crate::asgi::Outcome;
use crate::asgi::server::HeaderUse;
use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change as Fixing, Confidence, Fix, Ground, Severity, shown};
use crate::gateway;
use crate::lanes::{Change, Source};

pub(in crate::diagnosis) const RULE: Rule = Rule {
    code: "TR04",
    title: "scheme header unusable",
    severity: Severity::Error,
    source: include_str!("tr04.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    if let Some(parts) = contradiction(case) {
        return Answer::Yes(parts);
    }
    let plain = case.view().is_some_and(|view| matches!(view.scope.scheme(), "http" | "ws"));
    let server = &case.setup.server;
    if !plain || !server.reads_forwarded() || !server.trust_is_known() {
        return Answer::No;
    }
    match case.field("x-forwarded-proto") {
        Some(field) if field.change != Change::Same => {
            field.value.as_deref().map_or_else(|| alone(case), |value| judge(case, value))
        }
        Some(field) => {
            field.value.as_deref().filter(|value| value.contains(&b',')).map_or(Answer::No, |value| judge(case, value))
        }
        None => alone(case),
    }
}

/// gunicorn answers 400 to two headers that say different schemes (`X-Forwarded-Proto: https`, `X-Forwarded-Ssl: off`).
fn contradiction(case: &Case<'_>) -> Option<Parts> {
    let Some(Outcome::Refused { status, why }) = &case.lanes.scope.outcome else { return None };
    if case.status() != Some(*status) || !why.contains("scheme headers") {
        return None;
    }
    let names = ["x-forwarded-proto", "x-forwarded-protocol", "x-forwarded-ssl"];
    let sent = names.iter().filter_map(|name| Some(format!("{name}: {}", shown::bytes(case.forwarded(name)?))));
    let sent = sent.collect::<Vec<_>>().join(", ");
    let text = format!("The server refused the request: {} ({sent}).", shown::text(why));
    Some(
        Parts::new(Confidence::High, text)
            .about("scheme headers")
            .fact(case, Source::Seen, Ground::Forwarded, sent)
            .answer_seen(case)
            .fix(["send one of these headers, once: X-Forwarded-Proto; take the others off at the proxy"])
            .not("--forwarded-allow-ips without the proxy: the headers are then not read at all, and every request is http"),
    )
}

/// A value that would not be used even if its sender were believed.
fn judge(case: &Case<'_>, value: &[u8]) -> Answer {
    let unused = matches!(case.setup.server.reading("x-forwarded-proto", &[value], true), HeaderUse::Unused(_));
    if !unused || !means_https(case, value) {
        return Answer::No;
    }
    let server = ServerWords(&case.setup.server);
    let text = shown::bytes(value);
    let why = format!("X-Forwarded-Proto is {text:?}; {}. The app takes the request for http.", server.wanted_scheme());
    Answer::Yes(
        Parts::new(Confidence::High, why)
            .about(text.clone())
            .fact(case, Source::Seen, Ground::Forwarded, format!("the app's server got X-Forwarded-Proto: {text}"))
            .known(Source::Derived, Ground::Server, None, server.wanted_scheme())
            .fix([one_value(case, value)])
            .not("a fixed https: who comes by http is told https too, and is never redirected"),
    )
}

/// How to send what the server can use.
fn one_value(case: &Case<'_>, value: &[u8]) -> Fix {
    let send = Fixing::Proxy(gateway::Change::SendScheme);
    if !(Proxy::of(case) == Proxy::Caddy && value.contains(&b'/')) {
        let line = "send one value, https: let the outermost proxy set X-Forwarded-Proto and the others leave it";
        return Fix::candidate(line, [send]);
    }
    let delete = "Caddy: delete the header_up X-Forwarded-Proto line (Caddy sends the scheme by itself)";
    let Some(peer) = front(case) else { return Fix::candidate(delete, [send]) };
    let line = format!("{delete}, and in the global options servers {{ trusted_proxies static {peer} }}");
    let trust = Fixing::Proxy(gateway::Change::TrustFront(peer));
    // Without the configuration the line that is to be deleted is in no model: nothing else stands in the way.
    let also = case.setup.gateway.is_some().then_some(send);
    Fix::candidate(line, [trust].into_iter().chain(also))
}

/// Who ended TLS before the proxy, and said so: its address.
fn front(case: &Case<'_>) -> Option<String> {
    let edge = case.exchange.edge.as_deref()?;
    let said = edge.request.get("x-forwarded-proto")?;
    matches!(said, b"https" | b"wss").then(|| edge.peer.ip().to_canonical().to_string())
}

/// True if the value, or what is known of the site, says that the client came by https.
fn means_https(case: &Case<'_>, value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    let says = lower.split(|byte| !byte.is_ascii_alphabetic()).any(|word| matches!(word, b"https" | b"wss"));
    says || lower.starts_with(b"http/") || case.setup.public.as_ref().is_some_and(|public| public.scheme == "https")
}

/// `Forwarded` says https, and the server reads the older headers alone.
fn alone(case: &Case<'_>) -> Answer {
    let Some(field) = case.field("forwarded").filter(|field| field.change != Change::Same) else { return Answer::No };
    let Some(value) = field.value.as_deref() else { return Answer::No };
    let lower = value.to_ascii_lowercase();
    let https = memchr::memmem::find(&lower, b"proto=https").is_some();
    let read = !matches!(case.setup.server.reading("forwarded", &[value], true), HeaderUse::NotRead);
    if !https || read || case.forwarded("x-forwarded-proto").is_some() {
        return Answer::No;
    }
    let server = ServerWords(&case.setup.server);
    let why = format!(
        "The proxy says https in Forwarded alone, and {} does not read that header: the app takes the request for http.",
        server.name(),
    );
    let line = Proxy::of(case).send_scheme();
    Answer::Yes(
        Parts::new(Confidence::High, why)
            .about("Forwarded")
            .fact(
                case,
                Source::Seen,
                Ground::Forwarded,
                format!("the app's server got Forwarded: {}", shown::bytes(value)),
            )
            .known(Source::Derived, Ground::Server, None, format!("{} does not read Forwarded", server.name()))
            .fix([Fix::candidate(line, [Fixing::Proxy(gateway::Change::SendScheme)])])
            .not("a fixed https: who comes by http is told https too, and is never redirected"),
    )
}
