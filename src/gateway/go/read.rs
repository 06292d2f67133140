//! How `net/http` reads the head of a request, and what it refuses before any handler sees it.
//!
//! Go 1.26, `net/http/request.go` (`readRequest`), `server.go` (`conn.readRequest`, `conn.serve`), `transfer.go`
//! (`readTransfer`), `net/textproto/reader.go` (`ReadMIMEHeader`).

use super::header::{Header, canonical, is_token, is_token_byte, is_value, trim, trim_string};
use super::url::Url;

/// `http.DefaultMaxHeaderBytes`
const MOST_HEADER_BYTES: usize = 1 << 20;
/// What the server reads beyond its limit.
const SLOP: usize = 4096;

/// What of a server is set by the program that uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Server {
    /// `MaxHeaderBytes`
    pub(in crate::gateway) max_header_bytes: usize,
    /// True if `OPTIONS *` goes to the handler (`DisableGeneralOptionsHandler`) instead of being answered with 200.
    pub(in crate::gateway) handles_options: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self { max_header_bytes: MOST_HEADER_BYTES, handles_options: false }
    }
}

/// `http.Request`, as a handler gets it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_field_names, reason = "the names are Go's")]
pub(in crate::gateway) struct Request {
    /// The method, in the client's case.
    pub(in crate::gateway) method: String,
    /// The target.
    pub(in crate::gateway) url: Url,
    /// The target as it was sent.
    pub(in crate::gateway) request_uri: Vec<u8>,
    /// Major and minor version.
    pub(in crate::gateway) proto: (u8, u8),
    /// The fields, without `Host` and `Transfer-Encoding`.
    pub(in crate::gateway) header: Header,
    /// The target's host if it has one, else the `Host` field.
    pub(in crate::gateway) host: Vec<u8>,
    /// The body's length; `None` if it is chunked.
    pub(in crate::gateway) content_length: Option<u64>,
    /// The names that `Trailer` announces, canonical and sorted.
    pub(in crate::gateway) trailer: Vec<String>,
    /// True if the request as sent on is the last on its connection.
    pub(in crate::gateway) close: bool,
}

/// Why a request does not get to the handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Stop {
    /// The server answers by itself.
    Answer {
        /// With this status.
        status: u16,
        /// For this reason, in the words of Go's source where it has some.
        why: &'static str,
    },
    /// It is the preface of HTTP/2 (RFC 9113 section 3.4).
    Http2,
}

const fn bad(why: &'static str) -> Stop {
    Stop::Answer { status: 400, why }
}

/// Reads a head: the lines up to the empty one. What stands after that is not looked at.
///
/// # Errors
/// [`Stop`] for what does not get to the handler.
pub(in crate::gateway) fn read_request(head: &[u8], server: Server) -> Result<Request, Stop> {
    let mut lines = Lines(head);
    let request = read(&mut lines, server);
    let read = head.len() - lines.0.len();
    if read > server.max_header_bytes.saturating_add(SLOP) {
        return Err(Stop::Answer { status: 431, why: "request too large" });
    }
    let request = request?;
    match expectation(&request.header) {
        Expect::Continue | Expect::Nothing => {}
        Expect::Other => return Err(Stop::Answer { status: 417, why: "unsupported Expect" }),
    }
    if !server.handles_options && request.method == "OPTIONS" && request.request_uri == b"*" {
        return Err(Stop::Answer { status: 200, why: "OPTIONS *" });
    }
    Ok(request)
}

