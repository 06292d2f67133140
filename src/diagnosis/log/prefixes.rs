//! Paths that lack their prefix: whose fault that is, by the page that led there.
//!
//! This file exists because the same 404 has four causes: a client that does not know the prefix (`NG07`), a page that asks
//! for absolute paths (`PX06`), a page without the slash at its end (`NG06`), and the docs page that asks for its schema
//! (`PX05`). Which one it is says the `Referer`.

use std::collections::{BTreeMap, BTreeSet};

use super::case::{LogCase, page, real};
use super::told::Evidence;
use crate::access_log::traffic::{Fault, Prefix, PrefixRoute, Sign};

/// A prefix is believed on the word of so many routes and lines, where no page and nobody else speaks for it.
const ROUTES: usize = 3;
const LINES: u64 = 10;

/// The same where pages led there.
const REFERRED_LINES: u64 = 3;

/// Endings of what pages load.
const ASSETS: [&[u8]; 12] =
    [b".js", b".mjs", b".css", b".map", b".png", b".jpg", b".jpeg", b".svg", b".webp", b".woff", b".woff2", b".wasm"];

/// A prefix that paths lack.
#[derive(Debug)]
pub(super) struct Missing<'a> {
    pub(super) prefix: &'a [u8],
    /// The user or the configuration names it.
    pub(super) is_given: bool,
    pub(super) routes: Vec<(PrefixRoute<'a>, Way)>,
}

/// How a path came to lack its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Whoever asked left it out.
    Asked,
    /// A page below the prefix asks for it at the root.
    Page,
    /// A page at the prefix itself asks for it relative to its place, and that is one level too high.
    MountPoint,
    /// The docs page asks for its schema.
    Docs,
}

impl<'a> Missing<'a> {
    /// Its routes of one way.
    pub(super) fn of(&self, way: Way) -> Vec<PrefixRoute<'a>> {
        self.routes.iter().filter(|(_, own)| *own == way).map(|(route, _)| *route).collect()
    }
}

