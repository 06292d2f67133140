//! Traefik's Kubernetes objects: `IngressRoute`, `Middleware`, `TraefikService`.
//!
//! `pkg/provider/kubernetes/crd` of Traefik 3.7. What only the cluster knows is said otherwise here: an upstream is the
//! name of its service where Traefik has the addresses of pods, and the routers of an `IngressRoute` are numbered where
//! Traefik adds a hash of the rule.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};

use super::dynamic::{
    self, Dynamic, LoadBalancer, Provider, Router, Server, Service, ServiceKind, TcpRouter, Transport, Weighted,
};
use super::fields::{Fields, Form, Reader};
use super::install::router_tls;
use crate::asgi::Release;
use crate::gateway::document::{At, Entry, Items, Node};
use crate::gateway::{NotUnderstood, Place};

const OURS: Provider = Provider::Kubernetes;

/// The group of the objects since 2.10, and the one until 2.11.
const GROUPS: [&str; 2] = ["traefik.io/", "traefik.containo.us/"];

/// True if a document is an object of Traefik's, or a list of objects.
pub(super) fn is_object(root: &Node) -> bool {
    let group = |root: &Node| {
        let version = root.get_text("apiVersion").unwrap_or_default();
        GROUPS.iter().any(|group| version.starts_with(group))
    };
    root.get("kind").is_some()
        && (group(root) || root.get("items").is_some_and(|items| items.elements().iter().any(group)))
}

/// True if all objects of Traefik's are of the group that 3.0 reads no more.
pub(super) fn is_old(documents: &[Node]) -> bool {
    let versions = objects(documents).filter_map(|object| object.get_text("apiVersion"));
    let ours: Vec<&str> = versions.filter(|version| GROUPS.iter().any(|group| version.starts_with(group))).collect();
    !ours.is_empty() && ours.iter().all(|version| version.starts_with("traefik.containo.us/"))
}

fn objects(documents: &[Node]) -> impl Iterator<Item = &Node> {
    documents.iter().flat_map(|document| match document.get("items") {
        Some(items) => items.elements(),
        None => std::slice::from_ref(document),
    })
}

/// What objects say.
pub(super) fn decode(documents: &[Node], release: Release) -> Dynamic {
    let reader = Reader::new(Form::File, release);
    let cluster =
        Cluster { objects: objects(documents).map(keyed).collect(), reader: &reader, services: RefCell::default() };
    let mut dynamic = Dynamic::default();
    for object in objects(documents) {
        let version = object.get_text("apiVersion").unwrap_or_default();
        let read =
            version.starts_with("traefik.io/") || (version.starts_with("traefik.containo.us/") && release.major < 3);
        match object.get_text("kind").unwrap_or_default() {
            "IngressRoute" if read => cluster.ingress_route(object, &mut dynamic),
            "Middleware" if read => cluster.middleware(object, &mut dynamic),
            "TraefikService" if read => cluster.traefik_service(object, &mut dynamic),
            "IngressRouteTCP" if read => cluster.tcp(object, &mut dynamic),
            "ServersTransport" if read => dynamic.transports.push(Transport {
                name: Identity::of(object).full(),
                provider: OURS,
                place: object.place.clone(),
            }),
            "Ingress" => dynamic.unsure.push(NotUnderstood::at(
                &object.place,
                "kind Ingress: what Traefik's Kubernetes Ingress provider makes of it is not modelled",
            )),
            _ if read || !GROUPS.iter().any(|group| version.starts_with(group)) => {}
            kind => dynamic.unsure.push(NotUnderstood::at(
                &object.place,
                format!("{kind} of {version}: Traefik {release} reads only traefik.io/v1alpha1"),
            )),
        }
    }
    let faults = reader.faults().into_iter();
    dynamic.unsure.extend(faults.map(|fault| NotUnderstood::at(&fault.place, fault.what)));
    dynamic
}

/// An object's name and namespace.
struct Identity<'a> {
    namespace: &'a str,
    name: &'a str,
}

impl<'a> Identity<'a> {
    fn of(object: &'a Node) -> Self {
        let metadata = object.get("metadata");
        let text = |name: &str| metadata.and_then(|metadata| metadata.get_text(name));
        Self {
            namespace: text("namespace").unwrap_or("default"),
            name: text("name").or_else(|| text("generateName")).unwrap_or_default(),
        }
    }

    /// The name that Traefik knows it by.
    fn full(&self) -> String {
        full(self.namespace, self.name)
    }
}

fn full(namespace: &str, name: &str) -> String {
    dynamic::normalized(&format!("{namespace}-{name}"))
}

