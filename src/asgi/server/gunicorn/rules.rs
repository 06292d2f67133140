//! What the parser of the `asgi` worker did otherwise before 27.0.
//!
//! Read in gunicorn 25.3.0, 26.0.0, 26.1.0, 26.2.0 and 27.0.0 (`asgi/parser.py`, `asgi/protocol.py`).

use crate::asgi::Release;

/// The rules that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rules {
    /// Since 27.0. Lines end with CRLF only, and one that grows too long is refused before its end is seen; an empty
    /// line may stand first; the target is printable ASCII, a header name has no blanks around it, a `Content-Length`
    /// is digits, the last coding is `chunked`; chunks end with CRLF and have well-formed extensions; the body of HEAD
    /// is read; a websocket's version and key are checked; headers of a trusted peer name the scheme, and names with
    /// an underscore are dropped.
    pub(super) strict: bool,
    /// Since 26.1: `Host` and `Content-Type` once at most.
    pub(super) single_host: bool,
    /// Since 26.0: the form of the target goes with the method, values have no control bytes, and some names may not
    /// stand in trailers.
    pub(super) forms: bool,
}

impl Rules {
    /// The rules of a release.
    pub(super) fn of(version: Release) -> Self {
        Self {
            strict: version >= Release::new(27, 0, 0),
            single_host: version >= Release::new(26, 1, 0),
            forms: version >= Release::new(26, 0, 0),
        }
    }
}
