//! uvicorn: which releases are modelled, and the way of a request through one.
//!
//! Read in uvicorn 0.54.0 and checked against recordings of it: `protocols/http/{h11,httptools}_impl.py`,
//! `protocols/websockets/websockets_sansio_impl.py`, `middleware/proxy_headers.py`.
//!
//! ```text
//! head → parser (h11 or httptools) refuses, or splits the target → websocket handshake, or plain request
//!      → root_path put before path and raw_path → X-Forwarded-Proto and -For, if the peer is trusted → scope
//! ```

mod h11;
mod httptools;
mod proxy_headers;
mod request;
mod websocket;

use super::{Ends, HttpParser, Server, ServerVersion};
use crate::asgi::percent::unquote;
use crate::asgi::{Address, Outcome, Scope, ScopeType};
use crate::exchange::RequestHead;

pub(super) use proxy_headers::reading;
use request::{Request, Target};

/// The newest release that is modelled; a newer one is taken to be like it.
pub(super) const NEWEST: ServerVersion = ServerVersion::new(0, 54, 0);

/// The oldest release that behaves as [`NEWEST`] does, the default trust list aside.
const OLDEST: ServerVersion = ServerVersion::new(0, 50, 0);

/// `--forwarded-allow-ips` when neither it nor the environment says anything.
pub(super) fn default_trust(version: ServerVersion) -> &'static str {
    if version < ServerVersion::new(0, 53, 0) { "127.0.0.1" } else { "127.0.0.1,::1" }
}

/// What to say about a release that is not modelled exactly.
pub(super) fn note(version: ServerVersion) -> Option<String> {
    if version < OLDEST {
        Some(format!("uvicorn {version} is not modelled; known: {OLDEST} to {NEWEST}"))
    } else if version > NEWEST {
        Some(format!("uvicorn {version} is newer than what is known; taken to be like {NEWEST}"))
    } else {
        None
    }
}

/// What uvicorn makes of a request.
pub(super) fn receive(server: &Server, head: &RequestHead, ends: &Ends) -> Outcome {
    if server.version < OLDEST {
        return Outcome::Unknown { why: note(server.version).unwrap_or_default() };
    }
    let read = match server.http {
        HttpParser::H11 => h11::read(head, &server.root_path),
        HttpParser::Httptools => httptools::read(head, &server.root_path),
    };
    read.and_then(|request| scope(server, &request, ends))
        .map_or_else(|end| end, |scope| Outcome::Scope(Box::new(scope)))
}

/// The scope, before and after the proxy headers.
fn scope(server: &Server, request: &Request, ends: &Ends) -> Result<Scope, Outcome> {
    let subprotocols = if request.websocket { websocket::shake_hands(request, &server.root_path)? } else { Vec::new() };
    let Target { path, query } = &request.target;
    let kind = if request.websocket { ScopeType::WebSocket } else { ScopeType::Http };
    let mut scope = Scope {
        kind,
        http_version: if request.websocket { "1.1" } else { request.version.number() }.to_owned(),
        scheme: if request.websocket { "ws" } else { "http" }.to_owned(),
        path: format!("{}{}", server.root_path, unquote(path)),
        raw_path: [server.root_path.as_bytes(), path].concat(),
        query_string: query.clone(),
        root_path: server.root_path.clone(),
        client: ends.peer.map(|peer| Address { host: peer.ip().to_string(), port: Some(i64::from(peer.port())) }),
        server: Some(ends.local.clone()),
        subprotocols,
    };
    if server.proxy_headers {
        proxy_headers::apply(&mut scope, request, server, ends.peer.map(|peer| peer.ip()));
    }
    Ok(scope)
}

#[cfg(test)]
mod tests;
