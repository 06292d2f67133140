//! The head of a request as gunicorn's `asgi` worker reads it, and what it refuses.
//!
//! Source of the rules: gunicorn 27.0 `asgi/parser.py`, `PythonProtocol._parse_request_line`, `_parse_headers` and
//! `_finalize_headers`. `gunicorn[fast]` brings another parser (`gunicorn_h1c`) that means to behave alike.

use super::framing::{Framing, framing};
use super::limits::Limits;
use super::lines::{Stop, Unread, is_token, without_blanks};
use crate::forwarded;

/// A head that gunicorn accepted.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) method: String,
    /// Path and query as on the wire.
    pub(super) target: Vec<u8>,
    /// The `1` of `HTTP/1.1`; anything `int()` accepts where odd versions are permitted.
    pub(super) minor: i64,
    /// Names in lower case.
    pub(super) headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) framing: Framing,
}

/// What `--permit-unconventional-http-…` allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Permitted {
    pub(super) method: bool,
    pub(super) version: bool,
}

struct RequestLine<'a> {
    method: &'a [u8],
    target: &'a [u8],
    minor: i64,
}

/// Reads a head.
pub(super) fn read(unread: &mut Unread<'_>, limits: &Limits, permitted: Permitted) -> Result<Head, Stop> {
    let RequestLine { method, target, minor } = request_line(unread, limits, permitted)?;
    let headers = header_lines(unread, limits)?;
    let framing = framing(&headers, minor)?;
    // The method is decoded as ASCII, and nobody catches what that raises.
    let method = std::str::from_utf8(method).ok().filter(|text| text.is_ascii());
    let method = method.ok_or(Stop::Fails("the method is not ASCII"))?.to_owned();
    Ok(Head { method, target: target.to_vec(), minor, headers, framing })
}

fn request_line<'a>(unread: &mut Unread<'a>, limits: &Limits, permitted: Permitted) -> Result<RequestLine<'a>, Stop> {
    let too_long = Stop::Refuses(414, "the request line is too long (--limit-request-line)");
    unread.skip_empty_line()?;
    let line = unread.line(limits.longest_unfinished_request_line(), too_long.clone())?;
    if limits.request_line > 0 && line.len() > limits.request_line {
        return Err(too_long);
    }
    let mut parts = line.splitn(3, |&b| b == b' ');
    let (Some(method), Some(target), Some(version)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Stop::Refuses(400, "the first line is no request line"));
    };
    if !target.iter().all(u8::is_ascii_graphic) {
        return Err(Stop::Refuses(400, "the target has bytes outside printable ASCII"));
    }
    if !permitted.method && !is_conventional(method) {
        return Err(Stop::Refuses(400, "a method that is not 3 to 20 upper-case letters"));
    }
    if !fits(target, method) {
        return Err(Stop::Refuses(400, "a target of a form that does not go with the method"));
    }
    let minor = minor(version, permitted.version).ok_or(Stop::Refuses(400, "neither HTTP/1.0 nor HTTP/1.1"))?;
    Ok(RequestLine { method, target, minor })
}

/// `_is_valid_method`
fn is_conventional(method: &[u8]) -> bool {
    (3..=20).contains(&method.len())
        && is_token(method)
        && !method.iter().any(|b| b.is_ascii_lowercase() || *b == b'#')
}

/// `*` goes with OPTIONS alone, and only CONNECT may do without a leading slash or a scheme.
fn fits(target: &[u8], method: &[u8]) -> bool {
    match target {
        b"*" => method == b"OPTIONS",
        [b'/', ..] => true,
        _ => method == b"CONNECT" || memchr::memmem::find(target, b"://").is_some(),
    }
}

/// The number behind `HTTP/1.`; one other than 0 and 1 if that is permitted, as `int()` reads bytes.
fn minor(version: &[u8], permitted: bool) -> Option<i64> {
    match version.strip_prefix(b"HTTP/1.")? {
        b"0" => Some(0),
        b"1" => Some(1),
        other if permitted && !other.iter().any(|b| matches!(b, 0x1c..=0x1f | 0x80..)) => {
            forwarded::int(std::str::from_utf8(other).ok()?)
        }
        _ => None,
    }
}

fn header_lines(unread: &mut Unread<'_>, limits: &Limits) -> Result<Vec<(Vec<u8>, Vec<u8>)>, Stop> {
    let too_long = Stop::Refuses(431, "a header line is too long (--limit-request-field_size)");
    let mut headers = Vec::new();
    loop {
        let line = unread.line(limits.longest_unfinished_field(), too_long.clone())?;
        if line.is_empty() {
            return Ok(headers);
        }
        if limits.field_size > 0 && line.len() + 2 > limits.field_size {
            return Err(too_long);
        }
        if limits.fields > 0 && headers.len() >= limits.fields {
            return Err(Stop::Refuses(431, "too many header lines (--limit-request-fields)"));
        }
        headers.push(header(line)?);
    }
}

fn header(line: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Stop> {
    let colon = memchr::memchr(b':', line).ok_or(Stop::Refuses(400, "a header line without colon"))?;
    let (name, value) = line.split_at(colon);
    if !is_token(name) {
        return Err(Stop::Refuses(400, "a header name is no token"));
    }
    let value = without_blanks(value.get(1..).unwrap_or_default());
    if value.iter().any(|&b| b != b'\t' && b.is_ascii_control()) {
        return Err(Stop::Refuses(400, "a control byte in a header value"));
    }
    Ok((name.to_ascii_lowercase(), value.to_vec()))
}
