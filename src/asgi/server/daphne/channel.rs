//! What Twisted's `HTTPChannel` takes for a request.
//!
//! This file exists because daphne sees nothing that Twisted did not let through. Read in Twisted 26.10
//! `web/http.py` (`HTTPChannel`, `_parseRequestLine`), `web/http_headers.py`, `protocols/basic.py` (`LineReceiver`) and
//! compared with 26.4 down to 24.7; what a release changed is a condition on it here. Before 24.7 a request line was any
//! three words.

use memchr::{memchr, memmem};

use super::body;
use crate::asgi::server::Modelled;
use crate::asgi::server::request::trim_blanks;
use crate::asgi::{Outcome, Release};

/// The newest release of Twisted that is modelled.
pub(super) const NEWEST: Release = Release::new(26, 10, 0);

/// What is modelled.
pub(super) const MODELLED: Modelled = Modelled { name: "Twisted", oldest: Release::new(24, 7, 0), newest: NEWEST };

/// From here on a header value must have no NUL, a header name may have a `&`.
const STRICT_VALUES: Release = Release::new(24, 10, 0);

/// From here on a lone line end in a header value is refused, not made a blank.
const NO_LINE_ENDS: Release = Release::new(26, 10, 0);

/// Longest line (`LineReceiver.MAX_LENGTH`); a longer one ends the connection.
const LONGEST_LINE: usize = 16_384;

/// Most bytes of a head, line ends not counted (`totalHeadersSize`).
const LONGEST_HEAD: usize = 16_384;

/// Most header lines (`maxHeaders`).
const MOST_HEADERS: usize = 500;

/// Digits beyond which Python's `int()` raises.
const MOST_DIGITS: usize = 4300;

/// Header lines by name: names in lower case, in the order of their first lines.
#[derive(Debug, Default)]
pub(super) struct Headers(Vec<(Vec<u8>, Vec<Vec<u8>>)>);

impl Headers {
    /// The names with their values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8], &[Vec<u8>])> {
        self.0.iter().map(|(name, values)| (name.as_slice(), values.as_slice()))
    }

    /// The first value under `name` (lower case).
    pub(super) fn first(&self, name: &[u8]) -> Option<&[u8]> {
        self.iter().find(|(known, _)| *known == name).and_then(|(_, values)| values.first()).map(Vec::as_slice)
    }

    fn add(&mut self, name: Vec<u8>, value: Vec<u8>) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => self.0.push((name, vec![value])),
        }
    }
}

/// A request that Twisted accepted.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) method: Vec<u8>,
    pub(super) target: Vec<u8>,
    /// `1.0` or `1.1`
    pub(super) version: &'static str,
    pub(super) headers: Headers,
    /// The body, decoded; `None` if there is one to come and nothing of it is known.
    pub(super) body: Option<Vec<u8>>,
}

/// How the end of the body is found.
enum Framing {
    Length(usize),
    Chunked,
}

/// Reads a request as Twisted does; daphne gets it when its body is whole.
pub(super) fn read(bytes: &[u8], twisted: Release) -> Result<Message, Outcome> {
    let mut lines = Lines { rest: bytes, size: 0 };
    let first = lines.next()?;
    // One empty line before the request is forgiven.
    let (method, target, version) = request_line(if first.is_empty() { lines.next()? } else { first }, twisted)?;
    let mut head = Head { twisted, headers: Headers::default(), framing: None, count: 0 };
    let mut header = Vec::new();
    loop {
        let line = lines.next()?;
        if matches!(line, [b' ' | b'\t', ..]) {
            header.push(b' ');
            header.extend_from_slice(trim_start(line));
            continue;
        }
        if !header.is_empty() {
            head.header(&header)?;
        }
        if line.is_empty() {
            break;
        }
        header = line.to_vec();
    }
    let body = match head.framing {
        None | Some(Framing::Length(0)) => Some(Vec::new()),
        Some(_) if lines.rest.is_empty() => None,
        Some(Framing::Length(length)) => Some(body::identity(lines.rest, length)?),
        Some(Framing::Chunked) => Some(body::chunked(lines.rest)?),
    };
    Ok(Message { method: method.to_vec(), target: target.to_vec(), version, headers: head.headers, body })
}

/// The lines of a head, with their bounds.
struct Lines<'a> {
    rest: &'a [u8],
    size: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a [u8], Outcome> {
        let end = memmem::find(self.rest, b"\r\n");
        let Some((line, rest)) = end.and_then(|end| Some((self.rest.get(..end)?, self.rest.get(end + 2..)?))) else {
            let too_long = self.rest.len() >= LONGEST_LINE + 2;
            return Err(closed(if too_long { "a line longer than 16384 bytes" } else { "the head is not complete" }));
        };
        if line.len() > LONGEST_LINE {
            return Err(closed("a line longer than 16384 bytes"));
        }
        self.rest = rest;
        self.size += line.len();
        if self.size > LONGEST_HEAD { Err(refused("a head longer than 16384 bytes")) } else { Ok(line) }
    }
}

