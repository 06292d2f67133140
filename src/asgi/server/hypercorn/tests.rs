use proptest::prelude::*;

use super::*;
use crate::asgi::server::asked::{WEBSOCKET, ends, scope, started, status};
use crate::asgi::{Address, Scope};

fn with(version: Release, options: &[(&str, &str)]) -> Server {
    started(&format!("hypercorn@{version}"), options)
}

fn hypercorn(options: &[(&str, &str)]) -> Server {
    with(NEWEST, options)
}

/// What it makes of a request, of which each character is a byte.
fn receive(server: &Server, request: &str) -> Outcome {
    let bytes: Vec<u8> = request.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect();
    server.receive(&bytes, &ends())
}

/// What it makes of header lines below `GET /app` and a `Host`.
fn lines(server: &Server, lines: &str) -> Outcome {
    receive(server, &format!("GET /app HTTP/1.1\r\nHost: h\r\n{lines}\r\n"))
}

#[test]
fn the_root_path_is_told_and_not_added() {
    for (option, root_path) in [("/api/v1/", "/api/v1"), ("/", ""), ("api", "api"), ("", "")] {
        let outcome = receive(&hypercorn(&[("root-path", option)]), "get /a%2Fb?x HTTP/1.0\r\n\r\n");
        let scope = scope(outcome);
        assert_eq!((scope.path.as_str(), scope.raw_path.as_slice()), ("/a/b", &b"/a%2Fb"[..]));
        assert_eq!((scope.root_path.as_str(), scope.method.as_deref()), (root_path, Some("GET")));
    }
}

