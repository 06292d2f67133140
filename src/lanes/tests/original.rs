//! What the client asked for, and how that is known.

use super::*;
use crate::redirect::PublicUrl;

fn shown(original: &Original) -> String {
    original.url().to_string()
}

#[test]
fn the_original_is_seen_at_the_edge() {
    for (sent, url) in [
        ("/a%2Fb?x|Host: X.com:9998", "http://x.com:9998/a%2Fb?x"),
        ("/a|Host: x.com|X-Forwarded-Proto: https", "http://x.com/a"),
        ("http://y.com:1/a|Host: x.com", "http://y.com:1/a"),
        ("http://y.com|Host: x.com", "http://y.com/"),
        ("/|Host: [::1]:80", "http://[::1]:80/"),
    ] {
        let lanes = compute(&edge(&request(sent)).alone(1), &setup());
        assert_eq!((shown(&lanes.original).as_str(), lanes.original.source), (url, Source::Seen), "{sent}");
    }
}

#[test]
fn the_original_is_derived_behind_a_proxy() {
    for (got, url) in [
        ("/a|Host: h:8001", "http://h:8001/a"),
        ("/a|Host: h|X-Forwarded-Proto: https", "https://h/a"),
        ("/a|Host: h|X-Forwarded-Proto: wss, http", "https://h/a"),
        ("/a|Host: h|X-Forwarded-Proto: HTTP/1.1", "http://h/a"),
        ("/a|Host: app:8000|X-Forwarded-Host: x.com:9999, inner", "http://x.com:9999/a"),
        ("/a|Host: x.com|X-Forwarded-Port: 9999", "http://x.com:9999/a"),
        ("/a|Host: x.com|X-Forwarded-Port: 80|X-Forwarded-Proto: https", "https://x.com/a"),
        ("/items?q|Host: x.com|X-Forwarded-Prefix: /api/v1/", "http://x.com/api/v1/items?q"),
        ("/api/v1/items|Host: x.com|X-Forwarded-Prefix: /api/v1", "http://x.com/api/v1/items"),
        ("/api/v10|Host: x.com|X-Forwarded-Prefix: /api/v1", "http://x.com/api/v1/api/v10"),
        ("/items|Host: x.com|X-Forwarded-Prefix: /spoof|X-Forwarded-Prefix: /p", "http://x.com/p/items"),
        ("/items|Host: x.com|X-Forwarded-Prefix: junk", "http://x.com/items"),
        ("/new?q|Host: x.com|X-Replaced-Path: /old", "http://x.com/old?q"),
        ("/new?q|Host: x.com|X-Original-URI: /old?p", "http://x.com/old?p"),
        ("/a|Host: app|Forwarded: for=1.2.3.4;Proto=https;host=\"x.com:8443\", for=5", "https://x.com:8443/a"),
        ("/a|Host: app|Forwarded: for=\"a,b;host=no\";host=x.com", "http://x.com/a"),
    ] {
        let lanes = compute(&app(&request(got)).alone(1), &setup());
        assert_eq!((shown(&lanes.original).as_str(), lanes.original.source), (url, Source::Derived), "{got}");
    }
}

#[test]
fn the_public_url_lends_its_scheme_to_its_own_host() {
    let setup = Setup { public: PublicUrl::parse("https://x.com/api").ok(), ..setup() };
    for (got, url) in [
        ("/a|Host: X.com", "https://x.com/a"),
        ("/a|Host: other", "http://other/a"),
        ("/a|Host: x.com|X-Forwarded-Proto: http", "http://x.com/a"),
    ] {
        assert_eq!(shown(&compute(&app(&request(got)).alone(1), &setup).original), url, "{got}");
    }
}

#[test]
fn the_client_behind_a_proxy_is_what_the_headers_say() {
    for (got, peer) in [
        ("/|X-Forwarded-For: 203.0.113.7, 10.0.0.1", Some("203.0.113.7:0")),
        ("/|X-Forwarded-For: 203.0.113.7:5", Some("203.0.113.7:5")),
        ("/|X-Forwarded-For: 2001:db8::1", Some("[2001:db8::1]:0")),
        ("/|Forwarded: for=\"[2001:db8::1]:7\"", Some("[2001:db8::1]:7")),
        ("/|X-Forwarded-For: unknown", None),
        ("/|Host: h", Some("127.0.0.1:50002")),
        ("/|X-Forwarded-Host: h", None),
    ] {
        let lanes = compute(&app(&request(got)).alone(1), &setup());
        assert_eq!(lanes.original.peer.map(|peer| peer.to_string()).as_deref(), peer, "{got}");
    }
}

#[test]
fn the_prefix_is_the_longest_known_one_at_a_segment_border() {
    let known = |prefixes: &[&str]| Setup { prefixes: prefixes.iter().map(|&p| p.to_owned()).collect(), ..setup() };
    for (exchange, setup, prefix) in [
        (edge(&request("/api/v1/items")).alone(1), known(&["/api", "/api/v1", "/api/v1/it"]), "/api/v1"),
        (edge(&request("/api/v1")).alone(1), known(&["/api/v1"]), "/api/v1"),
        (edge(&request("/api/v10")).alone(1), known(&["/api/v1"]), ""),
        (paired("/p/items", "/items"), setup(), "/p"),
        (paired("/p/items", "/p/items|X-Forwarded-Prefix: /p"), setup(), "/p"),
        (app(&request("/items|X-Forwarded-Prefix: /p")).alone(1), setup(), "/p"),
        (paired("/items", "/items"), setup(), ""),
    ] {
        assert_eq!(compute(&exchange, &setup).original.prefix, prefix, "{exchange:?}");
    }
}
