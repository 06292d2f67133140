//! # PX13: OpenAPI servers wrong
//!
//! ## What it says
//! The API's description was served, and its `servers` name another place than the one it was served from: what is tried out
//! in the docs page, and every client generated from it, goes there.
//!
//! ## Why it happens
//! FastAPI lists its `root_path` as the first server. A root path that is not the proxy's prefix, or a list that somebody
//! wrote down for another environment, sends clients astray, and the docs page does not find the description. So does a
//! description without `servers` below a prefix that the app does not know. Until
//! 0.132.0 FastAPI keeps the list of the first request for all others.
//!
//! ## How it is told from its neighbours
//! - `PX05`: the docs page does not find the description because the app does not know the proxy's prefix; here it has a
//!   root path and the proxy no such prefix.
//! - `PX12`: the same, because the app was asked on its own port.
//! - `MC01`: other addresses in a page or answer have the wrong scheme.
//! - A first server on another host is meant as it is, and so is a path that the description lies below.
//!
//! ## Example
//! ```text
//! GET /api/v2/openapi.json → 200 {"openapi":"3.1.0", …, "servers":[{"url":"/api/v1"}]}
//! ```
//! Seen in fastapi/fastapi#1294, #1596, #1284, #14986.
//!
//! ## Fix
//! Give the server the proxy's prefix as its root path; for a list of your own `FastAPI(servers=[{"url": "/api/v2"}])`, with
//! `root_path_in_servers=False` if the root path shall not be in it.
//!
//! ## Not
//! `root_path_in_servers=False` alone: without any server clients take the root of the host.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::{AppChange, Change, Confidence, Fix, Ground, Severity, fix, prefix, shown};
use crate::lanes::{Rewrite, Source};
use crate::redirect::Url;

pub(super) const RULE: Rule = Rule {
    code: "PX13",
    title: "OpenAPI servers wrong",
    severity: Severity::Warn,
    source: include_str!("px13.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    // Where the client's own URL is not known, neither is what the servers should be.
    let public = case.exchange.edge.is_some() || case.stripped().is_some();
    if case.status() != Some(200) || !public {
        return Answer::No;
    }
    let Some(servers) = &case.body().servers else { return docs_page(case) };
    let asked = case.asked();
    match servers.first() {
        None => without_any(case).map_or(Answer::No, Answer::Yes),
        Some(first) => match asked.resolve(first.as_bytes()) {
            Some(to) => named(case, &asked, first, &to).map_or(Answer::No, Answer::Yes),
            None => Answer::No,
        },
    }
}

/// The docs page loads the description from below a root path that the proxy knows nothing of: the browser's next request
/// tells.
fn docs_page(case: &Case<'_>) -> Answer {
    let kept = case.lanes.rewritten.rewrite == Rewrite::Kept;
    let Some((view, schema)) = case.view().zip(case.body().schema.as_deref()).filter(|_| kept) else {
        return Answer::No;
    };
    let root = view.scope.root_path.trim_end_matches('/');
    if prefix::below_text(schema, root).is_none() || prefix::below(&case.lanes.original.path, root).is_some() {
        return Answer::No;
    }
    let (s, r, page) = (shown::text(schema), shown::text(root), shown::bytes(&case.lanes.original.path));
    let why =
        format!("{page} loads its description from {s}: the app has the root path {r}, and the proxy no such prefix.");
    let parts = Parts::new(Confidence::High, why)
        .about(format!("root path {r}"))
        .path_seen(case)
        .scope_known(case)
        .fact(case, Source::Seen, Ground::Answer, format!("the page names {s}"))
        .missing("whether anybody answers there")
        .fix(fixes(case, root))
        .not("openapi_url= with or without the root path: the page finds its description, and its servers stay wrong");
    Answer::Wait(parts.next(schema.as_bytes().to_vec(), Some(case.lanes.original.path.clone())))
}

/// No server is named, and the prefix was stripped: clients call the root of the host.
fn without_any(case: &Case<'_>) -> Option<Parts> {
    let (prefix, _) = case.stripped()?;
    let p = shown::text(prefix);
    let paths = [&format!("\"{prefix}/"), &format!("\"{prefix}\"")];
    if paths.iter().any(|path| case.body().text.contains(path.as_str())) {
        return None;
    }
    let why = format!(
        "The description was served below {p} and names no server: clients made of it, and what is tried out in the docs \
         page, call the root of the host.",
    );
    let parts = Parts::new(Confidence::High, why)
        .about(prefix)
        .path_seen(case)
        .fact(case, Source::Seen, Ground::Answer, "the description has no servers")
        .fix(fix::for_prefix(case, prefix, true));
    Some(parts.not("root_path_in_servers=False: without any server clients take the root of the host"))
}

/// The first server is on this host, and elsewhere.
fn named(case: &Case<'_>, asked: &Url, first: &str, to: &Url) -> Option<Parts> {
    let here = to.host == asked.host && to.effective_port() == asked.effective_port();
    let other_scheme = to.host == asked.host && to.scheme != asked.scheme && first.contains("://");
    let base = String::from_utf8_lossy(&to.path).trim_end_matches('/').to_owned();
    let above = base.is_empty() || prefix::below(&asked.path, &base).is_some();
    let lost = base.is_empty() && case.stripped().is_some();
    if !here && !other_scheme || above && !lost && !other_scheme {
        return None;
    }
    let (first, path) = (shown::text(first), shown::bytes(&asked.path));
    let wrong = if above && !lost { "its scheme is not the one that was asked by" } else { "that is not where it is" };
    let why = format!(
        "The description at {path} names {first} as its first server, and {wrong}: clients made of it go astray."
    );
    let about =
        if case.prefix().is_empty() { format!("root path {}", shown::text(&base)) } else { case.prefix().to_owned() };
    let parts = Parts::new(Confidence::High, why)
        .about(about)
        .path_seen(case)
        .fact(case, Source::Seen, Ground::Answer, format!("servers begins with {first}"))
        .fix(fixes(case, &base));
    Some(parts.not("root_path_in_servers=False alone: without any server clients take the root of the host"))
}

fn fixes(case: &Case<'_>, base: &str) -> Vec<Fix> {
    let mut fixes = Vec::new();
    let framework = case.setup.app.framework;
    if framework.keeps_first_openapi()
        && case.view().is_some_and(|view| view.scope.root_path.trim_end_matches('/') != base)
    {
        fixes.push(Fix::advice(
            "fastapi 0.132.1 or later: before, the list of the first request is kept for all others",
        ));
    }
    let prefix = case.prefix();
    let declared = [&case.setup.server.root_path, &case.setup.app.root_path];
    if prefix.is_empty() {
        let option = case.setup.server.program().root_path_option();
        let [server, app] = declared.map(|root| root.trim_end_matches('/') == base && !base.is_empty());
        let b = shown::text(base);
        if server {
            let line =
                format!("{} without --{option} {b}: the proxy has no such prefix", case.setup.server.program().name());
            fixes.push(Fix::candidate(line, [Change::Server(option.to_owned(), None)]));
        }
        if app {
            let line = format!("FastAPI() without root_path=\"{b}\": the proxy has no such prefix");
            fixes.push(Fix::candidate(line, [Change::App(AppChange::RootPath(String::new()))]));
        }
    } else {
        fixes.extend(fix::for_prefix(case, prefix, case.stripped().is_some()));
    }
    let p = if prefix.is_empty() { "/".to_owned() } else { shown::text(prefix) };
    fixes.push(Fix::advice(format!("or FastAPI(servers=[{{\"url\": \"{p}\"}}], root_path_in_servers=False)")));
    fixes
}
