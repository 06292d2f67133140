//! The routes an app has, as far as they are known, and which of them takes a request.
//!
//! Source of the rules: Starlette `routing.py` (`Router.app`, `Route.matches`, `Mount.matches`).

use super::App;
use super::files::Files;
use super::openapi::FASTAPI_OWN;
use super::route_path::slashed;
use super::template::Template;
use super::versions::NEWEST_STARLETTE;
use crate::asgi::{Release, ScopeType};

/// Whether a route takes a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteMatch {
    /// The routes are not known, or not well enough for this path.
    Unknown,
    /// This template takes it.
    Route(String),
    /// This template takes the path, but not the method: 405.
    OtherMethod(String),
    /// This mount takes it and decides further.
    Mount(String),
    /// No route as it is, but with this path (slash added or removed) there is one: a slash redirect follows.
    Slash(String),
    /// No known route takes it; a mount or an undocumented route still may.
    None,
}

/// Known routes and mounts, in the app's order: the first that takes a request has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    entries: Vec<Entry>,
    documented_only: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Route(Route),
    Mount(Mount),
}

/// A route: a path template such as `/items/{id}`, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    template: Template,
    methods: Option<Vec<String>>,
    protocol: Option<ScopeType>,
    name: Option<String>,
}

/// A mount point such as `/static`, and what is mounted there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    template: Template,
    name: Option<String>,
    app: Mounted,
}

/// What is mounted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mounted {
    /// Not known.
    #[default]
    Unknown,
    /// Another app. It stands on the same Starlette as the app it is mounted in, whatever its own description says.
    App(Box<App>),
    /// Static files.
    Files(Files),
}

/// Who takes a request, before any slash is added or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Taken<'a> {
    Route(&'a Route),
    OtherMethod(&'a Route),
    /// With what is left of the route path below it.
    Mount(&'a Mount, String),
    /// A parameter may span slashes; the description does not tell.
    Unsure,
    Nobody,
}

/// What routes are asked with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) kind: ScopeType,
    pub(super) method: Option<&'a str>,
    pub(super) starlette: Release,
}

/// Why a document gives no routes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenApiError {
    /// It is no JSON; the text is the parser's.
    #[error("the OpenAPI document is no JSON: {0}")]
    NoJson(String),
    /// There is no object under `paths`.
    #[error("the OpenAPI document has no \"paths\"")]
    NoPaths,
}

impl Route {
    /// A route of this path, of which no more is known: it takes every method, and websockets too.
    pub fn new(path: impl Into<String>) -> Self {
        Self { template: Template::new(path.into()), methods: None, protocol: None, name: None }
    }

    /// A route for plain requests of these methods and no others. Starlette's own routes that take `GET` take `HEAD` as
    /// well, FastAPI's path operations do not: name both where both are meant.
    #[must_use]
    pub fn methods<T: Into<String>>(mut self, methods: impl IntoIterator<Item = T>) -> Self {
        self.methods = Some(methods.into_iter().map(Into::into).collect());
        self.protocol = Some(ScopeType::Http);
        self
    }

    /// A route for websockets only.
    #[must_use]
    pub const fn websocket(mut self) -> Self {
        self.protocol = Some(ScopeType::WebSocket);
        self
    }

    /// The name that `url_for` finds it by: its handler's, unless one was given.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
}

impl Mount {
    /// Something mounted at `path`.
    pub fn new(path: impl Into<String>, app: Mounted) -> Self {
        Self { template: Template::mount(path.into()), name: None, app }
    }

    /// `Mount(name=…)`: names of what is mounted are then found by `name:…`.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What is mounted.
    pub(super) const fn app(&self) -> &Mounted {
        &self.app
    }
}

impl Routes {
    /// All routes of an app: path templates and mount points, each in the app's order. Templates are tried first.
    pub fn new(templates: Vec<String>, mounts: Vec<String>) -> Self {
        let routes = templates.into_iter().map(|path| Entry::Route(Route::new(path)));
        let mounts = mounts.into_iter().map(|path| Entry::Mount(Mount::new(path, Mounted::Unknown)));
        Self { entries: routes.chain(mounts).collect(), documented_only: false }
    }

