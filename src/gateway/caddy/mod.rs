//! Caddy: its configuration read, and what it does with a request.
//!
//! ```text
//! Caddyfile ─ caddyfile: words, blocks, imports ─▶ adapt: what they mean ─▶ route: servers, routes, matchers, handlers
//!                                                                              │
//! request ────────────────────────────── run: the routes walked ◀──────────────┘─▶ routers, remarks
//! ```
//!
//! Caddy itself works so: its Caddyfile is adapted to JSON, and the JSON is a tree of routes. What is modelled is Caddy
//! 2.11.7; where older releases differ (underscores in the names of fields were passed on before 2.11) is not.

mod adapt;
mod caddyfile;
mod edit;
mod matcher_set;
mod network;
mod pattern;
mod route;
mod routers;
mod routes;
mod run;

pub(super) use edit::edits;

use std::path::PathBuf;
use std::sync::Arc;

use super::{ConfigError, Files, Gateway, Listen, Proxy};
use crate::asgi::Release;

/// Reads a configuration.
///
/// # Errors
/// What Caddy itself would refuse.
pub(super) fn read(paths: &[PathBuf], files: &dyn Files, release: Option<Release>) -> Result<Gateway, ConfigError> {
    let [path] = paths else {
        return Err(ConfigError { place: None, what: "Caddy has one Caddyfile; it may import others".to_owned() });
    };
    let adapt::Adapted { config, files, not_understood, remarks } = adapt::adapt(path, files)?;
    let (routers, numbers) = routers::list(&config);
    let listeners = listeners(&config);
    let model = run::Caddy { config: Arc::new(config), routers: numbers.into() };
    let mut gateway = Gateway::new(Proxy::Caddy, release, Arc::new(model));
    gateway.files = files;
    gateway.listeners = listeners;
    gateway.routers = routers;
    gateway.not_understood = not_understood;
    gateway.remarks = remarks;
    Ok(gateway)
}

/// Where the servers listen.
fn listeners(config: &route::Config) -> Vec<Listen> {
    let mut listeners = Vec::new();
    for server in &config.servers {
        let line = server.routes.iter().flat_map(|route| &route.handlers).find_map(|handled| handled.line.as_ref());
        for address in server.listen.iter().filter(|address| !address.host.starts_with("unix/")) {
            listeners.push(Listen {
                address: address.host.clone(),
                port: address.port,
                tls: server.tls && address.port != config.http_port,
                place: line.map(|line| line.place.clone()),
            });
        }
    }
    listeners
}

#[cfg(test)]
mod tests;
