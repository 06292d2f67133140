//! websockets: its older interface (`--ws websockets`) and its newer one (`--ws websockets-sansio`).
//!
//! Source of the rules: websockets 8.1 to 17.4, `legacy/{http,handshake,server}.py`, `http11.py`, `server.py`.

use super::grammar::{are_extensions, is_protocol, items};
use super::{Handshake, closed, refused};
use crate::asgi::server::request::{Line, Request, is_token, trim_blanks, values};
use crate::asgi::server::uvicorn::release::Rules;
use crate::asgi::server::websocket_key::is_websocket_key;
use crate::asgi::{Outcome, Release};

/// The older interface. A fault that it finds only when the app has accepted is the answer all the same.
pub(super) fn older(request: &Request, rules: &Rules, root_path: &str) -> Result<Handshake, Outcome> {
    if request.method != b"GET" {
        return Err(refused(400, "websockets: the method is not GET"));
    }
    let lines = read(request, rules.websockets).map_err(|why| refused(400, why))?;
    let is_ascii = lines.iter().all(|line| line.value.is_ascii());
    let refuses_escapes = (Release::new(17, 0, 0)..Release::new(17, 2, 0)).contains(&rules.websockets);
    if !is_ascii && refuses_escapes {
        return Err(closed("websockets 17.0 and 17.1: a header value that is not ASCII, and it fails to say so"));
    }
    check_upgrade(&lines, false)?;
    check_key(&lines, false)?;
    check_version(&lines, false)?;
    if !is_ascii && rules.websockets_want_ascii() {
        return Err(refused(500, "uvicorn fails on a header value that is not ASCII"));
    }
    if !root_path.is_ascii() && rules.root_path_in_path() {
        return Err(refused(500, "--root-path is not ASCII: uvicorn fails"));
    }
    if !request.target.is_ascii() {
        return Err(if rules.encodes_websocket_path() {
            refused(500, "uvicorn fails on a target that is not ASCII")
        } else {
            Outcome::Unknown { why: "a target that is not ASCII, on uvicorn before 0.18".to_owned() }
        });
    }
    let subprotocols = split_subprotocols(&lines)?;
    check_origin(&lines)?;
    if rules.offers_compression() {
        check_extensions(&lines, false)?;
    }
    Ok(Handshake { lines, subprotocols })
}

/// The newer interface. What it cannot read at all gets no answer.
pub(super) fn newer(request: &Request, rules: &Rules, root_path: &str) -> Result<Handshake, Outcome> {
    if rules.uvicorn < Release::new(0, 35, 0) {
        return Err(Outcome::Unknown { why: "--ws websockets-sansio came with uvicorn 0.35".to_owned() });
    }
    let modern = rules.websockets >= Release::new(17, 0, 0);
    if !modern && request.method != b"GET" {
        return Err(closed("websockets: the method is not GET"));
    }
    // Since 17 the library has an answer to what is too long or too much, but uvicorn never sends it.
    let lines = read(request, rules.websockets).map_err(closed)?;
    check_no_body(&lines, rules.websockets)?;
    if request.method != b"GET" {
        return Err(refused(405, "websockets: the method is not GET"));
    }
    check_upgrade(&lines, modern)?;
    check_key(&lines, modern)?;
    check_version(&lines, modern)?;
    check_origin(&lines)?;
    check_extensions(&lines, modern)?;
    for value in values(&lines, "sec-websocket-protocol") {
        items(value, is_token).ok_or_else(|| bad_header("Sec-WebSocket-Protocol", value, modern))?;
    }
    let path_has_root = rules.sansio_has_root_path();
    if !request.target.is_ascii() || path_has_root && !root_path.is_ascii() {
        return Err(closed("uvicorn fails on a target or --root-path that is not ASCII, and drops the connection"));
    }
    let subprotocols = if rules.sansio_splits_subprotocols() {
        split_subprotocols(&lines)?
    } else {
        let whole = values(&lines, "sec-websocket-protocol").map(|value| String::from_utf8_lossy(value).into_owned());
        whole.collect()
    };
    Ok(Handshake { lines, subprotocols })
}

/// `parse_headers`: the lines with the blanks around their values taken off.
fn read(request: &Request, release: Release) -> Result<Vec<Line>, &'static str> {
    let (most_lines, longest) = match release.major {
        ..=8 => (256, 4096),
        9 | 10 => (256, 4110),
        _ => (128, 8192),
    };
    if request.method.len() + request.target.len() + " HTTP/1.1\r\n".len() + 1 > longest {
        return Err("websockets: the request line is too long");
    }
    let mut lines = Vec::with_capacity(request.lines.len());
    for line in &request.lines {
        if lines.len() == most_lines || line.name.len() + line.value.len() + ": \r\n".len() > longest {
            return Err("websockets: a header line is too long, or there are too many");
        }
        if !is_token(&line.name) {
            return Err("websockets: a header name that is no token");
        }
        let value = trim_blanks(&line.value);
        if value.iter().any(|&b| b != b'\t' && b.is_ascii_control()) {
            return Err("websockets: a control byte in a header value");
        }
        lines.push(Line { name: line.name.clone(), value: value.to_vec() });
    }
    Ok(lines)
}

