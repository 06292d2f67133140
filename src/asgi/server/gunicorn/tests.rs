use proptest::prelude::*;

use super::*;
use crate::asgi::server::asked::{WEBSOCKET, scope, started, status};
use crate::asgi::server::{Libraries, Program};
use crate::asgi::{Address, Port, Scope};

/// gunicorn 27.0.1 with its asgi worker and these options.
fn gunicorn(options: &[(&str, &str)]) -> Server {
    with(Release::new(27, 0, 1), &[&[("worker-class", "asgi")], options].concat())
}

fn with(version: Release, options: &[(&str, &str)]) -> Server {
    started(&format!("gunicorn@{version}"), options)
}

fn ends(peer: &str) -> Ends {
    Ends::tcp((peer.parse::<IpAddr>().unwrap(), 50_000).into(), ([127, 0, 0, 1], 8000).into())
}

/// What it makes of header lines below `GET /app`, sent by 127.0.0.1.
fn lines(server: &Server, lines: &str) -> Outcome {
    server.receive(format!("GET /app HTTP/1.1\r\n{lines}\r\n").as_bytes(), &ends("127.0.0.1"))
}

#[test]
fn the_root_path_is_told_and_not_added() {
    let server = gunicorn(&[("root-path", " /api/v1/ ")]);
    let scope = scope(server.receive(b"GET /a%2Fb?x=%20 HTTP/1.0\r\n\r\n", &ends("127.0.0.1")));
    assert_eq!((scope.path.as_str(), scope.raw_path.as_slice()), ("/a/b", &b"/a%2Fb"[..]));
    assert_eq!((scope.root_path.as_str(), scope.query_string.as_slice()), ("/api/v1/", &b"x=%20"[..]));
    assert_eq!((scope.scheme.as_deref(), scope.http_version.as_deref()), (Some("http"), Some("1.0")));
}

#[test]
fn request_lines() {
    for (line, expected) in [
        ("GET /a HTTP/1.1", 200),
        ("\r\nGET /a HTTP/1.1", 200),
        ("\r\n\r\nGET /a HTTP/1.1", 400),
        ("OPTIONS * HTTP/1.1", 200),
        ("GET * HTTP/1.1", 400),
        ("GET http://h/a HTTP/1.1", 200),
        ("GET h:80 HTTP/1.1", 400),
        ("CONNECT h:80 HTTP/1.1", 200),
        ("GET /a b HTTP/1.1", 400),
        ("GET  /a HTTP/1.1", 400),
        ("GET /\u{e9} HTTP/1.1", 400),
        ("get /a HTTP/1.1", 400),
        ("M-SEARCH /a HTTP/1.1", 200),
        ("AB /a HTTP/1.1", 400),
        ("GET /a HTTP/1.2", 400),
        ("GET /a HTTP/2.0", 400),
        ("GET /a", 400),
    ] {
        let outcome = gunicorn(&[]).receive(format!("{line}\r\n\r\n").as_bytes(), &ends("127.0.0.1"));
        assert_eq!(status(&outcome), expected, "{line:?} {outcome:?}");
    }
}

#[test]
fn odd_methods_and_versions_if_permitted() {
    let server =
        gunicorn(&[("permit-unconventional-http-method", "true"), ("permit-unconventional-http-version", "true")]);
    for (line, expected) in [
        ("a#b /a HTTP/1.7", Some("1.7")),
        ("GET /a HTTP/1.1_0", Some("1.10")),
        ("GET /a HTTP/1. 5", Some("1.5")),
        ("GET /a HTTP/1.x", None),
        ("GET /a HTTP/2.0", None),
        ("G\u{e9}T /a HTTP/1.1", None),
    ] {
        let outcome = server.receive(format!("{line}\r\n\r\n").as_bytes(), &ends("127.0.0.1"));
        let version = outcome.scope().and_then(|scope| scope.http_version.as_deref());
        assert_eq!(version, expected, "{line:?} {outcome:?}");
    }
}

