//! The lists that are shown without any request: who takes what, and where is listened.

use std::net::Ipv4Addr;

use super::config::{Config, Handler, Kind, Location, LocationId, Server};
use super::listen::{Address, Listening};
use super::proxy_pass::{ProxyPass, To};
use super::rewrite::{Code, Then};
use super::uri::{self, Escape};
use crate::gateway::{Listen, Router};

/// Everything that takes requests, in the order of the file; each location remembers its place in it.
pub(super) fn routers(config: &mut Config) -> Vec<Router> {
    let mut routers = Vec::new();
    let mut of = vec![None; config.locations.len()];
    // The locations of a server follow its own.
    let ends = config.servers.iter().skip(1).map(|server| server.location.0).chain([config.locations.len()]);
    for (server, end) in config.servers.iter().zip(ends) {
        for index in server.location.0..end {
            let location = config.location(LocationId(index));
            let Some(router) = router(config, server, location) else { continue };
            if let Some(slot) = of.get_mut(index) {
                *slot = Some(routers.len());
            }
            routers.push(router);
        }
    }
    // What an `if` or a `limit_except` does is done in the location around it, the last one before it.
    let mut around = None;
    for (location, own) in config.locations.iter_mut().zip(of) {
        around = own.or(around.filter(|_| matches!(location.kind, Kind::If | Kind::LimitExcept)));
        location.router = around;
    }
    routers
}

/// The router of a location; `None` for what is none by itself.
fn router(config: &Config, server: &Server, location: &Location) -> Option<Router> {
    let empty = location.script.is_empty() && location.inside.is_empty();
    match location.kind {
        Kind::If | Kind::LimitExcept => return None,
        Kind::Server if location.script.is_empty() && !empty => return None,
        _ => {}
    }
    let pass = match &location.handler {
        Some(Handler::Proxy(pass)) => Some(pass),
        _ => None,
    };
    Some(Router {
        name: location.text.clone(),
        rule: rule(server, location),
        place: Some(location.place.clone()),
        priority: None,
        prefix: prefix(location),
        path: path(location),
        upstreams: pass.map(|pass| pass.destinations(config)).unwrap_or_default(),
    })
}

/// `example.com:80 /api/`: names and listeners of the server, and what the location takes.
fn rule(server: &Server, location: &Location) -> String {
    let name = if server.name.is_empty() { "*".to_owned() } else { String::from_utf8_lossy(&server.name).into_owned() };
    let listens = server.listens.iter().map(|listening| match listening.address {
        Address::Unix(_) => listening.text.clone(),
        _ => listening.ports.0.to_string(),
    });
    let mut listens: Vec<String> = listens.collect();
    listens.dedup();
    let takes = location.text.strip_prefix("location").unwrap_or_default();
    format!("{name}:{}{takes}", listens.join(","))
}

/// The path prefix that a location takes, escaped and without a final slash.
fn prefix(location: &Location) -> Option<String> {
    let text = || {
        let escaped = uri::escape(&location.name, Escape::Uri);
        String::from_utf8_lossy(escaped.strip_suffix(b"/").unwrap_or(&escaped)).into_owned()
    };
    match location.kind {
        Kind::Prefix | Kind::NoRegex => Some(text()),
        Kind::Server => Some(String::new()),
        _ => None,
    }
}

/// What becomes of the path, in a word or two.
fn path(location: &Location) -> String {
    let code = |code: &Code| match code {
        Code::Return { status, .. } => Some(status.to_string()),
        Code::Rewrite(rewrite) => Some(match rewrite.then {
            Then::Redirect(status) => status.to_string(),
            _ => "rewrite".to_owned(),
        }),
        _ => None,
    };
    if let Some(word) = location.script.iter().find_map(|instruction| code(&instruction.code)) {
        return word;
    }
    match &location.handler {
        Some(Handler::Proxy(pass)) => proxied(pass),
        Some(Handler::Other(_)) => "not modelled".to_owned(),
        None if location.try_files.is_some() => "try_files".to_owned(),
        None => "files".to_owned(),
    }
}

fn proxied(pass: &ProxyPass) -> String {
    let To::Fixed(url) = &pass.to else { return "by variables".to_owned() };
    let show = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
    let (from, to) = (show(&pass.location), show(&url.authority.uri));
    match (from.strip_suffix('/'), to.as_str()) {
        (_, "") => "keep".to_owned(),
        (_, to) if to == from => "keep".to_owned(),
        (Some(prefix), "/") => format!("strip {prefix}"),
        _ => format!("{from} becomes {to}"),
    }
}

/// Where is listened, each address and port once, in the order of the file.
pub(super) fn listeners(config: &Config) -> Vec<Listen> {
    let mut all: Vec<Listen> = Vec::new();
    for listening in config.servers.iter().flat_map(|server| &server.listens) {
        let Some(listen) = listen(listening) else { continue };
        match all.iter_mut().find(|other| other.address == listen.address && other.port == listen.port) {
            Some(other) => other.tls |= listen.tls,
            None => all.push(listen),
        }
    }
    all
}

/// The listener of a `listen`; `None` for one over UDP or on a unix socket.
fn listen(listening: &Listening) -> Option<Listen> {
    let address = match &listening.address {
        _ if listening.quic => return None,
        Address::Unix(_) => return None,
        Address::Ip(address) if *address == Ipv4Addr::UNSPECIFIED => String::new(),
        Address::Ip(address) => address.to_string(),
        Address::Name(name) => name.clone(),
    };
    let place = Some(listening.place.clone());
    Some(Listen { address, port: listening.ports.0, tls: listening.tls, place })
}