/// The lines of these routes.
pub(super) fn evidence(routes: &[PrefixRoute<'_>]) -> Evidence {
    routes.iter().fold(Evidence::default(), |evidence, route| {
        evidence.and(route.lines, route.seen, route.fault.clients, &route.fault.lines)
    })
}

/// Takes a prefix for missing, if it is one beyond chance: `/login` may well be missing where `/admin/login` is not.
pub(super) fn missing<'a>(case: &LogCase<'a>, prefix: Prefix<'a>) -> Option<Missing<'a>> {
    let is_given = case.is_given(prefix.prefix);
    let referred: u64 = prefix.routes.iter().map(|route| route.fault.referred).sum();
    let believed = is_given
        || prefix.lines >= REFERRED_LINES && referred * 2 >= prefix.lines
        || prefix.lines >= LINES && prefix.routes.len() >= ROUTES;
    let routes = prefix.routes.into_iter().map(|route| (route, way(&route, prefix.prefix))).collect();
    believed.then_some(Missing { prefix: prefix.prefix, is_given, routes })
}

/// True if a prefix that is there twice is a fault: nothing that begins with both ever answers, and what it stands before
/// answers without the second. Where that is never asked for, it has to be a prefix by another's word: the user's or the
/// configuration's, that of the pages which led there, or its own, for more than one segment is not said twice by chance.
pub(super) fn is_doubled(case: &LogCase<'_>, prefix: &Prefix<'_>) -> bool {
    let twice = [prefix.prefix, prefix.prefix].concat();
    let on_purpose = || case.traffic.routes().any(|route| route.key.starts_with(&twice) && answers(route.classes) > 0);
    let enough = prefix.lines >= REFERRED_LINES || case.is_given(prefix.prefix) && prefix.lines > 0;
    let is_prefix = || {
        answers_once(prefix)
            || case.is_given(prefix.prefix)
            || memchr::memchr_iter(b'/', prefix.prefix).count() > 1
            || is_led_to_from_below(prefix)
    };
    enough && is_prefix() && !on_purpose()
}

/// True if something that is asked for with the prefix twice answers with it once.
pub(super) fn answers_once(prefix: &Prefix<'_>) -> bool {
    prefix.routes.iter().any(|route| route.answered > 0)
}

/// True if most of what is not found was led to by pages, all of them below the prefix.
fn is_led_to_from_below(prefix: &Prefix<'_>) -> bool {
    let referred: u64 = prefix.routes.iter().map(|route| route.fault.referred).sum();
    let mut pages = prefix.routes.iter().flat_map(|route| route.fault.referers.iter()).map(page);
    referred * 2 >= prefix.lines && pages.all(|page| page.is_some_and(|page| is_below(&page, prefix.prefix)))
}

fn way(route: &PrefixRoute<'_>, prefix: &[u8]) -> Way {
    let fault = route.fault;
    if fault.referred * 2 < route.lines {
        return Way::Asked;
    }
    let pages: Vec<Vec<u8>> = fault.referers.iter().filter_map(page).collect();
    let all = |is: &dyn Fn(&[u8]) -> bool| !pages.is_empty() && pages.iter().all(|page| is(page));
    if route.route.ends_with(b"/openapi.json") && all(&|page| docs_of(page) == Some(prefix)) {
        Way::Docs
    } else if all(&|page| page == prefix) {
        Way::MountPoint
    } else if all(&|page| is_below(page, prefix)) {
        Way::Page
    } else {
        Way::Asked
    }
}

/// What stands before the name of a docs page; `None` for another page.
pub(super) fn docs_of(page: &[u8]) -> Option<&[u8]> {
    let page = page.strip_suffix(b"/").unwrap_or(page);
    page.strip_suffix(b"/docs").or_else(|| page.strip_suffix(b"/redoc"))
}

/// True for the prefix and what is below it.
pub(super) fn is_below(path: &[u8], prefix: &[u8]) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

/// 2xx.
pub(super) const fn answers(classes: crate::access_log::traffic::Classes) -> u64 {
    let [_, _, answered, ..] = classes;
    answered
}

/// What pages below one folder ask for at the root, where the host has nothing of that kind outside of the folder: by the
/// folder.
pub(super) fn strays<'a>(case: &LogCase<'a>) -> BTreeMap<Vec<u8>, Vec<Sign<'a, Fault>>> {
    let mut found = BTreeMap::<Vec<u8>, Vec<Sign<'a, Fault>>>::new();
    let known = |route: &[u8]| case.missing.iter().any(|one| one.routes.iter().any(|(own, _)| own.route == route));
    for fault in case.faults_of(&[404]).filter(|fault| is_asset(fault.key)) {
        if fault.facts.referred * 2 < real(&fault) || known(fault.key) {
            continue;
        }
        let folders: BTreeSet<Option<Vec<u8>>> = fault.facts.referers.iter().map(folder).collect();
        let mut folders = folders.into_iter();
        if let (Some(Some(folder)), None) = (folders.next(), folders.next())
            && !is_below(fault.key, &folder)
        {
            found.entry(folder).or_default().push(fault);
        }
    }
    if !found.is_empty() {
        let answered: Vec<&[u8]> = case.traffic.routes().filter(|r| answers(r.classes) > 0).map(|r| r.key).collect();
        found.retain(|folder, faults| {
            let lines: u64 = faults.iter().map(real).sum();
            let page = answered.iter().any(|route| is_below(route, folder));
            let outside = answered.iter().any(|route| is_asset(route) && !is_below(route, folder));
            page && !outside && faults.len() >= 2 && lines >= 4
        });
    }
    found
}

/// The first folder of a page.
fn folder(referer: &[u8]) -> Option<Vec<u8>> {
    let path = page(referer)?;
    let end = path.iter().skip(1).position(|&byte| byte == b'/').map_or(path.len(), |at| at + 1);
    path.get(..end).filter(|folder| folder.len() > 1).map(<[u8]>::to_vec)
}

fn is_asset(route: &[u8]) -> bool {
    ASSETS.iter().any(|ending| route.ends_with(ending))
}
