//! `IngressRoute` and `IngressRouteTCP`: routers.
//!
//! `pkg/provider/kubernetes/crd/kubernetes_http.go`, `kubernetes_tcp.go` of Traefik 3.7.

use super::{Cluster, Identity, OURS, full, referred};
use crate::gateway::NotUnderstood;
use crate::gateway::document::{At, Node};
use crate::gateway::traefik::dynamic::{Dynamic, Router, ServiceKind, TcpRouter, Weighted};
use crate::gateway::traefik::fields::Fields;
use crate::gateway::traefik::install::router_tls;

impl Cluster<'_> {
    /// `IngressRoute`: a router for each of its routes.
    pub(super) fn ingress_route(&self, object: &Node, dynamic: &mut Dynamic) {
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

    /// `IngressRouteTCP`, of which no more is kept than that it is there.
    pub(super) fn tcp(&self, object: &Node, dynamic: &mut Dynamic) {
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
