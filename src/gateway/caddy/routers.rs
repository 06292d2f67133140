//! What takes requests, for the list of routes: each handler that answers or sends on, with the conditions that lead to it.

use std::sync::Arc;

use super::network::Network;
use super::route::{Config, Handler, Matcher, MatcherSet, Proxy, Rewrite, Route, Server};
use crate::gateway::{Destination, Router, Upstream};

/// Lists of routes within one another that are looked at: named routes may invoke one another.
const DEEPEST: usize = 80;

/// All routers, and for the number of each handler which of them it is.
pub(super) fn list(config: &Config) -> (Vec<Router>, Vec<Option<usize>>) {
    let mut listing = Listing { routers: Vec::new(), numbers: Vec::new(), server: None };
    for server in &config.servers {
        listing.server = Some(server);
        listing.routes(&server.routes, &Way::default());
        listing.routes(&server.errors, &Way::default());
    }
    (listing.routers, listing.numbers)
}

struct Listing<'a> {
    routers: Vec<Router>,
    numbers: Vec<Option<usize>>,
    server: Option<&'a Server>,
}

/// The conditions on the way to a handler.
#[derive(Clone, Default)]
struct Way {
    depth: usize,
    rules: Vec<String>,
    /// The path prefix as long as it is one.
    prefix: Option<String>,
    /// It is known not to be a prefix alone.
    no_prefix: bool,
    path: Vec<String>,
}

impl Listing<'_> {
    fn routes(&mut self, routes: &[Route], outer: &Way) {
        if outer.depth > DEEPEST {
            return;
        }
        let mut way = Way { depth: outer.depth + 1, ..outer.clone() };
        for route in routes {
            let conditioned = !route.sets.is_empty();
            let mut inner = way.clone();
            inner.narrow(&route.sets);
            for handled in &route.handlers {
                match &handled.handler {
                    Handler::Subroute(routes) => self.routes(routes, &inner),
                    Handler::Invoke(name) => {
                        let routes = self.server.and_then(|server| server.named.get(name)).cloned();
                        self.routes(&routes.unwrap_or_default(), &inner);
                    }
                    Handler::Rewrite(rewrite) => {
                        let words = words(rewrite);
                        // What is rewritten on a condition may or may not be so for the next routes.
                        if !conditioned {
                            way.path.extend(words.clone());
                        }
                        inner.path.extend(words);
                    }
                    _ => {}
                }
                let Some(number) = handled.router else { continue };
                if self.numbers.len() <= number {
                    self.numbers.resize(number + 1, None);
                }
                let Some(slot) = self.numbers.get_mut(number).filter(|slot| slot.is_none()) else { continue };
                *slot = Some(self.routers.len());
                let mut path = inner.path.clone();
                let upstreams = match &handled.handler {
                    Handler::Proxy(proxy) => {
                        path.extend(proxy.rewrite.iter().flat_map(words));
                        upstreams(proxy)
                    }
                    Handler::Static(answer) => {
                        path = vec![if answer.status.is_empty() { "200" } else { &*answer.status }.to_owned()];
                        Vec::new()
                    }
                    Handler::Error { status, .. } => {
                        path = vec![if status.is_empty() { "500" } else { &**status }.to_owned()];
                        Vec::new()
                    }
                    _ => Vec::new(),
                };
                self.routers.push(Router {
                    name: handled.line.as_ref().map(|line| line.text.to_string()).unwrap_or_default(),
                    rule: inner.rules.join(" · "),
                    place: handled.line.as_ref().map(|line| line.place.clone()),
                    priority: None,
                    prefix: (!inner.no_prefix).then(|| inner.prefix.clone().unwrap_or_default()),
                    path: if path.is_empty() { "keep".to_owned() } else { path.join(", ") },
                    upstreams,
                });
            }
        }
    }
}

impl Way {
    /// The same behind matchers.
    fn narrow(&mut self, sets: &[Arc<MatcherSet>]) {
        if sets.is_empty() {
            return;
        }
        let rules: Vec<String> = sets.iter().map(|set| rule(set)).collect();
        self.rules.push(rules.join(" or "));
        let [set] = sets else {
            self.no_prefix |= sets.iter().any(|set| !set.paths().is_empty());
            return;
        };
        let others = set.matchers.keys().any(|name| !matches!(*name, "path" | "host" | "protocol"));
        match set.paths() {
            [] => self.no_prefix |= others,
            [path] if !others => match path.strip_suffix("/*").or_else(|| path.strip_suffix('*')) {
                Some(prefix) if !prefix.contains('*') && self.path.is_empty() => {
                    self.prefix = Some(prefix.trim_end_matches('/').to_owned());
                }
                _ => self.no_prefix = true,
            },
            _ => self.no_prefix = true,
        }
    }
}

/// A set as it reads.
fn rule(set: &MatcherSet) -> String {
    let words = |words: &[Arc<str>]| words.iter().map(|word| &**word).collect::<Vec<_>>().join(" ");
    let matchers = set.matchers.iter().map(|(name, matcher)| match matcher {
        Matcher::Path(paths) => words(paths),
        Matcher::Host(hosts) => format!("host {}", words(hosts)),
        Matcher::Method(methods) => format!("method {}", words(methods)),
        Matcher::PathRegexp(named) => format!("path_regexp {}", named.pattern.source()),
        Matcher::Protocol(protocol) => format!("protocol {protocol}"),
        Matcher::Not(sets) => {
            format!("not ({})", sets.iter().map(|set| rule(set)).collect::<Vec<_>>().join(") (")).to_string()
        }
        _ => (*name).to_owned(),
    });
    matchers.collect::<Vec<_>>().join(", ")
}

/// What a rewrite does, in a word or two.
fn words(rewrite: &Rewrite) -> Vec<String> {
    let mut words = Vec::new();
    let mut say = |verb: &str, what: &str| words.push(format!("{verb} {what}"));
    if let Some(uri) = &rewrite.uri {
        say("rewrite", uri);
    }
    if let Some(prefix) = &rewrite.strip_prefix {
        say("strip", prefix);
    }
    if let Some(suffix) = &rewrite.strip_suffix {
        say("strip", suffix);
    }
    if let Some(substring) = &rewrite.substring {
        say("replace", &substring.find);
    }
    if let Some((pattern, _)) = &rewrite.path_regexp {
        say("replace", pattern.source());
    }
    words
}

/// The upstreams of a proxy, as far as they are addresses.
fn upstreams(proxy: &Proxy) -> Vec<Destination> {
    let read = |address: &Arc<str>| {
        let Network { kind, host, port } = Network::split(address);
        if kind.starts_with("unix") {
            return Some(Destination::Unix(host));
        }
        let upstream =
            Upstream { host: if host.is_empty() { "localhost".to_owned() } else { host }, port: port.parse().ok()? };
        Some(if proxy.transport.tls { Destination::Https(upstream) } else { Destination::Http(upstream) })
    };
    proxy.upstreams.iter().filter_map(read).collect()
}
