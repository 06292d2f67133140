//! What Traefik's docker provider makes of containers and their labels.
//!
//! `pkg/provider/docker/config.go`, `pkg/provider/configuration.go` and `pkg/provider/merge.go` of Traefik 3.7.

use std::collections::BTreeMap;

use super::compose::Container;
use super::dynamic::{self, Dynamic, LoadBalancer, Middleware, Named, Provider, Router, Server, Service, ServiceKind};
use super::fields::{Fault, Form, Reader};
use super::install::DockerProvider;
use super::labels;
use super::source::Reading;
use crate::gateway::document::{At, Items, Node};
use crate::gateway::{Code, NotUnderstood, Place, Remark, Weight};

/// The labels that are dynamic configuration.
const DYNAMIC: [&str; 4] = ["traefik.http", "traefik.tcp", "traefik.udp", "traefik.tls.stores.default"];

/// The rule of a router that has none.
const DEFAULT_RULE: &str = "Host(`{{ normalize .Name }}`)";

/// What one container says, with the trees that it says it by.
struct Part {
    dynamic: Dynamic,
    tree: Node,
}

/// What all containers say together.
pub(super) fn decode(mut containers: Vec<Container>, provider: &DockerProvider, reading: &mut Reading<'_>) -> Dynamic {
    containers.sort_by_cached_key(|container| dynamic::normalized(&container.name));
    let mut merged =
        Merged::new(if provider.swarm && reading.release.major > 2 { Provider::Swarm } else { Provider::Docker });
    for container in &containers {
        for label in &container.twice {
            reading.remarks.push(Remark {
                code: Code::LabelTwice,
                weight: Weight::Warning,
                place: label.place.clone(),
                what: format!("the label {} stands twice; only this one counts", label.value),
                fix: Some("write both values into one label, with a comma between them".to_owned()),
            });
        }
        match part(container, provider, merged.provider, reading) {
            Ok(Some(part)) => merged.add(part),
            Ok(None) => {}
            Err(Fault { place, what }) => reading.remarks.push(Remark {
                code: Code::RouterDropped,
                weight: Weight::Error,
                place,
                what: format!("{what}; Traefik takes no label of {}", container.service),
                fix: None,
            }),
        }
    }
    merged.finish(reading)
}

fn part(
    container: &Container,
    provider: &DockerProvider,
    origin: Provider,
    reading: &Reading<'_>,
) -> Result<Option<Part>, Fault> {
    if !is_enabled(container, provider)? {
        return Ok(None);
    }
    let tree = labels::tree(&container.labels, &DYNAMIC, &container.place)?;
    let reader = Reader::new(Form::Labels, reading.release);
    let mut dynamic = dynamic::decode(&reader, &tree, origin);
    if let Some(entry) = tree.entries().iter().find(|entry| !is_root(&entry.name)) {
        return Err(Fault { place: entry.place.clone(), what: format!("{}: there is no such field here", entry.name) });
    }
    if let Some(fault) = reader.faults().into_iter().next() {
        return Err(fault);
    }
    let other = ["tcp", "udp"].iter().any(|name| tree.get(name).is_some());
    let silent = dynamic.routers.is_empty() && dynamic.services.is_empty() && dynamic.middlewares.is_empty();
    if !(other && silent) {
        services(container, origin, &mut dynamic)?;
        routers(container, provider, origin, &mut dynamic);
    }
    for router in &mut dynamic.routers {
        router.unsure.extend(container.unsure.iter().cloned());
    }
    Ok(Some(Part { dynamic, tree }))
}

