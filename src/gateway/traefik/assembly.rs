//! A configuration put together: which routers there are at which entry point, with their middlewares and services.
//!
//! Traefik 3.7, `pkg/server/aggregator.go` (what entry points add to routers), `pkg/server/router/router.go`,
//! `pkg/server/service/service.go`, `pkg/provider/traefik/internal.go` (the routers that Traefik makes by itself).

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::behaviour::Behaviour;
use super::dynamic::{
    self, LoadBalancer, Middleware, MiddlewareKind, Provider, RedirectScheme, Router, Service, ServiceKind, Weighted,
};
use super::entry::Escapes;
use super::install::{EntryPoint, RouterTls};
use super::journey::{End, Stages};
use super::layer::{self, Layer, Trail, Work};
use super::routes::{Route, Table};
use super::rule::{Rule, Syntax};
use super::service::{Server, Servers, destination};
use super::source::Source;
use crate::gateway::document::At;
use crate::gateway::go::{Mode, Url, escape};
use crate::gateway::{self, Code, Destination, NotUnderstood, Place, Remark, Reply, Step, StepKind, Weight};

/// The largest priority that a user may give (`maxUserPriority`).
const MOST_PRIORITY: i64 = i64::MAX - 1000;
/// How deep routers may lie below each other.
const DEEPEST_ROUTER: usize = 32;

/// Why Traefik drops a router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) place: Place,
    pub(super) what: String,
}

impl Fault {
    pub(super) fn new(place: &Place, what: impl Into<String>) -> Self {
        Self { place: place.clone(), what: what.into() }
    }
}

/// What is being put together.
#[derive(Debug)]
pub(super) struct Assembly<'s> {
    source: &'s Source,
    pub(super) behaviour: Behaviour,
    /// What Traefik adds by itself, in the order of the names of the entry points.
    internal_routers: Vec<Router>,
    internal_middlewares: Vec<Middleware>,
    middlewares: HashMap<String, &'s Middleware>,
    services: HashMap<String, &'s Service>,
    transports: HashSet<String>,
    /// The routers below a router, by its whole name.
    children: HashMap<String, Vec<&'s Router>>,
    made: RefCell<Made>,
}

/// What comes of it beside the tables.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) routers: Vec<gateway::Router>,
    pub(super) remarks: Vec<Remark>,
    /// The same, for each is told once.
    told: HashSet<Remark>,
    known: HashMap<String, usize>,
}

/// The routers of an entry point, for connections without TLS and with it.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) plain: Table,
    pub(super) tls: Table,
    /// The routers of `tls` that name TLS options.
    pub(super) options: Option<NotUnderstood>,
}

impl<'s> Assembly<'s> {
    /// Of a source.
    pub(super) fn new(source: &'s Source) -> Self {
        let dynamic = &source.dynamic;
        let mut assembly = Self {
            source,
            behaviour: Behaviour::of(source.release),
            internal_routers: Vec::new(),
            internal_middlewares: Vec::new(),
            middlewares: dynamic.middlewares.iter().map(|one| (one.provider.qualified(&one.name), one)).collect(),
            services: dynamic.services.iter().map(|one| (one.provider.qualified(&one.name), one)).collect(),
            transports: dynamic.transports.iter().map(|one| one.provider.qualified(&one.name)).collect(),
            children: HashMap::new(),
            made: RefCell::default(),
        };
        for router in &dynamic.routers {
            let parents: HashSet<_> =
                router.parents.iter().map(|parent| router.provider.qualified(&parent.value)).collect();
            for parent in parents {
                assembly.children.entry(parent).or_default().push(router);
            }
        }
        assembly.redirections();
        assembly.internal_services();
        assembly
    }

    /// What came of it.
    pub(super) fn made(self) -> Made {
        self.made.into_inner()
    }