#[test]
fn header_lines() {
    for (text, expected) in [
        ("Host: h\r\nA:\r\n", 200),
        ("", 200),
        ("A: b\n", 400),
        ("A : b\r\n", 400),
        ("A: b\r\n c\r\n", 400),
        ("A\r\n", 400),
        ("A: \x01\r\n", 400),
        ("A: b\tc\r\n", 200),
        ("Host: h\r\nHost: h\r\n", 400),
        ("Content-Type: a\r\nContent-Type: a\r\n", 400),
        ("Content-Length: 5\r\n", 200),
        ("Content-Length: +5\r\n", 400),
        ("Content-Length: 5, 5\r\n", 400),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Transfer-Encoding: gzip, chunked\r\n", 200),
        ("Transfer-Encoding: chunked, gzip\r\n", 400),
        ("Transfer-Encoding: gzip\r\n", 400),
        ("Transfer-Encoding: br, chunked\r\n", 501),
    ] {
        let outcome = lines(&gunicorn(&[]), text);
        assert_eq!(status(&outcome), expected, "{text:?} {outcome:?}");
    }
    assert_eq!(status(&lines(&gunicorn(&[]), &format!("Content-Length: {}\r\n", "0".repeat(4301)))), 0);
}

#[test]
fn limits() {
    let long = |count| format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(count));
    for (options, request, expected) in [
        (&[][..], long(4094 - 14), 200),
        (&[], long(4094 - 13), 414),
        (&[("limit-request-line", "0")], long(9000), 200),
        (&[], format!("GET /{}", "a".repeat(4090)), 0),
        (&[], format!("GET /{}", "a".repeat(4091)), 414),
        (&[("limit-request-fields", "1")], "GET / HTTP/1.1\r\nA: b\r\nC: d\r\n\r\n".to_owned(), 431),
        (&[("limit-request-field_size", "6")], "GET / HTTP/1.1\r\nA: b\r\n\r\n".to_owned(), 200),
        (&[("limit-request-field-size", "5")], "GET / HTTP/1.1\r\nA: b\r\n\r\n".to_owned(), 431),
    ] {
        let outcome = gunicorn(options).receive(request.as_bytes(), &ends("127.0.0.1"));
        assert_eq!(status(&outcome), expected, "{options:?} {request:?} {outcome:?}");
    }
}

#[test]
fn a_bad_chunk_in_the_same_read_keeps_the_app_out() {
    let chunked = |body| format!("Transfer-Encoding: chunked\r\n\r\n{body}");
    for (body, expected) in [("5\r\nhello\r\n0\r\n", 200), ("5\r\nhel", 200), ("5\r\nhello!", 400), ("x\r\n", 400)] {
        assert_eq!(status(&lines(&gunicorn(&[]), &chunked(body))), expected, "{body:?}");
    }
}

#[test]
fn scheme_headers_of_a_trusted_peer() {
    for (peer, text, expected) in [
        ("127.0.0.1", "X-Forwarded-Proto: https\r\n", Some("https")),
        ("127.0.0.1", "X-Forwarded-Proto: HTTPS\r\n", Some("http")),
        ("127.0.0.1", "X-Forwarded-Ssl: on\r\nX-Forwarded-Protocol: ssl\r\n", Some("https")),
        ("127.0.0.1", "X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off\r\n", None),
        ("127.0.0.1", "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n", None),
        ("127.0.0.2", "X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off\r\n", Some("http")),
    ] {
        let request = format!("GET / HTTP/1.1\r\n{text}\r\n");
        let outcome = gunicorn(&[]).receive(request.as_bytes(), &ends(peer));
        let scheme = outcome.scope().and_then(|scope| scope.scheme.as_deref());
        assert_eq!(scheme, expected, "{peer} {text:?} {outcome:?}");
        assert!(expected.is_some() || status(&outcome) == 400);
    }
    let own = gunicorn(&[("secure-scheme-headers", "X-SCHEME=tls")]);
    assert_eq!(scope(lines(&own, "X-Scheme: tls\r\nX-Forwarded-Proto: http\r\n")).scheme(), "https");
}

