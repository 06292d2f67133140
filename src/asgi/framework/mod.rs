//! What Starlette and FastAPI make of a scope: the route path, the slash redirect, the URLs they build.
//!
//! Read in Starlette 1.10 and FastAPI 0.163, and checked against recordings of them on uvicorn 0.54.

mod routes;
mod url;

pub use routes::{FASTAPI_OWN, OpenApiError, RouteMatch, Routes};

use crate::asgi::{Scope, ScopeType};
use crate::forwarded::latin1;

/// What is known of the app on top of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct App {
    /// `FastAPI(root_path=…)`, empty if not given: replaces the scope's `root_path` when not empty.
    pub root_path: String,
    /// True if a middleware of the app sets `root_path` from `X-Forwarded-Prefix` (the FastAPI docs' pattern).
    pub prefix_header: bool,
    /// The app's routes, where known.
    pub routes: Option<Routes>,
}

/// What the framework sees once the app's own settings have been applied to the server's scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppView {
    /// The scope with the app's `root_path` in it.
    pub scope: Scope,
    /// True if the app (argument or middleware) replaced the server's `root_path`.
    pub root_path_replaced: bool,
    /// `path` less `root_path`: what routes are compared with (Starlette `get_route_path`, since 0.39.1).
    pub route_path: String,
    /// False if `path` does not start with a non-empty `root_path`: mounts and static files then 404.
    pub path_has_root: bool,
    /// Which route takes it.
    pub route: RouteMatch,
    /// `request.base_url`, e.g. `http://host/api/v1/`.
    pub base_url: String,
    /// What `url_for` gives for the route that was asked for: `base_url` plus route path.
    pub url_for: String,
    /// The Location of a slash redirect for this path (slash added, or removed).
    pub slash_redirect: String,
    /// What the docs page will ask for: `root_path` plus `/openapi.json`.
    pub openapi_url: String,
}

/// What the app will answer, as far as its routes tell. A route may still answer what it likes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prediction {
    /// A route takes the request.
    Found,
    /// No route does: 404 (a websocket is closed before it is accepted, which the client sees as 403).
    NotFound,
    /// A slash redirect (307) to this Location.
    Redirect(String),
    /// The routes are not known, or a mount decides.
    Unknown,
}

impl App {
    /// Applies the app's settings to the server's scope. `host` is the Host header, `prefix` the last
    /// `X-Forwarded-Prefix` value.
    pub fn view(&self, scope: &Scope, host: Option<&[u8]>, prefix: Option<&[u8]>) -> AppView {
        let mut scope = scope.clone();
        let replaced = self.replaced_root_path(prefix);
        let root_path_replaced = replaced.is_some();
        if let Some(root_path) = replaced {
            scope.root_path = root_path;
        }
        let top = scope.root_path.clone();
        self.look(scope, root_path_replaced, host, &top)
    }

    /// The `root_path` that the app sets: its argument wins over its middleware, whose value may be empty.
    fn replaced_root_path(&self, prefix: Option<&[u8]>) -> Option<String> {
        if self.root_path.is_empty() {
            prefix.filter(|_| self.prefix_header).map(latin1)
        } else {
            Some(self.root_path.clone())
        }
    }

    /// The view of a scope that is final. `top` is the `root_path` of the outermost app, on which `base_url` rests.
    fn look(&self, scope: Scope, root_path_replaced: bool, host: Option<&[u8]>, top: &str) -> AppView {
        let route_path = route_path(&scope.path, &scope.root_path);
        let authority = url::authority(&scope, host);
        let authority = authority.as_deref();
        let slashed = routes::slashed_path(&scope.path, &route_path);
        let base = if top.ends_with('/') { top.to_owned() } else { format!("{top}/") };
        let slash_url = url::url(scope.scheme(), authority, &slashed, &scope.query_string);
        AppView {
            root_path_replaced,
            path_has_root: has_root(&scope.path, &scope.root_path),
            route: self.route(&scope, &route_path, &slashed),
            base_url: url::url(scope.scheme(), authority, &base, b""),
            url_for: url::absolute(scope.kind, scope.scheme(), authority, &base, &route_path),
            slash_redirect: url::location(&slash_url),
            openapi_url: format!("{}/openapi.json", scope.root_path.trim_end_matches('/')),
            route_path,
            scope,
        }
    }

    fn route(&self, scope: &Scope, route: &str, slashed: &str) -> RouteMatch {
        let Some(routes) = &self.routes else { return RouteMatch::Unknown };
        match routes.find_or(route, &route_path(slashed, &scope.root_path)) {
            // Starlette redirects plain requests only.
            RouteMatch::Slash(_) if scope.kind == ScopeType::WebSocket => RouteMatch::None,
            found => found,
        }
    }
}

impl AppView {
    /// What the app will answer, as far as is known. `app` is the one this is a view of.
    pub fn predicted(&self, app: &App) -> Prediction {
        match &self.route {
            RouteMatch::Route(_) => Prediction::Found,
            // Below a mount the root_path has grown by the mount; if the path lacks the root, it cannot match there.
            RouteMatch::Mount(_) if !self.path_has_root => Prediction::NotFound,
            RouteMatch::Slash(_) => Prediction::Redirect(self.slash_redirect.clone()),
            RouteMatch::None if app.routes.as_ref().is_some_and(Routes::are_all) => Prediction::NotFound,
            RouteMatch::Unknown | RouteMatch::Mount(_) | RouteMatch::None => Prediction::Unknown,
        }
    }

    /// What `sub`, mounted at `mount`, sees of this request: `root_path` grown by the mount point, `path` as it is, and
    /// the outermost `base_url` (Starlette `Mount.matches`). `mount` must have no parameters.
    #[must_use]
    pub fn below_mount(&self, mount: &str, sub: &App, host: Option<&[u8]>) -> AppView {
        let mut scope = self.scope.clone();
        scope.root_path.push_str(mount.trim_end_matches('/'));
        if !sub.root_path.is_empty() {
            scope.root_path.clone_from(&sub.root_path);
        }
        sub.look(scope, !sub.root_path.is_empty(), host, &self.scope.root_path)
    }

    /// `request.url`. `host` is the Host header.
    pub fn url(&self, host: Option<&[u8]>) -> String {
        let authority = url::authority(&self.scope, host);
        url::url(self.scope.scheme(), authority.as_deref(), &self.scope.path, &self.scope.query_string)
    }
}

/// `get_route_path`: `path` less `root_path` where that ends at a segment's border, else `path` whole.
fn route_path(path: &str, root_path: &str) -> String {
    match path.strip_prefix(root_path) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest.to_owned(),
        _ => path.to_owned(),
    }
}

/// True if `path` is or goes on below a `root_path`, or if there is none.
fn has_root(path: &str, root_path: &str) -> bool {
    root_path.is_empty() || path.strip_prefix(root_path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests;
