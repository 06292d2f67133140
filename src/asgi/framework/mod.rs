//! What Starlette and FastAPI make of a scope: the route path, the route, redirects, the URLs they build; by release.
//!
//! ```text
//! scope → X-Forwarded-Prefix middleware → FastAPI(root_path=…) → middlewares that answer by themselves
//!       → route path → route | mount → the same again below it | slash redirect | 404
//! ```
//!
//! Read in the sources of Starlette 0.21 to 1.10 and FastAPI 0.95 to 0.165 (`versions.rs` has the releases that changed
//! something), and checked against recordings and runs of them. `others` has the path rules of other frameworks.

mod answer;
mod files;
mod host;
mod middleware;
mod openapi;
mod others;
mod route_path;
mod routes;
mod template;
mod url;
mod versions;

pub use answer::{Answer, Prediction};
pub use files::Files;
pub use middleware::{Middleware, TrustedHosts};
pub use openapi::{FASTAPI_OWN, OwnPage, docs_root_path, openapi_server_path};
pub use others::{Other, Routed, mangum_path};
pub use routes::{Mount, Mounted, OpenApiError, Route, RouteMatch, Routes};
pub use versions::{Framework, Kind};

use crate::asgi::{Scope, ScopeType};
use crate::forwarded::latin1;
use answer::Slash;
use route_path::{Place, Way};
use routes::Asked;

/// What is known of the app on top of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// The framework and its releases.
    pub framework: Framework,
    /// `FastAPI(root_path=…)`, empty if not given: replaces the scope's `root_path` when not empty. Of Django it is
    /// `FORCE_SCRIPT_NAME`.
    pub root_path: String,
    /// `FastAPI(root_path_in_servers=…)`: whether the OpenAPI document lists `root_path` as a server.
    pub root_path_in_servers: bool,
    /// `FastAPI(servers=…)`: the URLs.
    pub servers: Vec<String>,
    /// `redirect_slashes=…`: whether a path that a slash makes right is redirected.
    pub redirect_slashes: bool,
    /// True if a middleware around the app sets `root_path` from `X-Forwarded-Prefix` (the FastAPI docs' pattern).
    pub prefix_header: bool,
    /// Its middlewares that answer by themselves, outermost first: the last one added.
    pub middleware: Vec<Middleware>,
    /// The app's routes, where known.
    pub routes: Option<Routes>,
    /// True if it answered 404 to `/openapi.json`, asked for without a prefix: it has no description, or not there.
    pub undescribed: bool,
}

impl Default for App {
    /// FastAPI of the newest release that is modelled, with its own defaults and routes that are not known.
    fn default() -> Self {
        Self {
            framework: Framework::default(),
            root_path: String::new(),
            root_path_in_servers: true,
            servers: Vec::new(),
            redirect_slashes: true,
            prefix_header: false,
            middleware: Vec::new(),
            routes: None,
            undescribed: false,
        }
    }
}

/// What the framework sees once the app's own settings have been applied to the server's scope.
///
/// A URL is `None` where Starlette raises an exception instead of building it (a scheme without a port of its own and no
/// usable `Host`, brackets without an address, a query that is no UTF-8): a handler that asks for it answers 500.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppView {
    /// The scope with the app's `root_path` in it, and what mounts on the way changed.
    pub scope: Scope,
    /// True if the app (argument or middleware) replaced the server's `root_path`.
    pub root_path_replaced: bool,
    /// What routes are compared with. The whole `path` if `root_path` is a regular expression (as Starlette 0.33 to 0.39
    /// takes it) that is not understood here; the route is unknown then.
    pub route_path: String,
    /// False if `path` lacks a `root_path` that this Starlette takes off it: mounts and static files then 404. Until 0.32
    /// nothing is taken off, and nothing can be lacking.
    pub path_has_root: bool,
    /// Which route takes it.
    pub route: RouteMatch,
    /// `request.base_url`, e.g. `http://host/api/v1/`.
    pub base_url: Option<String>,
    /// What `url_for` gives for the route that was asked for: `base_url` plus route path.
    pub url_for: Option<String>,
    /// The Location of a slash redirect for this path (slash added, or removed).
    pub slash_redirect: Option<String>,
    /// What the docs page will ask for: `root_path` plus `/openapi.json`.
    pub openapi_url: String,
    /// What Starlette keeps in the scope beside the specification's keys.
    way: Way,
    /// False if `route_path` could not be told.
    route_path_is_known: bool,
}

