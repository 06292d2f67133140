//! # PX08: root path badly written
//!
//! ## What it says
//! The root path that the server or the app was given is not of the form `/api/v1`: it ends in a slash, has none at its
//! start, is `/` alone, or holds what no path has. Paths and addresses that are put together from it are wrong.
//!
//! ## Why it happens
//! Nobody checks it: texts are joined. uvicorn makes `/api/v1//items` of `--root-path /api/v1/` and `//items` of
//! `--root-path /`; Starlette looks for `/api/v1/` followed by a slash; a root path without its first slash makes the docs
//! page's address a relative one. One that is not ASCII cannot be put into `raw_path`: uvicorn closes the connection.
//!
//! ## How it is told from its neighbours
//! - `NG02`: the doubled slash comes from the proxy; it is in the path that reached the server.
//! - `PX03`, `PX04`: the root path is well written and is not that of the path.
//! - A badly written root path that nothing comes of is no finding.
//!
//! ## Example
//! ```text
//! uvicorn --root-path /api/v1/    in /api/v1/items    out /items    307 Location: http://example.com/api/v1//items/
//! ```
//! Seen in ctrliq/ascender#994, emmett-framework/granian#723, Kludex/starlette#2966.
//!
//! ## Fix
//! `--root-path /api/v1`: a slash at the start, none at the end; leave it out for none.
//!
//! ## Not
//! Merging slashes at the proxy (`merge_slashes`): the doubled one is made behind it.

use crate::asgi::Outcome;
use crate::asgi::framework::RouteMatch;
use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::{AppChange, Change, Confidence, Fix, Ground, Severity, prefix, shown};
use crate::lanes::{Rewrite, Source};
use crate::redirect::PrefixVerdict;

pub(super) const RULE: Rule = Rule {
    code: "PX08",
    title: "root path badly written",
    severity: Severity::Error,
    source: include_str!("px08.rs"),
    check,
};

/// Who was given the root path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Server,
    App,
}

fn check(case: &Case<'_>) -> Answer {
    match given(case) {
        Some((whose, root, fault)) => {
            consequence(case, root).map_or(Answer::No, |what| Answer::Yes(known(case, whose, root, fault, &what)))
        }
        None => doubled_in_location(case).or_else(|| not_taken_off(case)).map_or(Answer::No, Answer::Yes),
    }
}

/// The root path that is badly written, and how.
fn given<'a>(case: &Case<'a>) -> Option<(Whose, &'a str, &'static str)> {
    let server = case.lanes.scope.outcome.as_ref().and_then(Outcome::scope).map(|scope| scope.root_path.as_str());
    let told = Some(case.setup.server.root_path.as_str());
    let app = case.view().map(|view| view.scope.root_path.as_str());
    let of_app = app.filter(|_| case.view().is_some_and(|view| view.root_path_replaced));
    let candidates = [(Whose::Server, server.or(told)), (Whose::App, of_app)];
    candidates.into_iter().find_map(|(whose, root)| Some((whose, root?, fault(root?)?)))
}

/// What is wrong with a root path; `None` for one that is well written, or empty.
fn fault(root: &str) -> Option<&'static str> {
    if root.is_empty() {
        None
    } else if root == "/" {
        Some("is a slash alone")
    } else if root.contains("://") {
        Some("is a whole URL")
    } else if !root.starts_with('/') {
        Some("does not begin with a slash")
    } else if root.ends_with('/') {
        Some("ends in a slash")
    } else if root.contains("//") {
        Some("holds two slashes in a row")
    } else if root.bytes().any(|b| b.is_ascii_whitespace()) {
        Some("holds white space")
    } else if !root.is_ascii() {
        Some("is not ASCII")
    } else {
        None
    }
}

