//! # PX15: sub-application has a root path of its own
//!
//! ## What it says
//! An app that is mounted in another has a `root_path` of its own. It takes the place of the one that the mount has made of
//! prefix and mount point, the path does not start with it, and everything below the mount is 404.
//!
//! ## Why it happens
//! A mount already tells the app below it where it is: `root_path` grows by the mount point. `FastAPI(root_path="/sub")`
//! overwrites that. With the whole public path, `/api/v1/sub`, it happens to be the same text, and works as long as the
//! prefix is in the path.
//!
//! ## How it is told from its neighbours
//! - `PX04`: the outer app's root path is not in the path; all mounts are 404, whatever is mounted.
//! - `PX03`: server and app disagree; plain routes of the outer app are 404 as well.
//! - An unknown path below the mount: its root path is the one that the mount made.
//!
//! ## Example
//! ```text
//! uvicorn --root-path /api/v1, app.mount("/sub", FastAPI(root_path="/sub")):
//! path /api/v1/sub/app   root_path /sub   404
//! ```
//! Seen in modelcontextprotocol/python-sdk#597.
//!
//! ## Fix
//! Take `root_path` away from the app that is mounted.
//!
//! ## Not
//! The whole public path as the sub-application's `root_path`: it works until the prefix changes.

use crate::asgi::Scope;
use crate::asgi::framework::RouteMatch;
use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::{Confidence, Fix, Ground, Severity, prefix, shown};
use crate::lanes::{Author, Source};

pub(super) const RULE: Rule = Rule {
    code: "PX15",
    title: "sub-application has a root path of its own",
    severity: Severity::Error,
    source: include_str!("px15.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let by_app = matches!(case.lanes.answer.by, Author::App(_) | Author::Server(_) | Author::Unknown);
    if case.status() != Some(404) || !by_app {
        return Answer::No;
    }
    by_probe(case).or_else(|| by_model(case)).map_or(Answer::No, Answer::Yes)
}

/// The app itself says what the root path was below the mount.
fn by_probe(case: &Case<'_>) -> Option<Parts> {
    let view = case.view()?;
    let RouteMatch::Mount(mount) = &view.route else { return None };
    let own = case.lanes.scope.probe.as_ref()?.mounted_root.as_deref()?.trim_end_matches('/');
    let (mount, outer) = (mount.trim_end_matches('/'), view.scope.root_path.trim_end_matches('/'));
    let made = format!("{outer}{mount}");
    (!own.is_empty() && own != made && !is_below(&view.scope, own)).then(|| parts(case, mount, own, &made))
}

/// The routes are known down to what is mounted.
fn by_model(case: &Case<'_>) -> Option<Parts> {
    let view = case.view()?;
    let RouteMatch::Mount(mount) = &view.route else { return None };
    let below = case.setup.app.answer(case.lanes.scope.outcome.as_ref()?.scope()?).view;
    let (mount, outer) = (mount.trim_end_matches('/'), view.scope.root_path.trim_end_matches('/'));
    let (own, made) = (below.scope.root_path.trim_end_matches('/'), format!("{outer}{mount}"));
    let replaced = below.root_path_replaced && own != outer && own != made;
    (replaced && !is_below(&below.scope, own)).then(|| parts(case, mount, own, &made))
}

fn is_below(scope: &Scope, root: &str) -> bool {
    prefix::below_text(&scope.path, root).is_some()
}

fn parts(case: &Case<'_>, mount: &str, own: &str, made: &str) -> Parts {
    let (m, o, made) = (shown::text(mount), shown::text(own), shown::text(made));
    let why = format!(
        "The app mounted at {m} has a root_path of its own, {o}. The mount had made it {made}; the path does not start with \
         {o}, so nothing below {m} is found.",
    );
    let probe = case.lanes.scope.source == Source::Probe;
    let (source, ground) = if probe { (Source::Probe, Ground::Probe) } else { (Source::Derived, Ground::Routes) };
    Parts::new(Confidence::High, why)
        .about(mount)
        .fact(case, source, ground, format!("below {m} root_path is {o}"))
        .answer_seen(case)
        .fix([Fix::advice(format!("FastAPI() without root_path=\"{o}\" in the app that is mounted at {m}"))])
        .not(format!("root_path=\"{made}\" in it: it works until the prefix changes"))
}
