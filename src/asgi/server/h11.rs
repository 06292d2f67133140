//! h11, the parser below hypercorn and (with `--http h11`) uvicorn: which bytes it takes for a request.
//!
//! Source of the rules: h11 0.12 to 0.16, `_receivebuffer.py`, `_readers.py`, `_abnf.py`, `_headers.py`, `_events.py`,
//! `_connection.py`. The bytes are taken to arrive at once.

mod body;
#[cfg(test)]
mod tests;

use super::Modelled;
use super::request::{Fault, Line, Request, is_token, split_at_first, trim_blanks};
use crate::asgi::Release;

/// The oldest release whose rules are known: it reads lines that end in a bare line feed.
const OLDEST: Release = Release::new(0, 12, 0);

/// The newest release that is modelled.
pub(super) const NEWEST: Release = Release::new(0, 16, 0);

/// What is modelled.
pub(super) const MODELLED: Modelled = Modelled { name: "h11", oldest: OLDEST, newest: NEWEST };

/// Most digits of a `Content-Length` (`CONTENT_LENGTH_MAX_DIGITS`), since 0.15.
const MOST_DIGITS: usize = 20;

/// Bytes of an unfinished head or chunk line from which on it is refused (`DEFAULT_MAX_INCOMPLETE_EVENT_SIZE`).
pub(super) const MAX_INCOMPLETE: usize = 16 * 1024;

/// A connection's parser.
#[derive(Clone, Copy, Debug)]
pub(super) struct H11 {
    /// Which release.
    pub(super) release: Release,
    /// `max_incomplete_event_size`
    pub(super) max_incomplete: usize,
}

impl H11 {
    /// The first request in `bytes`, and what stands behind its head.
    ///
    /// # Errors
    /// Why there is none; h11 proposes 501 for a transfer coding it does not know, 431 for a head without end.
    pub(super) fn head<'a>(&self, bytes: &'a [u8]) -> Result<(Request, &'a [u8]), Fault> {
        let Some((lines, rest)) = lines(bytes) else {
            return Err(match bytes {
                [(..0x21), ..] => Fault::bad_request("h11: the request starts with a blank or control byte"),
                _ => self.unfinished(bytes),
            });
        };
        let [first, fields @ ..] = lines.as_slice() else {
            return Err(Fault::bad_request("h11: an empty line where the request line should be"));
        };
        let (method, target, version) = request_line(first)?;
        let lines = self.normalized(read_lines(fields)?)?;
        let request = Request { method: method.to_vec(), target: target.to_vec(), version, lines };
        check_host(&request)?;
        Ok((request, rest))
    }

    /// What an event that is not all there yet means.
    fn unfinished(&self, bytes: &[u8]) -> Fault {
        if bytes.len() > self.max_incomplete {
            let why = format!("h11: more than {} bytes without an end of the head or line", self.max_incomplete);
            return Fault::Refused { status: 431, why };
        }
        Fault::Unfinished
    }

    /// `normalize_and_validate`: equal lengths become one, `Transfer-Encoding` is `chunked`, once, in lower case.
    fn normalized(&self, lines: Vec<Line>) -> Result<Vec<Line>, Fault> {
        let mut kept: Vec<Line> = Vec::with_capacity(lines.len());
        let (mut length, mut coded): (Option<Vec<u8>>, _) = (None, false);
        for line in lines {
            match line.name.as_slice() {
                b"content-length" => {
                    let value = self.length(&line.value)?;
                    match &length {
                        None => {
                            length = Some(value.to_vec());
                            kept.push(Line { value: value.to_vec(), ..line });
                        }
                        Some(known) if known == value => {}
                        Some(_) => return Err(Fault::bad_request("h11: Content-Length headers that differ")),
                    }
                }
                b"transfer-encoding" => {
                    if coded || !line.value.eq_ignore_ascii_case(b"chunked") {
                        let why = "h11: a Transfer-Encoding other than one \"chunked\"".to_owned();
                        return Err(Fault::Refused { status: 501, why });
                    }
                    coded = true;
                    kept.push(Line { value: b"chunked".to_vec(), ..line });
                }
                _ => kept.push(line),
            }
        }
        Ok(kept)
    }

    /// The one number that a `Content-Length` names, once or more often.
    fn length<'a>(&self, value: &'a [u8]) -> Result<&'a [u8], Fault> {
        let mut lengths = value.split(|&b| b == b',').map(<[u8]>::trim_ascii);
        let first = lengths.next().unwrap_or_default();
        if lengths.any(|other| other != first) {
            return Err(Fault::bad_request("h11: a Content-Length with numbers that differ"));
        }
        let too_long = first.len() > MOST_DIGITS && self.release >= Release::new(0, 15, 0);
        if first.is_empty() || too_long || !first.iter().all(u8::is_ascii_digit) {
            return Err(Fault::bad_request("h11: a Content-Length that is no number"));
        }
        Ok(first)
    }
}

