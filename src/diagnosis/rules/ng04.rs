//! # NG04: exact path only
//!
//! ## What it says
//! The proxy takes one path and nothing below it: `/x` reaches the app, `/x/items` does not.
//!
//! ## Why it happens
//! The rule compares whole paths: nginx `location = /x`, Traefik ``Path(`/x`)``, Caddy `handle /x`, `HAProxy` `path /x`,
//! Apache `ProxyPassMatch ^/x$`. Somebody tried it with one page, and pages ask for more.
//!
//! ## How it is told from its neighbours
//! - `NG07`: nothing near the path reaches the app. This is the same answer, where the path above it was answered and
//!   nothing below that was ever seen to come through.
//! - nginx answers 403 in place of 404 where it may not read the folder that it looks in. A `deny` looks the same, so
//!   that this is then not sure.
//! - A proxy that keeps one path below to itself (`/x/admin`) lets others below `/x` pass.
//!
//! ## Example
//! ```text
//! GET /x         200 by the app
//! GET /x/items   404 by nginx, never reached the app
//! ```
//!
//! ## Fix
//! A rule for what is below as well: nginx `location /x/ { … }`, Traefik ``PathPrefix(`/x`)``, Caddy `handle /x*`.
//!
//! ## Not
//! One exact rule more for each path that fails: the next one fails too.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::rules::ng07::{is_unasked, is_unrouted};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Confidence, Ground, Severity, fix, shown};
use crate::gateway;
use crate::lanes::{Author, Source};

pub(super) const RULE: Rule =
    Rule { code: "NG04", title: "exact path only", severity: Severity::Error, source: include_str!("ng04.rs"), check };

fn check(case: &Case<'_>) -> Answer {
    let path = case.incoming();
    let forbidden = is_forbidden(case);
    if !(is_unrouted(case) || forbidden) || is_unasked(path) {
        return Answer::No;
    }
    let Some((above, sent)) = case.history.paths.lone_ancestor(path) else { return Answer::No };
    let uri = match sent {
        Some(sent) if sent == above => String::new(),
        Some(sent) => shown::bytes(sent.strip_suffix(b"/").unwrap_or(sent)) + "/",
        None => "/…/".to_owned(),
    };
    let (above, below) = (shown::bytes(above), shown::bytes(path));
    let proxy = Proxy::of(case);
    let why = format!(
        "{above} reaches the app and {below} does not: the rule of {} takes that one path and nothing below it.",
        proxy.name(),
    );
    let change = gateway::Change::Take(above.clone());
    let parts = Parts::new(Confidence::High, why)
        .about(above.clone())
        .fact(case, Source::Seen, Ground::Forwarded, format!("{below} never reached the app"))
        .known(Source::Seen, Ground::Neighbour, None, format!("{above} was answered by the app before"))
        .fix(fix::of_proxy(case, line(proxy, &above, &uri), change))
        .not("one exact rule more for each path that fails: the next one fails too");
    Answer::Yes(if forbidden { parts.missing("that no rule of nginx denies it") } else { parts })
}

/// True for nginx's answer where no location takes the path and it may not read the folder that it then looks in. A `deny`
/// gives the same.
fn is_forbidden(case: &Case<'_>) -> bool {
    case.never_reached() && case.lanes.answer.by == Author::Proxy("nginx") && case.lanes.answer.status == Some(403)
}

/// The rule for what is below, which goes on as the path above it does: unchanged, or below `uri`.
fn line(proxy: Proxy, path: &str, uri: &str) -> String {
    let root = path.trim_end_matches('/');
    match proxy {
        Proxy::Nginx | Proxy::Unknown => {
            format!("nginx: location {root}/ {{ proxy_pass http://app{uri}; }} beside location = {path}")
        }
        Proxy::Traefik => format!("Traefik: PathPrefix(`{path}`) in place of Path(`{path}`)"),
        Proxy::Caddy => format!("Caddy: handle {root}* in place of handle {path}"),
        Proxy::Haproxy => format!("HAProxy: path_beg {path} in place of path {path}"),
        Proxy::Apache => format!("Apache: ProxyPass {path} http://app{path} in place of the match of ^{path}$"),
        Proxy::StandIn => format!("hopscope proxy --route {path}=http://127.0.0.1:8000"),
    }
}
