//! How long a body is, and which chunked bodies gunicorn refuses.
//!
//! A body matters here because gunicorn parses all it has before the app is called: a chunk that is malformed in the
//! same read as the head gets a 400, and the app never sees the request.
//!
//! Source of the rules: gunicorn 27.0 `asgi/parser.py`, `_finalize_headers` and `_parse_chunked_body`; what was
//! otherwise before is in `rules.rs`.

use super::limits::Limits;
use super::lines::{Stop, Unread, int, stripped};
use super::rules::Rules;
use crate::asgi::server::request::{Line, is_token_byte, split_at_first, trim_blanks};

/// Digits beyond which `int()` refuses a text, which nobody catches.
const MOST_DIGITS: usize = 4300;

/// Names that may not stand in trailers.
const NOT_IN_TRAILERS: [&[u8]; 6] =
    [b"host", b"content-length", b"transfer-encoding", b"trailer", b"authorization", b"te"];

/// How the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// By its length, or there is none: nothing in it can be wrong.
    Counted,
    /// By an empty chunk.
    Chunked,
}

/// `_finalize_headers`: one `Content-Length` at most, one `Host`, one `Content-Type`, and codings it knows.
pub(super) fn framing(lines: &[Line], minor: i64, rules: Rules) -> Result<Framing, Stop> {
    let (mut length, mut coded, mut chunked) = (false, false, false);
    let mut seen: Vec<&[u8]> = Vec::new();
    for Line { name, value } in lines {
        match name.as_slice() {
            b"host" | b"content-type" if rules.single_host && seen.contains(&name.as_slice()) => {
                return Err(Stop::Refuses(400, "more than one Host or Content-Type header"));
            }
            b"host" | b"content-type" => seen.push(name),
            b"content-length" if length => return Err(Stop::Refuses(400, "more than one Content-Length header")),
            b"content-length" => {
                check_length(value, rules)?;
                length = true;
            }
            b"transfer-encoding" => {
                coded = true;
                chunked = codings(value, chunked, rules)?;
            }
            _ => {}
        }
    }
    match (coded, chunked) {
        (true, false) if rules.strict => Err(Stop::Refuses(400, "the last Transfer-Encoding is not chunked")),
        (_, true) if minor < 1 => Err(Stop::Refuses(400, "chunked with HTTP/1.0")),
        (_, true) if length => Err(Stop::Refuses(400, "Content-Length with Transfer-Encoding")),
        (_, true) => Ok(Framing::Chunked),
        (_, false) => Ok(Framing::Counted),
    }
}

fn check_length(value: &[u8], rules: Rules) -> Result<(), Stop> {
    if !rules.strict {
        let good = int(value).is_some_and(|length| length >= 0);
        return if good { Ok(()) } else { Err(Stop::Refuses(400, "a Content-Length that is no number")) };
    }
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Stop::Refuses(400, "a Content-Length that is not digits only"));
    }
    if value.len() > MOST_DIGITS { Err(Stop::Fails("a Content-Length beyond 4300 digits")) } else { Ok(()) }
}

/// Reads one `Transfer-Encoding`, and gives whether `chunked` has been named so far.
fn codings(value: &[u8], mut chunked: bool, rules: Rules) -> Result<bool, Stop> {
    for coding in value.split(|&b| b == b',').map(|coding| stripped(coding, rules.strict)) {
        let known = ["chunked", "identity", "compress", "deflate", "gzip"];
        if !known.iter().any(|name| coding.eq_ignore_ascii_case(name.as_bytes())) {
            let status = if rules.strict { 501 } else { 400 };
            return Err(Stop::Refuses(status, "a Transfer-Encoding it does not know"));
        }
        if chunked {
            return Err(Stop::Refuses(400, "a Transfer-Encoding behind chunked"));
        }
        chunked = coding.eq_ignore_ascii_case(b"chunked");
    }
    Ok(chunked)
}

/// Reads a chunked body, of whose head `fields` lines were read, as far as it is there.
pub(super) fn read_chunks(unread: &mut Unread<'_>, rules: Rules, limits: &Limits, fields: usize) -> Result<(), Stop> {
    loop {
        let no_end = Stop::Refuses(400, "a chunk size without line end");
        let size = chunk_size(unread.line(limits.longest_unfinished_field(), no_end)?, rules)?;
        if size == 0 {
            return read_trailers(unread, rules, limits, fields);
        }
        unread.take(size)?;
        if unread.take(2)? != b"\r\n" && rules.strict {
            return Err(Stop::Refuses(400, "a chunk that does not end with CRLF"));
        }
    }
}

