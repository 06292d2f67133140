//! A message head as it was on the wire.
//!
//! One allocation holds the bytes from the start line to the empty line. Names, values, order, case and repetition are
//! read out of it when asked for; nothing is normalised, so what is shown is what was sent.

use std::fmt;

use memchr::memchr;

use super::Target;

/// Bytes kept of what is no head.
const SALVAGE_LIMIT: usize = 8 << 10;

/// Why bytes are no message head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// The bytes do not end with an empty line (`\r\n\r\n`).
    #[error("the head does not end with an empty line")]
    Unfinished,
    /// The first line is no request line (`METHOD SP target SP HTTP/x.y`).
    #[error("the first line is no request line")]
    RequestLine,
    /// The first line is no status line (`HTTP/x.y SP NNN [SP reason]`).
    #[error("the first line is no status line")]
    StatusLine,
    /// A line below the first has no colon.
    #[error("a header line has no colon")]
    Field,
}

/// The HTTP version of a message, as its start line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// `HTTP/1.0`
    Http10,
    /// `HTTP/1.1`
    Http11,
}

impl Version {
    /// `"1.0"` or `"1.1"`: the form that ASGI's `http_version` has.
    pub const fn number(self) -> &'static str {
        match self {
            Self::Http10 => "1.0",
            Self::Http11 => "1.1",
        }
    }

    fn from_wire(bytes: &[u8]) -> Option<Self> {
        match bytes {
            b"HTTP/1.1" => Some(Self::Http11),
            b"HTTP/1.0" => Some(Self::Http10),
            _ => None,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP/{}", self.number())
    }
}

/// One header line: the name as written, the value without the blanks around it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name, in the case it was sent in.
    pub name: &'a [u8],
    /// The value without leading and trailing blanks; any bytes.
    pub value: &'a [u8],
}

impl Field<'_> {
    /// True if the name is `name`, case ignored (RFC 9110 section 5.1).
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name.escape_ascii(), self.value.escape_ascii())
    }
}

/// The header lines of a head, in the order they were sent.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The first value under `name` (case ignored), or `None`.
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.all(name).next()
    }

    /// Every value under `name` (case ignored), in order.
    pub fn all<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a [u8]> + use<'a, 'n> {
        let mut lines = self.clone();
        std::iter::from_fn(move || lines.next_line()).filter_map(move |line| value_under(name, line))
    }

    /// The next line, without its end; `None` behind the last one.
    fn next_line(&mut self) -> Option<&'a [u8]> {
        let end = memchr(b'\n', self.rest)?;
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest.get(1..).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            self.rest = &[];
            return None;
        }
        Some(line)
    }

    /// True if a comma-separated list header holds `token` (case ignored), as `Connection` and `Upgrade` do.
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.all(name)
            .flat_map(|value| value.split(|&b| b == b','))
            .any(|item| item.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        loop {
            let line = self.next_line()?;
            if let Some(colon) = memchr(b':', line) {
                let (name, value) = line.split_at(colon);
                let value = value.get(1..).unwrap_or_default().trim_ascii();
                return Some(Field { name, value });
            }
        }
    }
}

/// The value of a line, if it stands under `name`. A line of another name is passed over without looking for its colon:
/// heads are asked for many names that they do not have.
fn value_under<'a>(name: &str, line: &'a [u8]) -> Option<&'a [u8]> {
    let (found, behind) = line.split_at_checked(name.len())?;
    let value = behind.strip_prefix(b":")?;
    found.eq_ignore_ascii_case(name.as_bytes()).then(|| value.trim_ascii())
}

/// The first line of a head, without its line end.
fn first_line(bytes: &[u8]) -> Result<&[u8], HeadError> {
    if !bytes.ends_with(b"\r\n\r\n") {
        return Err(HeadError::Unfinished);
    }
    let end = memchr(b'\n', bytes).ok_or(HeadError::Unfinished)?;
    let line = bytes.get(..end).unwrap_or_default();
    Ok(line.strip_suffix(b"\r").unwrap_or(line))
}

/// Refuses a head with a line that [`Fields`] would pass over.
fn check_fields(bytes: &[u8]) -> Result<(), HeadError> {
    let mut lines = bytes.split(|&b| b == b'\n').skip(1).map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let all_well = lines.all(|line| line.is_empty() || memchr(b':', line).is_some());
    if all_well { Ok(()) } else { Err(HeadError::Field) }
}

/// The head of a request: the bytes as they were on the wire.
///
/// Built from bytes that end with an empty line; whether they are *acceptable* HTTP (ambiguous lengths, bare line feeds,
/// folded lines) is decided before, where they are received.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestHead {
    bytes: Box<[u8]>,
    method_end: u32,
    target_start: u32,
    target_end: u32,
    line_end: u32,
    version: Version,
}

impl RequestHead {
    /// Takes a head's bytes, from the request line to the empty line inclusive.
    ///
    /// # Errors
    /// [`HeadError`] if the first line is no request line of HTTP/1.0 or 1.1, or if a line below has no colon.
    pub fn from_wire(bytes: impl Into<Box<[u8]>>) -> Result<Self, HeadError> {
        let head = Self::from_judged(bytes)?;
        check_fields(&head.bytes).map(|()| head)
    }

