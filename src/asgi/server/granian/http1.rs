//! What hyper 1.12 takes for a request (httparse 1.10 reads the head, http 1.5 the URI), and what it answers otherwise.
//!
//! This file exists because granian hands the app what these three crates make of the bytes. The two that parse are used
//! themselves: they have read alike since the releases that granian 2.1 was built with (httparse 1.10.1, http 1.3). What
//! hyper decides on top (`proto/h1/role.rs`, `Server::parse` and `Server::on_error`) is written here, with what changed
//! in it since hyper 1.6.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use httparse::{EMPTY_HEADER, Status};
use memchr::memmem;

use super::HttpVersions;
use crate::asgi::{Outcome, Release};

/// From here on (hyper 1.11) a length that stands before `Transfer-Encoding` is removed; one behind it always was.
const LENGTH_REMOVED: Release = Release::new(2, 8, 0);

/// From here on (hyper 1.11.1) an empty line may end another way than the line above it.
const MIXED_LINE_ENDS: Release = Release::new(2, 8, 3);

/// The start of an HTTP/2 connection.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Most header lines (`DEFAULT_MAX_HEADERS`).
const MOST_HEADERS: usize = 100;

/// Most bytes of a target (`MAX_URI_LEN`).
const LONGEST_TARGET: usize = u16::MAX as usize - 1;

/// Most bytes of a head: granian's `--http1-buffer-size`, as it is if not set.
const LONGEST_HEAD: usize = 8192 + 4096 * 100;

/// What is read first of a connection that is HTTP/1 in any case (`INIT_BUFFER_SIZE`).
const FIRST_READ: usize = 8192;

/// Longest body that a `Content-Length` may announce (`DecodedLength::MAX_LEN`).
const LONGEST_BODY: u64 = u64::MAX - 2;

/// A request that hyper accepted.
pub(super) struct Request {
    pub(super) method: String,
    /// `http_version` of the scope: HTTP/1.0 is "1".
    pub(super) version: &'static str,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
}

/// What becomes of a connection that is not read as HTTP/1; `None` if it is.
pub(super) fn other_version(spoken: HttpVersions, bytes: &[u8]) -> Option<Outcome> {
    let closed = |why: &str| Some(Outcome::Closed { why: why.to_owned() });
    let behind = bytes.strip_prefix(PREFACE);
    match (spoken, behind) {
        (HttpVersions::Http1, _) => None,
        (_, Some([])) => closed("the HTTP/2 preface without a request behind it"),
        (_, Some(_)) => Some(Outcome::Unknown { why: "HTTP/2 frames are not modelled".to_owned() }),
        (_, None) if PREFACE.starts_with(bytes) => {
            closed("the connection says nothing, or not all of the HTTP/2 preface")
        }
        (HttpVersions::Http2, None) => closed("granian was started with --http 2 and this is no HTTP/2"),
        (HttpVersions::Auto, None) => None,
    }
}

/// Reads a head as the hyper of this granian does: what came first by itself, and the rest once the end of a head is in
/// sight.
pub(super) fn read(bytes: &[u8], spoken: HttpVersions, granian: Release) -> Result<Request, Outcome> {
    // To tell HTTP/2, as many bytes as its preface has are read before all else.
    let first = if spoken == HttpVersions::Http1 { FIRST_READ } else { PREFACE.len() };
    match bytes.get(..first) {
        Some(start) => match parse(start, granian) {
            Err(Stop::Partial) => {}
            read => return read.map_err(|stop| stop.outcome(bytes)),
        },
        None => return parse(bytes, granian).map_err(|stop| stop.outcome(bytes)),
    }
    let within = bytes.get(..LONGEST_HEAD).unwrap_or(bytes);
    let ended = has_end(within.get(first - 3..).unwrap_or_default(), granian);
    let read = if ended { parse(within, granian) } else { Err(Stop::Partial) };
    read.map_err(|stop| stop.outcome(bytes))
}

/// `is_complete_fast`: an empty line. Older hypers do not see one that ends another way than the line above it.
fn has_end(bytes: &[u8], granian: Release) -> bool {
    let found = |end: &[u8]| memmem::find(bytes, end).is_some();
    found(b"\r\n\r\n") || found(b"\n\n") || granian >= MIXED_LINE_ENDS && found(b"\n\r\n")
}

/// Why there is no request.
enum Stop {
    Partial,
    Bad(httparse::Error),
    End(Outcome),
}

