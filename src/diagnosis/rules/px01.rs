//! # PX01: prefix kept, app not told
//!
//! ## What it says
//! The proxy sent the path on with its public prefix, and the app does not know that prefix: no route takes the path, so
//! the app answers 404 (403 to a websocket handshake).
//!
//! ## Why it happens
//! A proxy that routes by path does not change the path unless it is told to. An app that is not told its prefix compares
//! its routes with the whole path, so `/api/v1/items` is looked for where only `/items` exists.
//!
//! ## How it is told from its neighbours
//! - A plain unknown path is no finding: part of the path must be known to be a prefix, or the rest must be a known route.
//! - Routes that carry the prefix themselves: one of them answered, or is in the schema. Then keeping it is right.
//! - A path that the app has not, with the prefix or without: where all its routes are known, that is its own 404.
//! - `PX02`: the server has a root path and puts it before the path, so the scope holds the prefix twice.
//! - Clients reach the app without any prefix: a path that merely ends like a route is then just a wrong path.
//! - The app was told of a prefix, but of a part of it alone (`/api` of `/api/v1`): what it takes off is not enough. Where
//!   that part is known to be the whole prefix, the rest is a wrong path.
//! - `PX10`: the proxy took part of the path away, but not all of the prefix.
//!
//! ## Example
//! ```text
//! in  /api/v1/items   out /api/v1/items   404 {"detail":"Not Found"}   routes: /items
//! ```
//!
//! ## Fix
//! With uvicorn, strip the prefix at the proxy and start it with `--root-path /api/v1`. Every other server takes the prefix
//! kept: tell it (`--root-path`, granian's `--url-path-prefix`). With any server: keep it and let the app set `root_path`,
//! from `X-Forwarded-Prefix` or by `FastAPI(root_path=…)`.
//!
//! ## Not
//! With uvicorn `--root-path` alone: it is put before a path that still has the prefix, and the scope becomes
//! `/api/v1/api/v1/items` (`PX02`). With the others, stripping: they do not put the prefix back, so mounts (`PX04`) and
//! redirects (`PX07`) lose it.

use crate::asgi::framework::{AppView, RouteMatch, Routes};
use crate::asgi::server::RootPathUse;
use crate::diagnosis::case::{Case, Miss};
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::{Confidence, Severity, fix, prefix, shown};
use crate::gateway::Gateway;
use crate::lanes::Rewrite;

pub(super) const RULE: Rule = Rule {
    code: "PX01",
    title: "prefix kept, app not told",
    severity: Severity::Error,
    source: include_str!("px01.rs"),
    check,
};

/// Paths that every FastAPI app answers unless told otherwise.
const WELL_KNOWN: [&str; 3] = ["/openapi.json", "/docs", "/redoc"];

/// How the prefix is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    /// It is a known prefix, and the rest is a known route.
    Both,
    /// The rest is a known route.
    Route,
    /// It is a known prefix.
    Prefix,
    /// The rest is a page that FastAPI has by itself.
    WellKnown,
}

fn check(case: &Case<'_>) -> Answer {
    let kept = matches!(case.lanes.rewritten.rewrite, Rewrite::Kept | Rewrite::Unknown);
    let Some((miss, view)) = case.miss().zip(case.view()).filter(|_| kept && case.outgoing().is_some()) else {
        return Answer::No;
    };
    // Where the server puts its root path before the path, that is no longer the path on the wire: PX02 and PX03 look at
    // that. An app that was told of the prefix its path starts with misses for another reason.
    if case.server_adds_root() {
        return Answer::No;
    }
    if view.route_path != view.scope.path {
        return told_a_part(case, miss, view);
    }
    let path = view.scope.path.as_str();
    match find(case, miss, view, path) {
        Some((prefix, by)) => Answer::Yes(parts(case, miss, prefix, path, by)),
        None if case.routes().is_none() && miss == Miss::Seen && prefix::cuts(path).next().is_some() => {
            Answer::NeedsRoutes
        }
        _ => Answer::No,
    }
}

/// The app was told of a prefix that is only the beginning of the one that the path has.
fn told_a_part(case: &Case<'_>, miss: Miss, view: &AppView) -> Answer {
    let (path, rest) = (view.scope.path.as_str(), view.route_path.as_str());
    let Some(told) = path.strip_suffix(rest).filter(|told| prefix::below_text(path, told).is_some()) else {
        return Answer::No;
    };
    // What the app says of itself is among the known prefixes too: only the proxy's word and an answer count.
    let by_proxy =
        case.setup.gateway.iter().flat_map(Gateway::prefixes).any(|known| known.trim_end_matches('/') == told);
    let by_header = case.forwarded("x-forwarded-prefix") == Some(told.as_bytes());
    if by_proxy || by_header || case.history.answers_below(told) || miss != Miss::Seen || case.lanes.original.websocket
    {
        return Answer::No;
    }
    let Some(routes) = case.routes() else {
        return if prefix::cuts(rest).next().is_some() { Answer::NeedsRoutes } else { Answer::No };
    };
    let is_route = |(more, below): &(&str, &str)| takes_literally(routes, below) && !takes(routes, more);
    let Some((more, below)) = prefix::cuts(rest).find(is_route) else { return Answer::No };
    let prefix = format!("{told}{more}");
    let (p, t) = (shown::text(&prefix), shown::text(told));
    let why = format!(
        "The app's server was asked for {}, and root_path is {t}: what is left is {}, and the app has {}. {p} looks like the \
         prefix, of which it was told a part.",
        shown::text(path),
        shown::text(rest),
        shown::text(below),
    );
    Answer::Yes(
        Parts::new(Confidence::Medium, why)
            .about(prefix.clone())
            .path_seen(case)
            .scope_known(case)
            .answer_seen(case)
            .route_known(case, below)
            .missing("that this is the prefix, from the proxy")
            .fix(fix::for_prefix(case, &prefix, false))
            .not(format!("stripping {t} alone: the app is then asked for {}", shown::text(rest))),
    )
}