fn read(lines: &mut Lines<'_>, server: Server) -> Result<Request, Stop> {
    let line = lines.next_line().ok_or(bad("unexpected EOF"))?;
    let (method, request_uri, proto) = request_line(line).ok_or(bad("malformed HTTP request"))?;
    if !is_token(method) {
        return Err(bad("invalid method"));
    }
    let method = String::from_utf8_lossy(method).into_owned();
    let proto = version(proto).ok_or(bad("malformed HTTP version"))?;
    let url = target(&method, request_uri).ok_or(bad("invalid URI for request"))?;
    let mut header = read_header(lines, server)?;
    if header.values("Host").len() > 1 {
        return Err(bad("too many Host headers"));
    }
    if header.get("Pragma") == b"no-cache" && !header.has("Cache-Control") {
        header.set("Cache-Control", "no-cache");
    }
    let chunked = transfer_encoding(&mut header, proto)?;
    let content_length = content_length(&mut header, chunked)?;
    let trailer = if chunked { trailer(&mut header)? } else { Vec::new() };
    let is_preface = method == "PRI" && proto == (2, 0) && request_uri == b"*";
    if is_preface && header.iter().next().is_none() {
        return Err(Stop::Http2);
    }
    if proto.0 != 1 && !is_preface {
        return Err(Stop::Answer { status: 505, why: "unsupported protocol version" });
    }
    let is_http11 = proto >= (1, 1);
    match header.values("Host") {
        [] if is_http11 && method != "CONNECT" => return Err(bad("missing required Host header")),
        [host] if !is_host(host) => return Err(bad("malformed Host header")),
        _ => {}
    }
    if !header.iter().all(|(name, values)| is_token(name.as_bytes()) && values.iter().all(|value| is_value(value))) {
        return Err(bad("invalid header name"));
    }
    let from_field = header.remove("Host").and_then(|values| values.into_iter().next()).unwrap_or_default();
    let host = if url.host.is_empty() { from_field } else { url.host.clone() };
    let request_uri = request_uri.to_vec();
    Ok(Request { method, url, request_uri, proto, header, host, content_length, trailer, close: false })
}

/// The lines of a head, each ended by LF or CR LF, which are cut off.
struct Lines<'a>(&'a [u8]);

impl<'a> Lines<'a> {
    /// The next line; `None` where the head ends within it.
    fn next_line(&mut self) -> Option<&'a [u8]> {
        let end = memchr::memchr(b'\n', self.0)?;
        let (line, rest) = self.0.split_at_checked(end + 1)?;
        self.0 = rest;
        let line = line.strip_suffix(b"\n")?;
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// Skips spaces and tabs: true if there were any.
    fn skip_blanks(&mut self) -> bool {
        let blanks = self.0.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        self.0 = self.0.get(blanks..).unwrap_or_default();
        blanks > 0
    }
}

/// Method, target and version: what stands before the first blank, before the second, and the rest.
fn request_line(line: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut parts = line.splitn(3, |&byte| byte == b' ');
    Some((parts.next()?, parts.next()?, parts.next()?))
}

/// `ParseHTTPVersion`
fn version(text: &[u8]) -> Option<(u8, u8)> {
    match text {
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => {
            Some((major - b'0', minor - b'0'))
        }
        _ => None,
    }
}

/// The target as a URL. That of CONNECT is a bare authority.
fn target(method: &str, target: &[u8]) -> Option<Url> {
    if method == "CONNECT" && !target.starts_with(b"/") {
        let mut url = Url::parse_request_uri(&[b"http://", target].concat())?;
        url.scheme.clear();
        return Some(url);
    }
    Url::parse_request_uri(target)
}

/// `ReadMIMEHeader`: the fields up to the empty line. A line that begins with a blank continues the one before it.
fn read_header(lines: &mut Lines<'_>, server: Server) -> Result<Header, Stop> {
    let mut header = Header::default();
    if lines.0.starts_with(b" ") || lines.0.starts_with(b"\t") {
        return Err(bad("malformed MIME header initial line"));
    }
    let most = server.max_header_bytes.saturating_add(SLOP);
    let before = lines.0.len();
    loop {
        // Past the limit nothing more is read; the caller answers for it.
        if before - lines.0.len() > most {
            return Ok(header);
        }
        let line = lines.next_line().ok_or(bad("unexpected EOF"))?;
        if line.is_empty() {
            return Ok(header);
        }
        if !line.contains(&b':') {
            return Err(bad("malformed MIME header: missing colon"));
        }
        let mut line = trim(line).to_vec();
        while lines.skip_blanks() {
            line.push(b' ');
            line.extend_from_slice(trim(lines.next_line().ok_or(bad("unexpected EOF"))?));
        }
        let colon = memchr::memchr(b':', &line).ok_or(bad("malformed MIME header line"))?;
        let (name, value) = (line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default());
        // A space in a name is put up with here and refused later.
        let known = !name.is_empty() && name.iter().all(|&byte| byte == b' ' || is_token_byte(byte));
        if !known || !is_value(value) {
            return Err(bad("malformed MIME header line"));
        }
        let blanks = value.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        header.add(&String::from_utf8_lossy(name), value.get(blanks..).unwrap_or_default());
    }
}