#[test]
fn names_with_an_underscore() {
    let text = "X_Forwarded_For: 1.2.3.4\r\nScript_Name: /a\r\nHost: h\r\n";
    for (options, peer, expected) in [
        (&[][..], "127.0.0.1", Some(&["script_name", "host"][..])),
        (&[], "127.0.0.2", Some(&["host"])),
        (&[("forwarder-headers", "*")], "127.0.0.1", Some(&["x_forwarded_for", "script_name", "host"])),
        (&[("header-map", "dangerous")], "127.0.0.2", Some(&["x_forwarded_for", "script_name", "host"])),
        (&[("header-map", "refuse")], "127.0.0.1", None),
    ] {
        let request = format!("GET / HTTP/1.1\r\n{text}\r\n");
        let outcome = gunicorn(options).receive(request.as_bytes(), &ends(peer));
        let names =
            outcome.scope().map(|scope| scope.headers.iter().map(|(name, _)| name.as_slice()).collect::<Vec<_>>());
        let expected = expected.map(|names| names.iter().map(|name| name.as_bytes()).collect::<Vec<_>>());
        assert_eq!(names, expected, "{options:?} {peer} {outcome:?}");
    }
}

#[test]
fn websocket_handshakes() {
    for (replaced, by, expected) in [
        ("", "", Some("ws")),
        ("Upgrade\r\n", "keep-alive, xUPGRADEx\r\n", Some("ws")),
        ("Upgrade\r\n", "close\r\n", Some("http")),
        ("websocket", "websocket, h2c", Some("http")),
        ("13", "8", None),
        ("ZQ==", "ZQ", None),
    ] {
        let outcome = lines(&gunicorn(&[]), &WEBSOCKET.replacen(replaced, by, 1));
        assert_eq!(outcome.scope().map(Scope::scheme), expected, "{replaced:?} {by:?} {outcome:?}");
    }
    assert_eq!(status(&lines(&gunicorn(&[]), &WEBSOCKET.replace("13", "8"))), 426);
    assert_eq!(status(&lines(&gunicorn(&[]), &WEBSOCKET.replace("ZQ==", "ZQ"))), 400);

    let text = format!(
        "{WEBSOCKET}X-Forwarded-Proto: https\r\nSec-WebSocket-Protocol: a, b,\r\nSec-WebSocket-Protocol: c\r\n"
    );
    let scope = scope(lines(&gunicorn(&[]), &text));
    assert_eq!((scope.scheme(), scope.method.as_deref()), ("wss", None));
    assert_eq!(scope.subprotocols, ["a", "b", ""]);
}

#[test]
fn a_unix_socket() {
    let server = gunicorn(&[("forwarded-allow-ips", "10.0.0.1")]);
    let scope =
        scope(server.receive(b"GET / HTTP/1.1\r\nX-Forwarded-Proto: https\r\n\r\n", &Ends::unix("/run/a.sock")));
    assert_eq!((scope.scheme(), &scope.client), ("https", &None));
    assert_eq!(scope.server, Some(Address { host: Some("/".to_owned()), port: Some(Port::Text("r".to_owned())) }));
}

#[test]
fn what_becomes_of_forwarding_headers() {
    let unused = |why: &str| HeaderUse::Unused(why.to_owned());
    for (name, values, trusted, expected) in [
        ("X-Forwarded-Proto", &[&b"https"[..]][..], true, HeaderUse::Used),
        ("X-Forwarded-Proto", &[b"http"], true, HeaderUse::Used),
        ("X-Forwarded-Proto", &[b"wss"], true, unused("\"wss\" is not exactly \"https\": the scheme is http")),
        ("X-Forwarded-Proto", &[b"https"], false, unused("the peer is not in --forwarded-allow-ips")),
        ("X-Forwarded-Ssl", &[b"on", b"off"], true, unused("its lines contradict each other: gunicorn answers 400")),
        ("X-Forwarded-Proto", &[], true, unused("not sent")),
        ("X-Forwarded-For", &[b"1.2.3.4"], true, HeaderUse::NotRead),
        ("Host", &[b"h"], true, HeaderUse::Plain),
    ] {
        assert_eq!(gunicorn(&[]).reading(name, values, trusted), expected, "{name} {values:?} {trusted}");
    }
}

