//! Content codings taken off (RFC 9110 section 8.4), as far as a bound.

use std::borrow::Cow;
use std::io::Read;

use brotli_decompressor::Decompressor;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use ruzstd::decoding::StreamingDecoder;

use crate::exchange::ResponseHead;

/// Codings on top of each other at most.
const MOST_CODINGS: usize = 3;
/// The largest window of a zstd frame in HTTP (RFC 9659 section 3): what is set aside before the first byte is known.
const LARGEST_WINDOW: u64 = 8 << 20;
/// What is read of the coded bytes at once.
const PIECE: usize = 4096;

/// A body without its codings.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded<'a> {
    /// Its first bytes.
    pub(super) bytes: Cow<'a, [u8]>,
    /// True if it came to its end without an error.
    pub(super) whole: bool,
}

/// Takes off what `Content-Encoding` names and gives at most `bound` bytes.
///
/// # Errors
/// The name of a coding that is not known here.
pub(super) fn decode<'a>(body: &'a [u8], head: &ResponseHead, bound: usize) -> Result<Decoded<'a>, String> {
    let fields = head.fields();
    let named: Vec<&[u8]> = fields
        .all("content-encoding")
        .flat_map(|value| value.split(|&b| b == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
        .collect();
    if named.len() > MOST_CODINGS {
        return Err(format!("{} codings on top of each other", named.len()));
    }
    let first = body.get(..bound).unwrap_or(body);
    let mut decoded = Decoded { bytes: Cow::Borrowed(if named.is_empty() { first } else { body }), whole: true };
    for coding in named.iter().rev() {
        let (bytes, whole) = without(&decoded.bytes, coding, bound)?;
        decoded = Decoded { bytes: Cow::Owned(bytes), whole: decoded.whole && whole };
    }
    Ok(decoded)
}

/// One coding taken off.
fn without(body: &[u8], coding: &[u8], bound: usize) -> Result<(Vec<u8>, bool), String> {
    let is = |name: &[u8]| coding.eq_ignore_ascii_case(name);
    if is(b"gzip") || is(b"x-gzip") {
        Ok(all_of(MultiGzDecoder::new(body), bound))
    } else if is(b"deflate") && is_zlib(body) {
        Ok(all_of(ZlibDecoder::new(body), bound))
    } else if is(b"deflate") {
        Ok(all_of(DeflateDecoder::new(body), bound))
    } else if is(b"br") && is_brotli(body) {
        Ok(all_of(Decompressor::new(body, PIECE), bound))
    } else if is(b"zstd") {
        let decoder = StreamingDecoder::new_with_max_window_size(body, LARGEST_WINDOW);
        Ok(decoder.map_or((Vec::new(), false), |decoder| all_of(decoder, bound)))
    } else {
        Err(String::from_utf8_lossy(coding).into_owned())
    }
}

/// What comes of a decoder, and true if it came to its end or to the bound.
fn all_of(decoder: impl Read, bound: usize) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    let whole = decoder.take(bound as u64).read_to_end(&mut bytes).is_ok();
    (bytes, whole)
}

/// True for the header of RFC 1950. Some servers send `deflate` without it.
fn is_zlib(body: &[u8]) -> bool {
    let [first, second, ..] = body else { return false };
    first & 0x0f == 8 && (u16::from(*first) << 8 | u16::from(*second)) % 31 == 0
}

/// False for a "large window" stream, which is none of RFC 7932 and may ask for a gigabyte.
fn is_brotli(body: &[u8]) -> bool {
    body.first().is_none_or(|first| first & 0x7f != 0x11)
}
