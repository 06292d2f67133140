//! The block of global options. Caddy 2.11, `options.go`, `serveroptions.go`.

use std::sync::Arc;

use super::handlers::bytes;
use super::matchers::networks;
use super::{Notes, at_first};
use crate::gateway::caddy::caddyfile::{Block, Dispenser};
use crate::gateway::caddy::route::ServerOptions;
use crate::gateway::{ConfigError, NotUnderstood};

/// What the global options say about requests.
pub(super) struct Options {
    pub(super) http_port: u16,
    pub(super) https_port: u16,
    pub(super) auto_https: AutoHttps,
    pub(super) default_bind: Vec<Arc<str>>,
    /// By the length of their addresses, the longest first.
    pub(super) servers: Vec<ServerOptions>,
    /// A name for handshakes that name none or an unknown one.
    pub(super) other_names: Option<NotUnderstood>,
}

/// `auto_https`
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AutoHttps {
    pub(super) off: bool,
    pub(super) no_redirects: bool,
    pub(super) no_certificates: bool,
    pub(super) ignore_loaded: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            http_port: 80,
            https_port: 443,
            auto_https: AutoHttps::default(),
            default_bind: Vec::new(),
            servers: Vec::new(),
            other_names: None,
        }
    }
}

/// Reads the block.
///
/// # Errors
/// What Caddy refuses.
pub(super) fn read(block: Block, notes: &mut Notes<'_>) -> Result<Options, ConfigError> {
    let mut options = Options::default();
    for segment in block.segments {
        let mut at = at_first(segment);
        options.option(&mut at, notes)?;
    }
    options.servers.sort_by_key(|server| std::cmp::Reverse(server.address.len()));
    Ok(options)
}

impl Options {
    fn option(&mut self, at: &mut Dispenser, notes: &mut Notes<'_>) -> Result<(), ConfigError> {
        match &*at.val() {
            "http_port" => self.http_port = port(at)?,
            "https_port" => self.https_port = port(at)?,
            "auto_https" => {
                for word in at.args() {
                    match &*word {
                        "off" => self.auto_https.off = true,
                        "disable_redirects" => self.auto_https.no_redirects = true,
                        "disable_certs" => self.auto_https.no_certificates = true,
                        "ignore_loaded_certs" => self.auto_https.ignore_loaded = true,
                        "prefer_wildcard" => {}
                        other => return Err(at.fault(format!("auto_https {other}: there is no such setting"))),
                    }
                }
            }
            "default_bind" => self.default_bind.extend(at.args()),
            "order" => order(at, notes)?,
            "servers" => {
                let server = servers(at, notes)?;
                if self.servers.iter().any(|known| known.address == server.address) {
                    return Err(at.fault("servers stands there twice for the same address"));
                }
                self.servers.push(server);
            }
            "default_sni" | "fallback_sni" => {
                let what = format!("{}: which names a handshake may have is not modelled", at.val());
                self.other_names = Some(notes.doubt(at.place(), what));
            }
            "on_demand_tls" => {
                let what = "on_demand_tls: names are asked about when a handshake has them";
                self.other_names.get_or_insert_with(|| NotUnderstood { place: at.place(), what: what.to_owned() });
            }
            name if is_ignored(name) => {}
            other => {
                notes.doubt(at.place(), format!("{other}: this global option is not modelled"));
            }
        }
        Ok(())
    }
}

/// Options that do not change what becomes of a request.
fn is_ignored(name: &str) -> bool {
    matches!(
        name,
        "debug"
            | "grace_period"
            | "shutdown_delay"
            | "storage"
            | "storage_check"
            | "storage_clean_interval"
            | "renew_interval"
            | "ocsp_interval"
            | "ocsp_stapling"
            | "acme_ca"
            | "acme_ca_root"
            | "acme_dns"
            | "acme_eab"
            | "cert_issuer"
            | "skip_install_trust"
            | "email"
            | "admin"
            | "local_certs"
            | "key_type"
            | "metrics"
            | "cert_lifetime"
            | "log"
            | "preferred_chains"
            | "persist_config"
            | "dns"
            | "tls_resolvers"
            | "ech"
            | "renewal_window_ratio"
            | "pki"
            | "events"
    )
}

