//! The websocket handshake as `websockets` 17 checks it (`--ws auto` and `websockets-sansio`).
//!
//! Source of the rules: `websockets/http11.py` (`Request.parse`), `websockets/server.py` (`process_request`), uvicorn
//! `websockets_sansio_impl.py`. `Sec-WebSocket-Extensions` is not checked here: what browsers send is well formed.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

use super::request::{Request, is_token};
use crate::asgi::Outcome;
use crate::forwarded::latin1;

/// Most header lines that are read (`MAX_NUM_HEADERS`).
const MOST_HEADERS: usize = 128;

/// Base64 as Python's strict `b64decode` reads it: padding required, spare bits of the last digit not looked at.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// Checks the handshake and gives the subprotocols asked for.
pub(super) fn shake_hands(request: &Request, root_path: &str) -> Result<Vec<String>, Outcome> {
    check_message(request)?;
    check_method(request)?;
    check_upgrade(request)?;
    check_key_and_version(request)?;
    let subprotocols = subprotocols(request)?;
    if !root_path.is_ascii() {
        return Err(closed("--root-path is not ASCII: uvicorn fails and drops the connection"));
    }
    Ok(subprotocols)
}

/// uvicorn writes the head anew for the library; what the library cannot read gets no answer at all.
fn check_message(request: &Request) -> Result<(), Outcome> {
    if request.lines.len() > MOST_HEADERS {
        return Err(refused(431, "more than 128 header lines"));
    }
    if request.lines.iter().any(|line| line.value.iter().any(|&b| b != b'\t' && b.is_ascii_control())) {
        return Err(closed("a control byte in a header value"));
    }
    if request.all("transfer-encoding").next().is_some()
        || request.all("content-length").any(|value| trim(value) != b"0")
    {
        return Err(closed("a handshake with a body"));
    }
    Ok(())
}

fn check_method(request: &Request) -> Result<(), Outcome> {
    if request.method == b"GET" { Ok(()) } else { Err(refused(405, "the method is not GET")) }
}

fn check_upgrade(request: &Request) -> Result<(), Outcome> {
    for value in request.all("connection") {
        items(value, is_token).ok_or_else(|| refused(400, "bad Connection header"))?;
    }
    let mut upgrades = Vec::new();
    for value in request.all("upgrade") {
        upgrades.extend(items(value, is_protocol).ok_or_else(|| refused(400, "bad Upgrade header"))?);
    }
    match upgrades.as_slice() {
        [one] if one.eq_ignore_ascii_case(b"websocket") => Ok(()),
        _ => Err(refused(426, "Upgrade names something beside websocket")),
    }
}

fn check_key_and_version(request: &Request) -> Result<(), Outcome> {
    let key = only(request, "sec-websocket-key")?.unwrap_or_default();
    if BASE64.decode(key).map_or(true, |bytes| bytes.len() != 16) {
        return Err(refused(400, "Sec-WebSocket-Key is not 16 bytes in Base64"));
    }
    if only(request, "sec-websocket-version")? != Some(b"13") {
        return Err(refused(400, "Sec-WebSocket-Version is not 13"));
    }
    only(request, "origin").map(|_| ())
}

/// `subprotocols` of the scope: every `Sec-WebSocket-Protocol`, split at commas.
fn subprotocols(request: &Request) -> Result<Vec<String>, Outcome> {
    let mut all = Vec::new();
    for value in request.all("sec-websocket-protocol") {
        items(value, is_token).ok_or_else(|| refused(400, "bad Sec-WebSocket-Protocol header"))?;
        all.extend(latin1(trim(value)).split(',').map(|item| item.trim().to_owned()));
    }
    Ok(all)
}

/// The value of a header that may be there once at most.
fn only<'a>(request: &'a Request, name: &'a str) -> Result<Option<&'a [u8]>, Outcome> {
    let mut values = request.all(name).map(trim);
    let first = values.next();
    if values.next().is_some() { Err(refused(400, &format!("more than one {name}"))) } else { Ok(first) }
}

/// `parse_list`: comma-separated items, empty ones skipped, at least one; `None` if there is none or one is not `good`.
fn items(value: &[u8], good: fn(&[u8]) -> bool) -> Option<Vec<&[u8]>> {
    let items: Vec<_> = trim(value).split(|&b| b == b',').map(trim).filter(|item| !item.is_empty()).collect();
    (!items.is_empty() && items.iter().all(|item| good(item))).then_some(items)
}

/// `token` or `token/token`.
fn is_protocol(item: &[u8]) -> bool {
    let mut parts = item.splitn(2, |&b| b == b'/');
    parts.all(is_token)
}

fn trim(value: &[u8]) -> &[u8] {
    value.trim_ascii()
}

fn refused(status: u16, why: &str) -> Outcome {
    Outcome::Refused { status, why: format!("websockets: {why}") }
}

fn closed(why: &str) -> Outcome {
    Outcome::Closed { why: format!("websockets: {why}") }
}
