//! # PX03: two root paths disagree
//!
//! ## What it says
//! The server was given one root path and the app another. The app's wins for `root_path`, the server's stays in `path`,
//! so the path does not start with the root path and every route answers 404.
//!
//! ## Why it happens
//! `FastAPI(root_path=…)` (or a middleware that reads `X-Forwarded-Prefix`) replaces the value that the server put into the
//! scope, but not the text that uvicorn put before the path, or that the proxy kept there for another server.
//!
//! ## How it is told from its neighbours
//! - `PX04`: only the app has a root path, or the path has neither; plain routes still work.
//! - `PX02`: there is one root path, and the path has it twice.
//! - The same value in both places works with uvicorn and is no finding.
//!
//! ## Example
//! ```text
//! uvicorn --root-path /a, FastAPI(root_path="/b"):   path /a/items   root_path /b   404
//! ```
//!
//! ## Fix
//! Declare the prefix once, on the server: `--root-path` for uvicorn behind a proxy that strips, the root path of any other
//! server behind one that keeps it.
//!
//! ## Not
//! A third place: `openapi_url=` or `servers=` change what the docs show, not where requests go.

use crate::diagnosis::case::{Case, Miss};
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::{Confidence, Fix, Severity, fix, prefix, shown};

pub(super) const RULE: Rule = Rule {
    code: "PX03",
    title: "two root paths disagree",
    severity: Severity::Error,
    source: include_str!("px03.rs"),
    check,
};

/// Different paths asked for in vain that make it no accident.
const ENOUGH_MISSES: usize = 3;

fn check(case: &Case<'_>) -> Answer {
    match by_scope(case) {
        Answer::No => by_elimination(case),
        answer => answer,
    }
}

/// The app's root path is not known, but the server's is not the prefix that the proxy takes off, and the app answers 404
/// even to its own description, asked for without any prefix.
fn by_elimination(case: &Case<'_>) -> Answer {
    let server = case.setup.server.root_path.trim_end_matches('/');
    let unknown = case.setup.app.root_path.is_empty() && case.routes().is_none();
    let Some((prefix, true)) = case.stripped().filter(|_| unknown) else { return Answer::No };
    if case.miss() != Some(Miss::Seen) || case.lanes.original.websocket || server.is_empty() {
        return Answer::No;
    }
    if server == prefix && !nothing_is_answered(case, prefix) || !case.server_adds_root() {
        return Answer::No;
    }
    if !case.setup.app.undescribed {
        return Answer::NeedsRoutes;
    }
    let (p, server) = (shown::text(prefix), shown::text(server));
    let told = if server == p {
        format!("The server's root path is {server}, as the proxy takes it off")
    } else {
        format!("The server's root path is {server}, but the prefix that the proxy takes off is {p}")
    };
    let why = format!(
        "{told}, and the app answers 404 even to its own /openapi.json. That is what happens where the app has a root path \
         of its own that is not {server}: the path then does not start with it, so no route is found.",
    );
    let parts = Parts::new(Confidence::Medium, why).about(format!("{server}, {p}")).path_seen(case).scope_known(case);
    Answer::Yes(
        parts
            .answer_seen(case)
            .missing("the app's own root_path; say --app-root-path, or put the probe around the app")
            .fix(guessed(case, &server, &p))
            .not("openapi_url= or servers=: they change what the docs show only"),
    )
}

/// The app's own root path is not known, so that no change can be thought through. What is certain is what the server's has
/// to be behind this proxy.
fn guessed(case: &Case<'_>, server: &str, prefix: &str) -> Vec<Fix> {
    let words = ServerWords(&case.setup.server);
    let told = words.with_root(prefix).filter(|_| server != prefix);
    let same = format!("the app: no root_path of its own, or {prefix} too");
    told.map(|told| format!("{told} in place of {server}")).into_iter().chain([same]).map(Fix::advice).collect()
}

/// True if the client asked for several paths, and none that lost this part was ever answered.
fn nothing_is_answered(case: &Case<'_>, part: &str) -> bool {
    let often = || case.client().is_some_and(|client| case.history.missed_often(client, ENOUGH_MISSES));
    !case.history.works_without(part) && often()
}

fn by_scope(case: &Case<'_>) -> Answer {
    let scope = case.lanes.scope.outcome.as_ref().and_then(|outcome| outcome.scope());
    let Some(((miss, view), scope)) = case.miss().zip(case.view()).zip(scope) else { return Answer::No };
    let (server, app) = (scope.root_path.as_str(), view.scope.root_path.as_str());
    let differ = server.trim_end_matches('/') != app.trim_end_matches('/');
    let carried = prefix::below_text(&scope.path, server.trim_end_matches('/')).is_some();
    if view.path_has_root || !view.root_path_replaced || !differ || !carried {
        return Answer::No;
    }
    let (server, app) = (shown::text(server), shown::text(app));
    let why = format!(
        "The server's root path is {server} and the app's is {app}. The app sees path {} with root_path {app}: it does \
         not start with it, so no route is found.",
        shown::text(&view.scope.path),
    );
    let confidence = if miss == Miss::Seen { Confidence::High } else { Confidence::Medium };
    let told = view.scope.root_path.trim_end_matches('/');
    let kept = case.outgoing().is_some_and(|out| prefix::below(out, told).is_some());
    let (prefix, stripped) = match case.stripped() {
        Some((prefix, _)) => (prefix, true),
        None if kept => (told, false),
        None => (case.setup.server.root_path.trim_end_matches('/'), true),
    };
    let parts = Parts::new(confidence, why).about(format!("{server}, {app}")).path_seen(case).scope_known(case);
    Answer::Yes(
        parts
            .answer_seen(case)
            .fix(fix::for_prefix(case, prefix, stripped))
            .not("openapi_url= or servers=: they change what the docs show only"),
    )
}
