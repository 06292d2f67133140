//! What hypercorn makes of the bytes of a connection: another protocol, a websocket, a plain request, or an answer.
//!
//! Source of the rules: hypercorn 0.18 `protocol/h11.py` (`_handle_events`, `_check_protocol`, `_create_stream`),
//! `protocol/http_stream.py`, `utils.py` (`valid_server_name`), `asyncio/tcp_server.py`.

use super::handshake::Handshake;
use crate::asgi::percent::unquote;
use crate::asgi::server::h11::{self, H11, MAX_INCOMPLETE};
use crate::asgi::server::request::{Body, Fault, Request, path_and_query};
use crate::asgi::server::{Ends, Local, Server};
use crate::asgi::{AsgiVersions, Outcome, Release, Scope, ScopeType};
use crate::forwarded::{latin1, strip};

/// Bytes of one read (`MAX_RECV`): what comes behind them comes when the app has been called already.
const ONE_READ: usize = 1 << 16;

/// The first release that answers with the status h11 proposes.
const PROPOSED_STATUS: Release = Release::new(0, 16, 0);

/// The first release that refuses bytes behind a handshake.
const REFUSES_EARLY_FRAMES: Release = Release::new(0, 17, 0);

/// What hypercorn does with `bytes`.
pub(super) fn receive(server: &Server, server_names: &[String], bytes: &[u8], ends: &Ends) -> Outcome {
    let release = server.libraries.get("h11").unwrap_or(h11::NEWEST);
    if let Some(why) = h11::MODELLED.too_old(release) {
        return Outcome::Unknown { why };
    }
    let h11 = H11 { release, max_incomplete: MAX_INCOMPLETE };
    let (request, rest) = match h11.head(bytes.get(..ONE_READ).unwrap_or(bytes)) {
        Ok(read) => read,
        Err(fault) => return answer(fault, server.version),
    };
    if let Some(other) = other_protocol(&request) {
        return other;
    }
    if is_websocket(&request) {
        return websocket(server, server_names, request, rest, ends);
    }
    if let Err(outcome) = check_server_name(&request, server_names) {
        return outcome;
    }
    if let Some(fault) = fault_behind_head(&h11, &request, rest) {
        return answer(fault, server.version);
    }
    if request.method == b"CONNECT" {
        let why = "h11 takes a 2xx answer to CONNECT for the end of HTTP: the app's body is never sent";
        return closed(why);
    }
    let method = latin1(&request.method).to_ascii_uppercase();
    let spec = AsgiVersions { version: "3.0", spec: Some("2.1") };
    Outcome::Scope(Box::new(Scope { method: Some(method), ..scope(server, ScopeType::Http, spec, request, ends) }))
}

/// The answer to bytes that are no request.
fn answer(fault: Fault, version: Release) -> Outcome {
    match fault {
        Fault::Unfinished => closed("it waits for the rest of the head"),
        Fault::Refused { status, why } => {
            Outcome::Refused { status: if version < PROPOSED_STATUS { 400 } else { status }, why }
        }
    }
}

pub(super) fn closed(why: &str) -> Outcome {
    Outcome::Closed { why: format!("hypercorn: {why}") }
}

/// `_check_protocol`: `Upgrade: h2c` without a body, and the first line of HTTP/2.
fn other_protocol(request: &Request) -> Option<Outcome> {
    let has_body = ["content-length", "transfer-encoding"].iter().any(|name| request.all(name).next().is_some());
    if last(request, "upgrade").eq_ignore_ascii_case("h2c") && !has_body {
        return Some(closed("it answers 101 and goes on in HTTP/2: nothing that HTTP/1.1 could read"));
    }
    let preface = request.method == b"PRI" && request.target == b"*" && request.version == "2.0";
    preface.then(|| closed("it goes on in HTTP/2, of which this is the first line"))
}

/// The last value under `name` after `str.strip()`, empty if there is none.
fn last(request: &Request, name: &str) -> String {
    request.all(name).next_back().map(|value| strip(&latin1(value)).to_owned()).unwrap_or_default()
}

fn is_websocket(request: &Request) -> bool {
    last(request, "upgrade").eq_ignore_ascii_case("websocket")
        && last(request, "connection").split(',').any(|token| strip(token).eq_ignore_ascii_case("upgrade"))
        && request.method.eq_ignore_ascii_case(b"GET")
}

/// A fault that h11 finds behind the head, in the same read: the answer to it goes out before the app's.
fn fault_behind_head(h11: &H11, request: &Request, rest: &[u8]) -> Option<Fault> {
    match h11.body(request, rest) {
        Body::Bad(fault) => Some(fault),
        Body::Complete { rest } if !rest.is_empty() && !request.keeps_alive() && !request.proposes_switch() => {
            Some(Fault::bad_request("h11: bytes behind the last request of the connection"))
        }
        Body::Complete { .. } | Body::Unfinished => None,
    }
}

/// `valid_server_name`: the first `Host` is one of those configured, if any are.
fn check_server_name(request: &Request, server_names: &[String]) -> Result<(), Outcome> {
    let host = std::str::from_utf8(request.all("host").next().unwrap_or_default());
    match host {
        _ if server_names.is_empty() => Ok(()),
        Ok(host) if server_names.iter().any(|name| name == host) => Ok(()),
        Ok(_) => Err(Outcome::Refused { status: 404, why: "the Host is not one of --server-name".to_owned() }),
        Err(_) => Err(closed("it fails on a Host that is not UTF-8")),
    }
}

fn websocket(server: &Server, server_names: &[String], request: Request, rest: &[u8], ends: &Ends) -> Outcome {
    let handshake = match Handshake::of(&request) {
        Ok(handshake) => handshake,
        Err(outcome) => return outcome,
    };
    if let Err(outcome) = check_server_name(&request, server_names) {
        return outcome;
    }
    if !handshake.is_valid(&request.version) {
        return Outcome::Refused { status: 400, why: "hypercorn: a bad websocket handshake".to_owned() };
    }
    match rest {
        [] => {}
        _ if server.version < REFUSES_EARLY_FRAMES => return closed("it fails on bytes behind a websocket handshake"),
        _ => {
            let why = "hypercorn: bytes behind a websocket handshake before it is answered".to_owned();
            return Outcome::Refused { status: 400, why };
        }
    }
    let spec = AsgiVersions { version: "3.0", spec: Some("2.3") };
    Outcome::Scope(Box::new(Scope {
        subprotocols: handshake.subprotocols,
        extensions: &["websocket.http.response"],
        ..scope(server, ScopeType::WebSocket, spec, request, ends)
    }))
}

fn scope(server: &Server, kind: ScopeType, asgi: AsgiVersions, request: Request, ends: &Ends) -> Scope {
    let (path, query) = path_and_query(&request.target);
    let scheme = match kind {
        ScopeType::Http => "http",
        ScopeType::WebSocket => "ws",
    };
    Scope {
        kind,
        asgi,
        method: None,
        scheme: Some(scheme.to_owned()),
        path: unquote(path),
        raw_path: path.to_vec(),
        query_string: query.to_vec(),
        root_path: server.root_path.trim_end_matches('/').to_owned(),
        http_version: Some(request.version),
        headers: request.lines.into_iter().map(|line| (line.name, line.value)).collect(),
        client: ends.client(),
        server: server_address(ends),
        subprotocols: Vec::new(),
        extensions: &[],
    }
}

/// `parse_socket_addr`, which gives nothing for a unix socket.
fn server_address(ends: &Ends) -> Option<crate::asgi::Address> {
    match ends.local {
        Local::Socket(_) => Some(ends.server()),
        Local::Unix(_) => None,
    }
}
