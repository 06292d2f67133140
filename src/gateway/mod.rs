//! MODEL: a reverse proxy. The request as the client sent it → the request as sent on, and the reason for each step.
//!
//! This room exists so that the stand-in that serves live traffic, the lanes on the screen and `explain` without traffic
//! give one answer: all three ask here.
//!
//! The stand-in sees itself as the edge: nothing a client says in a forwarding header is believed. All `X-Forwarded-*`,
//! `Forwarded` and `X-Real-IP` lines of the client are dropped and its own are written, as Traefik does for clients
//! outside `forwardedHeaders.trustedIPs`. `X-Forwarded-Proto` is `http` or `https` for websockets too, as nginx and Caddy
//! send it (Traefik alone sends `ws` and `wss`).

pub mod hop_by_hop;
mod route;
mod upstream;

pub use route::{PathRule, Route, has_prefix, parse_prefix, parse_route};
pub use upstream::Upstream;

use std::borrow::Cow;
use std::io::Write as _;
use std::net::SocketAddr;

use crate::exchange::{Field, RequestHead, Target, TargetForm};
use crate::redirect::{default_port, split_port};

/// The stand-in: routes, longest prefix first, and the headers it sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    routes: Vec<Route>,
    public_scheme: Option<String>,
}

/// What the gateway does with one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// It sends this on.
    Forward {
        /// Which route took it (index into [`Gateway::routes`]).
        route: usize,
        /// Where to.
        upstream: Upstream,
        /// The head as sent on, hop-by-hop fields already handled.
        head: RequestHead,
    },
    /// No route takes it: the stand-in answers 404.
    NoRoute,
}

impl Gateway {
    /// A gateway with these routes. `public_scheme` is what `X-Forwarded-Proto` says (from `--public-url`); `http` if
    /// not given.
    pub fn new(mut routes: Vec<Route>, public_scheme: Option<String>) -> Self {
        routes.sort_by_key(|route| std::cmp::Reverse(route.prefix.len()));
        Self { routes, public_scheme }
    }

    /// The routes, longest prefix first.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The route that takes a target: index into [`Gateway::routes`], and the route. The path is compared as written,
    /// nothing decoded.
    pub fn route_for(&self, target: Target<'_>) -> Option<(usize, &Route)> {
        let path = match (target.form(), target.path()) {
            (TargetForm::Other, _) => return None,
            // RFC 9110 section 4.2.3: an empty path is the path `/`.
            (_, b"") => b"/",
            (_, path) => path,
        };
        self.routes.iter().enumerate().find(|(_, route)| route.takes(path))
    }

    /// What happens to a request from `peer` on the listener `local`.
    pub fn plan(&self, head: &RequestHead, peer: SocketAddr, local: SocketAddr) -> Plan {
        let Some((index, route)) = self.route_for(Target::new(head.target())) else { return Plan::NoRoute };
        match RequestHead::from_judged(self.write(route, head, peer, local)) {
            Ok(head) => Plan::Forward { route: index, upstream: route.upstream.clone(), head },
            // What was read as a head is one again: request line and lines are copied or written here.
            Err(_) => Plan::NoRoute,
        }
    }

    /// The head that is sent on.
    fn write(&self, route: &Route, head: &RequestHead, peer: SocketAddr, local: SocketAddr) -> Vec<u8> {
        let target = Target::new(head.target());
        // RFC 9112 section 3.2.2: the host of an absolute target goes before the Host field.
        let authority = target.authority();
        let host = authority.or_else(|| head.get("host"));
        let scheme = self.public_scheme.as_deref().unwrap_or("http");

        let mut out = Vec::with_capacity(head.as_bytes().len() + 256);
        let drop = |field: &Field<'_>| is_forwarding(field.name) || (authority.is_some() && field.is("host"));
        hop_by_hop::write_request_fields(&mut out, head, &send_target(route, target), drop);
        if let Some(authority) = authority {
            hop_by_hop::write_field(&mut out, b"Host", authority);
        }
        // Writing into a Vec cannot fail.
        let _ = write!(out, "X-Forwarded-For: {}\r\nX-Forwarded-Proto: {scheme}\r\n", peer.ip().to_canonical());
        let port = match host {
            Some(host) => {
                hop_by_hop::write_field(&mut out, b"X-Forwarded-Host", host);
                split_port(host).1.or_else(|| default_port(scheme)).unwrap_or_else(|| local.port())
            }
            None => local.port(),
        };
        let _ = write!(out, "X-Forwarded-Port: {port}\r\n");
        if route.forward_prefix && !route.prefix.is_empty() {
            hop_by_hop::write_field(&mut out, b"X-Forwarded-Prefix", route.prefix.as_bytes());
        }
        out.extend_from_slice(b"\r\n");
        out
    }
}

/// True for a field in which a client could lie about where a request comes from.
fn is_forwarding(name: &[u8]) -> bool {
    const FAMILY: &[u8] = b"x-forwarded-";
    name.get(..FAMILY.len()).is_some_and(|start| start.eq_ignore_ascii_case(FAMILY))
        || name.eq_ignore_ascii_case(b"forwarded")
        || name.eq_ignore_ascii_case(b"x-real-ip")
}

/// The target that is sent on: the path by the route's rule, its bytes otherwise as they came, and the query.
fn send_target<'a>(route: &Route, target: Target<'a>) -> Cow<'a, [u8]> {
    let path = target.path();
    if target.form() == TargetForm::Asterisk || (route.path == PathRule::Keep && target.form() == TargetForm::Origin) {
        return Cow::Borrowed(target.raw());
    }
    let mut out = Vec::with_capacity(target.raw().len() + 16);
    match &route.path {
        PathRule::Keep => out.extend_from_slice(path),
        PathRule::Strip => out.extend_from_slice(path.strip_prefix(route.prefix.as_bytes()).unwrap_or(path)),
        PathRule::Add(text) => {
            out.extend_from_slice(text.as_bytes());
            out.extend_from_slice(path);
        }
    }
    if out.is_empty() {
        out.push(b'/');
    }
    if let Some(query) = target.query() {
        out.push(b'?');
        out.extend_from_slice(query);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests;
