//! # TR03: inner proxy overwrote the scheme
//!
//! ## What it says
//! The request came with `X-Forwarded-Proto: https` from what ends TLS, and the proxy here made `http` of it, or took it
//! off. The app builds `http://` URLs.
//!
//! ## Why it happens
//! A proxy that does not know the one before it does not believe its headers and writes its own: Traefik and Caddy unless
//! told whom to trust, nginx with `X-Forwarded-Proto $scheme`, where its own connection is plain.
//!
//! ## How it is told from its neighbours
//! - `TR01`: the header reaches the app as https, and its server does not believe it.
//! - `RD02`, `RD06`, `MC01`: what follows from it.
//! - A client out in the world that writes the header by itself is rightly not believed: only what comes from a private
//!   address, or where the public URL is known to be https, is this.
//!
//! Seen in traefik/traefik#3886 and #7273, openspending/openspending#1309.
//!
//! ## Example
//! ```text
//! at the edge X-Forwarded-Proto: https   at the app X-Forwarded-Proto: http   by traefik
//! ```
//!
//! ## Fix
//! Traefik: `forwardedHeaders.trustedIPs` of the entry point with the address of what ends TLS. Caddy: `trusted_proxies`.
//! nginx: pass on what came, and `$scheme` only where nothing did. `HAProxy` and Apache: set the header only where none came
//! (`unless { req.hdr(x-forwarded-proto) -m found }`, `RequestHeader setifempty`).
//!
//! ## Not
//! `forwardedHeaders.insecure`: it believes every client (`TR05`). A fixed `https`: who comes by http is never redirected.

use std::net::IpAddr;

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change as Fixing, Confidence, Fix, Ground, Severity, shown};
use crate::gateway;
use crate::lanes::{Change, Source};
use crate::redirect::internal;

pub(super) const RULE: Rule = Rule {
    code: "TR03",
    title: "inner proxy overwrote the scheme",
    severity: Severity::Warn,
    source: include_str!("tr03.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let Some(field) = case.field("x-forwarded-proto") else { return Answer::No };
    let (sent, got) = match (&field.change, &field.value) {
        (Change::Changed(sent), Some(got)) if !is_secure(got) => (sent, Some(got)),
        (Change::Dropped(sent), None) => (sent, None),
        _ => return Answer::No,
    };
    let Some(peer) = case.exchange.edge.as_deref().map(|edge| edge.peer.ip().to_canonical()) else { return Answer::No };
    if !is_secure(sent) || !is_proxy(case, peer) {
        return Answer::No;
    }
    let proxy = Proxy::of(case);
    let (sent, got) = (shown::bytes(sent), got.map(|got| shown::bytes(got)));
    let did = got.as_ref().map_or_else(|| "took it off".to_owned(), |got| format!("made {got} of it"));
    let why = format!("The hop before {} said X-Forwarded-Proto: {sent}, and {} {did}.", proxy.name(), proxy.name());
    let trust = Fixing::Proxy(gateway::Change::TrustFront(peer.to_string()));
    let seen = got.map_or_else(
        || "the app got no X-Forwarded-Proto".to_owned(),
        |got| format!("the app got X-Forwarded-Proto: {got}"),
    );
    Answer::Yes(
        Parts::new(Confidence::High, why)
            .about("X-Forwarded-Proto")
            .fact(case, Source::Seen, Ground::Client, format!("X-Forwarded-Proto: {sent} came from {peer}"))
            .fact(case, Source::Seen, Ground::Forwarded, seen)
            .fix([Fix::candidate(proxy.trust_front(&peer.to_string()), [trust])])
            .not("forwardedHeaders.insecure, or a fixed https: strangers are then believed, or told https where they came by http"),
    )
}

/// True for the schemes of TLS.
fn is_secure(value: &[u8]) -> bool {
    let first = value.split(|&b| b == b',').next().unwrap_or_default().trim_ascii();
    first.eq_ignore_ascii_case(b"https") || first.eq_ignore_ascii_case(b"wss")
}

/// True if what sent the request is a proxy rather than a stranger: the site is known to be https, or it is near.
fn is_proxy(case: &Case<'_>, peer: IpAddr) -> bool {
    case.setup.public.as_ref().is_some_and(|public| public.scheme == "https") || internal(&peer.to_string()).is_some()
}
