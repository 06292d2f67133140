//! How nginx reads a request: its head byte by byte, in the order in which nginx looks at it.
//!
//! This module exists because most of what nginx refuses it refuses while reading, with the settings of the server that is
//! in force by then: the default server of the listener up to the host, the one that the host names after it.
//!
//! Source: `ngx_http_process_request_line`, `ngx_http_process_request_uri`, `ngx_http_process_request_headers`,
//! `ngx_http_process_request_header`, `ngx_http_alloc_large_header_buffer` (`ngx_http_request.c`, 1.22.1).

mod body;
mod buffers;
mod field;
mod host;
mod line;
#[cfg(test)]
mod tests;

pub(super) use body::{Whole, whole};
pub(super) use host::canonical;

use self::buffers::Buffers;
use self::line::{Cursor, Line};
use super::uri;
use crate::asgi::Release;

/// Releases before this took spaces and control bytes in targets and names.
const STRICT_BYTES: Release = Release::new(1, 21, 1);
/// Since then `Proxy-Authorization` may stand only once.
const PROXY_AUTHORIZATION: Release = Release::new(1, 29, 7);
/// Since then `max_headers` limits how many fields there are.
const MAX_HEADERS: Release = Release::new(1, 29, 8);

/// Fields that may stand only once.
const UNIQUE: [&[u8]; 10] = [
    b"if-modified-since",
    b"if-unmodified-since",
    b"if-match",
    b"if-none-match",
    b"content-length",
    b"content-range",
    b"if-range",
    b"transfer-encoding",
    b"expect",
    b"authorization",
];

/// What a server block says about the reading of heads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HeadRules {
    /// `merge_slashes`
    pub(super) merge_slashes: bool,
    /// `underscores_in_headers`
    pub(super) underscores_in_headers: bool,
    /// `ignore_invalid_headers`
    pub(super) ignore_invalid_headers: bool,
    /// `client_header_buffer_size`
    pub(super) client_header_buffer_size: usize,
    /// `large_client_header_buffers`: how many, and how large.
    pub(super) large_client_header_buffers: (usize, usize),
    /// `max_headers`
    pub(super) max_headers: usize,
}

impl Default for HeadRules {
    /// What holds where nothing is written.
    fn default() -> Self {
        Self {
            merge_slashes: true,
            underscores_in_headers: false,
            ignore_invalid_headers: true,
            client_header_buffer_size: 1024,
            large_client_header_buffers: (4, 8192),
            max_headers: 1000,
        }
    }
}

/// The servers of a listener: one of them is in force.
pub(super) trait Servers {
    /// What the one in force says.
    fn rules(&self) -> HeadRules;

    /// The host is known (empty: there is none): puts the server in force that it names.
    ///
    /// # Errors
    /// The status that it is refused with.
    fn choose(&mut self, host: &[u8]) -> Result<(), u16>;
}

/// A field as it goes on: what nginx dropped is not among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HeaderLine {
    /// The name as the client wrote it.
    pub(super) name: Vec<u8>,
    /// The value, blanks around it cut.
    pub(super) value: Vec<u8>,
    /// True if nginx looks at it by its name, which it does not if the name has bytes that are skipped in its hash.
    pub(super) known: bool,
}

impl HeaderLine {
    /// True if the name is `name`, case ignored.
    pub(super) fn is(&self, name: &[u8]) -> bool {
        self.known && self.name.eq_ignore_ascii_case(name)
    }
}

/// How the body is framed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Body {
    /// There is none.
    #[default]
    Absent,
    /// `Content-Length`
    Length(u64),
    /// `Transfer-Encoding: chunked`
    Chunked,
}

