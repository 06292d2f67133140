use super::super::HeaderUse;
use super::*;
use crate::forwarded::TrustList;
use proptest::prelude::*;

const WEBSOCKET: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

fn receive_text(server: &Server, request: &str) -> Outcome {
    let head = RequestHead::from_wire(request.as_bytes()).unwrap();
    server.receive(&head, ([127, 0, 0, 1], 50_000).into(), ([127, 0, 0, 1], 8000).into())
}

fn with(parser: HttpParser, root_path: &str) -> Server {
    Server { http: parser, root_path: root_path.to_owned(), ..Server::uvicorn() }
}

/// The status of a refusal, 0 for a closed connection, 200 for a scope.
fn status(outcome: &Outcome) -> u16 {
    match outcome {
        Outcome::Scope(_) => 200,
        Outcome::Refused { status, .. } => *status,
        Outcome::Closed { .. } => 0,
        Outcome::Unknown { why } => panic!("{why}"),
    }
}

#[test]
fn the_root_path_stands_before_path_and_raw_path() {
    for parser in [HttpParser::H11, HttpParser::Httptools] {
        let outcome = receive_text(&with(parser, "/api/v1"), "GET /a%2Fb?x=%20 HTTP/1.0\r\nHost: h\r\n\r\n");
        let scope = outcome.scope().unwrap();
        assert_eq!((scope.path.as_str(), scope.raw_path.as_slice()), ("/api/v1/a/b", &b"/api/v1/a%2Fb"[..]));
        assert_eq!((scope.root_path.as_str(), scope.query_string.as_slice()), ("/api/v1", &b"x=%20"[..]));
        assert_eq!((scope.scheme.as_str(), scope.http_version.as_str()), ("http", "1.0"));
    }
}

#[test]
fn where_the_parsers_part() {
    for (request, h11, httptools) in [
        ("GET http://h/app HTTP/1.1\r\nHost: h\r\n\r\n", Some("http://h/app"), Some("/app")),
        ("GET http://h HTTP/1.1\r\nHost: h\r\n\r\n", Some("http://h"), None),
        ("GET http://h:99999/a HTTP/1.1\r\nHost: h\r\n\r\n", Some("http://h:99999/a"), None),
        ("GET http://a_b/a HTTP/1.1\r\nHost: h\r\n\r\n", Some("http://a_b/a"), None),
        (
            "GET http://u@[fe80::1%eth0]:1/a HTTP/1.1\r\nHost: h\r\n\r\n",
            Some("http://u@[fe80::1%eth0]:1/a"),
            Some("/a"),
        ),
        ("GET /a#f?x HTTP/1.1\r\nHost: h\r\n\r\n", Some("/a#f"), Some("/a")),
        ("GET app HTTP/1.1\r\nHost: h\r\n\r\n", Some("app"), None),
        ("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", Some("*"), Some("*")),
        ("GET  /a  HTTP/1.1\r\nHost: h\r\n\r\n", None, Some("/a")),
        ("GET /\u{e9} HTTP/1.1\r\nHost: h\r\n\r\n", None, None),
        ("GET /a HTTP/1.1\r\n\r\n", None, Some("/a")),
        ("GET /a HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", None, Some("/a")),
        ("FOO /a HTTP/1.1\r\nHost: h\r\n\r\n", Some("/a"), None),
        ("GET /a HTTP/1.1\nHost: h\r\n\r\n", Some("/a"), None),
        ("GET /a HTTP/1.1\r\nHost: h\nA: b\r\n\r\n", Some("/a"), None),
        ("GET /a HTTP/1.1\r\nHost: h\r\nA: \x01\r\n\r\n", Some("/a"), None),
        ("GET /a HTTP/1.1\r\nHost: h\r\nA: \0\r\n\r\n", None, None),
        ("GET /a HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n", None, None),
        ("GET /a HTTP/1.1\r\nHost: h\r\nA: b\r\n c:d\r\n\r\n", Some("/a"), None),
        ("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\n", Some("/a"), None),
        ("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\n", None, None),
        ("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", Some("/a"), None),
        ("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", None, Some("/a")),
        ("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", None, None),
        ("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", None, None),
    ] {
        for (parser, expected) in [(HttpParser::H11, h11), (HttpParser::Httptools, httptools)] {
            let outcome = receive_text(&with(parser, ""), request);
            let path = outcome.scope().map(|scope| scope.path.as_str());
            assert_eq!(path, expected, "{parser:?} {request:?} {outcome:?}");
            assert!(expected.is_some() || status(&outcome) == 400, "{parser:?} {request:?} {outcome:?}");
        }
    }
}

