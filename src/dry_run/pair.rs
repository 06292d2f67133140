//! The pair of a proxy's configuration and an app's server: for each router the requests that show whether the two go
//! together, thought through, and the line behind each finding.
//!
//! A prefix fault shows in few requests: the page at the prefix, FastAPI's documentation and what it loads, a route, the
//! same route with a slash too many or too few, and a websocket.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::{Asked, DryRun, Entrance, Start, Way, request, run};
use crate::asgi::framework::Routes;
use crate::diagnosis::{Confidence, Finding, Severity, prefix};
use crate::exchange::{Exchange, ExchangeId};
use crate::gateway::{Gateway, Listen, Place, Received, Router, StepKind, Tls, World};
use crate::lanes::Setup;
use crate::redirect::default_port;

/// Routers that are tried at most.
const MOST_ROUTERS: usize = 200;
/// Listeners and host names that are tried until one leads to the router.
const MOST_LISTENERS: usize = 4;
const MOST_HOSTS: usize = 4;
/// Routes of the app that are asked for below each router.
const MOST_ROUTES: usize = 2;

/// What does not go together.
#[derive(Clone, Debug)]
pub struct Concern {
    /// The router whose request showed it: index into [`Gateway::routers`].
    pub router: Option<usize>,
    /// What is concluded. What is not certain without traffic is at most a warning.
    pub finding: Finding,
    /// The line that caused it.
    pub place: Option<Place>,
    /// The request that showed it, e.g. `GET http://localhost/api/docs`.
    pub request: String,
    /// The same as it would be observed.
    pub exchange: Arc<Exchange>,
}

/// A router that nothing is known of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untried {
    /// Index into [`Gateway::routers`].
    pub router: usize,
    /// Why.
    pub why: String,
}

/// What a proxy and an app's server make of each other.
#[derive(Clone, Debug, Default)]
pub struct Pair {
    /// Each finding once for each router, in the order of the routers.
    pub concerns: Vec<Concern>,
    /// The routers that could not be tried, of those that send to an upstream.
    pub untried: Vec<Untried>,
    /// Every request that was tried, as it would be observed, and the router that took it. Each has its own number.
    pub tried: Vec<(Option<usize>, Arc<Exchange>)>,
}

/// Who asks, as proxy and server see it.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// The client, as the proxy sees it.
    pub client: IpAddr,
    /// The proxy, as the app's server sees it.
    pub peer: IpAddr,
}

/// Tries every router of the set-up's proxy that sends to an upstream. `setup` is left as it is.
pub fn pair(setup: &Setup, addresses: Addresses, world: &dyn World) -> Pair {
    let Some(gateway) = &setup.gateway else { return Pair::default() };
    // One for all: what each request teaches of prefixes is known of the routers anyway.
    let mut learning = setup.clone();
    let mut pair = Pair::default();
    let mut known = BTreeSet::new();
    let sending = gateway.routers.iter().enumerate().filter(|(_, router)| !router.upstreams.is_empty());
    for (count, (index, router)) in sending.enumerate() {
        if count == MOST_ROUTERS {
            let why = format!("only the first {MOST_ROUTERS} routers are tried");
            pair.untried.push(Untried { router: index, why });
            break;
        }
        match Aim::at(index, router, gateway, setup, addresses, world) {
            Ok(aim) => pair.shoot(&aim, &mut learning, addresses, &mut known, world),
            Err(why) => pair.untried.push(Untried { router: index, why }),
        }
    }
    pair
}

/// Scheme, host and port of a request that a router takes; `None` if no such request is known.
pub fn origin(setup: &Setup, router: usize, addresses: Addresses, world: &dyn World) -> Option<String> {
    let gateway = setup.gateway.as_ref()?;
    let found = Aim::at(router, gateway.routers.get(router)?, gateway, setup, addresses, world);
    found.ok().map(|aim| aim.origin)
}