/// What comes of it for this request; `None` if nothing does.
fn consequence(case: &Case<'_>, root: &str) -> Option<String> {
    match &case.lanes.scope.outcome {
        Some(Outcome::Closed { why } | Outcome::Refused { why, .. }) if !root.is_ascii() => {
            return Some(format!("the server gives up: {}", shown::text(why)));
        }
        _ => {}
    }
    let view = case.view()?;
    if let Some(judged) = case.redirect() {
        let path = String::from_utf8_lossy(&judged.target.path).into_owned();
        let joined = well_written(root) + "//";
        if path.starts_with(&joined) || root.contains("//") && path.contains(root) {
            return Some(format!("the redirect leads to {}", shown::text(&path)));
        }
    }
    let location = case.lanes.answer.location_at_app.as_deref().unwrap_or_default();
    if !is_rooted(root) && is_glued(location, root) {
        return Some(format!("the redirect leads to {}", shown::bytes(location)));
    }
    let misread = !view.path_has_root || view.route_path.starts_with("//") || !is_rooted(&view.route_path);
    if case.miss().is_some() && misread {
        return Some(format!("the app looks for {}", shown::text(&view.route_path)));
    }
    let server =
        case.body().servers.as_ref().and_then(|servers| servers.first()).filter(|server| !is_whole(server.as_bytes()));
    if let Some(server) = server {
        return Some(format!("the description's server is {}, which is relative", shown::text(server)));
    }
    if let Some(lost) = lost(case, root) {
        return Some(lost);
    }
    let schema = case.body().schema.as_deref().filter(|schema| !is_whole(schema.as_bytes()));
    schema.map(|schema| format!("the docs page asks for {}, which is relative", shown::text(schema)))
}

/// A slash alone is no prefix: what the app builds by it lacks the public one.
fn lost(case: &Case<'_>, root: &str) -> Option<String> {
    let prefix = Some(case.prefix()).filter(|prefix| !prefix.is_empty() && root == "/")?;
    let p = shown::text(prefix);
    if let Some(judged) = case.redirect().filter(|judged| judged.prefix == PrefixVerdict::Lost) {
        return Some(format!("the redirect leads to {}, without {p}", shown::bytes(&judged.target.path)));
    }
    let schema = case.body().schema.as_deref().filter(|schema| prefix::below_text(schema, prefix).is_none());
    schema.map(|schema| format!("the docs page asks for {}, without {p}", shown::text(schema)))
}

/// True for a reference that means the same wherever it stands.
fn is_whole(reference: &[u8]) -> bool {
    reference.starts_with(b"/") || memchr::memmem::find(reference, b"://").is_some()
}

/// True if the root path stands behind something else than a slash.
fn is_glued(location: &[u8], root: &str) -> bool {
    let at = memchr::memmem::find(location, root.as_bytes()).filter(|_| !root.is_empty());
    at.and_then(|at| location.get(at.checked_sub(1)?)).is_some_and(|&before| before != b'/')
}

fn is_rooted(path: &str) -> bool {
    path.starts_with('/')
}

fn known(case: &Case<'_>, whose: Whose, root: &str, fault: &str, what: &str) -> Parts {
    let (shown, clean) = (shown::text(root), meant(case, root));
    let server = ServerWords(&case.setup.server);
    let (where_, line, change) = match (whose, clean.is_empty()) {
        (Whose::Server, true) => {
            let option = case.setup.server.program().root_path_option().to_owned();
            (server.root_option(), server.without_root(root), Change::Server(option, None))
        }
        (Whose::Server, false) => {
            let option = case.setup.server.program().root_path_option().to_owned();
            let line = server.with_root(&clean).unwrap_or_else(|| format!("root path {clean}"));
            (server.root_option(), line, Change::Server(option, Some(clean.clone())))
        }
        (Whose::App, _) => {
            let line = format!("FastAPI(root_path=\"{}\")", shown::text(&clean));
            ("the app's root_path".to_owned(), line, Change::App(AppChange::RootPath(clean.clone())))
        }
    };
    let why = format!("{where_} is \"{shown}\", which {fault}: texts are joined as they are, and {what}.");
    // The prefix that is meant names the cause; a slash alone means none.
    let about = if well_written(root).is_empty() { format!("root path {shown}") } else { clean };
    Parts::new(Confidence::High, why)
        .about(about)
        .scope_known(case)
        .path_seen(case)
        .answer_seen(case)
        .fix([Fix::candidate(line, [change])])
        .not("merging slashes at the proxy: the doubled one is made behind it")
}

