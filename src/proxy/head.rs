//! Finding and judging the head of an HTTP/1 message in received bytes.
//!
//! hyper and its parser accept what this program must refuse (bare line feeds, folded lines, a length beside chunked) and
//! do not keep what it must keep (the order of repeated headers, odd bytes of a target). A debugger that sits between two
//! programs has to see a head exactly as they do, so the head is judged here, byte by byte, and passed on as it came.

use crate::exchange::Framing;

/// Why a head is refused. `status` is what the client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: u16,
    pub why: &'static str,
}

const fn bad(why: &'static str) -> Refusal {
    Refusal { status: 400, why }
}

/// What the start line and the framing fields of a head say; the bytes themselves stay in the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Judged {
    /// Where the head ends: bytes up to and including the empty line.
    pub length: usize,
    /// `Content-Length`, `chunked`, or nothing.
    pub framing: Framing,
    /// True for HTTP/1.1.
    pub http11: bool,
    /// `Connection: close` was there.
    pub close: bool,
    /// `Expect` was there: whether the body comes depends on the answer.
    pub expect: bool,
    /// `Connection: upgrade` and an `Upgrade` field were there.
    pub upgrade: bool,
    /// Some hop-by-hop field was there, so the head cannot be passed on as it is.
    pub hop_by_hop: bool,
}

/// Which kind of start line to expect.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Request,
    Response,
}

/// Judges the head at the start of `bytes`. `None`: it has not ended yet.
pub(super) fn judge(bytes: &[u8], kind: Kind) -> Result<Option<Judged>, Refusal> {
    let mut found = Found::default();
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(end) = memchr::memchr(b'\n', rest) else {
            // Garbage is told early: a TLS client would otherwise wait for ever for an answer.
            return if at == 0 { first_bytes(rest, kind).map(|()| None) } else { Ok(None) };
        };
        let line = rest.get(..end).unwrap_or_default();
        let line = line.strip_suffix(b"\r").ok_or(bad("a line ends with a bare line feed"))?;
        if memchr::memchr(b'\r', line).is_some() {
            return Err(bad("a carriage return inside a line"));
        }
        let first = at == 0;
        at += end + 1;
        if line.is_empty() && !first {
            return found.finish(at).map(Some);
        }
        if first {
            found.http11 = match kind {
                Kind::Request => request_line(line)?,
                Kind::Response => status_line(line)?,
            };
        } else {
            found.field(line)?;
        }
    }
}

/// Tells what can be told before the first line has ended.
fn first_bytes(bytes: &[u8], kind: Kind) -> Result<(), Refusal> {
    match (kind, bytes) {
        (Kind::Request, [0x16, 0x03, ..]) => Err(bad("TLS on a plain HTTP port: use http:// here")),
        (Kind::Request, [first, ..]) if !is_token(*first) => Err(bad("this is no HTTP request")),
        (Kind::Response, [first, ..]) if *first != b'H' => Err(bad("this is no HTTP response")),
        _ => Ok(()),
    }
}

/// `METHOD SP target SP HTTP/1.x`. Blanks inside the target are refused because readers disagree on where it then ends
/// (RFC 9112 section 3); every other byte is the upstream's to judge.
fn request_line(line: &[u8]) -> Result<bool, Refusal> {
    first_bytes(line, Kind::Request)?;
    let mut words = line.split(|&b| b == b' ');
    let (method, target, version) = (words.next(), words.next(), words.next());
    let (Some(method), Some(target), Some(version), None) = (method, target, version, words.next()) else {
        return Err(bad("the request line is not METHOD TARGET VERSION"));
    };
    if method.is_empty() || !method.iter().copied().all(is_token) {
        return Err(bad("the method is no token"));
    }
    if target.is_empty() || target.iter().any(|b| matches!(b, 0 | b'\t' | 0x0b | 0x0c)) {
        return Err(bad("the request target is empty or holds a blank"));
    }
    match version {
        b"HTTP/1.1" => Ok(true),
        b"HTTP/1.0" => Ok(false),
        [b'H', b'T', b'T', b'P', b'/', ..] => {
            Err(Refusal { status: 505, why: "only HTTP/1.0 and HTTP/1.1 are spoken here" })
        }
        _ => Err(bad("the request line names no HTTP version")),
    }
}

