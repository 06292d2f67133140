//! Passing a head on to the next hop: what belongs to one connection stays behind, everything else goes on as it came.
//!
//! This module exists so that a transparent tap and the stand-in treat connection fields alike. Lines that go on are
//! copied whole, blanks around the value included, because servers differ on them (httptools keeps trailing blanks).
//!
//! RFC 9110 section 7.6.1: `Connection`, the fields it names, `Keep-Alive`, `Proxy-Connection`, `TE` and `Upgrade` end
//! here. `Transfer-Encoding` goes on, because the body is sent on in the framing it came in.

use std::cmp::Ordering;

use crate::exchange::{Field, Fields, RequestHead, ResponseHead, Version};

/// Fields that end here whether `Connection` names them or not.
const ALWAYS: [&str; 5] = ["connection", "keep-alive", "proxy-connection", "te", "upgrade"];

/// Fields that go on even if `Connection` names them: without them the message would mean something else.
const NEVER: [&str; 4] = ["host", "content-length", "transfer-encoding", "expect"];

/// Options of `Connection` that name no field to look for.
const USUAL: [&str; 4] = ["", "close", "keep-alive", "upgrade"];

/// Writes a request's head for the next hop: the request line with `target` in it, the client's end-to-end fields less
/// those that `drop` picks, the `extra` fields after them, and the empty line.
///
/// The version is the client's. An upgrade handshake keeps its `Upgrade` and a `Connection: Upgrade`, except one to
/// `h2c`: that would hide every later request from whoever stands in the path (RFC 9113 section 3.1 has dropped it).
pub fn write_request(
    out: &mut Vec<u8>,
    head: &RequestHead,
    target: &[u8],
    drop: impl Fn(&Field<'_>) -> bool,
    extra: &[(&[u8], &[u8])],
) {
    out.reserve(head.as_bytes().len() + room(extra));
    write_request_fields(out, head, target, drop);
    finish(out, extra);
}

/// Writes a response's head for the next hop: the status line as it came, the end-to-end fields less those that `drop`
/// picks, the `extra` fields after them, and the empty line.
///
/// `101` keeps its `Upgrade` and `Connection`, `426` too, because there they say what the client should ask for
/// (RFC 9110 section 15.5.22).
pub fn write_response(
    out: &mut Vec<u8>,
    head: &ResponseHead,
    drop: impl Fn(&Field<'_>) -> bool,
    extra: &[(&[u8], &[u8])],
) {
    let bytes = head.as_bytes();
    out.reserve(bytes.len() + room(extra));
    out.extend_from_slice(bytes.split_inclusive(|&b| b == b'\n').next().unwrap_or_default());
    let upgrade = matches!(head.status(), 101 | 426) && asks_for_upgrade(&head.fields());
    write_fields(out, bytes, &head.fields(), upgrade, drop);
    finish(out, extra);
}

/// [`write_request`] without the empty line, for a caller that writes more fields by itself.
pub(super) fn write_request_fields(
    out: &mut Vec<u8>,
    head: &RequestHead,
    target: &[u8],
    drop: impl Fn(&Field<'_>) -> bool,
) {
    out.extend_from_slice(head.method());
    out.push(b' ');
    out.extend_from_slice(target);
    out.extend_from_slice(match head.version() {
        Version::Http10 => b" HTTP/1.0\r\n",
        Version::Http11 => b" HTTP/1.1\r\n",
    });
    // RFC 9110 section 7.8: an upgrade in an HTTP/1.0 request is to be ignored.
    let upgrade = head.version() == Version::Http11
        && asks_for_upgrade(&head.fields())
        && !head.fields().has_token("upgrade", "h2c");
    write_fields(out, head.as_bytes(), &head.fields(), upgrade, drop);
}

/// Writes one field line.
pub(super) fn write_field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

fn room(extra: &[(&[u8], &[u8])]) -> usize {
    extra.iter().map(|(name, value)| name.len() + value.len() + 4).sum()
}

fn finish(out: &mut Vec<u8>, extra: &[(&[u8], &[u8])]) {
    for (name, value) in extra {
        write_field(out, name, value);
    }
    out.extend_from_slice(b"\r\n");
}

fn asks_for_upgrade(fields: &Fields<'_>) -> bool {
    fields.has_token("connection", "upgrade") && fields.get("upgrade").is_some()
}

/// Copies the lines that go on. With `upgrade`, the first `Connection` line becomes `Connection: Upgrade` in its place.
fn write_fields(out: &mut Vec<u8>, head: &[u8], fields: &Fields<'_>, upgrade: bool, drop: impl Fn(&Field<'_>) -> bool) {
    let named = named_fields(fields);
    let mut connection_due = upgrade;
    let mut ends = memchr::memchr_iter(b'\n', head);
    let mut start = ends.next().map_or(head.len(), |end| end + 1);
    for (field, end) in fields.clone().zip(ends) {
        let line = head.get(start..=end).unwrap_or_default();
        start = end + 1;
        if field.is("connection") {
            if std::mem::take(&mut connection_due) {
                write_field(out, field.name, b"Upgrade");
            }
        } else if !ends_here(&field, upgrade, &named) && !drop(&field) {
            out.extend_from_slice(line);
        }
    }
}

fn ends_here(field: &Field<'_>, upgrade: bool, named: &[&[u8]]) -> bool {
    if ALWAYS.iter().any(|name| field.is(name)) {
        return !(upgrade && field.is("upgrade"));
    }
    let is_named = || named.binary_search_by(|name| compare(name, field.name)).is_ok();
    !named.is_empty() && is_named() && !NEVER.iter().any(|name| field.is(name))
}

/// The fields that `Connection` names, sorted; mostly none, and then nothing is allocated. Sorted, because a head full of
/// options and fields must not cost their product.
fn named_fields<'a>(fields: &Fields<'a>) -> Vec<&'a [u8]> {
    let options = fields.all("connection").flat_map(|value| value.split(|&b| b == b',')).map(<[u8]>::trim_ascii);
    let is_usual = |option: &[u8]| USUAL.iter().any(|usual| option.eq_ignore_ascii_case(usual.as_bytes()));
    let mut named: Vec<_> = options.filter(|option| !is_usual(option)).collect();
    named.sort_unstable_by(|a, b| compare(a, b));
    named
}

