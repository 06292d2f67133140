//! A router: its rule, its priority, the layers that a request goes through, and what is behind them.
//!
//! Traefik 3.7, `pkg/server/router/router.go`, `pkg/server/aggregator.go` (what entry points add to routers).

use std::collections::HashSet;
use std::sync::Arc;

use super::{Assembly, Fault};
use crate::gateway::go::{Mode, escape};
use crate::gateway::traefik::dynamic::{Provider, Router};
use crate::gateway::traefik::entry::Escapes;
use crate::gateway::traefik::install::EntryPoint;
use crate::gateway::traefik::journey::{End, Stages};
use crate::gateway::traefik::layer::{self, Layer, Trail, Work};
use crate::gateway::traefik::routes::{Route, Table};
use crate::gateway::traefik::rule::{Rule, Syntax};
use crate::gateway::traefik::service::{Servers, destination};
use crate::gateway::{self, Code, Destination, NotUnderstood, Place, Weight};

/// The largest priority that a user may give (`maxUserPriority`).
const MOST_PRIORITY: i64 = i64::MAX - 1000;

/// How deep routers may lie below each other.
const DEEPEST_ROUTER: usize = 32;

impl Assembly<'_> {
    /// A router ready to take requests; `None` if Traefik drops it. `point` is `None` below another router.
    pub(super) fn route(&self, router: &Router, point: Option<&EntryPoint>, above: &mut Trail) -> Option<Route> {
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
