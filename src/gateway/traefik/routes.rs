//! Tables of routes: which router takes a request.
//!
//! Traefik 3.7, `pkg/muxer/http/mux.go`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::entry::routing_path;
use super::journey::{Journey, Outcome, Stages, proceed, unwind};
use super::rule::{Rule, Subject, Verdict};
use crate::gateway::{NotUnderstood, Place, Reply, Step, StepKind};

/// A router, ready to take requests.
#[derive(Debug)]
pub(super) struct Route {
    /// Index into the gateway's routers.
    pub(super) router: usize,
    /// Its whole name: `app@file`.
    pub(super) name: String,
    /// Its rule as written.
    pub(super) text: String,
    pub(super) place: Option<Place>,
    pub(super) priority: i64,
    pub(super) rule: Rule,
    pub(super) stages: Arc<Stages>,
    /// What of the router is not understood.
    pub(super) unsure: Vec<NotUnderstood>,
}

/// Routers in the order in which they are tried: by priority, and by name where Traefik has no order.
#[derive(Debug, Default)]
pub(super) struct Table {
    routes: Vec<Route>,
    /// Those that need a host, by that host without a dot at its end. All others are in `anywhere`.
    by_host: HashMap<Vec<u8>, Shelf>,
    anywhere: Shelf,
}

/// Routes by the prefix that a path must have to be taken by them, each as its place in the table.
#[derive(Debug, Default)]
struct Shelf {
    by_prefix: HashMap<Vec<u8>, Vec<usize>>,
    /// The lengths that the prefixes have.
    lengths: BTreeSet<usize>,
}

/// Prefixes of one rule from which on it is kept as one for any path.
const MOST_PREFIXES: usize = 64;

impl Shelf {
    /// Adds a route, which is none that stands before those here.
    fn add(&mut self, prefixes: &[&str], index: usize) {
        for prefix in prefixes {
            self.lengths.insert(prefix.len());
            let routes = self.by_prefix.entry(prefix.as_bytes().to_vec()).or_default();
            if routes.last() != Some(&index) {
                routes.push(index);
            }
        }
    }

    /// The routes that may take a path, as lists in order.
    fn find<'s>(&'s self, path: &[u8]) -> impl Iterator<Item = &'s [usize]> {
        let begins = self.lengths.range(..=path.len()).filter_map(|&length| path.get(..length));
        begins.filter_map(|begin| self.by_prefix.get(begin).map(Vec::as_slice))
    }
}

impl Table {
    /// A table of routes.
    pub(super) fn new(mut routes: Vec<Route>) -> Self {
        routes.sort_by(|a, b| b.priority.cmp(&a.priority).then_with(|| a.name.cmp(&b.name)));
        let (mut by_host, mut anywhere): (HashMap<_, Shelf>, _) = (HashMap::new(), Shelf::default());
        for (index, route) in routes.iter().enumerate() {
            let prefixes = route.rule.prefixes().filter(|prefixes| prefixes.len() <= MOST_PREFIXES);
            let prefixes = prefixes.unwrap_or_else(|| vec![""]);
            match route.rule.hosts() {
                Some(hosts) => {
                    for host in hosts {
                        by_host.entry(without_dot(host.as_bytes()).to_vec()).or_default().add(&prefixes, index);
                    }
                }
                None => anywhere.add(&prefixes, index),
            }
        }
        Self { routes, by_host, anywhere }
    }