/// No body may be announced; from 15.1 to 17.2 any way to write zero is none, since 17.3 only `0` is, before nothing.
fn check_no_body(lines: &[Line], release: Release) -> Result<(), Outcome> {
    let lengths: Vec<_> = values(lines, "content-length").collect();
    let none = match lengths.as_slice() {
        [] => true,
        all if release >= Release::new(17, 3, 0) => all.iter().all(|length| *length == b"0"),
        [one] if release >= Release::new(16, 0, 0) => one.iter().all(|&b| b == b'0') && !one.is_empty(),
        _ => false,
    };
    if none && values(lines, "transfer-encoding").next().is_none() {
        Ok(())
    } else {
        Err(closed("websockets: a handshake with a body"))
    }
}

/// The 400 whose text quotes a header; where values are kept as surrogate escapes, one that is not ASCII cannot be written.
fn bad_header(name: &str, value: &[u8], latin1: bool) -> Outcome {
    if latin1 || value.is_ascii() {
        refused(400, &format!("websockets: bad {name} header"))
    } else {
        closed(&format!("websockets: bad {name} header, and not ASCII: it fails to say so"))
    }
}

fn check_upgrade(lines: &[Line], latin1: bool) -> Result<(), Outcome> {
    let mut asked = false;
    for value in values(lines, "connection") {
        let options = items(value, is_token).ok_or_else(|| bad_header("Connection", value, latin1))?;
        asked |= options.iter().any(|option| option.eq_ignore_ascii_case(b"upgrade"));
    }
    if !asked {
        return Err(refused(426, "websockets: Connection does not list upgrade"));
    }
    let mut protocols = Vec::new();
    for value in values(lines, "upgrade") {
        protocols.extend(items(value, is_protocol).ok_or_else(|| bad_header("Upgrade", value, latin1))?);
    }
    match protocols.as_slice() {
        [one] if one.eq_ignore_ascii_case(b"websocket") => Ok(()),
        _ => Err(refused(426, "websockets: Upgrade names something beside websocket")),
    }
}

/// 16 bytes in Base64. Where values are kept as surrogate escapes, one that is not ASCII is a failure, not a fault.
fn check_key(lines: &[Line], latin1: bool) -> Result<(), Outcome> {
    let key = only(lines, "sec-websocket-key")?.unwrap_or_default();
    if !latin1 && !key.is_ascii() {
        return Err(refused(500, "websockets fails on a Sec-WebSocket-Key that is not ASCII"));
    }
    if is_websocket_key(key) {
        Ok(())
    } else {
        Err(refused(400, "websockets: Sec-WebSocket-Key is not 16 bytes in Base64"))
    }
}

fn check_version(lines: &[Line], latin1: bool) -> Result<(), Outcome> {
    match only(lines, "sec-websocket-version")?.unwrap_or_default() {
        b"13" => Ok(()),
        value => Err(bad_header("Sec-WebSocket-Version", value, latin1)),
    }
}

fn check_origin(lines: &[Line]) -> Result<(), Outcome> {
    only(lines, "origin").map(|_| ())
}

fn check_extensions(lines: &[Line], latin1: bool) -> Result<(), Outcome> {
    match values(lines, "sec-websocket-extensions").find(|value| !are_extensions(value)) {
        Some(value) => Err(bad_header("Sec-WebSocket-Extensions", value, latin1)),
        None => Ok(()),
    }
}

/// Every `Sec-WebSocket-Protocol`, split at commas.
fn split_subprotocols(lines: &[Line]) -> Result<Vec<String>, Outcome> {
    let items = values(lines, "sec-websocket-protocol").flat_map(|value| value.split(|&b| b == b',')).map(trim_blanks);
    let text = |item: &[u8]| {
        let ascii = std::str::from_utf8(item).ok().filter(|text| text.is_ascii()).map(str::to_owned);
        ascii.ok_or_else(|| Outcome::Unknown { why: "a subprotocol that is not ASCII".to_owned() })
    };
    items.map(text).collect()
}

/// The value of a header that may be there once at most.
fn only<'a>(lines: &'a [Line], name: &'a str) -> Result<Option<&'a [u8]>, Outcome> {
    let mut found = values(lines, name);
    let first = found.next();
    if found.next().is_some() {
        return Err(refused(400, &format!("websockets: more than one {name}")));
    }
    Ok(first)
}
