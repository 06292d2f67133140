//! The lanes of written exchanges: one table per lane.

use std::net::SocketAddr;

use super::*;
use crate::asgi::framework::{App, Framework, Other};
use crate::asgi::server::Server;
use crate::asgi::{Address, ScopeType};
use crate::exchange::{Answered, Ending, Exchange, Half, Pairing, Sample, Side};
use crate::gateway::{Gateway, Listen, Proxy, parse_route};
use crate::redirect::PublicUrl;

fn setup() -> Setup {
    Setup::new(Server::named("uvicorn@0.54").unwrap())
}

fn both_taps() -> Setup {
    let tap = |kind, port| Tap {
        kind,
        listen: SocketAddr::from(([127, 0, 0, 1], port)),
        upstream: "http://127.0.0.1:1".to_owned(),
        door: None,
    };
    Setup { taps: vec![tap(TapKind::Edge, 9998), tap(TapKind::App, 8001)], ..setup() }
}

fn edge(request: &str) -> Sample {
    Sample::new(Side::Edge, request).unwrap()
}

fn app(request: &str) -> Sample {
    Sample::new(Side::App, request).unwrap()
}

/// A request line and header lines, written with `|` for the line ends.
fn request(text: &str) -> String {
    let (target, fields) = text.split_once('|').unwrap_or((text, ""));
    format!("GET {target} HTTP/1.1\n{}", fields.replace('|', "\n"))
}

fn paired(sent: &str, got: &str) -> Exchange {
    edge(&request(sent)).paired(1, app(&request(got)))
}

fn shown(original: &Original) -> String {
    original.url().to_string()
}

const TRAEFIK: &str = "X-Forwarded-For: 203.0.113.7|X-Forwarded-Host: x.com:9999|X-Forwarded-Port: 9999|\
    X-Forwarded-Proto: http|X-Forwarded-Server: box|X-Real-Ip: 203.0.113.7";

// === Lane 1 ===

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

// === Lane 2 ===

fn line<'a>(lanes: &'a Lanes, name: &str) -> Option<&'a ForwardedField> {
    lanes.forwarded.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
}

#[test]
fn what_became_of_each_forwarding_header() {
    let sent = "/p/a|Host: x.com|X-Forwarded-For: 1.1.1.1|X-Real-IP: 6.6.6.6|X-Forwarded-Foo: same|CF-Connecting-IP: 9";
    let got = format!("/a|Host: app:8000|{TRAEFIK}|X-Forwarded-Foo: same");
    let lanes = compute(&paired(sent, &got), &setup());
    let changed = |value: &[u8]| Change::Changed(value.to_vec());
    for (name, change, by) in [
        ("Host", changed(b"x.com"), Some("traefik")),
        ("X-Forwarded-For", changed(b"1.1.1.1"), Some("traefik")),
        ("X-Forwarded-Proto", Change::Added, Some("traefik")),
        ("X-Forwarded-Foo", Change::Same, None),
        ("CF-Connecting-IP", Change::Dropped(b"9".to_vec()), Some("traefik")),
        ("X-Real-Ip", changed(b"6.6.6.6"), Some("traefik")),
        ("x-forwarded-prefix", Change::Absent, None),
    ] {
        let field = line(&lanes, name).unwrap();
        assert_eq!((&field.change, field.by.as_deref()), (&change, by), "{name}");
    }
    assert_eq!(lanes.forwarded.source, Source::Seen);
    let names: Vec<_> = lanes.forwarded.fields.iter().map(|field| field.name.as_str()).take(3).collect();
    assert_eq!(names, ["Host", "X-Forwarded-For", "X-Forwarded-Proto"]);
}

