//! The websocket handshake as granian checks it itself, before the app is asked (`src/ws.rs`, `src/utils.rs`).
//!
//! The method and the HTTP version are not looked at, and the key is not checked.

use http::header::{
    AsHeaderName, CONNECTION, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue};

use crate::asgi::{Outcome, Release};

/// From here on subprotocols are split at commas.
const SPLIT: Release = Release::new(2, 7, 2);

/// `is_upgrade_request`: any `Connection` lists `Upgrade` and any `Upgrade` lists `websocket`.
pub(super) fn is_asked_for(headers: &HeaderMap) -> bool {
    lists(headers, CONNECTION, b"upgrade") && lists(headers, UPGRADE, b"websocket")
}

fn lists(headers: &HeaderMap, name: impl AsHeaderName, token: &[u8]) -> bool {
    let mut items = headers.get_all(name).into_iter().flat_map(|value| value.as_bytes().split(|&b| b == b','));
    items.any(|item| item.trim_ascii().eq_ignore_ascii_case(token))
}

/// `upgrade_intent`: a key, whatever it is, and version 13 in the first line that names one.
pub(super) fn check(headers: &HeaderMap) -> Result<(), Outcome> {
    if !headers.contains_key(SEC_WEBSOCKET_KEY) {
        return Err(refused("no Sec-WebSocket-Key"));
    }
    match headers.get(SEC_WEBSOCKET_VERSION).map(HeaderValue::as_bytes) {
        Some(b"13") => Ok(()),
        _ => Err(refused("Sec-WebSocket-Version is not 13")),
    }
}

/// `subprotocols`: every line, split at commas; a line that is not ASCII counts as empty.
///
/// Before 2.7.2 every line was one subprotocol as it stood, and one that is not ASCII ended the worker.
pub(super) fn subprotocols(headers: &HeaderMap, granian: Release) -> Result<Vec<String>, Outcome> {
    let lines = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter().map(HeaderValue::to_str);
    if granian < SPLIT {
        let crash =
            || Outcome::Closed { why: "granian: Sec-WebSocket-Protocol is not ASCII: the worker dies".to_owned() };
        return lines.map(|line| Ok(line.map_err(|_| crash())?.to_owned())).collect();
    }
    let lines = lines.map(Result::unwrap_or_default);
    Ok(lines
        .flat_map(|line| line.split(','))
        .filter(|item| !item.is_empty())
        .map(|item| item.trim().to_owned())
        .collect())
}

fn refused(why: &str) -> Outcome {
    Outcome::Refused { status: 400, why: format!("granian: {why}") }
}