    /// The same for bytes whose lines have been judged already, as the data path does for every head: it does not look at
    /// the lines a second time.
    ///
    /// # Errors
    /// [`HeadError`] if the first line is no request line of HTTP/1.0 or 1.1.
    pub fn from_judged(bytes: impl Into<Box<[u8]>>) -> Result<Self, HeadError> {
        let bytes = bytes.into();
        let line = first_line(&bytes)?;
        let method_end = memchr(b' ', line).ok_or(HeadError::RequestLine)?;
        let target_end = line.iter().rposition(|&b| b == b' ').ok_or(HeadError::RequestLine)?;
        let version = line.get(target_end + 1..).and_then(Version::from_wire).ok_or(HeadError::RequestLine)?;
        if method_end == 0 || target_end <= method_end + 1 {
            return Err(HeadError::RequestLine);
        }
        let index = |n: usize| u32::try_from(n).map_err(|_| HeadError::RequestLine);
        let (method_end, target_end, line_end) = (index(method_end)?, index(target_end)?, index(line.len() + 2)?);
        Ok(Self { bytes, method_end, target_start: method_end + 1, target_end, line_end, version })
    }

    /// Keeps bytes that are *no* acceptable head, so that what was refused can be shown: method, target and fields are
    /// what can be made of them, and the first line is all target where it is no request line.
    pub fn salvage(bytes: &[u8]) -> Self {
        let bytes: Box<[u8]> = bytes.get(..bytes.len().min(SALVAGE_LIMIT)).unwrap_or_default().into();
        let line_end = memchr(b'\n', &bytes).map_or(bytes.len(), |end| end + 1);
        let line = bytes.get(..line_end).unwrap_or_default().trim_ascii_end();
        let method_end = memchr(b' ', line).filter(|&end| line.iter().take(end).all(u8::is_ascii_alphabetic));
        let last_blank = line.iter().rposition(|&b| b == b' ');
        let version = last_blank.and_then(|blank| line.get(blank + 1..)).and_then(Version::from_wire);
        let target_start = method_end.map_or(0, |end| end + 1);
        let target_end = match (version, last_blank) {
            (Some(_), Some(blank)) => blank.max(target_start),
            _ => line.len(),
        };
        // Within SALVAGE_LIMIT, so none of these can overflow.
        let index = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            method_end: index(method_end.unwrap_or(0)),
            target_start: index(target_start),
            target_end: index(target_end),
            line_end: index(line_end),
            version: version.unwrap_or(Version::Http11),
            bytes,
        }
    }

    /// The bytes, from the request line to the empty line inclusive.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The method as written.
    pub fn method(&self) -> &[u8] {
        self.bytes.get(..self.method_end as usize).unwrap_or_default()
    }

    /// The request target as written: any form, any bytes, nothing decoded.
    pub fn target(&self) -> &[u8] {
        self.bytes.get(self.target_start as usize..self.target_end as usize).unwrap_or_default()
    }

    /// The version that the request line names.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The header lines, in order.
    pub fn fields(&self) -> Fields<'_> {
        Fields { rest: self.bytes.get(self.line_end as usize..).unwrap_or_default() }
    }

    /// The first value under `name` (case ignored).
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.fields().get(name)
    }

    /// True if this asks to become a websocket (`Connection: upgrade` and `Upgrade: websocket`, RFC 6455 section 4.2.1).
    pub fn is_websocket(&self) -> bool {
        self.fields().has_token("connection", "upgrade") && self.fields().has_token("upgrade", "websocket")
    }

    /// The same head with another path in its target; the query stays. `None` if that is no head any more.
    pub fn with_path(&self, path: &[u8]) -> Option<Self> {
        let mut bytes = Vec::with_capacity(self.bytes.len() + path.len());
        bytes.extend_from_slice(self.method());
        bytes.push(b' ');
        bytes.extend_from_slice(path);
        if let Some(query) = Target::new(self.target()).query() {
            bytes.push(b'?');
            bytes.extend_from_slice(query);
        }
        bytes.extend_from_slice(self.bytes.get(self.target_end as usize..)?);
        Self::from_wire(bytes).ok()
    }
}

impl fmt::Debug for RequestHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestHead({})", self.bytes.escape_ascii())
    }
}

/// The head of a response: the bytes as they were on the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct ResponseHead {
    bytes: Box<[u8]>,
    line_end: u32,
    status: u16,
    version: Version,
}

impl ResponseHead {
    /// Takes a head's bytes, from the status line to the empty line inclusive.
    ///
    /// # Errors
    /// [`HeadError`] if the first line is no status line of HTTP/1.0 or 1.1, or if a line below has no colon.
    pub fn from_wire(bytes: impl Into<Box<[u8]>>) -> Result<Self, HeadError> {
        let head = Self::from_judged(bytes)?;
        check_fields(&head.bytes).map(|()| head)
    }