#[test]
fn the_proxy_is_known_by_what_only_it_writes() {
    for (got, app_answer, edge_answer, by) in [
        (format!("/a|{TRAEFIK}"), "200 OK", "200 OK", "traefik"),
        ("/a|X-Forwarded-Server: x|X-Real-IP: y".into(), "200 OK", "200 OK", "the proxy"),
        ("/a|X-Forwarded-For: 1|Via: 1.1 Caddy".into(), "200 OK", "200 OK", "caddy"),
        ("/a|X-Forwarded-For: 1".into(), "200 OK", "200 OK|Via: 1.1 Caddy", "caddy"),
        ("/a|X-Forwarded-For: 1".into(), "200 OK|server: uvicorn", "200 OK|Server: nginx/1.22.1", "nginx"),
        ("/a|X-Forwarded-For: 1".into(), "200 OK|Server: nginx", "200 OK|Server: nginx", "the proxy"),
        ("/a|X-Forwarded-For: 1|x-envoy-expected-rq-timeout-ms: 5".into(), "200 OK", "200 OK", "envoy"),
    ] {
        let app_side = answer(app(&request(&got)), app_answer, "");
        let lanes = compute(&answer(edge(&request("/a")), edge_answer, "").paired(1, app_side), &both_taps());
        let added = lanes.forwarded.fields.iter().find(|field| field.change == Change::Added).unwrap();
        assert_eq!(added.by.as_deref(), Some(by), "{got} {edge_answer}");
    }
}

#[test]
fn what_is_missing_is_said_where_it_matters() {
    let absent = |exchange: &Exchange| {
        let lanes = compute(exchange, &setup());
        let names = lanes.forwarded.fields.into_iter().filter(|field| field.change == Change::Absent);
        names.map(|field| field.name).collect::<Vec<_>>().join(" ")
    };
    let all = "x-forwarded-for x-forwarded-proto x-forwarded-host";
    assert_eq!(absent(&paired("/a|Host: h", "/a|Host: h")), all);
    assert_eq!(absent(&paired("/p/a|Host: h", "/a|Host: h")), format!("{all} x-forwarded-prefix"));
    assert_eq!(absent(&app(&request("/a|Host: h")).alone(1)), all);
    assert_eq!(absent(&edge(&request("/a|Host: h")).alone(1)), "");
    assert_eq!(absent(&paired("/a", &format!("/a|{TRAEFIK}"))), "");
}

#[test]
fn a_flood_of_names_is_cut() {
    let flood = (0..5000).fold(String::new(), |text, n| text + "|X-Forwarded-" + &n.to_string() + ": x");
    let lanes = compute(&paired("/a", &format!("/a{flood}")), &setup());
    assert_eq!(lanes.forwarded.fields.len(), 48);
}

#[test]
fn repeated_lines_are_joined() {
    let lanes = compute(&paired("/a", "/a|X-Forwarded-Prefix: /a|x-forwarded-prefix: /b"), &setup());
    assert_eq!(line(&lanes, "x-forwarded-prefix").unwrap().value.as_deref(), Some(&b"/a, /b"[..]));
}

#[test]
fn an_edge_tap_alone_knows_no_change() {
    let lanes = compute(&edge(&request("/a|X-Forwarded-Proto: https")).alone(1), &setup());
    let field = line(&lanes, "x-forwarded-proto").unwrap();
    assert_eq!((&field.change, &field.reading), (&Change::Unknown, &Reading::Plain));
    assert_eq!((lanes.forwarded.trust, lanes.forwarded.peer), (None, None));
}

