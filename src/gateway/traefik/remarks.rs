//! Faults of routers and middlewares that need no request to be seen.

use std::collections::HashMap;

use super::assembly::Assembly;
use super::dynamic::{Middleware, MiddlewareKind};
use super::entry::Entry;
use super::model::Traefik;
use super::routes::{Route, Table};
use crate::gateway::document::At;
use crate::gateway::{Code, Place, Weight};

/// Routers of a table beyond which each is not held against each.
const MOST_COMPARED: usize = 1000;

/// Looks for faults.
pub(super) fn look(assembly: &Assembly<'_>, model: &Traefik) {
    for middleware in assembly.middlewares() {
        prefixes(assembly, middleware);
    }
    for (entry, tables) in model.tables() {
        table(assembly, entry, &tables.plain);
        table(assembly, entry, &tables.tls);
        loops(assembly, entry, &tables.tls);
    }
}

/// stripPrefix: an entry that is never reached, and one that keeps the path without a slash.
fn prefixes(assembly: &Assembly<'_>, middleware: &Middleware) {
    let Some(At { value: MiddlewareKind::StripPrefix(strip), .. }) = middleware.kinds.first() else { return };
    for (index, prefix) in strip.prefixes.iter().enumerate() {
        let text = prefix.value.trim();
        let earlier = strip.prefixes.iter().take(index).find(|other| text.starts_with(other.value.trim()));
        if let Some(earlier) = earlier {
            let what = format!(
                "stripPrefix {}: {text} is never reached, because {} before it fits first",
                middleware.name, earlier.value
            );
            assembly.remark(
                Code::WrongPartStripped,
                Weight::Warning,
                &prefix.place,
                what,
                Some("write the longer prefix first"),
            );
        }
        if let Some(short) = text.strip_suffix('/').filter(|short| !short.is_empty())
            && !strip.prefixes.iter().any(|other| other.value.trim() == short)
        {
            let what = format!("stripPrefix {}: {text} leaves {short} as it is", middleware.name);
            let fix = format!("write {short}, which strips {text} too");
            assembly.remark(Code::WrongPartStripped, Weight::Note, &prefix.place, what, Some(&fix));
        }
    }
}

/// Routers that are in each other's way.
fn table(assembly: &Assembly<'_>, entry: &Entry, table: &Table) {
    let mut known: HashMap<(&str, i64), &Route> = HashMap::new();
    for route in table.routes() {
        if let Some(other) = known.insert((&route.text, route.priority), route) {
            let what = format!(
                "routers {} and {} of entry point {} have the same rule and the same priority: which one takes a \
                 request is chance",
                other.name, route.name, entry.name
            );
            remark(assembly, Code::RoutersAlike, route, what, "give one of them a priority");
        }
    }
    if table.routes().len() > MOST_COMPARED {
        return;
    }
    for (index, route) in table.routes().iter().enumerate() {
        let earlier = table.routes().iter().take(index).filter(|other| other.priority > route.priority);
        if let Some(other) = earlier.into_iter().find(|other| covers(other, route)) {
            let what = format!(
                "router {} never takes a request: {} has priority {} and takes all of them",
                route.name, other.name, other.priority
            );
            let fix = format!("give it a priority above {}", other.priority);
            remark(assembly, Code::RouterShadowed, route, what, &fix);
        }
    }
}

/// True if a router takes every request that another would take, as far as hosts and path prefixes say so.
fn covers(one: &Route, other: &Route) -> bool {
    let Some((hosts, prefix)) = one.rule.takes_all_of() else { return false };
    let fits = |host: &&str| hosts.contains(host);
    let hosts_covered = hosts.is_empty() || other.rule.hosts().is_some_and(|hosts| hosts.iter().all(fits));
    hosts_covered && (prefix == "/" || other.rule.prefix().is_some_and(|path| path.starts_with(prefix)))
}

/// redirectScheme behind TLS on another port than the usual one: what it redirects to, it redirects again.
fn loops(assembly: &Assembly<'_>, entry: &Entry, table: &Table) {
    if entry.port == Some(443) {
        return;
    }
    for route in table.routes() {
        let redirects =
            route.stages.layers.iter().filter_map(|layer| layer.scheme_without_port().zip(layer.place.as_ref()));
        for (scheme, place) in redirects.filter(|(scheme, _)| *scheme == "https") {
            let port = entry.port.map(|port| port.to_string()).unwrap_or_default();
            let what = format!(
                "redirectScheme of router {} drops the port: an https request to port {port} is redirected to {scheme} \
                 without it",
                route.name
            );
            let fix = format!("set its port to {port}, or leave it away from routers with TLS");
            assembly.remark(Code::PortLost, Weight::Warning, place, what, Some(&fix));
        }
    }
}

fn remark(assembly: &Assembly<'_>, code: Code, route: &Route, what: String, fix: &str) {
    let nowhere = || Place::new(std::path::Path::new(""), 0);
    let place = route.place.clone().unwrap_or_else(nowhere);
    assembly.remark(code, Weight::Warning, &place, what, Some(fix));
}
