//! # PX10: wrong part stripped
//!
//! ## What it says
//! A prefix that is to be stripped stays in part, or more than the prefix goes, or something else comes in its place: the
//! app gets a path that none of its routes has.
//!
//! ## Why it happens
//! Traefik's `stripPrefix` takes the first entry of its list that the path begins with, and looks at no other: behind
//! `/api` the entry `/api/v1` is never reached. An entry that ends in a slash, `/api/`, does not fit `/api` itself, which
//! then goes on as it is. A `rewrite-target` of an ingress names the wrong group, or an expression takes one segment too many, or
//! the slash with it (`rewrite ^/api/v1/(.*)$ $1`): no server takes a path that does not begin with one. `proxy_pass
//! http://app/api/;` puts another folder where the prefix was. Or the prefix should not be stripped at all: the routes
//! begin with it, as with `include_router(…, prefix="/api/v1")`.
//!
//! ## How it is told from its neighbours
//! - `PX01`: nothing was stripped, and the app was not told.
//! - `PX09`: the rule takes a path that it is not meant for; what it strips is as it says.
//! - `NG01`: the right part is taken away, and what is put in its place is glued to the rest.
//! - `NG05`: all paths become one.
//! - `PX02`: what the proxy puts before the path is the prefix once more.
//! - A replacement below which the app has routes, or was seen to answer, is meant: what is not there is the app's own 404.
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
//! Where the routes begin with the prefix: keep it, and no root path for anybody.
//!
//! ## Not
//! A route `/v1/items` in the app: redirects and the docs page then lead to a path that the proxy does not know.

use crate::asgi::framework::RouteMatch;
use crate::asgi::server::RootPathUse;
use crate::diagnosis::case::{Case, Miss};
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{AppChange, Change, Confidence, Fix, Ground, Severity, fix, prefix, shown};
use crate::gateway;
use crate::lanes::{Rewrite, Source};