#[test]
fn the_reading_follows_the_trust_in_the_peer() {
    let got = "/a|Host: h|X-Forwarded-Proto: https|X-Forwarded-Host: h|X-Forwarded-For: 1.2.3.4|Via: x";
    for (proxy_headers, from) in [(true, [127, 0, 0, 1]), (true, [172, 18, 0, 3]), (false, [127, 0, 0, 1])] {
        let from = SocketAddr::from((from, 5000));
        let mut setup = setup();
        setup.server.set("proxy-headers", &proxy_headers.to_string()).unwrap();
        let sample = app(&request(got)).with(|half| half.upstream = Some((half.local, from)));
        let lanes = compute(&sample.alone(1), &setup);
        let trust = lanes.forwarded.trust.clone().unwrap();
        assert_eq!(trust.trusted, proxy_headers && from.ip().is_loopback());
        let reading = if trust.trusted { Reading::Believed } else { Reading::Ignored(trust.why.clone()) };
        for (name, expected) in [
            ("x-forwarded-proto", reading.clone()),
            ("x-forwarded-for", reading.clone()),
            ("x-forwarded-host", Reading::NotRead),
            ("host", Reading::Plain),
            ("via", Reading::Plain),
        ] {
            assert_eq!(line(&lanes, name).unwrap().reading, expected, "{name}");
        }
    }
}

#[test]
fn the_proxy_that_the_tap_hides_is_judged_by_itself() {
    let got = app(&request("/a|Host: h")).with(|half| half.peer = SocketAddr::from(([172, 18, 0, 3], 4000)));
    let exchange = got.clone().alone(1);
    let without = compute(&exchange, &setup()).forwarded.without_tap.unwrap();
    assert!(without.why.contains("172.18.0.3") && !without.trusted, "{}", without.why);
    let standing_in = Exchange { pairing: Pairing::StandIn, ..exchange };
    assert_eq!(compute(&standing_in, &setup()).forwarded.without_tap, None);
    assert_eq!(compute(&app(&request("/a")).alone(1), &setup()).forwarded.without_tap, None);
}

#[test]
fn a_clouds_balancer_is_named_for_what_it_wrote() {
    let by = |exchange: &Exchange, setup: &Setup| {
        let lanes = compute(exchange, setup);
        let named = lanes.forwarded.fields.into_iter().filter_map(|field| Some((field.name, field.by?)));
        named.map(|(name, by)| format!("{name}: {by}")).collect::<Vec<_>>().join(", ")
    };
    let alb = "/a|Host: x.com|X-Forwarded-For: 203.0.113.7|X-Forwarded-Proto: https|X-Forwarded-Port: 443|X-Amzn-Trace-Id: Root=1";
    let names =
        "X-Forwarded-For: aws-alb, X-Forwarded-Proto: aws-alb, X-Forwarded-Port: aws-alb, X-Amzn-Trace-Id: aws-alb";
    assert_eq!(by(&app(&request(alb)).alone(1), &setup()), names);
    assert_eq!(by(&paired(alb, alb), &both_taps()), names, "the proxy let them pass");
    let proxied = alb.replace("203.0.113.7", "203.0.113.7, 10.0.0.1");
    assert!(
        by(&paired(alb, &proxied), &both_taps()).starts_with("X-Forwarded-For: the proxy, X-Forwarded-Proto: aws-alb")
    );
    assert_eq!(by(&app(&request("/a|Host: x.com|X-Forwarded-For: 203.0.113.7")).alone(1), &setup()), "");
}

// === Lane 3 ===

#[test]
fn the_rule_is_read_off_what_the_proxy_says() {
    for (sent, got, rewrite, rule) in [
        ("/p/a", "/a", Rewrite::Stripped("/p".into()), None),
        (
            "/p/a",
            "/a|X-Forwarded-Prefix: /p",
            Rewrite::Stripped("/p".into()),
            Some("stripPrefix (X-Forwarded-Prefix says /p)"),
        ),
        (
            "/p",
            "/|X-Forwarded-Prefix: /p",
            Rewrite::Stripped("/p".into()),
            Some("stripPrefix (X-Forwarded-Prefix says /p)"),
        ),
        ("/p/a", "/p/a|X-Forwarded-Prefix: /p", Rewrite::Kept, None),
        ("/p/a|X-Forwarded-Prefix: /p", "/a|X-Forwarded-Prefix: /p", Rewrite::Stripped("/p".into()), None),
        ("/old", "/new|X-Replaced-Path: /old", Rewrite::Replaced, Some("replacePath (X-Replaced-Path says /old)")),
    ] {
        let lane = compute(&paired(sent, got), &setup()).rewritten;
        assert_eq!((lane.source, &lane.rewrite, lane.rule.as_deref()), (Source::Seen, &rewrite, rule), "{sent} {got}");
    }
}