    /// Notes a fault that needs no request to be seen.
    pub(super) fn remark(&self, code: Code, weight: Weight, place: &Place, what: String, fix: Option<&str>) {
        let remark = Remark { code, weight, place: place.clone(), what, fix: fix.map(str::to_owned) };
        let made = &mut *self.made.borrow_mut();
        if made.told.insert(remark.clone()) {
            made.remarks.push(remark);
        }
    }

    /// A middleware by its whole name.
    pub(super) fn middleware(&self, name: &str) -> Option<&Middleware> {
        let internal = || self.internal_middlewares.iter().find(|one| one.provider.qualified(&one.name) == name);
        self.middlewares.get(name).copied().or_else(internal)
    }

    /// The middlewares of the configuration.
    pub(super) fn middlewares(&self) -> &[Middleware] {
        &self.source.dynamic.middlewares
    }

    /// All routers, Traefik's own ones too.
    pub(super) fn routers(&self) -> impl Iterator<Item = &Router> {
        self.source.dynamic.routers.iter().chain(&self.internal_routers)
    }

    /// The routers of an entry point.
    pub(super) fn tables(&self, point: &EntryPoint) -> Tables {
        let (mut plain, mut tls, mut options) = (Vec::new(), Vec::new(), None);
        for router in self.routers().filter(|router| router.parents.is_empty()) {
            if !self.entry_points(router).any(|name| name == point.name) {
                continue;
            }
            let with_tls = router.tls.as_ref().or(point.tls.as_ref());
            let Some(route) = self.route(router, Some(point), &mut Vec::new()) else { continue };
            match with_tls {
                Some(given) => {
                    options = options.or_else(|| tls_options(given));
                    tls.push(route);
                }
                None => plain.push(route),
            }
        }
        Tables { plain: Table::new(plain), tls: Table::new(tls), options }
    }

    /// The names of the entry points of a router: its own, else those that are for all.
    fn entry_points<'r>(&'r self, router: &'r Router) -> impl Iterator<Item = &'r str> {
        let points = &self.source.install.entry_points;
        let marked = points.iter().any(|point| point.as_default);
        let default = points.iter().filter(move |point| {
            router.entry_points.is_empty() && (!marked || point.as_default) && !point.udp && point.name != "traefik"
        });
        router.entry_points.iter().map(|name| name.value.as_str()).chain(default.map(|point| point.name.as_str()))
    }

    /// A router ready to take requests; `None` if Traefik drops it. `point` is `None` below another router.
    fn route(&self, router: &Router, point: Option<&EntryPoint>, above: &mut Trail) -> Option<Route> {
        let name = router.provider.qualified(&router.name);
        let made = self.rule(router).and_then(|rule| Ok((rule, self.stages(router, &name, point, above)?)));
        let (rule, stages) = match made {
            Ok(made) => made,
            Err(fault) => {
                let what = format!("router {name} is dropped: {}", fault.what);
                self.remark(Code::RouterDropped, Weight::Error, &fault.place, what, None);
                return None;
            }
        };
        let given = router.priority.as_ref().map_or(0, |priority| priority.value);
        if given > MOST_PRIORITY && router.provider != Provider::Internal {
            let place = router.priority.as_ref().map_or(&router.place, |priority| &priority.place);
            let what = format!("router {name} is dropped: the priority is more than {MOST_PRIORITY}");
            self.remark(Code::RouterDropped, Weight::Error, place, what, None);
            return None;
        }
        let length = i64::try_from(router.rule.value.len()).unwrap_or(i64::MAX);
        let priority = if given == 0 { length } else { given };
        let place = Some(router.rule.place.clone());
        let text = router.rule.value.trim().to_owned();
        let index = self.note_router(&name, &text, &rule, priority, place.clone(), &stages);
        let unsure = router.unsure.clone();
        Some(Route { router: index, name, text, place, priority, rule, stages: Arc::new(stages), unsure })
    }

