//! # NG05: every path becomes one
//!
//! ## What it says
//! What is sent on does not depend on what was asked for: different paths reach the app as one and the same, so that every
//! page is that page; or the query is lost on its way.
//!
//! ## Why it happens
//! nginx replaces the matched part of a path only if `proxy_pass` has no variables. With one in it the URI is sent as it is
//! written: `http://$app/?$args` has no path in it, and `http://app/$1` in a regex location has no query. Elsewhere it is a
//! rewrite whose target does not take up the rest: Traefik `replacePath`, Caddy `rewrite * /`, `HAProxy` `set-path /`.
//!
//! ## How it is told from its neighbours
//! - `NG01`: the rest of the path is there, and glued.
//! - Two mount points without their slash (`/a`, `/b`) both become `/`: it takes two paths of one first segment, or three.
//! - An app that is one page is asked for it under many paths, and rewritten so on purpose: a page that comes well is none.
//! - A path that is only tidied on its way (`/a/./b`, `/a//b`, `/a/%62`) comes out like others, and is taken up all the same.
//! - A query that the client did not send, or sent empty, is not lost.
//! - A `proxy_pass` with variables but without a URI sends the path as it came, and is no finding; nor is one that holds
//!   `$request_uri`, `$uri` or a captured group.
//!
//! ## Example
//! ```text
//! location /api/ { set $app app:8000; proxy_pass http://$app/?$args; }
//! in /api/items?a=1   out /?a=1
//! in /api/docs        out /
//! ```
//!
//! ## Fix
//! `proxy_pass http://$app;` and, if a prefix is to be stripped, `rewrite ^/api/(.*)$ /$1 break;` before it; in a regex
//! location `proxy_pass http://app/$1$is_args$args;`.
//!
//! ## Not
//! `proxy_pass http://$app$uri`: the path is sent decoded, so that `%0d%0a` in it ends the request line.

use crate::diagnosis::case::Case;
use crate::diagnosis::paths::{Replaced, is_tidied};
use crate::diagnosis::plain::loses_query;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Confidence, Ground, Severity, fix, shown};
use crate::gateway;
use crate::lanes::{Rewrite, Source};

pub(in crate::diagnosis) const RULE: Rule = Rule {
    code: "NG05",
    title: "every path becomes one",
    severity: Severity::Error,
    source: include_str!("ng05.rs"),
    check,
};

/// Paths without a common first segment that must become one.
const UNLIKE: usize = 3;

fn check(case: &Case<'_>) -> Answer {
    let (Some(incoming), Some(outgoing)) = (case.lanes.rewritten.incoming.as_deref(), case.outgoing()) else {
        return Answer::No;
    };
    let replaced = case.lanes.rewritten.rewrite == Rewrite::Replaced;
    let may_be = replaced || matches!(case.lanes.rewritten.rewrite, Rewrite::Stripped(_)) && outgoing == b"/";
    if may_be && !case.on_paper() && !is_one_page_on_purpose(case) && !is_tidied(incoming, outgoing) {
        let this = Replaced::of(case.exchange.id, incoming, outgoing);
        let others = case.history.paths.same_outcome(this).filter(|other| replaced || !other.by_strip);
        let others: Vec<Replaced> = others.copied().collect();
        let alike = others.iter().any(|other| other.first == this.first);
        let parts = collapsed(case, incoming, outgoing);
        if alike || others.len() + 1 >= UNLIKE {
            let other = others.iter().find(|other| other.first == this.first).or(others.first());
            return Answer::Yes(match other {
                Some(other) => parts.fact_of(
                    other.exchange,
                    Source::Seen,
                    format!("another path came out as {} too", shown::bytes(outgoing)),
                ),
                None => parts,
            });
        }
        if replaced && !loses_query(case.lanes) {
            return Answer::Wait(parts.shared());
        }
    }
    if loses_query(case.lanes) { Answer::Yes(query_lost(case)) } else { Answer::No }
}