#[test]
fn the_rule_of_the_stand_in_is_its_command_line() {
    for (routes, sent, got, rule) in [
        (&["/p=http://a:1,strip"][..], "/p/a", "/a", "--prefix /p --strip"),
        (&["/p=http://a:1,keep,forward-prefix"], "/p/a", "/p/a", "--prefix /p --keep --forward-prefix"),
        (&["/=http://a:1"], "/a", "/a", "--to http://a:1"),
        (&["/=http://a:1", "/p=http://b:1,strip"], "/p/a", "/a", "--route /p=http://b:1,strip"),
    ] {
        let routes = routes.iter().map(|route| parse_route(route).unwrap()).collect();
        let setup = Setup { gateway: Some(Gateway::of_routes(routes, None)), ..setup() };
        let exchange = Exchange { pairing: Pairing::StandIn, ..paired(sent, got) };
        let lanes = compute(&exchange, &setup);
        assert_eq!(lanes.rewritten.rule.as_deref(), Some(rule));
        let prefix = if rule.starts_with("--to") { "" } else { "/p" };
        assert_eq!(lanes.original.prefix, prefix);
    }
}

fn routed(routes: &[&str]) -> Gateway {
    Gateway::of_routes(routes.iter().map(|route| parse_route(route).unwrap()).collect(), None)
}

#[test]
fn the_rule_of_a_proxy_between_taps_is_its_configurations() {
    let door = Listen { address: String::new(), port: 80, tls: false, place: None };
    let setup = |door| {
        let mut setup = Setup { gateway: Some(routed(&["/p=http://a:1,strip"])), ..both_taps() };
        setup.taps[0].door = door;
        setup
    };
    let rule = |setup: &Setup, got| compute(&paired("/p/a", got), setup).rewritten.rule;
    assert_eq!(rule(&setup(Some(door.clone())), "/a").as_deref(), Some("--prefix /p --strip"));
    let other = "--prefix /p --strip: says /a, seen /p/a; is another configuration loaded?";
    assert_eq!(rule(&setup(Some(door)), "/p/a").as_deref(), Some(other));
    assert_eq!(rule(&setup(None), "/a"), None, "which of its listeners took it is not known");
}

#[test]
fn an_exchange_keeps_the_proxy_of_its_time() {
    let mut setup = Setup { gateway: Some(routed(&["/p=http://a:1,strip"])), ..setup() };
    let at = |started| Exchange {
        pairing: Pairing::StandIn,
        ..edge(&request("/p/a")).with(|half| half.times.started = started).paired(1, app(&request("/a")))
    };
    setup.route_otherwise(100, routed(&["/p=http://b:2,strip", "/q=http://b:2"]));
    assert_eq!(compute(&at(99), &setup).rewritten.rule.as_deref(), Some("--prefix /p --strip"));
    assert_eq!(compute(&at(100), &setup).rewritten.rule.as_deref(), Some("--route /p=http://b:2,strip"));
    assert_eq!(setup.prefixes, ["/p", "/q"], "the new one's are known as well");
}

