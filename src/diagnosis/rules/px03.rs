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
use crate::diagnosis::{Confidence, Severity, fix, prefix, shown};

pub(super) const RULE: Rule = Rule {
    code: "PX03",
    title: "two root paths disagree",
    severity: Severity::Error,
    source: include_str!("px03.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
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
    let fixes = fix::for_prefix(case, prefix, stripped);
    Answer::Yes(
        Parts::new(confidence, why).fix(fixes).not("openapi_url= or servers=: they change what the docs show only"),
    )
}
