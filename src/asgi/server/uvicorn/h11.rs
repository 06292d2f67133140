//! What h11 0.16 accepts, and how uvicorn's `H11Protocol` splits it.
//!
//! Source of the rules: `h11/_abnf.py`, `_readers.py`, `_headers.py`, `_events.py`; uvicorn `h11_impl.py`.

use std::borrow::Cow;

use super::request::{self, Line, Request, Target, is_token, refused};
use crate::asgi::Outcome;
use crate::exchange::{RequestHead, Version};

/// Most digits of a `Content-Length` (`CONTENT_LENGTH_MAX_DIGITS`).
const MOST_DIGITS: usize = 20;

/// Reads a head as h11 does.
pub(super) fn read(head: &RequestHead, root_path: &str) -> Result<Request, Outcome> {
    if !is_token(head.method()) {
        return Err(refused("h11: the method is no token"));
    }
    if !head.target().iter().all(u8::is_ascii_graphic) {
        return Err(refused("h11: the target has bytes outside printable ASCII"));
    }
    let lines = unfolded(head).iter().map(|line| read_line(line)).collect::<Result<Vec<_>, _>>()?;
    check_host(&lines, head.version())?;
    check_framing(&lines)?;
    if !root_path.is_ascii() {
        return Err(Outcome::Closed { why: "--root-path is not ASCII: uvicorn fails and drops the connection".into() });
    }
    let websocket = request::asks_for_websocket(&lines);
    if !websocket && head.method() == b"CONNECT" {
        let why = "h11 takes a 2xx answer to CONNECT for the end of HTTP: the app's body is never sent";
        return Err(Outcome::Closed { why: why.into() });
    }
    let target = Target::whole(head.target());
    Ok(Request { method: head.method().to_vec(), version: head.version(), target, lines, websocket })
}

/// The header lines with continuation lines (obs-fold) joined to the line above.
fn unfolded(head: &RequestHead) -> Vec<Cow<'_, [u8]>> {
    let mut lines: Vec<Cow<'_, [u8]>> = Vec::new();
    for raw in request::raw_lines(head) {
        let line = raw.strip_suffix(b"\r").unwrap_or(raw);
        match lines.last_mut() {
            Some(last) if matches!(line, [b' ' | b'\t', ..]) => {
                let last = last.to_mut();
                last.push(b' ');
                last.extend_from_slice(trim_blanks_start(line));
            }
            _ => lines.push(Cow::Borrowed(line)),
        }
    }
    lines
}

fn read_line(line: &[u8]) -> Result<Line, Outcome> {
    let (name, value) = request::name_and_value(line).ok_or_else(|| refused("h11: a header line has no colon"))?;
    if !is_token(name) {
        return Err(refused("h11: a header name is no token"));
    }
    let value = trim_blanks(value);
    if value.iter().any(|b| matches!(b, 0 | b'\n' | 0x0b | 0x0c | b'\r')) {
        return Err(refused("h11: a header value has a NUL or a vertical blank"));
    }
    Ok(Line { name: name.to_ascii_lowercase(), value: value.to_vec() })
}

fn check_host(lines: &[Line], version: Version) -> Result<(), Outcome> {
    match request::values(lines, "host").count() {
        0 if version == Version::Http11 => Err(refused("h11: no Host header")),
        0 | 1 => Ok(()),
        _ => Err(refused("h11: more than one Host header")),
    }
}

/// One length, if any; `chunked` and nothing else, once. Both together pass.
fn check_framing(lines: &[Line]) -> Result<(), Outcome> {
    let mut lengths =
        request::values(lines, "content-length").flat_map(|value| value.split(|&b| b == b',')).map(<[u8]>::trim_ascii);
    if let Some(first) = lengths.next() {
        let good = !first.is_empty() && first.len() <= MOST_DIGITS && first.iter().all(u8::is_ascii_digit);
        if !good || lengths.any(|other| other != first) {
            return Err(refused("h11: bad or conflicting Content-Length"));
        }
    }
    let codings: Vec<_> = request::values(lines, "transfer-encoding").collect();
    let good = match codings.as_slice() {
        [] => true,
        [coding] => coding.eq_ignore_ascii_case(b"chunked"),
        _ => false,
    };
    if good { Ok(()) } else { Err(refused("h11: a Transfer-Encoding other than chunked")) }
}

fn trim_blanks(value: &[u8]) -> &[u8] {
    let mut value = trim_blanks_start(value);
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

fn trim_blanks_start(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    value
}