#[test]
fn a_root_path_beyond_ascii_ends_every_request() {
    let plain = "GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_owned();
    let socket = format!("GET / HTTP/1.1\r\nHost: h\r\n{WEBSOCKET}\r\n");
    for (parser, request, expected) in [
        (HttpParser::H11, &plain, 0),
        (HttpParser::Httptools, &plain, 400),
        (HttpParser::H11, &socket, 0),
        (HttpParser::Httptools, &socket, 0),
    ] {
        assert_eq!(status(&receive_text(&with(parser, "/pr\u{e9}"), request)), expected, "{parser:?} {request}");
    }
}

#[test]
fn a_websocket_handshake() {
    let request = format!(
        "GET /ws#f?x HTTP/1.1\r\nHost: h\r\n{WEBSOCKET}Sec-WebSocket-Protocol: chat, superchat\r\n\
         X-Forwarded-Proto: https\r\n\r\n"
    );
    for parser in [HttpParser::H11, HttpParser::Httptools] {
        let outcome = receive_text(&with(parser, "/p"), &request);
        let scope = outcome.scope().unwrap();
        assert_eq!((scope.kind, scope.scheme.as_str(), scope.path.as_str()), (ScopeType::WebSocket, "wss", "/p/ws#f"));
        assert_eq!(scope.subprotocols, ["chat", "superchat"]);
    }
}

#[test]
fn malformed_handshakes() {
    for (from, to, expected) in [
        ("GET", "POST", 405),
        ("Key: dGhlIHNhbXBsZSBub25jZQ==", "Key: dGhlIHNhbXBsZQ==", 400),
        ("Key: dGhlIHNhbXBsZSBub25jZQ==", "Key: dGhlIHNhbXBsZSBub25jZR==", 200),
        ("Version: 13", "Version: 8", 400),
        ("Version: 13", "Version: 13\r\nSec-WebSocket-Version: 13", 400),
        ("Sec-WebSocket-Version: 13\r\n", "", 400),
        ("Upgrade: websocket", "Upgrade: h2c\r\nUpgrade: websocket", 426),
        ("Upgrade: websocket", "Upgrade: websocket\r\nContent-Length: 3", 0),
        ("Connection: Upgrade", "Connection: Upgrade, @", 400),
        ("Connection: Upgrade", "Connection: close", 200),
    ] {
        let request = format!("GET /ws HTTP/1.1\r\nHost: h\r\n{WEBSOCKET}\r\n").replace(from, to);
        for parser in [HttpParser::H11, HttpParser::Httptools] {
            assert_eq!(status(&receive_text(&with(parser, ""), &request)), expected, "{parser:?} {request}");
        }
    }
}

#[test]
fn proxy_headers_of_a_trusted_peer_only() {
    let request = "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 203.0.113.9:7\r\nX-Forwarded-Proto: http\r\n\
                   X-Forwarded-Proto: https\r\n\r\n";
    let client = |host: &str, port| Some(Address { host: host.to_owned(), port: Some(port) });
    for (trust, on, scheme, expected) in [
        ("127.0.0.1", true, "https", client("203.0.113.9", 7)),
        ("*", true, "https", client("203.0.113.9", 7)),
        ("10.0.0.0/8", true, "http", client("127.0.0.1", 50_000)),
        ("127.0.0.1", false, "http", client("127.0.0.1", 50_000)),
    ] {
        let server = Server { trust: TrustList::parse(trust), proxy_headers: on, ..Server::uvicorn() };
        let outcome = receive_text(&server, request);
        let scope = outcome.scope().unwrap();
        assert_eq!((scope.scheme.as_str(), scope.client.clone()), (scheme, expected), "{trust} {on}");
    }
}

