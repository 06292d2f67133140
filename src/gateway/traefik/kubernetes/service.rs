//! `TraefikService`, and the services of Kubernetes that objects name: which servers there are.
//!
//! `pkg/provider/kubernetes/crd/kubernetes_http.go` of Traefik 3.7.

use super::{Cluster, Identity, full, referred};
use crate::gateway::NotUnderstood;
use crate::gateway::document::{At, Node};
use crate::gateway::traefik::dynamic::{self, Dynamic, LoadBalancer, Server, ServiceKind, Weighted};
use crate::gateway::traefik::fields::Fields;

impl Cluster<'_> {
    /// `TraefikService`: services of which one, or all, take a request.
    pub(super) fn traefik_service(&self, object: &Node, dynamic: &mut Dynamic) {
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

    /// A service that an object names, put into the configuration; its name and its weight.
    pub(super) fn service(&self, mut fields: Fields<'_>, namespace: &str, dynamic: &mut Dynamic) -> (At<String>, i64) {
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
}
