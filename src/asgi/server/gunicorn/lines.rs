//! Lines as `PythonProtocol._find_line` finds them, and why reading stops.
//!
//! This file exists because every line of a message, in head, chunks and trailers alike, goes through the same rule:
//! it ends with CRLF, a lone LF is refused, and one that grows too long is refused before its end is seen.

use crate::asgi::Outcome;
use crate::asgi::server::request::{strip, trim_blanks};
use crate::forwarded;

/// Why gunicorn's parser reads no further.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// It waits for more bytes.
    Waits,
    /// It answers by itself.
    Refuses(u16, &'static str),
    /// It fails, and the connection is dropped without an answer.
    Fails(&'static str),
}

impl Stop {
    /// What that means for a request whose head is not read yet.
    pub(super) fn before_the_app(self) -> Outcome {
        match self {
            Self::Waits => Outcome::Closed { why: "gunicorn waits for the rest of the head".to_owned() },
            Self::Refuses(status, why) => Outcome::Refused { status, why: format!("gunicorn: {why}") },
            Self::Fails(why) => Outcome::Closed { why: format!("gunicorn: {why}") },
        }
    }
}

/// The bytes of a message that are not read yet.
pub(super) struct Unread<'a> {
    pub(super) bytes: &'a [u8],
    /// Since 27.0; before, only CRLF ended a line, and it might grow without limit.
    pub(super) strict: bool,
}

impl<'a> Unread<'a> {
    /// The next line without its CRLF. One of which only the start is there, longer than `limit`, is `too_long`.
    pub(super) fn line(&mut self, limit: usize, too_long: Stop) -> Result<&'a [u8], Stop> {
        let end = memchr::memmem::find(self.bytes, b"\r\n");
        let (line, rest) = self.bytes.split_at_checked(end.unwrap_or(self.bytes.len())).unwrap_or_default();
        if self.strict && memchr::memchr(b'\n', line).is_some() {
            return Err(Stop::Refuses(400, "a line feed without carriage return"));
        }
        if end.is_none() {
            return Err(if self.strict && line.len() > limit.saturating_add(1) { too_long } else { Stop::Waits });
        }
        self.bytes = rest.get(2..).unwrap_or_default();
        Ok(line)
    }

    /// Skips one empty line, which may stand before the request line.
    pub(super) fn skip_empty_line(&mut self) -> Result<(), Stop> {
        match self.bytes {
            _ if !self.strict => Ok(()),
            [] | [b'\r'] => Err(Stop::Waits),
            [b'\r', b'\n', rest @ ..] => {
                self.bytes = rest;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Takes `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8], Stop> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(Stop::Waits)?;
        self.bytes = rest;
        Ok(taken)
    }
}

/// What `strip` takes off both ends: spaces and tabs; before 27.0 whatever `bytes.strip()` does.
pub(super) fn stripped(text: &[u8], strict: bool) -> &[u8] {
    if strict { trim_blanks(text) } else { strip(text) }
}

/// `int()` of bytes, which knows less white space than `int()` of a text, and no other digits.
pub(super) fn int(text: &[u8]) -> Option<i64> {
    let odd = text.iter().any(|b| matches!(b, 0x1c..=0x1f | 0x80..));
    if odd { None } else { forwarded::int(std::str::from_utf8(text).ok()?) }
}
