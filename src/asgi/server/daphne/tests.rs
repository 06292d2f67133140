use super::*;
use crate::asgi::server::asked::{self, WEBSOCKET, ends, started};
use proptest::prelude::*;

fn server(version: &str, options: &[(&str, &str)]) -> Server {
    started(&format!("daphne@{version}"), options)
}

fn newest(options: &[(&str, &str)]) -> Server {
    server(&NEWEST.to_string(), options)
}

fn get(server: &Server, target: &str, lines: impl AsRef<[u8]>) -> Scope {
    let head = [format!("GET {target} HTTP/1.1\r\nHost: h\r\n").as_bytes(), lines.as_ref(), b"\r\n"].concat();
    asked::scope(server.receive(&head, &ends()))
}

/// The status of a refusal, 0 for a closed connection, 200 for a scope, 999 for what is not known.
fn status(server: &Server, request: impl AsRef<[u8]>) -> u16 {
    asked::status(&server.receive(request.as_ref(), &ends()))
}

fn client(scope: &Scope) -> String {
    let client = scope.client.as_ref().unwrap();
    format!("{} {}", client.host(), client.port.as_ref().unwrap())
}

#[test]
fn the_root_path_is_the_root_path_and_nothing_else() {
    let scope = get(&newest(&[("root-path", "/api/v1")]), "/a%2Fb?x?y", "");
    assert_eq!((scope.path.as_str(), scope.raw_path.as_slice()), ("/a/b", &b"/a%2Fb"[..]));
    assert_eq!((scope.root_path.as_str(), scope.query_string.as_slice()), ("/api/v1", &b"x?y"[..]));
    assert_eq!((scope.asgi.spec, scope.extensions.len()), (None, 0));
}

#[test]
fn a_header_of_anyone_sets_the_root_path() {
    let server = newest(&[("root-path", "/api")]);
    let scope = get(&server, "/", "Daphne-Root-Path: /x\r\nX-A: 1\r\nDaphne-Root-Path: /a%20b\r\n");
    assert_eq!((scope.root_path.as_str(), scope.headers.len()), ("/a b", 2));
    assert_eq!(status(&server, b"GET / HTTP/1.1\r\nDaphne-Root-Path: \xc3\xa9\r\n\r\n"), 500);
    let websocket = [WEBSOCKET.as_bytes(), b"Daphne-Root-Path: %C3\xa9%41\r\n"].concat();
    assert_eq!(get(&server, "/", &websocket).root_path, "\u{fffd}\u{a9}A");
    let old = get(&self::server("4.0", &[("root-path", "/api")]), "/", &websocket);
    assert_eq!((old.root_path.as_str(), old.header("daphne-root-path").is_some()), ("", true));
}

#[test]
fn requests_that_twisted_refuses() {
    for (request, expected) in [
        (&b"\r\nGET / HTTP/1.0\r\n\r\n"[..], 200),
        (b"\r\n\r\nGET / HTTP/1.0\r\n\r\n", 400),
        (b"G'T * HTTP/1.1\r\n\r\n", 200),
        (b"GET  / HTTP/1.1\r\n\r\n", 400),
        (b"GET /\x7f HTTP/1.1\r\n\r\n", 200),
        (b"GET /\xb0 HTTP/1.1\r\n\r\n", 400),
        (b"GET /?\xc3\xa9 HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\n\n", 0),
        (b"GET / HTTP/1.1\r\n", 0),
        (b"GET / HTTP/1.1\r\n folded: 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA : 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: b\x1cc\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: b\x01c\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ] {
        assert_eq!(status(&newest(&[]), request), expected, "{}", request.escape_ascii());
    }
    let long = |length: usize| format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(length));
    let head = [16_384 - 17, 16_384 - 16, 16_384 - 2].map(|length| status(&newest(&[]), long(length)));
    assert_eq!(head, [200, 400, 0]);
    let many = |count: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "A: 1\r\n".repeat(count));
    assert_eq!((status(&newest(&[]), many(500)), status(&newest(&[]), many(501))), (200, 400));
}

