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
//! Pass Host on: nginx `proxy_set_header Host $http_host;`, Apache `ProxyPreserveHost On`; Caddy, Traefik and `HAProxy` do so
//! by themselves, unless a line of the configuration sets another.
//!
//! ## Not
//! Caddy's `header_up Host {host}`: it drops the port. `X-Forwarded-Host` alone: the server ignores it.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change, Confidence, Fix, Ground, Severity, fix, shown};
use crate::gateway;
use crate::lanes::Source;
use crate::redirect::{HostVerdict, Internal, internal};

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
    let from_host = case.names_host_at_app(&judged);
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
    let parts = Parts::new(if from_host { Confidence::High } else { Confidence::Medium }, why)
        .about(target.as_str())
        .fact(case, Source::Seen, Ground::Answer, format!("the redirect names {target}, {what}"))
        .not(not(case));
    Answer::Yes(if from_host {
        let fix = fix::change(case, Proxy::of(case).pass_host(), [Change::Proxy(gateway::Change::PassHost)]);
        parts.fact(case, Source::Seen, Ground::Forwarded, format!("{target} is the Host that the app got")).fix([fix])
    } else if case.app().is_some() {
        // The app has its own idea of where it is: the Host that it got was another.
        parts
            .missing("where the app has this name from: it is not the Host that it got")
            .fix([Fix::advice(format!("the app: no fixed base URL of {target}; build redirects from request.url"))])
    } else {
        let fix = fix::change(case, Proxy::of(case).pass_host(), [Change::Proxy(gateway::Change::PassHost)]);
        parts.missing("the Host that the app got").fix([fix])
    })
}

fn not(case: &Case<'_>) -> String {
    let caddy = "Caddy's header_up Host {host}: it drops the port (RD04)";
    match ServerWords(&case.setup.server).forwarded_host() {
        Some(alone) => format!("{alone}; {caddy}"),
        None => caddy.to_owned(),
    }
}