fn port(at: &mut Dispenser) -> Result<u16, ConfigError> {
    let text = at.only_arg()?;
    text.parse().map_err(|_| at.fault(format!("the port {text:?} is no number up to 65535")))
}

/// `order directive first|last|before|after [other]`
fn order(at: &mut Dispenser, notes: &mut Notes<'_>) -> Result<(), ConfigError> {
    let name = at.some_arg()?;
    let position = at.some_arg()?;
    let mut order: Vec<Arc<str>> = notes.order.iter().filter(|known| **known != name).cloned().collect();
    let index = match &*position {
        "first" => 0,
        "last" => order.len(),
        "before" | "after" => {
            let other = at.only_arg()?;
            let found = order.iter().position(|known| *known == other);
            let found = found.ok_or_else(|| at.fault(format!("there is no directive {other:?}")))?;
            found + usize::from(&*position == "after")
        }
        other => return Err(at.fault(format!("order {other}: first, last, before or after"))),
    };
    order.insert(index, name);
    notes.order = order;
    Ok(())
}

/// `servers [address] { … }`
fn servers(at: &mut Dispenser, notes: &mut Notes<'_>) -> Result<ServerOptions, ConfigError> {
    let mut server = ServerOptions { address: at.arg().unwrap_or_default().to_string(), ..ServerOptions::default() };
    let nesting = at.nesting();
    while at.next_block(nesting) {
        let name = at.val();
        let place = at.place();
        match &*name {
            "trusted_proxies" => {
                let args = at.args();
                match args.split_first() {
                    Some((source, ranges)) if &**source == "static" => {
                        server.trusted = Some(networks(ranges).map_err(|what| at.fault(what))?);
                    }
                    Some((source, _)) => {
                        let what = format!("trusted_proxies {source}: its ranges are known to the running proxy only");
                        server.doubts.push(notes.doubt(place, what));
                    }
                    None => return Err(at.arguments()),
                }
            }
            "trusted_proxies_strict" => server.strict = true,
            "client_ip_headers" => server.client_ip_headers.extend(at.args()),
            "expected_underscore_headers" => server.underscore_headers = at.args(),
            "expected_dot_headers" => server.dot_headers = at.args(),
            "max_header_size" => {
                let text = at.only_arg()?;
                let size = bytes(&text).and_then(|size| usize::try_from(size).ok());
                server.max_header = Some(size.ok_or_else(|| at.fault(format!("{text:?} is no size, as 16KiB is")))?);
            }
            "strict_sni_host" => {
                server.strict_sni = Some(at.args().first().is_none_or(|word| &**word != "insecure_off"));
            }
            "listener_wrappers" => listener_wrappers(at, &mut server, notes),
            // Protocols, times and logs.
            "name"
            | "timeouts"
            | "keepalive_interval"
            | "keepalive_idle"
            | "keepalive_count"
            | "enable_full_duplex"
            | "log_credentials"
            | "protocols"
            | "metrics"
            | "trace"
            | "0rtt"
            | "packet_conn_wrappers"
            | "trusted_proxies_unix" => drop(at.args()),
            other => {
                at.args();
                server.doubts.push(notes.doubt(place, format!("servers {other}: not modelled")));
            }
        }
        at.skip_block();
    }
    Ok(server)
}

/// Only the place of TLS among the wrappers, and redirects of what is no TLS, leave the client's address as it is.
fn listener_wrappers(at: &mut Dispenser, server: &mut ServerOptions, notes: &mut Notes<'_>) {
    let nesting = at.nesting();
    while at.next_block(nesting) {
        let name = at.val();
        if &*name != "tls" {
            let what = format!("listener_wrappers {name}: what it makes of a connection is not modelled");
            server.doubts.push(notes.doubt(at.place(), what));
        }
        at.args();
        at.skip_block();
    }
}
