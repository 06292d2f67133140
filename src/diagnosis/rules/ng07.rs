//! # NG07: no router matched
//!
//! ## What it says
//! The request never reached the app: the proxy has no rule for its host and path and answered by itself.
//!
//! ## Why it happens
//! The rule names another path or host; or the client was sent to a path outside the prefix by a page or a redirect (then
//! this finding follows from that one). Or the rule is there and the proxy dropped it for a fault in it: Traefik a router
//! whose rule it cannot read, whose service or middleware is not there, or all labels of a container for a faulty one; it
//! says so in its log alone. `hopscope check` names the line.
//!
//! ## How it is told from its neighbours
//! - `PX01`: the app answered the 404.
//! - The evidence is *never reached the app*, not the status: Traefik and nginx answer 404, Caddy 200 with an empty body,
//!   `HAProxy` 503.
//! - A proxy that reached for the app and failed answers 502 or 504: that is no missing rule.
//! - A file that is not there, where the proxy serves files by itself.
//! - A browser's own requests (`/favicon.ico`) at the root are true, and only a note.
//!
//! ## Example
//! ```text
//! in /openapi.json   out (never reached the app)   404 page not found (19 bytes, Traefik)
//! ```
//!
//! ## Fix
//! Add a rule for the path, correct the host, or mend the rule that is dropped; where the path lost its prefix on the way,
//! mend that instead.
//!
//! ## Not
//! A rule that takes everything (`PathPrefix("/")`): it hides the lost prefix, and the app gets paths of its neighbours.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change, Confidence, Fix, Ground, Severity, fix, prefix, shown};
use crate::exchange::Ending;
use crate::gateway::{self, Gateway};
use crate::lanes::{Author, Source};

pub(in crate::diagnosis) const RULE: Rule = Rule {
    code: "NG07",
    title: "no router matched",
    severity: Severity::Error,
    source: include_str!("ng07.rs"),
    check,
};

/// What browsers and crawlers ask for at the root of any host, unasked.
const UNASKED: [&[u8]; 4] =
    [b"/favicon.ico", b"/robots.txt", b"/apple-touch-icon.png", b"/apple-touch-icon-precomposed.png"];

fn check(case: &Case<'_>) -> Answer {
    if is_unrouted(case) { Answer::Yes(parts(case)) } else { Answer::No }
}

/// True if the proxy answered that it has no rule for the request.
pub(super) fn is_unrouted(case: &Case<'_>) -> bool {
    let Some(half) = case.exchange.edge.as_deref().filter(|_| case.app().is_none()) else { return false };
    let empty = half.response_body.total == 0;
    if serves_files(case) {
        return false;
    }
    match (&case.lanes.answer.by, case.lanes.answer.status) {
        (Author::Hopscope, _) => half.ending == Ending::NoRoute,
        (Author::Proxy(_), Some(404)) => true,
        (Author::Proxy("haproxy"), Some(503)) => case.never_reached(),
        (Author::Proxy("caddy"), Some(200)) => case.never_reached() && empty,
        _ => false,
    }
}

/// True if the proxy serves what lies there by itself: its rule says so, or it was seen to answer a neighbour. A file that is
/// not there is no missing rule.
fn serves_files(case: &Case<'_>) -> bool {
    let path = case.lanes.original.path.as_slice();
    let routers = case.setup.gateway.iter().flat_map(|gateway| &gateway.routers);
    let takes = |known: &str| known.is_empty() || prefix::below(path, known.trim_end_matches('/')).is_some();
    let named =
        routers.filter_map(|router| Some((router, router.prefix.as_deref()?))).filter(|(_, known)| takes(known));
    let rule = named.max_by_key(|(_, known)| known.len()).map(|(router, _)| router);
    let by_rule =
        rule.is_some_and(|rule| rule.upstreams.is_empty() && matches!(rule.path.as_str(), "files" | "try_files"));
    by_rule || case.history.paths.is_served(path)
}

/// True for what browsers and crawlers ask any host for.
pub(super) fn is_unasked(path: &[u8]) -> bool {
    UNASKED.contains(&path) || path.starts_with(b"/.well-known/")
}

fn parts(case: &Case<'_>) -> Parts {
    let path = case.lanes.original.path.as_slice();
    let status = case.lanes.answer.status;
    let proxy = Proxy::of(case);
    let mut why = format!(
        "{} has no rule for {} on host {}: it answered {} by itself, and the app never got the request.",
        sentence_start(proxy.name()),
        shown::bytes(path),
        shown::text(&case.lanes.original.host),
        status.map_or_else(|| "nothing".to_owned(), |status| status.to_string()),
    );
    if status == Some(200) {
        why.push_str(" The 200 has no body: nobody did what was asked.");
        if !matches!(case.lanes.original.method.as_str(), "GET" | "HEAD" | "OPTIONS") {
            why.push_str(" Whoever sent it takes it for done, and what was sent is lost.");
        }
    }
    if status == Some(503) {
        why.push_str(" A 503 may also mean that no server of the backend is up; the proxy's log would settle it.");
    }
    if let Some(near) = nearest(case) {
        why.push_str(&near);
    }
    let sure = (case.never_reached() || case.lanes.answer.by == Author::Hopscope) && status != Some(503);
    let answered = match &case.lanes.answer.by {
        Author::Proxy(name) => format!("the answer is one that {name} writes"),
        _ => "hopscope has no route for it".to_owned(),
    };
    let parts = Parts::new(if sure { Confidence::High } else { Confidence::Medium }, why)
        .about(shown::text(&case.lanes.original.host.to_ascii_lowercase()))
        .fact(case, Source::Seen, Ground::Answer, answered)
        .fix(fixes(case, proxy))
        .not("a rule that takes every path: it hides a lost prefix, and the app gets its neighbours' paths");
    let parts = match (sure, status) {
        (true, _) => parts.fact(case, Source::Seen, Ground::Forwarded, "the app never got it"),
        (false, Some(503)) => parts.missing("whether a server of the backend is up"),
        (false, _) => parts.missing("a tap before the app, which would not have seen it"),
    };
    if is_unasked(path) { parts.about("what browsers ask for unasked").severity(Severity::Note) } else { parts }
}