fn is_root(name: &str) -> bool {
    ["http", "tcp", "udp", "tls"].iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether a container counts: `traefik.enable`, else the provider's word.
fn is_enabled(container: &Container, provider: &DockerProvider) -> Result<bool, Fault> {
    let tree = labels::tree(&container.labels, &["traefik.enable"], &container.place)?;
    let reader = Reader::new(Form::Labels, super::source::NEWEST);
    let enabled = reader.fields(&tree, &container.place).some_flag("enable");
    match reader.faults().into_iter().next() {
        Some(fault) => Err(fault),
        None => Ok(enabled.map_or(provider.exposed_by_default, |flag| flag.value)),
    }
}

/// Gives every service its server: the container, on the port that the labels name or the lowest that it exposes.
fn services(container: &Container, origin: Provider, dynamic: &mut Dynamic) -> Result<(), Fault> {
    if dynamic.services.is_empty() {
        let balancer = LoadBalancer {
            place: container.place.clone(),
            servers: Vec::new(),
            pass_host_header: true,
            transport: None,
        };
        dynamic.services.push(Service {
            name: dynamic::normalized(&container.name),
            provider: origin,
            place: container.place.clone(),
            kind: ServiceKind::LoadBalancer(balancer),
            middlewares: Vec::new(),
            unsure: Vec::new(),
        });
    }
    for service in &mut dynamic.services {
        let ServiceKind::LoadBalancer(balancer) = &mut service.kind else {
            let what = format!("the service {} has no load-balancer", service.name);
            return Err(Fault { place: service.place.clone(), what });
        };
        let named = balancer.servers.pop();
        let (server, doubt) = server(container, named)?;
        balancer.servers = vec![server];
        service.unsure.extend(doubt);
    }
    Ok(())
}

fn server(container: &Container, named: Option<Server>) -> Result<(Server, Option<NotUnderstood>), Fault> {
    let (place, named) = match named {
        Some(server) => (server.url.place.clone(), Some(server)),
        None => (container.place.clone(), None),
    };
    let scheme = named.as_ref().and_then(|server| server.scheme.clone()).filter(|scheme| !scheme.value.is_empty());
    let port = named.as_ref().and_then(|server| server.port.clone()).filter(|port| !port.value.is_empty());
    let (weight, preserve_path) = named.as_ref().map_or((None, false), |server| (server.weight, server.preserve_path));
    let made = |url: String, place: &Place| Server {
        url: At::new(url, place),
        weight,
        preserve_path,
        scheme: None,
        port: None,
    };
    if let Some(server) = named.filter(|server| !server.url.value.is_empty()) {
        if scheme.is_some() || port.is_some() {
            let what = "defining scheme or port is not allowed when url is defined".to_owned();
            return Err(Fault { place: server.url.place, what });
        }
        return Ok((made(server.url.value, &place), None));
    }
    let scheme = scheme.map_or_else(|| "http".to_owned(), |scheme| scheme.value);
    let host = &container.service;
    if let Some(port) = port {
        return Ok((made(format!("{scheme}://{host}:{}", port.value), &port.place), None));
    }
    let doubt = |place: &Place| {
        let what = format!(
            "{host}: no label names the port (traefik.http.services.….loadbalancer.server.port), and which ports the image \
             exposes is not known; Traefik takes the lowest"
        );
        Some(NotUnderstood::at(place, what))
    };
    Ok(match container.ports.first() {
        Some(port) => (made(format!("{scheme}://{host}:{}", port.value), &port.place), doubt(&port.place)),
        None => (made(format!("{scheme}://{host}:80"), &place), doubt(&place)),
    })
}

/// Gives every router its rule and its service.
fn routers(container: &Container, provider: &DockerProvider, origin: Provider, dynamic: &mut Dynamic) {
    if dynamic.routers.is_empty() && dynamic.services.len() == 1 {
        dynamic.routers.push(Router {
            name: dynamic::normalized(&container.name),
            provider: origin,
            place: container.place.clone(),
            rule: At::new(String::new(), &container.place),
            default_rule: false,
            syntax: None,
            priority: None,
            entry_points: Vec::new(),
            middlewares: Vec::new(),
            service: At::new(String::new(), &container.place),
            tls: None,
            parents: Vec::new(),
            unsure: Vec::new(),
        });
    }
    let only = match dynamic.services.as_slice() {
        [service] => Some(At::new(service.name.clone(), &service.place)),
        _ => None,
    };
    dynamic.routers.retain_mut(|router| {
        if router.rule.value.is_empty() {
            default_rule(router, container, provider);
            router.default_rule = true;
        }
        if router.service.value.is_empty() {
            match &only {
                Some(service) => router.service = service.clone(),
                // "cannot be linked automatically with multiple Services"
                None => return false,
            }
        }
        !router.rule.value.is_empty()
    });
}

fn default_rule(router: &mut Router, container: &Container, provider: &DockerProvider) {
    let place = provider.default_rule.as_ref().map_or(&container.place, |rule| &rule.place).clone();
    let template = provider.default_rule.as_ref().map_or(DEFAULT_RULE, |rule| rule.value.as_str());
    let rule = filled(template, container).unwrap_or_else(|| {
        router.unsure.push(NotUnderstood::at(&place, format!("{template}: this template is not understood")));
        template.to_owned()
    });
    router.rule = At { value: rule, place };
}

/// A default rule with the container's names in it.
fn filled(template: &str, container: &Container) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (action, behind) = after.split_once("}}")?;
        out.push_str(before);
        let words: Vec<&str> = action.split_whitespace().collect();
        let name = dynamic::normalized(&container.name);
        out.push_str(&match words.as_slice() {
            [".Name"] | ["normalize", ".Name"] => name,
            [".ContainerName"] => container.full_name.clone(),
            ["normalize", ".ContainerName"] => dynamic::normalized(&container.full_name),
            ["index", ".Labels", quoted] => {
                let wanted = quoted.trim_matches(['"', '`']);
                let label = container.labels.iter().find(|label| label.name == wanted);
                label.map(|label| label.value.value.clone()).unwrap_or_default()
            }
            _ => return None,
        });
        rest = behind;
    }
    out.push_str(rest);
    Some(out)
}

