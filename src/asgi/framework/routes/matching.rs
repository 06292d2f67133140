//! Which route takes a request: the first whose path and method fit, else the first whose path does.
//!
//! Source of the rules: Starlette `routing.py` (`Router.app`, `Route.matches`, `Mount.matches`).

use super::{Entry, Mount, Route, Routes};
use crate::asgi::framework::route_path::slashed;
use crate::asgi::framework::versions::NEWEST_STARLETTE;
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

/// Who takes a request, before any slash is added or removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::asgi::framework) enum Taken<'a> {
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
pub(in crate::asgi::framework) struct Asked<'a> {
    pub(in crate::asgi::framework) kind: ScopeType,
    pub(in crate::asgi::framework) method: Option<&'a str>,
    pub(in crate::asgi::framework) starlette: Release,
}

impl Routes {
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

    /// The first that takes the request; failing that, the first that takes its path.
    pub(in crate::asgi::framework) fn first(&self, route_path: &str, asked: Asked<'_>) -> Taken<'_> {
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
