//! llhttp, the parser below httptools: which bytes it takes for requests.
//!
//! Source of the rules: llhttp `src/llhttp/{http,url,constants}.ts` and `src/native/http.c`, releases 6.0.9, 8.1.1, 9.2.1,
//! 9.3.0, 9.4.1 and 9.4.2, which httptools 0.5, 0.6.0, 0.6.3, 0.7, 0.8 and (as 9.4.3) 0.9 carry; the functions below are
//! the nodes of that state machine, some joined. What ends early is told apart from what is wrong, because a server waits
//! for the rest of the one and answers 400 to the other. No leniency is switched on but the one uvicorn asks for.

mod body;
mod fields;
mod target;
#[cfg(test)]
mod tests;

use crate::asgi::Release;
use crate::asgi::server::Modelled;
use crate::asgi::server::request::Line;

/// The oldest release of httptools whose parser is known.
pub(super) const OLDEST: Release = Release::new(0, 5, 0);

/// The newest release of httptools that is modelled.
pub(super) const NEWEST: Release = Release::new(0, 9, 0);

/// What is modelled.
pub(super) const MODELLED: Modelled = Modelled { name: "httptools", oldest: OLDEST, newest: NEWEST };

/// What the releases disagree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Era {
    /// llhttp 6: continuation lines, spaces in header names, whatever stands in a chunk's line.
    Six,
    /// llhttp 8: as before, but stricter about a bare line feed and a chunk's line.
    Eight,
    /// llhttp 9: no continuation lines, no bare line feed, no length beside a coding.
    Nine,
    /// llhttp 9.4: tabs behind a length are blanks.
    NineFour,
    /// llhttp 9.4.2: tabs behind a connection option too.
    NineFourTwo,
}

/// Why the parser stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// It is no HTTP.
    Bad(&'static str),
    /// The bytes end here; nothing wrong so far.
    Unfinished,
}

type Step<T> = Result<T, Stop>;

/// What comes behind a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    /// Another message, if anything.
    Message,
    /// Another protocol: the parser reads no further.
    Protocol,
    /// Nothing: the connection is to be closed, and what stands there was dropped.
    Nothing,
}

/// A message's head as the callbacks get it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) method: &'static str,
    pub(super) target: Vec<u8>,
    /// `http_major` and `http_minor`.
    pub(super) version: (u8, u8),
    /// Names as written.
    pub(super) lines: Vec<Line>,
    /// True if the message leaves HTTP (`parser.upgrade`).
    pub(super) upgrade: bool,
    flags: Flags,
}

/// `parser.flags`: what the header lines say about the connection and the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Flags {
    keep_alive: bool,
    close: bool,
    connection_upgrade: bool,
    upgrade: bool,
    coded: bool,
    chunked: bool,
    length: Option<u64>,
}

/// Methods of HTTP. The parser takes them in upper case only.
const METHODS: &[&str] = &[
    "DELETE",
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "COPY",
    "LOCK",
    "MKCOL",
    "MOVE",
    "PROPFIND",
    "PROPPATCH",
    "SEARCH",
    "UNLOCK",
    "BIND",
    "REBIND",
    "UNBIND",
    "ACL",
    "REPORT",
    "MKACTIVITY",
    "CHECKOUT",
    "MERGE",
    "M-SEARCH",
    "NOTIFY",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "PATCH",
    "PURGE",
    "MKCALENDAR",
    "LINK",
    "UNLINK",
    "SOURCE",
    "PRI",
    "QUERY",
];

/// Methods of RTSP, which the parser takes with `RTSP/1.0`; GET, POST and OPTIONS are HTTP's too.
const RTSP_METHODS: &[&str] = &[
    "OPTIONS",
    "DESCRIBE",
    "ANNOUNCE",
    "SETUP",
    "PLAY",
    "PAUSE",
    "TEARDOWN",
    "GET_PARAMETER",
    "SET_PARAMETER",
    "REDIRECT",
    "RECORD",
    "FLUSH",
    "GET",
    "POST",
];

/// A connection's parser, at a place in its bytes.
#[derive(Clone, Debug)]
pub(super) struct Parser<'a> {
    rest: &'a [u8],
    era: Era,
    data_after_close: bool,
}

impl<'a> Parser<'a> {
    /// A parser of a release of httptools. With `data_after_close`, bytes behind a message that closes the connection are
    /// dropped instead of refused (`lenient_data_after_close`).
    pub(super) fn new(bytes: &'a [u8], httptools: Release, data_after_close: bool) -> Self {
        let era = match (httptools.major, httptools.minor, httptools.patch) {
            (0, ..=5, _) => Era::Six,
            (0, 6, ..=2) => Era::Eight,
            (0, 6 | 7, _) => Era::Nine,
            (0, 8, _) => Era::NineFour,
            _ => Era::NineFourTwo,
        };
        Self { rest: bytes, era, data_after_close }
    }