/// `HTTP/1.x SP NNN [SP reason]`.
fn status_line(line: &[u8]) -> Result<bool, Refusal> {
    let http11 = match line.get(..9) {
        Some(b"HTTP/1.1 ") => true,
        Some(b"HTTP/1.0 ") => false,
        _ => return Err(bad("the status line names no HTTP/1 version")),
    };
    match line.get(9..) {
        Some([b'1'..=b'9', b'0'..=b'9', b'0'..=b'9'] | [b'1'..=b'9', b'0'..=b'9', b'0'..=b'9', b' ', ..]) => Ok(http11),
        _ => Err(bad("the status line has no three-digit status")),
    }
}

/// What the field lines have said so far.
#[derive(Default)]
struct Found {
    http11: bool,
    length: Option<u64>,
    chunked: bool,
    close: bool,
    expect: bool,
    connection_upgrade: bool,
    upgrade: bool,
    hop_by_hop: bool,
}

impl Found {
    fn field(&mut self, line: &[u8]) -> Result<(), Refusal> {
        if matches!(line.first(), Some(b' ' | b'\t')) {
            return Err(bad("a folded header line (obs-fold)"));
        }
        let (name, value) = field(line).map_err(bad)?;
        if memchr::memchr(0, value).is_some() {
            return Err(bad("a NUL byte in a header value"));
        }
        match name.len() {
            2 if name.eq_ignore_ascii_case(b"te") => self.hop_by_hop = true,
            6 if name.eq_ignore_ascii_case(b"expect") => self.expect = true,
            7 if name.eq_ignore_ascii_case(b"upgrade") => {
                self.upgrade = true;
                self.hop_by_hop = true;
            }
            10 if name.eq_ignore_ascii_case(b"connection") => self.connection(value),
            10 if name.eq_ignore_ascii_case(b"keep-alive") => self.hop_by_hop = true,
            14 if name.eq_ignore_ascii_case(b"content-length") => return self.content_length(value),
            16 if name.eq_ignore_ascii_case(b"proxy-connection") => self.hop_by_hop = true,
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => return self.transfer_encoding(value),
            _ => {}
        }
        Ok(())
    }

    fn connection(&mut self, value: &[u8]) {
        self.hop_by_hop = true;
        for option in value.split(|&b| b == b',').map(trim) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.connection_upgrade |= option.eq_ignore_ascii_case(b"upgrade");
        }
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.length.is_some() {
            return Err(bad("two Content-Length lines"));
        }
        let digits = trim(value);
        if digits.is_empty() || digits.len() > 19 || !digits.iter().all(u8::is_ascii_digit) {
            return Err(bad("a Content-Length that is no number"));
        }
        self.length = Some(digits.iter().fold(0, |n, digit| n * 10 + u64::from(digit - b'0')));
        Ok(())
    }

    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.chunked {
            return Err(bad("two Transfer-Encoding lines"));
        }
        let mut codings = value.rsplit(|&b| b == b',').map(trim);
        let is_chunked = |coding: &[u8]| coding.eq_ignore_ascii_case(b"chunked");
        if !codings.next().is_some_and(is_chunked) {
            // RFC 9112 section 6.3: where such a body ends cannot be told.
            return Err(bad("a Transfer-Encoding that does not end with chunked"));
        }
        match codings.next() {
            None => self.chunked = true,
            Some(coding) if is_chunked(coding) => return Err(bad("chunked twice")),
            // Its end could be told; what it holds is nothing that is done here (RFC 9112 section 6.1).
            Some(_) => return Err(Refusal { status: 501, why: "a Transfer-Encoding other than chunked" }),
        }
        Ok(())
    }

    fn finish(self, length: usize) -> Result<Judged, Refusal> {
        let framing = match (self.chunked, self.length) {
            (true, Some(_)) => return Err(bad("both Content-Length and Transfer-Encoding")),
            (true, None) if !self.http11 => return Err(bad("Transfer-Encoding in an HTTP/1.0 message")),
            (true, None) => Framing::Chunked,
            (false, Some(length)) => Framing::Length(length),
            (false, None) => Framing::None,
        };
        Ok(Judged {
            length,
            framing,
            http11: self.http11,
            close: self.close,
            expect: self.expect,
            // RFC 9110 section 7.8: an upgrade in an HTTP/1.0 request is to be ignored.
            upgrade: self.http11 && self.upgrade && self.connection_upgrade,
            hop_by_hop: self.hop_by_hop,
        })
    }
}

/// Splits a field line at its colon, blanks around the value left on.
pub(super) fn field(line: &[u8]) -> Result<(&[u8], &[u8]), &'static str> {
    let colon = memchr::memchr(b':', line).ok_or("a header line without a colon")?;
    let (name, value) = line.split_at(colon);
    if name.is_empty() || !name.iter().copied().all(is_token) {
        return Err("a header name that is no token, or a blank before its colon");
    }
    Ok((name, value.get(1..).unwrap_or_default()))
}