impl App {
    /// What a framework that does not stand on Starlette routes on; `None` if the app's does.
    pub fn other_route(&self, scope: &Scope) -> Option<Routed> {
        let Kind::Other(other) = self.framework.kind else { return None };
        Some(other.route(self.framework.other, &self.root_path, scope))
    }

    /// Applies the app's settings to the server's scope, as Starlette does. Of another framework's app see
    /// [`Self::other_route`].
    pub fn view(&self, scope: &Scope) -> AppView {
        self.view_at(Place::new(scope.clone(), self.framework.modelled_starlette()))
    }

    /// The same for a request that may have come through mounts.
    fn view_at(&self, mut place: Place) -> AppView {
        let replaced = self.replaced_root_path(&place.scope);
        let root_path_replaced = replaced.is_some();
        if let Some(root_path) = replaced {
            place.scope.root_path = root_path;
        }
        let known = place.route_path();
        let route = known.as_deref().map_or(RouteMatch::Unknown, |route_path| self.route(&place, route_path));
        let route_path_is_known = known.is_some();
        let route_path = known.unwrap_or_else(|| place.scope.path.clone());
        let base_url = url::base(&place.scope, &place.way);
        let absolute = |base: &String| url::absolute(place.scope.kind, base, &route_path, place.way.starlette);
        AppView {
            root_path_replaced,
            path_has_root: place.path_has_root(),
            route,
            url_for: base_url.as_ref().and_then(absolute),
            base_url,
            slash_redirect: place.slashed(&route_path).url().map(|to| url::location(&to)),
            openapi_url: openapi::document_url(&place.scope.root_path),
            route_path,
            scope: place.scope,
            way: place.way,
            route_path_is_known,
        }
    }

    /// The `root_path` that the app sets: its argument wins over its middleware, whose value may be empty.
    fn replaced_root_path(&self, scope: &Scope) -> Option<String> {
        if self.root_path.is_empty() || self.framework.kind != Kind::FastApi {
            scope.all_headers("x-forwarded-prefix").last().filter(|_| self.prefix_header).map(latin1)
        } else {
            Some(self.root_path.clone())
        }
    }

    fn route(&self, place: &Place, route_path: &str) -> RouteMatch {
        let Some(routes) = &self.routes else { return RouteMatch::Unknown };
        match RouteMatch::from(&routes.first(route_path, Asked::of(place))) {
            RouteMatch::None => match self.slash(routes, place) {
                Slash::Redirect => RouteMatch::Slash(route_path::slashed(route_path, route_path)),
                Slash::Unsure => RouteMatch::Unknown,
                Slash::No => RouteMatch::None,
            },
            taken => taken,
        }
    }
}

impl AppView {
    /// What the app will answer, as far as is known. `app` is the one this is a view of.
    pub fn predicted(&self, app: &App) -> Prediction {
        app.answer_to(self.clone()).prediction
    }

    /// `request.url`; see the type for what `None` means.
    pub fn url(&self) -> Option<String> {
        url::of_scope(&self.scope, self.way.starlette, &self.scope.path, &self.scope.query_string)
    }

    /// `request.url_for` of a route at `path` (see [`Routes::path_of`]), which is one of the outermost app's.
    pub fn url_of(&self, path: &str) -> Option<String> {
        url::absolute(ScopeType::Http, self.base_url.as_ref()?, path, self.way.starlette)
    }

    fn known_route_path(&self) -> Option<&str> {
        self.route_path_is_known.then_some(self.route_path.as_str())
    }

    fn asked(&self) -> Asked<'_> {
        Asked { kind: self.scope.kind, method: self.scope.method.as_deref(), starlette: self.way.starlette }
    }

    fn place(&self) -> Place {
        Place { scope: self.scope.clone(), way: self.way.clone() }
    }
}

#[cfg(test)]
mod tests;
