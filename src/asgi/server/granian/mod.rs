//! granian: which releases are modelled, and the way of a request through one.
//!
//! Read in granian 2.8 (`src/asgi/{http,utils}.rs`, `src/ws.rs`, `src/utils.rs`, `granian/asgi.py`,
//! `granian/utils/proxies.py`), compared with the releases down to 2.1, and checked against the running servers.
//!
//! ```text
//! bytes → HTTP/2 preface? → hyper refuses, or gives method, URI and headers → websocket handshake, or plain request
//!       → scope; root_path from --url-path-prefix, nothing put before the path
//!       → if the app is wrapped: X-Forwarded-For, and -Proto with it, if the peer is trusted
//! ```

mod forwarders;
mod http1;
mod websocket;

use std::net::IpAddr;

use super::ends::Local;
use super::option::switch;
use super::{Ends, HeaderUse, Model, Modelled, OwnOption, Server};
use crate::asgi::percent::unquote;
use crate::asgi::{Address, AsgiVersions, Outcome, Port, Release, Scope, ScopeType};
use crate::forwarded::{TrustList, Verdict};
use http1::Request;

/// The newest release that is modelled; a newer one is taken to be like it.
pub(super) const NEWEST: Release = Release::new(2, 8, 7);

/// The oldest release that is modelled; 2.0 took no bytes beyond ASCII in a target.
pub(super) const OLDEST: Release = Release::new(2, 1, 0);

/// What is modelled.
const MODELLED: Modelled = Modelled { name: "granian", oldest: OLDEST, newest: NEWEST };

/// From here on `raw_path` is the path as it was sent; before, it was decoded too.
const RAW_PATH: Release = Release::new(2, 2, 1);

/// From here on an app may answer a handshake itself.
const DENIAL_RESPONSE: Release = Release::new(2, 7, 0);

/// Its own options.
pub(super) const OPTIONS: &[OwnOption] = &[
    OwnOption { name: "url-path-prefix", value: "PATH", about: "root_path and nothing else; empty", in_code: false },
    OwnOption {
        name: "host",
        value: "ADDRESS",
        about: "the address it listens on, which the scope names as the server; the connection's own if not said",
        in_code: false,
    },
    OwnOption { name: "http", value: "auto|1|2", about: "the HTTP versions it speaks; auto", in_code: false },
    OwnOption { name: "ws", value: "", about: "handle websockets; on", in_code: false },
    OwnOption {
        name: "wrap-proxy-headers",
        value: "LIST",
        about: "trusted_hosts of wrap_asgi_with_proxy_headers around the app; not wrapped",
        in_code: true,
    },
];

/// What only granian can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// `--host`, where known: the scope names the listener, not the end of the connection.
    pub host: Option<IpAddr>,
    /// `--http`
    pub http: HttpVersions,
    /// `--ws` / `--no-ws`
    pub websockets: bool,
    /// `trusted_hosts` of `wrap_asgi_with_proxy_headers`; `None` if the app is not wrapped.
    pub wrapped: Option<TrustList>,
}

/// The versions of HTTP that a listener speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpVersions {
    /// HTTP/1, or HTTP/2 if the client begins with its preface.
    Auto,
    /// HTTP/1 alone.
    Http1,
    /// HTTP/2 alone.
    Http2,
}

impl Default for Options {
    fn default() -> Self {
        Self { host: None, http: HttpVersions::Auto, websockets: true, wrapped: None }
    }
}

impl Model for Options {
    fn receive(&self, server: &Server, request: &[u8], ends: &Ends) -> Outcome {
        if let Some(why) = MODELLED.too_old(server.version) {
            return Outcome::Unknown { why };
        }
        if let Some(end) = http1::other_version(self.http, request) {
            return end;
        }
        http1::read(request, self.http, server.version)
            .and_then(|request| self.scope(server, &request, ends))
            .map_or_else(|end| end, |scope| Outcome::Scope(Box::new(scope)))
    }

    fn trust(&self, _: &Server, peer: Option<IpAddr>) -> Verdict {
        forwarders::verdict(self.wrapped.as_ref(), peer)
    }

    fn reads_forwarded(&self) -> bool {
        self.wrapped.is_some()
    }