#[test]
fn the_app_is_called_when_the_body_is_whole() {
    let sent = |framing: &str, body: &str| {
        status(&newest(&[]), format!("POST / HTTP/1.1\r\nHost: h\r\n{framing}\r\n\r\n{body}"))
    };
    for (body, expected) in [("abc", 200), ("abcGET /", 200), ("ab", 0), ("", 200)] {
        assert_eq!(sent("Content-Length: 3", body), expected, "{body:?}");
    }
    for (body, expected) in [
        ("3\r\nabc\r\n0\r\n\r\n", 200),
        ("3;a=\"b\"\r\nabc\r\n00\r\nX: 1\r\nbad\r\n\r\n", 200),
        ("3\r\nabc\r\n0\r\n", 0),
        ("3\r\nabc", 0),
        ("3\r\nabcd\r\n", 400),
        ("3;\\\r\nabc\r\n0\r\n\r\n", 400),
        ("3 \r\nabc\r\n0\r\n\r\n", 400),
        ("0x3\r\nabc\r\n0\r\n\r\n", 400),
        ("\r\n", 400),
        ("3\nabc\n0\n\n", 0),
        ("ffffffffffffffffffff\r\n", 0),
    ] {
        assert_eq!(sent("Transfer-Encoding: Chunked", body), expected, "{body:?}");
    }
    assert_eq!(sent("Transfer-Encoding: chunked", &"1".repeat(1025)), 400);
    assert_eq!(sent("Transfer-Encoding: chunked", &format!("0\r\n{}", "a".repeat(1 << 16))), 400);
}

#[test]
fn a_posted_form_must_have_parts() {
    let posted = |kind: &str, body: &str| {
        let length = body.len();
        status(
            &newest(&[]),
            format!("POST / HTTP/1.1\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"),
        )
    };
    let part = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n";
    assert_eq!(posted("multipart/form-data; boundary=b", part), 200);
    assert_eq!(posted("Multipart/Form-Data; charset=x; boundary=\"b\"", part), 200);
    assert_eq!(posted("multipart/form-data", part), 400);
    assert_eq!(posted("multipart/form-data; boundary=b", "abc"), 400);
    assert_eq!(posted("multipart/form-data; boundary=b", "x\r\n--b\r\n\r\n1\r\n--b--\r\n"), 999);
    assert_eq!(posted("multipart/form-data; boundary*=b", part), 999);
    assert_eq!(posted("application/x-www-form-urlencoded", "%zz&&"), 200);
}

#[test]
fn headers_stand_together_and_underscores_are_dropped() {
    let scope = get(&newest(&[]), "/", "X-A: 1\r\nX_B: 2\r\nx-c: 3\r\nX-a:\t4 \r\n  5\r\n");
    let headers: Vec<_> = scope.headers.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect();
    assert_eq!(headers, [(&b"host"[..], &b"h"[..]), (b"x-a", b"1"), (b"x-a", b"4  5"), (b"x-c", b"3")]);
}

#[test]
fn proxy_headers_of_anyone_are_believed() {
    let on = newest(&[("proxy-headers", "true")]);
    let seen = |server: &Server, lines: &str| {
        let scope = get(server, "/", lines);
        format!("{} {}", client(&scope), scope.scheme())
    };
    let lines = "X-Forwarded-For: 203.0.113.9 , 10.0.0.1\r\nX-Forwarded-Port: +443\r\nX-Forwarded-Proto: HTTPS\r\n";
    assert_eq!(seen(&newest(&[]), lines), "127.0.0.1 50000 http");
    assert_eq!(seen(&on, lines), "203.0.113.9 443 HTTPS");
    assert_eq!(seen(&on, "X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n"), "127.0.0.1 50000 http");
    assert_eq!(seen(&on, "X-Forwarded-For:\r\nX-Forwarded-Port: x\r\n"), " 0 http");
    assert_eq!(seen(&on, "X-Forwarded-For: a\r\nX-Forwarded-For: b\r\n"), "a 0 http");
    let renamed = newest(&[
        ("proxy-headers", "true"),
        ("proxy-headers-host", "X-Real-IP"),
        ("proxy-headers-port", "X-Real-Port"),
    ]);
    assert_eq!(seen(&renamed, &format!("{lines}X-Real-IP: 1.1.1.1\r\nX-Real-Port: 5\r\n")), "1.1.1.1 5 HTTPS");
    assert_eq!(status(&on, b"GET /\xff HTTP/1.1\r\nX-Forwarded-For: \xff\r\n\r\n"), 400);
    assert_eq!(status(&on, b"GET / HTTP/1.1\r\nX-Forwarded-For: \xff\r\n\r\n"), 500);
    assert_eq!(status(&on, "GET / HTTP/1.1\r\nX-Forwarded-For: 1\r\nX-Forwarded-Port: \u{663}\r\n\r\n"), 999);
}