    fn rule(&self, router: &Router) -> Result<Rule, Fault> {
        let place = &router.rule.place;
        let not_modelled =
            |what: String| NotUnderstood::at(place, format!("the rule of router {}: {what}", router.name));
        let syntax = self.syntax(router);
        let rule = Rule::new(&router.rule.value, syntax, self.behaviour.wildcards, &not_modelled);
        match rule {
            Ok(rule) => Ok(rule),
            // What is not understood of it may be the rule itself.
            Err(_) if !router.unsure.is_empty() => Ok(Rule::Unknown(not_modelled("it is not understood".to_owned()))),
            Err(error) => Err(Fault::new(place, format!("its rule cannot be read: {error}"))),
        }
    }

    /// The syntax of a rule: the router's, else the one that is set for all, else the release's.
    fn syntax(&self, router: &Router) -> Syntax {
        if self.behaviour.syntax == Syntax::V2 {
            return Syntax::V2;
        }
        let default = self
            .source
            .install
            .rule_syntax
            .as_ref()
            .filter(|_| !router.default_rule && router.provider != Provider::Internal);
        match router.syntax.as_ref().or(default).map(|syntax| syntax.value.as_str()) {
            Some("v2") => Syntax::V2,
            _ => Syntax::V3,
        }
    }

    /// The layers of a router, and what is behind them.
    fn stages(
        &self,
        router: &Router,
        name: &str,
        point: Option<&EntryPoint>,
        above: &mut Trail,
    ) -> Result<Stages, Fault> {
        let mut layers = Vec::new();
        let mut push = |place: Option<Place>, work| layers.push(Layer { place, work });
        if router.default_rule {
            push(Some(router.rule.place.clone()), Work::DenyRecursion(fnv(name)));
        }
        if let Some(point) = point {
            match &point.encoded {
                Some(encoded) => push(Some(encoded.place.clone()), Work::Escapes(Escapes::denied_by(encoded))),
                None if self.behaviour.denies_escapes => push(None, Work::Escapes(Escapes::all_denied())),
                None => {}
            }
        }
        let before = point.map(|point| point.middlewares.as_slice()).unwrap_or_default();
        for given in before.iter().chain(&router.middlewares) {
            let name = router.provider.qualified(&given.value);
            layers.extend(layer::build(self, &name, &given.place, &mut Vec::new())?);
        }
        let children = self.children.get(name).map(Vec::as_slice).unwrap_or_default();
        let rest = if children.is_empty() {
            if router.service.value.is_empty() {
                return Err(Fault::new(&router.place, "it has no service"));
            }
            let service = router.provider.qualified(&router.service.value);
            self.service_stages(&service, &router.service.place, &mut Vec::new())?
        } else {
            Stages { layers: Vec::new(), end: self.child_table(name, children, router, above)? }
        };
        layers.extend(rest.layers);
        Ok(Stages { layers, end: rest.end })
    }

    fn child_table(&self, name: &str, children: &[&Router], router: &Router, above: &mut Trail) -> Result<End, Fault> {
        if above.iter().any(|one| one == name) || above.len() >= DEEPEST_ROUTER {
            return Err(Fault::new(&router.place, format!("router {name} lies below itself")));
        }
        above.push(name.to_owned());
        let sound = children.iter().filter(|child| child.tls.is_none() && child.entry_points.is_empty());
        let routes: Vec<_> = sound.filter_map(|child| self.route(child, None, above)).collect();
        above.pop();
        if routes.is_empty() {
            return Err(Fault::new(&router.place, "none of the routers below it can be made"));
        }
        Ok(End::Routers(Table::new(routes)))
    }