pub(in crate::diagnosis) const RULE: Rule = Rule {
    code: "PX10",
    title: "wrong part stripped",
    severity: Severity::Error,
    source: include_str!("px10.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let Some((asked, out)) = texts(case) else { return Answer::No };
    if let Some(parts) = slash_lost(case, asked, out) {
        return Answer::Yes(parts);
    }
    let Some(miss) = case.miss() else { return Answer::No };
    match case.stripped() {
        Some((part, _)) => wrong_part(case, miss, part, asked, out),
        None => replaced(case, miss, asked, out),
    }
}

/// A part that is not the prefix was stripped, or one that the routes begin with.
fn wrong_part(case: &Case<'_>, miss: Miss, part: &str, asked: &str, out: &str) -> Answer {
    if case.has_route(out) || prefix::repeated(asked).is_some_and(|(repeated, _)| repeated == part) {
        return Answer::No;
    }
    if let Some((meant, whose)) = declared(case, asked, part) {
        return Answer::Yes(parts(case, part, meant).known(Source::Derived, Ground::Server, None, whose));
    }
    if is_named(case, asked) && !case.history.works_without(part) {
        return Answer::Yes(needed(case, part, asked, out));
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
    if is_named(case, out) {
        return None;
    }
    prefix::cuts(asked).find(|(meant, rest)| *meant != part && is_named(case, rest)).map(|(meant, _)| meant)
}

/// True if a known route takes the path and names at least one segment of it; `/{anything}` says nothing.
fn is_named(case: &Case<'_>, path: &str) -> bool {
    match case.routes().map(|routes| routes.find(path)) {
        Some(RouteMatch::Route(found) | RouteMatch::Mount(found) | RouteMatch::Slash(found)) => {
            found.split('/').any(|part| !part.is_empty() && !part.starts_with('{'))
        }
        _ => false,
    }
}

/// The prefix went with its slash: the server has no path to look for, and refuses it.
fn slash_lost(case: &Case<'_>, asked: &str, out: &str) -> Option<Parts> {
    let taken = asked.strip_suffix(out).filter(|_| !out.is_empty() && !out.starts_with('/'))?;
    let meant = taken.strip_suffix('/').filter(|meant| !meant.is_empty() && case.failed())?;
    let (t, m, o) = (shown::text(taken), shown::text(meant), shown::text(out));
    let why = format!(
        "The proxy stripped {t} with its final slash: the server was asked for {o}, which is no path without a slash before \
         it.",
    );
    let change = gateway::Change::Path { prefix: meant.to_owned(), to: String::new() };
    Some(
        Parts::new(Confidence::High, why)
            .about(meant)
            .path_seen(case)
            .answer_seen(case)
            .fix([Fix::candidate(with_slash(Proxy::of(case), meant), [Change::Proxy(change)])])
            .not(format!(
                "a root path that ends in a slash to make up for it ({m}/): links and redirects get it twice"
            )),
    )
}

/// How to strip the prefix and leave the slash.
fn with_slash(proxy: Proxy, meant: &str) -> String {
    let m = shown::text(meant);
    match proxy {
        Proxy::Nginx => format!("nginx: rewrite ^{m}(/.*)$ $1 break; (the slash is in the group)"),
        Proxy::Unknown => {
            format!("the proxy: {m}/x has to become /x, not x (HAProxy: http-request replace-path {m}(/)?(.*) /\\2)")
        }
        proxy => proxy.strip(meant),
    }
}

/// The routes begin with what was stripped.
fn needed(case: &Case<'_>, part: &str, asked: &str, out: &str) -> Parts {
    let (p, a, o) = (shown::text(part), shown::text(asked), shown::text(out));
    let why = format!(
        "The proxy stripped {p}, and the app's own route is {a}: its routes begin with {p}, and none is called {o}.",
    );
    let (server, app) = (&case.setup.server, &case.setup.app);
    let keep = gateway::Change::Path { prefix: part.to_owned(), to: part.to_owned() };
    let mut changes = vec![Change::Proxy(keep)];
    if !server.root_path.is_empty() {
        changes.push(Change::Server(server.program().root_path_option().to_owned(), None));
    }
    if !app.root_path.is_empty() {
        changes.push(Change::App(AppChange::RootPath(String::new())));
    }
    Parts::new(Confidence::High, why)
        .about(part)
        .path_seen(case)
        .answer_seen(case)
        .route_known(case, asked)
        .fix([Fix::candidate("", changes)])
        .not(format!("{p} as a root path beside routes that begin with it: it is looked for twice"))
}

/// Something else was put in the place of the prefix, or before a path that needs nothing before it.
fn replaced(case: &Case<'_>, miss: Miss, asked: &str, out: &str) -> Answer {
    if !matches!(case.lanes.rewritten.rewrite, Rewrite::Replaced | Rewrite::Added(_)) {
        return Answer::No;
    }
    let Some((taken, put, rest)) = replacement(asked, out) else { return Answer::No };
    // The prefix once more before itself: PX02.
    let again = taken.is_empty() && prefix::below_text(asked, put).is_some();
    let Some(routes) = case.routes() else {
        return if miss == Miss::Seen && !again { Answer::NeedsRoutes } else { Answer::No };
    };
    let mut known = routes.templates().chain(routes.mounts());
    let meant = case.history.carries(put) || known.any(|route| prefix::below_text(route, put).is_some());
    if again || meant || case.has_route(out) || !is_named(case, rest) {
        return Answer::No;
    }
    let (t, p, r) = (shown::text(taken), shown::text(put), shown::text(rest));
    let place = if taken.is_empty() { format!("before {r}") } else { format!("in the place of {t}") };
    let why = format!(
        "The proxy put {p} {place}: the app was asked for {}, and has {r}, but nothing below {p}.",
        shown::text(out),
    );
    let parts = Parts::new(Confidence::High, why)
        .about(if taken.is_empty() { put } else { taken })
        .path_seen(case)
        .answer_seen(case)
        .route_known(case, rest)
        .not(format!("routes below {p} in the app: its links and redirects then lead where the proxy has no rule"));
    Answer::Yes(parts.fix(instead(case, taken, put)))
}

/// What differs at the start of two paths, and the rest that both have; the rest begins with a slash.
fn replacement<'a>(asked: &'a str, out: &'a str) -> Option<(&'a str, &'a str, &'a str)> {
    let rests = prefix::cuts(out).map(|(_, rest)| rest);
    let rest = rests.into_iter().find(|rest| asked.ends_with(rest))?;
    let (taken, put) = (asked.strip_suffix(rest)?, out.strip_suffix(rest)?);
    (taken != put && !taken.ends_with('/') && !put.ends_with('/')).then_some((taken, put, rest))
}

/// The prefix as server and app have it: stripped for a server that puts its root path before the path, else kept.
fn instead(case: &Case<'_>, taken: &str, put: &str) -> Vec<Fix> {
    if taken.is_empty() {
        let (proxy, put) = (Proxy::of(case), shown::text(put));
        let line = match proxy {
            Proxy::Traefik => format!("Traefik: no addPrefix or replacePathRegex that puts {put} before the path"),
            Proxy::Nginx => format!("nginx: proxy_pass http://app; (nothing after the name, and no {put})"),
            _ => format!("{}: send the path on as it came, without {put} before it", proxy.name()),
        };
        return vec![Fix::advice(line)];
    }
    let strip = case.setup.server.root_path_use() == RootPathUse::BeforePath;
    let is_wanted = |changes: &Vec<Change>| {
        let strips = changes
            .iter()
            .any(|change| matches!(change, Change::Proxy(gateway::Change::Path { to, .. }) if to.is_empty()));
        strips == strip
    };
    let all = fix::arrangements(case.setup, taken, None).into_iter().filter(is_wanted);
    all.map(|changes| Fix::candidate("", changes)).collect()
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
