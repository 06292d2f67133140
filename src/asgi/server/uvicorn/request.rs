//! A request as a parser of uvicorn's hands it on, and what both parsers check alike.

use crate::asgi::Outcome;
use crate::exchange::{RequestHead, Version};

/// A header line: the name in lower case, the value as the parser leaves it.
pub(super) struct Line {
    pub(super) name: Vec<u8>,
    pub(super) value: Vec<u8>,
}

/// The target, split as the parser splits it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Percent-escapes left in.
    pub(super) path: Vec<u8>,
    /// Behind the first `?`.
    pub(super) query: Vec<u8>,
}

/// A request that a parser accepted.
pub(super) struct Request {
    pub(super) method: Vec<u8>,
    pub(super) version: Version,
    pub(super) target: Target,
    pub(super) lines: Vec<Line>,
    /// True if the request is handed to the websocket library.
    pub(super) websocket: bool,
}

impl Target {
    /// Split at the first `?`, which is all that h11 and the websocket library do.
    pub(super) fn whole(raw: &[u8]) -> Self {
        let mut parts = raw.splitn(2, |&b| b == b'?');
        let mut next = || parts.next().unwrap_or_default().to_vec();
        Self { path: next(), query: next() }
    }
}

impl Request {
    /// The values under `name` (lower case), in order.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        values(&self.lines, name)
    }
}

/// The values under `name` (lower case), in order.
pub(super) fn values<'a>(lines: &'a [Line], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    lines.iter().filter(move |line| line.name == name.as_bytes()).map(|line| line.value.as_slice())
}

/// The header lines of a head as they were sent, carriage returns and all, the empty line left out.
pub(super) fn raw_lines(head: &RequestHead) -> impl Iterator<Item = &[u8]> {
    head.as_bytes().split(|&b| b == b'\n').skip(1).filter(|line| !matches!(line, &(b"" | b"\r")))
}

/// Splits at the first colon.
pub(super) fn name_and_value(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', line)?;
    Some((line.get(..colon)?, line.get(colon + 1..)?))
}

/// True for a token of RFC 9110 section 5.6.2, which method and header names are.
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// `_should_upgrade`: the last `Connection` lists `upgrade` and the last `Upgrade` is `websocket`.
pub(super) fn asks_for_websocket(lines: &[Line]) -> bool {
    let upgrade = values(lines, "upgrade").last();
    let connection = values(lines, "connection").last().unwrap_or_default();
    upgrade.is_some_and(|value| value.eq_ignore_ascii_case(b"websocket"))
        && connection.split(|&b| b == b',').any(|token| token.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
}

/// The 400 that uvicorn writes where its parser gives up.
pub(super) fn refused(why: &str) -> Outcome {
    Outcome::Refused { status: 400, why: why.to_owned() }
}