/// What containers say, as far as it is the same where it is said twice.
struct Merged {
    provider: Provider,
    dynamic: Dynamic,
    routers: Resources<Router>,
    services: Resources<Service>,
    middlewares: Resources<Middleware>,
}

/// Parts by name.
type Resources<T> = BTreeMap<String, Resource<T>>;

/// A part, with what it is held against others of its name by.
struct Resource<T> {
    one: T,
    mark: String,
    /// Another of its name that says something else.
    other: Option<Place>,
}

impl Merged {
    fn new(provider: Provider) -> Self {
        Self {
            provider,
            dynamic: Dynamic::default(),
            routers: BTreeMap::new(),
            services: BTreeMap::new(),
            middlewares: BTreeMap::new(),
        }
    }

    fn add(&mut self, part: Part) {
        let said = |kind: &str, name: &str| {
            let all = get(get(Some(&part.tree), "http"), kind);
            all.and_then(|all| all.entries().iter().find(|entry| entry.name == name)).map(|entry| &entry.node)
        };
        for router in part.dynamic.routers {
            let mut mark = String::new();
            if let Some(node) = said("routers", &router.name) {
                write_down(node, &[], &mut mark);
            }
            for more in [&router.rule, &router.service] {
                mark.push('\u{0}');
                mark.push_str(&more.value);
            }
            put(&mut self.routers, router, mark, |_, _| {});
        }
        for service in part.dynamic.services {
            let mut mark = String::new();
            if let Some(node) = said("services", &service.name) {
                write_down(node, &["server"], &mut mark);
            }
            put(&mut self.services, service, mark, add_servers);
        }
        for middleware in part.dynamic.middlewares {
            let mut mark = String::new();
            if let Some(node) = said("middlewares", &middleware.name) {
                write_down(node, &[], &mut mark);
            }
            put(&mut self.middlewares, middleware, mark, |_, _| {});
        }
        self.dynamic.tcp.extend(part.dynamic.tcp);
    }

    fn finish(self, reading: &mut Reading<'_>) -> Dynamic {
        Dynamic {
            routers: agreed(self.routers, reading),
            services: agreed(self.services, reading),
            middlewares: agreed(self.middlewares, reading),
            ..self.dynamic
        }
    }
}

fn get<'a>(node: Option<&'a Node>, name: &str) -> Option<&'a Node> {
    node?.entries().iter().find(|entry| entry.name.eq_ignore_ascii_case(name)).map(|entry| &entry.node)
}

/// A tree without its lines and without some of its parts, to be held against another.
fn write_down(node: &Node, but: &[&str], out: &mut String) {
    out.push_str(node.text.as_deref().unwrap_or_default());
    if let Items::Map(entries) = &node.items {
        out.push('{');
        for entry in entries.iter().filter(|entry| !but.iter().any(|name| name.eq_ignore_ascii_case(&entry.name))) {
            out.push_str(&entry.name.to_ascii_lowercase());
            out.push('=');
            write_down(&entry.node, but, out);
            out.push(';');
        }
        out.push('}');
    }
}

fn put<T: Named>(all: &mut Resources<T>, one: T, mark: String, join: impl Fn(&mut T, T)) {
    match all.get_mut(one.name()) {
        None => {
            all.insert(one.name().to_owned(), Resource { one, mark, other: None });
        }
        Some(known) if known.mark == mark => join(&mut known.one, one),
        Some(known) => known.other = Some(one.place().clone()),
    }
}

fn add_servers(known: &mut Service, more: Service) {
    let (ServiceKind::LoadBalancer(known_balancer), ServiceKind::LoadBalancer(balancer)) = (&mut known.kind, more.kind)
    else {
        return;
    };
    for server in balancer.servers {
        if !known_balancer.servers.iter().any(|other| other.url.value == server.url.value) {
            known_balancer.servers.push(server);
        }
    }
    known.unsure.extend(more.unsure);
}

/// Those of which nothing else is said elsewhere: Traefik drops the others.
fn agreed<T: Named>(all: Resources<T>, reading: &mut Reading<'_>) -> Vec<T> {
    let mut agreed = Vec::new();
    for Resource { one, other, .. } in all.into_values() {
        match other {
            None => agreed.push(one),
            Some(place) => reading.remarks.push(Remark {
                code: Code::NameTaken,
                weight: Weight::Error,
                what: format!("{} {} is something else at {}; Traefik takes neither", T::WORD, one.name(), one.place()),
                place,
                fix: Some("give one of them another name".to_owned()),
            }),
        }
    }
    agreed
}