/// The leading part of the path that the app does not know.
fn find<'a>(case: &'a Case<'_>, miss: Miss, view: &AppView, path: &'a str) -> Option<(&'a str, By)> {
    let routes = case.routes();
    let carried = |prefix: &str| case.history.carries(prefix) || routes.is_some_and(|r| carries(r, prefix));
    let known = case
        .setup
        .prefixes
        .iter()
        .filter(|known| prefix::below_text(path, known).is_some() && !carried(known))
        .max_by_key(|known| known.len());
    if let Some(known) = known {
        let rest = prefix::below_text(path, known)?;
        let both = routes.is_some_and(|routes| takes(routes, rest));
        if !both && routes.is_some_and(Routes::are_all) {
            return None;
        }
        return Some((known, if both { By::Both } else { By::Prefix }));
    }
    // Where clients reach the app without a prefix, a path that merely ends like a route is just a wrong path.
    if case.history.is_plain() {
        return None;
    }
    if let Some(routes) = routes {
        let mut cuts = prefix::cuts(path);
        return cuts
            .find(|(prefix, rest)| takes_literally(routes, rest) && !takes(routes, prefix) && !carried(prefix))
            .map(|(prefix, _)| (prefix, By::Route));
    }
    if miss == Miss::Predicted {
        return None;
    }
    let prefix = WELL_KNOWN.iter().find_map(|page| path.strip_suffix(page)).filter(|prefix| !prefix.is_empty())?;
    (view.route != RouteMatch::None && prefix.starts_with('/')).then_some((prefix, By::WellKnown))
}

/// True if a route lies below `prefix`: the app's routes carry it.
fn carries(routes: &Routes, prefix: &str) -> bool {
    routes.templates().chain(routes.mounts()).any(|path| prefix::below_text(path, prefix).is_some())
}

/// True if the app has a route for this path.
fn takes(routes: &Routes, path: &str) -> bool {
    let path = if path.is_empty() { "/" } else { path };
    !matches!(routes.find(path), RouteMatch::None | RouteMatch::Unknown) || WELL_KNOWN.contains(&path)
}

/// [`takes`], by a route that names at least one segment; `/{anything}` says nothing.
fn takes_literally(routes: &Routes, path: &str) -> bool {
    let literal = |template: &str| template.split('/').any(|part| !part.is_empty() && !part.starts_with('{'));
    match routes.find(path) {
        RouteMatch::Route(found)
        | RouteMatch::OtherMethod(found)
        | RouteMatch::Mount(found)
        | RouteMatch::Slash(found) => literal(&found),
        RouteMatch::None | RouteMatch::Unknown => WELL_KNOWN.contains(&path),
    }
}

fn parts(case: &Case<'_>, miss: Miss, prefix: &str, path: &str, by: By) -> Parts {
    let rest = path.strip_prefix(prefix).unwrap_or_default();
    let rest = if rest.is_empty() { "/" } else { rest };
    let (p, out) = (shown::text(prefix), shown::text(path));
    let answered = match miss {
        Miss::Seen => "and the app has no such route",
        Miss::Predicted => "and no route is known that takes it",
    };
    let known = match by {
        By::Both => format!("It has {}, and {p} is known to be the public prefix.", shown::text(rest)),
        By::Route => format!("It has {}: {p} looks like a prefix that it was not told of.", shown::text(rest)),
        By::Prefix if case.routes().is_some() => format!(
            "{p} is known to be the public prefix. No known route is called {}, so it may be a 404 without the prefix too.",
            shown::text(rest)
        ),
        By::Prefix => format!("{p} is known to be the public prefix; the app's routes would settle it."),
        By::WellKnown => {
            format!("FastAPI has {rest} by itself, so {p} looks like a prefix; the app's routes would settle it.")
        }
    };
    let why = format!("The app's server was asked for {out}, prefix and all, {answered}. {known}");
    let confidence = if by == By::Both && miss == Miss::Seen { Confidence::High } else { Confidence::Medium };
    let mut parts = Parts::new(confidence, why)
        .about(prefix)
        .path_seen(case)
        .answer_seen(case)
        .prefix_known(case, prefix)
        .route_known(case, rest)
        .fix(fix::for_prefix(case, prefix, false))
        .proves(prefix);
    if by != By::Both {
        parts =
            parts.missing(if by == By::Route { "that this is the prefix, from the proxy" } else { "the app's routes" });
    }
    match not(case, prefix) {
        Some(not) => parts.not(not),
        None => parts,
    }
}

/// What makes it worse: which of the two, depends on where the server puts a root path.
fn not(case: &Case<'_>, prefix: &str) -> Option<String> {
    let (server, p) = (ServerWords(&case.setup.server), shown::text(prefix));
    let (name, option) = (server.name(), server.root_option());
    match case.setup.server.root_path_use() {
        RootPathUse::BeforePath => {
            let doubled = fix::with_server_root(case, prefix, false)?;
            Some(format!("{option} {p} alone: {name} would build {} (PX02)", shown::text(&doubled)))
        }
        RootPathUse::Alone => Some(format!(
            "{option} {p} and stripping as well: {name} does not put it back, so mounts and redirects lose it (PX04, PX07)"
        )),
        RootPathUse::Ignored | RootPathUse::Unknown => None,
    }
}