#[test]
fn what_one_side_alone_tells() {
    let lane = |exchange: Exchange, setup: &Setup| {
        let lane = compute(&exchange, setup).rewritten;
        (lane.source, lane.rewrite, lane.incoming.map(|path| String::from_utf8(path).unwrap()))
    };
    let sent = || edge(&request("/p/a"));
    let incoming = || Some("/p/a".to_owned());
    assert_eq!(lane(sent().alone(1), &setup()), (Source::Unknown, Rewrite::Unknown, incoming()));
    assert_eq!(lane(sent().alone(1), &both_taps()), (Source::Seen, Rewrite::NeverReached, incoming()));
    let open = sent().with(|half| half.ending = Ending::Open).alone(1);
    assert_eq!(lane(open, &both_taps()), (Source::Unknown, Rewrite::Unknown, incoming()));
    let refused = Exchange { pairing: Pairing::StandIn, ..sent().with(|half| half.ending = Ending::NoRoute).alone(1) };
    assert_eq!(lane(refused.clone(), &setup()), (Source::Seen, Rewrite::NeverReached, incoming()));
    for (route, rule) in [("/q=http://a:1", "no router takes it"), ("/p=http://a:1", "--prefix /p --keep")] {
        let gateway = Gateway::of_routes(vec![parse_route(route).unwrap()], None);
        let lane = compute(&refused, &Setup { gateway: Some(gateway), ..setup() }).rewritten;
        assert_eq!(lane.rule.as_deref(), Some(rule));
    }
    let told = app(&request("/a|X-Forwarded-Prefix: /p")).alone(1);
    assert_eq!(lane(told, &setup()), (Source::Derived, Rewrite::Stripped("/p".into()), incoming()));
    let untold = app(&request("/a")).alone(1);
    assert_eq!(lane(untold, &setup()), (Source::Unknown, Rewrite::Unknown, None));
}

// === Lane 4 ===

#[test]
fn the_scope_is_what_the_server_makes_of_what_it_got() {
    for (root_path, got, path, route_path, scheme) in [
        ("", "/a|Host: h|X-Forwarded-Proto: https", "/a", "/a", "https"),
        ("/p", "/a%2Fb|Host: h", "/p/a/b", "/a/b", "http"),
        ("/p", "/p/a|Host: h", "/p/p/a", "/p/a", "http"),
        (
            "",
            "/ws|Host: h|Connection: keep-alive, Upgrade|Upgrade: websocket|Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==|Sec-WebSocket-Version: 13|X-Forwarded-Proto: wss",
            "/ws",
            "/ws",
            "wss",
        ),
    ] {
        let mut setup = setup();
        setup.server.root_path = root_path.to_owned();
        let lane = compute(&paired("/p/a|Host: h", got), &setup).scope;
        let scope = lane.outcome.as_ref().and_then(|outcome| outcome.scope()).unwrap();
        assert_eq!((scope.path.as_str(), scope.scheme()), (path, scheme), "{got}");
        assert_eq!(lane.view.unwrap().route_path, route_path, "{got}");
        assert_eq!((lane.source, lane.server.as_str()), (Source::Derived, "uvicorn 0.54.0"));
        assert_eq!(scope.kind == ScopeType::WebSocket, path == "/ws");
    }
}

#[test]
fn the_server_sees_the_tap_and_the_app_sees_the_last_prefix() {
    let app_setup = App { prefix_header: true, ..App::default() };
    let setup = Setup { app: app_setup, ..setup() };
    let got = "/p/a|Host: h|X-Forwarded-Prefix: /spoof|X-Forwarded-Prefix: /p";
    let from = SocketAddr::from(([127, 0, 0, 2], 7));
    let sample = app(&request(got)).with(|half| half.upstream = Some((SocketAddr::from(([127, 0, 0, 1], 8000)), from)));
    let view = compute(&sample.alone(1), &setup).scope.view.unwrap();
    assert_eq!((view.scope.root_path.as_str(), view.route_path.as_str()), ("/p", "/a"));
    let address = |host, port: u16| Some(Address::new(host, port));
    assert_eq!((view.scope.client, view.scope.server), (address("127.0.0.2", 7), address("127.0.0.1", 8000)));
}

#[test]
fn what_did_not_reach_the_server_has_no_scope() {
    let unreached = app(&request("/a")).with(|half| half.upstream = None).alone(1);
    for exchange in [edge(&request("/a")).alone(1), unreached] {
        let lane = compute(&exchange, &setup()).scope;
        assert_eq!((lane.source, lane.outcome, lane.view), (Source::Unknown, None, None));
    }
}