    /// All routes.
    pub(super) fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The routes that may take a request for a host and a path, in order, each once.
    fn candidates<'t>(&'t self, host: &[u8], path: &[u8]) -> impl Iterator<Item = &'t Route> + use<'t> {
        let shelves = self.by_host.get(without_dot(host)).into_iter().chain([&self.anywhere]);
        let mut lists: Vec<std::iter::Peekable<_>> =
            shelves.flat_map(|shelf| shelf.find(path)).map(|list| list.iter().peekable()).collect();
        let next = move || {
            let first = lists.iter_mut().filter_map(|list| list.peek().copied().copied()).min()?;
            for list in &mut lists {
                list.next_if(|index| **index == first);
            }
            Some(first)
        };
        std::iter::from_fn(next).filter_map(|index| self.routes.get(index))
    }

    /// Takes a request to its router and on from there.
    pub(super) fn route(&self, mut journey: Journey) -> (Journey, Outcome) {
        let path = routing_path_of(&journey);
        let (mut taken, mut doubts): (Option<&Route>, Vec<NotUnderstood>) = (None, Vec::new());
        let subject = Subject::new(&journey.request, &journey.host, &path, journey.peer.ip().to_canonical());
        for route in self.candidates(&journey.host, &path) {
            if taken.is_some_and(|taken| route.priority < taken.priority) {
                break;
            }
            match (route.rule.matches(&subject), taken) {
                (Verdict::No, _) => {}
                (Verdict::Unknown(what), _) => doubts.push(what.clone()),
                (Verdict::Yes, None) => taken = Some(route),
                (Verdict::Yes, Some(taken)) => {
                    let (one, other) = (&taken.name, &route.name);
                    let what = format!("routers {one} and {other} take it with the same priority: either may");
                    doubts.push(NotUnderstood { place: route.place.clone(), what });
                }
            }
        }
        journey.unknown.extend(doubts);
        let Some(route) = taken else {
            journey.steps.push(Step::own(StepKind::Answer, "no router takes it: 404"));
            return unwind(journey, not_found().into());
        };
        journey.router = Some(route.router);
        let text = format!("router {}: {}", route.name, route.text);
        journey.steps.push(Step { place: route.place.clone(), ..Step::own(StepKind::Router, text) });
        journey.unknown.extend(route.unsure.iter().cloned());
        proceed(journey, &route.stages, 0)
    }
}

/// The path that rules compare.
fn routing_path_of(journey: &Journey) -> Vec<u8> {
    let url = &journey.request.url;
    if journey.behaviour.normalizes { routing_path(&url.escaped_path()) } else { url.path.clone() }
}

fn without_dot(host: &[u8]) -> &[u8] {
    host.strip_suffix(b".").unwrap_or(host)
}

/// `http.NotFound`
pub(super) fn not_found() -> Reply {
    super::entry::error(404, "404 page not found")
}

#[cfg(test)]
mod tests {
    use super::super::journey::End;
    use super::super::rule::Syntax;
    use super::*;

    fn route(rule: &str) -> Route {
        let not_modelled = |what| NotUnderstood { place: None, what };
        let end = End::Answer(Step::own(StepKind::Answer, ""), not_found());
        Route {
            router: 0,
            name: rule.to_owned(),
            text: rule.to_owned(),
            place: None,
            priority: i64::try_from(rule.len()).unwrap(),
            rule: Rule::new(rule, Syntax::V3, true, &not_modelled).unwrap(),
            stages: Arc::new(Stages { layers: Vec::new(), end }),
            unsure: Vec::new(),
        }
    }

    #[test]
    fn what_a_host_or_a_path_rules_out_is_not_looked_at() {
        let rules = [
            "(Host(`a`) || Host(`b`)) && PathPrefix(`/x`)",
            "PathPrefix(`/x`) || PathPrefix(`/x/y`)",
            "PathPrefix(`/x`) || Method(`GET`)",
            "Host(`a`) && !PathPrefix(`/x`)",
            "PathRegexp(`^/x`)",
            "Path(`/x/y`)",
            "Host(`b`)",
        ];
        let table = Table::new(rules.iter().map(|rule| route(rule)).collect());
        for (host, path, expected) in [
            ("a", "/x/y", &[0, 1, 2, 3, 4, 5][..]),
            ("a.", "/", &[2, 3, 4]),
            ("b", "/x", &[0, 1, 2, 4, 6]),
            ("c", "/x/yz", &[1, 2, 4, 5]),
            ("", "", &[2, 4]),
        ] {
            let found = table.candidates(host.as_bytes(), path.as_bytes()).map(|route| route.text.as_str());
            let expected: Vec<_> = expected.iter().filter_map(|&index| rules.get(index).copied()).collect();
            assert_eq!(found.collect::<Vec<_>>(), expected, "{host} {path}");
        }
    }
}
