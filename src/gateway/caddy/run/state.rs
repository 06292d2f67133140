//! What is known of a request while its routes are walked. It has no part of the configuration by reference, so that it can
//! wait for an upstream's response.

use std::collections::{BTreeMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;

use super::Failure;
use super::forwarding::Pending;
use crate::exchange::ResponseHead;
use crate::gateway::caddy::route::{Headers, Line, Map, Server};
use crate::gateway::caddy::routes::Routes;
use crate::gateway::go::{self, Header, Request, Url};
use crate::gateway::{NotUnderstood, Received, Step};

/// A request on its way through the routes.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) request: Request,
    /// As it was received.
    pub(super) original: Arc<Original>,
    /// The path that was cleaned last, and what it became: lower case, slashes and dots cleaned.
    pub(super) cleaned: (Vec<u8>, Vec<u8>),
    /// The host that was read last, and what it became: lower case, without brackets and port.
    pub(super) named: (Vec<u8>, Vec<u8>),
    /// True if the body has been sent on once.
    pub(super) body_sent: bool,
    /// The bytes of the body as they were sent, where they are known.
    pub(super) body_bytes: Option<usize>,
    pub(super) peer: SocketAddr,
    pub(super) local: SocketAddr,
    /// `Some` for TLS: the name that was asked for, empty for none.
    pub(super) tls: Option<String>,
    /// True if the peer's word about the client is believed.
    pub(super) trusted: bool,
    /// `vars`, `root`
    pub(super) vars: BTreeMap<Vec<u8>, Vec<u8>>,
    /// Placeholders that handlers and matchers have set.
    pub(super) set: BTreeMap<String, Vec<u8>>,
    pub(super) maps: Vec<Arc<Map>>,
    /// Groups of which a route was taken.
    pub(super) groups: HashSet<usize>,
    /// The fields of the response so far.
    pub(super) response: Header,
    /// Changes of the response's fields that wait until it is written.
    pub(super) deferred: Vec<Arc<Headers>>,
    /// The error that is handled.
    pub(super) failure: Option<Failure>,
    /// The response that `handle_response` is about.
    pub(super) pending: Option<Arc<Pending>>,
    /// The response that `copy_response` has written.
    pub(super) copied: Option<ResponseHead>,
    /// Where the walk stands: the innermost list of routes last.
    pub(super) stack: Vec<Frame>,
    /// The line of the handler at hand.
    pub(super) line: Option<Line>,
    pub(super) router: Option<usize>,
    pub(super) steps: Vec<Step>,
    pub(super) unknown: Vec<NotUnderstood>,
    /// What makes the response unknown, though not the request.
    pub(super) response_doubts: Vec<NotUnderstood>,
}

/// A request as it was received.
#[derive(Clone, Debug)]
pub(super) struct Original {
    pub(super) method: String,
    pub(super) url: Url,
    pub(super) request_uri: Vec<u8>,
}

/// A place in a list of routes.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    pub(super) routes: Routes,
    pub(super) route: usize,
    /// The next handler of the route.
    pub(super) handler: usize,
    /// True if the route has been taken.
    pub(super) inside: bool,
    /// True if no route comes after this one.
    pub(super) last: bool,
}

impl Frame {
    /// Before the first route.
    pub(super) fn new(routes: Routes) -> Self {
        Self { routes, route: 0, handler: 0, inside: false, last: false }
    }

    /// Goes on to the next route.
    pub(super) fn leave(&mut self) {
        self.route = if self.last { usize::MAX } else { self.route + 1 };
        (self.handler, self.inside) = (0, false);
    }
}

impl State {
    /// A request at the first route. Caddy 2.11, `server.go` (`PrepareRequest`, `determineTrustedProxy`).
    pub(super) fn new(request: Request, received: &Received<'_>, server: &Server, unknown: Vec<NotUnderstood>) -> Self {
        let original = Original {
            method: request.method.clone(),
            url: request.url.clone(),
            request_uri: request.request_uri.clone(),
        };
        let peer = received.peer.ip().to_canonical();
        let mut response = Header::default();
        response.set("Server", "Caddy");
        let mut state = Self {
            cleaned: (Vec::new(), b".".to_vec()),
            named: (Vec::new(), Vec::new()),
            body_sent: false,
            body_bytes: received.body.map(<[u8]>::len),
            peer: SocketAddr::new(peer, received.peer.port()),
            local: received.local,
            tls: received.tls.map(|tls| tls.name.unwrap_or_default().to_owned()),
            trusted: false,
            vars: BTreeMap::new(),
            set: BTreeMap::new(),
            maps: Vec::new(),
            groups: HashSet::new(),
            response,
            deferred: Vec::new(),
            failure: None,
            pending: None,
            copied: None,
            stack: Vec::new(),
            line: None,
            router: None,
            steps: Vec::new(),
            unknown,
            response_doubts: Vec::new(),
            original: Arc::new(original),
            request,
        };
        let ranges = server.options.trusted.as_deref().unwrap_or_default();
        state.trusted = is_in(peer, ranges);
        let client = if state.trusted { state.client(peer, ranges, server) } else { peer };
        state.vars.insert(b"client_ip".to_vec(), client.to_string().into_bytes());
        state
    }

    /// The client behind trusted proxies: the first address of the list, or with `trusted_proxies_strict` the last that is
    /// not trusted itself.
    fn client(&self, peer: IpAddr, trusted: &[IpNet], server: &Server) -> IpAddr {
        let options = &server.options;
        let default = [Arc::from("X-Forwarded-For")];
        let fields = if options.client_ip_headers.is_empty() { &default[..] } else { &options.client_ip_headers };
        let list = |field: &Arc<str>| self.request.header.values(field).join(&b","[..]);
        if options.strict {
            let from_right = fields.iter().find_map(|field| {
                let list = list(field);
                let mut addresses = list.rsplit(|&byte| byte == b',').filter_map(address);
                addresses.find(|address| !is_in(*address, trusted))
            });
            return from_right.unwrap_or(peer);
        }
        let all = fields.iter().flat_map(|field| self.request.header.values(field)).cloned().collect::<Vec<_>>();
        all.join(&b","[..]).split(|&byte| byte == b',').find_map(address).unwrap_or(peer)
    }

    /// Sets a placeholder.
    pub(super) fn set(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.set.insert(name.to_owned(), value.as_ref().to_vec());
    }

    /// Notes what is not known.
    pub(super) fn doubt(&mut self, doubt: NotUnderstood) {
        if !self.unknown.contains(&doubt) {
            self.unknown.push(doubt);
        }
    }
}

/// An address of a list, with a port or without.
fn address(part: &[u8]) -> Option<IpAddr> {
    let host = go::split_host_port(part).map_or(part, |(host, _)| host);
    let text = std::str::from_utf8(host).ok()?.trim();
    text.split('%').next()?.parse().ok()
}

/// True if a range holds the address. An IPv4 address in IPv6 clothes is in no range of IPv4, as with Go's `netip`.
pub(super) fn is_in(address: IpAddr, ranges: &[IpNet]) -> bool {
    ranges.iter().any(|range| range.contains(&address))
}
