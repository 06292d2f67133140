//! What is known besides the log.
//!
//! This file exists because a log alone seldom says why: which location takes a path stands in the configuration, what the
//! public prefix is knows the user, and what the app got was seen by a tap.

use std::fmt;

use crate::exchange::ExchangeId;
use crate::gateway::{self, Gateway};

/// Finds the exchange of a live tap with this path and this status, the newest where there are several.
pub type FindExchange<'a> = &'a dyn Fn(&[u8], u16) -> Option<ExchangeId>;

/// What is known besides the log. All of it may be missing.
#[derive(Clone, Copy, Default)]
pub struct LogContext<'a> {
    /// The proxy that wrote the log: fixes are said in its words. See [`writer`].
    pub proxy: Option<gateway::Proxy>,
    /// Public prefixes, as the user gave them.
    pub prefixes: &'a [String],
    /// The proxy's configuration: which route takes a path, and where that is written.
    pub gateway: Option<&'a Gateway>,
    /// The exchanges of a live tap.
    pub exchange: Option<FindExchange<'a>>,
}

impl fmt::Debug for LogContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogContext")
            .field("proxy", &self.proxy)
            .field("prefixes", &self.prefixes)
            .field("gateway", &self.gateway.map(|gateway| gateway.proxy))
            .field("exchange", &self.exchange.is_some())
            .finish()
    }
}

/// The proxy that writes logs in a format of this name or text; `None` where several do (`combined`, `common`).
pub fn writer(format: &str) -> Option<gateway::Proxy> {
    match format {
        "traefik" | "traefik-json" => Some(gateway::Proxy::Traefik),
        "caddy" => Some(gateway::Proxy::Caddy),
        "vcombined" => Some(gateway::Proxy::Apache),
        "main" | "timed" | "ingress" | "vhost" => Some(gateway::Proxy::Nginx),
        text if text.contains('$') => Some(gateway::Proxy::Nginx),
        _ => None,
    }
}
