//! What became of the forwarding headers, and who believes them.

use super::*;
use crate::exchange::Pairing;

const TRAEFIK: &str = "X-Forwarded-For: 203.0.113.7|X-Forwarded-Host: x.com:9999|X-Forwarded-Port: 9999|\
    X-Forwarded-Proto: http|X-Forwarded-Server: box|X-Real-Ip: 203.0.113.7";

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
