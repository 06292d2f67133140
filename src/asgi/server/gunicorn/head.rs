//! The head of a request as gunicorn's `asgi` worker reads it, and what it refuses.
//!
//! Source of the rules: gunicorn 27.0 `asgi/parser.py`, `PythonProtocol._parse_request_line` and `_parse_headers`; what
//! was otherwise before is in `rules.rs`.

use super::framing::{Framing, framing};
use super::limits::Limits;
use super::lines::{Stop, Unread, int, stripped};
use super::rules::Rules;
use crate::asgi::server::request::{Line, Request, is_token, split_at_first};

/// What `--permit-unconventional-http-…` allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Permitted {
    pub(super) method: bool,
    pub(super) version: bool,
}

struct RequestLine<'a> {
    method: &'a [u8],
    target: &'a [u8],
    /// The second number of `HTTP/1.1`; anything that `int()` accepts where odd versions are permitted.
    minor: i64,
}

/// Reads a head, and how long the body is that it announces.
pub(super) fn read(
    unread: &mut Unread<'_>,
    rules: Rules,
    limits: &Limits,
    permitted: Permitted,
) -> Result<(Request, Framing), Stop> {
    let RequestLine { method, target, minor } = request_line(unread, rules, limits, permitted)?;
    let lines = header_lines(unread, rules, limits)?;
    let framing = framing(&lines, minor, rules)?;
    if !method.is_ascii() {
        return Err(Stop::Fails("it decodes the method as ASCII, and nobody catches what that raises"));
    }
    let (method, target) = (method.to_vec(), target.to_vec());
    Ok((Request { method, target, version: format!("1.{minor}"), lines }, framing))
}

fn request_line<'a>(
    unread: &mut Unread<'a>,
    rules: Rules,
    limits: &Limits,
    permitted: Permitted,
) -> Result<RequestLine<'a>, Stop> {
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
    if rules.strict && !target.iter().all(u8::is_ascii_graphic) {
        return Err(Stop::Refuses(400, "the target has bytes outside printable ASCII"));
    }
    if !permitted.method && !is_conventional(method) {
        return Err(Stop::Refuses(400, "a method that is not 3 to 20 upper-case letters"));
    }
    if rules.forms && !fits(target, method) {
        return Err(Stop::Refuses(400, "a target of a form that does not go with the method"));
    }
    let minor = minor(version, permitted.version).ok_or(Stop::Refuses(400, "neither HTTP/1.0 nor HTTP/1.1"))?;
    Ok(RequestLine { method, target, minor })
}

/// `_is_valid_method`
fn is_conventional(method: &[u8]) -> bool {
    (3..=20).contains(&method.len()) && is_token(method) && !method.iter().any(|b| b.is_ascii_lowercase() || *b == b'#')
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
        other if permitted => int(other),
        _ => None,
    }
}

fn header_lines(unread: &mut Unread<'_>, rules: Rules, limits: &Limits) -> Result<Vec<Line>, Stop> {
    let too_long = Stop::Refuses(431, "a header line is too long (--limit-request-field_size)");
    let mut lines = Vec::new();
    loop {
        let line = unread.line(limits.longest_unfinished_field(), too_long.clone())?;
        if line.is_empty() {
            return Ok(lines);
        }
        if limits.field_size > 0 && line.len() + 2 > limits.field_size {
            return Err(too_long);
        }
        if limits.fields > 0 && lines.len() >= limits.fields {
            return Err(Stop::Refuses(431, "too many header lines (--limit-request-fields)"));
        }
        lines.push(header(line, rules)?);
    }
}

fn header(line: &[u8], rules: Rules) -> Result<Line, Stop> {
    let (name, value) = split_at_first(b':', line).ok_or(Stop::Refuses(400, "a header line without colon"))?;
    let name = if rules.strict { name } else { stripped(name, false) };
    if !is_token(name) {
        return Err(Stop::Refuses(400, "a header name is no token"));
    }
    let value = stripped(value, rules.strict);
    let is_refused =
        |b: u8| if rules.forms { b != b'\t' && b.is_ascii_control() } else { matches!(b, 0 | b'\r' | b'\n') };
    if value.iter().any(|&b| is_refused(b)) {
        return Err(Stop::Refuses(400, "a control byte in a header value"));
    }
    Ok(Line { name: name.to_ascii_lowercase(), value: value.to_vec() })
}
