//! How long a request's body is, once nginx has read it: bodies are buffered before they are sent on, so that one that
//! came in chunks goes on with its length.
//!
//! Source: `ngx_http_parse_chunked` (`ngx_http_parse.c`), `ngx_http_request_body_chunked_filter`
//! (`ngx_http_request_body.c`), 1.22.1; since 1.29.4 lines of the framing must end with CR LF.

use super::Body;
use crate::asgi::Release;

const STRICT_ENDS: Release = Release::new(1, 29, 4);

/// The largest size that nginx counts with.
const LARGEST: u64 = i64::MAX.unsigned_abs();

/// What came of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway::nginx) enum Whole {
    /// There is none.
    Absent,
    /// It is this long.
    Length(u64),
    /// It is refused.
    Refused(u16),
    /// More of it is to come, or none of it is known.
    Unknown,
}

/// What comes of a body, by the bytes after the head. `limit` is `client_max_body_size`, 0 for none.
pub(in crate::gateway::nginx) fn whole(framing: Body, bytes: Option<&[u8]>, limit: u64, release: Release) -> Whole {
    match (framing, bytes) {
        (Body::Absent, _) => Whole::Absent,
        (Body::Length(length), _) => Whole::Length(length),
        (Body::Chunked, None) => Whole::Unknown,
        (Body::Chunked, Some(bytes)) => Chunks { bytes, strict: release >= STRICT_ENDS }.length(limit),
    }
}

struct Chunks<'a> {
    bytes: &'a [u8],
    strict: bool,
}

/// Why there is no length.
enum Stopped {
    Refused(u16),
    Unfinished,
}

impl Chunks<'_> {
    fn length(mut self, limit: u64) -> Whole {
        let mut length = 0_u64;
        loop {
            match self.chunk() {
                Ok(0) => break,
                Ok(size) if limit != 0 && length.saturating_add(size) > limit => return Whole::Refused(413),
                Ok(size) => {
                    length = length.saturating_add(size);
                    if let Err(stopped) = self.data(size) {
                        return stopped.whole();
                    }
                }
                Err(stopped) => return stopped.whole(),
            }
        }
        self.trailers().map_or_else(Stopped::whole, |()| Whole::Length(length))
    }

    fn next(&mut self) -> Result<u8, Stopped> {
        let (&first, rest) = self.bytes.split_first().ok_or(Stopped::Unfinished)?;
        self.bytes = rest;
        Ok(first)
    }

    /// The rest of a line end that began with this byte.
    fn end(&mut self, first: u8) -> Result<(), Stopped> {
        match first {
            b'\n' if !self.strict => Ok(()),
            b'\r' if self.next()? == b'\n' => Ok(()),
            _ => Err(Stopped::Refused(400)),
        }
    }

    /// The line before a chunk: its size.
    fn chunk(&mut self) -> Result<u64, Stopped> {
        let mut size = None;
        loop {
            let byte = self.next()?;
            match (char::from(byte).to_digit(16), size) {
                (Some(digit), before) => {
                    let before: u64 = before.unwrap_or(0);
                    if before > LARGEST / 16 {
                        return Err(Stopped::Refused(400));
                    }
                    size = Some(before * 16 + u64::from(digit));
                }
                (None, None) => return Err(Stopped::Refused(400)),
                (None, Some(size)) => {
                    let mut end = byte;
                    if matches!(byte, b';' | b' ' | b'\t') {
                        while !matches!(end, b'\r' | b'\n') {
                            end = self.next()?;
                        }
                    }
                    self.end(end)?;
                    return Ok(size);
                }
            }
        }
    }

    /// A chunk's bytes and the line end after them.
    fn data(&mut self, size: u64) -> Result<(), Stopped> {
        let rest = usize::try_from(size).ok().and_then(|size| self.bytes.get(size..)).ok_or(Stopped::Unfinished)?;
        self.bytes = rest;
        let first = self.next()?;
        self.end(first)
    }

    /// Trailer lines and the empty line; nothing of them is kept.
    fn trailers(&mut self) -> Result<(), Stopped> {
        loop {
            let mut byte = self.next()?;
            if matches!(byte, b'\r' | b'\n') {
                return self.end(byte);
            }
            while !matches!(byte, b'\r' | b'\n') {
                byte = self.next()?;
            }
            self.end(byte)?;
        }
    }
}

impl Stopped {
    fn whole(self) -> Whole {
        match self {
            Self::Refused(status) => Whole::Refused(status),
            Self::Unfinished => Whole::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunked_bodies() {
        let old = Release::new(1, 22, 1);
        let new = Release::new(1, 29, 4);
        for (body, release, whole_body) in [
            ("7\r\n{\"a\":1}\r\n0\r\n\r\n", old, Whole::Length(7)),
            ("1\r\na\r\nA\r\n0123456789\r\n0\r\n\r\n", old, Whole::Length(11)),
            ("0\r\n\r\n", old, Whole::Length(0)),
            ("3;x=y\r\nabc\r\n0 \r\nX: y\r\n\r\nrest", old, Whole::Length(3)),
            ("3\nabc\n0\n\n", old, Whole::Length(3)),
            ("3\nabc\n0\n\n", new, Whole::Refused(400)),
            ("3\r\nabc\r\n0\r\n\r\n", new, Whole::Length(3)),
            ("x\r\n", old, Whole::Refused(400)),
            ("3\r\nabcd\r\n", old, Whole::Refused(400)),
            ("ffffffffffffffffff\r\n", old, Whole::Refused(400)),
            ("3\r\nab", old, Whole::Unknown),
            ("", old, Whole::Unknown),
            ("8\r\n12345678\r\n1\r\nx\r\n0\r\n\r\n", old, Whole::Refused(413)),
            ("9\r\n123456789\r\n0\r\n\r\n", old, Whole::Refused(413)),
        ] {
            let limit = if body.contains("345678") && !body.contains("0123") { 8 } else { 0 };
            assert_eq!(whole(Body::Chunked, Some(body.as_bytes()), limit, release), whole_body, "{body}");
        }
    }
}