#[test]
fn the_uvicorn_worker_gets_the_trust_list_and_nothing_else() {
    let options =
        [("worker-class", "uvicorn.workers.UvicornWorker"), ("root-path", "/api"), ("forwarded-allow-ips", " * ")];
    let mut server = with(Release::new(22, 0, 0), &options);
    let request = b"GET /a HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n";
    let seen = scope(server.receive(request, &ends("10.0.0.1")));
    assert_eq!((seen.path.as_str(), seen.root_path.as_str()), ("/a", ""));
    assert_eq!(seen.client, Some(Address::new("1.2.3.4", 0)));
    assert!(server.trust(None).trusted);
    assert_eq!(server.reading("X-Forwarded-For", &[b"1.2.3.4"], true), HeaderUse::Used);

    // No websocket library stands beside it.
    let websocket = format!("GET /a HTTP/1.1\r\nHost: h\r\n{WEBSOCKET}\r\n");
    let kind = |server: &Server| scope(server.receive(websocket.as_bytes(), &ends("10.0.0.1"))).kind.name();
    assert_eq!(kind(&server), "websocket");
    server.libraries.set("uvicorn", Release::new(0, 54, 0));
    // Nor httptools, so that h11 parses.
    assert_eq!(status(&server.receive(b"FOO /a HTTP/1.1\r\nHost: h\r\n\r\n", &ends("10.0.0.1"))), 200);
    assert_eq!(kind(&server), "http");
    server.libraries.set("websockets", Release::new(15, 0, 0));
    assert_eq!(kind(&server), "websocket");
    assert_ne!(server.libraries, Libraries::default());
}

