//! A request as `HAProxy`'s HTTP/1 reader takes it in, and as its writer puts it out (`h1.c`, `h1_htx.c`, `mux_h1.c`, 2.6).
//!
//! This module exists because reading is strict where it looks lax: names are lower-cased, repeated `Host` and
//! `Content-Length` lines collapse, `Connection` loses its two usual words, and what is refused is refused with 400.

mod authority;
mod read;
mod write;

pub(super) use self::read::read;
pub(super) use self::write::{Keep, write};

/// Header lines: names in lower case, values without the blanks around them.
pub(super) type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// A request between reader and writer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// The method.
    pub(super) method: Vec<u8>,
    /// The target as it is at this point.
    pub(super) target: Vec<u8>,
    /// The version as sent, e.g. `HTTP/1.0`.
    pub(super) version: Vec<u8>,
    /// The header lines.
    pub(super) fields: Fields,
    /// True from HTTP/1.1 on.
    pub(super) is_11: bool,
}

/// Why a head is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// With this status.
    Status(u16),
    /// It is not at its end: more is waited for.
    Unfinished,
}

const BAD: Refusal = Refusal::Status(400);

/// Without blanks and line ends on either side.
fn trim(value: &[u8]) -> &[u8] {
    let is_blank = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
    let start = value.iter().position(|b| !is_blank(b)).unwrap_or(value.len());
    let end = value.iter().rposition(|b| !is_blank(b)).map_or(start, |at| at + 1);
    value.get(start..end).unwrap_or_default()
}

/// A `Connection` line without `close` and `keep-alive`, and whether it asks for an upgrade.
fn connection(value: &[u8]) -> (Vec<u8>, bool) {
    let usual = |word: &[u8]| word.eq_ignore_ascii_case(b"close") || word.eq_ignore_ascii_case(b"keep-alive");
    let upgrade = list(value).any(|word| word.eq_ignore_ascii_case(b"upgrade"));
    if !list(value).any(usual) {
        return (value.to_vec(), upgrade);
    }
    let mut kept = Vec::new();
    let mut rewritten = false;
    for item in values(value) {
        let word = trim(item);
        if word.is_empty() || usual(word) {
            rewritten |= usual(word);
            continue;
        }
        if !kept.is_empty() {
            kept.push(b',');
        }
        kept.extend_from_slice(if rewritten { word } else { item });
    }
    (kept, upgrade)
}

/// The words of a comma-separated value, without the empty ones.
fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    values(value).map(trim).filter(|word| !word.is_empty())
}

/// A value split at its commas; a comma in double quotes is none (`http.c`, `http_find_hdr_value_end`).
pub(super) fn values(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    value.split(move |&b| {
        match b {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b',' => return !quoted,
            _ => {}
        }
        false
    })
}
