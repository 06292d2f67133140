//! A site: its addresses, and what its directives say. Caddy 2.11, `addresses.go`, `httptype.go` (`Setup`), `builtins.go`
//! (`parseBind`, `parseTLS`).

use std::sync::Arc;

use super::blocks::{self, Found, Scope, Value};
use super::{Notes, line};
use crate::gateway::ConfigError;
use crate::gateway::caddy::caddyfile::{Block, Token};
use crate::gateway::caddy::route::{Line, Route};

/// A block of the Caddyfile that answers for some addresses.
pub(super) struct Site {
    pub(super) addresses: Vec<SiteAddress>,
    /// Directives that make routes.
    pub(super) routes: Vec<Found>,
    /// Those of `handle_errors`.
    pub(super) errors: Vec<Route>,
    /// Addresses to listen on; none for all.
    pub(super) bind: Vec<Arc<str>>,
    pub(super) tls: Option<TlsUse>,
    /// Named routes that it invokes.
    pub(super) invoked: Vec<Arc<str>>,
    pub(super) line: Line,
}

/// An address before a site's block.
#[derive(Clone, Debug)]
pub(super) struct SiteAddress {
    /// As it is written.
    pub(super) key: Token,
    pub(super) scheme: String,
    pub(super) host: String,
    pub(super) port: String,
    pub(super) path: String,
}

/// What `tls` says.
#[derive(Clone, Debug, Default)]
pub(super) struct TlsUse {
    /// Certificates are read from files.
    pub(super) loaded: bool,
    /// They are made when a handshake asks for them.
    pub(super) on_demand: bool,
    /// Clients are asked for certificates.
    pub(super) client_auth: bool,
    /// There is more than where certificates come from.
    pub(super) settings: bool,
}

/// Reads a site.
///
/// # Errors
/// What Caddy refuses.
pub(super) fn read(block: Block, notes: &mut Notes<'_>) -> Result<Site, ConfigError> {
    let Some(line) = line(&block.keys) else {
        return Err(ConfigError { place: None, what: "a site without an address".to_owned() });
    };
    let text = block.keys.iter().map(|key| &*key.shown).collect::<Vec<_>>().join(", ");
    let line = Line { text: text.into(), ..line };
    notes.look_up(&block.keys);
    let addresses = block.keys.into_iter().map(SiteAddress::read).collect::<Result<Vec<_>, _>>()?;
    let segments = block.segments.into_iter().map(|segment| notes.expand(segment)).collect();
    let found = blocks::directives(segments, &Arc::default(), notes)?;
    let invoked = std::mem::take(&mut notes.invoked);
    let mut site =
        Site { addresses, routes: Vec::new(), errors: Vec::new(), bind: Vec::new(), tls: None, invoked, line };
    for found in found {
        match found.value {
            Value::Route(_) => site.routes.push(found),
            Value::ErrorRoute(route) => site.errors.push(route),
            Value::Bind(addresses) => site.bind.extend(addresses),
            Value::Tls(tls) => site.tls = Some(site.tls.take().map_or(tls.clone(), |known| known.and(&tls))),
        }
    }
    // Routes for all errors come after those for some.
    site.errors.sort_by_key(|route| route.sets.is_empty());
    Ok(site)
}

impl TlsUse {
    fn and(&self, other: &Self) -> Self {
        Self {
            loaded: self.loaded || other.loaded,
            on_demand: self.on_demand || other.on_demand,
            client_auth: self.client_auth || other.client_auth,
            settings: self.settings || other.settings,
        }
    }
}

