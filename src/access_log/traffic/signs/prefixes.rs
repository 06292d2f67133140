//! Prefixes that a path should have had, or has twice.
//!
//! This file exists because the fault this program is about shows in a log without any other witness: what is not found at
//! `/items/` answers at `/api/v1/items/`. The prefixes are learned from the routes that answer.

use std::collections::BTreeMap;

use super::Fault;
use crate::access_log::traffic::table::{Entry, Table};
use crate::access_log::traffic::{Keys, RouteFacts, RouteTimes};

type Routes = Table<RouteFacts, RouteTimes>;
type Route<'a> = Entry<'a, RouteFacts, RouteTimes>;

/// A prefix has no more segments.
const DEEPEST: usize = 4;

/// Paths that clients ask for at the root of every host, whatever is there.
const ROOT_FILES: [&[u8]; 6] = [
    b"/",
    b"/favicon.ico",
    b"/robots.txt",
    b"/sitemap.xml",
    b"/apple-touch-icon.png",
    b"/apple-touch-icon-precomposed.png",
];

/// What is wrong with a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PrefixFault {
    /// It is not there: P is not found, prefix + P is.
    Missing,
    /// It is there twice.
    Doubled,
}

/// A prefix, and the routes that were not found for it.
#[derive(Clone, Debug)]
pub struct Prefix<'a> {
    /// `/api/v1`
    pub prefix: &'a [u8],
    /// What is wrong with it.
    pub fault: PrefixFault,
    /// 404s in all, without those of clients that scan or crawl.
    pub lines: u64,
    /// Their routes, most lines first.
    pub routes: Vec<PrefixRoute<'a>>,
}

/// A route that is not found, and what is.
#[derive(Clone, Copy, Debug)]
pub struct PrefixRoute<'a> {
    /// The route as asked for.
    pub route: &'a [u8],
    /// The route that would have been right; `None` if it did not answer in this log (only for a doubled prefix).
    pub right: Option<&'a [u8]>,
    /// How often that answered 2xx.
    pub answered: u64,
    /// Its 404s, without those of clients that scan or crawl.
    pub lines: u64,
    /// The first and the last of them.
    pub seen: Option<(i64, i64)>,
    /// All that is known of them.
    pub fault: &'a Fault,
}

type Found<'a> = BTreeMap<(PrefixFault, &'a [u8]), Vec<PrefixRoute<'a>>>;

/// Prefixes missing or doubled, most lines first.
pub(in crate::access_log::traffic) fn find<'a>(
    routes: &'a Routes,
    faults: &'a Table<Fault>,
    keys: &Keys,
) -> Vec<Prefix<'a>> {
    let mut found = Found::new();
    for slot in routes.iter().filter(|&route| successes(route) > 0) {
        missing(slot, faults, keys, routes, &mut found);
    }
    for slot in faults.iter().filter(|slot| slot.facts().status == 404) {
        doubled(slot, routes, keys, &mut found);
    }
    let prefix = |((fault, prefix), mut routes): ((PrefixFault, &'a [u8]), Vec<PrefixRoute<'a>>)| {
        // `/x/health` and `/x/health/` may both answer; `/health/` is counted once, as the one that is more alike.
        routes.sort_by_key(|route| {
            (route.route, route.right.map(|right| right.ends_with(b"/") != route.route.ends_with(b"/")))
        });
        routes.dedup_by_key(|route| route.route);
        routes.sort_by_key(|route| std::cmp::Reverse(route.lines));
        Prefix { prefix, fault, lines: routes.iter().map(|route| route.lines).sum(), routes }
    };
    let mut prefixes: Vec<_> = found.into_iter().map(prefix).collect();
    prefixes.sort_by_key(|prefix| std::cmp::Reverse(prefix.lines));
    prefixes
}

/// A route that answers: is it not found without its first segments?
fn missing<'a>(slot: Route<'a>, faults: &'a Table<Fault>, keys: &Keys, routes: &Routes, found: &mut Found<'a>) {
    let route = slot.key();
    for cut in memchr::memchr_iter(b'/', route).skip(1).take(DEEPEST) {
        let (prefix, rest) = route.split_at(cut);
        if prefix.contains(&b'{') {
            return;
        }
        if ROOT_FILES.contains(&rest) || prefix.ends_with(b"/") {
            continue;
        }
        let Some(fault) = not_found(rest, faults, keys) else { continue };
        // What is found there at other times is no route that lost its prefix.
        let works = routes.find(keys.of(rest)).and_then(|at| routes.get(at)).is_some_and(|route| successes(route) > 0);
        if !works && !is_doubled(route, prefix) {
            found.entry((PrefixFault::Missing, prefix)).or_default().push(row(fault, Some(slot)));
        }
    }
}

/// A route that is not found: does it begin with the same segments twice?
fn doubled<'a>(slot: Entry<'a, Fault>, routes: &'a Routes, keys: &Keys, found: &mut Found<'a>) {
    let route = slot.key();
    for cut in memchr::memchr_iter(b'/', route).skip(1).take(DEEPEST) {
        let (prefix, rest) = route.split_at(cut);
        if prefix.contains(&b'{') || !is_doubled(route, prefix) || real(slot) == 0 {
            continue;
        }
        let right = routes.find(keys.of(rest)).and_then(|at| routes.get(at)).filter(|&route| successes(route) > 0);
        found.entry((PrefixFault::Doubled, prefix)).or_default().push(row(slot, right));
        return;
    }
}

/// The 404s of a route, with or without the slash at its end.
fn not_found<'a>(route: &[u8], faults: &'a Table<Fault>, keys: &Keys) -> Option<Entry<'a, Fault>> {
    let at = faults.find(keys.of_fault(keys.of(route), 404));
    let at = at.or_else(|| faults.find(keys.of_fault(keys.of_other_slash(route), 404)))?;
    faults.get(at).filter(|&fault| real(fault) > 0)
}

fn row<'a>(fault: Entry<'a, Fault>, right: Option<Route<'a>>) -> PrefixRoute<'a> {
    PrefixRoute {
        route: fault.key(),
        right: right.map(Entry::key),
        answered: right.map_or(0, successes),
        lines: real(fault),
        seen: fault.seen(),
        fault: fault.facts(),
    }
}

/// True if behind the prefix the prefix comes again, as whole segments.
fn is_doubled(route: &[u8], prefix: &[u8]) -> bool {
    let behind = route.get(prefix.len()..).and_then(|rest| rest.strip_prefix(prefix));
    prefix.len() > 1 && behind.is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
}

fn successes(slot: Route<'_>) -> u64 {
    let [_, _, successes, ..] = slot.classes();
    successes
}

/// The 404s that are neither a scanner's nor a crawler's.
fn real(slot: Entry<'_, Fault>) -> u64 {
    let facts = slot.facts();
    slot.count().saturating_sub(slot.error()).saturating_sub(facts.scanned + facts.crawled)
}
