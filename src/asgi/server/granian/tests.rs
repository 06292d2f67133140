use super::*;
use crate::asgi::server::Program;
use crate::asgi::server::asked::{self, WEBSOCKET, ends, started};
use proptest::prelude::*;

fn server(version: &str, options: &[(&str, &str)]) -> Server {
    started(&format!("granian@{version}"), options)
}

fn newest(options: &[(&str, &str)]) -> Server {
    server(&NEWEST.to_string(), options)
}

fn scope(server: &Server, request: impl AsRef<[u8]>) -> Scope {
    asked::scope(server.receive(request.as_ref(), &ends()))
}

fn get(server: &Server, target: &str, lines: &str) -> Scope {
    scope(server, format!("GET {target} HTTP/1.1\r\nHost: h\r\n{lines}\r\n"))
}

/// The status of a refusal, 0 for a closed connection, 200 for a scope, 999 for what is not known.
fn status(server: &Server, request: impl AsRef<[u8]>) -> u16 {
    asked::status(&server.receive(request.as_ref(), &ends()))
}

fn names(scope: &Scope) -> Vec<&str> {
    scope.headers.iter().map(|(name, _)| std::str::from_utf8(name).unwrap()).collect()
}

fn pair(address: Option<&Address>) -> String {
    let address = address.unwrap();
    format!("{} {:?}", address.host(), address.port)
}

#[test]
fn the_prefix_is_the_root_path_and_nothing_else() {
    let scope = get(&newest(&[("url-path-prefix", "/api/v1")]), "/a%2Fb?x=%20", "");
    assert_eq!((scope.path.as_str(), scope.raw_path.as_slice()), ("/a/b", &b"/a%2Fb"[..]));
    assert_eq!((scope.root_path.as_str(), scope.query_string.as_slice()), ("/api/v1", &b"x=%20"[..]));
    assert_eq!((scope.scheme(), scope.http_version.as_deref()), ("http", Some("1.1")));
}

#[test]
fn targets_are_hypers_uris() {
    for (target, path) in [
        ("/app#f?x", Some("/app")),
        ("http://h/app?x", Some("/app")),
        ("http://h", Some("/")),
        ("//h/app", Some("//h/app")),
        ("*", Some("*")),
        ("app", Some("")),
        ("/caf\u{e9}", Some("/caf\u{e9}")),
        ("/a\"b", Some("/a\"b")),
        ("/%zz%00", Some("/%zz\0")),
        ("/?\"", None),
        ("/<", None),
        ("?x", None),
        ("app/b", None),
        ("http:///app", None),
    ] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n");
        let outcome = newest(&[]).receive(request.as_bytes(), &ends());
        assert_eq!(outcome.scope().map(|scope| scope.path.as_str()), path, "{target}");
    }
}

#[test]
fn heads_that_hyper_refuses() {
    for (request, expected) in [
        (&b"\r\n\n\r\nGET / HTTP/1.0\nA:1\n\n"[..], 200),
        (b"G!T / HTTP/1.1\r\n\r\n", 200),
        (b"GET  / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.2\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET /\xff HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA : 1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: 1\r\n b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: \0\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: \0\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nA: \0\r\n", 0),
        (b"GET / HTTP/1.1\r\n", 0),
        (b"", 0),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length:\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"CONNECT h:443 HTTP/1.1\r\n\r\n", 0),
    ] {
        assert_eq!(status(&newest(&[]), request), expected, "{}", request.escape_ascii());
    }
    let many = |count: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "A: 1\r\n".repeat(count));
    assert_eq!((status(&newest(&[]), many(100)), status(&newest(&[]), many(101))), (200, 431));
    let long = |length: usize| format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(length));
    assert_eq!((status(&newest(&[]), long(65_533)), status(&newest(&[]), long(65_534))), (200, 414));
    assert_eq!(status(&newest(&[]), long(500_000)), 999);
}

#[test]
fn http_2_is_told_by_its_preface() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let asked = |http: &str, request: &[u8]| status(&newest(&[("http", http)]), request);
    assert_eq!(asked("auto", preface), 0);
    assert_eq!(asked("auto", &[&preface[..], b"\0\0\0\x04\0\0\0\0\0"].concat()), 999);
    assert_eq!(asked("auto", b"PRI * HTTP/2.0\r\n\r\n"), 0);
    assert_eq!(asked("1", preface), 0);
    assert_eq!(asked("1", b"PRI * HTTP/2.0\r\n\r\n"), 400);
    assert_eq!(asked("2", b"GET / HTTP/1.1\r\n\r\n"), 0);
}