    /// A service by its whole name, referred to from `place`.
    ///
    /// # Errors
    /// The fault that makes Traefik drop whoever refers to it.
    pub(super) fn service_stages(&self, name: &str, place: &Place, trail: &mut Trail) -> Result<Stages, Fault> {
        if let Some(internal) = name.strip_suffix("@internal") {
            return self.internal_service(internal, place).map(|end| Stages { layers: Vec::new(), end });
        }
        let Some(service) = self.services.get(name) else {
            return Err(Fault::new(place, format!("there is no service {name}")));
        };
        let entered = format!("service {name}");
        if trail.contains(&entered) {
            return Err(Fault::new(place, format!("{entered} leads to itself")));
        }
        trail.push(entered);
        let stages = self.service(name, service, trail);
        trail.pop();
        stages
    }

    fn service(&self, name: &str, service: &Service, trail: &mut Trail) -> Result<Stages, Fault> {
        let mut layers: Vec<_> = service.unsure.iter().map(|what| doubt(what.clone())).collect();
        for given in &service.middlewares {
            let name = service.provider.qualified(&given.value);
            layers.extend(layer::build(self, &name, &given.place, trail)?);
        }
        let mut follow =
            |to: &At<String>| self.service_stages(&service.provider.qualified(&to.value), &to.place, trail);
        let rest = match &service.kind {
            ServiceKind::LoadBalancer(balancer) => {
                Stages { layers: Vec::new(), end: End::Servers(self.servers(name, service, balancer)?) }
            }
            ServiceKind::Weighted(all) | ServiceKind::HighestRandomWeight(all) => {
                one_of(name, service, all, &mut follow)?
            }
            ServiceKind::Mirroring(to) => follow(to)?,
            ServiceKind::Failover { service: to, fallback } => {
                follow(fallback)?;
                let mut stages = follow(to)?;
                let what = format!("service {name}: {} is taken to be up", to.value);
                stages.layers.insert(0, assumed(&to.place, what));
                stages
            }
            ServiceKind::Nothing if !layers.is_empty() => {
                let step = Step::at(StepKind::Upstream, format!("service {name}"), &service.place);
                let what = NotUnderstood::at(&service.place, format!("service {name} is not understood"));
                Stages { layers: Vec::new(), end: End::Internal(step, what) }
            }
            ServiceKind::Nothing => return Err(Fault::new(&service.place, format!("service {name} is of no type"))),
            ServiceKind::Several => {
                return Err(Fault::new(&service.place, format!("service {name} is of several types")));
            }
        };
        layers.extend(rest.layers);
        Ok(Stages { layers, end: rest.end })
    }

    fn servers(&self, name: &str, service: &Service, balancer: &LoadBalancer) -> Result<Servers, Fault> {
        if let Some(transport) = &balancer.transport {
            let whole = service.provider.qualified(&transport.value);
            let known =
                transport.value == "default" || whole.ends_with("@internal") || self.transports.contains(&whole);
            if !known {
                return Err(Fault::new(&transport.place, format!("there is no serversTransport {whole}")));
            }
        }
        let mut members = Vec::new();
        for server in &balancer.servers {
            let written = &server.url;
            let Some(url) = Url::parse(written.value.as_bytes()) else {
                return Err(Fault::new(&written.place, format!("{:?} is no URL of a server", written.value)));
            };
            if server.weight.is_none_or(|weight| weight > 0) {
                members.push(Server {
                    written: written.value.clone(),
                    url,
                    place: written.place.clone(),
                    preserve_path: server.preserve_path,
                });
            }
        }
        Ok(Servers {
            name: name.to_owned(),
            members,
            pass_host: balancer.pass_host_header,
            place: balancer.place.clone(),
        })
    }

    /// `…@internal` (`pkg/server/service/internalhandler.go`).
    fn internal_service(&self, name: &str, place: &Place) -> Result<End, Fault> {
        let install = &self.source.install;
        let step = Step::at(StepKind::Answer, format!("service {name}@internal"), place);
        let enabled = match name {
            "noop" => return Ok(End::Answer(step, Reply::status(418))),
            "ping" if install.ping.is_some() => {
                return Ok(End::Answer(step, Reply { body: b"OK".to_vec(), ..Reply::status(200) }));
            }
            "api" => install.api.is_some(),
            "dashboard" => install.api.as_ref().is_some_and(|api| api.dashboard),
            "prometheus" => install.prometheus.is_some(),
            // Which of these there are is not read.
            "rest" | "acme-http" => true,
            _ => false,
        };
        if !enabled {
            return Err(Fault::new(place, format!("{name}@internal is not enabled")));
        }
        let what = format!("{name}@internal: what Traefik answers itself is not modelled");
        Ok(End::Internal(step, NotUnderstood::at(place, what)))
    }