    fn reading(&self, server: &Server, name: &str, lines: &[&[u8]], trusted: bool) -> HeaderUse {
        forwarders::reading(self.wrapped.as_ref(), server.version, name, lines, trusted)
    }

    fn read_with(&self, server: &Server, name: &str) -> Option<String> {
        forwarders::read_with(self.wrapped.as_ref(), server.version, name)
    }

    fn note(&self, version: Release) -> Option<String> {
        MODELLED.note(version)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        // click takes the words of a choice in any case.
        match (name, value.to_ascii_lowercase().as_str()) {
            ("host", _) => self.host = Some(value.parse().map_err(|_| "say an IP address")?),
            ("http", "auto") => self.http = HttpVersions::Auto,
            ("http", "1") => self.http = HttpVersions::Http1,
            ("http", "2") => self.http = HttpVersions::Http2,
            ("http", _) => return Err("say auto, 1 or 2"),
            ("ws", _) => self.websockets = switch(value)?,
            _ => self.wrapped = Some(TrustList::parse(value)),
        }
        Ok(())
    }
}

impl Options {
    /// `build_scope_http` and `build_scope_ws`, then the wrapper around the app.
    fn scope(&self, server: &Server, request: &Request, ends: &Ends) -> Result<Scope, Outcome> {
        let websocket = self.websockets && websocket::is_asked_for(&request.headers);
        if websocket {
            websocket::check(&request.headers)?;
        } else if request.method == "CONNECT" {
            let why = "hyper takes a 2xx answer to CONNECT for the start of a tunnel: the app's body is never sent";
            return Err(Outcome::Closed { why: why.to_owned() });
        }
        let path = request.uri.path();
        let mut scope = Scope {
            kind: if websocket { ScopeType::WebSocket } else { ScopeType::Http },
            asgi: AsgiVersions { version: "3.0", spec: Some("2.3") },
            http_version: Some(request.version.to_owned()),
            method: (!websocket).then(|| request.method.clone()),
            scheme: Some(if websocket { "ws" } else { "http" }.to_owned()),
            path: unquote(path.as_bytes()),
            raw_path: if server.version < RAW_PATH { unquote(path.as_bytes()).into() } else { path.into() },
            query_string: request.uri.query().unwrap_or_default().as_bytes().to_vec(),
            root_path: server.root_path.clone(),
            headers: headers(request),
            client: Some(client(ends)),
            server: Some(self.listener(ends)),
            subprotocols: if websocket {
                websocket::subprotocols(&request.headers, server.version)?
            } else {
                Vec::new()
            },
            extensions: if server.version < DENIAL_RESPONSE {
                &["http.response.pathsend"]
            } else {
                &["http.response.pathsend", "websocket.http.response"]
            },
        };
        if let Some(trust) = &self.wrapped {
            forwarders::apply(&mut scope, trust, ends, server.version);
        }
        Ok(scope)
    }

    /// The address of the listener; the port of the connection is its port too.
    fn listener(&self, ends: &Ends) -> Address {
        match &ends.local {
            Local::Socket(local) => address(self.host.unwrap_or(local.ip()).to_string(), local.port()),
            Local::Unix(path) => address(path.clone(), 0),
        }
    }
}

/// The headers in the order of hyper's map, where lines of one name stand together; `host` first if it was not sent.
fn headers(request: &Request) -> Vec<(Vec<u8>, Vec<u8>)> {
    let authority = request.uri.authority().map_or("", http::uri::Authority::as_str);
    let missing = (!request.headers.contains_key(http::header::HOST)).then(|| (b"host".to_vec(), authority.into()));
    let sent = request.headers.iter().map(|(name, value)| (name.as_str().into(), value.as_bytes().to_vec()));
    missing.into_iter().chain(sent).collect()
}

/// The peer; a unix socket's has no address.
fn client(ends: &Ends) -> Address {
    ends.peer.map_or_else(|| address(String::new(), 0), |peer| address(peer.ip().to_string(), peer.port()))
}

/// A pair with the port as text, as granian writes every port.
fn address(host: String, port: u16) -> Address {
    Address { host: Some(host), port: Some(Port::Text(port.to_string())) }
}

#[cfg(test)]
mod tests;
