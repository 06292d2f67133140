//! The routes an app has, as far as they are known; `matching` has which of them takes a request.
//!
//! Source of the rules: Starlette `routing.py` (`Route`, `Mount`, `url_path_for`).

mod matching;
mod openapi;

pub use self::matching::RouteMatch;
pub(super) use self::matching::{Asked, Taken};
pub use self::openapi::OpenApiError;

use super::App;
use super::files::Files;
use super::openapi::FASTAPI_OWN;
use super::template::Template;
use crate::asgi::ScopeType;

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

    pub(super) fn path(&self) -> &str {
        self.template.text()
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

impl Routes {
    /// All routes of an app: path templates and mount points, each in the app's order. Templates are tried first.
    pub fn new(templates: Vec<String>, mounts: Vec<String>) -> Self {
        let routes = templates.into_iter().map(|path| Entry::Route(Route::new(path)));
        let mounts = mounts.into_iter().map(|path| Entry::Mount(Mount::new(path, Mounted::Unknown)));
        Self { entries: routes.chain(mounts).collect(), documented_only: false }
    }

    /// A few of an app's routes, by their path templates; there may be others.
    pub fn some(templates: impl IntoIterator<Item = String>) -> Self {
        let entries = templates.into_iter().map(|path| Entry::Route(Route::new(path))).collect();
        Self { entries, documented_only: true }
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
}

#[cfg(test)]
mod tests;
