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

use std::net::IpAddr;

use super::option::switch;
use super::{Ends, HeaderUse, Model, OwnOption, Server};
use crate::asgi::percent::unquote;
use crate::asgi::{AsgiVersions, Outcome, Release, Scope, ScopeType};
use crate::exchange::RequestHead;
use crate::forwarded::{TrustList, Verdict};
use request::{Request, Target};

/// The newest release that is modelled; a newer one is taken to be like it.
pub(super) const NEWEST: Release = Release::new(0, 54, 0);

/// The oldest release that behaves as [`NEWEST`] does, the default trust list aside.
const OLDEST: Release = Release::new(0, 50, 0);

/// Its own options.
pub(super) const OPTIONS: &[OwnOption] = &[
    OwnOption {
        name: "root-path",
        value: "PATH",
        about: "put before path and raw_path since 0.26; empty",
        in_code: false,
    },
    OwnOption { name: "proxy-headers", value: "", about: "read forwarding headers; on", in_code: false },
    OwnOption {
        name: "forwarded-allow-ips",
        value: "LIST",
        about: "who is believed; FORWARDED_ALLOW_IPS, else 127.0.0.1 (and ::1 since 0.53)",
        in_code: false,
    },
    OwnOption { name: "http", value: "auto|h11|httptools", about: "the HTTP parser; auto", in_code: false },
    OwnOption {
        name: "ws",
        value: "auto|none|websockets|websockets-sansio|wsproto",
        about: "the websocket library; auto",
        in_code: false,
    },
];

/// What only uvicorn can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// `--proxy-headers` / `--no-proxy-headers`.
    pub proxy_headers: bool,
    /// `--forwarded-allow-ips`, read as this release reads it.
    pub trust: TrustList,
    /// `--http`
    pub http: HttpParser,
    /// `--ws`
    pub ws: WebSockets,
}

/// uvicorn's two HTTP/1 parsers differ on odd requests (absolute form, fragments, missing Host).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpParser {
    /// httptools: what `uvicorn[standard]` and `fastapi[standard]` install.
    Httptools,
    /// h11: what a bare `uvicorn` uses.
    H11,
}

/// Who shakes hands for websockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebSockets {
    /// What the release takes when not told.
    Auto,
    /// Nobody: the handshake is a plain request.
    None,
    /// websockets, its older interface.
    Websockets,
    /// websockets, its newer interface.
    WebsocketsSansIo,
    /// wsproto
    Wsproto,
}

impl Options {
    /// The options of a release that was told nothing.
    pub fn of(version: Release) -> Self {
        let trust = if version < Release::new(0, 53, 0) { "127.0.0.1" } else { "127.0.0.1,::1" };
        Self { proxy_headers: true, trust: TrustList::parse(trust), http: HttpParser::Httptools, ws: WebSockets::Auto }
    }
}

impl Model for Options {
    fn receive(&self, server: &Server, request: &[u8], ends: &Ends) -> Outcome {
        if server.version < OLDEST {
            return Outcome::Unknown { why: note(server.version).unwrap_or_default() };
        }
        let Ok(head) = RequestHead::from_wire(request.to_vec()) else {
            return Outcome::Unknown { why: "not modelled yet".to_owned() };
        };
        let read = match self.http {
            HttpParser::H11 => h11::read(&head, &server.root_path),
            HttpParser::Httptools => httptools::read(&head, &server.root_path),
        };
        read.and_then(|request| scope(self, server, &request, ends))
            .map_or_else(|end| end, |scope| Outcome::Scope(Box::new(scope)))
    }

    fn trust(&self, _: &Server, peer: Option<IpAddr>) -> Verdict {
        if !self.proxy_headers {
            return Verdict { trusted: false, why: "--no-proxy-headers: nobody is believed".to_owned() };
        }
        match peer {
            Some(peer) => self.trust.verdict(peer),
            None => Verdict {
                trusted: self.trust.trusts_everyone(),
                why: format!(
                    "a unix socket's peer has no address, and is believed only with \"*\", not {:?}",
                    self.trust.text()
                ),
            },
        }
    }

    fn reads_forwarded(&self) -> bool {
        self.proxy_headers
    }

    fn reading(&self, server: &Server, name: &str, lines: &[&[u8]], trusted: bool) -> HeaderUse {
        proxy_headers::reading(self, server.version, name, lines, trusted)
    }

    fn note(&self, version: Release) -> Option<String> {
        note(version)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match (name, value) {
            ("proxy-headers", _) => self.proxy_headers = switch(value)?,
            ("forwarded-allow-ips", _) => self.trust = TrustList::parse(value),
            ("http", "auto" | "httptools") => self.http = HttpParser::Httptools,
            ("http", "h11") => self.http = HttpParser::H11,
            ("http", _) => return Err("say auto, h11 or httptools"),
            ("ws", "auto") => self.ws = WebSockets::Auto,
            ("ws", "none") => self.ws = WebSockets::None,
            ("ws", "websockets") => self.ws = WebSockets::Websockets,
            ("ws", "websockets-sansio") => self.ws = WebSockets::WebsocketsSansIo,
            ("ws", "wsproto") => self.ws = WebSockets::Wsproto,
            _ => return Err("say auto, none, websockets, websockets-sansio or wsproto"),
        }
        Ok(())
    }
}

/// What to say about a release that is not modelled exactly.
fn note(version: Release) -> Option<String> {
    if version < OLDEST {
        Some(format!("uvicorn {version} is not modelled; known: {OLDEST} to {NEWEST}"))
    } else if version > NEWEST {
        Some(format!("uvicorn {version} is newer than what is known; taken to be like {NEWEST}"))
    } else {
        None
    }
}

/// The scope, before and after the proxy headers.
fn scope(options: &Options, server: &Server, request: &Request, ends: &Ends) -> Result<Scope, Outcome> {
    let subprotocols = if request.websocket { websocket::shake_hands(request, &server.root_path)? } else { Vec::new() };
    let Target { path, query } = &request.target;
    let kind = if request.websocket { ScopeType::WebSocket } else { ScopeType::Http };
    let mut scope = Scope {
        kind,
        asgi: AsgiVersions { version: "3.0", spec: Some("2.3") },
        http_version: Some(if request.websocket { "1.1" } else { request.version.number() }.to_owned()),
        method: (!request.websocket).then(|| String::from_utf8_lossy(&request.method).into_owned()),
        scheme: Some(if request.websocket { "ws" } else { "http" }.to_owned()),
        path: format!("{}{}", server.root_path, unquote(path)),
        raw_path: [server.root_path.as_bytes(), path].concat(),
        query_string: query.clone(),
        root_path: server.root_path.clone(),
        headers: request.lines.iter().map(|line| (line.name.clone(), line.value.clone())).collect(),
        client: ends.client(),
        server: Some(ends.server()),
        subprotocols,
        extensions: if request.websocket { &["websocket.http.response"] } else { &[] },
    };
    if options.trust(server, ends.peer.map(|peer| peer.ip())).trusted {
        proxy_headers::apply(&mut scope, request, &options.trust);
    }
    Ok(scope)
}

#[cfg(test)]
mod tests;
