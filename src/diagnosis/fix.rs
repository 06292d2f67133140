//! Fixes for prefix faults, tried in the models before they are offered.
//!
//! The proxy strips the prefix or keeps it, and the server's root path or the app's own names it: which of the four is right
//! depends on server and framework. uvicorn since 0.26 puts its root path before the path, so that it must be stripped;
//! every other server wants it kept; Starlette until 0.32 wants it stripped whoever names it. All four are computed with the
//! models of those in use, and what is printed is their difference from the present; the app's own go last, because the
//! others leave its code alone.

use super::case::Case;
use super::prefix;
use super::server_words::ServerWords;
use super::shown;
use super::wording::Proxy;
use crate::asgi::Outcome;
use crate::asgi::framework::{App, AppView, RouteMatch, Routes};
use crate::asgi::server::{Ends, RootPathUse, Server};

/// A set-up for one prefix: what the proxy does with it, and who is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan<'a> {
    strip: bool,
    server_root: &'a str,
    app_root: &'a str,
}

/// The fixes that make a request below `prefix` work, best first. `stripped` says what the proxy does today.
pub(super) fn for_prefix(case: &Case<'_>, prefix: &str, stripped: bool) -> Vec<String> {
    let today =
        Plan { strip: stripped, server_root: &case.setup.server.root_path, app_root: &case.setup.app.root_path };
    let heeded = !matches!(case.setup.server.root_path_use(), RootPathUse::Ignored | RootPathUse::Unknown);
    let by_server = [true, false].map(|strip| Plan { strip, server_root: prefix, app_root: "" });
    let by_app = [true, false].map(|strip| Plan { strip, server_root: "", app_root: prefix });
    by_server
        .iter()
        .filter(|_| heeded)
        .chain(&by_app)
        .filter(|plan| **plan != today)
        .filter_map(|plan| {
            let line = describe(case, prefix, &today, plan);
            match predict(case, prefix, stripped, plan) {
                Predicted::View(view) if works(&view, prefix, case.routes().is_some_and(Routes::are_all)) => {
                    Some(format!("{line}. Predicted: {}", in_words(&view)))
                }
                // Of what the models do not know, the one that holds with every server and every newer framework is told.
                Predicted::Unknown if !plan.strip && plan.server_root.is_empty() => Some(line),
                Predicted::View(_) | Predicted::Refused | Predicted::Unknown => None,
            }
        })
        .collect()
}

/// The path that the app would see with `--root-path prefix` and nothing else changed; for the line that says why not.
pub(super) fn with_server_root(case: &Case<'_>, prefix: &str, stripped: bool) -> Option<String> {
    let plan = Plan { strip: stripped, server_root: prefix, app_root: &case.setup.app.root_path };
    match predict(case, prefix, stripped, &plan) {
        Predicted::View(view) => Some(view.scope.path),
        Predicted::Refused | Predicted::Unknown => None,
    }
}

/// What a plan changes, in one line.
fn describe(case: &Case<'_>, prefix: &str, today: &Plan<'_>, plan: &Plan<'_>) -> String {
    let (proxy, server) = (Proxy::of(case), ServerWords(&case.setup.server));
    let mut parts = Vec::with_capacity(3);
    if today.strip != plan.strip {
        parts.push(if plan.strip { proxy.strip(prefix) } else { proxy.keep(prefix) });
    }
    if today.server_root != plan.server_root {
        let told = Some(plan.server_root).filter(|root| !root.is_empty()).and_then(|root| server.with_root(root));
        parts.push(told.unwrap_or_else(|| server.without_root(today.server_root)));
    }
    if today.app_root != plan.app_root {
        parts.push(if !plan.app_root.is_empty() && case.setup.app.prefix_header {
            format!("X-Forwarded-Prefix: {} from the proxy", shown::text(prefix))
        } else if plan.app_root.is_empty() {
            format!("FastAPI() without root_path=\"{}\"", shown::text(today.app_root))
        } else {
            format!(
                "FastAPI(root_path=\"{}\") in the app (deprecated since 0.146), or a middleware that takes it from \
                 X-Forwarded-Prefix",
                shown::text(plan.app_root)
            )
        });
    }
    parts.join("  +  ")
}

/// What the models say of a plan.
enum Predicted {
    /// The app would see this.
    View(Box<AppView>),
    /// The server would refuse the request, or hang up.
    Refused,
    /// They do not know.
    Unknown,
}

/// The request below `prefix` again, with the plan in place.
fn predict(case: &Case<'_>, prefix: &str, stripped: bool, plan: &Plan<'_>) -> Predicted {
    let Some(outcome) = receive(case, prefix, stripped, plan) else { return Predicted::Unknown };
    match outcome {
        // What makes another framework's links and pages work is not known well enough to promise anything.
        Outcome::Scope(scope) if case.setup.app.other_route(&scope).is_some() => Predicted::Unknown,
        Outcome::Scope(scope) => {
            let app = App { root_path: plan.app_root.to_owned(), prefix_header: false, ..case.setup.app.clone() };
            Predicted::View(Box::new(app.view(&scope)))
        }
        Outcome::Refused { .. } | Outcome::Closed { .. } => Predicted::Refused,
        Outcome::Unknown { .. } => Predicted::Unknown,
    }
}

/// What the server would make of the request. `None` if neither what was sent on nor what was asked for tells its path.
fn receive(case: &Case<'_>, prefix: &str, stripped: bool, plan: &Plan<'_>) -> Option<Outcome> {
    let half = case.exchange.inner()?;
    let rest = match case.outgoing() {
        Some(path) if stripped => path,
        Some(path) => prefix::below(path, prefix)?,
        None => prefix::below(case.incoming(), prefix)?,
    };
    let path = match (plan.strip, rest.is_empty()) {
        (true, true) => b"/".to_vec(),
        (true, false) => rest.to_vec(),
        (false, _) => [prefix.as_bytes(), rest].concat(),
    };
    let head = half.request.with_path(&path)?;
    let (peer, local) = match half.upstream {
        Some((server, us)) => (us, server),
        None => (half.peer, half.local),
    };
    let server = Server { root_path: plan.server_root.to_owned(), ..case.setup.server.clone() };
    Some(server.receive(head.as_bytes(), &Ends::tcp(peer, local)))
}

/// Whether everything that hangs on the prefix is right: mounts, links and, where routes are known, the route itself.
fn works(view: &AppView, prefix: &str, all_routes: bool) -> bool {
    let routed = match view.route {
        RouteMatch::Route(_) | RouteMatch::OtherMethod(_) | RouteMatch::Mount(_) | RouteMatch::Slash(_) => true,
        // Whatever the routes are, none has the prefix: a Starlette that takes nothing off the path looks for it in vain.
        RouteMatch::Unknown => prefix::below_text(&view.route_path, prefix).is_none(),
        // A mount or a route that the schema does not list may still take it; the path it is asked for must be right.
        RouteMatch::None => !all_routes && prefix::below_text(&view.route_path, prefix).is_none(),
    };
    routed && view.path_has_root && prefix::below_text(&view.openapi_url, prefix).is_some()
}

/// The predicted result in a few words.
fn in_words(view: &AppView) -> String {
    match &view.route {
        RouteMatch::Route(template) | RouteMatch::OtherMethod(template) | RouteMatch::Mount(template) => {
            format!("route {}", shown::text(template))
        }
        RouteMatch::Slash(path) => format!("redirect to {}", shown::text(path)),
        RouteMatch::None | RouteMatch::Unknown => format!("the app looks for {}", shown::text(&view.route_path)),
    }
}
