//! The scope that gunicorn's `asgi` worker builds, and the websocket handshake before it.
//!
//! Source of the rules: gunicorn 27.0 `asgi/protocol.py`, `_is_websocket_upgrade`, `_handle_websocket`,
//! `_build_http_scope` and `_build_websocket_scope`.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::head::Head;
use crate::asgi::percent::unquote;
use crate::asgi::server::{Ends, Local};
use crate::asgi::{Address, AsgiVersions, Outcome, Port, Scope, ScopeType};
use crate::forwarded::{latin1, strip};

/// Base64 as Python's strict `b64decode` reads it: padding required, spare bits of the last digit not looked at.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// What the worker does with a head that it accepted.
pub(super) fn outcome(head: Head, https: bool, root_path: &str, ends: &Ends) -> Outcome {
    if !is_websocket(&head) {
        let scheme = if https { "https" } else { "http" };
        let method = Some(head.method.clone());
        return Outcome::Scope(Box::new(Scope { method, ..scope(head, ScopeType::Http, scheme, root_path, ends) }));
    }
    if stripped(&head, "sec-websocket-version").as_deref() != Some("13") {
        return refused(426, "Sec-WebSocket-Version is not 13");
    }
    if !stripped(&head, "sec-websocket-key").is_some_and(|key| is_key(&key)) {
        return refused(400, "Sec-WebSocket-Key is not 16 bytes in Base64");
    }
    let asked = head.headers.iter().find(|(name, _)| name == b"sec-websocket-protocol");
    let subprotocols = asked.map(|(_, value)| subprotocols(value)).unwrap_or_default();
    let scheme = if https { "wss" } else { "ws" };
    Outcome::Scope(Box::new(Scope { subprotocols, ..scope(head, ScopeType::WebSocket, scheme, root_path, ends) }))
}

fn refused(status: u16, why: &str) -> Outcome {
    Outcome::Refused { status, why: format!("gunicorn: {why}") }
}

/// GET, the last `Upgrade` is `websocket`, and the last `Connection` has `upgrade` somewhere in it.
fn is_websocket(head: &Head) -> bool {
    let lower = |name| last(head, name).map(<[u8]>::to_ascii_lowercase);
    head.method == "GET"
        && lower("upgrade").is_some_and(|value| value == b"websocket")
        && lower("connection").is_some_and(|value| memchr::memmem::find(&value, b"upgrade").is_some())
}

fn last<'a>(head: &'a Head, name: &str) -> Option<&'a [u8]> {
    head.headers.iter().rev().find(|(known, _)| known == name.as_bytes()).map(|(_, value)| value.as_slice())
}

/// The last value under `name` after `str.strip()`.
fn stripped(head: &Head, name: &str) -> Option<String> {
    last(head, name).map(|value| strip(&latin1(value)).to_owned())
}

fn is_key(key: &str) -> bool {
    BASE64.decode(key).is_ok_and(|bytes| bytes.len() == 16)
}

/// The first `Sec-WebSocket-Protocol`, split at commas.
fn subprotocols(value: &[u8]) -> Vec<String> {
    latin1(value).split(',').map(|item| strip(item).to_owned()).collect()
}

fn scope(head: Head, kind: ScopeType, scheme: &str, root_path: &str, ends: &Ends) -> Scope {
    let question_mark = memchr::memchr(b'?', &head.target);
    let (path, query) = head.target.split_at_checked(question_mark.unwrap_or(head.target.len())).unwrap_or_default();
    Scope {
        kind,
        asgi: AsgiVersions { version: "3.0", spec: Some("2.4") },
        http_version: Some(format!("1.{}", head.minor)),
        method: None,
        scheme: Some(scheme.to_owned()),
        path: unquote(path),
        raw_path: path.to_vec(),
        query_string: query.get(1..).unwrap_or_default().to_vec(),
        // `validate_string` strips it; nothing else happens to it.
        root_path: strip(root_path).to_owned(),
        headers: head.headers,
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
            Address { host: letters.next().unwrap_or_default(), port: letters.next().map(Port::Text) }
        }
    }
}
