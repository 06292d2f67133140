//! How Twisted finds the end of a request's body: daphne calls the app only when all of it is there.
//!
//! Source of the rules: Twisted 26.10 `web/http.py`, `_IdentityTransferDecoder` and `_ChunkedTransferDecoder` (the same
//! since 24.7).

use memchr::{memchr, memmem};

use super::channel::{closed, refused};
use crate::asgi::Outcome;

/// Longest line with a chunk's size (`maxChunkSizeLineLength`).
const LONGEST_SIZE_LINE: usize = 1024;

/// Most bytes of trailers.
const LONGEST_TRAILERS: usize = 1 << 16;

/// A body of `length` bytes.
pub(super) fn identity(bytes: &[u8], length: usize) -> Result<Vec<u8>, Outcome> {
    bytes.get(..length).map(<[u8]>::to_vec).ok_or_else(unfinished)
}

/// A chunked body, decoded.
pub(super) fn chunked(mut rest: &[u8]) -> Result<Vec<u8>, Outcome> {
    let mut body = Vec::new();
    loop {
        let end = memmem::find(rest, b"\r\n");
        if end.unwrap_or(rest.len()) >= LONGEST_SIZE_LINE + usize::from(end.is_none()) {
            return Err(refused("a line with a chunk's size longer than 1024 bytes"));
        }
        let line = rest.get(..end.ok_or_else(unfinished)?).unwrap_or_default();
        let length = chunk_size(line)?;
        rest = rest.get(line.len() + 2..).unwrap_or_default();
        if length == 0 {
            return trailers(rest).map(|()| body);
        }
        body.extend_from_slice(rest.get(..length).ok_or_else(unfinished)?);
        rest = rest.get(length..).unwrap_or_default();
        match rest {
            [b'\r', b'\n', behind @ ..] => rest = behind,
            [] | [_] => return Err(unfinished()),
            _ => return Err(refused("a chunk is longer than it said")),
        }
    }
}

/// Hexadecimal digits and nothing else, then extensions, of which only the bytes are checked.
fn chunk_size(line: &[u8]) -> Result<usize, Outcome> {
    let digits = line.get(..memchr(b';', line).unwrap_or(line.len())).unwrap_or_default();
    let size = digits.iter().try_fold(0usize, |size, &b| {
        let digit = char::from(b).to_digit(16)?;
        Some(size.saturating_mul(16).saturating_add(usize::try_from(digit).ok()?))
    });
    let size = size.filter(|_| !digits.is_empty()).ok_or_else(|| refused("a chunk's size is no number"))?;
    let extension = line.get(digits.len()..).unwrap_or_default();
    if extension.iter().any(|&b| b == b'\\' || b != b'\t' && b.is_ascii_control()) {
        return Err(refused("bytes in a chunk's extension that may not stand there"));
    }
    Ok(size)
}

/// Trailers are read to the empty line and dropped.
fn trailers(mut rest: &[u8]) -> Result<(), Outcome> {
    let mut size = 0;
    loop {
        let Some(end) = memmem::find(rest, b"\r\n") else {
            let least = size + rest.len() + if rest.ends_with(b"\r") { 1 } else { 2 };
            return Err(if least > LONGEST_TRAILERS { too_long() } else { unfinished() });
        };
        if end == 0 {
            return Ok(());
        }
        size += end + 2;
        if size > LONGEST_TRAILERS {
            return Err(too_long());
        }
        rest = rest.get(end + 2..).unwrap_or_default();
    }
}

fn too_long() -> Outcome {
    refused("trailers longer than 65536 bytes")
}

fn unfinished() -> Outcome {
    closed("the body is not complete, and daphne waits for the rest")
}
