//! Traefik's Kubernetes objects: `IngressRoute`, `Middleware`, `TraefikService`.
//!
//! `pkg/provider/kubernetes/crd` of Traefik 3.7. What only the cluster knows is said otherwise here: an upstream is the
//! name of its service where Traefik has the addresses of pods, and the routers of an `IngressRoute` are numbered where
//! Traefik adds a hash of the rule.

mod middleware;
mod route;
mod service;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};

use super::dynamic::{self, Dynamic, Provider, Service, ServiceKind, Transport};
use super::fields::{Form, Reader};
use crate::asgi::Release;
use crate::gateway::document::{At, Node};
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