// === The answer ===

/// A response written as `status line|fields`, and its body.
fn answer(sample: Sample, response: &str, body: &str) -> Sample {
    sample.response(&format!("HTTP/1.1 {}", response.replace('|', "\n")), body.as_bytes()).unwrap()
}

const JSON: &str = "404 Not Found|server: uvicorn|content-type: application/json";
const DETAIL: &str = r#"{"detail":"Not Found"}"#;
const HTML_NGINX: &str = "<html><body><center><h1>404 Not Found</h1></center><hr><center>nginx/1.22.1</center>";
const WS: &str = "/ws|Connection: Upgrade|Upgrade: websocket";

#[test]
fn the_author_of_an_answer_seen_behind_the_proxy() {
    for (got, response, body, by) in [
        ("/a", JSON, DETAIL, Author::App("fastapi")),
        ("/a", "404 Not Found|content-type: text/plain; charset=utf-8", "Not Found", Author::App("starlette")),
        ("/a", "200 OK|server: uvicorn", "hello", Author::App("app")),
        ("/a", "400 Bad Request", "Invalid HTTP request received.", Author::Server("uvicorn".into())),
        (WS, "403 Forbidden|content-length: 0", "", Author::Server("uvicorn".into())),
        ("/a", "403 Forbidden|content-length: 0", "", Author::App("app")),
        (WS, "403 Forbidden|content-type: application/json", DETAIL, Author::App("fastapi")),
        ("/a", "404 Not Found|Server: nginx", HTML_NGINX, Author::Proxy("nginx")),
    ] {
        let behind = answer(app(&request(got)), response, body);
        assert_eq!(compute(&behind.clone().alone(1), &setup()).answer.by, by, "{response}");
        let before = answer(edge(&request(got)), &response.replace("uvicorn", "nginx"), body);
        assert_eq!(compute(&before.paired(1, behind), &both_taps()).answer.by, by, "{response}");
    }
}

#[test]
fn the_author_of_an_answer_seen_before_the_proxy() {
    for (response, body, alone, never_reached) in [
        (JSON, DETAIL, Author::App("fastapi"), Author::App("fastapi")),
        ("200 OK|server: uvicorn", "", Author::App("app"), Author::App("app")),
        (
            "404 Not Found|Content-Type: text/plain",
            "404 page not found\n",
            Author::Proxy("traefik"),
            Author::Proxy("traefik"),
        ),
        ("404 Not Found|Server: nginx/1.22.1", HTML_NGINX, Author::Proxy("nginx"), Author::Proxy("nginx")),
        ("301 Moved|Server: nginx/1.22.1", "", Author::Unknown, Author::Proxy("nginx")),
        ("200 OK|Server: Caddy", "", Author::Proxy("caddy"), Author::Proxy("caddy")),
        (
            "503 Service Unavailable",
            "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n",
            Author::Proxy("haproxy"),
            Author::Proxy("haproxy"),
        ),
        (
            "404 Not Found",
            r#"{"message":"no Route matched with those values"}"#,
            Author::Proxy("kong"),
            Author::Proxy("kong"),
        ),
        ("200 OK", "404 page not found", Author::Unknown, Author::Proxy("proxy")),
    ] {
        let exchange = answer(edge(&request("/a")), response, body).alone(1);
        assert_eq!(compute(&exchange, &setup()).answer.by, alone, "{response}");
        assert_eq!(compute(&exchange, &both_taps()).answer.by, never_reached, "{response}");
    }
}

#[test]
fn an_error_page_of_the_proxy_replaces_the_apps_answer() {
    let app_side = answer(app(&request("/a|Host: h")), "500 Internal Server Error|server: uvicorn", "oops");
    let edge_side = answer(edge(&request("/a|Host: h")), "502 Bad Gateway|Server: nginx", "<html>");
    let lanes = compute(&edge_side.paired(1, app_side), &both_taps());
    assert_eq!((lanes.answer.status, lanes.answer.app_status), (Some(502), Some(500)));
    assert_eq!(lanes.answer.by, Author::Proxy("nginx"));
    assert_eq!(line(&lanes, "x-forwarded-for").map(|field| &field.change), Some(&Change::Absent));
}

