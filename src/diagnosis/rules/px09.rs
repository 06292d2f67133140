//! # PX09: sibling taken by a short prefix
//!
//! ## What it says
//! A rule that is meant for a prefix is a test of text without a boundary: it takes paths of which the next character is
//! not a slash. `/api` takes `/apiary` too.
//!
//! ## Why it happens
//! `HAProxy`'s `path_beg /api`, nginx's `location /api`, Traefik's ``PathPrefix(`/api`)`` and Caddy's `/api*` compare text.
//! Where the prefix is stripped as well, `/apiary` reaches the app as `ary` or `/ary`. Starlette 0.33 to 0.38.3, Quart and
//! Django take a `root_path` off the path in the same way: `/products` with the root path `/product` is looked for as `s`.
//!
//! ## How it is told from its neighbours
//! - `NG01`, `NG02`: the right paths are taken, but put together wrongly.
//! - `PX10`: the right paths are taken, but the wrong part of them is stripped.
//! - A path that the proxy rewrites on purpose and that is answered is no finding.
//! - Where nothing else begins like the prefix, nobody ever asks such a path: in a configuration it is a note.
//!
//! ## Example
//! ```text
//! nginx  location /nosl { proxy_pass http://app/; }     in /noslash   out /ash   404
//! ```
//! Seen in Kludex/starlette#2599.
//!
//! ## Fix
//! `HAProxy`: `{ path /api } || { path_beg /api/ }`. nginx: `location /api/`. Traefik: ``Path(`/api`) ||
//! PathPrefix(`/api/`)``. Caddy: `path /api /api/*` in a named matcher. Starlette: 0.38.4 or later.
//!
//! ## Not
//! A higher priority, or an earlier line, for the sibling: the next one is taken again.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Confidence, Fix, Ground, Severity, prefix, shown};
use crate::gateway::Gateway;
use crate::lanes::{Rewrite, Source};

pub(in crate::diagnosis) const RULE: Rule = Rule {
    code: "PX09",
    title: "sibling taken by a short prefix",
    severity: Severity::Error,
    source: include_str!("px09.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    if !case.failed() || case.never_reached() {
        return Answer::No;
    }
    cut_in_a_word(case).or_else(|| kept(case)).or_else(|| cut_by_the_app(case)).map_or(Answer::No, Answer::Yes)
}

/// The proxy took the prefix out of the middle of a word: `/noslash` became `/ash`.
fn cut_in_a_word(case: &Case<'_>) -> Option<Parts> {
    if !matches!(case.lanes.rewritten.rewrite, Rewrite::Replaced) {
        return None;
    }
    let (asked, out) = (std::str::from_utf8(case.incoming()).ok()?, std::str::from_utf8(case.outgoing()?).ok()?);
    let rest = out.trim_start_matches('/');
    let prefix = asked.strip_suffix(rest).filter(|_| !rest.is_empty() && out.len() - rest.len() <= 1)?;
    if prefix.len() < 2 || prefix.ends_with('/') {
        return None;
    }
    let known = is_known(case, prefix);
    let parts = parts(case, prefix, &format!("{} reached the app as {}", shown::text(asked), shown::text(out)));
    let parts = parts.path_seen(case).answer_seen(case);
    Some(if known { parts.prefix_known(case, prefix) } else { parts.missing("the proxy's rule for this prefix") })
}

/// The proxy's rule took it and changed nothing; that there is such a rule must be known.
fn kept(case: &Case<'_>) -> Option<Parts> {
    let gateway = case.setup.gateway.as_ref().filter(|_| case.lanes.rewritten.rewrite == Rewrite::Kept)?;
    case.miss()?;
    let asked = case.incoming();
    if gateway.prefixes().any(|known| prefix::below(asked, known).is_some()) {
        return None;
    }
    let by_text = gateway.prefixes().filter(|known| known.len() > 1 && asked.starts_with(known.as_bytes()));
    let prefix = by_text.max_by_key(|known| known.len())?;
    let told = format!("{} was taken by the rule for it", shown::bytes(asked));
    let what = format!("a rule takes {}, and none a path that this one lies below", shown::text(prefix));
    Some(parts(case, prefix, &told).path_seen(case).known(Source::Rule, Ground::Proxy, None, what).answer_seen(case))
}

/// The framework took the root path out of the middle of a word.
fn cut_by_the_app(case: &Case<'_>) -> Option<Parts> {
    case.miss()?;
    let view = case.view()?;
    let (path, root) = (view.scope.path.as_str(), view.scope.root_path.as_str());
    let rest = path.strip_prefix(root).filter(|rest| !root.is_empty() && !root.ends_with('/') && !rest.is_empty())?;
    if rest.starts_with('/') || view.route_path != rest {
        return None;
    }
    let why = format!(
        "The app took its root path {} out of the middle of a word: it was asked for {} and looks for {}.",
        shown::text(root),
        shown::text(path),
        shown::text(rest),
    );
    let parts = Parts::new(Confidence::High, why).about(root).scope_known(case).answer_seen(case);
    Some(
        parts
            .fix([Fix::advice("starlette 0.38.4 or later (fastapi 0.112.3 or later): it compares whole segments")])
            .not(NOT),
    )
}

fn is_known(case: &Case<'_>, prefix: &str) -> bool {
    let rules = case.setup.gateway.iter().flat_map(Gateway::prefixes);
    case.setup.prefixes.iter().map(String::as_str).chain(rules).any(|known| known == prefix)
}

fn parts(case: &Case<'_>, prefix: &str, what: &str) -> Parts {
    let p = shown::text(prefix);
    let why = format!(
        "The rule for {p} has no boundary: {what}. What begins with the same letters, and is not below {p}, is taken too.",
    );
    let line = match Proxy::of(case) {
        Proxy::Nginx => {
            format!("nginx: location {p}/ {{ proxy_pass http://app/; }} in place of location {p} (both end in /)")
        }
        Proxy::Traefik => format!("Traefik: rule = \"Path(`{p}`) || PathPrefix(`{p}/`)\""),
        Proxy::Caddy => format!("Caddy: @below path {p} {p}/*, then handle @below {{ … }} in place of {p}*"),
        Proxy::Haproxy => format!("HAProxy: {{ path {p} }} || {{ path_beg {p}/ }} in place of {{ path_beg {p} }}"),
        Proxy::Apache => format!("Apache: ProxyPass {p}/ http://app/ (both end in /), or <Location {p}/>"),
        Proxy::StandIn | Proxy::Unknown => format!("the proxy: a rule for {p} and {p}/… alone"),
    };
    Parts::new(Confidence::High, why).about(prefix).fix([Fix::advice(line)]).not(NOT)
}

const NOT: &str = "a higher priority or an earlier line for the sibling: the next one is taken again";
