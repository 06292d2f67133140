//! # PX10: wrong part stripped
//!
//! ## What it says
//! A prefix that is to be stripped stays in part, or more than the prefix goes: the app gets a path that none of its routes
//! has.
//!
//! ## Why it happens
//! Traefik's `stripPrefix` takes the first entry of its list that the path begins with, and looks at no other: behind
//! `/api` the entry `/api/v1` is never reached. An entry that ends in a slash, `/api/`, does not fit `/api` itself, which
//! then goes on as it is. A `rewrite-target` of an ingress names the wrong group, or an expression takes one segment too many.
//!
//! ## How it is told from its neighbours
//! - `PX01`: nothing was stripped, and the app was not told.
//! - `PX09`: the rule takes a path that it is not meant for; what it strips is as it says.
//! - `NG01`: the right part is taken away, and what is put in its place is glued to the rest.
//! - `NG05`: all paths become one.
//! - A path below the prefix that the app has not: its own 404. The prefix that was meant must be known, from the root path
//!   or the public URL; or the app's routes tell, as long as nothing was answered without the part that is stripped.
//!
//! ## Example
//! ```text
//! stripPrefix.prefixes: [/api, /api/v1]
//! in /api/v1/items   out /v1/items   404   routes: /items
//! ```
//! Seen in kubernetes/ingress-nginx#6954, traefik/traefik#3330, nginx/kubernetes-ingress#931.
//!
//! ## Fix
//! Strip exactly the prefix. Traefik: the longer one first, and no slash at the end: `prefixes: [/api/v1, /api]`. Ingress:
//! `rewrite-target: /$2` with the path `/api/v1(/|$)(.*)`.
//!
//! ## Not
//! A route `/v1/items` in the app: redirects and the docs page then lead to a path that the proxy does not know.

use crate::asgi::framework::RouteMatch;
use crate::diagnosis::case::{Case, Miss};
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change, Confidence, Fix, Ground, Severity, prefix, shown};
use crate::gateway;
use crate::lanes::Source;

pub(in crate::diagnosis) const RULE: Rule = Rule {
    code: "PX10",
    title: "wrong part stripped",
    severity: Severity::Error,
    source: include_str!("px10.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let Some(((part, _), miss)) = case.stripped().zip(case.miss()) else { return Answer::No };
    let Some((asked, out)) = texts(case) else { return Answer::No };
    if case.has_route(out) || prefix::repeated(asked).is_some_and(|(repeated, _)| repeated == part) {
        return Answer::No;
    }
    if let Some((meant, whose)) = declared(case, asked, part) {
        return Answer::Yes(parts(case, part, meant).known(Source::Derived, Ground::Server, None, whose));
    }
    // Where the same part was taken off and the app answered, it was the right one.
    if is_declared(case, part) || case.history.works_without(part) {
        return Answer::No;
    }
    match by_route(case, asked, part, out) {
        Some(meant) => {
            let rest = prefix::below_text(asked, meant).unwrap_or_default();
            let parts = parts(case, part, meant).route_known(case, rest);
            Answer::Yes(parts.missing("the prefix that was meant, from the proxy or the server's root path"))
        }
        None if case.routes().is_none() && miss == Miss::Seen && prefix::cuts(out).next().is_some() => {
            Answer::NeedsRoutes
        }
        None => Answer::No,
    }
}

/// True if server, app or user say that this very part is the prefix.
fn is_declared(case: &Case<'_>, part: &str) -> bool {
    let public = case.setup.public.as_ref().map_or("", |public| public.prefix.as_str());
    let roots = [case.setup.server.root_path.as_str(), case.setup.app.root_path.as_str(), public];
    roots.iter().any(|root| root.trim_end_matches('/') == part)
}

fn texts<'a>(case: &Case<'a>) -> Option<(&'a str, &'a str)> {
    Some((std::str::from_utf8(case.incoming()).ok()?, std::str::from_utf8(case.outgoing()?).ok()?))
}

/// The prefix that server, app or user declare, if it is another one that the path has: longer than what went, or shorter.
fn declared<'a>(case: &Case<'a>, asked: &str, part: &str) -> Option<(&'a str, String)> {
    let server = case.setup.server.root_path.trim_end_matches('/');
    let app = case.setup.app.root_path.trim_end_matches('/');
    let public = case.setup.public.as_ref().map_or("", |public| public.prefix.trim_end_matches('/'));
    // What was stripped of other paths is known too, and may be as wrong; only a longer one can be what was meant.
    let longer =
        case.setup.prefixes.iter().map(String::as_str).filter(|known| prefix::below_text(known, part).is_some());
    let learned = longer.filter(|known| prefix::below_text(asked, known).is_some()).max_by_key(|known| known.len());
    let candidates = [
        (server, "the server's root path"),
        (app, "the app's root path"),
        (public, "the public URL"),
        (learned.unwrap_or_default(), "what is known of the proxy"),
    ];
    let one = candidates.into_iter().find(|(meant, _)| prefix::below_text(asked, meant).is_some())?;
    let nested = prefix::below_text(one.0, part).is_some() || prefix::below_text(part, one.0).is_some();
    (one.0 != part && nested).then(|| (one.0, format!("{} says {}", one.1, shown::text(one.0))))
}

/// The prefix without which a known route is left, where the app has none for what was left.
fn by_route<'a>(case: &Case<'_>, asked: &'a str, part: &str, out: &str) -> Option<&'a str> {
    let literal = |path: &str| match case.routes().map(|routes| routes.find(path)) {
        Some(RouteMatch::Route(found) | RouteMatch::Mount(found) | RouteMatch::Slash(found)) => {
            found.split('/').any(|part| !part.is_empty() && !part.starts_with('{'))
        }
        _ => false,
    };
    if literal(out) {
        return None;
    }
    prefix::cuts(asked).find(|(meant, rest)| *meant != part && literal(rest)).map(|(meant, _)| meant)
}

fn parts(case: &Case<'_>, part: &str, meant: &str) -> Parts {
    let (p, m) = (shown::text(part), shown::text(meant));
    let out = case.outgoing().map(shown::bytes).unwrap_or_default();
    let verdict = if meant.len() > part.len() { "too little" } else { "too much" };
    let why = format!("{m} is the prefix, and the proxy stripped {p}: {verdict}. The app was asked for {out}.");
    let change = gateway::Change::Path { prefix: meant.to_owned(), to: String::new() };
    let line = match Proxy::of(case) {
        Proxy::Traefik => format!("Traefik: stripPrefix.prefixes = [\"{m}\"] alone, or before {p}"),
        proxy => proxy.strip(meant),
    };
    Parts::new(Confidence::High, why)
        .proves(meant)
        .about(meant)
        .path_seen(case)
        .answer_seen(case)
        .fix([Fix::candidate(line, [Change::Proxy(change)])])
        .not(format!(
            "routes with what was left over ({out}): redirects and docs then lead where the proxy has no rule"
        ))
}
