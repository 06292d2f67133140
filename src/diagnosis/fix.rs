//! What may be changed where a prefix goes wrong.
//!
//! The proxy strips the prefix or keeps it, and the server's root path or the app's own names it: which of the four is right
//! depends on server and framework. uvicorn since 0.26 puts its root path before the path, so that it must be stripped;
//! every other server wants it kept; Starlette until 0.32 wants it stripped whoever names it. All four are candidates, told
//! as their difference from the present; which of them helps is found out by who tries them.

use super::case::Case;
use super::change::{AppChange, Change, Fix};
use super::prefix;
use super::server_words::ServerWords;
use super::wording::Proxy;
use crate::asgi::Outcome;
use crate::asgi::server::{Ends, RootPathUse, Server};
use crate::gateway;
use crate::lanes::Setup;

/// A change that can be thought through for what a proxy was seen to send on; advice where its side of the app was not seen.
pub(super) fn change(case: &Case<'_>, line: impl Into<String>, changes: impl IntoIterator<Item = Change>) -> Fix {
    let can_try = case.app().is_some() || is_configured(case);
    if can_try { Fix::candidate(line, changes) } else { Fix::advice(line) }
}

/// A change of what a proxy answers by itself, or of what it does to answers: it can be thought through only where its
/// configuration is known, and is advice in any case.
pub(super) fn of_proxy(case: &Case<'_>, line: impl Into<String>, change: gateway::Change) -> Vec<Fix> {
    let tried = is_configured(case).then(|| Fix::candidate("", [Change::Proxy(change)]));
    tried.into_iter().chain([Fix::advice(line)]).collect()
}

/// The set-up for a prefix in which routes, mounts, redirects and links are all right with the server in use: stripped where
/// the server puts its root path before the path, kept with any other.
pub(super) fn clean_pair(case: &Case<'_>, prefix: &str) -> Fix {
    let (proxy, words) = (Proxy::of(case), ServerWords(&case.setup.server));
    let stripped = case.stripped().is_some();
    let (strip, told) = match (case.setup.server.root_path_use(), words.with_root(prefix)) {
        (RootPathUse::BeforePath, Some(told)) => (true, told),
        (RootPathUse::Alone, Some(told)) => (false, told),
        _ => (false, "a middleware in the app that sets root_path from X-Forwarded-Prefix".to_owned()),
    };
    let at_proxy = match (stripped, strip) {
        (true, true) | (false, false) => None,
        (false, true) => Some(proxy.strip(prefix)),
        (true, false) => Some(proxy.keep(prefix)),
    };
    let line = at_proxy.map_or_else(|| told.clone(), |at_proxy| format!("{at_proxy}  +  {told}"));
    let heeded = matches!(case.setup.server.root_path_use(), RootPathUse::BeforePath | RootPathUse::Alone);
    let (server, app) = if heeded { (prefix, kept_root(case.setup, prefix)) } else { ("", prefix) };
    let today = case.outgoing().map(|_| stripped);
    Fix::candidate(line, differences(case.setup, prefix, today, strip, server, app))
}

/// The app's own root path, where it may stay beside the server's: both say the same.
fn kept_root<'a>(setup: &'a Setup, prefix: &str) -> &'a str {
    Some(setup.app.root_path.as_str()).filter(|root| *root == prefix).unwrap_or_default()
}

/// True if the proxy's configuration was read, so that changes can be written into it.
fn is_configured(case: &Case<'_>) -> bool {
    case.setup.gateway.as_ref().is_some_and(|gateway| gateway.origin.is_some())
}

/// The candidates that may make a request below `prefix` work. `stripped` says what the proxy does today.
pub(super) fn for_prefix(case: &Case<'_>, prefix: &str, stripped: bool) -> Vec<Fix> {
    let today = case.outgoing().map(|_| stripped);
    arrangements(case.setup, prefix, today).into_iter().map(|changes| Fix::candidate("", changes)).collect()
}

/// The ways in which proxy, server and app can be set up for one prefix, each as its difference from the present; what the
/// proxy does today is not always known. Those that leave the app's code alone come first.
pub(crate) fn arrangements(setup: &Setup, prefix: &str, stripped: Option<bool>) -> Vec<Vec<Change>> {
    let heeded = !matches!(setup.server.root_path_use(), RootPathUse::Ignored | RootPathUse::Unknown);
    let root = setup.app.root_path.as_str();
    let by_server = [(true, prefix, ""), (false, prefix, "")];
    let by_both = [(true, prefix, root), (false, prefix, root)];
    let by_app = [(true, "", prefix), (false, "", prefix)];
    let mut all = Vec::with_capacity(6);
    all.extend(by_both.into_iter().filter(|_| heeded && root == prefix));
    all.extend(by_server.into_iter().filter(|_| heeded));
    all.extend(by_app);
    let changes = |(strip, server, app)| differences(setup, prefix, stripped, strip, server, app);
    all.into_iter().map(changes).filter(|changes| !changes.is_empty()).collect()
}

fn differences(
    setup: &Setup,
    prefix: &str,
    stripped: Option<bool>,
    strip: bool,
    server: &str,
    app: &str,
) -> Vec<Change> {
    let mut changes = Vec::with_capacity(3);
    if stripped != Some(strip) {
        let to = if strip { String::new() } else { prefix.to_owned() };
        changes.push(Change::Proxy(gateway::Change::Path { prefix: prefix.to_owned(), to }));
    }
    if setup.server.root_path != server {
        let option = setup.server.program().root_path_option().to_owned();
        changes.push(Change::Server(option, Some(server.to_owned()).filter(|root| !root.is_empty())));
    }
    if setup.app.root_path != app {
        changes.push(if !app.is_empty() && setup.app.prefix_header {
            Change::Proxy(gateway::Change::SendPrefix(app.to_owned()))
        } else {
            Change::App(AppChange::RootPath(app.to_owned()))
        });
    }
    changes
}

/// The path that the app would see with `--root-path prefix` and nothing else changed; for the line that says why not.
pub(super) fn with_server_root(case: &Case<'_>, prefix: &str, stripped: bool) -> Option<String> {
    let half = case.exchange.inner()?;
    let rest = match case.outgoing() {
        Some(path) if stripped => path,
        Some(path) => prefix::below(path, prefix)?,
        None => prefix::below(case.incoming(), prefix)?,
    };
    let path = match (stripped, rest.is_empty()) {
        (true, true) => b"/".to_vec(),
        (true, false) => rest.to_vec(),
        (false, _) => [prefix.as_bytes(), rest].concat(),
    };
    let head = half.request.with_path(&path)?;
    let (peer, local) = match half.upstream {
        Some((server, us)) => (us, server),
        None => (half.peer, half.local),
    };
    let server = Server { root_path: prefix.to_owned(), ..case.setup.server.clone() };
    match server.receive(head.as_bytes(), &Ends::tcp(peer, local)) {
        Outcome::Scope(scope) if case.setup.app.other_route(&scope).is_none() => {
            Some(case.setup.app.view(&scope).scope.path)
        }
        _ => None,
    }
}
