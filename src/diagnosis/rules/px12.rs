//! # PX12: app opened directly
//!
//! ## What it says
//! An app that is set up to live below a prefix was asked on its own port, past the proxy. What hangs on the prefix (the
//! docs page's schema, mounts, redirects) leads nowhere there.
//!
//! ## Why it happens
//! `--root-path` and `root_path` describe what the proxy does. Without the proxy the docs page asks for
//! `/api/v1/openapi.json`, and uvicorn puts the prefix before that once more; with another server mounts are asked for
//! without the prefix that they need.
//!
//! ## How it is told from its neighbours
//! - `PX02`: the same path, but the request bears a proxy's marks (`X-Forwarded-*`, `Via`, HTTP/1.0) or passed the edge tap.
//! - A health check on the app's port that answers is no finding: only what fails is.
//!
//! ## Example
//! ```text
//! GET /api/v1/openapi.json  Host: 127.0.0.1:8000  Referer: http://127.0.0.1:8000/docs  no X-Forwarded-*  → 404
//! ```
//!
//! ## Fix
//! Use the proxy's URL.
//!
//! ## Not
//! Taking the root path away: it makes the app's own port work and breaks the way through the proxy.

use crate::diagnosis::case::{Case, Miss};
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::{Confidence, Ground, Severity, prefix, shown};
use crate::exchange::Target;
use crate::lanes::{Source, TapKind};
use crate::redirect::split_port;

pub(super) const RULE: Rule = Rule {
    code: "PX12",
    title: "app opened directly",
    severity: Severity::Warn,
    source: include_str!("px12.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let Some((_, view)) = case.miss().filter(|&miss| miss == Miss::Seen).zip(case.view()) else {
        return Answer::No;
    };
    let root = view.scope.root_path.trim_end_matches('/');
    if root.is_empty() || case.went_through_a_proxy() {
        return Answer::No;
    }
    let prefixed = case.outgoing().is_some_and(|out| prefix::below(out, root).is_some());
    let doubled = prefixed && case.server_adds_root();
    if !doubled && view.path_has_root {
        return Answer::No;
    }
    let signs = [case.has_tap(TapKind::Edge), came_from_its_own_page(case, root), names_its_own_port(case)];
    match signs.iter().filter(|&&sign| sign).count() {
        0 => Answer::No,
        n => Answer::Yes(parts(case, root, n > 1)),
    }
}

/// True if the page it came from was on this very host, and below no prefix.
fn came_from_its_own_page(case: &Case<'_>, root: &str) -> bool {
    let referer = case.lanes.original.referer.as_deref().map(Target::new);
    let host = case.app().and_then(|half| half.request.get("host"));
    referer.is_some_and(|referer| {
        referer.authority().is_some() && referer.authority() == host && prefix::below(referer.path(), root).is_none()
    })
}

/// True if Host names the address where the app (or the tap before it) listens.
fn names_its_own_port(case: &Case<'_>) -> bool {
    let Some(half) = case.app() else { return false };
    let port = half.request.get("host").and_then(|host| split_port(host).1);
    port.is_some_and(|port| port == half.local.port() || half.upstream.is_some_and(|(server, _)| server.port() == port))
}

fn parts(case: &Case<'_>, root: &str, sure: bool) -> Parts {
    let (root, path) = (shown::text(root), shown::bytes(&case.lanes.original.path));
    let mut why = format!(
        "{path} was asked of the app itself: no proxy left a mark on the request. The app is set up to live below {root} \
         behind a proxy."
    );
    if !sure {
        why.push_str(
            " If a proxy that adds no headers sent it, the fault is another one: the prefix should be stripped.",
        );
    }
    let fix = match &case.setup.public {
        Some(public) if public.prefix.is_empty() => format!("open it through the proxy: {public}{root}/…"),
        Some(public) => format!("open it through the proxy: {public}/…"),
        None => format!("open it through the proxy, below {root}"),
    };
    let parts = Parts::new(if sure { Confidence::High } else { Confidence::Medium }, why)
        .about(root)
        .fact(case, Source::Seen, Ground::Client, "no proxy left a mark on the request")
        .scope_known(case)
        .answer_seen(case);
    parts
        .fix([fix])
        .not("taking the root path away: the app's own port works then, and the way through the proxy breaks")
}
