//! daphne: which releases are modelled, and the way of a request through one.
//!
//! Read in daphne 4.2.3 (`http_protocol.py`, `ws_protocol.py`, `utils.py`), Twisted 26.10 and autobahn 26.10, compared
//! with the releases down to daphne 3.0, and checked against the running server.
//!
//! ```text
//! bytes → Twisted refuses, or gives method, target, headers and, once it is whole, the body
//!       → daphne checks values and target → forwarding headers → plain request: scope
//!                                                              → websocket: written anew for autobahn, which checks
//!                                                                the handshake and splits the target → scope
//! ```

mod autobahn;
mod body;
mod channel;
mod form;
mod proxy_headers;

use std::net::IpAddr;

use super::option::switch;
use super::{Ends, HeaderUse, Local, Model, Modelled, OwnOption, Server};
use crate::asgi::percent::unquote;
use crate::asgi::{AsgiVersions, Outcome, Release, Scope, ScopeType};
use crate::forwarded::{Verdict, python};
use channel::Message;

/// The newest release that is modelled; a newer one is taken to be like it.
pub(super) const NEWEST: Release = Release::new(4, 2, 3);

/// The oldest release that is modelled. Nothing but the two rules below has changed since.
pub(super) const OLDEST: Release = Release::new(3, 0, 0);

/// What is modelled.
const MODELLED: Modelled = Modelled { name: "daphne", oldest: OLDEST, newest: NEWEST };

/// From here on a websocket's scope has a `root_path`.
const WEBSOCKET_ROOT_PATH: Release = Release::new(4, 1, 0);

/// From here on header values must not have bytes at which Python's `splitlines` would split them (CVE-2026-44546).
const STRICT_VALUES: Release = Release::new(4, 2, 2);

/// Those bytes.
const LINE_ENDS: &[u8] = b"\x0b\x0c\x1c\x1d\x1e\x85";

/// The header that sets `root_path`, whoever sends it.
const ROOT_PATH: &[u8] = b"daphne-root-path";

/// Its own options.
pub(super) const OPTIONS: &[OwnOption] = &[
    OwnOption { name: "root-path", value: "PATH", about: "root_path and nothing else; empty", in_code: false },
    OwnOption { name: "proxy-headers", value: "", about: "read forwarding headers, of anyone; off", in_code: false },
    OwnOption {
        name: "proxy-headers-host",
        value: "NAME",
        about: "the header with the client's address; X-Forwarded-For",
        in_code: false,
    },
    OwnOption {
        name: "proxy-headers-port",
        value: "NAME",
        about: "the header with the client's port; X-Forwarded-Port",
        in_code: false,
    },
];

/// What only daphne can be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `--proxy-headers`
    pub proxy_headers: bool,
    /// `--proxy-headers-host`; empty for `X-Forwarded-For`.
    pub host: String,
    /// `--proxy-headers-port`; empty for `X-Forwarded-Port`.
    pub port: String,
}

impl Model for Options {
    fn receive(&self, server: &Server, request: &[u8], ends: &Ends) -> Outcome {
        let twisted = server.libraries.get("twisted").unwrap_or(channel::NEWEST);
        if let Some(why) = MODELLED.too_old(server.version) {
            return Outcome::Unknown { why };
        }
        if let Some(why) = channel::MODELLED.too_old(twisted) {
            return Outcome::Unknown { why };
        }
        channel::read(request, twisted)
            .and_then(|message| form::check(&message).map(|()| message))
            .and_then(|message| self.process(server, &message, ends))
            .map_or_else(|end| end, |scope| Outcome::Scope(Box::new(scope)))
    }

    fn trust(&self, _: &Server, _: Option<IpAddr>) -> Verdict {
        proxy_headers::verdict(self)
    }

    fn reads_forwarded(&self) -> bool {
        self.proxy_headers
    }

    fn reading(&self, _: &Server, name: &str, lines: &[&[u8]], _: bool) -> HeaderUse {
        proxy_headers::reading(self, name, lines)
    }

    fn read_with(&self, _: &Server, name: &str) -> Option<String> {
        proxy_headers::read_with(self, name)
    }

    fn note(&self, version: Release) -> Option<String> {
        MODELLED.note(version)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), &'static str> {
        match name {
            "proxy-headers" => self.proxy_headers = switch(value)?,
            "proxy-headers-host" => value.clone_into(&mut self.host),
            _ => value.clone_into(&mut self.port),
        }
        Ok(())
    }
}

impl Options {
    /// The header with the address, in lower case.
    fn host_header(&self) -> String {
        if self.host.is_empty() { "x-forwarded-for".to_owned() } else { self.host.to_lowercase() }
    }

    /// The header with the port, in lower case.
    fn port_header(&self) -> String {
        if self.port.is_empty() { "x-forwarded-port".to_owned() } else { self.port.to_lowercase() }
    }