impl Request {
    /// True if h11 will read another request on the connection: `_keep_alive` of the request's side.
    pub(super) fn keeps_alive(&self) -> bool {
        self.version.as_str() >= "1.1" && !self.lists("connection", "close")
    }

    /// True if the request proposes to leave HTTP/1.1, so that h11 reads no further until it is answered.
    pub(super) fn proposes_switch(&self) -> bool {
        self.method == b"CONNECT" || self.items("upgrade").next().is_some()
    }
}

/// `maybe_extract_lines`: the lines up to the first empty one, and the bytes behind it; `None` if there is no empty line.
fn lines(bytes: &[u8]) -> Option<(Vec<&[u8]>, &[u8])> {
    if let [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] = bytes {
        return Some((Vec::new(), rest));
    }
    let (head, rest) = memchr::memchr_iter(b'\n', bytes).find_map(|end| {
        let (head, behind) = bytes.split_at_checked(end)?;
        match behind {
            [b'\n', b'\n', rest @ ..] | [b'\n', b'\r', b'\n', rest @ ..] => Some((head, rest)),
            _ => None,
        }
    })?;
    let lines = head.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect();
    Some((lines, rest))
}

/// Method, target and version; single spaces between, nothing around.
fn request_line(line: &[u8]) -> Result<(&[u8], &[u8], String), Fault> {
    let bad = || Fault::bad_request("h11: no request line: a token, printable ASCII and HTTP/n.n, one space between");
    let (method, rest) = split_at_first(b' ', line).ok_or_else(bad)?;
    let (target, version) = split_at_first(b' ', rest).ok_or_else(bad)?;
    let version = match version.strip_prefix(b"HTTP/") {
        Some(&[major, b'.', minor]) if major.is_ascii_digit() && minor.is_ascii_digit() => {
            format!("{}.{}", char::from(major), char::from(minor))
        }
        _ => return Err(bad()),
    };
    if !is_token(method) || target.is_empty() || !target.iter().all(u8::is_ascii_graphic) {
        return Err(bad());
    }
    Ok((method, target, version))
}

/// `_decode_header_lines`: continuation lines (obs-fold) joined to the line above, then name and value of each.
fn read_lines(raw: &[&[u8]]) -> Result<Vec<Line>, Fault> {
    let mut unfolded: Vec<Vec<u8>> = Vec::new();
    for line in raw {
        if !matches!(line, [b' ' | b'\t', ..]) {
            unfolded.push(line.to_vec());
        } else if let Some(last) = unfolded.last_mut() {
            let start = line.iter().position(|b| !matches!(b, b' ' | b'\t')).unwrap_or(line.len());
            last.push(b' ');
            last.extend_from_slice(line.get(start..).unwrap_or_default());
        } else {
            return Err(Fault::bad_request("h11: the first header line is a continuation"));
        }
    }
    unfolded.iter().map(|line| read_line(line)).collect()
}

/// `header_field`
fn read_line(line: &[u8]) -> Result<Line, Fault> {
    let (name, value) =
        split_at_first(b':', line).ok_or_else(|| Fault::bad_request("h11: a header line without a colon"))?;
    if !is_token(name) {
        return Err(Fault::bad_request("h11: a header name that is no token"));
    }
    let value = trim_blanks(value);
    if value.iter().any(|b| matches!(b, 0 | b'\n' | 0x0b | 0x0c | b'\r')) {
        return Err(Fault::bad_request("h11: a header value with a NUL or a vertical blank"));
    }
    Ok(Line { name: name.to_ascii_lowercase(), value: value.to_vec() })
}

fn check_host(request: &Request) -> Result<(), Fault> {
    match request.all("host").count() {
        0 if request.version == "1.1" => Err(Fault::bad_request("h11: no Host header")),
        0 | 1 => Ok(()),
        _ => Err(Fault::bad_request("h11: more than one Host header")),
    }
}