impl SiteAddress {
    /// `ParseAddress` and `Normalize`
    fn read(key: Token) -> Result<Self, ConfigError> {
        let fault = |what: String| ConfigError::at(&key.place(), what);
        let text = key.text.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let (authority, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, ""),
        };
        let (host, port) = split_host_port(authority);
        match port.parse::<u16>() {
            Ok(_) => {}
            Err(_) if port.is_empty() => {}
            Err(_) => return Err(fault(format!("the port {port:?} is no number up to 65535"))),
        }
        let scheme = scheme.to_lowercase();
        match scheme.as_str() {
            "" | "http" | "https" => {}
            "ws" => return Err(fault("ws:// is for browsers; write http://".to_owned())),
            "wss" => return Err(fault("wss:// is for browsers; write https://".to_owned())),
            other => return Err(fault(format!("a site cannot have the scheme {other}://"))),
        }
        let host = match host.parse::<std::net::Ipv6Addr>() {
            Ok(address) => address.to_string(),
            Err(_) => lower(host),
        };
        let (port, path) = (port.to_owned(), path.to_owned());
        Ok(Self { key, scheme, host, port, path })
    }
}

/// Host and port as `net.SplitHostPort` has them, a host alone too.
fn split_host_port(text: &str) -> (&str, &str) {
    let split =
        |text: &str| crate::gateway::go::split_host_port(text.as_bytes()).map(|(host, port)| (host.len(), port.len()));
    let cut = |host: usize, port: usize| {
        let bracket = usize::from(text.starts_with('['));
        (
            text.get(bracket..bracket + host).unwrap_or_default(),
            text.get(text.len().saturating_sub(port)..).unwrap_or_default(),
        )
    };
    match split(text) {
        Some((host, port)) => cut(host, port),
        None => match split(&format!("{text}:")) {
            Some((host, _)) => cut(host, 0),
            None => (text, ""),
        },
    }
}

/// In lower case, but for placeholders.
fn lower(text: &str) -> String {
    let mut inside = false;
    let letter = |c: char| {
        inside = (inside || c == '{') && c != '}';
        if inside { c } else { c.to_lowercase().next().unwrap_or(c) }
    };
    text.chars().map(letter).collect()
}

/// `bind address …`
pub(super) fn bind(scope: &mut Scope, notes: &mut Notes<'_>) -> Vec<Arc<str>> {
    scope.at.next();
    let addresses = scope.at.args();
    protocols(scope, notes);
    addresses
}

/// `protocols` within `bind`: which versions of HTTP are spoken is the client's choice.
fn protocols(scope: &mut Scope, notes: &mut Notes<'_>) {
    let nesting = scope.at.nesting();
    while scope.at.next_block(nesting) {
        if &*scope.at.val() != "protocols" {
            notes.doubt(scope.at.place(), format!("bind {}: not modelled", scope.at.val()));
        }
        scope.at.args();
    }
}

/// `tls …`
///
/// # Errors
/// What Caddy refuses.
pub(super) fn tls(scope: &mut Scope, notes: &mut Notes<'_>) -> Result<TlsUse, ConfigError> {
    let at = &mut scope.at;
    at.next();
    let mut tls = TlsUse::default();
    match at.args().as_slice() {
        [] => {}
        [word] if matches!(&**word, "internal" | "force_automate") || word.contains('@') => {}
        [word] => {
            return Err(at.fault(format!("tls {word}: internal, an e-mail address, or a certificate and its key")));
        }
        [_, _] => tls.loaded = true,
        _ => return Err(at.arguments()),
    }
    let nesting = at.nesting();
    while at.next_block(nesting) {
        match &*at.val() {
            "protocols" | "ciphers" | "curves" | "alpn" => tls.settings = true,
            "client_auth" => (tls.settings, tls.client_auth) = (true, true),
            "load" => tls.loaded = true,
            "on_demand" => tls.on_demand = true,
            // Where certificates come from does not matter to a request.
            "ca"
            | "ca_root"
            | "key_type"
            | "dns"
            | "propagation_delay"
            | "propagation_timeout"
            | "resolvers"
            | "dns_ttl"
            | "dns_challenge_override_domain"
            | "reuse_private_keys"
            | "force_automate"
            | "eab"
            | "issuer"
            | "get_certificate"
            | "insecure_secrets_log"
            | "renewal_window_ratio" => {}
            other => drop(notes.doubt(at.place(), format!("tls {other}: not modelled"))),
        }
        at.args();
        at.skip_block();
    }
    tls.settings |= tls.loaded;
    Ok(tls)
}
