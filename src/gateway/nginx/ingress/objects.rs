//! The objects of Kubernetes that ingress-nginx reads, taken out of their documents.
//!
//! The API server refuses what is wrong in itself (`ValidateIngressSpec`, `pkg/apis/networking/validation` of Kubernetes):
//! that is an error here too. What only the cluster knows is not asked for.

use std::collections::BTreeMap;

use super::annotations::{Annotations, PREFIX};
use crate::gateway::document::{Entry, Node};
use crate::gateway::{ConfigError, Place};

/// The one version of `Ingress` that Kubernetes has had since 1.22.
const VERSION: &str = "networking.k8s.io/v1";

/// All objects that matter.
#[derive(Debug, Default)]
pub(super) struct Objects<'a> {
    /// In the order in which the controller goes through them.
    pub(super) ingresses: Vec<Ingress<'a>>,
    /// Ports of services that have names: namespace, service, name.
    ports: BTreeMap<(&'a str, &'a str, &'a str), u16>,
    /// By namespace and name.
    pub(super) config_maps: Vec<ConfigMap<'a>>,
    /// Ingresses for other controllers: where, and whose they are.
    pub(super) foreign: Vec<(&'a Place, &'a str)>,
}

/// A `ConfigMap`: values by name.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConfigMap<'a> {
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    pub(super) data: &'a [Entry],
}

/// An `Ingress`.
#[derive(Debug)]
pub(super) struct Ingress<'a> {
    pub(super) namespace: &'a str,
    pub(super) name: &'a str,
    pub(super) place: &'a Place,
    /// When it was made, as the API server writes it; none in a file that was written by hand.
    created: &'a str,
    pub(super) annotations: Annotations<'a>,
    pub(super) rules: Vec<Rule<'a>>,
    /// It has a `tls` section.
    pub(super) tls: bool,
    pub(super) default_backend: Option<Backend<'a>>,
}

/// A rule.
#[derive(Debug)]
pub(super) struct Rule<'a> {
    /// `_` for every host.
    pub(super) host: &'a str,
    pub(super) place: &'a Place,
    pub(super) paths: Vec<RulePath<'a>>,
}

/// A path of a rule.
#[derive(Debug)]
pub(super) struct RulePath<'a> {
    pub(super) path: &'a str,
    /// `Exact`; the controller takes `ImplementationSpecific` for `Prefix` (`SetDefaultNGINXPathType`, `internal/k8s`).
    pub(super) exact: bool,
    pub(super) place: &'a Place,
    /// None for a resource that is no service: the path is left out.
    pub(super) backend: Option<Backend<'a>>,
}

/// A service and its port.
#[derive(Clone, Copy, Debug)]
pub(super) struct Backend<'a> {
    pub(super) service: &'a str,
    pub(super) port: Port<'a>,
    pub(super) place: &'a Place,
}

/// A port of a service.
#[derive(Clone, Copy, Debug)]
pub(super) enum Port<'a> {
    Number(u16),
    Name(&'a str),
}

impl<'a> Objects<'a> {
    /// Takes objects out of documents.
    ///
    /// # Errors
    /// The API server refuses one.
    pub(super) fn of(documents: &'a [Node]) -> Result<Self, ConfigError> {
        let mut objects = Self::default();
        for object in documents.iter().flat_map(listed) {
            let (namespace, name) = identity(object);
            match object.get_text("kind").unwrap_or_default() {
                "Ingress" => match controller(object) {
                    Some(other) => objects.foreign.push((&object.place, other)),
                    None => objects.ingresses.push(Ingress::of(object)?),
                },
                "Service" => {
                    let ports = object.get("spec").and_then(|spec| spec.get("ports"));
                    for port in ports.map(Node::elements).unwrap_or_default() {
                        let number = port.get_text("port").and_then(|text| text.parse().ok());
                        if let (Some(port), Some(number)) = (port.get_text("name"), number) {
                            objects.ports.insert((namespace, name, port), number);
                        }
                    }
                }
                "ConfigMap" => {
                    let data = object.get("data").map(Node::entries).unwrap_or_default();
                    objects.config_maps.push(ConfigMap { namespace, name, data });
                }
                _ => {}
            }
        }
        // `sortIngressSlice` of `internal/ingress/controller/store`: the oldest first, of one age the last by name.
        let key = |ingress: &Ingress<'a>| (ingress.namespace, ingress.name);
        objects.ingresses.sort_by(|a, b| a.created.cmp(b.created).then_with(|| key(b).cmp(&key(a))));
        Ok(objects)
    }

    /// The number of a port; none if it has a name and the service is not among the objects.
    pub(super) fn port(&self, namespace: &str, backend: &Backend<'_>) -> Option<u16> {
        match backend.port {
            Port::Number(number) => Some(number),
            Port::Name(name) => self.ports.get(&(namespace, backend.service, name)).copied(),
        }
    }
}

/// The objects of a document: itself, or those of a list.
fn listed(document: &Node) -> &[Node] {
    match document.get("items") {
        Some(items) => items.elements(),
        None => std::slice::from_ref(document),
    }
}