impl Stop {
    /// What it means for the connection that sent `bytes`.
    fn outcome(self, bytes: &[u8]) -> Outcome {
        match self {
            // From there on hyper answers 431, unless its buffer happened to grow beyond the bound.
            Self::Partial if bytes.len() >= LONGEST_HEAD => {
                Outcome::Unknown { why: format!("hyper: a head longer than {LONGEST_HEAD} bytes is not modelled") }
            }
            Self::Partial => Outcome::Closed { why: "the head is not complete".to_owned() },
            Self::Bad(httparse::Error::TooManyHeaders) => {
                refused(431, &format!("more than {MOST_HEADERS} header lines"))
            }
            // hyper does not answer what may be HTTP/2, even where granian speaks HTTP/1 alone.
            Self::Bad(_) if bytes.starts_with(PREFACE) => {
                Outcome::Closed { why: "the HTTP/2 preface, and granian was started with --http 1".to_owned() }
            }
            Self::Bad(error) => refused(400, &error.to_string()),
            Self::End(outcome) => outcome,
        }
    }
}

/// `Server::parse`
fn parse(bytes: &[u8], granian: Release) -> Result<Request, Stop> {
    let mut lines = [EMPTY_HEADER; MOST_HEADERS];
    let mut head = httparse::Request::new(&mut lines);
    match head.parse(bytes) {
        Ok(Status::Complete(_)) => accept(&head, granian).map_err(Stop::End),
        Ok(Status::Partial) => Err(Stop::Partial),
        Err(error) => Err(Stop::Bad(error)),
    }
}

/// What hyper decides on a head that httparse took.
fn accept(head: &httparse::Request<'_, '_>, granian: Release) -> Result<Request, Outcome> {
    let target = head.path.unwrap_or_default();
    if target.len() > LONGEST_TARGET {
        return Err(refused(414, &format!("a target longer than {LONGEST_TARGET} bytes")));
    }
    let uri = Uri::try_from(target).map_err(|error| refused(400, &error.to_string()))?;
    let one_dot_one = head.version == Some(1);
    let headers = collect(head.headers, one_dot_one, granian)?;
    let method = head.method.unwrap_or_default().to_owned();
    Ok(Request { method, version: if one_dot_one { "1.1" } else { "1" }, uri, headers })
}

/// The lines as a map, with what hyper leaves out: a length beside `Transfer-Encoding`, and one said twice.
fn collect(lines: &[httparse::Header<'_>], one_dot_one: bool, granian: Release) -> Result<HeaderMap, Outcome> {
    let mut headers = HeaderMap::new();
    let (mut length, mut last_coding) = (None, None);
    for line in lines {
        let internal = || Outcome::Closed { why: "hyper: a header line it fails on".to_owned() };
        let name = HeaderName::from_bytes(line.name.as_bytes()).map_err(|_| internal())?;
        let value = HeaderValue::from_bytes(line.value).map_err(|_| internal())?;
        if name == TRANSFER_ENCODING {
            if !one_dot_one {
                return Err(refused(400, "Transfer-Encoding in HTTP/1.0"));
            }
            if granian >= LENGTH_REMOVED && length.take().is_some() {
                headers.remove(CONTENT_LENGTH);
            }
            last_coding = Some(is_chunked(&value));
        } else if name == CONTENT_LENGTH && (last_coding.is_some() || repeats(&mut length, &value)?) {
            continue;
        }
        headers.append(name, value);
    }
    if last_coding == Some(false) {
        Err(refused(400, "the last Transfer-Encoding is not chunked"))
    } else {
        Ok(headers)
    }
}

/// Notes a `Content-Length`; true if it only says once more what is known.
fn repeats(known: &mut Option<u64>, value: &HeaderValue) -> Result<bool, Outcome> {
    let digits = Some(value.as_bytes()).filter(|digits| digits.iter().all(u8::is_ascii_digit));
    let length = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u64>().ok());
    let length = length.ok_or_else(|| refused(400, "a bad Content-Length"))?;
    match known.replace(length) {
        Some(before) if before != length => Err(refused(400, "two different Content-Length headers")),
        Some(_) => Ok(true),
        None if length > LONGEST_BODY => Err(refused(431, "a Content-Length beyond all bounds")),
        None => Ok(false),
    }
}

/// `is_chunked_`: the last item of the line.
fn is_chunked(value: &HeaderValue) -> bool {
    let last = value.to_str().ok().and_then(|text| text.rsplit(',').next());
    last.is_some_and(|coding| coding.trim().eq_ignore_ascii_case("chunked"))
}

fn refused(status: u16, why: &str) -> Outcome {
    Outcome::Refused { status, why: format!("hyper: {why}") }
}
