//! What an app answers: middlewares first, then the routes, then whatever is mounted, all the way down.

use super::middleware::Middleware;
use super::openapi::{self, OwnPage};
use super::route_path::Place;
use super::routes::{Asked, Mount, Mounted, Taken};
use super::versions::{Kind, since};
use super::{App, AppView, Routes};
use crate::asgi::{Scope, ScopeType};

/// What the app will answer, as far as its description tells. A route may still answer what it likes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prediction {
    /// A route takes the request, or a file is there.
    Found,
    /// Nothing takes it: 404 (a websocket is closed before it is accepted, which the client sees as 403).
    NotFound,
    /// A route takes the path, but not the method: 405.
    OtherMethod,
    /// A redirect (307) to this Location: a slash added or removed, to `https`, or to `www.`.
    Redirect(String),
    /// A middleware does not like the `Host`: 400.
    BadHost,
    /// The framework itself raises an exception: 500.
    Failed,
    /// The routes are not known, or not what is mounted.
    Unknown,
}

/// The answer to a request, and who gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it is.
    pub prediction: Prediction,
    /// What the app saw that answered: the innermost that the request came to.
    pub view: AppView,
    /// What it says, if it is one of FastAPI's own pages.
    pub page: Option<OwnPage>,
}

impl Prediction {
    /// The status that the client gets; `None` if that is not known, or the route's own affair.
    pub fn status(&self, kind: ScopeType) -> Option<u16> {
        match (self, kind) {
            (Self::Found | Self::Unknown, _) => None,
            (Self::NotFound, ScopeType::Http) => Some(404),
            (Self::NotFound, ScopeType::WebSocket) => Some(403),
            (Self::OtherMethod, _) => Some(405),
            (Self::Redirect(_), _) => Some(307),
            (Self::BadHost, _) => Some(400),
            (Self::Failed, _) => Some(500),
        }
    }
}

impl App {
    /// What the app answers to the request that the server made this scope of.
    pub fn answer(&self, scope: &Scope) -> Answer {
        self.answer_to(self.view(scope))
    }

    /// The answer to what it saw.
    pub(super) fn answer_to(&self, view: AppView) -> Answer {
        let by_middleware = |middleware: &Middleware| middleware.answer(&view.scope, view.way.starlette);
        if let Some(prediction) = self.middleware.iter().find_map(by_middleware) {
            return Answer { prediction, view, page: None };
        }
        let Some((routes, route_path)) = self.routes.as_ref().zip(view.known_route_path()) else {
            return Answer { prediction: Prediction::Unknown, view, page: None };
        };
        match routes.first(route_path, view.asked()) {
            Taken::Route(route) => {
                let is_own = self.framework.kind == Kind::FastApi && view.scope.kind == ScopeType::Http;
                let page = openapi::page(self, route.path(), &view.scope.root_path).filter(|_| is_own);
                Answer { prediction: Prediction::Found, page, view }
            }
            Taken::OtherMethod(_) if routes.are_all() => {
                Answer { prediction: Prediction::OtherMethod, view, page: None }
            }
            Taken::Mount(mount, rest) => below(mount, &rest, view),
            Taken::OtherMethod(_) | Taken::Unsure => Answer { prediction: Prediction::Unknown, view, page: None },
            Taken::Nobody => Answer { prediction: self.miss(routes, &view), view, page: None },
        }
    }

    /// No route takes the path as it is.
    fn miss(&self, routes: &Routes, view: &AppView) -> Prediction {
        match self.slash(routes, &view.place()) {
            Slash::Redirect => view.slash_redirect.clone().map_or(Prediction::Failed, Prediction::Redirect),
            Slash::No if routes.are_all() => Prediction::NotFound,
            Slash::Unsure | Slash::No => Prediction::Unknown,
        }
    }

    /// Whether a slash added or removed makes a route of it. Starlette redirects plain requests only.
    pub(super) fn slash(&self, routes: &Routes, place: &Place) -> Slash {
        let Some(route_path) = place.route_path().filter(|path| path != "/") else { return Slash::No };
        if !self.redirect_slashes || place.scope.kind == ScopeType::WebSocket {
            return Slash::No;
        }
        let to = place.slashed(&route_path);
        match to.route_path().map(|path| routes.first(&path, Asked::of(&to))) {
            None | Some(Taken::Unsure) => Slash::Unsure,
            Some(Taken::Nobody) => Slash::No,
            Some(_) => Slash::Redirect,
        }
    }
}

/// What a slash added or removed leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slash {
    Redirect,
    Unsure,
    No,
}

impl Asked<'_> {
    /// What routes are asked with at a place.
    pub(super) fn of(place: &Place) -> Asked<'_> {
        Asked { kind: place.scope.kind, method: place.scope.method.as_deref(), starlette: place.way.starlette }
    }
}

/// What is mounted answers. `rest` is what is left of the route path.
fn below(mount: &Mount, rest: &str, view: AppView) -> Answer {
    let place = view.place().below_mount(&view.route_path, rest);
    match mount.app() {
        Mounted::App(app) => app.answer_to(app.view_at(place)),
        Mounted::Files(files) => {
            let prediction = files.answer(&place);
            let view = App { routes: None, ..App::default() }.view_at(place);
            Answer { prediction, view, page: None }
        }
        // The root_path has grown by the mount; if the path lacks the root, nothing below can match.
        Mounted::Unknown if view.way.starlette >= since::PATH_HAS_ROOT && !view.path_has_root => {
            Answer { prediction: Prediction::NotFound, view, page: None }
        }
        Mounted::Unknown => Answer { prediction: Prediction::Unknown, view, page: None },
    }
}