    /// The same for bytes whose lines have been judged already.
    ///
    /// # Errors
    /// [`HeadError`] if the first line is no status line of HTTP/1.0 or 1.1.
    pub fn from_judged(bytes: impl Into<Box<[u8]>>) -> Result<Self, HeadError> {
        let bytes = bytes.into();
        let line = first_line(&bytes)?;
        let version = line.get(..8).and_then(Version::from_wire).ok_or(HeadError::StatusLine)?;
        let digits = match line.get(8..) {
            Some([b' ', a, b, c] | [b' ', a, b, c, b' ', ..]) => [*a, *b, *c],
            _ => return Err(HeadError::StatusLine),
        };
        if !digits.iter().all(u8::is_ascii_digit) {
            return Err(HeadError::StatusLine);
        }
        let status = digits.iter().fold(0u16, |n, d| n * 10 + u16::from(d - b'0'));
        if status < 100 {
            return Err(HeadError::StatusLine);
        }
        let line_end = u32::try_from(line.len() + 2).map_err(|_| HeadError::StatusLine)?;
        Ok(Self { bytes, line_end, status, version })
    }

    /// The bytes, from the status line to the empty line inclusive.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The status code, 100 to 999.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The version that the status line names.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The reason phrase, empty if there is none.
    pub fn reason(&self) -> &[u8] {
        self.bytes.get(13..self.line_end as usize - 2).unwrap_or_default()
    }

    /// The header lines, in order.
    pub fn fields(&self) -> Fields<'_> {
        Fields { rest: self.bytes.get(self.line_end as usize..).unwrap_or_default() }
    }

    /// The first value under `name` (case ignored).
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.fields().get(name)
    }
}

impl fmt::Debug for ResponseHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseHead({})", self.bytes.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_path_of_a_head_changes() {
        let head = RequestHead::from_wire(*b"GET /api/v1/a%2Fb?x=1 HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
        let changed = head.with_path(b"/a%2Fb").unwrap();
        assert_eq!(changed.as_bytes(), b"GET /a%2Fb?x=1 HTTP/1.1\r\nHost: h\r\n\r\n");
    }

    #[test]
    fn a_request_head_keeps_order_case_and_repetition() {
        let head =
            RequestHead::from_wire(*b"GET /a%2Fb?x HTTP/1.1\r\nhOst: h\r\nX-A: 1\r\nB:2\r\nx-a:  3 \r\n\r\n").unwrap();
        assert_eq!(head.method(), b"GET");
        assert_eq!(head.target(), b"/a%2Fb?x");
        let names: Vec<_> = head.fields().map(|f| f.name.to_vec()).collect();
        assert_eq!(names, [&b"hOst"[..], b"X-A", b"B", b"x-a"]);
        assert_eq!(head.fields().all("x-A").collect::<Vec<_>>(), [b"1", b"3"]);
    }

    #[test]
    fn a_target_with_a_blank_is_kept_whole() {
        let head = RequestHead::from_wire(*b"GET /a b HTTP/1.0\r\n\r\n").unwrap();
        assert_eq!(head.target(), b"/a b");
        assert_eq!(head.fields().count(), 0);
    }

    #[test]
    fn what_was_refused_is_kept_as_far_as_it_reads() {
        let read = |bytes: &[u8]| {
            let head = RequestHead::salvage(bytes);
            (head.method().to_vec(), head.target().to_vec(), head.fields().count())
        };
        assert_eq!(read(b"GET /a HTTP/1.1\nHost: h\r\n\r\n"), (b"GET".to_vec(), b"/a".to_vec(), 1));
        assert_eq!(read(b"GET /a b HTTP/1.1\r\n\r\n"), (b"GET".to_vec(), b"/a b".to_vec(), 0));
        assert_eq!(read(b"\x16\x03\x01 x"), (b"".to_vec(), b"\x16\x03\x01 x".to_vec(), 0));
        assert_eq!(read(b"GET "), (b"".to_vec(), b"GET".to_vec(), 0));
        assert_eq!(read(b""), (b"".to_vec(), b"".to_vec(), 0));
    }

    #[test]
    fn a_response_head_is_read() {
        let head = ResponseHead::from_wire(*b"HTTP/1.1 404 Not Found\r\nserver: uvicorn\r\n\r\n").unwrap();
        assert_eq!((head.status(), head.reason()), (404, &b"Not Found"[..]));
        let bare = ResponseHead::from_wire(*b"HTTP/1.1 204\r\n\r\n").unwrap();
        assert_eq!((bare.status(), bare.reason()), (204, &b""[..]));
    }

    #[test]
    fn what_is_no_head_is_refused() {
        assert_eq!(RequestHead::from_wire(*b"GET / HTTP/1.1\r\n"), Err(HeadError::Unfinished));
        assert_eq!(RequestHead::from_wire(*b"GET /\r\n\r\n"), Err(HeadError::RequestLine));
        assert_eq!(RequestHead::from_wire(*b"GET / HTTP/1.1\r\nno colon\r\n\r\n"), Err(HeadError::Field));
        assert_eq!(ResponseHead::from_wire(*b"HTTP/1.1 20 OK\r\n\r\n"), Err(HeadError::StatusLine));
    }
}