/// `_parseRequestLine`: three words with one blank between.
fn request_line(line: &[u8], twisted: Release) -> Result<(&[u8], &[u8], &'static str), Outcome> {
    let mut words = line.split(|&b| b == b' ');
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(refused("the request line is not three words with one blank between"));
    };
    if !is_token(method, twisted) {
        return Err(refused("the method is no token"));
    }
    // 176 is decimal in Twisted too; daphne refuses what is not ASCII later on.
    if target.is_empty() || target.iter().any(|&b| b <= 32 || b > 176) {
        return Err(refused("the target is empty or has bytes that may not stand in one"));
    }
    match version {
        b"HTTP/1.1" => Ok((method, target, "1.1")),
        b"HTTP/1.0" => Ok((method, target, "1.0")),
        _ => Err(refused("the version is neither HTTP/1.0 nor HTTP/1.1")),
    }
}

/// A head as it is read.
struct Head {
    twisted: Release,
    headers: Headers,
    framing: Option<Framing>,
    count: usize,
}

impl Head {
    /// `headerReceived`: one line, continuation lines joined to it.
    fn header(&mut self, line: &[u8]) -> Result<(), Outcome> {
        let colon = memchr(b':', line).ok_or_else(|| refused("a header line has no colon"))?;
        let name = line.get(..colon).unwrap_or_default();
        if !is_token(name, self.twisted) {
            return Err(refused("a header name is no token"));
        }
        let value = trim_blanks(line.get(colon + 1..).unwrap_or_default());
        let forbidden = |b: &u8| match b {
            0 => self.twisted >= STRICT_VALUES,
            b'\r' | b'\n' => self.twisted >= NO_LINE_ENDS,
            _ => false,
        };
        if value.iter().any(forbidden) {
            return Err(refused("a header value has a NUL or a lone line end"));
        }
        let name = name.to_ascii_lowercase();
        self.frame(&name, value)?;
        self.headers.add(name, without_line_ends(value));
        self.count += 1;
        if self.count > MOST_HEADERS { Err(refused("more than 500 header lines")) } else { Ok(()) }
    }

    /// `_maybeChooseTransferDecoder`: the first header that frames the body; a second one of either kind is refused.
    fn frame(&mut self, name: &[u8], value: &[u8]) -> Result<(), Outcome> {
        let framing = match name {
            b"content-length" => Framing::Length(self.length(value)?),
            b"transfer-encoding" if value.eq_ignore_ascii_case(b"chunked") => Framing::Chunked,
            b"transfer-encoding" if value.eq_ignore_ascii_case(b"identity") => return Ok(()),
            b"transfer-encoding" => return Err(refused("a Transfer-Encoding other than chunked")),
            _ => return Ok(()),
        };
        match self.framing.replace(framing) {
            Some(_) => Err(refused("Content-Length or Transfer-Encoding more than once")),
            None => Ok(()),
        }
    }

    fn length(&self, value: &[u8]) -> Result<usize, Outcome> {
        if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            return Err(refused("a bad Content-Length"));
        }
        if value.len() > MOST_DIGITS {
            let why = "a Content-Length of more than 4300 digits";
            return Err(if self.twisted < STRICT_VALUES { refused(why) } else { closed(why) });
        }
        let digit = |length: usize, b: &u8| length.saturating_mul(10).saturating_add(usize::from(b - b'0'));
        Ok(value.iter().fold(0, digit))
    }
}

/// `_istoken`
fn is_token(bytes: &[u8], twisted: Release) -> bool {
    let good = |&b: &u8| match b {
        b'&' => twisted >= STRICT_VALUES,
        _ => b.is_ascii_alphanumeric() || b"!#$%'*+-.^_`|~".contains(&b),
    };
    !bytes.is_empty() && bytes.iter().all(good)
}

/// `_sanitizeLinearWhitespace`: every line end a blank, one at the very end nothing.
fn without_line_ends(value: &[u8]) -> Vec<u8> {
    let mut lines: Vec<&[u8]> = value.split(|b| matches!(b, b'\r' | b'\n')).collect();
    if lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    lines.join(&b' ')
}

fn trim_start(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    value
}

/// The 400 that Twisted writes.
pub(super) fn refused(why: &str) -> Outcome {
    Outcome::Refused { status: 400, why: format!("twisted: {why}") }
}

pub(super) fn closed(why: &str) -> Outcome {
    Outcome::Closed { why: format!("twisted: {why}") }
}
