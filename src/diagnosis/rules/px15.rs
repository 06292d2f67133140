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
//! - An unknown path below the mount: its root path is the one that the mount made, and its front page or description, or
//!   another path below it, is there.
//! - A static file that is not there: static files refuse OPTIONS with 405 before they look for the file.
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
use crate::diagnosis::case::{Case, Miss};
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::{Confidence, Fix, Ground, Severity, prefix, shown};
use crate::lanes::{Author, Beneath, Source};

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
    by_probe(case).or_else(|| by_model(case)).map_or_else(|| by_asking(case), Answer::Yes)
}

/// Neither the probe nor the routes say what is mounted: the app is asked whether anything at all is found below the mount.
fn by_asking(case: &Case<'_>) -> Answer {
    let Some(view) = case.view().filter(|_| case.miss() == Some(Miss::Seen)) else { return Answer::No };
    let described = case.routes().is_some_and(|routes| !routes.are_all());
    let unknown = matches!(view.route, RouteMatch::None | RouteMatch::Unknown);
    let Some(path) = case.outgoing().and_then(|path| std::str::from_utf8(path).ok()) else { return Answer::No };
    // Where the path is not below the root path, that is why mounts are not found: PX03, PX04.
    if !unknown || case.lanes.scope.source == Source::Probe || !view.path_has_root {
        return Answer::No;
    }
    if case.routes().is_none() && case.setup.may_ask(path) {
        return Answer::NeedsRoutes;
    }
    match case.setup.beneath(path).filter(|_| described) {
        Some(Beneath::Silent { mount, without_prefix }) => {
            silent(case, path, mount, *without_prefix).map_or(Answer::No, Answer::Yes)
        }
        None if described && case.setup.may_ask(path) => Answer::NeedsAsking,
        Some(Beneath::Ordinary) | None => Answer::No,
    }
}

/// Nothing is found below the mount, although something is mounted there.
fn silent(case: &Case<'_>, path: &str, mount: &str, without_prefix: bool) -> Option<Parts> {
    let below = path.strip_prefix(mount)?;
    let public = case.incoming().strip_suffix(below.as_bytes())?;
    if case.history.paths.is_alive(public) {
        return None;
    }
    let root = case.view().map_or("", |view| view.scope.root_path.trim_end_matches('/'));
    let at = mount.strip_prefix(root).filter(|at| at.starts_with('/')).unwrap_or(mount);
    let (m, b) = (shown::text(at), shown::text(below));
    let mut why = format!(
        "Something is mounted at {m}, and it finds neither {b} nor its own front page or description: as an app does whose \
         own root_path is not the one that the mount has made.",
    );
    if without_prefix {
        why.push_str(" Asked without the public prefix, which no mount expects, it answers.");
    }
    let parts = Parts::new(if without_prefix { Confidence::High } else { Confidence::Medium }, why)
        .about(at)
        .answer_seen(case)
        .known(Source::Seen, Ground::Routes, None, format!("asked for {m}, the app redirects to {m}/, which is 404"))
        .fix([Fix::advice(format!("FastAPI() without root_path=… in the app that is mounted at {m}"))])
        .not(format!("the whole public path of {m} as its root_path: it works until the prefix changes"));
    let missing = "the root_path of the mounted app: its code, or the probe in the app around it";
    Some(if without_prefix { parts } else { parts.missing(missing) })
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
