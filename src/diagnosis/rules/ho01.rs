//! # HO01: Host replaced
//!
//! ## What it says
//! The app got another `Host` than the client sent. Every absolute link and redirect that it builds names that host.
//!
//! ## Why it happens
//! nginx sends the name in `proxy_pass` (`$proxy_host`) unless told otherwise; `$host` passes the name on but drops the port.
//! One `proxy_set_header` in a location drops all those of the block around it, the one for `Host` too: `hopscope check`
//! names the line. Apache has `ProxyPreserveHost Off`. No server reads `X-Forwarded-Host`; hypercorn's
//! `ProxyFixMiddleware` does.
//!
//! ## How it is told from its neighbours
//! - `RD01` follows from it, when a redirect names the replaced host; so does `HO02` where the app refuses it.
//! - Upper and lower case, and a default port written or left out, make no difference.
//! - A server that puts the client's host back (hypercorn's `ProxyFixMiddleware`): the app sees the right one.
//! - nginx's default `proxy_redirect` can hide it, and puts the prefix before a Location a second time where the app
//!   already has it: the doubled path that comes next follows from this.
//!
//! ## Example
//! ```text
//! Host at the edge example.com:9999   Host at the app 127.0.0.1:8000
//! ```
//!
//! ## Fix
//! In every rule that has the fault: each location of nginx has its own.
//! nginx: `proxy_set_header Host $http_host;`. Apache: `ProxyPreserveHost On`. Caddy, Traefik and `HAProxy` pass Host on by
//! themselves: delete Caddy's `header_up Host` line, `HAProxy`'s `http-request set-header Host`; Traefik: `passHostHeader:
//! true`, and no `Host` in `customRequestHeaders`.
//!
//! ## Not
//! `X-Forwarded-Host` alone: the server ignores it.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change as Fixing, Confidence, Fix, Ground, Severity, prefix, shown};
use crate::gateway;
use crate::lanes::{Change, Source};
use crate::redirect::{PrefixVerdict, default_port, split_port};

pub(in crate::diagnosis) const RULE: Rule =
    Rule { code: "HO01", title: "Host replaced", severity: Severity::Warn, source: include_str!("ho01.rs"), check };

/// Answers about the path, the method or the body: no Host would have made them other.
const OF_ITS_OWN: [u16; 3] = [404, 405, 422];

fn check(case: &Case<'_>) -> Answer {
    if case.status().is_some_and(|status| OF_ITS_OWN.contains(&status)) {
        return Answer::No;
    }
    let Some((Change::Changed(sent), Some(got))) = case.field("host").map(|field| (&field.change, &field.value)) else {
        return Answer::No;
    };
    let ((name, port), (got_name, got_port)) = (split_port(sent), split_port(got));
    let default = default_port(&case.asked().scheme);
    let same_name = name.eq_ignore_ascii_case(got_name);
    let put_back = case.view().is_some_and(|view| view.scope.header("host") == Some(sent));
    if sent.is_empty() || put_back || same_name && port.or(default) == got_port.or(default) {
        return Answer::No;
    }
    let (was, is) = (shown::bytes(sent), shown::bytes(got));
    let lost = if same_name && got_port.is_none() { " (the port is gone)" } else { "" };
    let why = format!("The client sent Host {was}, the app got {is}{lost}: links and redirects will name {is}.");
    let by_proxy = Fixing::Proxy(gateway::Change::PassHost);
    let mut parts = Parts::new(Confidence::High, why)
        .about(about(case))
        .fact(case, Source::Seen, Ground::Client, format!("the client sent Host {was}"))
        .fact(case, Source::Seen, Ground::Forwarded, format!("the app got Host {is}"))
        .fix([Fix::candidate(Proxy::of(case).pass_host(), [by_proxy])]);
    parts.not = ServerWords(&case.setup.server).forwarded_host();
    if let Some(judged) = case.redirect().filter(|judged| judged.prefix == PrefixVerdict::Doubled) {
        parts = parts.next(judged.target.path, None);
    }
    Answer::Yes(parts)
}

/// Each rule of a proxy has its own line for Host: where the configuration was read, what is wrong is that of one rule. Where
/// it was not, the requests of all rules show one cause.
fn about(case: &Case<'_>) -> String {
    let routers = case.setup.gateway.iter().flat_map(|gateway| &gateway.routers);
    let taken = |known: &&str| prefix::below(case.incoming(), known.trim_end_matches('/')).is_some();
    let prefix = routers.filter_map(|router| router.prefix.as_deref()).filter(taken).max_by_key(|known| known.len());
    prefix.map_or_else(|| "Host".to_owned(), |known| format!("Host below {}", shown::text(known)))
}
