//! `Middleware`: as files have it, but for what it refers to.
//!
//! It is rewritten to what a file would say and then read as one, so that each middleware is read in one place.
//!
//! `pkg/provider/kubernetes/crd/kubernetes.go` of Traefik 3.7.

use super::{Cluster, Identity, OURS, referred};
use crate::gateway::NotUnderstood;
use crate::gateway::document::{Entry, Items, Node};
use crate::gateway::traefik::dynamic::{self, Dynamic};

impl Cluster<'_> {
    /// `Middleware`
    pub(super) fn middleware(&self, object: &Node, dynamic: &mut Dynamic) {
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
}