/// A request's head as nginx has it after reading, whole or as far as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// `$request`: the request line.
    pub(super) line: Vec<u8>,
    /// `$request_method`
    pub(super) method: Vec<u8>,
    /// `$server_protocol`; empty for HTTP/0.9.
    pub(super) protocol: Vec<u8>,
    /// Major times a thousand plus minor; 9 for HTTP/0.9, 0 if the line was refused before it.
    pub(super) version: u32,
    /// `$request_uri`: the target from its path on.
    pub(super) unparsed_uri: Vec<u8>,
    /// False if [`Self::unparsed_uri`] lacks its path, as in `http://host?query`.
    pub(super) valid_unparsed_uri: bool,
    /// `$uri`: the path decoded and normalised.
    pub(super) uri: Vec<u8>,
    /// `$args`
    pub(super) args: Vec<u8>,
    /// The path had escapes.
    pub(super) quoted_uri: bool,
    /// The path has a `+`.
    pub(super) plus_in_uri: bool,
    /// The host that the server was chosen by: in lower case, without port. Empty if there is none.
    pub(super) server: Vec<u8>,
    /// The fields, in order.
    pub(super) fields: Vec<HeaderLine>,
    /// How the body is framed.
    pub(super) body: Body,
}

impl Head {
    /// True for HTTP/0.9, in which answers have no head.
    pub(super) fn is_headless(&self) -> bool {
        self.version == 9
    }

    /// The first value under a name.
    pub(super) fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.fields.iter().find(|field| field.is(name)).map(|field| field.value.as_slice())
    }

    /// Every value under a name, in order.
    pub(super) fn all<'a>(&'a self, name: &'a [u8]) -> impl DoubleEndedIterator<Item = &'a [u8]> {
        self.fields.iter().filter(move |field| field.is(name)).map(|field| field.value.as_slice())
    }
}

/// Why the reading of a head came to an end before the head did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Refused with this status. 494 is shown to the client as 400.
    Refused(u16),
    /// The bytes end before the head does: nginx goes on waiting.
    Unfinished,
    /// What this release does with it is not modelled.
    NotModelled(&'static str),
}

/// What reading has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// The head, as far as it could be read.
    pub(super) head: Head,
    /// Why there is no more of it.
    pub(super) stop: Option<Stop>,
    /// Where the body begins.
    pub(super) end: usize,
}

/// Reads the head at the start of these bytes.
pub(super) fn read(wire: &[u8], release: Release, servers: &mut dyn Servers) -> Reading {
    let mut reader = Reader {
        cursor: Cursor { wire, at: 0 },
        buffers: Buffers::new(servers.rules().client_header_buffer_size),
        head: Head::default(),
        host_seen: false,
        length: None,
        release,
        servers,
    };
    let stop = reader.head().err();
    Reading { stop, end: reader.cursor.at, head: reader.head }
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    buffers: Buffers,
    head: Head,
    /// There was a `Host` field.
    host_seen: bool,
    /// `Content-Length`, where it is a number.
    length: Option<u64>,
    release: Release,
    servers: &'a mut dyn Servers,
}