    /// The routes every FastAPI app begins with: its OpenAPI document and the pages that show it.
    pub fn fastapi() -> Self {
        let own = FASTAPI_OWN.into_iter().map(|path| Entry::Route(Route::new(path).methods(["GET", "HEAD"])));
        Self { entries: own.collect(), documented_only: false }
    }

    /// These routes, then `route`.
    #[must_use]
    pub fn route(mut self, route: Route) -> Self {
        self.entries.push(Entry::Route(route));
        self
    }

    /// These routes, then `mount`.
    #[must_use]
    pub fn mount(mut self, mount: Mount) -> Self {
        self.entries.push(Entry::Mount(mount));
        self
    }

    /// The routes an OpenAPI document names, and those every FastAPI app has for its documentation.
    ///
    /// Mounts and hidden routes are not in it, and neither is whether a parameter spans slashes (`{x:path}` is written
    /// `{x}`): a path that only fits in that way is [`RouteMatch::Unknown`].
    ///
    /// # Errors
    /// [`OpenApiError`] if the bytes are no JSON, or no OpenAPI document.
    pub fn from_openapi(json: &[u8]) -> Result<Self, OpenApiError> {
        let document: serde_json::Value =
            serde_json::from_slice(json).map_err(|error| OpenApiError::NoJson(error.to_string()))?;
        let paths = document.get("paths").and_then(serde_json::Value::as_object).ok_or(OpenApiError::NoPaths)?;
        let mut routes = Self::fastapi();
        for (path, operations) in paths {
            routes.entries.push(Entry::Route(documented(path, operations)));
        }
        Ok(Self { documented_only: true, ..routes })
    }

    /// The path templates, in the order they are tried.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Route(route) => Some(route.template.text()),
            Entry::Mount(_) => None,
        })
    }

    /// The mount points, in the order they are tried.
    pub fn mounts(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Route(_) => None,
            Entry::Mount(mount) => Some(mount.template.text()),
        })
    }

    /// True if these are all the routes there are, so that a path none of them takes is a 404.
    pub fn are_all(&self) -> bool {
        !self.documented_only
    }

    /// Which route takes `route_path`, whatever the method, a slash added or removed if need be.
    pub fn find(&self, route_path: &str) -> RouteMatch {
        let asked = Asked { kind: ScopeType::Http, method: None, starlette: NEWEST_STARLETTE };
        match self.first(route_path, asked) {
            Taken::Nobody if route_path != "/" => {
                let other = slashed(route_path, route_path);
                match self.first(&other, asked) {
                    Taken::Nobody => RouteMatch::None,
                    Taken::Unsure => RouteMatch::Unknown,
                    _ => RouteMatch::Slash(other),
                }
            }
            taken => RouteMatch::from(&taken),
        }
    }

    /// `url_path_for(name)`: the path of the route of this name. `None` if there is none, or it has parameters.
    ///
    /// What is mounted without a name is searched as well; what is mounted with one has its names behind a colon.
    pub fn path_of(&self, name: &str) -> Option<String> {
        self.entries.iter().find_map(|entry| match entry {
            Entry::Route(route) => {
                let found = route.name.as_deref() == Some(name) && !route.template.has_parameters();
                found.then(|| route.template.text().to_owned())
            }
            Entry::Mount(mount) => mount.path_of(name),
        })
    }

    /// The first that takes the request; failing that, the first that takes its path.
    pub(super) fn first(&self, route_path: &str, asked: Asked<'_>) -> Taken<'_> {
        let mut partial = None;
        for entry in &self.entries {
            match entry {
                Entry::Mount(mount) => {
                    if let Some(rest) = mount.template.rest(route_path, asked.starlette) {
                        return Taken::Mount(mount, rest);
                    }
                }
                Entry::Route(route) if !route.takes(route_path, asked) => {}
                Entry::Route(route) if route.takes_method(asked.method) => return Taken::Route(route),
                Entry::Route(route) => partial = partial.or(Some(route)),
            }
        }
        match partial {
            Some(route) => Taken::OtherMethod(route),
            None if self.documented_only && self.may_take(route_path) => Taken::Unsure,
            None => Taken::Nobody,
        }
    }

    fn may_take(&self, route_path: &str) -> bool {
        self.entries.iter().any(|entry| matches!(entry, Entry::Route(route) if route.template.may_take(route_path)))
    }
}