#[test]
fn on_a_unix_socket_only_a_star_is_trust() {
    let head = RequestHead::from_wire(*b"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n").unwrap();
    for (trust, client) in [("*", Some("203.0.113.9")), ("127.0.0.1,::1", None)] {
        let server = Server { trust: TrustList::parse(trust), ..Server::uvicorn() };
        let outcome = server.receive_on_unix(&head, "/run/app.sock");
        let scope = outcome.scope().unwrap();
        assert_eq!(scope.client.as_ref().map(|client| client.host.as_str()), client);
        assert_eq!(scope.server, Some(Address { host: "/run/app.sock".to_owned(), port: None }));
    }
}

#[test]
fn what_it_does_with_each_header() {
    let unused = |why: &str| HeaderUse::Unused(why.to_owned());
    for (name, lines, trusted, expected) in [
        ("X-Forwarded-For", &[&b"1.2.3.4"[..]][..], true, HeaderUse::Used),
        ("x-forwarded-for", &[b"1.2.3.4,"], true, unused("the entry that counts is empty")),
        ("x-forwarded-for", &[b"1.2.3.4"], false, unused("the peer is not in --forwarded-allow-ips")),
        ("x-forwarded-for", &[], true, unused("not sent")),
        ("x-forwarded-proto", &[b"x", b"https"], true, HeaderUse::Used),
        ("x-forwarded-proto", &[b"https, http"], true, unused("\"https, http\" is not one of http, https, ws, wss")),
        ("x-forwarded-host", &[b"h"], true, HeaderUse::NotRead),
        ("forwarded", &[b"for=1.2.3.4"], true, HeaderUse::NotRead),
        ("host", &[b"h"], true, HeaderUse::Plain),
    ] {
        assert_eq!(Server::uvicorn().reading(name, lines, trusted), expected, "{name} {lines:?}");
    }
    let off = Server { proxy_headers: false, ..Server::uvicorn() };
    let why = unused("uvicorn was started with --no-proxy-headers");
    assert_eq!(off.reading("x-forwarded-for", &[b"1.2.3.4"], true), why);
}

#[test]
fn releases() {
    let server = |name| Server::named(name).unwrap();
    assert_eq!(Server { stated: true, ..Server::uvicorn() }, server("uvicorn"));
    assert_eq!(server("uvicorn@0.54").trust.text(), "127.0.0.1,::1");
    assert_eq!(server("uvicorn@0.52").trust.text(), "127.0.0.1");
    assert_eq!((server("uvicorn@0.50").note(), server("uvicorn@0.54.0").note()), (None, None));
    let newer = server("uvicorn@0.60");
    assert_eq!(newer.note().unwrap(), "uvicorn 0.60.0 is newer than what is known; taken to be like 0.54.0");
    let request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    assert_eq!(status(&receive_text(&newer, request)), 200);
    let older = server("uvicorn@0.30");
    let why = "uvicorn 0.30.0 is not modelled; known: 0.50.0 to 0.54.0".to_owned();
    assert_eq!(receive_text(&older, request), Outcome::Unknown { why: why.clone() });
    assert_eq!(older.reading("x-forwarded-for", &[b"1.2.3.4"], true), HeaderUse::Unknown(why));
}

proptest! {
    #[test]
    fn any_head_is_received(
        target in any::<Vec<u8>>(),
        name in "[!-~&&[^:]]*",
        value in any::<Vec<u8>>(),
        socket: bool,
        root_path in "/[a-z%]{0,4}",
    ) {
        let extra = if socket { WEBSOCKET } else { "" };
        let bytes = [b"GET ", &target[..], b" HTTP/1.1\r\nHost: h\r\n", extra.as_bytes(), name.as_bytes(), b": ", &value, b"\r\n\r\n"].concat();
        if let Ok(head) = RequestHead::from_wire(bytes) {
            for parser in [HttpParser::H11, HttpParser::Httptools] {
                let server = with(parser, &root_path);
                let outcome = server.receive(&head, ([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 2).into());
                if let Some(scope) = outcome.scope() {
                    prop_assert!(scope.path.starts_with(&root_path));
                    prop_assert!(scope.raw_path.starts_with(root_path.as_bytes()));
                    prop_assert_eq!(&scope.root_path, &root_path);
                }
            }
        }
    }
}