impl Pair {
    /// Thinks the requests of one router through.
    fn shoot(
        &mut self,
        aim: &Aim<'_>,
        setup: &mut Setup,
        addresses: Addresses,
        known: &mut BTreeSet<(Option<usize>, &'static str)>,
        world: &dyn World,
    ) {
        let mut unknown = None;
        for (path, websocket) in requests(aim.prefix, setup.app.routes.as_ref()) {
            let Some((asked, url)) = aim.ask(&path, websocket) else { continue };
            let start =
                Start { asked: &asked, entrance: &aim.entrance, client: addresses.client, peer: addresses.peer };
            let DryRun { findings, way, exchange, .. } = run(&start, setup, world);
            let exchange = Arc::new(Exchange { id: ExchangeId(self.tried.len() as u64 + 1), ..exchange });
            if unknown.is_none() {
                unknown = way.as_ref().and_then(|way| way.unknown.first()).map(ToString::to_string);
            }
            let router = way.as_ref().map_or(Some(aim.router), |way| way.router);
            self.tried.push((router, Arc::clone(&exchange)));
            for finding in findings.into_iter().filter(|finding| finding.follows.is_none()) {
                if known.insert((router, finding.code)) {
                    let place = way.as_ref().and_then(|way| cause(way, finding.code));
                    let place = place.or_else(|| router_place(setup.gateway.as_ref(), router));
                    let request = format!("{} {url}", if websocket { "websocket" } else { "GET" });
                    let exchange = Arc::clone(&exchange);
                    self.concerns.push(Concern { router, finding: sober(finding), place, request, exchange });
                }
            }
        }
        let why = unknown.map(|line| format!("what it does rests on {line}"));
        self.untried.extend(why.map(|why| Untried { router: aim.router, why }));
    }
}

/// A finding of something that was not seen: what is not certain is no error. That a prefix is one, and no part of the app's
/// own routes, is for the routes to say.
fn sober(finding: Finding) -> Finding {
    let most = match (finding.confidence, finding.code) {
        (Confidence::High, _) => Severity::Error,
        (Confidence::Medium, "PX01") => Severity::Note,
        (Confidence::Medium, _) => Severity::Warn,
    };
    Finding { severity: finding.severity.min(most), ..finding }
}

/// The line behind a finding: the one that wrote the header which it is about, or the one that decided about the path.
fn cause(way: &Way, code: &str) -> Option<Place> {
    let header = match code {
        "HO01" | "RD01" => way.writer("host"),
        "RD02" | "TR01" => way.writer("x-forwarded-proto"),
        _ => None,
    };
    let last = |kind: &StepKind| way.steps.iter().rfind(|step| step.kind == *kind && step.place.is_some());
    let step = header.filter(|step| step.place.is_some());
    let step = step.or_else(|| last(&StepKind::Path)).or_else(|| last(&StepKind::Upstream));
    step.or_else(|| last(&StepKind::Router))?.place.clone()
}

fn router_place(gateway: Option<&Gateway>, router: Option<usize>) -> Option<Place> {
    gateway?.routers.get(router?)?.place.clone()
}

/// How requests come to a router.
struct Aim<'a> {
    router: usize,
    prefix: &'a str,
    entrance: Entrance,
    origin: String,
}

impl<'a> Aim<'a> {
    /// Finds a listener and a host whose requests the router takes.
    ///
    /// # Errors
    /// Why no request is known that it takes.
    fn at(
        index: usize,
        router: &'a Router,
        gateway: &Gateway,
        setup: &Setup,
        addresses: Addresses,
        world: &dyn World,
    ) -> Result<Self, String> {
        let Some(prefix) = &router.prefix else {
            return Err("its rule names no path prefix: no path is known that it takes".to_owned());
        };
        let hosts = hosts(router, setup);
        for origin in origins(gateway, &hosts) {
            for below in ["/", "/docs", ""] {
                let path = format!("{prefix}{below}");
                let Ok(asked) = request::from_url(&format!("{origin}{path}"), "GET", &[], false) else { continue };
                let Ok(entrance) = Entrance::of(Some(gateway), &asked) else { continue };
                let received = Received {
                    head: asked.head.as_bytes(),
                    body: Some(b""),
                    peer: (addresses.client, 50_000).into(),
                    local: entrance.local,
                    tls: entrance.tls.as_ref().map(|name| Tls { name: name.as_deref() }),
                };
                if gateway.plan(&received, world).router == Some(index) {
                    return Ok(Self { router: index, prefix, entrance, origin });
                }
            }
        }
        Err(format!("no request to {} at host {} comes to it", below_or_root(prefix), hosts.join(", ")))
    }

    /// A request below the prefix, and its URL.
    fn ask(&self, path: &str, websocket: bool) -> Option<(Asked, String)> {
        let asked = request::from_url(&format!("{}{path}", self.origin), "GET", &[], websocket).ok()?;
        let url = format!("{}{}", self.origin, String::from_utf8_lossy(asked.head.target()));
        Some((asked, url))
    }
}

fn below_or_root(prefix: &str) -> &str {
    if prefix.is_empty() { "/" } else { prefix }
}

/// `http://shop.test`, `https://shop.test:8443`: each listener with each host.
fn origins(gateway: &Gateway, hosts: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut listeners: Vec<&Listen> =
        gateway.listeners.iter().filter(|listen| seen.insert((listen.port, listen.tls))).collect();
    listeners.truncate(MOST_LISTENERS);
    let origin = |scheme: &str, host: &str, port: u16| match default_port(scheme) {
        Some(default) if default == port => format!("{scheme}://{host}"),
        _ => format!("{scheme}://{host}:{port}"),
    };
    if listeners.is_empty() {
        return hosts.iter().map(|host| origin("http", host, 80)).collect();
    }
    let scheme = |listen: &Listen| if listen.tls { "https" } else { "http" };
    let with =
        |listen: &&Listen| hosts.iter().map(|host| origin(scheme(listen), host, listen.port)).collect::<Vec<_>>();
    listeners.iter().flat_map(with).collect()
}