/// A path of an OpenAPI document. Websockets are in no document, so one may stand at the same path.
fn documented(path: &str, operations: &serde_json::Value) -> Route {
    let methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
    let named = methods.into_iter().filter(|method| operations.get(method).is_some()).map(str::to_uppercase);
    let named: Vec<String> = named.collect();
    // An item without operations tells nothing of methods.
    if named.is_empty() { Route::new(path) } else { Route { protocol: None, ..Route::new(path).methods(named) } }
}

impl Route {
    fn takes(&self, route_path: &str, asked: Asked<'_>) -> bool {
        self.protocol.is_none_or(|protocol| protocol == asked.kind) && self.template.takes(route_path, asked.starlette)
    }

    /// A websocket has no method.
    fn takes_method(&self, method: Option<&str>) -> bool {
        match (&self.methods, method) {
            (Some(methods), Some(method)) => methods.iter().any(|known| known == method),
            _ => true,
        }
    }

    pub(super) fn path(&self) -> &str {
        self.template.text()
    }
}

impl Mount {
    fn path_of(&self, name: &str) -> Option<String> {
        let name = match &self.name {
            Some(own) => name.strip_prefix(own)?.strip_prefix(':')?,
            None => name,
        };
        let Mounted::App(app) = &self.app else { return None };
        let below = app.routes.as_ref()?.path_of(name).filter(|_| !self.template.has_parameters())?;
        Some(format!("{}{below}", self.template.text().trim_end_matches('/')))
    }
}