/// `parseTransferEncoding`: true for a chunked body.
fn transfer_encoding(header: &mut Header, proto: (u8, u8)) -> Result<bool, Stop> {
    let Some(codings) = header.remove("Transfer-Encoding") else { return Ok(false) };
    if proto < (1, 1) {
        return Ok(false);
    }
    match codings.as_slice() {
        [coding] if coding.eq_ignore_ascii_case(b"chunked") => Ok(true),
        [_] => Err(Stop::Answer { status: 501, why: "unsupported transfer encoding" }),
        _ => Err(Stop::Answer { status: 501, why: "too many transfer encodings" }),
    }
}

/// `fixLength`: the length of the body, `None` for a chunked one.
fn content_length(header: &mut Header, chunked: bool) -> Result<Option<u64>, Stop> {
    let lengths = header.values("Content-Length");
    let Some(first) = lengths.first().map(|length| trim_string(length).to_vec()) else {
        return Ok((!chunked).then_some(0));
    };
    if !lengths.iter().all(|length| trim_string(length) == first) {
        return Err(bad("message cannot contain multiple Content-Length headers"));
    }
    if lengths.len() > 1 {
        header.set("Content-Length", first.clone());
    }
    let length = parse_length(&first).ok_or(bad("bad Content-Length"))?;
    if chunked {
        header.remove("Content-Length");
        return Ok(None);
    }
    Ok(Some(length))
}

/// Digits alone, up to the largest signed number of 64 bits.
fn parse_length(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let length = std::str::from_utf8(text).ok()?.parse::<u64>().ok()?;
    i64::try_from(length).ok().map(|_| length)
}

/// `fixTrailer`: the names that a chunked request announces.
fn trailer(header: &mut Header) -> Result<Vec<String>, Stop> {
    let announced = header.remove("Trailer").unwrap_or_default();
    let mut names = Vec::new();
    for name in announced.iter().flat_map(|list| list.split(|&byte| byte == b',')).map(trim_string) {
        let name = canonical(&String::from_utf8_lossy(name));
        if matches!(name.as_str(), "Transfer-Encoding" | "Trailer" | "Content-Length") {
            return Err(bad("bad trailer key"));
        }
        if !name.is_empty() {
            names.push(name);
        }
    }
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

/// `httpguts.ValidHostHeader`
pub(super) fn is_host(host: &[u8]) -> bool {
    let is_host_byte = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'!' | b'$'
                    | b'%'
                    | b'&'
                    | b'('
                    | b')'
                    | b'*'
                    | b'+'
                    | b','
                    | b'-'
                    | b'.'
                    | b':'
                    | b';'
                    | b'='
                    | b'['
                    | b'\''
                    | b']'
                    | b'_'
                    | b'~'
            )
    };
    host.iter().all(is_host_byte)
}

/// What `Expect` asks for.
enum Expect {
    Nothing,
    Continue,
    Other,
}

fn expectation(header: &Header) -> Expect {
    let value = header.get("Expect");
    if has_token(value, b"100-continue") {
        Expect::Continue
    } else if value.is_empty() {
        Expect::Nothing
    } else {
        Expect::Other
    }
}

