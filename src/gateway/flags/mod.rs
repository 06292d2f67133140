//! The stand-in as the flags describe it: routes by path prefix, and the headers that it sends.
//!
//! It sees itself as the edge: nothing a client says in a forwarding header is believed. All `X-Forwarded-*`, `Forwarded`
//! and `X-Real-IP` lines of the client are dropped and its own are written, as Traefik does for clients outside
//! `forwardedHeaders.trustedIPs`. `X-Forwarded-Proto` is `http` or `https` for websockets too, as nginx and Caddy send it
//! (Traefik alone sends `ws` and `wss`).

mod route;

pub use route::{PathRule, Route, has_prefix, parse_prefix, parse_route};

use std::borrow::Cow;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use super::{
    Action, Back, CannotAmend, Change, Destination, Forward, Gateway, Model, Onward, Plan, Proxy, Purpose, Received,
    Reply, Returned, Router, Step, StepKind, World, hop_by_hop,
};
use crate::exchange::{Field, RequestHead, ResponseHead, Target, TargetForm};
use crate::redirect::{default_port, split_port};

/// The routes, longest prefix first, and the scheme that clients used.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Flags {
    routes: Vec<Route>,
    public_scheme: Option<String>,
}

impl Gateway {
    /// The stand-in with these routes. `public_scheme` is what `X-Forwarded-Proto` says (from `--public-url`); `http` if
    /// not given.
    pub fn of_routes(mut routes: Vec<Route>, public_scheme: Option<String>) -> Self {
        routes.sort_by_key(|route| std::cmp::Reverse(route.prefix.len()));
        let alone = routes.len() == 1;
        let routers = routes.iter().map(|route| router(route, alone)).collect();
        let flags = Flags { routes, public_scheme };
        Self { routers, ..Self::new(Proxy::Flags, None, Arc::new(flags)) }
    }
}

/// A route as the lists of routes show it, in the words of the command line.
fn router(route: &Route, alone: bool) -> Router {
    let told = if route.forward_prefix { " --forward-prefix" } else { "" };
    let rule = match (alone, route.prefix.as_str(), &route.path) {
        (true, "", PathRule::Keep) => format!("--to {}", route.upstream),
        (true, prefix, PathRule::Keep) => format!("--prefix {prefix} --keep{told}"),
        (true, prefix, PathRule::Strip) if !prefix.is_empty() => format!("--prefix {prefix} --strip{told}"),
        _ => format!("--route {route}"),
    };
    Router {
        name: if route.prefix.is_empty() { "/".to_owned() } else { route.prefix.clone() },
        rule,
        place: None,
        priority: None,
        prefix: Some(route.prefix.clone()),
        path: match &route.path {
            PathRule::Keep => "keep".to_owned(),
            PathRule::Strip => format!("strip {}", route.prefix),
            PathRule::Add(text) => format!("add {text}"),
        },
        upstreams: vec![Destination::Http(route.upstream.clone())],
    }
}

impl Flags {
    /// The stand-in with a change in its flags.
    fn changed(mut self, change: &Change) -> Result<Self, CannotAmend> {
        let cannot = || CannotAmend(format!("hopscope has no flag for that: {change}"));
        match change {
            Change::Path { prefix, to } if to.is_empty() || to == prefix => {
                let route = self.routes.iter_mut().find(|route| route.prefix == *prefix).ok_or_else(cannot)?;
                route.path = if to.is_empty() { PathRule::Strip } else { PathRule::Keep };
            }
            Change::SendPrefix(prefix) => {
                let route = self.routes.iter_mut().find(|route| route.prefix == *prefix).ok_or_else(cannot)?;
                route.forward_prefix = true;
            }
            Change::Take(path) => {
                let like = self.routes.first().ok_or_else(cannot)?;
                let prefix = parse_prefix(path).map_err(CannotAmend)?;
                let route =
                    Route { prefix, path: PathRule::Keep, upstream: like.upstream.clone(), forward_prefix: false };
                self.routes.push(route);
            }
            _ => return Err(cannot()),
        }
        Ok(self)
    }
}

impl Model for Flags {
    fn with(&self, changes: &[Change]) -> Option<Result<Gateway, CannotAmend>> {
        let changed = changes.iter().try_fold(self.clone(), Self::changed);
        Some(changed.map(|flags| Gateway::of_routes(flags.routes, flags.public_scheme)))
    }

    fn plan(&self, request: &Received<'_>, _: &dyn World) -> Plan {
        let answer = |status| Plan {
            router: None,
            steps: Vec::new(),
            action: Action::Answer(Reply::status(status)),
            unknown: Vec::new(),
        };
        let Ok(head) = RequestHead::from_wire(request.head) else { return answer(400) };
        let Some((index, route)) = self.route_for(Target::new(head.target())) else { return answer(404) };
        let rule = router(route, self.routes.len() == 1).rule;
        let target = send_target(route, Target::new(head.target()));
        let step = Step::own(StepKind::Path, rule).path(&*target);
        let head = self.write(route, &head, request.peer, request.local);
        let to = Destination::Http(route.upstream.clone());
        let forward = Forward { purpose: Purpose::Request, to, head, back: Arc::new(AsItComes) };
        Plan { router: Some(index), steps: vec![step], action: Action::Forward(forward), unknown: Vec::new() }
    }
}

/// Passes every response on.
#[derive(Debug)]
struct AsItComes;

impl Back for AsItComes {
    fn respond(&self, response: &ResponseHead, _: &dyn World) -> Returned {
        Returned { steps: Vec::new(), onward: Onward::Deliver(response.clone()), unknown: Vec::new() }
    }
}

impl Flags {
    /// The route that takes a target: index and route. The path is compared as written, nothing decoded.
    fn route_for(&self, target: Target<'_>) -> Option<(usize, &Route)> {
        let path = match (target.form(), target.path()) {
            (TargetForm::Other, _) => return None,
            // RFC 9110 section 4.2.3: an empty path is the path `/`.
            (_, b"") => b"/",
            (_, path) => path,
        };
        self.routes.iter().enumerate().find(|(_, route)| route.takes(path))
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