/// True for a page that came well to who wanted one: an app that is one page is asked for it under many paths. A script, a
/// style or a client of the API that gets the page has not what it asked for.
fn is_one_page_on_purpose(case: &Case<'_>) -> bool {
    let html = case.lanes.answer.content_type.as_deref().is_some_and(|kind| kind.starts_with("text/html"));
    let accepted = case.exchange.outer().and_then(|half| half.request.get("accept"));
    let wanted = accepted.is_none_or(|kinds| kinds.windows(9).any(|part| part.eq_ignore_ascii_case(b"text/html")));
    html && wanted && case.status().is_some_and(|status| status < 400)
}

fn collapsed(case: &Case<'_>, incoming: &[u8], outgoing: &[u8]) -> Parts {
    let (asked, got) = (shown::bytes(incoming), shown::bytes(outgoing));
    let proxy = Proxy::of(case);
    let why = format!(
        "{asked} went in and {got} came out, as for other paths: what {} sends on does not take up the path.",
        proxy.name(),
    );
    let mount = mount(case, incoming);
    let strip = gateway::Change::Path { prefix: mount.clone(), to: String::new() };
    let keep = gateway::Change::Path { prefix: mount.clone(), to: mount.clone() };
    Parts::new(Confidence::High, why)
        .about(got.clone())
        .fact(case, Source::Seen, Ground::Client, format!("{asked} was asked for"))
        .fact(case, Source::Seen, Ground::Forwarded, format!("{got} reached the app"))
        .fix(fix::of_proxy(case, strip_line(proxy, &mount), strip))
        .fix(fix::of_proxy(case, keep_line(proxy, &mount), keep))
        .not("proxy_pass http://$app$uri: the path is sent decoded, and %0d%0a in it ends the request line")
}

fn query_lost(case: &Case<'_>) -> Parts {
    let query = case.lanes.original.query.as_deref().unwrap_or_default();
    let proxy = Proxy::of(case);
    let why = format!(
        "The client sent ?{} and the app got no query: what {} sends on does not take it up.",
        shown::bytes(query),
        proxy.name(),
    );
    let failed = case.status().is_some_and(|status| status >= 400);
    Parts::new(Confidence::High, why)
        .severity(if failed { Severity::Error } else { Severity::Warn })
        .about("the query")
        .fact(case, Source::Seen, Ground::Client, "a query was sent")
        .fact(case, Source::Seen, Ground::Forwarded, "none reached the app")
        .fix(fix::of_proxy(case, proxy.pass_query(), gateway::Change::PassQuery))
        .not("$request_uri behind the name of the upstream: it brings the prefix back that was to be taken off")
}

/// What the rule takes: the known prefix, or the first segment.
fn mount(case: &Case<'_>, incoming: &[u8]) -> String {
    let known = case.prefix();
    if !known.is_empty() && known.len() < incoming.len() {
        return known.to_owned();
    }
    let text = String::from_utf8_lossy(incoming);
    let mut segments = text.split('/').skip(1);
    match (segments.next(), segments.next()) {
        (Some(first), Some(_)) if !first.is_empty() => format!("/{first}"),
        _ => String::new(),
    }
}

fn strip_line(proxy: Proxy, mount: &str) -> String {
    let p = shown::text(mount);
    match proxy {
        Proxy::Nginx | Proxy::Unknown => {
            format!("nginx: rewrite ^{p}/(.*)$ /$1 break; and proxy_pass http://$app; (nothing after the name)")
        }
        Proxy::Traefik => format!("Traefik: stripPrefix.prefixes = [\"{p}\"] in place of replacePath"),
        Proxy::Caddy => format!("Caddy: handle_path {p}/* in place of the rewrite"),
        Proxy::Haproxy => format!("HAProxy: http-request replace-path {p}(/)?(.*) /\\2"),
        Proxy::Apache => format!("Apache: ProxyPass {p}/ http://app/ (both end in /)"),
        Proxy::StandIn => format!("hopscope proxy --prefix {p} --strip"),
    }
}

fn keep_line(proxy: Proxy, mount: &str) -> String {
    let p = shown::text(mount);
    match proxy {
        Proxy::Nginx | Proxy::Unknown => {
            format!("or with the path as it came, nginx: location {p}/ {{ proxy_pass http://$app; }}")
        }
        proxy => format!("or with the path as it came, {}: no rewrite for {p}", proxy.name()),
    }
}
