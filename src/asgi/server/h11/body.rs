//! The body of a request, as far as it is there: by its length, or in chunks.

use super::super::request::{Body, Fault, Request};
use super::{H11, lines, read_lines};
use crate::asgi::Release;

impl H11 {
    /// How `bytes`, which stand behind the head of `request`, stand to its body.
    pub(in crate::asgi::server) fn body<'a>(&self, request: &Request, bytes: &'a [u8]) -> Body<'a> {
        if request.all("transfer-encoding").next().is_some() {
            return self.chunks(bytes).unwrap_or_else(|fault| match fault {
                Fault::Unfinished => Body::Unfinished,
                fault @ Fault::Refused { .. } => Body::Bad(fault),
            });
        }
        let length = request.all("content-length").next().map_or(0, decimal);
        match usize::try_from(length).ok().and_then(|length| bytes.get(length..)) {
            Some(rest) => Body::Complete { rest },
            None => Body::Unfinished,
        }
    }

    /// `ChunkedReader`
    fn chunks<'a>(&self, mut bytes: &'a [u8]) -> Result<Body<'a>, Fault> {
        loop {
            let Some(end) = memchr::memmem::find(bytes, b"\r\n") else { return Err(self.unfinished(bytes)) };
            let (line, behind) = bytes.split_at_checked(end).unwrap_or_default();
            let size = self.chunk_size(line)?;
            let behind = behind.get(2..).unwrap_or_default();
            if size == 0 {
                let (trailer, rest) = lines(behind).ok_or_else(|| self.unfinished(behind))?;
                self.normalized(read_lines(&trailer)?)?;
                return Ok(Body::Complete { rest });
            }
            let data_end = usize::try_from(size).ok().filter(|&size| size <= behind.len());
            let Some((_, after)) = data_end.and_then(|end| behind.split_at_checked(end)) else {
                return Ok(Body::Unfinished);
            };
            bytes = self.behind_chunk(after)?;
        }
    }

    /// The size a chunk's first line names: up to 20 digits, extensions behind a semicolon, blanks at the end since 0.14.
    fn chunk_size(&self, line: &[u8]) -> Result<u128, Fault> {
        let bad = || Fault::bad_request("h11: a chunk that does not start with its size");
        let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let (size, rest) = line.split_at_checked(digits).ok_or_else(bad)?;
        let well_ended = match rest {
            [] => true,
            [b';', extension @ ..] => !extension.contains(&b'\n'),
            blanks => self.release >= Release::new(0, 14, 0) && blanks.iter().all(|b| matches!(b, b' ' | b'\t')),
        };
        if !(1..=20).contains(&digits) || !well_ended {
            return Err(bad());
        }
        std::str::from_utf8(size).ok().and_then(|size| u128::from_str_radix(size, 16).ok()).ok_or_else(bad)
    }

    /// The line end behind a chunk's data; before 0.16 any two bytes were taken for it.
    fn behind_chunk<'a>(&self, bytes: &'a [u8]) -> Result<&'a [u8], Fault> {
        let strict = self.release >= Release::new(0, 16, 0);
        match bytes {
            [b'\r', b'\n', rest @ ..] => Ok(rest),
            [_, _, rest @ ..] if !strict => Ok(rest),
            [] | [b'\r'] => Err(Fault::Unfinished),
            [_] if !strict => Err(Fault::Unfinished),
            _ => Err(Fault::bad_request("h11: a chunk longer than its size")),
        }
    }
}

/// A number of nothing but digits; the largest that fits where it does not.
fn decimal(digits: &[u8]) -> u128 {
    digits.iter().fold(0, |n: u128, digit| n.saturating_mul(10).saturating_add(u128::from(digit.saturating_sub(b'0'))))
}
