//! The set-ups of FastAPI's page "Behind a Proxy", one after another.

use crate::asgi::framework::{App, Routes};
use crate::asgi::server::{Options, Program, Server, uvicorn};
use crate::forwarded::TrustList;
use crate::gateway::{Gateway, PathRule, Route, Upstream};
use crate::redirect::PublicUrl;

/// One set-up: how the proxy treats the path, and what server and app were told.
#[derive(Debug)]
pub struct Scene {
    /// Its name in the header of the screen.
    pub name: &'static str,
    /// What to look at, in one sentence.
    pub look: &'static str,
    /// The prefixes the app is reached under; one empty one for none.
    pub prefixes: &'static [&'static str],
    strip: bool,
    forward_prefix: bool,
    https: bool,
    root_path: &'static str,
    app_reads_prefix: bool,
    trusted: &'static str,
}

const PLAIN: Scene = Scene {
    name: "plain",
    look: "no prefix, nothing to go wrong: four lanes that agree",
    prefixes: &[""],
    strip: false,
    forward_prefix: false,
    https: false,
    root_path: "",
    app_reads_prefix: false,
    trusted: "127.0.0.1,::1",
};

/// The set-ups, in the order the keys 1 to 6 choose them.
pub const SCENES: [Scene; 6] = [
    PLAIN,
    Scene {
        name: "prefix kept",
        look: "the proxy sends /api/v1 on, the app does not know it: every page is a 404",
        prefixes: &["/api/v1"],
        ..PLAIN
    },
    Scene {
        name: "stripped, app not told",
        look: "pages work, but the docs page and the slash redirect lose the prefix",
        prefixes: &["/api/v1"],
        strip: true,
        ..PLAIN
    },
    Scene {
        name: "stripped + --root-path",
        look: "the clean pair: the proxy strips, uvicorn puts it back",
        prefixes: &["/api/v1"],
        strip: true,
        root_path: "/api/v1",
        ..PLAIN
    },
    Scene {
        name: "two prefixes",
        look: "one app under two prefixes, told by X-Forwarded-Prefix",
        prefixes: &["/api/v1", "/backend/v1"],
        forward_prefix: true,
        app_reads_prefix: true,
        ..PLAIN
    },
    Scene {
        name: "redirect to http",
        look: "https outside, but the server does not trust the proxy: redirects fall back to http",
        prefixes: &["/api/v1"],
        strip: true,
        https: true,
        root_path: "/api/v1",
        trusted: "10.0.0.0/8",
        ..PLAIN
    },
];

impl Scene {
    /// The stand-in proxy of this set-up, with the app at `upstream`.
    pub fn gateway(&self, upstream: &Upstream) -> Gateway {
        let route = |prefix: &&str| Route {
            prefix: (*prefix).to_owned(),
            path: if self.strip { PathRule::Strip } else { PathRule::Keep },
            upstream: upstream.clone(),
            forward_prefix: self.forward_prefix,
        };
        Gateway::of_routes(self.prefixes.iter().map(route).collect(), self.https.then(|| "https".to_owned()))
    }

    /// The public URL, where it is not what the visitor's requests say.
    pub fn public(&self) -> Option<PublicUrl> {
        let prefix = self.prefixes.first().copied().unwrap_or_default();
        self.https.then(|| PublicUrl {
            scheme: "https".to_owned(),
            host: "example.org".to_owned(),
            port: None,
            prefix: prefix.to_owned(),
        })
    }

    /// The app's server as it was started.
    pub fn server(&self) -> Server {
        Server {
            root_path: self.root_path.to_owned(),
            options: Options::Uvicorn(uvicorn::Options {
                trust: TrustList::parse(self.trusted),
                ..uvicorn::Options::of(Program::Uvicorn.newest())
            }),
            stated: true,
            ..Server::uvicorn()
        }
    }

    /// The app.
    pub fn app(&self) -> App {
        let templates = ["/app", "/items/", "/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json", "/ws"];
        let templates = templates.map(str::to_owned).to_vec();
        App {
            prefix_header: self.app_reads_prefix,
            routes: Some(Routes::new(templates, vec!["/static".to_owned()])),
            ..App::default()
        }
    }
}
