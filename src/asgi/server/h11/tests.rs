use proptest::prelude::*;

use super::super::request::Body;
use super::*;

fn h11(release: Release) -> H11 {
    H11 { release, max_incomplete: MAX_INCOMPLETE }
}

/// The status h11 proposes, 0 if it waits for more, 200 for a request.
fn status(bytes: &[u8]) -> u16 {
    match h11(NEWEST).head(bytes) {
        Ok(_) => 200,
        Err(Fault::Refused { status, .. }) => status,
        Err(Fault::Unfinished) => 0,
    }
}

#[test]
fn heads() {
    for (bytes, expected) in [
        (&b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"[..], 200),
        (b"GET / HTTP/1.1\nHost: h\n\n", 200),
        (b"GET / HTTP/1.1\r\nHost: h\n\r\n", 200),
        (b"GET / HTTP/0.9\r\n\r\n", 200),
        (b"GET / HTTP/9.9\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.10\r\nHost: h\r\n\r\n", 400),
        (b"GET / http/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"\n", 400),
        (b" GET", 400),
        (b"\x16\x03\x01", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\n", 0),
        (b"", 0),
        (b"\xff", 0),
        (b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: \x1f\xff\x01\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: b\x0bc\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: b\rc\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nContent-Length: 3, 3\r\nContent-Length: 3\r\n\r\n", 200),
        (b"POST / HTTP/1.0\r\nContent-Length: 3, 4\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nContent-Length: 3\r\nA: b\r\nContent-Length: 4\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nContent-Length: 3,\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nContent-Length: 000000000000000000003\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: Chunked\r\n\r\n", 200),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
    ] {
        assert_eq!(status(bytes), expected, "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_head_without_end_is_refused_past_the_limit() {
    assert_eq!(status(&vec![b'a'; MAX_INCOMPLETE]), 0);
    assert_eq!(status(&vec![b'a'; MAX_INCOMPLETE + 1]), 431);
}

#[test]
fn lines_are_joined_and_normalized() {
    let bytes = b"POST / HTTP/1.1\r\nHOST:\th \r\nA: b\r\n \t c\r\n\t\r\nContent-Length: 3, 3\r\nTransfer-Encoding: CHUNKED\r\n\r\nrest";
    let (request, rest) = h11(NEWEST).head(bytes).unwrap();
    let lines: Vec<_> = request.lines.iter().map(|line| (line.name.as_slice(), line.value.as_slice())).collect();
    let expected: [(&[u8], &[u8]); 4] =
        [(b"host", b"h"), (b"a", b"b c"), (b"content-length", b"3"), (b"transfer-encoding", b"chunked")];
    assert_eq!((lines.as_slice(), rest), (&expected[..], &b"rest"[..]));
}

#[test]
fn bodies() {
    let old = Release::new(0, 14, 0);
    for (release, head, bytes, expected) in [
        (NEWEST, "Content-Length: 3", "abcd", Some("d")),
        (NEWEST, "Content-Length: 3", "ab", None),
        (NEWEST, "Content-Length: 99999999999999999999", "ab", None),
        (NEWEST, "A: b", "next", Some("next")),
        (NEWEST, "Transfer-Encoding: chunked", "3\r\nabc\r\n0\r\n\r\nd", Some("d")),
        (NEWEST, "Transfer-Encoding: chunked", "3;x=\"y\" \t\r\nabc\r\n00\r\nA: b\r\n\r\n", Some("")),
        (NEWEST, "Transfer-Encoding: chunked", "3\r\nabc", None),
        (NEWEST, "Transfer-Encoding: chunked", "3\r\nabc\r", None),
        (NEWEST, "Transfer-Encoding: chunked", "0\r\nA: b\r\n", None),
        (NEWEST, "Transfer-Encoding: chunked", "fffffffffffffffffff\r\n", None),
        (NEWEST, "Transfer-Encoding: chunked", "x\r\n", Some("bad")),
        (NEWEST, "Transfer-Encoding: chunked", "\r\n", Some("bad")),
        (NEWEST, "Transfer-Encoding: chunked", "000000000000000000000\r\n", Some("bad")),
        (NEWEST, "Transfer-Encoding: chunked", "3\r\nabcd\r\n", Some("bad")),
        (NEWEST, "Transfer-Encoding: chunked", "0\r\nA\r\n\r\n", Some("bad")),
        (old, "Transfer-Encoding: chunked", "3\r\nabcde0\r\n\r\n", Some("")),
        (old, "Transfer-Encoding: chunked", "3\r\nabcd", None),
        (Release::new(0, 13, 0), "Transfer-Encoding: chunked", "0 \r\n\r\n", Some("bad")),
    ] {
        let text = format!("POST / HTTP/1.0\r\n{head}\r\n\r\n{bytes}");
        let (request, rest) = h11(release).head(text.as_bytes()).unwrap();
        let got = match h11(release).body(&request, rest) {
            Body::Complete { rest } => Some(std::str::from_utf8(rest).unwrap()),
            Body::Unfinished => None,
            Body::Bad(_) => Some("bad"),
        };
        assert_eq!(got, expected, "{release} {text:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_judged(bytes: Vec<u8>, chunks in "([0-9a-f]{1,2}(;a)?\r\n[a-c]{0,4}\r\n){0,3}") {
        let _ = h11(NEWEST).head(&bytes);
        let start = b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
        for body in [bytes.as_slice(), chunks.as_bytes()] {
            let whole = [&start[..], body].concat();
            let (request, rest) = h11(OLDEST).head(&whole).unwrap();
            prop_assert_eq!(rest, body);
            let _ = h11(OLDEST).body(&request, rest);
        }
    }
}
