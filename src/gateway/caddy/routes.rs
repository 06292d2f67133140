//! A list of routes, in which those that a host or a path rules out are passed over without a look at each.
//!
//! Most routes are for a path that begins with a fixed segment, such as `/api/*`, or for hosts without wildcards, as every
//! site is. They are kept by that segment or host, so that a list of thousands costs a request no more than one of a few.
//! What is left out could not have fitted: the order of the others is kept.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use super::route::{Matcher, MatcherSet, Route};

/// Routes from which on an index pays.
const MANY: usize = 16;

/// Routes in the order in which they are tried.
#[derive(Clone, Debug, Default)]
pub(super) struct Routes(Arc<List>);

#[derive(Debug, Default)]
struct List {
    routes: Vec<Route>,
    index: Option<Index>,
}

/// Where the routes stand that may fit a request.
#[derive(Debug, Default)]
struct Index {
    by_key: HashMap<Key, Vec<usize>>,
    /// Those for any host and path.
    others: Vec<usize>,
}

/// What a request must have.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    /// A host, in lower case.
    Host(Vec<u8>),
    /// A path that begins with this segment, in lower case.
    Segment(Vec<u8>),
}

/// A request as routes are found for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    /// The host in lower case, without brackets and port.
    pub(super) host: &'a [u8],
    /// The path in lower case, cleaned.
    pub(super) path: &'a [u8],
}

impl Routes {
    /// The first route from `from` on that may fit.
    pub(super) fn next(&self, from: usize, wanted: Wanted<'_>) -> usize {
        let Some(index) = &self.0.index else { return from };
        let segment = wanted.path.strip_prefix(b"/").and_then(|path| path.split(|&byte| byte == b'/').next());
        let keys = [Some(Key::Host(wanted.host.to_vec())), segment.map(|segment| Key::Segment(segment.to_vec()))];
        let own = keys.iter().flatten().filter_map(|key| index.by_key.get(key));
        let later = |places: &Vec<usize>| places.get(places.partition_point(|&at| at < from)).copied();
        own.chain([&index.others]).filter_map(later).min().unwrap_or(usize::MAX)
    }
}

impl From<Vec<Route>> for Routes {
    fn from(routes: Vec<Route>) -> Self {
        let index = (routes.len() >= MANY).then(|| Index::new(&routes));
        Self(Arc::new(List { routes, index }))
    }
}

impl Deref for Routes {
    type Target = [Route];

    fn deref(&self) -> &[Route] {
        &self.0.routes
    }
}

impl Index {
    fn new(routes: &[Route]) -> Self {
        let mut index = Self::default();
        for (at, route) in routes.iter().enumerate() {
            let keys: Option<Vec<_>> = route.sets.iter().map(|set| keys(set)).collect();
            match keys.filter(|keys| !keys.is_empty()) {
                Some(keys) => {
                    for key in keys.into_iter().flatten() {
                        let places = index.by_key.entry(key).or_default();
                        if places.last() != Some(&at) {
                            places.push(at);
                        }
                    }
                }
                None => index.others.push(at),
            }
        }
        index
    }
}

/// What a request must have one of to fit a set; `None` if it may be any, or if the look at it leaves something behind.
fn keys(set: &MatcherSet) -> Option<Vec<Key>> {
    if !set.iter().all(|(_, matcher)| is_quiet(matcher)) {
        return None;
    }
    if let Some(Matcher::Host(hosts)) = set.get("host")
        && let Some(keys) = hosts.iter().map(|host| host_key(host)).collect()
    {
        return Some(keys);
    }
    let paths = Some(set.paths()).filter(|paths| !paths.is_empty())?;
    paths.iter().map(|path| segment(path).map(Key::Segment)).collect()
}

/// True for a matcher that does nothing but say yes or no: others set placeholders, or fail.
fn is_quiet(matcher: &Matcher) -> bool {
    matches!(
        matcher,
        Matcher::Host(_)
            | Matcher::Path(_)
            | Matcher::Method(_)
            | Matcher::Query(_)
            | Matcher::Header(_)
            | Matcher::Protocol(_)
            | Matcher::RemoteIp(_)
            | Matcher::ClientIp(_)
            | Matcher::Vars(_)
            | Matcher::Tls
    )
}