fn chunk_size(line: &[u8], rules: Rules) -> Result<usize, Stop> {
    let semicolon = memchr::memchr(b';', line);
    let (mut size, extension) = line.split_at_checked(semicolon.unwrap_or(line.len())).unwrap_or_default();
    while let ([rest @ .., b' ' | b'\t'], Some(_), true) = (size, semicolon, rules.strict) {
        size = rest;
    }
    let well_extended = if rules.strict { is_extension(extension) } else { !extension.contains(&b'\r') };
    if size.is_empty() || !size.iter().all(u8::is_ascii_hexdigit) || !well_extended {
        return Err(Stop::Refuses(400, "a bad chunk size or chunk extension"));
    }
    let digit = |b: &u8| char::from(*b).to_digit(16).and_then(|digit| usize::try_from(digit).ok()).unwrap_or_default();
    Ok(size.iter().fold(0_usize, |size, b| size.saturating_mul(16).saturating_add(digit(b))))
}

/// `CHUNK_EXT_RE`: `;name`, `;name=token` and `;name="text"`, any number, with blanks around `;` and `=`.
fn is_extension(text: &[u8]) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        let Some(behind) = skip_blanks(rest).strip_prefix(b";") else { return false };
        let Some(behind) = skip_token(skip_blanks(behind)) else { return false };
        rest = match skip_blanks(behind).strip_prefix(b"=").map(skip_blanks) {
            None => behind,
            Some(value) => match skip_token(value).or_else(|| skip_quoted(value)) {
                Some(behind) => behind,
                None => return false,
            },
        };
    }
    true
}

fn skip_blanks(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

fn skip_token(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|&b| !is_token_byte(b)).unwrap_or(text.len());
    if end == 0 { None } else { text.get(end..) }
}

/// A quoted string of RFC 9110 section 5.6.4.
fn skip_quoted(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text.strip_prefix(b"\"")?;
    loop {
        rest = match rest {
            [b'"', behind @ ..] => return Some(behind),
            [b'\\', b'\t' | b' '..=b'~' | 0x80.., behind @ ..]
            | [b'\t' | b' ' | b'!' | b'#'..=b'[' | b']'..=b'~' | 0x80.., behind @ ..] => behind,
            _ => return None,
        };
    }
}

fn read_trailers(unread: &mut Unread<'_>, rules: Rules, limits: &Limits, mut fields: usize) -> Result<(), Stop> {
    loop {
        let too_long = Stop::Refuses(431, "a trailer line is too long (--limit-request-field_size)");
        let line = unread.line(limits.longest_unfinished_field(), too_long)?;
        if line.is_empty() {
            return Ok(());
        }
        fields += 1;
        if rules.strict && fields > limits.most_fields_with_trailers() {
            return Err(Stop::Refuses(431, "too many trailer lines (--limit-request-fields)"));
        }
        let name = split_at_first(b':', line).map(|(name, _)| trim_blanks(name).to_ascii_lowercase());
        if rules.forms && name.is_some_and(|name| NOT_IN_TRAILERS.contains(&name.as_slice())) {
            return Err(Stop::Refuses(400, "a trailer that may not be one"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Rules = Rules { strict: true, single_host: true, forms: true };

    #[test]
    fn chunk_extensions() {
        for (text, good) in [
            ("", true),
            (";a", true),
            (";a=b;c=\"d\\\"e\"", true),
            (" ; a = b", true),
            (";a=\"\"", true),
            (";", false),
            (";a ", false),
            (";a=", false),
            (";a=\"b", false),
            (";a=\"b\" ", false),
            ("a", false),
        ] {
            assert_eq!(is_extension(text.as_bytes()), good, "{text:?}");
        }
    }

    #[test]
    fn chunked_bodies() {
        let refused = |status| Err(Some(status));
        for (body, expected) in [
            ("0\r\n\r\n", Ok(())),
            ("5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n", Ok(())),
            ("5 ;a\r\nhello\r\n0\r\n\r\nGARBAGE", Ok(())),
            ("0000000000000000000005\r\nhello\r\n0\r\n\r\n", Ok(())),
            ("5\r\nhel", Err(None)),
            ("5\r\nhello\r", Err(None)),
            ("ffffffffffffffffffffffffffff\r\nhello", Err(None)),
            ("", Err(None)),
            ("5 \r\nhello", refused(400)),
            ("\r\n", refused(400)),
            ("0x5\r\n", refused(400)),
            ("5\nhello", refused(400)),
            ("5\r\nhello0\r\n", refused(400)),
            ("0\r\nHost: a\r\n\r\n", refused(400)),
            ("0\r\n te : a\r\n\r\n", refused(400)),
        ] {
            let mut unread = Unread { bytes: body.as_bytes(), strict: true };
            let read = read_chunks(&mut unread, NEW, &Limits::default(), 0);
            let read = read.map_err(|stop| if let Stop::Refuses(status, _) = stop { Some(status) } else { None });
            assert_eq!(read, expected, "{body:?}");
        }
    }

    #[test]
    fn trailers_count_with_the_head() {
        let limits = Limits { fields: 3, ..Limits::default() };
        let unread = || Unread { bytes: b"0\r\na: 1\r\nb: 2\r\n\r\n", strict: true };
        assert_eq!(read_chunks(&mut unread(), NEW, &limits, 1), Ok(()));
        assert!(matches!(read_chunks(&mut unread(), NEW, &limits, 2), Err(Stop::Refuses(431, _))));
    }
}