#[test]
fn a_websocket_is_what_autobahn_makes_of_it() {
    let on = newest(&[("proxy-headers", "true"), ("root-path", "/api")]);
    let lines = format!(
        "{WEBSOCKET}X-A: 1\r\nX-A: 2 \r\nX_B: 3\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\n\
                         X-Forwarded-Proto: https\r\nSec-WebSocket-Protocol: a%2Cb, c\r\n"
    );
    let scope = get(&on, "//h/a;k=v?x#", lines);
    assert_eq!((scope.kind, scope.scheme.as_ref(), scope.http_version.as_ref()), (ScopeType::WebSocket, None, None));
    assert_eq!((scope.path.as_str(), scope.query_string.as_slice()), ("/a", &b"x#"[..]));
    assert_eq!((scope.root_path.as_str(), client(&scope).as_str()), ("/api", "1.1.1.1 0"));
    assert_eq!((scope.header("x-a"), scope.header("x_b")), (Some(&b"1,2"[..]), None));
    assert_eq!(scope.subprotocols, ["a", "b", "c"]);
}

#[test]
fn handshakes_that_autobahn_refuses() {
    for (from, to, expected) in [
        ("", "", 200),
        ("13", "+1_3", 200),
        ("13", "8", 200),
        ("13", "12", 400),
        ("Connection: Upgrade", "X: y", 400),
        ("Connection: Upgrade", "Connection: a, UPGRADE ", 200),
        ("ZQ==", "ZQ=", 400),
        ("ZQ==", "Z===", 400),
        ("Sec-WebSocket-Key", "Sec-WebSocket-Protocol: a,a\r\nSec-WebSocket-Key", 400),
        ("Sec-WebSocket-Key", "Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Protocol: b\r\nSec-WebSocket-Key", 400),
        ("Sec-WebSocket-Key", "Sec-WebSocket-Protocol: a, b, c\r\nSec-WebSocket-Key", 200),
        ("Sec-WebSocket-Key", "Sec-WebSocket-Protocol: \u{e9}\r\nSec-WebSocket-Key", 500),
        ("Sec-WebSocket-Key", "Origin: example.com\r\nSec-WebSocket-Key", 400),
        ("Sec-WebSocket-Key", "Origin: NULL\r\nSec-WebSocket-Key", 200),
        ("Sec-WebSocket-Key", "Origin: http://h\r\nOrigin: http://h\r\nSec-WebSocket-Key", 200),
        ("Host: h", "Host: h:x", 400),
        ("Host: h", "Host: [::1]", 200),
        ("Host: h", "X: y", 400),
        ("GET", "POST", 405),
        ("/ws", "/ws#f", 400),
        ("HTTP/1.1", "HTTP/1.0", 200),
    ] {
        let request = format!("GET /ws HTTP/1.1\r\nHost: h\r\n{WEBSOCKET}\r\n");
        let changed = if from.is_empty() { request } else { request.replacen(from, to, 1) };
        assert_eq!(status(&newest(&[]), &changed), expected, "{from:?} {to:?}");
    }
}

#[test]
fn older_releases_let_values_be_split() {
    let lines = [WEBSOCKET.as_bytes(), b"X-A: 1\x0bX-Injected: 2\r\n"].concat();
    assert_eq!(get(&server("4.2.1", &[]), "/", &lines).header("x-injected"), Some(&b"2"[..]));
    assert_eq!(status(&server("2.5", &[]), "GET / HTTP/1.1\r\n\r\n"), 999);
    assert!(server("5.0", &[]).note().is_some() && newest(&[]).note().is_none());
}