/// A path that the app has lost its prefix on the way; any other lacks a rule.
fn fixes(case: &Case<'_>, proxy: Proxy) -> Vec<Fix> {
    if is_unasked(&case.lanes.original.path) {
        return vec![Fix::advice("nothing has to be done: who asks for it unasked does without it")];
    }
    if let Some(line) = below_a_rule(case) {
        return vec![Fix::advice(line)];
    }
    if let Some(line) = looked_for_again(case) {
        return vec![Fix::advice(line)];
    }
    let hosts = for_other_hosts(case, proxy);
    if !hosts.is_empty() {
        return hosts;
    }
    let taken = first_segment(&case.lanes.original.path);
    let change = gateway::Change::Take(taken.clone());
    // What lies below is taken with its slash: `/users` would take `/usersguide` as well (PX09).
    let is_below = case.lanes.original.path.get(taken.len()) == Some(&b'/');
    let line = proxy.add_rule(&if is_below { format!("{taken}/") } else { taken });
    let add = [Fix::candidate(line.clone(), [Change::Proxy(change)]), Fix::advice(line)];
    let lost = rule_beside(case).map(|known| {
        let (known, path) = (shown::text(known), shown::bytes(&case.lanes.original.path));
        Fix::advice(format!("if it is meant for the app behind {known}: ask for {known}{path}"))
    });
    add.into_iter().chain(lost).collect()
}

/// What to do where a location took the request and a rewrite in it made nginx look for another, which there is not.
fn looked_for_again(case: &Case<'_>) -> Option<String> {
    let rule = case.lanes.rewritten.rule.as_deref()?;
    let (rewrite, place) = rule.split_once(" last (").filter(|(rewrite, _)| rewrite.starts_with("rewrite "))?;
    Some(format!(
        "nginx: {} break; in the place of last ({}: last looks for a location again, with the new path",
        shown::text(rewrite),
        shown::text(place),
    ))
}

/// What to do where a rule would take the path, and does not for this host.
fn for_other_hosts(case: &Case<'_>, proxy: Proxy) -> Vec<Fix> {
    let (host, path) = (&case.lanes.original.host, case.lanes.original.path.as_slice());
    let sending = case.setup.gateway.iter().flat_map(|gateway| &gateway.routers);
    let prefixes = sending.filter(|router| !router.upstreams.is_empty()).filter_map(|router| router.prefix.as_deref());
    let takes = |known: &&str| prefix::below(path, known.trim_end_matches('/')).is_some();
    match prefixes.filter(|known| !known.is_empty()).filter(takes).max_by_key(|known| known.len()) {
        Some(known) if !host.is_empty() => {
            let line = proxy.add_host(host, known.trim_end_matches('/'));
            let change = gateway::Change::TakeHost { host: host.to_ascii_lowercase(), prefix: known.to_owned() };
            fix::of_proxy(case, format!("if it is meant for this host too, {line}"), change)
        }
        _ => Vec::new(),
    }
}

/// Says that the rule would have taken it, had the path its prefix.
fn nearest(case: &Case<'_>) -> Option<String> {
    let known = shown::text(rule_beside(case)?);
    Some(format!(" The nearest rule known takes {known}, which this path does not start with."))
}

/// What to do about a path of the app that was asked for without its prefix.
fn below_a_rule(case: &Case<'_>) -> Option<String> {
    let known = rule_beside(case)?;
    let path = std::str::from_utf8(&case.lanes.original.path).ok().filter(|path| case.has_route(path))?;
    let (known, path) = (shown::text(known), shown::text(path));
    Some(format!("ask for {known}{path}: the app has {path}, and is behind {known}"))
}

/// The longest prefix that a rule is known to take, if the path is below none of them.
fn rule_beside<'a>(case: &Case<'a>) -> Option<&'a str> {
    let path = case.lanes.original.path.as_slice();
    let rules = case.setup.gateway.iter().flat_map(Gateway::prefixes);
    let known: Vec<_> = rules.chain(case.setup.prefixes.iter().map(String::as_str)).filter(|p| !p.is_empty()).collect();
    let outside = known.iter().all(|known| prefix::below(path, known).is_none());
    known.into_iter().max_by_key(|known| known.len()).filter(|_| outside)
}

/// `/a` of `/a/b/c`.
fn first_segment(path: &[u8]) -> String {
    let path = String::from_utf8_lossy(path);
    path.split('/').nth(1).map_or_else(|| "/".to_owned(), |first| format!("/{first}"))
}

fn sentence_start(name: &str) -> String {
    let mut chars = name.chars();
    match chars.next() {
        // Names that are written small stay small at the start of a sentence; only "the proxy" is no name.
        Some(first) if name.starts_with("the ") => first.to_uppercase().chain(chars).collect(),
        _ => name.to_owned(),
    }
}