/// A host without wildcards and placeholders.
fn host_key(host: &str) -> Option<Key> {
    let plain = host.is_ascii() && !host.contains(['*', '{', '}', '\\']);
    plain.then(|| Key::Host(host.to_ascii_lowercase().into_bytes()))
}

/// The first segment of a pattern, if it is fixed.
fn segment(pattern: &str) -> Option<Vec<u8>> {
    let rest = pattern.strip_prefix('/')?;
    let plain = pattern.is_ascii() && !pattern.contains("//") && !pattern.contains(['%', '{', '}', '\\', '?', '[']);
    let segment = rest.split('/').next().filter(|segment| plain && !segment.contains('*'))?;
    Some(segment.to_ascii_lowercase().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(sets: Vec<MatcherSet>) -> Route {
        let sets = sets.into_iter().map(Arc::new).collect();
        Route { group: None, sets, handlers: Vec::new(), terminal: false }
    }

    /// The routes before `end` that are looked at.
    fn found(routes: &Routes, wanted: Wanted<'_>, end: usize) -> Vec<usize> {
        let next = |at: &usize| (*at < end).then(|| routes.next(at + 1, wanted));
        std::iter::successors(Some(routes.next(0, wanted)), next).take_while(|at| *at < end).collect()
    }

    fn with_host(mut set: MatcherSet, hosts: &[&str]) -> MatcherSet {
        set.insert("host", Matcher::Host(hosts.iter().map(|host| (*host).into()).collect()));
        set
    }

    #[test]
    fn hosts_and_paths_are_kept_apart() {
        let sets = [
            vec![with_host(MatcherSet::default(), &["A.example", "b.example"])],
            vec![with_host(MatcherSet::path("/x/*"), &["b.example"])],
            vec![with_host(MatcherSet::path("/x/*"), &["*.example"])],
            vec![with_host(MatcherSet::default(), &["a.example", "{env.HOST}"])],
            vec![with_host(MatcherSet::default(), &["b.example"]), MatcherSet::path("/y")],
            vec![MatcherSet::of("tls", Matcher::Tls)],
            vec![with_host(MatcherSet::of("not", Matcher::Not(Vec::new())), &["c"])],
            vec![],
        ];
        let count = sets.len();
        let fill = (0..MANY).map(|_| vec![MatcherSet::path("/z/*")]);
        let routes = Routes::from(sets.into_iter().chain(fill).map(route).collect::<Vec<_>>());
        for (host, path, expected) in [
            ("a.example", "/x/1", &[0, 2, 3, 5, 6, 7][..]),
            ("b.example", "/", &[0, 1, 3, 4, 5, 6, 7]),
            ("c.example", "/y", &[3, 4, 5, 6, 7]),
            ("", "", &[3, 5, 6, 7]),
        ] {
            let wanted = Wanted { host: host.as_bytes(), path: path.as_bytes() };
            assert_eq!(found(&routes, wanted, count), expected, "{host} {path}");
        }
    }

    #[test]
    fn what_may_fit_is_found_in_order() {
        let patterns = ["/a/*", "/b", "/c*", "/A/x", "*.css", "/a%2Fb", "//a", "/{x}", "/"];
        let fill = ["/z/*"; MANY];
        let routes = patterns.iter().chain(&fill).map(|path| Route {
            group: None,
            sets: vec![Arc::new(MatcherSet::path(path))],
            handlers: Vec::new(),
            terminal: false,
        });
        let routes = Routes::from(routes.collect::<Vec<_>>());
        let found = |path: &[u8]| found(&routes, Wanted { host: b"a.example", path }, patterns.len());
        assert_eq!(found(b"/a/x"), [0, 2, 3, 4, 5, 6, 7]);
        assert_eq!(found(b"/b"), [1, 2, 4, 5, 6, 7]);
        assert_eq!(found(b"/"), [2, 4, 5, 6, 7, 8]);
        assert_eq!(found(b"x"), [2, 4, 5, 6, 7]);
    }
}
