//! Forms: Twisted reads a posted form before daphne gets the request, and refuses one that it cannot read.
//!
//! Source of the rules: Twisted 26.10 `web/http.py`, `Request.requestReceived` and `_getMultiPartArgs`, which leave the
//! work to Python's `email` package. What of that package is not modelled ends in [`Outcome::Unknown`].

use super::channel::{Message, refused};
use crate::asgi::Outcome;

/// Refuses a multipart form whose body has no part.
pub(super) fn check(message: &Message) -> Result<(), Outcome> {
    let (Some(kind), Some(body)) = (message.headers.first(b"content-type"), message.body.as_deref()) else {
        return Ok(());
    };
    if message.method != b"POST" || kind.is_empty() || body.is_empty() {
        return Ok(());
    }
    if !kind.is_ascii() || kind.iter().any(|b| b"*?(\\".contains(b)) {
        return Err(unknown("a posted form with an odd Content-Type"));
    }
    let kind = String::from_utf8_lossy(kind);
    let (media, parameters) = kind.split_once(';').unwrap_or((&kind, ""));
    if !media.trim().eq_ignore_ascii_case("multipart/form-data") {
        let nearly = media.to_ascii_lowercase().contains("multipart/form-data");
        return if nearly { Err(unknown("a posted form with an odd Content-Type")) } else { Ok(()) };
    }
    let boundaries: Vec<&str> = parameters.split(';').filter_map(boundary).collect();
    match boundaries.as_slice() {
        [] => Err(refused("a multipart form whose Content-Type has no boundary")),
        [boundary] if !boundary.is_empty() && !parameters.contains("name*") => check_parts(body, boundary),
        _ => Err(unknown("a posted form with an odd boundary")),
    }
}

/// The value of a parameter, if it is the boundary; quotes are taken off.
fn boundary(parameter: &str) -> Option<&str> {
    let (name, value) = parameter.split_once('=')?;
    let value = value.trim();
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    name.trim().eq_ignore_ascii_case("boundary").then_some(value)
}

/// The first line must begin a part. A first line of another kind may be a preamble or a header to Python.
fn check_parts(body: &[u8], boundary: &str) -> Result<(), Outcome> {
    if boundary.contains(['"', '\'']) || body.windows(5).any(|bytes| bytes == b"name*") {
        return Err(unknown("a posted form with odd parameters"));
    }
    let mut lines = body.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let begins = |line: &[u8]| {
        let rest = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary.as_bytes()));
        rest.is_some_and(|rest| rest.iter().all(|b| b" \t".contains(b)))
    };
    match lines.next() {
        Some(first) if begins(first) => Ok(()),
        _ if !lines.any(begins) && !body.contains(&b':') && !body.contains(&b'\r') => {
            Err(refused("a multipart form without a part"))
        }
        _ => Err(unknown("a multipart form that does not begin with a part")),
    }
}

fn unknown(what: &str) -> Outcome {
    Outcome::Unknown { why: format!("{what}: not modelled") }
}