/// Takes the blanks off that HTTP allows around a value (RFC 9110 section 5.6.3), and no others: what a form feed before
/// `chunked` makes of it, readers do not agree on.
pub(super) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// `tchar` of RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn request(text: &str) -> Result<Option<Judged>, Refusal> {
        judge(text.as_bytes(), Kind::Request)
    }

    #[test]
    fn a_plain_request_is_read() {
        let text = "GET /a%2F|{}\"<>^`#f HTTP/1.1\r\nHost: h\r\n\r\nrest";
        let head = request(text).unwrap().unwrap();
        assert_eq!(head.length, text.len() - 4);
        assert_eq!((head.framing, head.http11, head.hop_by_hop), (Framing::None, true, false));
    }

    #[rstest]
    #[case::two_lengths("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400)]
    #[case::length_list("POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n", 400)]
    #[case::signed_length("POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", 400)]
    #[case::length_and_chunked("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400)]
    #[case::chunked_twice("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400)]
    #[case::chunked_not_last("POST / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", 400)]
    #[case::chunked_then_chunked("POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400)]
    #[case::other_coding("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501)]
    #[case::form_feed_before_chunked("POST / HTTP/1.1\r\nTransfer-Encoding: \x0cchunked\r\n\r\n", 400)]
    #[case::form_feed_behind_a_length("POST / HTTP/1.1\r\nContent-Length: 1\x0c\r\n\r\n", 400)]
    #[case::vertical_tab_before_chunked("POST / HTTP/1.1\r\nTransfer-Encoding: \x0bchunked\r\n\r\n", 400)]
    #[case::chunked_in_1_0("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400)]
    #[case::bare_lf_in_request_line("GET / HTTP/1.1\nHost: h\r\n\r\n", 400)]
    #[case::bare_lf_in_field("GET / HTTP/1.1\r\nHost: h\nA: b\r\n\r\n", 400)]
    #[case::bare_lf_at_the_end("GET / HTTP/1.1\r\nHost: h\r\n\n", 400)]
    #[case::bare_cr("GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n", 400)]
    #[case::folded("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400)]
    #[case::folded_first("GET / HTTP/1.1\r\n A: b\r\n\r\n", 400)]
    #[case::blank_before_colon("GET / HTTP/1.1\r\nContent-Length : 1\r\n\r\n", 400)]
    #[case::no_colon("GET / HTTP/1.1\r\nabc\r\n\r\n", 400)]
    #[case::nul("GET / HTTP/1.1\r\nA: \0\r\n\r\n", 400)]
    #[case::blank_in_target("GET /a b HTTP/1.1\r\n\r\n", 400)]
    #[case::tab_in_target("GET /a\tb HTTP/1.1\r\n\r\n", 400)]
    #[case::two_blanks("GET  / HTTP/1.1\r\n\r\n", 400)]
    #[case::http_0_9("GET /\r\n", 400)]
    #[case::http_2("PRI * HTTP/2.0\r\n\r\n", 505)]
    #[case::tls("\x16\x03\x01", 400)]
    fn what_is_ambiguous_is_refused(#[case] text: &str, #[case] status: u16) {
        assert_eq!(request(text).map_err(|refusal| refusal.status), Err(status), "{}", text.escape_debug());
    }

    #[test]
    fn an_unfinished_head_is_waited_for() {
        let whole = "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n";
        for end in 0..whole.len() {
            assert_eq!(judge(&whole.as_bytes()[..end], Kind::Request), Ok(None), "{end}");
        }
        assert!(request(whole).unwrap().is_some());
    }

    #[test]
    fn an_upgrade_needs_both_fields() {
        let upgrade = |text| request(text).unwrap().unwrap().upgrade;
        assert!(upgrade("GET / HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n"));
        assert!(!upgrade("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"));
        assert!(!upgrade("GET / HTTP/1.1\r\nConnection: upgrade\r\n\r\n"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_a_head_reads_the_same_alone(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = judge(&bytes, Kind::Response);
            let _ = judge(&bytes, Kind::Request);
        }

        #[test]
        fn what_is_accepted_is_a_head(name in "[A-Za-z-]{1,12}", value in "[ -~]{0,20}", target in "/[!-~]{0,20}") {
            let text = format!("GET {target} HTTP/1.1\r\n{name}: {value}\r\n\r\n");
            if let Ok(Some(judged)) = request(&text) {
                prop_assert_eq!(judged.length, text.len());
                prop_assert!(crate::exchange::RequestHead::from_wire(text.into_bytes()).is_ok());
            }
        }
    }
}