/// The app's own redirect has the prefix and two slashes behind it, though nothing came with two: the root path that nobody
/// told of ends in one.
fn doubled_in_location(case: &Case<'_>) -> Option<Parts> {
    let judged = case.redirect()?;
    let (prefix, seen) = case.stripped()?;
    let path = String::from_utf8_lossy(&judged.target.path).into_owned();
    let doubled = path.strip_prefix(prefix)?.starts_with("//");
    let clean = !case.incoming().windows(2).any(|two| two == b"//");
    if !doubled || !clean || !seen || !case.setup.server.root_path.is_empty() {
        return None;
    }
    let (p, to) = (shown::text(prefix), shown::text(&path));
    let why = format!("The redirect leads to {to}: the app puts a root path before its path that ends in a slash.");
    let server = ServerWords(&case.setup.server);
    let line = server.with_root(prefix).unwrap_or_else(|| format!("a root path without its final slash: {p}"));
    let parts = Parts::new(Confidence::Medium, why)
        .about(prefix)
        .path_seen(case)
        .fact(case, Source::Seen, Ground::Answer, format!("Location leads to {to}"))
        .missing("how the server was started")
        .fix([Fix::advice(line)])
        .not("merging slashes at the proxy: the doubled one is made behind it");
    Some(parts)
}

/// The app's root path is known from its pages, which show no final slash; and a route that is there is not found.
fn not_taken_off(case: &Case<'_>) -> Option<Parts> {
    let view = case.view().filter(|view| view.root_path_replaced && view.path_has_root)?;
    let RouteMatch::Route(template) = &view.route else { return None };
    let root = view.scope.root_path.as_str();
    let came_so = matches!(case.lanes.rewritten.rewrite, Rewrite::Kept | Rewrite::Unknown);
    let plain = !template.contains('{') && came_so;
    let missed = case.status() == Some(404) && case.is_router_page() && case.lanes.scope.source != Source::Probe;
    if !plain || !missed || root.is_empty() {
        return None;
    }
    let (r, template, path) = (shown::text(root), shown::text(template), shown::text(&view.scope.path));
    let why = format!(
        "The app's root path is {r} and it has a route {template}, yet it answers 404 to {path}: it looks like the root path \
         that it was given ends in a slash.",
    );
    let line = format!("FastAPI(root_path=\"{r}\"), without a final slash");
    let parts = Parts::new(Confidence::Medium, why).about(root).path_seen(case).answer_seen(case);
    let parts = parts.route_known(case, &view.route_path).missing("the app's root_path as it is written in its code");
    Some(parts.fix([Fix::advice(line)]).not("merging slashes at the proxy: the doubled one is made behind it"))
}

/// The root path that was meant here: where a slash alone was given and a prefix is taken off, that prefix.
fn meant(case: &Case<'_>, root: &str) -> String {
    match (well_written(root), case.stripped()) {
        (clean, Some((prefix, _))) if clean.is_empty() => prefix.to_owned(),
        (clean, _) => clean,
    }
}

/// The root path as it is well written.
fn well_written(root: &str) -> String {
    let path = root.split_once("://").map_or(root, |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let parts = path.split('/').map(str::trim).filter(|part| !part.is_empty());
    parts.fold(String::new(), |whole, part| whole + "/" + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_path_that_was_meant() {
        for (given, meant) in [
            ("/api/v1/", "/api/v1"),
            ("api/v1", "/api/v1"),
            ("/", ""),
            ("//api//v1", "/api/v1"),
            (" /api ", "/api"),
            ("https://example.com/api/v1/", "/api/v1"),
            ("https://example.com", ""),
        ] {
            assert_eq!(well_written(given), meant, "{given}");
            assert!(fault(given).is_some() && fault(meant).is_none(), "{given}");
        }
    }
}
