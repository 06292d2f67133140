//! Apache httpd: its configuration read, and what it does with a request.
//!
//! ```text
//! tree ─▶ config ─┬─ scope (header, mapping)       what is said for a server, a location, an upstream
//!                 └─ rewrite
//! bytes ─▶ head ─▶ plan: server ─▶ url ─▶ rewriting ─▶ ProxyPass ─▶ send        back: ProxyPassReverse, Header
//!                                                   └─▶ local: redirects, files
//! ```
//!
//! The model is that of 2.4, read in the sources of 2.4.63 and compared with 2.4.71.

mod back;
mod config;
mod edit;
mod head;
mod header;
mod ignored;
mod local;
mod mapping;
mod plan;
mod remarks;
mod rewrite;
mod rewriting;
mod scope;
mod send;
mod text;
mod tree;
mod url;

#[cfg(test)]
mod tests;

pub(super) use edit::edits;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;
use std::sync::Arc;

use super::{ConfigError, Destination, Files, Gateway, Listen, NotUnderstood, Place, Proxy, Router, Upstream};
use crate::asgi::Release;
use config::{Config, Server};
use mapping::{Matcher, Pass};
use plan::Apache;
use rewrite::Test;

/// Reads a configuration.
///
/// # Errors
/// What Apache httpd itself would refuse.
pub(super) fn read(paths: &[PathBuf], files: &dyn Files, release: Option<Release>) -> Result<Gateway, ConfigError> {
    let tree = tree::read(paths, files)?;
    let config = Arc::new(Config::new(&tree.nodes, tree.doubts));
    let (routers, places) = routers(&config);
    let listeners = listeners(&config);
    let not_understood = not_understood(&config);
    let remarks = remarks::remarks(&config);
    let model = Arc::new(Apache { config, routers: places });
    Ok(Gateway {
        files: tree.files,
        listeners,
        routers,
        not_understood,
        remarks,
        ..Gateway::new(Proxy::Apache, release, model)
    })
}

/// The servers that requests go to: those of `<VirtualHost>`, or the main one if there are none.
fn serving(config: &Config) -> &[Server] {
    match config.servers.split_first() {
        Some((_, hosts)) if !hosts.is_empty() => hosts,
        _ => &config.servers,
    }
}

/// Where it listens: as `Listen` says, else as the servers do.
fn listeners(config: &Config) -> Vec<Listen> {
    let tls = |port: u16| {
        serving(config)
            .iter()
            .any(|server| server.tls == Some(true) && server.addresses.iter().any(|(_, p)| *p == Some(port)))
    };
    let mut all: Vec<Listen> = Vec::new();
    for (address, port, place) in &config.listens {
        all.push(Listen { address: address.clone(), port: *port, tls: tls(*port), place: Some(place.clone()) });
    }
    for server in serving(config) {
        for (address, port) in &server.addresses {
            let Some(port) = *port else { continue };
            if !all.iter().any(|listen| listen.port == port) {
                let place = server.place.clone();
                all.push(Listen { address: address.clone(), port, tls: server.tls == Some(true), place });
            }
        }
    }
    all
}

/// Everything that is not understood, in the order of the files.
fn not_understood(config: &Config) -> Vec<NotUnderstood> {
    let mut all = config.doubts.clone();
    for server in &config.servers {
        all.extend(server.scope.unknown().cloned());
        all.extend(server.passes.iter().filter_map(|pass| pass.doubt.clone()));
        let sections = server.locations.iter().chain(&server.directories).chain(&server.proxies);
        all.extend(sections.flat_map(|section| section.scope.unknown()).cloned());
        for rule in &server.rewrites {
            all.extend(rule.doubt.clone());
            all.extend(rule.conditions.iter().filter_map(|condition| match &condition.test {
                Test::Unknown(what) => Some(what.clone()),
                _ => None,
            }));
        }
    }
    all.sort_by(|one, other| one.place.cmp(&other.place));
    all.dedup();
    all
}

/// What sends requests on, in the order in which it is tried, and which of them each line is.
fn routers(config: &Config) -> (Vec<Router>, HashMap<Place, usize>) {
    let (mut routers, mut places) = (Vec::new(), HashMap::new());
    for server in serving(config) {
        let name = server.name.clone().unwrap_or_else(|| server.text.clone());
        let located = server.locations.iter().filter_map(|section| section.scope.pass.as_ref());
        for pass in located.chain(&server.passes).filter(|pass| pass.to != "!") {
            // What the main server says is in all of them.
            if let Entry::Vacant(place) = places.entry(pass.place.clone()) {
                place.insert(routers.len());
                routers.push(router(&name, pass, server));
            }
        }
    }
    (routers, places)
}

/// Where a URL of the configuration leads, as far as it is written there.
fn destination(url: &str) -> Option<Destination> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split('/').next().filter(|authority| !authority.contains('$'))?;
    let tls = match scheme {
        "http" | "ws" => false,
        "https" | "wss" => true,
        _ => return None,
    };
    let (host, port) = head::split_port(authority.as_bytes())?;
    let host = String::from_utf8_lossy(host).trim_start_matches('[').trim_end_matches(']').to_owned();
    let upstream = Upstream { host, port: port.unwrap_or(if tls { 443 } else { 80 }) };
    Some(if tls { Destination::Https(upstream) } else { Destination::Http(upstream) })
}

/// Where a `ProxyPass` leads: to a server, or to each member of a balancer.
fn destinations(pass: &Pass, server: &Server) -> Vec<Destination> {
    let Some(balancer) = pass.to.strip_prefix("balancer://") else {
        return destination(&pass.to).into_iter().collect();
    };
    let name = balancer.split('/').next().unwrap_or_default().to_ascii_lowercase();
    server.balancers.get(&name).into_iter().flatten().filter_map(|member| destination(&member.url)).collect()
}

fn router(name: &str, pass: &Pass, server: &Server) -> Router {
    let rest = pass.to.split_once("://").map_or("", |(_, rest)| rest);
    let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default();
    let (prefix, word) = match &pass.matcher {
        Matcher::Prefix(prefix) => {
            let bare = prefix.trim_end_matches('/');
            let word = match (prefix.as_str(), path) {
                (prefix, path) if prefix == path || bare == path => "keep".to_owned(),
                (_, "" | "/") => format!("strip {bare}"),
                (_, path) => format!("{prefix} to {path}"),
            };
            (Some(bare.to_owned()), word)
        }
        Matcher::Regex(_) => (None, path.to_owned()),
    };
    Router {
        name: name.to_owned(),
        rule: pass.text.clone(),
        place: Some(pass.place.clone()),
        priority: None,
        prefix,
        path: word,
        upstreams: destinations(pass, server),
    }
}