#[test]
fn answers_that_hopscope_or_nobody_wrote() {
    let by = |change: fn(&mut Half)| compute(&edge(&request("/a")).with(change).alone(1), &setup()).answer.by;
    assert_eq!(by(|half| half.answered = Answered::Hopscope), Author::Hopscope);
    assert_eq!(by(|_| ()), Author::Nobody);
    assert_eq!(by(|half| half.ending = Ending::Open), Author::Unknown);
    // By a configuration hopscope answers as the proxy does; what keeps it from that is its own.
    let mut gateway = routed(&["/p=http://a:1"]);
    gateway.proxy = Proxy::Nginx;
    let nginx = Setup { gateway: Some(gateway), ..setup() };
    let by_nginx = |ending: Ending| {
        let half = edge(&request("/a")).with(|half| (half.answered, half.ending) = (Answered::Hopscope, ending));
        compute(&half.alone(1), &nginx).answer.by
    };
    assert_eq!(by_nginx(Ending::Complete), Author::Proxy("nginx"));
    assert_eq!(by_nginx(Ending::Refused("not known".to_owned())), Author::Hopscope);
    let bad_gateway = |sample| answer(sample, "502 Bad Gateway", "no upstream");
    let app_side = bad_gateway(app(&request("/a"))).with(|half| half.answered = Answered::Hopscope);
    let exchange = bad_gateway(edge(&request("/a"))).paired(1, app_side);
    assert_eq!(compute(&exchange, &both_taps()).answer.by, Author::Hopscope);
}

#[test]
fn both_locations_are_kept_apart() {
    let app_side = answer(app(&request("/a")), "307 Temporary Redirect|location: http://h/a/", "");
    let edge_side = answer(edge(&request("/p/a")), "307 Temporary Redirect|Location: /p/a/|Content-Type: x", "");
    let answer = compute(&edge_side.paired(1, app_side), &both_taps()).answer;
    assert_eq!(answer.location.as_deref(), Some(&b"/p/a/"[..]));
    assert_eq!(answer.location_at_app.as_deref(), Some(&b"http://h/a/"[..]));
    assert_eq!(answer.content_type.as_deref(), Some("x"));
}

#[test]
fn an_exchange_without_halves_is_unknown_throughout() {
    let exchange = Exchange { edge: None, ..edge(&request("/a")).alone(1) };
    let lanes = compute(&exchange, &both_taps());
    assert_eq!((lanes.original.source, lanes.answer.by), (Source::Unknown, Author::Unknown));
}

#[test]
fn another_framework_has_its_own_path_and_no_view_of_starlettes() {
    let app = App { framework: Framework::other(Other::Django, None), ..App::default() };
    let mut setup = Setup { app, ..setup() };
    "/p".clone_into(&mut setup.server.root_path);
    let lane = compute(&paired("/p/a|Host: h", "/a|Host: h"), &setup).scope;
    let (name, routed) = lane.other.unwrap();
    assert_eq!((name, routed.path.as_deref(), routed.script_name.as_str()), ("django", Some("/a"), "/p"));
    assert_eq!((lane.view, lane.source), (None, Source::Derived));
}

#[test]
fn whom_a_release_that_is_not_modelled_believes_is_not_said() {
    let setup = Setup { server: Server::named("uvicorn@0.5").unwrap(), ..setup() };
    let lanes = compute(&paired("/p/a|Host: h", "/a|Host: h|X-Forwarded-Proto: https"), &setup);
    assert_eq!((lanes.forwarded.trust, lanes.forwarded.without_tap), (None, None));
    assert_eq!(lanes.scope.source, Source::Unknown);
}