/// `hasToken`: case ignored, between blanks or commas.
pub(super) fn has_token(value: &[u8], token: &[u8]) -> bool {
    value.split(|byte| matches!(byte, b' ' | b',' | b'\t')).any(|part| part.eq_ignore_ascii_case(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> Result<Request, Stop> {
        read_request(head.as_bytes(), Server::default())
    }

    #[test]
    fn what_is_refused() {
        for (head, status) in [
            ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", None),
            ("GET / HTTP/1.1\nHost: h\n\n", None),
            ("GET / HTTP/1.0\r\n\r\n", None),
            ("GET / HTTP/1.7\r\nHost:\r\n\r\n", None),
            ("CONNECT h:1 HTTP/1.1\r\n\r\n", None),
            ("GET / HTTP/1.1\r\nHost: h\r\nX:\ta\r\n b\r\n\r\n", None),
            ("GET / HTTP/1.1\r\nHost: h\r\nX: \u{e9}\r\n\r\n", None),
            ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length:  3\r\n\r\n", None),
            ("GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\n\r\n", None),
            ("", Some(400)),
            ("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: h\r\n", Some(400)),
            ("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", Some(400)),
            ("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", Some(400)),
            ("GET /\r\n\r\n", Some(400)),
            ("G(T / HTTP/1.1\r\nHost: h\r\n\r\n", Some(400)),
            ("GET / http/1.1\r\nHost: h\r\n\r\n", Some(400)),
            ("GET / HTTP/1.10\r\nHost: h\r\n\r\n", Some(400)),
            ("GET x HTTP/1.1\r\nHost: h\r\n\r\n", Some(400)),
            ("GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\n Host: h\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: h\r\nX : a\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: h\r\nX: a\x01\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3, 3\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: +3\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", Some(400)),
            ("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", Some(501)),
            ("GET / HTTP/1.1\r\nTransfer-Encoding: x\r\n\r\n", Some(501)),
            ("GET / HTTP/1.0\r\nTransfer-Encoding: x\r\n\r\n", None),
            (
                "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
                Some(501),
            ),
            ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", Some(505)),
            ("GET / HTTP/0.9\r\nHost: h\r\n\r\n", Some(505)),
            ("GET / HTTP/1.1\r\nHost: h\r\nExpect: the worst\r\n\r\n", Some(417)),
            ("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", Some(200)),
        ] {
            let answered = match read(head) {
                Err(Stop::Answer { status, .. }) => Some(status),
                Err(Stop::Http2) => Some(0),
                Ok(_) => None,
            };
            assert_eq!(answered, status, "{head:?}");
        }
        assert_eq!(read("PRI * HTTP/2.0\r\n\r\n"), Err(Stop::Http2));
    }

    #[test]
    fn too_large() {
        let head = |size| format!("GET / HTTP/1.1\r\nHost: h\r\nX: {}\r\n\r\n", "a".repeat(size));
        let server = Server { max_header_bytes: 1000, ..Server::default() };
        assert!(read_request(head(4900).as_bytes(), server).is_ok());
        let refused = Stop::Answer { status: 431, why: "request too large" };
        assert_eq!(read_request(head(5200).as_bytes(), server), Err(refused));
    }

    #[test]
    fn what_is_read() {
        let request = read(concat!(
            "POST http://a:80/x?y HTTP/1.1\r\nHost: b\r\nx-a: 1 \r\nX-A:2\r\n  3\r\npragma: no-cache\r\n",
            "Content-Length: 3\r\nTransfer-Encoding: Chunked\r\nTrailer: x-t, X-S\r\n\r\n"
        ))
        .unwrap();
        assert_eq!((request.host.as_slice(), request.content_length), (&b"a:80"[..], None));
        assert_eq!(request.trailer, ["X-S", "X-T"]);
        let fields: Vec<_> = request.header.iter().map(|(name, values)| format!("{name}={}", values.len())).collect();
        assert_eq!(fields, ["Cache-Control=1", "Pragma=1", "X-A=2"]);
        assert_eq!(request.header.values("X-A"), [b"1".to_vec(), b"2 3".to_vec()]);
        assert_eq!(request.request_uri, b"http://a:80/x?y");
    }
}
