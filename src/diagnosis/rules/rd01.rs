//! # RD01: redirect to an internal host
//!
//! ## What it says
//! The Location names a host that only machines behind the proxy can reach: the upstream, a container, a private address.
//!
//! ## Why it happens
//! Starlette builds absolute redirects from the `Host` header. If the proxy replaces it by the upstream's name, that name
//! goes out to the client. No server reads `X-Forwarded-Host`; hypercorn's `ProxyFixMiddleware` does.
//!
//! ## How it is told from its neighbours
//! - `HO01`: Host was seen to be replaced; it is the cause, and this follows from it.
//! - A redirect to another public host (a login page) is no finding.
//! - A client that is inside itself may be sent to an inside name: then only the upstream's own address, or the Host that
//!   the app got, is a fault.
//! - The client's own host with another port is no finding, unless a hop further in listens there.
//!
//! ## Example
//! ```text
//! Host at the edge example.com   Host at the app backend:8000   307 Location: http://backend:8000/items/
//! ```
//!
//! ## Fix
//! Pass Host on: nginx `proxy_set_header Host $http_host;`, Caddy: delete the `header_up Host` line.
//!
//! ## Not
//! Caddy's `header_up Host {host}`: it drops the port. `X-Forwarded-Host` alone: the server ignores it.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Confidence, Severity, shown};
use crate::redirect::{HostVerdict, Internal, internal, split_port};

pub(super) const RULE: Rule = Rule {
    code: "RD01",
    title: "redirect to an internal host",
    severity: Severity::Error,
    source: include_str!("rd01.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let Some(judged) = case.redirect() else { return Answer::No };
    let HostVerdict::Internal(kind) = judged.host else { return Answer::No };
    let host_at_app = case.app().and_then(|half| half.request.get("host"));
    let from_host = host_at_app.is_some_and(|host| {
        let (name, port) = split_port(host);
        name.eq_ignore_ascii_case(judged.target.host.as_bytes()) && port == judged.target.port
    });
    let client_is_outside = internal(&case.asked().host).is_none();
    if kind != Internal::Upstream && !from_host && !client_is_outside {
        return Answer::No;
    }
    let with_port = |host: &str, port: Option<u16>| match port {
        Some(port) => format!("{}:{port}", shown::text(host)),
        None => shown::text(host),
    };
    // The same name with another port may be another hop.
    let target = match kind {
        Internal::Upstream => with_port(&judged.target.host, judged.target.port),
        _ => shown::text(&judged.target.host),
    };
    let what = match kind {
        Internal::Upstream => "a hop further in",
        Internal::Loopback => "this machine to whoever reads it",
        Internal::Private => "a private address",
        Internal::SingleLabel => "a name that only the inner network has",
        Internal::Suffix => "a name under an internal suffix",
    };
    let mut why = format!(
        "The client asked {} and is sent to {}: {target} is {what}.",
        with_port(&case.lanes.original.host, case.lanes.original.port),
        shown::text(&judged.target.to_string()),
    );
    if from_host {
        why.push_str(" It is the Host that the app got.");
    }
    let confidence = if from_host { Confidence::High } else { Confidence::Medium };
    Answer::Yes(Parts::new(confidence, why).fix([Proxy::of(case).pass_host()]).not(not(case)))
}

fn not(case: &Case<'_>) -> String {
    let caddy = "in Caddy header_up Host {host}: it drops the port";
    match ServerWords(&case.setup.server).forwarded_host() {
        Some(alone) => format!("{alone}; {caddy}"),
        None => caddy.to_owned(),
    }
}