    /// `WebRequest.process`
    fn process(&self, server: &Server, message: &Message, ends: &Ends) -> Result<Scope, Outcome> {
        let odd = |value: &Vec<u8>| value.iter().any(|b| LINE_ENDS.contains(b));
        if server.version >= STRICT_VALUES && message.headers.iter().any(|(_, values)| values.iter().any(odd)) {
            return Err(refused(400, "a header value has a byte that Python takes for a line end"));
        }
        let forwarded = proxy_headers::read(self, |name| message.headers.first(name.as_bytes()))?;
        if !message.target.is_ascii() {
            return Err(refused(400, "the target is not ASCII"));
        }
        let websocket = message.headers.first(b"upgrade").is_some_and(|value| value.eq_ignore_ascii_case(b"websocket"));
        let mut scope = if websocket { self.websocket(server, message, ends)? } else { plain(server, message, ends)? };
        if let Some(forwarded) = forwarded.filter(|_| !websocket) {
            scope.client = Some(forwarded.client);
            scope.scheme = forwarded.scheme.or(scope.scheme);
        }
        Ok(scope)
    }

    /// `WebSocketProtocol.onConnect`: the headers are autobahn's, the query is the target's own.
    fn websocket(&self, server: &Server, message: &Message, ends: &Ends) -> Result<Scope, Outcome> {
        let handshake = autobahn::shake_hands(message)?;
        let mut scope = scope(server, message, ends);
        let mut subprotocols = None;
        for (name, value) in &handshake.headers {
            let name = name.to_ascii_lowercase().into_bytes();
            if !name.is_ascii() {
                return Err(failed("a header name is not ASCII"));
            }
            if name.contains(&b'_') {
                continue;
            }
            if name == ROOT_PATH && server.version >= WEBSOCKET_ROOT_PATH {
                scope.root_path = unquote_text(value);
                continue;
            }
            if name == b"sec-websocket-protocol" {
                subprotocols = Some(value.as_str());
            }
            scope.headers.push((name, as_latin1(value)));
        }
        if let Some(forwarded) = proxy_headers::read(self, |name| scope.header(name))? {
            scope.client = Some(forwarded.client);
        }
        if subprotocols.is_some_and(|value| !value.is_ascii()) {
            return Err(failed("Sec-WebSocket-Protocol is not ASCII"));
        }
        let listed = subprotocols.map(|value| unquote(value.as_bytes()));
        scope.subprotocols =
            listed.iter().flat_map(|listed| listed.split(',')).map(|item| python::strip(item).to_owned()).collect();
        scope.path = unquote(handshake.path.as_bytes());
        scope.raw_path = handshake.path.into_bytes();
        if server.version < WEBSOCKET_ROOT_PATH {
            scope.root_path = String::new();
        }
        Ok(Scope { kind: ScopeType::WebSocket, http_version: None, method: None, scheme: None, ..scope })
    }
}

/// The scope of a plain request: lines of one name stand together, names with `_` are dropped.
fn plain(server: &Server, message: &Message, ends: &Ends) -> Result<Scope, Outcome> {
    let mut scope = scope(server, message, ends);
    for (name, values) in message.headers.iter().filter(|(name, _)| !name.contains(&b'_')) {
        if name == ROOT_PATH {
            if !values.iter().all(|value| value.is_ascii()) {
                return Err(failed("Daphne-Root-Path is not ASCII"));
            }
            scope.root_path = values.last().map(|value| unquote(value)).unwrap_or_default();
            continue;
        }
        scope.headers.extend(values.iter().map(|value| (name.to_vec(), value.clone())));
    }
    Ok(scope)
}

/// What both kinds have in common, without headers.
fn scope(server: &Server, message: &Message, ends: &Ends) -> Scope {
    let mut parts = message.target.splitn(2, |&b| b == b'?');
    let raw_path = parts.next().unwrap_or_default().to_vec();
    Scope {
        kind: ScopeType::Http,
        asgi: AsgiVersions { version: "3.0", spec: None },
        http_version: Some(message.version.to_owned()),
        method: Some(String::from_utf8_lossy(&message.method).into_owned()),
        scheme: Some("http".to_owned()),
        path: unquote(&raw_path),
        raw_path,
        query_string: parts.next().unwrap_or_default().to_vec(),
        root_path: server.root_path.clone(),
        headers: Vec::new(),
        client: ends.client(),
        server: matches!(ends.local, Local::Socket(_)).then(|| ends.server()),
        subprotocols: Vec::new(),
        extensions: &[],
    }
}

/// `unquote` of a text: what is not ASCII stays, and parts what is decoded.
fn unquote_text(text: &str) -> String {
    let mut decoded = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let ascii = rest.find(|c: char| !c.is_ascii()).unwrap_or(rest.len());
        let (run, behind) = rest.split_at_checked(ascii).unwrap_or((rest, ""));
        let (kept, behind) = behind
            .split_at_checked(behind.find(|c: char| c.is_ascii()).unwrap_or(behind.len()))
            .unwrap_or((behind, ""));
        decoded.push_str(&unquote(run.as_bytes()));
        decoded.push_str(kept);
        rest = behind;
    }
    decoded
}

/// Text that came from Latin-1 as bytes again.
fn as_latin1(text: &str) -> Vec<u8> {
    text.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

fn refused(status: u16, why: &str) -> Outcome {
    Outcome::Refused { status, why: format!("daphne: {why}") }
}

/// The 500 that daphne sends where its own code raises.
fn failed(why: &str) -> Outcome {
    refused(500, why)
}

#[cfg(test)]
mod tests;