#[test]
fn headers_are_in_the_order_of_hypers_map() {
    let server = newest(&[]);
    let sent = "POST / HTTP/1.1\r\nX-A: 1\r\nX-B: 2\r\nx-a: 3 \r\n\r\n";
    assert_eq!(names(&scope(&server, sent)), ["host", "x-a", "x-a", "x-b"]);
    let both = "Content-Length: 3\r\nX-A: 1\r\nX-B: 2\r\nTransfer-Encoding: chunked\r\n";
    assert_eq!(names(&get(&server, "/", both)), ["host", "x-b", "x-a", "transfer-encoding"]);
    assert_eq!(scope(&server, "GET http://h:1/ HTTP/1.1\r\n\r\n").header("host"), Some(&b"h:1"[..]));
    assert_eq!(scope(&server, "GET / HTTP/1.1\r\n\r\n").header("host"), Some(&b""[..]));
}

#[test]
fn ports_are_text_and_the_server_is_the_listener() {
    let scope = get(&newest(&[("host", "0.0.0.0")]), "/", "");
    assert_eq!(pair(scope.client.as_ref()), "127.0.0.1 Some(Text(\"50000\"))");
    assert_eq!(pair(scope.server.as_ref()), "0.0.0.0 Some(Text(\"8000\"))");
    let outcome = newest(&[]).receive(b"GET / HTTP/1.0\r\n\r\n", &Ends::unix("/run/app.sock"));
    let scope = outcome.scope().unwrap();
    assert_eq!(pair(scope.client.as_ref()), " Some(Text(\"0\"))");
    assert_eq!(pair(scope.server.as_ref()), "/run/app.sock Some(Text(\"0\"))");
    assert_eq!(scope.http_version.as_deref(), Some("1"));
}

#[test]
fn a_handshake_is_hardly_checked() {
    let server = newest(&[]);
    let asked =
        |from: &str, to: &str| status(&server, format!("GET / HTTP/1.1\r\n{}\r\n", WEBSOCKET.replace(from, to)));
    assert_eq!(asked("dGhlIHNhbXBsZSBub25jZQ==", "x"), 200);
    assert_eq!(asked("Sec-WebSocket-Key", "X"), 400);
    assert_eq!(asked("13", "8"), 400);
    let lines = format!("{WEBSOCKET}Sec-WebSocket-Protocol: a, b,,\r\nSec-WebSocket-Protocol: \u{e9}\r\n");
    let scope = get(&server, "/ws", &lines);
    assert_eq!((scope.kind, scope.scheme(), &scope.method), (ScopeType::WebSocket, "ws", &None));
    assert_eq!(scope.subprotocols, ["a", "b"]);
    assert_eq!(get(&newest(&[("ws", "false")]), "/ws", &lines).kind, ScopeType::Http);
}

#[test]
fn what_the_releases_changed() {
    let [old, new] = ["2.7.1", "2.7.2"]
        .map(|version| get(&server(version, &[]), "/%41", &format!("{WEBSOCKET}Sec-WebSocket-Protocol: a,b\r\n")));
    assert_eq!((old.subprotocols.len(), new.subprotocols.len()), (1, 2));
    assert_eq!((old.extensions.len(), get(&server("2.6", &[]), "/", "").extensions.len()), (2, 1));
    assert_eq!(get(&server("2.2", &[]), "/%41", "").raw_path, b"/A");
    assert_eq!(get(&server("2.2.1", &[]), "/%41", "").raw_path, b"/%41");
    let both = "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n";
    assert_eq!(names(&get(&server("2.7.9", &[]), "/", both)).len(), 3);
    assert_eq!(status(&server("2.8.2", &[]), "GET /aaaaaaaaaaaaaaaa HTTP/1.1\nA: 1\n\r\n"), 0);
    assert_eq!(status(&server("2.8.3", &[]), "GET /aaaaaaaaaaaaaaaa HTTP/1.1\nA: 1\n\r\n"), 200);
    assert_eq!(status(&server("2.0", &[]), "GET / HTTP/1.1\r\n\r\n"), 999);
    assert!(server("2.9", &[]).note().is_some() && newest(&[]).note().is_none());
}

