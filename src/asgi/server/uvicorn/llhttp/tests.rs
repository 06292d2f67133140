use proptest::prelude::*;

use super::*;

const SIX: Release = Release::new(0, 5, 0);
const EIGHT: Release = Release::new(0, 6, 2);
const NINE: Release = Release::new(0, 7, 1);

/// What becomes of the first message: `ok`, `wait` or `bad`.
fn fate(bytes: &str, httptools: Release) -> &'static str {
    let mut parser = Parser::new(bytes.as_bytes(), httptools, false);
    let fate = parser.head().and_then(|mut head| parser.body(&mut head));
    match fate {
        Ok(_) => "ok",
        Err(Stop::Unfinished) => "wait",
        Err(Stop::Bad(_)) => "bad",
    }
}

#[test]
fn messages_by_release() {
    for (bytes, fates) in [
        ("GET / HTTP/1.1\r\n\r\n", ["ok"; 4]),
        ("GET / HTTP/1.1\r\nA: b", ["wait"; 4]),
        ("GE", ["wait"; 4]),
        ("GX", ["bad"; 4]),
        ("GET / HTTP/1.1\n\n", ["ok", "ok", "bad", "bad"]),
        ("GET /\u{e9} HTTP/1.1\r\n\r\n", ["ok", "ok", "bad", "bad"]),
        ("QUERY / HTTP/1.1\r\n\r\n", ["bad", "bad", "ok", "ok"]),
        ("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", ["ok", "ok", "bad", "bad"]),
        ("GET / HTTP/1.1\r\nA:\r\n c\r\n\r\n", ["ok", "bad", "bad", "bad"]),
        ("GET / HTTP/1.1\r\nA b: c\r\n\r\n", ["ok", "ok", "bad", "bad"]),
        ("GET / HTTP/1.1\r\n: c\r\n\r\n", ["ok", "ok", "bad", "bad"]),
        ("GET / HTTP/1.1\r\n A: c\r\n\r\n", ["ok", "bad", "bad", "bad"]),
        ("GET / HTTP/1.1\r\nA:\nB: c\r\n\r\n", ["ok", "bad", "bad", "bad"]),
        ("GET / HTTP/1.1\r\nContent-Length: 0\t\r\n\r\n", ["bad", "bad", "bad", "ok"]),
        ("GET / HTTP/1.1\r\nConnection: close\t\r\n\r\nx", ["ok", "ok", "ok", "bad"]),
        ("GET / HTTP/1.0\r\n\r\nx", ["ok", "ok", "bad", "bad"]),
        ("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", ["wait"; 4]),
        ("POST / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n", ["bad"; 4]),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3 x\r\nabc\r\n0\r\n\r\n", ["ok", "bad", "bad", "bad"]),
        (
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;a=\"\\b\"\r\nabc\r\n0\r\n\r\n",
            ["ok", "bad", "ok", "ok"],
        ),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b;c\r\nabc\r\n0\r\n\r\n", ["ok", "bad", "ok", "ok"]),
        ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n", ["ok", "ok", "bad", "bad"]),
    ] {
        let got = [SIX, EIGHT, NINE, NEWEST].map(|release| fate(bytes, release));
        assert_eq!(got, fates, "{bytes:?}");
    }
}

#[test]
fn a_tab_behind_a_connection_option() {
    let upgrades = |release| {
        let bytes = "GET / HTTP/1.1\r\nUpgrade: x\r\nConnection: upgrade\t, close\r\n\r\n";
        Parser::new(bytes.as_bytes(), release, false).head().unwrap().upgrade
    };
    assert_eq!([SIX, NINE, Release::new(0, 8, 0), NEWEST].map(upgrades), [false, false, false, true]);
}

#[test]
fn what_comes_behind_a_message() {
    for (lines, lenient, expected) in [
        ("", false, Ok(Behind::Message)),
        ("Connection: close\r\n", true, Ok(Behind::Nothing)),
        ("Connection: close\r\n", false, Err(Stop::Bad("data behind a message that closes the connection"))),
        ("Connection: upgrade\r\nUpgrade: x\r\n", false, Ok(Behind::Protocol)),
    ] {
        let bytes = format!("GET / HTTP/1.1\r\n{lines}\r\nGET");
        let mut parser = Parser::new(bytes.as_bytes(), NEWEST, lenient);
        let mut head = parser.head().unwrap();
        assert_eq!(parser.body(&mut head), expected, "{lines:?}");
    }
}

proptest! {
    #[test]
    fn more_bytes_never_mend_what_is_bad(bytes: Vec<u8>, more: Vec<u8>, patch in 0u16..8) {
        let judge = |bytes: &[u8]| Parser::new(bytes, Release::new(0, 5 + patch / 2, patch), false).head();
        if let Err(Stop::Bad(_)) = judge(&bytes) {
            prop_assert!(judge(&[bytes, more].concat()).is_err());
        }
    }
}