/// An object's kind, namespace and name.
type Key<'a> = (&'a str, &'a str, &'a str);

fn keyed(object: &Node) -> (Key<'_>, &Node) {
    let Identity { namespace, name } = Identity::of(object);
    ((object.get_text("kind").unwrap_or_default(), namespace, name), object)
}

struct Cluster<'a> {
    objects: BTreeMap<Key<'a>, &'a Node>,
    reader: &'a Reader,
    /// Services that are put into the configuration already: the same one of two routes is one.
    services: RefCell<HashSet<String>>,
}

impl Cluster<'_> {
    fn object(&self, kind: &str, namespace: &str, name: &str) -> Option<&Node> {
        self.objects.get(&(kind, namespace, name)).copied()
    }

    fn put(&self, dynamic: &mut Dynamic, name: &str, place: &Place, kind: ServiceKind, unsure: Vec<NotUnderstood>) {
        if self.services.borrow_mut().insert(name.to_owned()) {
            let (name, place) = (name.to_owned(), place.clone());
            dynamic.services.push(Service { name, provider: OURS, place, kind, middlewares: Vec::new(), unsure });
        }
    }

    fn ingress_route(&self, object: &Node, dynamic: &mut Dynamic) {
        let Some(spec) = object.get("spec") else { return };
        let identity = Identity::of(object);
        let mut fields = self.reader.fields(spec, &spec.place);
        let entry_points = fields.list("entryPoints");
        let tls = fields.group_or_empty("tls").map(|mut tls| {
            tls.ignore(&["secretName", "store", "options"]);
            router_tls(tls)
        });
        let mut unsure = Vec::new();
        if let Some(entry) = fields.take("ingressClassName") {
            unsure.push(NotUnderstood::at(&entry.place, "ingressClassName: whose class it is is not known"));
        }
        let parents = self.parents(&mut fields, &identity);
        for (number, route) in fields.elements("routes").into_iter().enumerate() {
            let name = full(identity.namespace, &format!("{}-{number}", identity.name));
            let router = self.route(route, name, identity.namespace, dynamic);
            dynamic.routers.extend(router.map(|router| Router {
                entry_points: entry_points.clone(),
                tls: tls.clone(),
                parents: parents.clone(),
                unsure: unsure.iter().chain(&router.unsure).cloned().collect(),
                ..router
            }));
        }
        fields.end();
    }

    fn route(&self, mut route: Fields<'_>, name: String, namespace: &str, dynamic: &mut Dynamic) -> Option<Router> {
        let place = route.place.clone();
        let kind = route.text("kind").value;
        let rule = route.text("match");
        let (priority, syntax) = (route.number("priority"), route.some_text("syntax"));
        let mut unsure = Vec::new();
        let mut middlewares = Vec::new();
        for mut reference in route.elements("middlewares") {
            let name = reference.text("name");
            let other = reference.some_text("namespace");
            middlewares.push(referred(&name, other.as_ref(), namespace, &mut unsure));
        }
        let given = route.elements("services").into_iter().map(|service| self.service(service, namespace, dynamic));
        let services: Vec<(At<String>, i64)> = given.collect();
        route.ignore(&["observability"]);
        route.end();
        let service = match services.as_slice() {
            [] => At::new(String::new(), &place),
            [(service, _)] => service.clone(),
            several => {
                let several = several.iter().map(|(name, weight)| Weighted { name: name.clone(), weight: *weight });
                self.put(dynamic, &name, &place, ServiceKind::Weighted(several.collect()), Vec::new());
                At::new(name.clone(), &place)
            }
        };
        // Another kind, and an empty rule, make Traefik leave the route out.
        let read = (kind.is_empty() || kind == "Rule") && !rule.value.is_empty();
        read.then(|| Router {
            name,
            provider: OURS,
            place,
            rule,
            default_rule: false,
            syntax: syntax.filter(|text| !text.value.is_empty()),
            priority,
            entry_points: Vec::new(),
            middlewares,
            service,
            tls: None,
            parents: Vec::new(),
            unsure,
        })
    }

    /// The routers of the objects that an object names as its parents.
    fn parents(&self, fields: &mut Fields<'_>, child: &Identity<'_>) -> Vec<At<String>> {
        let mut names = Vec::new();
        for mut parent in fields.elements("parentRefs") {
            let name = parent.text("name");
            let namespace = parent.some_text("namespace").map_or(child.namespace.to_owned(), |text| text.value);
            let object = self.object("IngressRoute", &namespace, &name.value);
            let routes = object.and_then(|object| object.get("spec")?.get("routes")).map(Node::elements);
            let number = routes.unwrap_or_default().len();
            let named = |number| At::new(full(&namespace, &format!("{}-{number}", name.value)), &name.place);
            names.extend((0..number).map(named));
            if number == 0 {
                names.push(At::new(full(&namespace, &name.value), &name.place));
            }
        }
        names
    }

    /// A service that an object names, put into the configuration; its name and its weight.
    fn service(&self, mut fields: Fields<'_>, namespace: &str, dynamic: &mut Dynamic) -> (At<String>, i64) {
        let named = fields.text("name");
        let kind = fields.text("kind").value;
        let weight = fields.number("weight").map_or(1, |number| number.value);
        let mut unsure = Vec::new();
        let other = fields.some_text("namespace");
        let referred = referred(&named, other.as_ref(), namespace, &mut unsure);
        if kind == "TraefikService" || named.value.contains('@') {
            return (referred, weight);
        }
        let namespace = other.map_or_else(|| namespace.to_owned(), |text| text.value);
        let port = fields.text("port");
        let scheme = fields.some_text("scheme");
        let balancer = LoadBalancer {
            place: fields.place.clone(),
            servers: vec![self.server(&named, &namespace, &port, scheme.as_ref(), &mut unsure)],
            pass_host_header: fields.some_flag("passHostHeader").is_none_or(|flag| flag.value),
            transport: fields.some_text("serversTransport").map(|name| At {
                value: if name.value.contains('@') { name.value } else { full(&namespace, &name.value) },
                place: name.place,
            }),
        };
        unsure.extend(dynamic::sticky(&mut fields));
        if let Some(entry) = fields.take("middlewares") {
            unsure.push(NotUnderstood::at(&entry.place, "middlewares of a service are not read from objects"));
        }
        fields.ignore(&[
            "strategy",
            "responseForwarding",
            "nativeLB",
            "nodePortLB",
            "healthCheck",
            "passiveHealthCheck",
            "percent",
            "mirrorBody",
            "maxBodySize",
            "mirrors",
        ]);
        let place = fields.place.clone();
        fields.end();
        let name = full(&namespace, &format!("{}-{}", named.value, port.value));
        self.put(dynamic, &name, &place, ServiceKind::LoadBalancer(balancer), unsure);
        (At::new(name, &named.place), weight)
    }

    /// `loadServers` and `parseServiceProtocol`.
    fn server(
        &self,
        name: &At<String>,
        namespace: &str,
        port: &At<String>,
        scheme: Option<&At<String>>,
        unsure: &mut Vec<NotUnderstood>,
    ) -> Server {
        let spec = self.object("Service", namespace, &name.value).and_then(|object| object.get("spec"));
        let ports = spec.and_then(|spec| spec.get("ports")).map(Node::elements).unwrap_or_default();
        let of = |node: &Node, key: &str| node.get_text(key).unwrap_or_default() == port.value;
        let known = ports.iter().find(|node| of(node, "port") || of(node, "name"));
        let mut number = known.and_then(|node| node.get_text("port")).unwrap_or(&port.value);
        if number.parse::<u16>().is_err() {
            let what = format!("port {}: the Service {} that says its number is not given", port.value, name.value);
            unsure.push(NotUnderstood::at(&port.place, what));
            number = if port.value.starts_with("https") { "443" } else { "80" };
        }
        let is_external = spec.and_then(|spec| spec.get_text("type")) == Some("ExternalName");
        let host = spec.and_then(|spec| spec.get_text("externalName")).filter(|_| is_external).unwrap_or(&name.value);
        let port_name = known.and_then(|node| node.get_text("name")).unwrap_or_default();
        let scheme = match scheme.map(|scheme| scheme.value.as_str()) {
            Some(scheme) if !scheme.is_empty() => scheme,
            _ if number == "443" || port_name.starts_with("https") => "https",
            _ => "http",
        };
        let place = if port.value.is_empty() { &name.place } else { &port.place };
        Server {
            url: At::new(format!("{scheme}://{host}:{number}"), place),
            weight: None,
            preserve_path: false,
            scheme: None,
            port: None,
        }
    }

    fn traefik_service(&self, object: &Node, dynamic: &mut Dynamic) {
        let Some(spec) = object.get("spec") else { return };
        let identity = Identity::of(object);
        let mut fields = self.reader.fields(spec, &spec.place);
        let mut unsure = Vec::new();
        let mut weighted = |mut group: Fields<'_>| -> Vec<Weighted> {
            unsure.extend(dynamic::sticky(&mut group));
            let services = group.elements("services").into_iter();
            let services = services.map(|service| self.service(service, identity.namespace, dynamic));
            services.map(|(name, weight)| Weighted { name, weight }).collect()
        };
        let kind = if let Some(group) = fields.group("weighted") {
            ServiceKind::Weighted(weighted(group))
        } else if let Some(group) = fields.group("highestRandomWeight") {
            ServiceKind::HighestRandomWeight(weighted(group))
        } else if let Some(group) = fields.group("mirroring") {
            ServiceKind::Mirroring(self.service(group, identity.namespace, dynamic).0)
        } else if let Some(mut group) = fields.group("failover") {
            let mut one = |name: &str| {
                let service = group.group(name).map(|service| self.service(service, identity.namespace, dynamic).0);
                service.unwrap_or_else(|| At::new(String::new(), &spec.place))
            };
            let (service, fallback) = (one("service"), one("fallback"));
            unsure
                .push(NotUnderstood::at(&spec.place, "failover.errors: which answers count as errors is not modelled"));
            ServiceKind::Failover { service, fallback }
        } else {
            return;
        };
        fields.end();
        self.put(dynamic, &identity.full(), &object.place, kind, unsure);
    }

    fn middleware(&self, object: &Node, dynamic: &mut Dynamic) {
        let Some(spec) = object.get("spec") else { return };
        let identity = Identity::of(object);
        let mut unsure = Vec::new();
        let mut spec = spec.clone();
        if let Items::Map(entries) = &mut spec.items {
            for entry in entries {
                self.as_in_files(entry, &identity, dynamic, &mut unsure);
            }
        }
        let fields = self.reader.fields(&spec, &object.place);
        let mut middleware = dynamic::middleware(&identity.full(), OURS, fields);
        middleware.unsure.extend(unsure);
        dynamic.middlewares.push(middleware);
    }

    /// Rewrites what objects say otherwise than files do: references as names, secrets as files.
    fn as_in_files(
        &self,
        entry: &mut Entry,
        identity: &Identity<'_>,
        dynamic: &mut Dynamic,
        unsure: &mut Vec<NotUnderstood>,
    ) {
        let Items::Map(inside) = &mut entry.node.items else { return };
        match entry.name.as_str() {
            "chain" => {
                for list in inside.iter_mut().filter(|entry| entry.name == "middlewares") {
                    let Items::List(references) = &mut list.node.items else { continue };
                    for reference in references {
                        let mut fields = self.reader.fields(reference, &reference.place);
                        let (name, other) = (fields.text("name"), fields.some_text("namespace"));
                        let name = referred(&name, other.as_ref(), identity.namespace, unsure);
                        *reference = Node::text(name.value, &name.place);
                    }
                }
            }
            "errors" => {
                for service in inside.iter_mut().filter(|entry| entry.name == "service") {
                    let fields = self.reader.fields(&service.node, &service.place);
                    let (name, _) = self.service(fields, identity.namespace, dynamic);
                    service.node = Node::text(name.value, &name.place);
                }
            }
            "basicAuth" | "digestAuth" => {
                for secret in inside.iter_mut().filter(|entry| entry.name == "secret") {
                    "usersFile".clone_into(&mut secret.name);
                }
            }
            _ => {}
        }
    }

    fn tcp(&self, object: &Node, dynamic: &mut Dynamic) {
        let Some(spec) = object.get("spec") else { return };
        let mut fields = self.reader.fields(spec, &spec.place);
        let (entry_points, tls) = (fields.list("entryPoints"), fields.take("tls").is_some());
        for mut route in fields.elements("routes") {
            dynamic.tcp.push(TcpRouter {
                name: Identity::of(object).full(),
                provider: OURS,
                rule: route.text("match"),
                entry_points: entry_points.clone(),
                tls,
                place: route.place.clone(),
            });
        }
    }
}

/// `resolveReference`: the name of what an object names.
fn referred(
    name: &At<String>,
    other: Option<&At<String>>,
    namespace: &str,
    unsure: &mut Vec<NotUnderstood>,
) -> At<String> {
    if name.value.contains('@') {
        return name.clone();
    }
    let other = other.filter(|other| other.value != namespace);
    if let Some(other) = other {
        let what = format!(
            "namespace {}: whether references to it are allowed (allowCrossNamespace) is not known",
            other.value
        );
        unsure.push(NotUnderstood::at(&other.place, what));
    }
    At::new(full(other.map_or(namespace, |other| &other.value), &name.value), &name.place)
}