    /// `redirections.entryPoint` of entry points, as routers.
    fn redirections(&mut self) {
        let points = &self.source.install.entry_points;
        for point in points {
            let Some(given) = &point.redirection else { continue };
            let Some(port) = self.redirection_port(&given.to.value) else {
                let what = format!("there is no entry point {:?} to redirect to", given.to.value);
                self.remark(Code::RedirectionNowhere, Weight::Error, &given.to.place, what, None);
                continue;
            };
            let name = dynamic::normalized(&format!("{}-to-{}", point.name, given.to.value));
            let redirect = RedirectScheme {
                scheme: given.scheme.clone(),
                port: At::new(port, &given.to.place),
                permanent: given.permanent,
            };
            let middleware = Middleware {
                name: format!("redirect-{name}"),
                provider: Provider::Internal,
                place: given.place.clone(),
                kinds: vec![At::new(MiddlewareKind::RedirectScheme(redirect), &given.place)],
                unsure: Vec::new(),
            };
            let mut router = internal(&name, "HostRegexp(`^.+$`)", given.priority, &point.name, "noop", &given.place);
            router.middlewares.push(At::new(middleware.name.clone(), &given.place));
            self.internal_middlewares.push(middleware);
            self.internal_routers.push(router);
        }
    }

    /// The port to redirect to: `:443`, or that of an entry point.
    fn redirection_port(&self, to: &str) -> Option<String> {
        if let Some(port) =
            to.strip_prefix(':').filter(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
        {
            return Some(port.to_owned());
        }
        let point = self.source.install.entry_points.iter().find(|point| point.name == to)?;
        point.port.map(|port| port.to_string())
    }

    /// `api.insecure`, `ping` and `metrics.prometheus`, as routers.
    fn internal_services(&mut self) {
        let install = &self.source.install;
        let mut routers = Vec::new();
        if let Some(api) = install.api.as_ref().filter(|api| api.insecure) {
            let base = api.base_path.trim_end_matches('/');
            let path = |path: &str| format!("PathPrefix(`{base}{path}`)");
            routers.push(internal("api", &path("/api"), i64::MAX - 1, "traefik", "api", &api.place));
            if api.dashboard {
                let rule = path("/");
                routers.push(internal("dashboard", &rule, i64::MAX - 2, "traefik", "dashboard", &api.place));
            }
            if api.debug {
                routers.push(internal("debug", &path("/debug"), i64::MAX - 1, "traefik", "api", &api.place));
            }
        }
        for point in &install.http_challenges {
            let rule = "PathPrefix(`/.well-known/acme-challenge/`)";
            routers.push(internal("acme-http", rule, i64::MAX, &point.value, "acme-http", &point.place));
        }
        for (name, ping) in [("ping", &install.ping), ("prometheus", &install.prometheus)] {
            if let Some(ping) = ping.as_ref().filter(|ping| !ping.manual_routing) {
                let rule = format!("PathPrefix(`{}`)", ping.path);
                routers.push(internal(name, &rule, i64::MAX, &ping.entry_point, name, &ping.place));
            }
        }
        self.internal_routers.extend(routers);
    }

    /// Notes a router for the lists of them: once, whatever number of entry points it has.
    fn note_router(
        &self,
        name: &str,
        text: &str,
        rule: &Rule,
        priority: i64,
        place: Option<Place>,
        stages: &Stages,
    ) -> usize {
        let made = &mut *self.made.borrow_mut();
        if let Some(&index) = made.known.get(name) {
            return index;
        }
        let words: Vec<_> = stages.layers.iter().filter_map(Layer::path_word).collect();
        let path = if words.is_empty() { "keep".to_owned() } else { words.join(", ") };
        let prefix = rule.prefix().map(|prefix| {
            let escaped = escape(prefix.trim_end_matches('/').as_bytes(), Mode::Path);
            String::from_utf8_lossy(&escaped).into_owned()
        });
        let upstreams = match &stages.end {
            End::Servers(servers) => destinations(servers),
            _ => Vec::new(),
        };
        let (name, rule) = (name.to_owned(), text.to_owned());
        made.known.insert(name.clone(), made.routers.len());
        made.routers.push(gateway::Router { name, rule, place, priority: Some(priority), prefix, path, upstreams });
        made.routers.len() - 1
    }
}

/// Where servers are, each once.
fn destinations(servers: &Servers) -> Vec<Destination> {
    let mut known = HashSet::new();
    let all = servers.members.iter().filter_map(|server| destination(&server.url));
    all.filter(|to| known.insert(to.clone())).collect()
}

fn doubt(what: NotUnderstood) -> Layer {
    Layer { place: what.place.clone(), work: Work::NotModelled(what) }
}

fn assumed(place: &Place, what: String) -> Layer {
    Layer { place: Some(place.clone()), work: Work::Assumed(what) }
}

/// One of the services that take requests by weight: of several the heaviest, which the running Traefik takes first. Which
/// one is next only that knows.
fn one_of(
    name: &str,
    service: &Service,
    all: &[Weighted],
    follow: &mut dyn FnMut(&At<String>) -> Result<Stages, Fault>,
) -> Result<Stages, Fault> {
    let mut chosen = Vec::new();
    for one in all {
        let stages = follow(&one.name)?;
        if one.weight > 0 {
            chosen.push((one, stages));
        }
    }
    let count = chosen.len();
    let nobody = || {
        let servers =
            Servers { name: name.to_owned(), members: Vec::new(), pass_host: true, place: service.place.clone() };
        Stages { layers: Vec::new(), end: End::Servers(servers) }
    };
    let heaviest = chosen.into_iter().rev().max_by_key(|(one, _)| one.weight);
    let Some((one, mut stages)) = heaviest else { return Ok(nobody()) };
    if count > 1 {
        let what = format!("service {name}: {} of its {count} services is taken to be next", one.name.value);
        stages.layers.insert(0, assumed(&service.place, what));
    }
    Ok(stages)
}

/// A router that Traefik makes by itself.
fn internal(name: &str, rule: &str, priority: i64, entry_point: &str, service: &str, place: &Place) -> Router {
    let at = |text: &str| At::new(text.to_owned(), place);
    Router {
        name: name.to_owned(),
        provider: Provider::Internal,
        place: place.clone(),
        rule: at(rule),
        default_rule: false,
        syntax: None,
        priority: Some(At::new(priority, place)),
        entry_points: vec![at(entry_point)],
        middlewares: Vec::new(),
        service: at(&format!("{service}@internal")),
        tls: None,
        parents: Vec::new(),
        unsure: Vec::new(),
    }
}

/// TLS options other than the default ones: a request whose host has others than its connection is refused.
fn tls_options(given: &At<RouterTls>) -> Option<NotUnderstood> {
    let options = given.value.options.as_str();
    let what = || format!("tls.options {options}: which connections get which options is not modelled");
    (!matches!(options, "" | "default")).then(|| NotUnderstood::at(&given.place, what()))
}

/// FNV-1 of 64 bits, in hexadecimal (`makeHash` of `pkg/middlewares/denyrouterrecursion`).
fn fnv(text: &str) -> String {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| hash.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte));
    format!("{hash:x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_router() {
        assert_eq!(fnv("myRouter"), "995d26092d19a224");
    }
}