    /// The head of the next message, empty lines before it passed over.
    pub(super) fn head(&mut self) -> Step<Head> {
        while matches!(self.rest, [b'\r' | b'\n', ..]) {
            self.skip();
        }
        let method = self.method()?;
        while self.peek()? == b' ' {
            self.skip();
        }
        let (target, old) = self.target(method == "CONNECT")?;
        let version = if old { (0, 9) } else { self.version(method)? };
        if self.era >= Era::Eight && self.peek()? == b' ' {
            return Err(Stop::Bad("a space behind the request line"));
        }
        let mut flags = Flags::default();
        let mut lines = Vec::new();
        self.fields(&mut lines, &mut flags)?;
        if self.era <= Era::Eight && flags.coded && flags.length.is_some() {
            return Err(Stop::Bad("Content-Length beside Transfer-Encoding"));
        }
        let upgrade = flags.upgrade && flags.connection_upgrade || method == "CONNECT";
        Ok(Head { method, target, version, lines, upgrade, flags })
    }

    /// A method and the space behind it.
    fn method(&mut self) -> Step<&'static str> {
        let word = self.rest.split(|&b| b == b' ').next().unwrap_or_default();
        let mut known =
            METHODS.iter().chain(RTSP_METHODS).filter(|method| self.era > Era::Eight || **method != "QUERY");
        if word.len() == self.rest.len() {
            let begun = known.any(|method| method.as_bytes().starts_with(word));
            return Err(if begun { Stop::Unfinished } else { Stop::Bad("an unknown method") });
        }
        let method = known.find(|method| method.as_bytes() == word).ok_or(Stop::Bad("an unknown method"))?;
        self.rest = self.rest.get(word.len() + 1..).unwrap_or_default();
        Ok(method)
    }

    /// `HTTP/1.1` and the line end.
    fn version(&mut self, method: &str) -> Step<(u8, u8)> {
        while self.peek()? == b' ' {
            self.skip();
        }
        let fits = match self.peek()? {
            b'R' => self.literal(b"RTSP/").map(|()| RTSP_METHODS.contains(&method)),
            b'I' => self.literal(b"ICE/").map(|()| method == "SOURCE"),
            _ => self.literal(b"HTTP/").map(|()| METHODS.contains(&method)),
        }?;
        if !fits {
            return Err(Stop::Bad("a method that is not one of the protocol's"));
        }
        let major = self.digit()?;
        self.literal(b".")?;
        let minor = self.digit()?;
        if !matches!((major, minor), (0, 9) | (1, 0 | 1) | (2, 0)) {
            return Err(Stop::Bad("an unknown version"));
        }
        if method == "PRI" {
            self.literal(b"\r\n\r\nSM\r\n\r\n")?;
            return Err(Stop::Bad("the preface of HTTP/2"));
        }
        if self.era <= Era::Eight && self.peek()? == b'\n' {
            self.skip();
        } else {
            self.literal(b"\r\n")?;
        }
        Ok((major, minor))
    }

    fn digit(&mut self) -> Step<u8> {
        let byte = self.next()?;
        if byte.is_ascii_digit() { Ok(byte - b'0') } else { Err(Stop::Bad("a version that is no number")) }
    }

    /// Exactly these bytes.
    fn literal(&mut self, expected: &[u8]) -> Step<()> {
        for &byte in expected {
            if self.next()? != byte {
                return Err(Stop::Bad("no request line, or a line without its end"));
            }
        }
        Ok(())
    }

    fn peek(&self) -> Step<u8> {
        self.rest.first().copied().ok_or(Stop::Unfinished)
    }

    fn next(&mut self) -> Step<u8> {
        let byte = self.peek()?;
        self.skip();
        Ok(byte)
    }

    fn skip(&mut self) {
        self.rest = self.rest.get(1..).unwrap_or_default();
    }

    /// The bytes from here on that are `good`.
    fn run(&mut self, good: fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|&b| !good(b)).unwrap_or(self.rest.len());
        let (run, rest) = self.rest.split_at_checked(end).unwrap_or_default();
        self.rest = rest;
        run
    }
}

fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t')
}

/// `HEADER_CHARS`: anything visible, blanks, and any byte beyond ASCII.
fn is_text(b: u8) -> bool {
    b == b'\t' || b >= b' ' && b != 0x7f
}