/// Hosts that the router may want: the public one, those that its rule names, and this machine.
fn hosts(router: &Router, setup: &Setup) -> Vec<String> {
    let public = setup.public.iter().map(|public| public.host.clone());
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    let words = router.rule.split(|c: char| !is_of_name(c)).filter(|word| is_host(word)).map(str::to_owned);
    let mut hosts: Vec<String> = public.chain(words).take(MOST_HOSTS - 1).collect();
    hosts.push("localhost".to_owned());
    hosts.dedup();
    hosts
}

/// `shop.test`, but not `1.5` or `.php`.
fn is_host(word: &str) -> bool {
    let last = word.rsplit('.').next().unwrap_or_default();
    word.contains('.') && !word.starts_with('.') && last.len() > 1 && last.bytes().all(|b| b.is_ascii_alphabetic())
}

/// The paths to ask for below a prefix, and whether as a websocket.
fn requests(prefix: &str, routes: Option<&Routes>) -> Vec<(String, bool)> {
    let own = |template: &&str| !template.is_empty() && !paths_of_fastapi(template);
    let templates = || routes.into_iter().flat_map(Routes::templates).filter(own);
    // Routes that carry the prefix in their own paths are public as they are; one alone may just repeat a word.
    let is_below = |path: &str| prefix::below_text(path, prefix).is_some();
    let carried = templates().next().is_some() && templates().all(is_below);
    let public = |path: String| if carried && is_below(&path) { path } else { format!("{prefix}{path}") };
    let mut paths = vec!["/".to_owned(), "/docs".to_owned(), "/openapi.json".to_owned()];
    for template in templates().take(MOST_ROUTES) {
        let path = filled(template);
        let other = path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
        paths.extend([path, other]);
    }
    paths.extend(routes.into_iter().flat_map(Routes::mounts).take(1).map(|mount| format!("{mount}/")));
    let below = |path: String| (public(path), false);
    paths.into_iter().map(below).chain([(format!("{prefix}/ws"), true)]).collect()
}

fn paths_of_fastapi(template: &str) -> bool {
    crate::asgi::framework::FASTAPI_OWN.contains(&template)
}

/// `/items/1` of `/items/{id}`.
fn filled(template: &str) -> String {
    let mut path = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        path.push_str(before);
        path.push('1');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    path + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asgi::framework::App;
    use crate::asgi::server::Server;
    use crate::gateway::{Unseen, parse_route};

    fn tried(routes: &[&str], root_path: &str, app: App) -> Vec<String> {
        let routes = routes.iter().map(|route| parse_route(route).unwrap()).collect();
        let mut server = Server::uvicorn();
        server.set("root-path", root_path).unwrap();
        let mut setup = Setup { gateway: Some(Gateway::of_routes(routes, None)), app, ..Setup::new(server) };
        setup.know_prefix("/api");
        let local: IpAddr = [127, 0, 0, 1].into();
        let pair = pair(&setup, Addresses { client: local, peer: local }, &Unseen);
        assert!(pair.untried.is_empty(), "{:?}", pair.untried);
        pair.concerns.iter().map(|concern| format!("{} {}", concern.finding.code, concern.request)).collect()
    }

    fn with_routes() -> App {
        let routes = Routes::new(vec!["/docs".to_owned(), "/items/{id}".to_owned()], vec!["/static".to_owned()]);
        App { routes: Some(routes), ..App::default() }
    }

    #[test]
    fn the_clean_pairs_have_no_finding() {
        assert_eq!(tried(&["/api=http://app:8000,strip"], "/api", App::default()), [""; 0]);
        assert_eq!(tried(&["/api=http://app:8000,strip"], "/api", with_routes()), [""; 0]);
        let told = App { root_path: "/api".to_owned(), ..with_routes() };
        assert_eq!(tried(&["/api=http://app:8000,keep"], "", told), [""; 0]);
        assert_eq!(tried(&["/=http://app:8000,keep"], "", with_routes()), [""; 0]);
        let own = ["/api/docs", "/api/openapi.json", "/api/items/{id}", "/api"].map(str::to_owned).to_vec();
        let carries = App { routes: Some(Routes::new(own, vec!["/api/static".to_owned()])), ..App::default() };
        assert_eq!(tried(&["/api=http://app:8000,keep"], "", carries), [""; 0]);
    }

    #[test]
    fn what_does_not_go_together_is_said_once_for_each_router() {
        assert_eq!(tried(&["/api=http://app:8000,keep"], "", with_routes()), ["PX01 GET http://localhost/api/docs"]);
        let doubled = tried(&["/api=http://app:8000,keep"], "/api", with_routes());
        assert!(doubled.first().is_some_and(|first| first.starts_with("PX02 ")), "{doubled:?}");
    }

    #[test]
    fn templates_become_paths() {
        for (template, path) in [("/a", "/a"), ("/a/{id}/b/{x:path}", "/a/1/b/1"), ("/{open", "/1")] {
            assert_eq!(filled(template), path);
        }
    }

    #[test]
    fn what_is_a_host_in_a_rule() {
        for (word, host) in [("shop.test", true), ("a.b-c.org", true), (".php", false), ("1.5", false), ("api", false)]
        {
            assert_eq!(is_host(word), host, "{word}");
        }
    }
}
