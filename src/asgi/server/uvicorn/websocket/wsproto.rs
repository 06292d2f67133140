//! wsproto (`--ws wsproto`, and `--ws auto` where websockets is not installed).
//!
//! Source of the rules: wsproto 1.0 to 1.3, `handshake.py`, which reads the head with h11 once more.

use super::{Handshake, closed, refused};
use crate::asgi::server::h11::{H11, MAX_INCOMPLETE};
use crate::asgi::server::request::{Fault, Line, Request};
use crate::asgi::server::uvicorn::release::Rules;
use crate::asgi::{Outcome, Release};
use crate::forwarded::int;

/// Shakes hands. The key is not looked at.
pub(super) fn shake_hands(request: &Request, rules: &Rules, root_path: &str) -> Result<Handshake, Outcome> {
    if rules.wsproto < Release::new(1, 0, 0) {
        return Err(Outcome::Unknown { why: format!("wsproto {} is not modelled; known: 1.0 to 1.3", rules.wsproto) });
    }
    let request = read(request, rules)?;
    let reads_all = rules.wsproto >= Release::new(1, 2, 0);
    if request.method != b"GET" {
        return Err(refused(400, "wsproto: the method is not GET"));
    }
    for name in ["host", "sec-websocket-extensions", "sec-websocket-protocol", "connection"] {
        if request.all(name).any(|value| !value.is_ascii()) {
            return Err(failed(name));
        }
    }
    let host = host(&request, reads_all)?;
    check(&request)?;
    let mut lines = vec![Line { name: b"host".to_vec(), value: host }];
    lines.extend(request.lines.iter().filter(|line| !is_taken_out(&line.name)).cloned());
    let protocols: Vec<&[u8]> = request.all("sec-websocket-protocol").collect();
    let protocols =
        if reads_all { protocols.as_slice() } else { protocols.last().map_or(&[][..], std::slice::from_ref) };
    let subprotocols = protocols.iter().flat_map(|value| value.split(|&b| b == b',')).map(text).collect::<Option<_>>();
    let subprotocols = subprotocols.ok_or_else(|| failed("sec-websocket-protocol"))?;
    if !root_path.is_ascii() && rules.root_path_in_path() {
        return Err(closed("--root-path is not ASCII: uvicorn fails and drops the connection"));
    }
    if !offers_are_read(&request) {
        let why =
            "wsproto fails on a window size that is no number when the app accepts, and uvicorn drops the connection";
        return Err(closed(why));
    }
    Ok(Handshake { lines, subprotocols })
}

/// `PerMessageDeflate._parse_params`: a window size that the client names goes through `int()`.
fn offers_are_read(request: &Request) -> bool {
    let offers = request.all("sec-websocket-extensions").flat_map(|value| value.split(|&b| b == b','));
    let is_read = |parameter: &str| match parameter.split_once('=') {
        Some((name, size)) if ["client_", "server_"].iter().any(|side| is_window(name, side)) => int(size).is_some(),
        _ => true,
    };
    offers.filter_map(text).all(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        parts.next() != Some("permessage-deflate") || parts.all(is_read)
    })
}

fn is_window(name: &str, side: &str) -> bool {
    name.strip_prefix(side).is_some_and(|rest| rest.starts_with("max_window_bits"))
}

/// The head as uvicorn writes it, read by h11.
fn read(request: &Request, rules: &Rules) -> Result<Request, Outcome> {
    let mut bytes = [&request.method[..], b" ", &request.target, b" HTTP/1.1\r\n"].concat();
    for line in &request.lines {
        bytes.extend([&line.name[..], b": ", &line.value, b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    let parser = H11 { release: rules.h11, max_incomplete: MAX_INCOMPLETE };
    parser.head(&bytes).map(|(request, _)| request).map_err(|fault| match fault {
        Fault::Refused { why, .. } => refused(400, &why),
        Fault::Unfinished => closed("wsproto: no complete head"),
    })
}

/// `_process_connection_request`, in its order; of a header that is there more than once, the last counts.
fn check(request: &Request) -> Result<(), Outcome> {
    let last = |name| request.all(name).next_back().unwrap_or_default();
    let asked = last("connection").split(|&b| b == b',').any(|item| strip(item).eq_ignore_ascii_case(b"upgrade"));
    if !asked {
        return Err(refused(400, "wsproto: the last Connection does not list upgrade"));
    }
    match last("sec-websocket-version") {
        b"13" => {}
        b"" => return Err(refused(400, "wsproto: no Sec-WebSocket-Version")),
        _ => return Err(refused(426, "wsproto: Sec-WebSocket-Version is not 13")),
    }
    if request.all("sec-websocket-key").next().is_none() {
        return Err(refused(400, "wsproto: no Sec-WebSocket-Key"));
    }
    if !last("upgrade").eq_ignore_ascii_case(b"websocket") {
        return Err(refused(400, "wsproto: the last Upgrade is not websocket"));
    }
    Ok(())
}

/// The host: read as a domain name since 1.2, which undoes `xn--`.
fn host(request: &Request, as_domain: bool) -> Result<Vec<u8>, Outcome> {
    let host = request.all("host").next_back().ok_or_else(|| refused(400, "wsproto: no Host"))?;
    if as_domain && memchr::memmem::find(host, b"xn--").is_some() {
        let why = "wsproto writes a host with xn-- in Unicode, which is not modelled".to_owned();
        return Err(Outcome::Unknown { why });
    }
    Ok(host.to_vec())
}

fn is_taken_out(name: &[u8]) -> bool {
    matches!(name, b"host" | b"sec-websocket-extensions" | b"sec-websocket-protocol")
}

fn text(item: &[u8]) -> Option<String> {
    std::str::from_utf8(strip(item)).ok().filter(|text| text.is_ascii()).map(str::to_owned)
}

/// `str.strip()` of ASCII text.
fn strip(mut item: &[u8]) -> &[u8] {
    while let [b'\t'..=b'\r' | 0x1c..=b' ', rest @ ..] | [rest @ .., b'\t'..=b'\r' | 0x1c..=b' '] = item {
        item = rest;
    }
    item
}

fn failed(name: &str) -> Outcome {
    closed(&format!("wsproto fails on a {name} header that is not ASCII, and uvicorn drops the connection"))
}
