//! # PX16: broke after an upgrade
//!
//! ## What it says
//! Server and framework disagree on what a root path means, because one of them was upgraded without the other, or the same
//! options now mean something else than they did in the release before.
//!
//! ## Why it happens
//! | release | what changed |
//! | --- | --- |
//! | uvicorn 0.26 | `--root-path` goes before the path as well |
//! | Starlette 0.33 | `root_path` is taken off the path before routes are compared |
//! | Starlette 0.35 | a path without its `root_path` breaks mounts, static files and redirects |
//! | Litestar 2.5.3, Quart 0.19, `BlackSheep` 2.6.2 | the same as Starlette 0.33 |
//!
//! uvicorn 0.26 with a Starlette before 0.33 looks for `/api/v1/items` where only `/items` exists, whatever the proxy does.
//!
//! ## How it is told from its neighbours
//! - `PX02`: both are new, and the proxy keeps the prefix.
//! - `PX01`, `PX04`: the same options would not have worked before either. What the earlier release made of the same request
//!   is asked of its model.
//!
//! ## Example
//! ```text
//! uvicorn 0.30 --root-path /api/v1, FastAPI 0.104 (Starlette 0.27):   in /api/v1/items   out /items   404
//! ```
//! Seen in paperless-ngx/paperless-ngx#5494, litestar-org/litestar#3041, ray-project/ray#57555, spec-first/connexion#1873.
//!
//! ## Fix
//! Upgrade the other one too: FastAPI 0.109 or later with uvicorn 0.26 or later; then the proxy strips and uvicorn has
//! `--root-path`. Or stay below for now: `uvicorn<0.26`.
//!
//! ## Not
//! The prefix in the app's own routes: it works with this pair of releases alone.

use crate::asgi::Release;
use crate::asgi::framework::{App, AppView, Framework, RouteMatch};
use crate::asgi::server::{Ends, Server};
use crate::diagnosis::case::{Case, Miss};
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::{Confidence, Fix, Ground, Severity, fix, prefix, shown};
use crate::lanes::{Earlier, Source};

pub(super) const RULE: Rule = Rule {
    code: "PX16",
    title: "broke after an upgrade",
    severity: Severity::Error,
    source: include_str!("px16.rs"),
    check,
};

/// From this Starlette on `root_path` is taken off the path.
const TAKES_ROOT_OFF: Release = Release::new(0, 33, 0);

fn check(case: &Case<'_>) -> Answer {
    let Some(miss) = case.miss() else { return Answer::No };
    new_server_old_framework(case).or_else(|| since_restart(case, miss)).map_or(Answer::No, Answer::Yes)
}

/// uvicorn puts the root path before the path, and Starlette does not take it off again.
fn new_server_old_framework(case: &Case<'_>) -> Option<Parts> {
    let view = case.view()?;
    let root = view.scope.root_path.trim_end_matches('/');
    let framework = case.setup.app.framework;
    let starlette = framework.modelled_starlette();
    let known = framework.starlette.is_some() || framework.fastapi.is_some();
    let once = prefix::below_text(&view.route_path, root)?;
    if !known || starlette >= TAKES_ROOT_OFF || !case.server_adds_root() || prefix::below_text(once, root).is_some() {
        return None;
    }
    let p = shown::text(root);
    let why = format!(
        "{} puts {p} before the path, and Starlette {starlette} does not take it off again (it does since 0.33): routes are \
         compared with {}.",
        case.lanes.scope.server,
        shown::text(&view.route_path),
    );
    let parts = Parts::new(Confidence::High, why)
        .about(root)
        .scope_known(case)
        .answer_seen(case)
        .fix(
            ["fastapi 0.109 or later (starlette 0.35 or later), with the server as it is", "or uvicorn<0.26 for now"]
                .map(Fix::advice),
        )
        .fix(fix::for_prefix(case, root, case.stripped().is_some()))
        .not(NOT);
    Some(parts)
}

/// The release that served before made something else of the same request.
fn since_restart(case: &Case<'_>, miss: Miss) -> Option<Parts> {
    let (now, before) = (case.view()?, case.setup.earlier.last()?);
    let (server, app) = (&case.setup.server, &case.setup.app);
    let same_options = Server { version: server.version, ..before.server.clone() } == *server;
    let upgraded = before.server.version != server.version || before.framework != app.framework;
    if !same_options || !upgraded {
        return None;
    }
    let then = by_earlier(case, before)?;
    let found = |view: &AppView| match view.route {
        RouteMatch::None => false,
        RouteMatch::Unknown => {
            view.path_has_root && prefix::below_text(&view.route_path, &view.scope.root_path).is_none()
        }
        _ => true,
    };
    let changed = (&then.route_path, then.path_has_root) != (&now.route_path, now.path_has_root);
    if !changed || !found(&then) || now.scope.root_path.is_empty() {
        return None;
    }
    let why = format!(
        "The app was started again with other releases: {} in place of {}. The same options made the app look for {} before, \
         and for {} now.",
        releases(server, app.framework),
        releases(&before.server, before.framework),
        shown::text(&then.route_path),
        shown::text(&now.route_path),
    );
    let root = now.scope.root_path.trim_end_matches('/');
    let then =
        format!("{} would look for {}", releases(&before.server, before.framework), shown::text(&then.route_path));
    let mut parts = Parts::new(Confidence::High, why).about(root).scope_known(case);
    parts = parts.known(Source::Derived, Ground::Server, None, then);
    if miss == Miss::Seen {
        parts = parts.answer_seen(case);
    }
    Some(parts.fix(fix::for_prefix(case, root, case.stripped().is_some())).not(NOT))
}

/// What the releases of before make of this request.
fn by_earlier(case: &Case<'_>, before: &Earlier) -> Option<AppView> {
    let half = case.exchange.inner()?;
    let (peer, local) = half.upstream.map_or((half.peer, half.local), |(server, us)| (us, server));
    let outcome = before.server.receive(half.request.as_bytes(), &Ends::tcp(peer, local));
    let app = App { framework: before.framework, ..case.setup.app.clone() };
    outcome.scope().map(|scope| app.view(scope))
}

/// `uvicorn 0.54.0, fastapi 0.163.2`
fn releases(server: &Server, framework: Framework) -> String {
    let packages = framework.packages().map(|(name, release)| format!(", {name} {release}"));
    format!("{} {}{}", server.program().name(), server.version, packages.collect::<String>())
}

const NOT: &str = "the prefix in the app's own routes: it works with this pair of releases alone";