#[test]
fn requests() {
    for (request, expected) in [
        ("GET http://h/app HTTP/1.1\r\nHost: h\r\n\r\n", 200),
        ("GET /app HTTP/2.0\r\n\r\n", 200),
        ("GET /app HTTP/1.1\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n", 200),
        ("GET / HTTP/1.0\r\n\r\nGET", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\n\r\n\x01", 200),
        ("CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 0),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0),
        ("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n", 0),
        ("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n", 200),
        ("GET / HTTP/1.1\r\nHost: h\r\n", 0),
    ] {
        let outcome = receive(&hypercorn(&[]), request);
        assert_eq!(status(&outcome), expected, "{request:?} {outcome:?}");
    }
    let coding = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n";
    assert_eq!(status(&receive(&with(Release::new(0, 15, 0), &[]), coding)), 400);
}

#[test]
fn a_head_must_end_within_the_first_read_or_16_kib() {
    let head = |count| format!("GET / HTTP/1.1\r\nHost: h\r\nA: {}\r\n\r\n", "a".repeat(count));
    for (request, expected) in [
        (head(60_000), 200),
        (head(66_000), 431),
        (head(17_000).trim_end().to_owned(), 431),
        (head(16_000).trim_end().to_owned(), 0),
    ] {
        assert_eq!(status(&receive(&hypercorn(&[]), &request)), expected, "{}", request.len());
    }
}

#[test]
fn server_names() {
    let server = hypercorn(&[("server-name", "a, c"), ("server-name", "b")]);
    for (host, expected) in [("Host: b\r\n", 200), ("Host: B\r\n", 404), ("Host: a:80\r\n", 404)] {
        assert_eq!(status(&receive(&server, &format!("GET / HTTP/1.0\r\n{host}\r\n"))), expected, "{host:?}");
        let websocket = format!("GET / HTTP/1.1\r\n{host}{WEBSOCKET}\r\n");
        assert_eq!(status(&receive(&server, &websocket)), expected, "{host:?}");
    }
    assert_eq!(status(&receive(&server, "GET / HTTP/1.0\r\n\r\n")), 404);
    assert_eq!(status(&receive(&server, "GET / HTTP/1.0\r\nHost: \u{e9}\r\n\r\n")), 0);
}

#[test]
fn websocket_handshakes() {
    for (replaced, by, expected) in [
        ("", "", 200),
        ("13", "8", 400),
        ("Sec-WebSocket-Key", "A", 400),
        ("ZQ==", "?", 200),
        ("websocket", "\u{a0}websocket", 400),
        ("Upgrade\r\n", "Upgrade, \u{e9}\r\n", 0),
    ] {
        let outcome = lines(&hypercorn(&[]), &WEBSOCKET.replacen(replaced, by, 1));
        assert_eq!(status(&outcome), expected, "{replaced:?} {by:?} {outcome:?}");
    }
    let plain = lines(&hypercorn(&[]), &WEBSOCKET.replace("Upgrade\r\n", "xupgrade\r\n"));
    assert_eq!(plain.scope().map(Scope::scheme), Some("http"));

    let text = format!("{WEBSOCKET}Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b, c,\r\n");
    let scope = scope(lines(&hypercorn(&[]), &text));
    assert_eq!((scope.scheme(), scope.method.as_deref()), ("ws", None));
    assert_eq!(scope.subprotocols, ["b", "c", ""]);
    // A version above 1.1 spares the key.
    let odd = format!("GET / HTTP/1.2\r\nHost: h\r\n{}\r\n", WEBSOCKET.replace("-Key", "-A"));
    assert_eq!(status(&receive(&hypercorn(&[]), &odd)), 200);
}

#[test]
fn bytes_behind_a_handshake() {
    let early = format!("{WEBSOCKET}\r\n\u{81}");
    assert_eq!(status(&lines(&hypercorn(&[]), &early)), 400);
    assert_eq!(status(&lines(&with(Release::new(0, 16, 0), &[]), &early)), 0);
}

/// Client, scheme and host that the app sees.
fn seen(options: &[(&str, &str)], text: &str) -> (String, String, String) {
    let scope = scope(lines(&hypercorn(options), text));
    let host = scope.header("host").map(crate::forwarded::latin1).unwrap();
    (scope.client.as_ref().unwrap().host().to_owned(), scope.scheme().to_owned(), host)
}

#[test]
fn without_the_middleware_nothing_is_read() {
    let text = "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\nForwarded: for=2.2.2.2\r\n";
    assert_eq!(seen(&[], text), ("127.0.0.1".to_owned(), "http".to_owned(), "h".to_owned()));
    assert!(!hypercorn(&[]).reads_forwarded());
}

#[test]
fn proxy_fix() {
    let legacy = [("proxy-fix", "legacy")];
    let second = [("proxy-fix", "legacy"), ("trusted-hops", "2")];
    let none = [("proxy-fix", "legacy"), ("trusted-hops", "0")];
    let modern = [("proxy-fix", "modern")];
    let modern_second = [("proxy-fix", "modern"), ("trusted-hops", "2")];
    for (options, text, expected) in [
        (&legacy[..], "X-Forwarded-For: 1.1.1.1, 2.2.2.2\r\n", ("2.2.2.2", "http", "h")),
        (&legacy, "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For:\r\n", ("", "http", "h")),
        (&legacy, "X-Forwarded-Proto: a, https\r\nX-Forwarded-Host: o\r\n", ("127.0.0.1", "https", "o")),
        (&second, "X-Forwarded-For: 1.1.1.1, 2.2.2.2\r\nX-Forwarded-Proto: https\r\n", ("1.1.1.1", "http", "h")),
        (&none, "X-Forwarded-For: 1.1.1.1\r\n", ("127.0.0.1", "http", "h")),
        (&legacy, "Forwarded: for=3.3.3.3\r\n", ("127.0.0.1", "http", "h")),
        (&modern, "Forwarded: for=\"[::1]\";proto=https;host=o\r\n", ("\"[::1]\"", "https", "o")),
        (&modern, "Forwarded: for=1.1.1.1; proto=https;For=2.2.2.2\r\n", ("1.1.1.1", "http", "h")),
        (&modern, "Forwarded: x\r\nX-Forwarded-For: 1.1.1.1\r\n", ("127.0.0.1", "http", "h")),
        (&modern, "X-Forwarded-For: 1.1.1.1\r\n", ("1.1.1.1", "http", "h")),
        (&modern_second, "Forwarded: for=3.3.3.3\r\nX-Forwarded-For: 1.1.1.1, 2.2.2.2\r\n", ("1.1.1.1", "http", "h")),
    ] {
        let (client, scheme, host) = seen(options, text);
        assert_eq!((client.as_str(), scheme.as_str(), host.as_str()), expected, "{options:?} {text:?}");
    }
    let scope = scope(lines(&hypercorn(&legacy), &format!("{WEBSOCKET}X-Forwarded-Proto: https\r\n")));
    assert_eq!((scope.scheme(), &scope.client), ("https", &Some(Address::new("127.0.0.1", 50_000))));
    // The host goes from Latin-1 to UTF-8, and to the end.
    let outcome = lines(&hypercorn(&legacy), "X-Forwarded-Host: \u{e9}\r\n");
    assert_eq!(outcome.scope().unwrap().headers.last().unwrap(), &(b"host".to_vec(), "\u{e9}".as_bytes().to_vec()));
}

#[test]
fn what_becomes_of_forwarding_headers() {
    let legacy = &[("proxy-fix", "legacy"), ("trusted-hops", "2")][..];
    let modern = &[("proxy-fix", "modern")][..];
    let unused = |why: &str| HeaderUse::Unused(why.to_owned());
    for (options, name, values, expected) in [
        (&[][..], "X-Forwarded-For", &[&b"1.1.1.1"[..]][..], HeaderUse::NotRead),
        (legacy, "X-Forwarded-For", &[b"1.1.1.1", b"2.2.2.2"], HeaderUse::Used),
        (legacy, "X-Forwarded-For", &[b"1.1.1.1"], unused("it has fewer entries than trusted_hops, which is 2")),
        (legacy, "Forwarded", &[b"for=1.1.1.1"], HeaderUse::NotRead),
        (legacy, "X-Forwarded-Prefix", &[b"/a"], HeaderUse::NotRead),
        (modern, "Forwarded", &[b"for=1.1.1.1"], HeaderUse::Used),
        (modern, "Forwarded", &[b"By=x"], unused("no part of entry \"By=x\" starts with for=, proto= or host=")),
        (modern, "Forwarded", &[], unused("not sent")),
        (legacy, "Host", &[b"h"], HeaderUse::Plain),
    ] {
        assert_eq!(hypercorn(options).reading(name, values, true), expected, "{options:?} {name} {values:?}");
    }
    assert!(matches!(hypercorn(modern).reading("X-Forwarded-For", &[b"1.1.1.1"], true), HeaderUse::Unknown(_)));
    assert_eq!(hypercorn(modern).trust(None).why, "ProxyFixMiddleware believes every peer");
}

#[test]
fn a_unix_socket_has_no_addresses() {
    let scope = scope(hypercorn(&[]).receive(b"GET / HTTP/1.0\r\n\r\n", &Ends::unix("/run/app.sock")));
    assert_eq!((scope.client, scope.server), (None, None));
}

#[test]
fn what_is_not_modelled_is_said() {
    for (version, note) in [
        ((0, 14, 0), None),
        ((0, 13, 2), Some("hypercorn 0.13.2 is not modelled; known: 0.14.0 to 0.18.0")),
        ((0, 19, 0), Some("hypercorn 0.19.0 is newer than what is known; taken to be like 0.18.0")),
    ] {
        let server = with(Release::new(version.0, version.1, version.2), &[]);
        assert_eq!(server.note().as_deref(), note, "{version:?}");
    }
    let fixed = &[("proxy-fix", "legacy")];
    assert!(matches!(lines(&with(Release::new(0, 13, 2), &[]), ""), Outcome::Unknown { .. }));
    assert!(matches!(lines(&with(Release::new(0, 15, 0), fixed), ""), Outcome::Unknown { .. }));
    assert!(matches!(lines(&with(Release::new(0, 16, 0), fixed), "X-Forwarded-Host: o\r\n"), Outcome::Unknown { .. }));
    let mut server = hypercorn(&[]);
    assert!(server.set("proxy-fix", "on").is_err());
    assert!(server.set("trusted-hops", "-1").is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_judged(bytes: Vec<u8>, value in "[ -~]{0,20}", hops in 0..4_usize) {
        let server = hypercorn(&[("proxy-fix", "modern"), ("trusted-hops", &hops.to_string())]);
        let _ = server.receive(&bytes, &Ends::unix("/a"));
        let text = format!("Forwarded: {value}\r\nX-Forwarded-Host: {value}\r\n{WEBSOCKET}");
        let scope = scope(lines(&server, &text));
        prop_assert_eq!(scope.raw_path, b"/app");
        let _ = lines(&server, &format!("{text}\r\n{}", String::from_utf8_lossy(&bytes)));
    }
}
