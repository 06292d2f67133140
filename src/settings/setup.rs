//! What the flags say about the proxy and the app, put together with the server.

use super::Listener;
use crate::asgi::framework::{App, FASTAPI_OWN, Framework, Kind, Routes};
use crate::asgi::server::Server;
use crate::gateway::{Destination, Gateway};
use crate::lanes::{Setup, Tap};
use crate::redirect::PublicUrl;

/// What the flags say of the app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppFacts {
    /// `--fastapi`, `--starlette`
    pub framework: Framework,
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
    /// The app; its routes count as known as soon as one route or mount was named. FastAPI's own are among them, if it is
    /// FastAPI.
    pub fn app(self) -> App {
        let known = !(self.routes.is_empty() && self.mounts.is_empty());
        let own = FASTAPI_OWN.into_iter().filter(|_| self.framework.kind == Kind::FastApi);
        let templates = own.map(str::to_owned).chain(self.routes).collect();
        App {
            framework: self.framework,
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
    let mut upstreams: Vec<String> = gateway.iter().flat_map(Gateway::upstreams).map(Destination::url).collect();
    upstreams.sort();
    let tap = |listener: &Listener| Tap {
        kind: listener.kind,
        listen: listener.address,
        door: listener.door.clone(),
        upstream: listener.upstream.as_ref().map_or_else(|| upstreams.join(", "), ToString::to_string),
    };
    let told = [public.as_ref().map_or("", |public| &public.prefix), &server.root_path, &app.root_path];
    let prefixes: Vec<String> =
        gateway.iter().flat_map(Gateway::public_prefixes).chain(told).map(str::to_owned).collect();
    let taps = listeners.iter().map(tap).collect();
    let mut setup = Setup { taps, gateway, app, public, ..Setup::new(server) };
    setup.know_prefixes(prefixes);
    Ok(setup)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::parse_route;
    use crate::lanes::TapKind;

    #[test]
    fn prefixes_are_gathered_once_each() {
        let gateway = Gateway::of_routes(
            ["/api/v1=http://a:1", "/=http://b:2", "/x=http://a:1"].map(|text| parse_route(text).unwrap()).to_vec(),
            None,
        );
        let mut server = Server::uvicorn();
        server.set("root-path", "/api/v1/").unwrap();
        let public = PublicUrl::parse("https://h/pub").unwrap();
        let listener =
            Listener { kind: TapKind::StandIn, address: ([127, 0, 0, 1], 1).into(), upstream: None, door: None };
        let setup = setup(&[listener], Some(gateway), server, App::default(), Some(public)).unwrap();
        assert_eq!(setup.prefixes, ["/api/v1", "/x", "/pub"]);
        assert_eq!(setup.taps[0].upstream, "http://a:1, http://b:2");
    }
}
