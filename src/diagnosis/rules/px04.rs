//! # PX04: mounts 404, plain routes work
//!
//! ## What it says
//! The app has a `root_path`, its own or its server's, but the path that reaches it does not start with it. Plain routes are
//! still found; mounted apps and static files are not.
//!
//! ## Why it happens
//! Starlette (0.35 and later) takes `root_path` off the path before it looks for a route, and takes the whole path where it
//! is not there. A mount makes the root path longer by its own path; then the two no longer fit, and the app below the
//! mount finds nothing. Slash redirects lose the prefix for the same reason (`PX07`). uvicorn puts its `--root-path` before
//! the path and so mends what a proxy strips; no other server does.
//!
//! ## How it is told from its neighbours
//! - `PX03`: the server has a root path too, and another one; then plain routes are 404 as well.
//! - A plain unknown path: one segment cannot lie below a mount, so it is no finding.
//! - A route's own 404 (`item not found`) is no finding.
//! - A stripped path whose first word is that of the prefix (`/auth/auth/login`) has the root path by chance; it is the same
//!   fault and named as such.
//!
//! ## Example
//! ```text
//! in /api/v1/static/a.txt   out /static/a.txt   FastAPI(root_path="/api/v1")   404
//! ```
//!
//! ## Fix
//! With uvicorn, move the prefix from the app to `--root-path`, which puts it before the path. With any server, and always
//! with any other: keep the prefix at the proxy.
//!
//! ## Not
//! Mounting again under the prefix (`app.mount("/api/v1/static", …)`): it answers, and `url_for` doubles the prefix.

use crate::asgi::framework::{AppView, RouteMatch};
use crate::diagnosis::case::{Case, Miss};
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::{Confidence, Severity, fix, prefix, shown};

pub(super) const RULE: Rule = Rule {
    code: "PX04",
    title: "mounts 404, plain routes work",
    severity: Severity::Error,
    source: include_str!("px04.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    if let Some(parts) = route_not_found(case) {
        return Answer::Yes(parts);
    }
    let Some((miss, view)) = case.miss().zip(case.view()) else { return Answer::No };
    if let Some(parts) = taken_for_the_root(case, view) {
        return Answer::Yes(parts);
    }
    let server_root = case.lanes.scope.outcome.as_ref().and_then(|o| o.scope()).map_or("", |s| s.root_path.as_str());
    let carried = prefix::below_text(&view.scope.path, server_root.trim_end_matches('/')).is_some();
    if view.path_has_root || carried {
        // The app may have a root path of its own; its description tells.
        let may_have = view.scope.root_path.is_empty() && case.stripped().is_some() && may_be_below_a_mount(view);
        let unasked = case.routes().is_none() && miss == Miss::Seen;
        return if may_have && unasked && !case.lanes.original.websocket { Answer::NeedsRoutes } else { Answer::No };
    }
    let mount = matches!(view.route, RouteMatch::Mount(_));
    if !mount && !may_be_below_a_mount(view) {
        return Answer::No;
    }
    Answer::Yes(parts(case, view, mount, miss))
}

/// What is left of a stripped path begins with the same word as the prefix (`/auth` of `/auth/auth/login`): it is taken for
/// the root path, and what is behind it is no route.
fn taken_for_the_root(case: &Case<'_>, view: &AppView) -> Option<Parts> {
    let root = view.scope.root_path.trim_end_matches('/');
    let (part, seen) = case.stripped()?;
    let mistaken = part == root && case.outgoing().is_some_and(|out| prefix::below(out, root).is_some());
    if !mistaken || !seen || case.server_adds_root() || view.route_path == view.scope.path {
        return None;
    }
    let (r, path) = (shown::text(root), shown::text(&view.scope.path));
    let why = format!(
        "The proxy stripped {r}, and what is left, {path}, begins with the same word: it is taken for the root path, and the \
         app looks for {}.",
        shown::text(&view.route_path),
    );
    let parts = Parts::new(Confidence::High, why).about(root).path_seen(case).scope_known(case).answer_seen(case);
    let parts = parts.route_known(case, &view.scope.path).fix(fix::for_prefix(case, root, true));
    Some(parts.not("other names for the routes: the next word that is the same breaks again"))
}

/// The same where the app's root path is not known: the app has a route for what is left of the path, and does not find it.
fn route_not_found(case: &Case<'_>) -> Option<Parts> {
    let (part, seen) = case.stripped()?;
    let (view, out) = (case.view()?, std::str::from_utf8(case.outgoing()?).ok()?);
    let missed = case.status() == Some(404) && case.is_router_page() && view.scope.root_path.is_empty();
    if !missed || !seen || prefix::below_text(out, part).is_none() || !matches!(view.route, RouteMatch::Route(_)) {
        return None;
    }
    let (p, o) = (shown::text(part), shown::text(out));
    let why = format!(
        "The proxy stripped {p}, and what is left, {o}, begins with the same word. The app has that route and does not find \
         it: it looks like {p} is its root_path, and is taken off once more.",
    );
    let parts =
        Parts::new(Confidence::Medium, why).about(part).path_seen(case).route_known(case, out).answer_seen(case);
    let parts = parts.missing("the app's root_path").fix(fix::for_prefix(case, part, true));
    Some(parts.not("other names for the routes: the next word that is the same breaks again"))
}

/// True for a path of two segments or more: `/static/a.css`, or `/sub/` with its slash.
fn may_be_below_a_mount(view: &AppView) -> bool {
    view.route_path.matches('/').count() > 1 && !view.route_path.starts_with("//")
}

fn parts(case: &Case<'_>, view: &AppView, mount: bool, miss: Miss) -> Parts {
    let root = view.scope.root_path.as_str();
    let first = view.route_path.split('/').nth(1).unwrap_or_default();
    let mut why = format!(
        "root_path is {}, but the app was asked for {}, which does not start with it. A mount at /{} cannot match then; \
         plain routes still can.",
        shown::text(root),
        shown::text(&view.scope.path),
        shown::text(first),
    );
    if !mount {
        why.push_str(" That /");
        why.push_str(&shown::text(first));
        why.push_str(" is a mount would settle it.");
    }
    let sure = mount && miss == Miss::Seen;
    let mut parts = Parts::new(if sure { Confidence::High } else { Confidence::Medium }, why)
        .about(root.trim_end_matches('/'))
        .path_seen(case)
        .scope_known(case)
        .answer_seen(case)
        .fix(fix::for_prefix(case, root.trim_end_matches('/'), true))
        .not("mounting again under the prefix: it answers, but url_for then doubles the prefix");
    // A server refuses a websocket for many reasons; only a known mount makes the prefix the likely one.
    if (miss == Miss::Predicted || case.lanes.original.websocket) && !mount {
        parts = parts.severity(Severity::Warn);
    }
    parts
}
