//! The scope that gunicorn's `asgi` worker builds, and the websocket handshake before it.
//!
//! Source of the rules: gunicorn 27.0 `asgi/protocol.py`, `_is_websocket_upgrade`, `_handle_websocket`,
//! `_build_http_scope` and `_build_websocket_scope`.

use super::rules::Rules;
use crate::asgi::percent::unquote;
use crate::asgi::server::request::{Request, path_and_query};
use crate::asgi::server::websocket_key::is_websocket_key;
use crate::asgi::server::{Ends, Local};
use crate::asgi::{Address, AsgiVersions, Outcome, Port, Scope, ScopeType};
use crate::forwarded::{latin1, strip};

/// What the worker does with a head that it accepted.
pub(super) fn outcome(request: Request, https: bool, rules: Rules, root_path: &str, ends: &Ends) -> Outcome {
    if !is_websocket(&request) {
        let scheme = if https { "https" } else { "http" };
        let method = Some(latin1(&request.method));
        return Outcome::Scope(Box::new(Scope { method, ..scope(request, ScopeType::Http, scheme, root_path, ends) }));
    }
    if rules.strict && stripped(&request, "sec-websocket-version").as_deref() != Some("13") {
        return refused(426, "Sec-WebSocket-Version is not 13");
    }
    if rules.strict && !stripped(&request, "sec-websocket-key").is_some_and(|key| is_websocket_key(key.as_bytes())) {
        return refused(400, "Sec-WebSocket-Key is not 16 bytes in Base64");
    }
    let subprotocols = request.all("sec-websocket-protocol").next().map(subprotocols).unwrap_or_default();
    let scheme = if https { "wss" } else { "ws" };
    Outcome::Scope(Box::new(Scope { subprotocols, ..scope(request, ScopeType::WebSocket, scheme, root_path, ends) }))
}

fn refused(status: u16, why: &str) -> Outcome {
    Outcome::Refused { status, why: format!("gunicorn: {why}") }
}

/// GET, the last `Upgrade` is `websocket`, and the last `Connection` has `upgrade` somewhere in it.
fn is_websocket(request: &Request) -> bool {
    let lower = |name| request.all(name).next_back().map(<[u8]>::to_ascii_lowercase);
    request.method == b"GET"
        && lower("upgrade").is_some_and(|value| value == b"websocket")
        && lower("connection").is_some_and(|value| memchr::memmem::find(&value, b"upgrade").is_some())
}

/// The last value under `name` after `str.strip()`.
fn stripped(request: &Request, name: &str) -> Option<String> {
    request.all(name).next_back().map(|value| strip(&latin1(value)).to_owned())
}

/// The first `Sec-WebSocket-Protocol`, split at commas.
fn subprotocols(value: &[u8]) -> Vec<String> {
    latin1(value).split(',').map(|item| strip(item).to_owned()).collect()
}

fn scope(request: Request, kind: ScopeType, scheme: &str, root_path: &str, ends: &Ends) -> Scope {
    let (path, query) = path_and_query(&request.target);
    Scope {
        kind,
        asgi: AsgiVersions { version: "3.0", spec: Some("2.4") },
        http_version: Some(request.version),
        method: None,
        scheme: Some(scheme.to_owned()),
        path: unquote(path),
        raw_path: path.to_vec(),
        query_string: query.to_vec(),
        // `validate_string` strips it; nothing else happens to it.
        root_path: strip(root_path).to_owned(),
        headers: request.lines.into_iter().map(|line| (line.name, line.value)).collect(),
        client: ends.client(),
        server: Some(server(ends)),
        subprotocols: Vec::new(),
        extensions: &[],
    }
}

/// `sockname[:2]`: of the path of a unix socket, that is its first two characters.
fn server(ends: &Ends) -> Address {
    match &ends.local {
        Local::Socket(_) => ends.server(),
        Local::Unix(path) => {
            let mut letters = path.chars().map(String::from);
            Address { host: letters.next(), port: letters.next().map(Port::Text) }
        }
    }
}
