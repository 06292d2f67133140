//! What the flags say about the proxy, the app's server and the app.

use super::Listener;
use crate::asgi::Release;
use crate::asgi::framework::{App, FASTAPI_OWN, Routes};
use crate::asgi::server::{OptionError, Server};
use crate::gateway::Gateway;
use crate::lanes::{Setup, Tap};
use crate::redirect::PublicUrl;

/// What the flags say of the app's server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerFacts {
    /// `--server`
    pub server: Option<Server>,
    /// The server's own options that were said, by their own names, in order.
    pub options: Vec<(String, String)>,
    /// `--with`: libraries below it, and their releases.
    pub libraries: Vec<(String, Release)>,
}

impl ServerFacts {
    /// The server, with its own defaults where nothing was said. It counts as stated as soon as one thing was.
    ///
    /// # Errors
    /// [`OptionError`] for an option that this server does not have, or not with this value.
    pub fn server(self) -> Result<Server, OptionError> {
        let stated = self != Self::default();
        let mut server = self.server.unwrap_or_else(Server::uvicorn);
        for (library, release) in &self.libraries {
            server.libraries.set(library, *release);
        }
        for (name, value) in &self.options {
            server.set(name, value)?;
        }
        Ok(Server { stated, ..server })
    }
}

/// What the flags say of the app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppFacts {
    /// `--app-root-path`
    pub root_path: String,
    /// `--app-prefix-header`
    pub prefix_header: bool,
    /// `--route-of-app`
    pub routes: Vec<String>,
    /// `--mount-of-app`
    pub mounts: Vec<String>,
}

impl AppFacts {
    /// The app; its routes count as known as soon as one route or mount was named. FastAPI's own are among them.
    pub fn app(self) -> App {
        let known = !(self.routes.is_empty() && self.mounts.is_empty());
        let templates = FASTAPI_OWN.into_iter().map(str::to_owned).chain(self.routes).collect();
        App {
            root_path: self.root_path,
            prefix_header: self.prefix_header,
            routes: known.then(|| Routes::new(templates, self.mounts)),
            ..App::default()
        }
    }
}

/// Puts together what is known before the first request.
///
/// # Errors
/// A sentence that names two listeners that collide.
pub fn setup(
    listeners: &[Listener],
    gateway: Option<Gateway>,
    server: Server,
    app: App,
    public: Option<PublicUrl>,
) -> Result<Setup, String> {
    super::listen::check(listeners)?;
    let routes = gateway.iter().flat_map(Gateway::routes);
    let mut upstreams: Vec<String> = routes.clone().map(|route| route.upstream.to_string()).collect();
    upstreams.sort();
    upstreams.dedup();
    let tap = |listener: &Listener| Tap {
        kind: listener.kind,
        listen: listener.address,
        upstream: listener.upstream.as_ref().map_or_else(|| upstreams.join(", "), ToString::to_string),
    };
    let mut prefixes: Vec<String> = Vec::new();
    let told = [public.as_ref().map_or("", |public| &public.prefix), &server.root_path, &app.root_path];
    for prefix in routes.map(|route| route.prefix.as_str()).chain(told).map(|prefix| prefix.trim_end_matches('/')) {
        if prefix.starts_with('/') && !prefixes.iter().any(|known| known == prefix) {
            prefixes.push(prefix.to_owned());
        }
    }
    Ok(Setup { taps: listeners.iter().map(tap).collect(), gateway, server, app, probe: false, public, prefixes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::parse_route;
    use crate::lanes::TapKind;

    #[test]
    fn what_is_not_said_is_the_servers_own_default() {
        let peer = |server: &Server| server.trust("::1".parse().ok());
        let server = ServerFacts::default().server().unwrap();
        assert!(server.reads_forwarded() && !server.stated && peer(&server).trusted);
        let old = ServerFacts { server: Server::named("uvicorn@0.52").ok(), ..ServerFacts::default() };
        let old = old.server().unwrap();
        assert!(old.stated && !peer(&old).trusted);
    }

    #[test]
    fn prefixes_are_gathered_once_each() {
        let gateway = Gateway::new(
            ["/api/v1=http://a:1", "/=http://b:2", "/x=http://a:1"].map(|text| parse_route(text).unwrap()).to_vec(),
            None,
        );
        let server = ServerFacts { options: vec![("root-path".into(), "/api/v1/".into())], ..ServerFacts::default() };
        let server = server.server().unwrap();
        let public = PublicUrl::parse("https://h/pub").unwrap();
        let listener = Listener { kind: TapKind::StandIn, address: ([127, 0, 0, 1], 1).into(), upstream: None };
        let setup = setup(&[listener], Some(gateway), server, App::default(), Some(public)).unwrap();
        assert_eq!(setup.prefixes, ["/api/v1", "/x", "/pub"]);
        assert_eq!(setup.taps[0].upstream, "http://a:1, http://b:2");
    }
}