/// Orders names, case ignored.
fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let lower = u8::to_ascii_lowercase;
    a.iter().map(lower).cmp(b.iter().map(lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire(lines: &str) -> Vec<u8> {
        format!("{}\n\n", lines.trim_end()).replace('\n', "\r\n").into_bytes()
    }

    fn passed(request: &str) -> String {
        let head = RequestHead::from_wire(wire(request)).unwrap();
        let mut out = Vec::new();
        write_request(&mut out, &head, head.target(), |_| false, &[]);
        String::from_utf8(out).unwrap().replace("\r\n", "\n").trim_end_matches('\n').to_owned()
    }

    fn answered(response: &str) -> String {
        let head = ResponseHead::from_wire(wire(response)).unwrap();
        let mut out = Vec::new();
        write_response(&mut out, &head, |_| false, &[]);
        String::from_utf8(out).unwrap().replace("\r\n", "\n").trim_end_matches('\n').to_owned()
    }

    #[test]
    fn what_ends_here_and_what_goes_on() {
        for (request, sent) in [
            // Order, case, repetition and blanks stay.
            ("GET /%2F?x HTTP/1.1\nhOst: h\nX-A:1\nx-a:  2 \nB:", "GET /%2F?x HTTP/1.1\nhOst: h\nX-A:1\nx-a:  2 \nB:"),
            ("GET / HTTP/1.0\nHost: h", "GET / HTTP/1.0\nHost: h"),
            (
                "GET / HTTP/1.1\nHost: h\nConnection: keep-alive\nKeep-Alive: 5\nProxy-Connection: x\nTE: trailers",
                "GET / HTTP/1.1\nHost: h",
            ),
            ("GET / HTTP/1.1\nX-A: 1\nConnection: close, X-a\nX-B: 2", "GET / HTTP/1.1\nX-B: 2"),
            ("GET / HTTP/1.1\nX-A: 1\nConnection: close\nConnection: x-a", "GET / HTTP/1.1"),
            (
                "GET / HTTP/1.1\nX-A: 1\nX-C: 2\nX-D: 3\nX-E: 4\nX-F: 5\nConnection: x-d,,X-F, x-a, x-e",
                "GET / HTTP/1.1\nX-C: 2",
            ),
            (
                "POST / HTTP/1.1\nConnection: host, content-length, transfer-encoding, expect\nHost: h\nContent-Length: 1\nTransfer-Encoding: chunked\nExpect: 100-continue",
                "POST / HTTP/1.1\nHost: h\nContent-Length: 1\nTransfer-Encoding: chunked\nExpect: 100-continue",
            ),
            // Upgrades.
            (
                "GET /ws HTTP/1.1\nhost: h\nconnection: keep-alive, Upgrade\nupgrade: websocket\nSec-WebSocket-Key: k",
                "GET /ws HTTP/1.1\nhost: h\nconnection: Upgrade\nupgrade: websocket\nSec-WebSocket-Key: k",
            ),
            (
                "GET / HTTP/1.1\nConnection: upgrade\nConnection: upgrade\nUpgrade: a",
                "GET / HTTP/1.1\nConnection: Upgrade\nUpgrade: a",
            ),
            ("GET / HTTP/1.1\nUpgrade: websocket", "GET / HTTP/1.1"),
            ("GET / HTTP/1.1\nConnection: Upgrade", "GET / HTTP/1.1"),
            ("GET / HTTP/1.0\nConnection: Upgrade\nUpgrade: websocket", "GET / HTTP/1.0"),
            (
                "GET / HTTP/1.1\nConnection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAM",
                "GET / HTTP/1.1",
            ),
        ] {
            assert_eq!(passed(request), sent, "{request}");
        }
    }

    #[test]
    fn responses() {
        for (response, sent) in [
            (
                "HTTP/1.1 200 OK\nserver: uvicorn\nConnection: close, x-b\nKeep-Alive: 5\nX-B: 1\nTransfer-Encoding: chunked",
                "HTTP/1.1 200 OK\nserver: uvicorn\nTransfer-Encoding: chunked",
            ),
            ("HTTP/1.0 204\nConnection: Upgrade\nUpgrade: h2c", "HTTP/1.0 204"),
            (
                "HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: websocket",
                "HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: websocket",
            ),
            (
                "HTTP/1.1 426 Upgrade Required\nUpgrade: websocket\nConnection: close, Upgrade",
                "HTTP/1.1 426 Upgrade Required\nUpgrade: websocket\nConnection: Upgrade",
            ),
        ] {
            assert_eq!(answered(response), sent, "{response}");
        }
    }

    #[test]
    fn dropped_and_extra_fields() {
        let head = RequestHead::from_wire(wire("GET /a HTTP/1.1\nHost: h\nX-Id: 1\nX-Z: 2")).unwrap();
        let mut out = b"before ".to_vec();
        write_request(&mut out, &head, b"/b?c", |field| field.is("x-id"), &[(b"X-New", b"9")]);
        assert_eq!(out, b"before GET /b?c HTTP/1.1\r\nHost: h\r\nX-Z: 2\r\nX-New: 9\r\n\r\n");
    }
}