impl From<&Taken<'_>> for RouteMatch {
    fn from(taken: &Taken<'_>) -> Self {
        match taken {
            Taken::Route(route) => Self::Route(route.template.text().to_owned()),
            Taken::OtherMethod(route) => Self::OtherMethod(route.template.text().to_owned()),
            Taken::Mount(mount, _) => Self::Mount(mount.template.text().to_owned()),
            Taken::Unsure => Self::Unknown,
            Taken::Nobody => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn routes() -> Routes {
        let templates = ["/", "/app", "/items/", "/items/{id}", "/f/{rest:path}"];
        Routes::new(templates.map(str::to_owned).to_vec(), ["/static", "/sub/"].map(str::to_owned).to_vec())
    }

    fn asked(method: Option<&str>) -> Asked<'_> {
        let kind = if method.is_some() { ScopeType::Http } else { ScopeType::WebSocket };
        Asked { kind, method, starlette: NEWEST_STARLETTE }
    }

    #[test]
    fn which_route_takes_a_path() {
        let route = |text: &str| RouteMatch::Route(text.to_owned());
        for (path, expected) in [
            ("/", route("/")),
            ("/app", route("/app")),
            ("/app\n", route("/app")),
            ("/app/", RouteMatch::Slash("/app".to_owned())),
            ("/app//", RouteMatch::Slash("/app".to_owned())),
            ("/items", RouteMatch::Slash("/items/".to_owned())),
            ("/items/3", route("/items/{id}")),
            ("/items/3/4", RouteMatch::None),
            ("/f/a/b", route("/f/{rest:path}")),
            ("/static/a/b", RouteMatch::Mount("/static".to_owned())),
            ("/static", RouteMatch::Slash("/static/".to_owned())),
            ("/statics/a", RouteMatch::None),
            ("/sub/", RouteMatch::Mount("/sub/".to_owned())),
            ("//app", RouteMatch::None),
            ("", RouteMatch::Slash("/".to_owned())),
            ("app", RouteMatch::None),
        ] {
            assert_eq!(routes().find(path), expected, "{path:?}");
        }
    }

    #[test]
    fn the_first_that_takes_method_and_path_has_it() {
        let routes = Routes::default()
            .route(Route::new("/a").methods(["GET"]).named("read"))
            .route(Route::new("/a").methods(["POST"]).named("write"))
            .route(Route::new("/a").websocket().named("listen"))
            .mount(Mount::new("/", Mounted::Unknown))
            .route(Route::new("/b"));
        let name = |path, method| match routes.first(path, asked(method)) {
            Taken::Route(route) | Taken::OtherMethod(route) => route.name.clone(),
            taken => Some(format!("{:?}", RouteMatch::from(&taken))),
        };
        assert_eq!(name("/a", Some("POST")).as_deref(), Some("write"));
        assert_eq!(name("/a", None).as_deref(), Some("listen"));
        assert_eq!(name("/a", Some("PUT")).as_deref(), Some("Mount(\"/\")"), "a mount that takes it goes before a 405");
        assert_eq!(name("/b", Some("GET")).as_deref(), Some("Mount(\"/\")"));

        let two =
            Routes::default().route(Route::new("/a").methods(["GET"])).route(Route::new("/{x}").methods(["POST"]));
        assert!(matches!(two.first("/a", asked(Some("PUT"))), Taken::OtherMethod(route) if route.path() == "/a"));
        assert!(matches!(two.first("/a", asked(Some("get"))), Taken::OtherMethod(_)), "methods have their case");
    }

    #[test]
    fn names_are_found_below_mounts() {
        let sub = |name: &str| {
            let routes = Routes::default().route(Route::new("/x/").named(name)).route(Route::new("/{y}").named("y"));
            Mounted::App(Box::new(App { routes: Some(routes), ..App::default() }))
        };
        let routes = Routes::default()
            .route(Route::new("/app").named("get_app"))
            .mount(Mount::new("/sub/", sub("inner")))
            .mount(Mount::new("/other", sub("inner")).named("other"));
        for (name, path) in [
            ("get_app", Some("/app")),
            ("inner", Some("/sub/x/")),
            ("other:inner", Some("/other/x/")),
            ("y", None),
            ("nope", None),
        ] {
            assert_eq!(routes.path_of(name).as_deref(), path, "{name}");
        }
    }

    #[test]
    fn an_openapi_document_leaves_mounts_and_spanning_parameters_open() {
        let routes = Routes::from_openapi(br#"{"paths": {"/app": {"get": {}}, "/files/{name}": {}}}"#).unwrap();
        let templates: Vec<_> = routes.templates().collect();
        assert_eq!(templates, ["/openapi.json", "/docs", "/docs/oauth2-redirect", "/redoc", "/app", "/files/{name}"]);
        assert_eq!((routes.mounts().count(), routes.are_all()), (0, false));
        assert_eq!(routes.find("/docs"), RouteMatch::Route("/docs".to_owned()));
        assert_eq!(routes.find("/files/a/b"), RouteMatch::Unknown);
        assert_eq!(routes.find("/static/x"), RouteMatch::None);
        assert!(matches!(routes.first("/app", asked(Some("POST"))), Taken::OtherMethod(_)));
        assert!(matches!(routes.first("/app", asked(None)), Taken::Route(_)), "a websocket may be there too");
        assert!(matches!(routes.first("/files/a", asked(Some("POST"))), Taken::Route(_)), "no methods are named");
    }

    #[test]
    fn a_document_without_paths_is_refused() {
        assert_eq!(Routes::from_openapi(b"{}"), Err(OpenApiError::NoPaths));
        assert!(matches!(Routes::from_openapi(b"<html>"), Err(OpenApiError::NoJson(_))));
    }

    proptest! {
        #[test]
        fn any_path_has_an_answer(path: String) {
            routes().find(&path);
        }
    }
}
