//! The app of a question: its settings, its routes, and what is mounted; and what it answers.

use std::rc::Rc;
use std::sync::LazyLock;

use serde::Deserialize;

use super::answer::{Page, ServerUrl};
use crate::asgi::framework::{
    App, Files, Framework, Kind, Middleware, Mount, Mounted, OwnPage, Prediction, Route, RouteMatch, Routes,
    TrustedHosts,
};
use crate::asgi::{Release, Scope};

/// The app that is taken where a question of kind `fw` names no routes.
static EXAMPLE: LazyLock<AppText> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../assets/predict/app.json")).unwrap_or_default());

/// The route whose URL an answer gives as `url_for_app`.
const URL_FOR: &str = "get_app";

/// An app as a question describes it. The keys in capitals are the environment variables that the example app is set up
/// with; each says the same as the key before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(super) struct AppText {
    /// `FastAPI(root_path=…)`
    root_path: String,
    /// A middleware around the app takes `root_path` from `X-Forwarded-Prefix`.
    prefix_middleware: bool,
    /// `FastAPI(root_path_in_servers=…)`
    root_path_in_servers: Option<bool>,
    #[serde(rename = "FW_IN_SERVERS")]
    in_servers: Option<String>,
    /// `FastAPI(servers=…)`: the URLs.
    servers: Vec<String>,
    #[serde(rename = "FW_SERVERS")]
    server_list: Option<String>,
    /// `FastAPI(redirect_slashes=…)`
    redirect_slashes: Option<bool>,
    #[serde(rename = "FW_REDIRECT")]
    redirect: Option<String>,
    /// `TrustedHostMiddleware(allowed_hosts=…)`
    trusted_hosts: Vec<String>,
    #[serde(rename = "FW_TRUSTED")]
    trusted_list: Option<String>,
    /// `HTTPSRedirectMiddleware`, around the other.
    https_redirect: bool,
    #[serde(rename = "FW_HTTPS")]
    https: Option<String>,
    /// All routes, in the app's order.
    routes: Option<Vec<RouteText>>,
    /// All mounts, in the app's order; they are tried after the routes.
    mounts: Option<Vec<MountText>>,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct RouteText {
    /// The template, e.g. `/items/{id}`.
    path: String,
    /// The methods that it takes; all if not given.
    methods: Option<Vec<String>>,
    /// The name that `url_for` finds it by.
    name: Option<String>,
    /// True for a websocket's route.
    #[serde(default)]
    websocket: bool,
    /// Its handler asks for `request.url` and its like: where Starlette cannot build them it fails with 500.
    #[serde(default)]
    builds_urls: bool,
}

/// A mount: of an app, of files, or of what is not known.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct MountText {
    path: String,
    name: Option<String>,
    app: Option<AppText>,
    files: Option<Vec<String>>,
}

/// Apps that were built, the newest last: questions about one app seldom come alone, and building one costs more than
/// asking it.
#[derive(Debug, Default)]
pub(super) struct Apps(Vec<Rc<Built>>);

/// Apps that are kept at most.
const KEPT: usize = 32;

/// An app, and what it was built from.
#[derive(Debug)]
pub(super) struct Built {
    described: AppText,
    framework: Framework,
    app: App,
}

impl Apps {
    /// The app that is described, of this framework.
    pub(super) fn built(&mut self, described: AppText, framework: Framework) -> Rc<Built> {
        let same = |built: &&Rc<Built>| built.framework == framework && built.described == described;
        if let Some(built) = self.0.iter().find(same) {
            return Rc::clone(built);
        }
        if self.0.len() >= KEPT {
            self.0.remove(0);
        }
        let built = Rc::new(Built { app: described.app(framework), described, framework });
        self.0.push(Rc::clone(&built));
        built
    }
}

/// What the app answers.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) page: Page,
}

impl Built {
    /// What the app answers to the request that the server made this scope of.
    ///
    /// # Errors
    /// What is not known.
    pub(super) fn answer(&self, scope: &Scope) -> Result<Answered, String> {
        let answer = self.app.answer(scope);
        let status = answer.prediction.status(scope.kind);
        let page = match (answer.prediction, answer.page) {
            (Prediction::Unknown, _) => return Err("the app's routes do not tell who answers".to_owned()),
            (Prediction::Redirect(location), _) => Page::Redirect { location },
            (Prediction::Found, Some(OwnPage::Document { servers })) => {
                Page::Document { servers: servers.into_iter().map(|url| ServerUrl { url }).collect() }
            }
            (Prediction::Found, Some(OwnPage::Viewer { openapi_url })) => Page::Viewer { openapi_url },
            (Prediction::Found, None) => {
                let (url, base_url) = (answer.view.url(), answer.view.base_url.clone());
                let url_for = self.app.routes.as_ref().and_then(|routes| routes.path_of(URL_FOR));
                let url_for = url_for.map(|path| answer.view.url_of(&path));
                let fails = url.is_none() || base_url.is_none() || url_for == Some(None);
                let RouteMatch::Route(template) = &answer.view.route else {
                    return Ok(Answered { status: 200, page: Page::Other {} });
                };
                if fails && self.described.builds_urls(template) {
                    return Ok(Answered { status: 500, page: Page::Other {} });
                }
                Page::seen(&answer.view.scope, url, base_url, url_for.flatten())
            }
            _ => Page::Other {},
        };
        Ok(Answered { status: status.unwrap_or(200), page })
    }
}

