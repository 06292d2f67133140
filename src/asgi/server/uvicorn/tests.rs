use super::super::HeaderUse;
use super::super::asked::{WEBSOCKET, ends, started, status};
use super::*;
use crate::asgi::Address;
use proptest::prelude::*;

const PARSERS: [&str; 2] = ["h11", "httptools"];

/// A release with options set, e.g. `http=h11 root-path=/p`.
fn server(release: &str, options: &[(&str, &str)]) -> Server {
    started(&format!("uvicorn@{release}"), options)
}

fn newest(parser: &str, root_path: &str) -> Server {
    server("0.54", &[("http", parser), ("root-path", root_path)])
}

fn receive(server: &Server, request: &str) -> Outcome {
    server.receive(request.as_bytes(), &ends())
}

fn path(outcome: &Outcome) -> Option<&str> {
    outcome.scope().map(|scope| scope.path.as_str())
}

#[test]
fn what_zttp_makes_of_a_request_is_not_guessed() {
    for options in [&[("http", "zttp")][..], &[("http", "zttp"), ("http2", "true")], &[("http2", "true")]] {
        let server = server("0.54", options);
        let outcome = receive(&server, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        assert!(matches!(&outcome, Outcome::Unknown { why } if why.contains("zttp")), "{options:?}: {outcome:?}");
        assert!(server.note().is_some(), "{options:?}");
    }
}

#[test]
fn the_root_path_stands_before_path_and_raw_path() {
    let request = "GET /a%2Fb?x=%20 HTTP/1.0\r\nHost: h\r\n\r\n";
    for parser in PARSERS {
        let outcome = receive(&newest(parser, "/api/v1"), request);
        let scope = outcome.scope().unwrap();
        assert_eq!((scope.path.as_str(), scope.raw_path.as_slice()), ("/api/v1/a/b", &b"/api/v1/a%2Fb"[..]));
        assert_eq!((scope.root_path.as_str(), scope.query_string.as_slice()), ("/api/v1", &b"x=%20"[..]));
        assert_eq!((scope.scheme(), scope.http_version.as_deref()), ("http", Some("1.0")));
        let outcome = receive(&server("0.25", &[("http", parser), ("root-path", "/api/v1")]), request);
        let scope = outcome.scope().unwrap();
        assert_eq!((scope.path.as_str(), scope.root_path.as_str()), ("/a/b", "/api/v1"));
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
        ("GET /a\r\n\r\n", None, Some("/a")),
        ("\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n", None, Some("/a")),
        ("GET /a HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", None, Some("/a")),
        ("FOO /a HTTP/1.1\r\nHost: h\r\n\r\n", Some("/a"), None),
        ("GET /a HTTP/1.2\r\nHost: h\r\n\r\n", Some("/a"), None),
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
        // What stands behind a complete request is read before the app runs, but by httptools only.
        ("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n", Some("/a"), Some("/a")),
        ("GET /a HTTP/1.1\r\nHost: h\r\n\r\nrubbish", Some("/a"), None),
        ("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", None, None),
        ("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc", Some("/a"), Some("/a")),
    ] {
        for (parser, expected) in [("h11", h11), ("httptools", httptools)] {
            let outcome = receive(&newest(parser, ""), request);
            assert_eq!(path(&outcome), expected, "{parser} {request:?} {outcome:?}");
            assert!(expected.is_some() || status(&outcome) == 400, "{parser} {request:?} {outcome:?}");
        }
    }
}

#[test]
fn an_unfinished_head_gets_no_answer() {
    for parser in PARSERS {
        for request in ["", "GET", "GET /a HTTP/1.1\r\nHost: h\r\n"] {
            assert_eq!(status(&receive(&newest(parser, ""), request)), 0, "{parser} {request:?}");
        }
    }
}

#[test]
fn a_trailer_is_among_the_headers_of_httptools() {
    let request = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
                   3\r\nabc\r\n0\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n";
    for (parser, client) in [("h11", "127.0.0.1"), ("httptools", "203.0.113.9")] {
        let outcome = receive(&newest(parser, ""), request);
        assert_eq!(outcome.scope().unwrap().client.as_ref().unwrap().host(), client, "{parser}");
    }
}

#[test]
fn a_root_path_beyond_ascii_ends_every_request() {
    let plain = "GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_owned();
    let socket = format!("GET / HTTP/1.1\r\nHost: h\r\n{WEBSOCKET}\r\n");
    for (parser, request, expected) in
        [("h11", &plain, 0), ("httptools", &plain, 400), ("h11", &socket, 0), ("httptools", &socket, 0)]
    {
        assert_eq!(status(&receive(&newest(parser, "/pr\u{e9}"), request)), expected, "{parser} {request}");
        assert_eq!(status(&receive(&server("0.25", &[("http", parser), ("root-path", "/pr\u{e9}")]), request)), 200);
    }
}

#[test]
fn a_websocket_handshake() {
    let request = format!(
        "GET /ws#f?x HTTP/1.1\r\nHost: h\r\n{WEBSOCKET}Sec-WebSocket-Protocol: chat, superchat\r\n\
         X-Forwarded-Proto: https\r\n\r\n"
    );
    for parser in PARSERS {
        for library in ["auto", "websockets", "websockets-sansio", "wsproto"] {
            let server = server("0.54", &[("http", parser), ("ws", library), ("root-path", "/p")]);
            let outcome = receive(&server, &request);
            let scope = outcome.scope().unwrap();
            assert_eq!((scope.kind, scope.scheme(), scope.path.as_str()), (ScopeType::WebSocket, "wss", "/p/ws#f"));
            assert_eq!(scope.subprotocols, ["chat", "superchat"]);
            assert_eq!(scope.header("sec-websocket-protocol").is_none(), library == "wsproto");
        }
        let none = |release| status(&receive(&server(release, &[("http", parser), ("ws", "none")]), &request));
        assert_eq!((none("0.54"), none("0.18.3")), (200, 400));
    }
}

#[test]
fn malformed_handshakes() {
    for (from, to, [older, newer, wsproto]) in [
        ("GET", "POST", [400, 405, 400]),
        ("Key: dGhlIHNhbXBsZSBub25jZQ==", "Key: dGhlIHNhbXBsZQ==", [400, 400, 200]),
        ("Key: dGhlIHNhbXBsZSBub25jZQ==", "Key: dGhlIHNhbXBsZSBub25jZR==", [200; 3]),
        ("Version: 13", "Version: 8", [400, 400, 426]),
        ("Version: 13", "Version: 13\r\nSec-WebSocket-Version: 13", [400, 400, 200]),
        ("Sec-WebSocket-Version: 13\r\n", "", [400; 3]),
        ("Upgrade: websocket", "Upgrade: h2c\r\nUpgrade: websocket", [426, 426, 200]),
        ("Upgrade: websocket", "Upgrade: websocket\r\nContent-Length: 3", [200, 0, 200]),
        ("Upgrade: websocket", "Upgrade: websocket\r\nSec-WebSocket-Extensions: ;", [400, 400, 200]),
        (
            "Upgrade: websocket",
            "Upgrade: websocket\r\nSec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=x",
            [200, 200, 0],
        ),
        ("Connection: Upgrade", "Connection: Upgrade, @", [400, 400, 200]),
        ("Connection: Upgrade", "Connection: close", [200; 3]),
        ("Connection: Upgrade", "Connection: Upgrade\r\nOrigin: a\r\nOrigin: a", [400, 400, 200]),
    ] {
        let request = format!("GET /ws HTTP/1.1\r\nHost: h\r\n{WEBSOCKET}\r\n").replace(from, to);
        for parser in PARSERS {
            for (library, expected) in [("websockets", older), ("websockets-sansio", newer), ("wsproto", wsproto)] {
                let server = server("0.54", &[("http", parser), ("ws", library)]);
                assert_eq!(status(&receive(&server, &request)), expected, "{parser} {library} {request}");
            }
        }
    }
}

#[test]
fn proxy_headers_of_a_trusted_peer_only() {
    let request = "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 203.0.113.9:7\r\nX-Forwarded-Proto: http\r\n\
                   X-Forwarded-Proto: https\r\n\r\n";
    let address = |host: &str, port| Some(Address::new(host, port));
    for (trust, on, scheme, expected) in [
        ("127.0.0.1", "true", "https", address("203.0.113.9", 7)),
        ("*", "true", "https", address("203.0.113.9", 7)),
        ("10.0.0.0/8", "true", "http", address("127.0.0.1", 50_000)),
        ("127.0.0.1", "false", "http", address("127.0.0.1", 50_000)),
    ] {
        let outcome = receive(&server("0.54", &[("forwarded-allow-ips", trust), ("proxy-headers", on)]), request);
        let scope = outcome.scope().unwrap();
        assert_eq!((scope.scheme(), scope.client.clone()), (scheme, expected), "{trust} {on}");
    }
}

#[test]
fn what_each_release_made_of_the_proxy_headers() {
    let client = |release, headers: &str| {
        let request = format!("GET / HTTP/1.1\r\nHost: h\r\n{headers}\r\n");
        receive(&server(release, &[]), &request)
            .scope()
            .unwrap()
            .client
            .clone()
            .map(|client| (client.host, client.port))
    };
    let is = |host: Option<&str>, port| Some((host.map(str::to_owned), Some(crate::asgi::Port::Number(port))));
    let chain = "X-Forwarded-For: 203.0.113.9:7, 127.0.0.1\r\n";
    let trusted = "X-Forwarded-For: 127.0.0.1\r\n";
    let twice = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 127.0.0.1\r\n";
    for (release, headers, expected) in [
        ("0.13.4", chain, is(Some("127.0.0.1"), 0)),
        ("0.30.6", chain, is(Some("203.0.113.9:7"), 0)),
        ("0.45", chain, is(Some("203.0.113.9"), 7)),
        ("0.30.6", trusted, is(None, 0)),
        ("0.31.1", trusted, is(Some("127.0.0.1"), 0)),
        ("0.47", twice, is(Some("127.0.0.1"), 0)),
        ("0.48", twice, is(Some("127.0.0.1"), 50_000)),
        ("0.49", twice, is(Some("203.0.113.9"), 0)),
    ] {
        assert_eq!(client(release, headers), expected, "{release} {headers}");
    }
}

#[test]
fn on_a_unix_socket_only_a_star_is_trust() {
    let request = "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n";
    for (release, trust, client, path) in [
        ("0.54", "*", Some("203.0.113.9"), Some("/run/app.sock")),
        ("0.54", "127.0.0.1,::1", None, Some("/run/app.sock")),
        ("0.40", "*", Some("203.0.113.9"), None),
    ] {
        let server = server(release, &[("forwarded-allow-ips", trust)]);
        let outcome = server.receive(request.as_bytes(), &Ends::unix("/run/app.sock"));
        let scope = outcome.scope().unwrap();
        assert_eq!(scope.client.as_ref().map(Address::host), client);
        assert_eq!(scope.server, path.map(Address::unix));
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
    let off = server("0.54", &[("proxy-headers", "false")]);
    let why = unused("uvicorn was started with --no-proxy-headers");
    assert_eq!(off.reading("x-forwarded-for", &[b"1.2.3.4"], true), why);
    let twice = server("0.48", &[]).reading("x-forwarded-for", &[b"1.2.3.4", b"1.2.3.4"], true);
    assert_eq!(twice, unused("uvicorn 0.48.0 ignores it when it is there more than once"));
    assert_eq!(server("0.30", &[]).reading("x-forwarded-proto", &[b"https, http"], true), HeaderUse::Used);
}

#[test]
fn releases() {
    let text = |release| match server(release, &[]).options {
        super::super::Options::Uvicorn(options) => options.trust.text().to_owned(),
        _ => panic!("not uvicorn"),
    };
    assert_eq!(Server { stated: true, ..Server::uvicorn() }, server("0.54", &[]));
    assert_eq!((text("0.54").as_str(), text("0.52").as_str()), ("127.0.0.1,::1", "127.0.0.1"));
    assert_eq!((server("0.13.0", &[("http", "h11")]).note(), server("0.54.0", &[]).note()), (None, None));
    let note = "httptools below uvicorn 0.18.3 is taken to be 0.5.0, if it is not known to be newer";
    assert_eq!(server("0.18.3", &[]).note().as_deref(), Some(note));
    let newer = server("0.60", &[]);
    assert_eq!(newer.note().unwrap(), "uvicorn 0.60.0 is newer than what is known; taken to be like 0.54.0");
    let request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    assert_eq!(status(&receive(&newer, request)), 200);
    let older = server("0.12", &[]);
    let why = "uvicorn 0.12.0 is not modelled; known: 0.13.0 to 0.54.0".to_owned();
    assert_eq!(receive(&older, request), Outcome::Unknown { why: why.clone() });
    assert_eq!(older.reading("x-forwarded-for", &[b"1.2.3.4"], true), HeaderUse::Unknown(why));
}

proptest! {
    #[test]
    fn any_bytes_are_received(bytes: Vec<u8>, release in 13u16..60, parser in 0..2usize) {
        let server = server(&format!("0.{release}"), &[("http", PARSERS[parser])]);
        let _ = server.receive(&bytes, &ends());
    }

    #[test]
    fn any_request_is_received(
        target in any::<Vec<u8>>(),
        name in "[!-~&&[^:]]*",
        value in any::<Vec<u8>>(),
        behind in any::<Vec<u8>>(),
        socket: bool,
        release in 26u16..60,
        root_path in "/[a-z%]{0,4}",
    ) {
        let extra = if socket { WEBSOCKET } else { "Transfer-Encoding: chunked\r\n" };
        let start = [b"GET /", &target[..], b" HTTP/1.1\r\nHost: h\r\n", extra.as_bytes()].concat();
        let bytes = [&start[..], name.as_bytes(), b": ", &value, b"\r\n\r\n", &behind].concat();
        for parser in PARSERS {
            for library in ["auto", "websockets", "wsproto"] {
                let server = server(&format!("0.{release}"), &[("http", parser), ("ws", library), ("root-path", &root_path)]);
                if let Some(scope) = server.receive(&bytes, &ends()).scope() {
                    prop_assert!(scope.path.starts_with(&root_path));
                    prop_assert!(scope.raw_path.starts_with(root_path.as_bytes()));
                    prop_assert_eq!(&scope.root_path, &root_path);
                }
            }
        }
    }
}