#[test]
fn the_wrapper_takes_the_scheme_only_with_an_address() {
    let seen = |version: &str, list: &str, lines: &str| {
        let scope = get(&server(version, &[("wrap-proxy-headers", list)]), "/", lines);
        format!("{} {}", scope.client.as_ref().unwrap().host(), scope.scheme())
    };
    let both = "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 203.0.113.9:5, 127.0.0.1\r\nX-Forwarded-Proto: \r\n\
                X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n";
    for (version, list, lines, expected) in [
        ("2.8.7", "127.0.0.1", both, "203.0.113.9:5 https"),
        ("2.7.4", "127.0.0.1", both, "203.0.113.9:5 http"),
        ("2.8.7", "*", both, "1.1.1.1 https"),
        ("2.8.7", "127.0.0.2", both, "127.0.0.1 http"),
        ("2.8.7", "127.0.0.1", "X-Forwarded-Proto: https\r\n", "127.0.0.1 http"),
        ("2.7.4", "127.0.0.1", "X-Forwarded-Proto: https\r\n", "127.0.0.1 https"),
        ("2.8.7", "127.0.0.1", "X-Forwarded-For: 1.1.1.1,\r\nX-Forwarded-Proto: https\r\n", "127.0.0.1 http"),
        ("2.8.7", "127.0.0.0/8", "X-Forwarded-For: 127.0.0.9, 127.0.0.8\r\n", "127.0.0.9 http"),
        ("2.8.7", "127.0.0.1", "X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: HTTPS\r\n", "1.1.1.1 http"),
    ] {
        assert_eq!(seen(version, list, lines), expected, "{version} {list} {lines:?}");
    }
    let lines = format!("{WEBSOCKET}X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\n");
    assert_eq!(seen("2.8.7", "*", &lines), "1.1.1.1 wss");
}

#[test]
fn the_screen_is_told_who_is_believed() {
    let peer = Some("127.0.0.1".parse().unwrap());
    let wrapped = newest(&[("wrap-proxy-headers", "127.0.0.1,10.0.0.0/8")]);
    assert!(!newest(&[]).trust(peer).trusted && !newest(&[]).reads_forwarded());
    assert!(wrapped.trust(peer).trusted && !wrapped.trust(None).trusted);
    assert_eq!(wrapped.trust(peer).why, "127.0.0.1 is in trusted_hosts of wrap_asgi_with_proxy_headers");
    let reading = |server: &Server, name: &str, lines: &[(&str, &'static [u8])]| {
        let lines_of = |name: &str| lines.iter().filter(|(known, _)| *known == name).map(|(_, value)| *value).collect();
        server.reading_among(name, lines_of, true)
    };
    let proto: (&str, &[u8]) = ("x-forwarded-proto", b"https");
    assert!(matches!(reading(&newest(&[]), proto.0, &[proto]), HeaderUse::Unused(_)));
    assert!(matches!(reading(&wrapped, proto.0, &[proto]), HeaderUse::Unused(_)));
    assert_eq!(reading(&wrapped, proto.0, &[proto, ("x-forwarded-for", b"1.1.1.1")]), HeaderUse::Used);
    assert_eq!(reading(&wrapped, "x-forwarded-host", &[("x-forwarded-host", b"h")]), HeaderUse::NotRead);
    assert_eq!(reading(&wrapped, "host", &[("host", b"h")]), HeaderUse::Plain);
}

#[test]
fn options_have_granians_names() {
    for (name, value) in [("host", "localhost"), ("http", "3"), ("ws", "yes"), ("root-path", "/")] {
        assert!(newest(&[]).set(name, value).is_err(), "{name}");
    }
    assert_eq!(newest(&[]).program(), Program::Granian);
}

proptest! {
    #[test]
    fn any_bytes_have_an_outcome(bytes in any::<Vec<u8>>()) {
        for version in ["2.1", "2.8.7"] {
            server(version, &[("wrap-proxy-headers", "*")]).receive(&bytes, &ends());
        }
    }

    #[test]
    fn any_head_has_an_outcome(target in "[!-~]{1,20}", name in "[!-~]{0,12}", value in "\\PC{0,20}") {
        let request = format!("GET {target} HTTP/1.1\r\nHost: h\r\n{WEBSOCKET}{name}: {value}\r\n\r\n");
        let outcome = newest(&[("wrap-proxy-headers", "127.0.0.1")]).receive(request.as_bytes(), &ends());
        if let Some(scope) = outcome.scope() {
            prop_assert!(target.as_bytes().windows(scope.raw_path.len().max(1)).any(|part| part.starts_with(&scope.raw_path))
                || scope.raw_path == b"/");
        }
    }
}