impl Reader<'_> {
    fn head(&mut self) -> Result<(), Stop> {
        self.line()?;
        if self.head.version < 1000 {
            return self.choose_without_host();
        }
        while let field::Read::Field { name, value, invalid } = self.field()? {
            if invalid && self.servers.rules().ignore_invalid_headers {
                continue;
            }
            if self.release >= MAX_HEADERS && self.head.fields.len() >= self.servers.rules().max_headers {
                return Err(Stop::Refused(494));
            }
            // An invalid byte is left out of the hash that fields are looked up by.
            let known = !invalid;
            self.head.fields.push(HeaderLine { name, value, known });
            if known {
                self.take_field()?;
            }
        }
        self.choose_without_host()?;
        self.judge()
    }

    fn line(&mut self) -> Result<(), Stop> {
        let mut line = Line::default();
        let read = line::read(&mut self.cursor, &mut line, self.release);
        self.head.version = line.version;
        self.buffers.empty_lines(line.start);
        self.buffers.line(line.start, self.cursor.at, self.servers.rules()).map_err(|()| Stop::Refused(414))?;
        if self.release < STRICT_BYTES && read == Err(Stop::Refused(400)) {
            return Err(Stop::NotModelled("releases before 1.21.1 take more bytes in a request line"));
        }
        read?;
        let part = |range| self.cursor.part(range).to_vec();
        self.head.line = part(&line.whole);
        self.head.method = part(&line.method);
        self.head.protocol = part(&line.protocol);
        let target = part(&line.target);
        let plain = !(line.complex || line.quoted || line.empty_path);
        let merge = plain || self.servers.rules().merge_slashes;
        let normal = uri::normalise(&target, merge).ok_or(Stop::Refused(400))?;
        self.head.uri = normal.path;
        self.head.args = normal.args;
        self.head.quoted_uri = line.quoted || normal.quoted;
        self.head.plus_in_uri = normal.plus;
        self.head.unparsed_uri = target;
        self.head.valid_unparsed_uri = !line.empty_path;
        if let Some(host) = &line.host {
            let host = canonical(self.cursor.part(host), self.release).ok_or(Stop::Refused(400))?;
            self.servers.choose(&host).map_err(Stop::Refused)?;
            self.head.server = host;
        }
        Ok(())
    }

    /// The next line.
    fn field(&mut self) -> Result<field::Read, Stop> {
        let start = self.cursor.at;
        let rules = self.servers.rules();
        let read = field::read(&mut self.cursor, rules.underscores_in_headers);
        self.buffers.line(start, self.cursor.at, rules).map_err(|()| Stop::Refused(494))?;
        match read {
            Err(Stop::Refused(_)) if self.release < STRICT_BYTES => {
                Err(Stop::NotModelled("releases before 1.21.1 take more bytes in a field's name"))
            }
            read => read,
        }
    }

    /// What nginx does with a field as soon as it is read.
    fn take_field(&mut self) -> Result<(), Stop> {
        let Some((field, before)) = self.head.fields.split_last() else { return Ok(()) };
        let unique = UNIQUE.iter().any(|name| field.is(name))
            || (self.release >= PROXY_AUTHORIZATION && field.is(b"proxy-authorization"));
        if unique && before.iter().any(|other| other.is(&field.name)) {
            return Err(Stop::Refused(400));
        }
        if !field.is(b"host") {
            return Ok(());
        }
        if std::mem::replace(&mut self.host_seen, true) {
            return Err(Stop::Refused(400));
        }
        let host = canonical(&field.value, self.release).ok_or(Stop::Refused(400))?;
        if self.head.server.is_empty() {
            self.servers.choose(&host).map_err(Stop::Refused)?;
            self.head.server = host;
        }
        Ok(())
    }

    fn choose_without_host(&mut self) -> Result<(), Stop> {
        if self.head.server.is_empty() { self.servers.choose(b"").map_err(Stop::Refused) } else { Ok(()) }
    }

    /// What is looked at once the head is whole.
    fn judge(&mut self) -> Result<(), Stop> {
        if !self.host_seen && self.head.version > 1000 {
            return Err(Stop::Refused(400));
        }
        if let Some(length) = self.head.get(b"content-length") {
            self.length = Some(decimal(length).ok_or(Stop::Refused(400))?);
        }
        self.head.body = match (self.head.get(b"transfer-encoding"), self.length) {
            (None, None) => Body::Absent,
            (None, Some(length)) => Body::Length(length),
            (Some(_), _) if self.release < STRICT_BYTES && (self.head.version < 1001 || self.length.is_some()) => {
                return Err(Stop::NotModelled("releases before 1.21.1 take more forms of Transfer-Encoding"));
            }
            (Some(_), _) if self.head.version < 1001 => return Err(Stop::Refused(400)),
            (Some(coding), _) if !coding.eq_ignore_ascii_case(b"chunked") => return Err(Stop::Refused(501)),
            (Some(_), Some(_)) => return Err(Stop::Refused(400)),
            (Some(_), _) => Body::Chunked,
        };
        match self.head.method.as_slice() {
            b"CONNECT" if self.release >= STRICT_BYTES => Err(Stop::Refused(405)),
            b"TRACE" => Err(Stop::Refused(405)),
            _ => Ok(()),
        }
    }
}

/// A number of decimal digits and nothing else, as `ngx_atoof` reads it.
fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let number = text.iter().try_fold(0_u64, |number, &byte| {
        number.checked_mul(10)?.checked_add(u64::from(char::from(byte).to_digit(10)?))
    })?;
    i64::try_from(number).is_ok().then_some(number)
}
