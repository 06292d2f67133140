//! # TR05: anyone can forge the headers
//!
//! ## What it says
//! Whoever writes `X-Forwarded-For` or `X-Forwarded-Proto` chooses the address and the scheme that the app sees: the proxy
//! passes on what every client sends, or the server believes everybody and was asked without the proxy.
//!
//! ## Why it happens
//! Traefik's `forwardedHeaders.insecure` on an entry point believes everybody. It is set where another proxy stands before
//! Traefik and its headers got lost. `--forwarded-allow-ips '*'` does the same at the server; daphne's `--proxy-headers`
//! always does, and takes the first address of the list, which the client wrote.
//!
//! ## How it is told from its neighbours
//! - `TR01`: the opposite, a proxy that is not believed.
//! - A list of networks in `trustedIPs` believes those alone, and is no finding.
//! - A server that believes everybody and that only the proxy can reach is none either: a request must show it.
//!
//! Seen in alkem-io/alkemio#1939.
//!
//! ## Example
//! ```text
//! entryPoints: { web: { address: ':80', forwardedHeaders: { insecure: true } } }
//! X-Forwarded-For: 192.0.2.1 from a stranger   scope client 192.0.2.1
//! ```
//!
//! ## Fix
//! Name the proxies: Traefik `forwardedHeaders.trustedIPs` instead of `insecure`; uvicorn `--forwarded-allow-ips` with their
//! addresses or networks; and let nobody but the proxy reach the app's port.
//!
//! ## Not
//! `trustedIPs: [0.0.0.0/0]`: the same in other words.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Confidence, Ground, Severity, shown};
use crate::lanes::{Reading, Source, TapKind};
use crate::redirect::internal;

pub(in crate::diagnosis) const RULE: Rule = Rule {
    code: "TR05",
    title: "anyone can forge the headers",
    severity: Severity::Warn,
    source: include_str!("tr05.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let Some(field) = case.field("x-forwarded-for").filter(|field| field.reading == Reading::Believed) else {
        return Answer::No;
    };
    let Some(value) = field.value.as_deref() else { return Answer::No };
    match (case.exchange.edge.as_deref(), case.app()) {
        (Some(edge), Some(_)) => {
            let stranger = edge.peer.ip().to_canonical();
            let wrote = edge.request.get("x-forwarded-for").and_then(first);
            let outside = internal(&stranger.to_string()).is_none();
            match wrote.filter(|wrote| outside && seen_as(case, wrote) && *wrote != stranger.to_string()) {
                Some(wrote) => Answer::Yes(passed_on(case, &stranger.to_string(), &wrote)),
                None => Answer::No,
            }
        }
        (None, Some(_)) if case.has_tap(TapKind::Edge) && case.setup.server.believes().others => {
            match first(value).filter(|wrote| seen_as(case, wrote)) {
                Some(wrote) if !is_of_a_proxy(case) => Answer::Yes(asked_directly(case, &wrote)),
                _ => Answer::No,
            }
        }
        _ => Answer::No,
    }
}

/// The first address of a list.
fn first(value: &[u8]) -> Option<String> {
    let first = value.split(|&byte| byte == b',').next()?.trim_ascii();
    std::str::from_utf8(first).ok().filter(|first| !first.is_empty()).map(str::to_owned)
}

/// True if the app takes this for its client.
fn seen_as(case: &Case<'_>, address: &str) -> bool {
    let client = case.view().and_then(|view| view.scope.client.as_ref());
    client.and_then(|client| client.host.as_deref()) == Some(address)
}

/// True if a proxy put its own marks on the request: it came through one, though not through the tap before it.
fn is_of_a_proxy(case: &Case<'_>) -> bool {
    ["x-forwarded-server", "x-real-ip", "via", "forwarded", "x-request-id"]
        .iter()
        .any(|name| case.forwarded(name).is_some())
}

fn passed_on(case: &Case<'_>, stranger: &str, wrote: &str) -> Parts {
    let (stranger, wrote) = (shown::text(stranger), shown::text(wrote));
    let why = format!("{stranger} wrote X-Forwarded-For: {wrote}, and the app takes that for its client.");
    parts(why)
        .fact(case, Source::Seen, Ground::Client, format!("{stranger} sent X-Forwarded-For: {wrote}"))
        .known(Source::Derived, Ground::Server, None, format!("the app sees {wrote} as its client"))
        .fix([Proxy::of(case).name_client_alone()])
        .fix([ServerWords(&case.setup.server).believe("<the proxy's address>")])
}

fn asked_directly(case: &Case<'_>, wrote: &str) -> Parts {
    let wrote = shown::text(wrote);
    let server = ServerWords(&case.setup.server);
    let why = format!(
        "A request that came by no proxy wrote X-Forwarded-For: {wrote}, and {} believes everybody: the app takes that for its \
         client.",
        server.name(),
    );
    parts(why)
        .fact(case, Source::Seen, Ground::Forwarded, format!("X-Forwarded-For: {wrote}, not by the proxy"))
        .known(Source::Derived, Ground::Server, None, format!("{} believes everybody", server.name()))
        .fix([server.believe("<the proxy's address>"), "the app's port: reachable for the proxy alone".to_owned()])
}

fn parts(why: String) -> Parts {
    Parts::new(Confidence::High, why)
        .about("X-Forwarded-For")
        .not("a list that holds every address (0.0.0.0/0): the same in other words")
}