impl AppText {
    /// With the example's routes where it has none of its own.
    pub(super) fn or_example(mut self) -> Self {
        if self.routes.is_none() && self.mounts.is_none() {
            self.routes.clone_from(&EXAMPLE.routes);
            self.mounts.clone_from(&EXAMPLE.mounts);
        }
        self
    }

    /// True if a route of this template, here or in what is mounted, asks for URLs.
    fn builds_urls(&self, template: &str) -> bool {
        let mounted = self.mounts.iter().flatten().filter_map(|mount| mount.app.as_ref());
        let here = self.routes.iter().flatten().any(|route| route.path == template && route.builds_urls);
        here || mounted.into_iter().any(|app| app.builds_urls(template))
    }

    fn app(&self, framework: Framework) -> App {
        let list = |text: &Option<String>, given: &[String]| match text {
            Some(text) if !text.is_empty() => text.split(',').map(str::to_owned).collect(),
            _ => given.to_vec(),
        };
        let switch = |text: &Option<String>, given: Option<bool>| text.as_ref().map(|text| text == "1").or(given);
        let trusted = list(&self.trusted_list, &self.trusted_hosts);
        let https = self.https_redirect || self.https.as_ref().is_some_and(|text| !text.is_empty());
        let trusted = (!trusted.is_empty()).then(|| Middleware::TrustedHost(TrustedHosts::new(trusted)));
        App {
            framework,
            root_path: self.root_path.clone(),
            root_path_in_servers: switch(&self.in_servers, self.root_path_in_servers).unwrap_or(true),
            servers: list(&self.server_list, &self.servers),
            redirect_slashes: switch(&self.redirect, self.redirect_slashes).unwrap_or(true),
            prefix_header: self.prefix_middleware,
            middleware: https.then_some(Middleware::HttpsRedirect).into_iter().chain(trusted).collect(),
            undescribed: false,
            routes: self.all_routes(framework),
        }
    }

    /// The routes; `None` if neither routes nor mounts are named.
    fn all_routes(&self, framework: Framework) -> Option<Routes> {
        if self.routes.is_none() && self.mounts.is_none() {
            return None;
        }
        let own = match framework.kind {
            Kind::FastApi => Routes::fastapi(),
            Kind::Starlette | Kind::Other(_) => Routes::default(),
        };
        let routes = self.routes.iter().flatten().fold(own, |routes, route| routes.route(route.route()));
        let mounts = self.mounts.iter().flatten();
        Some(mounts.fold(routes, |routes, mount| routes.mount(mount.mount(framework))))
    }
}

impl RouteText {
    fn route(&self) -> Route {
        let route = Route::new(&self.path);
        let route = match &self.methods {
            Some(methods) => route.methods(methods.iter().cloned()),
            None if self.websocket => route.websocket(),
            None => route,
        };
        match &self.name {
            Some(name) => route.named(name),
            None => route,
        }
    }
}

impl MountText {
    fn mount(&self, framework: Framework) -> Mount {
        let mounted = match (&self.app, &self.files) {
            (Some(app), _) => Mounted::App(Box::new(app.app(framework))),
            (None, Some(files)) => Mounted::Files(Files { paths: files.clone(), html: false }),
            (None, None) => Mounted::Unknown,
        };
        let mount = Mount::new(&self.path, mounted);
        match &self.name {
            Some(name) => mount.named(name),
            None => mount,
        }
    }
}

/// The framework, by the libraries that were named. Without any it is FastAPI, the newest known.
pub(super) fn framework(fastapi: Option<Release>, starlette: Option<Release>) -> Framework {
    match (fastapi, starlette) {
        (None, Some(starlette)) => Framework::starlette(Some(starlette)),
        (fastapi, starlette) => Framework::fastapi(fastapi, starlette),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_app_is_read() {
        let app = AppText::default().or_example().app(Framework::default());
        let routes = app.routes.unwrap();
        assert_eq!(routes.path_of(URL_FOR).as_deref(), Some("/app"));
        assert_eq!(routes.mounts().collect::<Vec<_>>(), ["/sub", "/static"]);
        assert!(routes.templates().any(|template| template == "/openapi.json"));
    }
}