#[test]
fn before_27_it_was_less_strict() {
    for (request, v25_3, v26_0, v26_1, v27_0) in [
        ("GET /a HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 200, 200, 400, 400),
        ("GET * HTTP/1.1\r\n\r\n", 200, 400, 400, 400),
        ("GET /a HTTP/1.1\r\nA: \x01\r\n\r\n", 200, 400, 400, 400),
        ("GET /\u{e9} HTTP/1.1\r\n\r\n", 200, 200, 200, 400),
        ("GET /a HTTP/1.1\r\n A : b\r\n\r\n", 200, 200, 200, 400),
        ("\r\nGET /a HTTP/1.1\r\n\r\n", 400, 400, 400, 200),
        ("GET /a HTTP/1.1\n\n", 0, 0, 0, 400),
        ("GET /a HTTP/1.1\r\nContent-Length: +1_0\r\n\r\n", 200, 200, 200, 400),
        ("GET /a HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, 400, 400, 400),
        ("GET /a HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 200, 200, 200, 400),
        ("GET /a HTTP/1.1\r\nTransfer-Encoding: x\r\n\r\n", 400, 400, 400, 501),
        ("GET /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;\r\nabc0\r\nHost: h\r\n\r\n", 200, 400, 400, 400),
        ("HEAD /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 200, 200, 200, 400),
        ("GET /a HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", 200, 200, 200, 426),
    ] {
        for (version, expected) in [((25, 3), v25_3), ((26, 0), v26_0), ((26, 1), v26_1), ((27, 0), v27_0)] {
            let server = with(Release::new(version.0, version.1, 0), &[("worker-class", "asgi")]);
            let outcome = server.receive(request.as_bytes(), &ends("127.0.0.1"));
            assert_eq!(status(&outcome), expected, "{version:?} {request:?} {outcome:?}");
        }
    }
    let server = with(Release::new(26, 2, 0), &[("worker-class", "asgi"), ("forwarded-allow-ips", "*")]);
    let scope = scope(lines(&server, "X-Forwarded-Proto: https\r\nA_B: c\r\n"));
    assert_eq!((scope.scheme(), scope.headers.len()), ("http", 2));
    assert_eq!(server.reading("X-Forwarded-Proto", &[b"https"], true), HeaderUse::NotRead);
    assert!(!server.reads_forwarded());
    assert!(!server.trust(None).trusted);
}

#[test]
fn what_is_not_modelled_is_said() {
    let unsaid = Server::new(Program::Gunicorn, None);
    assert!(matches!(lines(&unsaid, ""), Outcome::Unknown { .. }));
    assert!(unsaid.note().unwrap().contains("worker-class"));
    for (version, class, note) in [
        ((27, 0, 0), "asgi", None),
        ((27, 1, 0), "asgi", Some("gunicorn 27.1.0 is newer than what is known; taken to be like 27.0.1")),
        ((25, 3, 0), "asgi", None),
        ((25, 2, 0), "asgi", Some("the asgi worker of gunicorn 25.2.0 is not modelled; known: 25.3.0 to 27.0.1")),
        ((23, 0, 0), "asgi", Some("gunicorn 23.0.0 has no asgi worker; it came in 24.0")),
        ((20, 0, 4), "uvicorn_worker.UvicornH11Worker", None),
        ((19, 9, 0), "uvicorn_worker.UvicornWorker", Some("gunicorn 19.9.0 is not modelled; known: 20.0.0 to 27.0.1")),
    ] {
        let server = with(Release::new(version.0, version.1, version.2), &[("worker-class", class)]);
        assert_eq!(server.note().as_deref(), note, "{version:?} {class}");
    }
}

#[test]
fn other_protocols_are_unknown() {
    for (name, value, known) in [
        ("proxy-protocol", "off", true),
        ("proxy-protocol", "v2", false),
        ("protocol", "http", true),
        ("protocol", "uwsgi", false),
    ] {
        let outcome = lines(&gunicorn(&[(name, value)]), "");
        assert_eq!(outcome.scope().is_some(), known, "{name} {value} {outcome:?}");
        assert!(known || matches!(outcome, Outcome::Unknown { .. }));
    }
}

#[test]
fn what_the_other_parser_refuses_is_unknown() {
    let mut server = gunicorn(&[]);
    server.libraries.set("gunicorn-h1c", Release::new(0, 6, 14));
    assert_eq!(status(&lines(&server, "")), 200);
    assert!(matches!(lines(&server, "A\r\n"), Outcome::Unknown { .. }));
    server.set("http-parser", "python").unwrap();
    assert_eq!(status(&lines(&server, "A\r\n")), 400);
    assert!(matches!(lines(&gunicorn(&[("http-parser", "fast")]), "A\r\n"), Outcome::Unknown { .. }));
}

proptest! {
    #[test]
    fn any_bytes_are_judged(
        bytes: Vec<u8>,
        text in "(GET|POST) /[ -~]{0,5} HTTP/1\\.[01]\r\n([A-Za-z_-]{1,9}:[ -~]{0,9}\r\n){0,4}\r\n",
    ) {
        let server = gunicorn(&[("permit-unconventional-http-version", "true")]);
        let _ = server.receive(&bytes, &ends("127.0.0.1"));
        let whole = [text.as_bytes(), &bytes].concat();
        if let Outcome::Scope(scope) = server.receive(&whole, &ends("::1")) {
            prop_assert!(scope.raw_path.starts_with(b"/") || scope.raw_path.windows(3).any(|part| part == b"://"));
            let may_pass = |name: &[u8]| !name.contains(&b'_') || matches!(name, b"script_name" | b"path_info");
            prop_assert!(scope.headers.iter().all(|(name, _)| may_pass(name)));
        }
    }

    #[test]
    fn a_scope_does_not_hang_on_how_much_of_the_body_is_there(cut in 0_usize..60) {
        let whole = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nX: y\r\n\r\n";
        let head = 49;
        let end = (head + cut).min(whole.len());
        let outcome = gunicorn(&[]).receive(whole.get(..end).unwrap(), &ends("127.0.0.1"));
        prop_assert_eq!(status(&outcome), 200);
    }
}
