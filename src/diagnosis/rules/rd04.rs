//! # RD04: port wrong or lost
//!
//! ## What it says
//! The client asked by a port of its own, and the redirect names the same host with another port or none.
//!
//! ## Why it happens
//! The app builds redirects from `Host`. nginx's `$host` and Caddy's `{host}` are the host without its port, `{port}` in
//! Caddy is empty where the client wrote none, and `$server_port` is the port that nginx listens on, which behind a
//! published container port is not the client's. Traefik's `redirectScheme` drops the port of the request unless it is
//! given one: behind TLS on port 8443 an https request is redirected to https without it, again and again if that leads
//! back here.
//!
//! ## How it is told from its neighbours
//! - `HO01`: Host was seen to lose its port; it is the cause, and this follows from it.
//! - `RD01`: the port is that of a hop further in.
//! - `RD06`: the loop, where the redirect comes back to where it started.
//! - `RD09`: the proxy wrote the redirect by itself.
//! - A redirect from http to https changes the port on purpose; one to another page on another port may be meant, unless
//!   the port is just the one that the app was told.
//! - On ports 80 and 443, as the client sees them, nothing is lost.
//!
//! ## Example
//! ```text
//! Caddyfile   header_up Host {host}
//! Host at the edge example.com:8443   Host at the app example.com   Location https://example.com/items/
//! ```
//!
//! ## Fix
//! Caddy: no such line, it passes `Host` by itself; else `{hostport}`, and for a header of its own
//! `{http.request.local.port}`. nginx: `$http_host`. Traefik: `redirectScheme.port`, or no `redirectScheme` on routers with
//! TLS.
//!
//! ## Not
//! `X-Forwarded-Port` beside a `Host` without port: uvicorn does not read it.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change, Confidence, Fix, Ground, Severity, fix, shown};
use crate::gateway;
use crate::lanes::Source;
use crate::redirect::{HostVerdict, PortVerdict, SchemeVerdict};

pub(in crate::diagnosis) const RULE: Rule = Rule {
    code: "RD04",
    title: "port wrong or lost",
    severity: Severity::Warn,
    source: include_str!("rd04.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let Some(judged) = case.redirect().filter(|judged| judged.absolute) else { return Answer::No };
    let wrong = judged.host == HostVerdict::Same && judged.port != PortVerdict::Same;
    if !wrong || judged.scheme == SchemeVerdict::Upgraded {
        return Answer::No;
    }
    let from_host = case.names_host_at_app(&judged);
    if !from_host && judged.slash.is_none() {
        return Answer::No;
    }
    let asked = case.asked();
    let want = asked.effective_port().map_or_else(|| "the client's".to_owned(), |port| port.to_string());
    let what = match judged.target.port {
        Some(port) => format!("port {port}, and {want} was asked"),
        None => format!("no port, and {want} was asked"),
    };
    let host = case.app().and_then(|half| half.request.get("host")).map(shown::bytes);
    let cause = match &host {
        Some(host) if from_host => format!(" The app got Host {host} and builds it from that."),
        Some(host) => format!(" The app got Host {host}, and builds redirects from something else."),
        None => String::new(),
    };
    let why = format!(
        "The client asked {} and is sent to {}: it names {what}.{cause}",
        shown::text(&asked.to_string()),
        shown::text(&judged.target.to_string()),
    );
    let parts = Parts::new(Confidence::High, why)
        .severity(Severity::Error)
        .about(judged.target.port.map_or_else(|| "no port".to_owned(), |port| format!("port {port}")))
        .fact(case, Source::Seen, Ground::Answer, format!("the redirect names {what}"))
        .not("X-Forwarded-Port beside a Host without port: uvicorn does not read it");
    Answer::Yes(match host {
        Some(host) if from_host => parts
            .fact(case, Source::Seen, Ground::Forwarded, format!("the app got Host {host}"))
            .fix([fix::change(case, Proxy::of(case).pass_host(), [Change::Proxy(gateway::Change::PassHost)])]),
        Some(_) => parts
            .missing("where the app has the port from")
            .fix([Fix::advice("the app: no fixed base URL or port; build redirects from request.url")]),
        None => parts.missing("the Host that the app got").fix([fix::change(
            case,
            Proxy::of(case).pass_host(),
            [Change::Proxy(gateway::Change::PassHost)],
        )]),
    })
}
