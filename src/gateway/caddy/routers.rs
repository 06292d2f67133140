//! What takes requests, for the list of routes: each handler that answers or sends on, with the conditions that lead to it.

use std::sync::Arc;

use super::network::Network;
use super::route::{Config, Handled, Handler, Matcher, MatcherSet, Proxy, Rewrite, Route, Server};
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
struct Way<'a> {
    depth: usize,
    /// Of each the sets one of which must fit.
    rules: Vec<&'a [Arc<MatcherSet>]>,
    /// The path prefix as long as it is one.
    prefix: Option<&'a str>,
    /// It is known not to be a prefix alone.
    no_prefix: bool,
    path: Vec<Change<'a>>,
}

/// What is done to a path: a verb, and with what.
type Change<'a> = (&'static str, &'a str);

impl<'a> Listing<'a> {
    fn routes(&mut self, routes: &'a [Route], outer: &Way<'a>) {
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
                        if let Some(routes) = self.server.and_then(|server| server.named.get(name)) {
                            self.routes(routes, &inner);
                        }
                    }
                    Handler::Rewrite(rewrite) => {
                        // What is rewritten on a condition may or may not be so for the next routes.
                        if !conditioned {
                            way.path.extend(changes(rewrite));
                        }
                        inner.path.extend(changes(rewrite));
                    }
                    _ => {}
                }
                self.router(handled, &inner);
            }
        }
    }

    /// Lists a handler, if it is one that may answer and is not listed yet.
    fn router(&mut self, handled: &Handled, way: &Way<'_>) {
        let Some(number) = handled.router else { return };
        if self.numbers.len() <= number {
            self.numbers.resize(number + 1, None);
        }
        let Some(slot) = self.numbers.get_mut(number).filter(|slot| slot.is_none()) else { return };
        *slot = Some(self.routers.len());
        let status = |status: &str, default: &str| if status.is_empty() { default } else { status }.to_owned();
        let (path, upstreams) = match &handled.handler {
            Handler::Proxy(proxy) => (way.path_text(proxy.rewrite.iter().flat_map(changes)), upstreams(proxy)),
            Handler::Static(answer) => (status(&answer.status, "200"), Vec::new()),
            Handler::Error { status: given, .. } => (status(given, "500"), Vec::new()),
            _ => (way.path_text([]), Vec::new()),
        };
        self.routers.push(Router {
            name: handled.line.as_ref().map(|line| line.text.to_string()).unwrap_or_default(),
            rule: way.rule(),
            place: handled.line.as_ref().map(|line| line.place.clone()),
            priority: None,
            prefix: (!way.no_prefix).then(|| way.prefix.unwrap_or_default().to_owned()),
            path,
            upstreams,
        });
    }
}

impl<'a> Way<'a> {
    /// The same behind matchers.
    fn narrow(&mut self, sets: &'a [Arc<MatcherSet>]) {
        if sets.is_empty() {
            return;
        }
        self.rules.push(sets);
        let [set] = sets else {
            self.no_prefix |= sets.iter().any(|set| !set.paths().is_empty());
            return;
        };
        let others = set.iter().any(|(name, _)| !matches!(name, "path" | "host" | "protocol"));
        match set.paths() {
            [] => self.no_prefix |= others,
            [path] if !others => match path.strip_suffix("/*").or_else(|| path.strip_suffix('*')) {
                Some(prefix) if !prefix.contains('*') && self.path.is_empty() => {
                    self.prefix = Some(prefix.trim_end_matches('/'));
                }
                _ => self.no_prefix = true,
            },
            _ => self.no_prefix = true,
        }
    }

    /// The conditions as they read.
    fn rule(&self) -> String {
        let mut text = String::new();
        let write_sets =
            |text: &mut String, sets: &&[Arc<MatcherSet>]| join(text, *sets, " or ", |text, set| write_rule(text, set));
        join(&mut text, &self.rules, " · ", write_sets);
        text
    }

    /// What becomes of the path, these changes being the last.
    fn path_text<'b>(&'b self, last: impl IntoIterator<Item = Change<'b>>) -> String {
        let mut text = String::new();
        join(&mut text, self.path.iter().copied().chain(last), ", ", |text, (verb, what)| {
            text.extend([verb, " ", what]);
        });
        if text.is_empty() { "keep".to_owned() } else { text }
    }
}

/// Writes items with something between them.
fn join<T>(text: &mut String, items: impl IntoIterator<Item = T>, between: &str, write: impl Fn(&mut String, T)) {
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            text.push_str(between);
        }
        write(text, item);
    }
}

/// Writes a set as it reads.
fn write_rule(text: &mut String, set: &MatcherSet) {
    let write_words = |text: &mut String, words: &[Arc<str>]| join(text, words, " ", |text, word| text.push_str(word));
    join(text, set.iter(), ", ", |text, (name, matcher)| match matcher {
        Matcher::Path(paths) => write_words(text, paths),
        Matcher::Host(words) | Matcher::Method(words) => {
            text.extend([name, " "]);
            write_words(text, words);
        }
        Matcher::PathRegexp(named) => text.extend([name, " ", named.pattern.source()]),
        Matcher::Protocol(protocol) => text.extend([name, " ", protocol]),
        Matcher::Not(sets) => {
            text.push_str("not (");
            join(text, sets, ") (", |text, set| write_rule(text, set));
            text.push(')');
        }
        _ => text.push_str(name),
    });
}

/// What a rewrite does to the path.
fn changes(rewrite: &Rewrite) -> impl Iterator<Item = Change<'_>> {
    let changes = [
        rewrite.uri.as_deref().map(|to| ("rewrite", to)),
        rewrite.strip_prefix.as_deref().map(|prefix| ("strip", prefix)),
        rewrite.strip_suffix.as_deref().map(|suffix| ("strip", suffix)),
        rewrite.substring.as_ref().map(|substring| ("replace", &*substring.find)),
        rewrite.path_regexp.as_ref().map(|(pattern, _)| ("replace", pattern.source())),
    ];
    changes.into_iter().flatten()
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