/// An object's namespace and name.
fn identity(object: &Node) -> (&str, &str) {
    let text = |name: &str| object.get("metadata").and_then(|metadata| metadata.get_text(name));
    (text("namespace").unwrap_or("default"), text("name").unwrap_or_default())
}

/// The class of an `Ingress` that is for another controller. A class may be called anything: what has annotations of
/// ingress-nginx is for it.
fn controller(object: &Node) -> Option<&str> {
    let annotations = object.get("metadata").and_then(|metadata| metadata.get("annotations"));
    let class = annotations
        .and_then(|annotations| annotations.get_text("kubernetes.io/ingress.class"))
        .or_else(|| object.get("spec").and_then(|spec| spec.get_text("ingressClassName")))?;
    let ours = annotations.map(Node::entries).unwrap_or_default().iter().any(|entry| entry.name.starts_with(PREFIX));
    (!ours && !class.contains("nginx")).then_some(class)
}

impl<'a> Ingress<'a> {
    fn of(object: &'a Node) -> Result<Self, ConfigError> {
        let version = object.get_text("apiVersion").unwrap_or_default();
        if version != VERSION {
            let what =
                format!("apiVersion {version}: an Ingress is read as {VERSION}, which Kubernetes has since 1.19");
            return Err(ConfigError::at(&object.place, what));
        }
        let metadata = object.get("metadata");
        let (namespace, name) = identity(object);
        let spec = object.get("spec");
        let rules = spec.and_then(|spec| spec.get("rules")).map(Node::elements).unwrap_or_default();
        let default = spec.and_then(|spec| spec.get("defaultBackend"));
        Ok(Self {
            namespace,
            name,
            place: &object.place,
            created: metadata.and_then(|metadata| metadata.get_text("creationTimestamp")).unwrap_or_default(),
            annotations: Annotations::of(metadata.and_then(|metadata| metadata.get("annotations"))),
            rules: rules.iter().map(Rule::of).collect::<Result<_, _>>()?,
            tls: spec.and_then(|spec| spec.get("tls")).is_some_and(|tls| !tls.elements().is_empty()),
            default_backend: default.map(Backend::of).transpose()?.flatten(),
        })
    }

    /// Its namespace and name.
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// True if it is not known which of the two was made first.
    pub(super) fn is_as_old_as(&self, other: &Self) -> bool {
        self.created == other.created
    }
}

impl<'a> Rule<'a> {
    fn of(rule: &'a Node) -> Result<Self, ConfigError> {
        let host = rule.get_text("host").filter(|host| !host.is_empty());
        let named = |host: &str| {
            let host = host.strip_prefix("*.").unwrap_or(host);
            host.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.'))
        };
        if let Some(host) = host.filter(|host| !named(host)) {
            let what =
                format!("host {host:?}: it must be a name in small letters, or one behind \"*.\", without a port");
            return Err(ConfigError::at(&rule.place, what));
        }
        let paths = rule.get("http").and_then(|http| http.get("paths")).map(Node::elements).unwrap_or_default();
        let paths = paths.iter().map(RulePath::of).collect::<Result<_, _>>()?;
        Ok(Self { host: host.unwrap_or("_"), place: &rule.place, paths })
    }
}

impl<'a> RulePath<'a> {
    fn of(node: &'a Node) -> Result<Self, ConfigError> {
        let refuse = |what: String| ConfigError::at(&node.place, what);
        let path = node.get_text("path").filter(|path| !path.is_empty()).unwrap_or("/");
        if !path.starts_with('/') {
            return Err(refuse(format!("path {path:?}: it must begin with a \"/\"")));
        }
        let kind = node.get_text("pathType").unwrap_or_default();
        if !matches!(kind, "Exact" | "Prefix" | "ImplementationSpecific") {
            let what = "pathType: it must be Exact, Prefix or ImplementationSpecific";
            return Err(refuse(format!("path {path}: {what}")));
        }
        let backend = node.get("backend").ok_or_else(|| refuse(format!("path {path}: a backend is missing")))?;
        let place = node.get("path").map_or(&node.place, |path| &path.place);
        Ok(Self { path, exact: kind == "Exact", place, backend: Backend::of(backend)? })
    }
}

impl<'a> Backend<'a> {
    /// Reads it; none if it is no service.
    fn of(node: &'a Node) -> Result<Option<Self>, ConfigError> {
        let Some(service) = node.get("service") else {
            let other = node.get("resource").map(|_| None);
            let what = "backend: a service is missing, with its name and port";
            return other.ok_or_else(|| ConfigError::at(&node.place, what));
        };
        let wrong = |what: &str| ConfigError::at(&service.place, format!("service: {what}"));
        let name =
            service.get_text("name").filter(|name| !name.is_empty()).ok_or_else(|| wrong("a name is missing"))?;
        let port = service.get("port").ok_or_else(|| wrong("a port is missing, with its number or name"))?;
        let number = |text: &str| text.parse().ok().filter(|&number: &u16| number > 0);
        let port = match (port.get_text("number"), port.get_text("name")) {
            (Some(text), _) => Port::Number(number(text).ok_or_else(|| wrong("the port's number is none"))?),
            (None, Some(name)) => Port::Name(name),
            _ => return Err(wrong("a port is missing, with its number or name")),
        };
        Ok(Some(Self { service: name, port, place: &service.place }))
    }
}
