//! Requests drawn at random: what clients send to an app below a prefix, with paths and headers that proxies treat each in
//! their own way.
//!
//! Nothing here waits for more bytes: a head is finished, and a body is as long as it says.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// Any request: plain or a websocket handshake.
pub(crate) fn any() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![6 => plain(), 1 => handshake()]
}

fn plain() -> impl Strategy<Value = Vec<u8>> {
    (method(), target(), version(), host(), vec(field(), 0..5), body()).prop_map(
        |(method, target, version, host, fields, (framing, body))| {
            // A chunked body is nothing for HTTP/1.0.
            let version = if framing.starts_with("Transfer") { "HTTP/1.1" } else { version };
            let head = [format!("{method} ").as_bytes(), &target, format!(" {version}\r\n").as_bytes()].concat();
            [head, host, fields.concat(), framing.into_bytes(), b"\r\n".to_vec(), body].concat()
        },
    )
}

fn handshake() -> impl Strategy<Value = Vec<u8>> {
    (path(), host(), vec(field(), 0..3)).prop_map(|(path, host, fields)| {
        let shake = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        [b"GET ".as_slice(), &path, b" HTTP/1.1\r\n", &host, &fields.concat(), shake.as_bytes()].concat()
    })
}

fn method() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        10 => Just("GET"),
        4 => select(vec!["POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"]),
        1 => select(vec!["PROPFIND", "FOO", "QUERY"]),
    ]
}

fn version() -> impl Strategy<Value = &'static str> {
    prop_oneof![10 => Just("HTTP/1.1"), 1 => Just("HTTP/1.0")]
}

fn target() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        12 => (path(), query()).prop_map(|(path, query)| [path, query].concat()),
        1 => path().prop_map(|path| [b"http://example.com", path.as_slice()].concat()),
        1 => select(vec!["*", "/a;k=v", "//api", "http://example.com", "/?", "/api/v1?"]).prop_map(|text| text.as_bytes().to_vec()),
    ]
}

fn path() -> impl Strategy<Value = Vec<u8>> {
    // Half of them below the prefix that every configuration takes, so that enough comes through to be compared.
    let other = select(vec!["", "", "/api", "/API/v1", "/app", "/old", "/ws", "/re", "/static", "/up"]);
    let prefix = prop_oneof![Just("/api/v1"), other];
    (prefix, vec(segment(), 0..4)).prop_map(|(prefix, segments)| {
        let rest: Vec<u8> = segments.iter().flat_map(|segment| [b"/".as_slice(), segment].concat()).collect();
        let path = [prefix.as_bytes(), &rest].concat();
        if path.is_empty() { b"/".to_vec() } else { path }
    })
}

fn segment() -> impl Strategy<Value = Vec<u8>> {
    let word =
        select(vec!["api", "v1", "v1x", "items", "", ".", "..", "a;k=v", "a+b", "A~b", "x@y:z", "(1)", "42", "a.b"]);
    let escape = select(vec!["%2F", "%2f", "%20", "%C3%A9", "%c3%a9", "%E9", "%2e", "%25", "%3F", "%7C", "%41", "%5B"]);
    let odd = select(vec!["%zz", "%", "%00", "[x]", "a|b", "\"q\"", "a^b", "{x}", "caf\u{e9}", "\\", "`", "<>"]);
    prop_oneof![
        8 => word.clone().prop_map(|word| word.as_bytes().to_vec()),
        4 => (word.clone(), escape).prop_map(|(word, escape)| [word, escape].concat().into_bytes()),
        1 => (word, odd).prop_map(|(word, odd)| [word, odd].concat().into_bytes()),
    ]
}

fn query() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => Just(Vec::new()),
        2 => select(vec!["?", "?a=b", "?a=b&c=%2F", "??x", "?next=/a/b?c", "?a=%C3%A9+d", "?a;b", "?x=[1]|"])
            .prop_map(|text| text.as_bytes().to_vec()),
    ]
}

fn host() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        12 => select(vec!["example.com", "example.com", "Example.COM:8443", "127.0.0.1", "www.example.com", "h"]),
        1 => select(vec!["", "example.com.", "[::1]:80", "a_b"]),
    ]
    .prop_map(|host| format!("Host: {host}\r\n").into_bytes())
}

/// A header line: forwarding headers above all.
fn field() -> impl Strategy<Value = Vec<u8>> {
    let forwarded = prop_oneof![
        4 => (select(vec!["X-Forwarded-For", "x-forwarded-for", "X-Real-IP"]), list()),
        3 => (select(vec!["X-Forwarded-Proto", "X-Scheme"]), select(vec!["https", "http", "wss", ""]).prop_map(str::to_owned)),
        1 => (Just("X-Forwarded-Host"), select(vec!["public.example.net", "a, b"]).prop_map(str::to_owned)),
        1 => (Just("X-Forwarded-Port"), select(vec!["443", "8443"]).prop_map(str::to_owned)),
        1 => (Just("X-Forwarded-Prefix"), Just("/outer".to_owned())),
        1 => (Just("X-Forwarded-Uri"), Just("/spoof".to_owned())),
        1 => (Just("Forwarded"), Just("for=203.0.113.9;proto=https".to_owned())),
    ];
    let other = (
        select(vec![
            "Accept",
            "X_Under_Score",
            "Cookie",
            "User-Agent",
            "Via",
            "X-Mixed-CASE",
            "Accept-Encoding",
            "X-Custom",
            "Te",
        ]),
        select(vec!["*/*", "", "a=b; c=d", "1.1 proxy", "gzip", "identity", "trailers"]).prop_map(str::to_owned),
    );
    let hop = (
        Just("Connection"),
        select(vec!["keep-alive", "X-Custom", "close", "keep-alive, X-Mixed-CASE"]).prop_map(str::to_owned),
    );
    prop_oneof![6 => forwarded, 4 => other, 1 => hop]
        .prop_map(|(name, value)| format!("{name}: {value}\r\n").into_bytes())
}

/// A list of addresses as proxies write it.
fn list() -> impl Strategy<Value = String> {
    let entry = select(vec!["203.0.113.9", "127.0.0.1", "10.1.2.3", "198.51.100.7", "2001:db8::1", "unknown"]);
    (vec(entry, 1..4), select(vec![", ", ","])).prop_map(|(entries, comma)| entries.join(comma))
}

/// The framing field and the body.
fn body() -> impl Strategy<Value = (String, Vec<u8>)> {
    prop_oneof![
        8 => Just((String::new(), Vec::new())),
        2 => select(vec!["", "hello", "{\"a\": 1}"]).prop_map(|text| (format!("Content-Length: {}\r\n", text.len()), text.as_bytes().to_vec())),
        1 => Just(("Transfer-Encoding: chunked\r\n".to_owned(), b"5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n".to_vec())),
    ]
}