#[test]
fn older_twisteds_make_blanks_of_line_ends() {
    let with = |twisted: &str| {
        let mut server = newest(&[]);
        server.libraries.set("twisted", twisted.parse().unwrap());
        server
    };
    let lines = b"X-A: a\rb\n\r\n";
    assert_eq!(get(&with("26.4"), "/", lines).header("x-a"), Some(&b"a b"[..]));
    assert_eq!(status(&with("24.7"), b"GET / HTTP/1.1\r\nA: \0\r\n\r\n"), 200);
    assert_eq!(status(&with("24.7"), b"G&T / HTTP/1.1\r\n\r\n"), 400);
    assert_eq!(status(&with("24.3"), b"GET / HTTP/1.1\r\n\r\n"), 999);
}

#[test]
fn a_unix_socket_has_no_ends() {
    let outcome = newest(&[]).receive(b"GET / HTTP/1.1\r\n\r\n", &Ends::unix("/run/app.sock"));
    let scope = outcome.scope().unwrap();
    assert_eq!((&scope.client, &scope.server), (&None, &None));
}

#[test]
fn the_screen_is_told_what_is_read() {
    let on = newest(&[("proxy-headers", "true")]);
    let reading = |server: &Server, name: &str, lines: &[(&str, &'static [u8])]| {
        let lines_of = |name: &str| lines.iter().filter(|(known, _)| *known == name).map(|(_, value)| *value).collect();
        server.reading_among(name, lines_of, true)
    };
    let address = ("x-forwarded-for", &b"1.1.1.1"[..]);
    let port = ("x-forwarded-port", &b"80"[..]);
    assert_eq!(on.trust(None).why, "--proxy-headers: daphne believes every peer");
    assert!(on.trust(None).trusted && !newest(&[]).trust(None).trusted);
    assert!(on.reads_forwarded() && !newest(&[]).reads_forwarded());
    assert_eq!(reading(&on, address.0, &[address]), HeaderUse::Used);
    assert_eq!(reading(&on, port.0, &[address, port]), HeaderUse::Used);
    let alone = "daphne reads it only together with x-forwarded-for".to_owned();
    assert_eq!(reading(&on, port.0, &[port]), HeaderUse::Unused(alone));
    assert!(matches!(reading(&newest(&[]), address.0, &[address]), HeaderUse::Unused(_)));
    assert_eq!(reading(&on, "x-forwarded-host", &[("x-forwarded-host", b"h")]), HeaderUse::NotRead);
    assert_eq!(reading(&newest(&[]), "daphne-root-path", &[("daphne-root-path", b"/")]), HeaderUse::Used);
}

proptest! {
    #[test]
    fn any_bytes_have_an_outcome(bytes in any::<Vec<u8>>()) {
        for version in ["3.0", "4.2.3"] {
            server(version, &[("proxy-headers", "true")]).receive(&bytes, &ends());
        }
    }

    #[test]
    fn any_head_has_an_outcome(target in "[!-~]{1,20}", name in "[!-~]{0,12}", value in "\\PC{0,20}", body: Vec<u8>) {
        for lines in ["", WEBSOCKET, "Transfer-Encoding: chunked\r\n"] {
            let head = format!("GET {target} HTTP/1.1\r\nHost: h\r\n{lines}{name}: {value}\r\n\r\n");
            let outcome = newest(&[("proxy-headers", "true")]).receive(&[head.as_bytes(), &body].concat(), &ends());
            if let Some(scope) = outcome.scope() {
                prop_assert!(memchr::memmem::find(target.as_bytes(), &scope.raw_path).is_some());
            }
        }
    }

    #[test]
    fn a_body_in_chunks_is_the_body(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..5)) {
        let mut sent = Vec::new();
        for chunk in &chunks {
            sent.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            sent.extend_from_slice(chunk);
            sent.extend_from_slice(b"\r\n");
        }
        sent.extend_from_slice(b"0\r\n\r\n");
        prop_assert_eq!(body::chunked(&sent).unwrap(), chunks.concat());
    }
}
