//! Requests drawn at random: mostly what clients and proxies send, now and then what they should not.
//!
//! Nothing here waits for more bytes: a head is finished, and a body is as long as it says.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Any request: plain or a websocket handshake.
pub(crate) fn any() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![3 => plain(), 1 => handshake()]
}

fn plain() -> impl Strategy<Value = Vec<u8>> {
    (method(), target(), version(), host(), vec(field(), 0..6), body()).prop_map(
        |(method, target, version, host, fields, (framing, body))| {
            let head = [format!("{method} ").as_bytes(), &target, format!(" {version}\r\n").as_bytes()].concat();
            [head, host, fields.concat(), framing, b"\r\n".to_vec(), body].concat()
        },
    )
}

fn handshake() -> impl Strategy<Value = Vec<u8>> {
    let protocols = select(vec!["", "Sec-WebSocket-Protocol: chat\r\n", "Sec-WebSocket-Protocol: a, b\r\n"]);
    let origin = select(vec!["", "Origin: https://example.com\r\n"]);
    (target(), host(), vec(field(), 0..4), protocols, origin).prop_map(|(target, host, fields, protocols, origin)| {
        let shake = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        let parts: [&[u8]; 8] = [
            b"GET ",
            &target,
            b" HTTP/1.1\r\n",
            &host,
            &fields.concat(),
            shake.as_bytes(),
            &[protocols.as_bytes(), origin.as_bytes()].concat(),
            b"\r\n",
        ];
        parts.concat()
    })
}

fn method() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        10 => Just("GET"),
        4 => select(vec!["POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"]),
        1 => select(vec!["PROPFIND", "FOO", "get", "QUERY"]),
    ]
}

fn version() -> impl Strategy<Value = &'static str> {
    prop_oneof![10 => Just("HTTP/1.1"), 2 => Just("HTTP/1.0")]
}

fn target() -> impl Strategy<Value = Vec<u8>> {
    let text = |text: &str| text.as_bytes().to_vec();
    prop_oneof![
        12 => path_and_query(),
        2 => path_and_query().prop_map(|target| [b"http://example.com", target.as_slice()].concat()),
        1 => select(vec!["*", "app", "?x=1", "//app", "http://example.com", "/a#b", "/a?b#c?d", "/a;k=v"]).prop_map(text),
    ]
}

fn path_and_query() -> impl Strategy<Value = Vec<u8>> {
    let path = vec(segment(), 0..5).prop_map(|segments| [b"/", segments.join(&b'/').as_slice()].concat());
    (path, query()).prop_map(|(path, query)| [path, query].concat())
}

fn segment() -> impl Strategy<Value = Vec<u8>> {
    let word = select(vec!["app", "api", "v1", "items", "a b", "", ".", "..", "a;k=v", "a+b", "A~b", "x@y:z", "(1)"]);
    let escape = select(vec!["%2F", "%20", "%C3%A9", "%E9", "%zz", "%", "%2", "%00", "%25", "%5C", "%F0%9F%98%80"]);
    let word = word.prop_map(|word| word.replace(' ', "%20").into_bytes());
    prop_oneof![
        6 => word.clone(),
        2 => (word, escape).prop_map(|(word, escape)| [word.as_slice(), escape.as_bytes()].concat()),
        1 => "[!-~]{1,6}".prop_map(|text| text.replace(['?', '#'], "_").into_bytes()),
    ]
}

fn query() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        2 => Just(Vec::new()),
        1 => select(vec!["?", "?a=b", "?a=b&c=%2F%zz", "??x", "?next=/a/b?c", "?a=%C3%A9+d"]).prop_map(|text| text.as_bytes().to_vec()),
        1 => "\\?[!-~]{0,8}".prop_map(|text| text.replace('#', "_").into_bytes()),
    ]
}

fn host() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        12 => select(vec!["example.com", "example.com:8443", "127.0.0.1:8000", "[::1]:80", "h"]),
        1 => select(vec!["", "a b", "ex/am?x#y", "user@h"]),
    ]
    .prop_map(|host| format!("Host: {host}\r\n").into_bytes())
}

/// A header line: forwarding headers above all.
fn field() -> impl Strategy<Value = Vec<u8>> {
    let forwarded = prop_oneof![
        4 => (select(vec!["X-Forwarded-For", "x-forwarded-for", "X-Real-IP"]), list()),
        3 => (Just("X-Forwarded-Proto"), scheme()),
        1 => (Just("X-Forwarded-Host"), select(vec!["public.example.net", "a, b", ""]).prop_map(str::to_owned)),
        1 => (Just("X-Forwarded-Port"), select(vec!["443", "abc", "8443, 443", ""]).prop_map(str::to_owned)),
        1 => (Just("X-Forwarded-Prefix"), Just("/api/v1".to_owned())),
        1 => (Just("Forwarded"), forwarded_elements()),
        1 => (Just("Daphne-Root-Path"), select(vec!["/x", "/a%20b", ""]).prop_map(str::to_owned)),
        1 => (Just("X-Forwarded-Ssl"), select(vec!["on", "off"]).prop_map(str::to_owned)),
    ];
    let other = (
        select(vec!["Accept", "X_Under_Score", "X-Empty", "Cookie", "User-Agent", "Via", "X-Mixed-CASE"]),
        select(vec!["*/*", "", "  spaced\tout  ", "a=b; c=d", "caf\u{e9}", "1.1 proxy, 1.1 edge"])
            .prop_map(str::to_owned),
    );
    prop_oneof![4 => forwarded, 1 => other].prop_map(|(name, value)| format!("{name}: {value}\r\n").into_bytes())
}

/// A list of addresses as proxies write it, right and wrong.
fn list() -> impl Strategy<Value = String> {
    let entry = prop_oneof![
        6 => select(vec!["203.0.113.9", "127.0.0.1", "10.1.2.3", "10.9.9.9", "198.51.100.7"]),
        2 => select(vec!["2001:db8::1", "[2001:db8::1]:443", "203.0.113.9:1234", "::1", "::ffff:127.0.0.1"]),
        1 => select(vec!["unknown", "_hidden", "", "\"1.2.3.4\"", "for=1.2.3.4", "1.2.3.4:x", "[::1", "01.2.3.4", " "]),
    ];
    (vec(entry, 1..4), select(vec![", ", ","])).prop_map(|(entries, comma)| entries.join(comma))
}

fn scheme() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => select(vec!["https", "http", "wss", "ws"]),
        1 => select(vec!["HTTPS", "https, http", " https ", "\"https\"", "", "ftp", "https\u{a0}"]),
    ]
    .prop_map(str::to_owned)
}

fn forwarded_elements() -> impl Strategy<Value = String> {
    let element = select(vec![
        "for=203.0.113.9;proto=https;host=public.example.net",
        "for=\"[2001:db8::1]:443\"; proto=https",
        "proto=http;for=10.1.2.3",
        "For=1.2.3.4",
        "by=1.2.3.4",
        "for=",
    ]);
    vec(element, 1..3).prop_map(|elements| elements.join(", "))
}

/// What frames a body, and the body.
fn body() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let lines = |text: &str| text.as_bytes().to_vec();
    prop_oneof![
        8 => Just((Vec::new(), Vec::new())),
        2 => "[a-z]{0,9}".prop_map(|body| (format!("Content-Length: {}\r\n", body.len()).into_bytes(), body.into_bytes())),
        1 => Just((lines("Transfer-Encoding: chunked\r\n"), lines("3\r\nabc\r\n0\r\n\r\n"))),
    ]
}
