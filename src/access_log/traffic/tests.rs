//! Lines in, what they come to out.

use rstest::rstest;

use super::*;
use crate::access_log::Escape;
use crate::access_log::format::{Clock, Format};

const TIMED: &[u8] = br#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" rt=$request_time urt="$upstream_response_time" ua="$upstream_addr" us="$upstream_status""#;

/// `SECOND CLIENT METHOD PATH STATUS`, and behind it what is not as usual: `bytes=`, `ref=`, `agent=`, and the upstream's
/// `ua=`, `us=`, `urt=` with `_` for a space.
fn line(short: &str) -> String {
    let mut parts = short.split_whitespace();
    let mut next = || parts.next().unwrap();
    let (second, client, method, path, status) = (next(), next(), next(), next(), next());
    let more: Vec<(&str, String)> =
        parts.map(|more| more.split_once('=').unwrap()).map(|(name, value)| (name, value.replace('_', " "))).collect();
    let of = |name, usual: &str| {
        more.iter().find(|(key, _)| *key == name).map_or(usual.to_owned(), |(_, value)| value.clone())
    };
    let second: u32 = second.parse().unwrap();
    format!(
        r#"{client} - - [25/May/2026:10:{:02}:{:02} +0000] "{method} {path} HTTP/1.1" {status} {} "{}" "{}" rt=0.040 urt="{}" ua="{}" us="{}""#,
        second / 60,
        second % 60,
        of("bytes", "100"),
        of("ref", "-"),
        of("agent", "Mozilla/5.0"),
        of("urt", "-"),
        of("ua", "-"),
        of("us", "-"),
    )
}

fn traffic_of<'a>(lines: impl IntoIterator<Item = &'a str>) -> Traffic {
    let format = Format::compile(TIMED, Escape::Default).unwrap();
    let (mut traffic, mut clock) = (Traffic::default(), Clock::default());
    for raw in lines {
        let raw = if raw.contains('[') { raw.to_owned() } else { line(raw) };
        traffic.absorb(&format.read(raw.as_bytes(), &mut clock).unwrap(), raw.as_bytes());
    }
    traffic
}

fn redirect(traffic: &Traffic) -> Sign<'_, Redirect> {
    traffic.redirects().next().unwrap()
}

#[test]
fn lines_come_to_totals_tops_and_series() {
    let traffic = traffic_of([
        "0 10.0.0.1 GET /items/1?q=2 200 bytes=10 ref=https://a/?x",
        "1 10.0.0.1 GET /items/2 404 bytes=20 ref=https://a/?y",
        "61 2001:db8::1 POST /items/1 500 bytes=30",
        "62 2001:db8::2 GET / 304 bytes=0 agent=curl/8",
    ]);
    assert_eq!((traffic.lines(), traffic.bytes(), traffic.clients()), (4, 60, 2));
    assert_eq!((traffic.classes(), traffic.status(404)), ([0, 0, 1, 1, 1, 1], 1));
    let top = |by, order| {
        let rows = traffic.top(by, order, 2);
        rows.iter().map(|row| format!("{} {}", String::from_utf8_lossy(&row.key), row.count)).collect::<Vec<_>>()
    };
    assert_eq!(top(By::Path, Order::Count), ["/items/1 2", "/ 1"]);
    assert_eq!(top(By::Route, Order::Count), ["/items/{id} 3", "/ 1"]);
    assert_eq!(top(By::Path, Order::Bytes), ["/items/1 2", "/items/2 1"]);
    assert_eq!(top(By::Route, Order::Errors), ["/items/{id} 3", "/ 1"]);
    assert_eq!(top(By::Client, Order::Count), ["10.0.0.1 2", "2001:db8::/64 2"]);
    assert_eq!(top(By::Method, Order::Count), ["GET 3", "POST 1"]);
    assert_eq!(top(By::Referer, Order::Count), ["https://a/ 2"]);
    assert_eq!(top(By::AgentClass, Order::Count), ["browser 3", "tool or library 1"]);
    assert_eq!(top(By::Status, Order::Errors), ["404 1", "500 1"]);
    let (from, until) = traffic.span().unwrap();
    let minutes = traffic.series(from, until + 1, 60_000);
    assert_eq!(minutes.iter().map(|bucket| bucket.bytes).collect::<Vec<_>>(), [30, 30]);
    assert_eq!(traffic.top(By::Route, Order::Time, 1)[0].times.unwrap().p50 / 1000, 40);
    assert_eq!(traffic.visitor(b"2001:db8::/64").unwrap().count, 2);
}

#[test]
fn faults_tell_who_answered_and_when_it_was_worst() {
    let traffic = traffic_of([
        "0 10.0.0.1 GET /a/1 502 us=502 ua=b:1",
        "70 10.0.0.2 GET /a/2 502",
        "80 10.0.0.2 GET /a/2 502 us=502,_502 ua=b:1,_b:2",
        "81 10.0.0.2 GET /.env 404",
    ]);
    assert!(traffic.tells_upstream());
    let fault = traffic.fault(b"/a/{id}", 502).unwrap();
    assert_eq!((fault.count, fault.facts.by_app, fault.facts.clients.about()), (3, 2, 2));
    assert_eq!(fault.facts.worst.map(|(_, count)| count), Some(2));
    assert_eq!(fault.facts.paths.iter().collect::<Vec<_>>(), [&b"/a/1"[..], b"/a/2"]);
    assert!(fault.facts.lines.iter().all(|line| line.starts_with(b"10.0.0.")));
    assert_eq!(traffic.faults().count(), 1, "what scanners seek is no fault of a route");
}

#[rstest]
#[case::slash(&["0 1.1.1.1 GET /x 307", "0 1.1.1.1 GET /x/ 200"], (1, 0, 0, 0))]
#[case::slash_taken_off(&["0 1.1.1.1 GET /x/ 301", "1 1.1.1.1 GET /x 404"], (1, 0, 0, 0))]
#[case::slash_of_another_client(&["0 1.1.1.1 GET /x 307", "0 2.2.2.2 GET /x/ 200"], (0, 0, 0, 0))]
#[case::slash_much_later(&["0 1.1.1.1 GET /x 307", "9 1.1.1.1 GET /x/ 200"], (0, 0, 0, 0))]
#[case::same_path_then_well(&["0 1.1.1.1 GET /x 301", "1 1.1.1.1 GET /x 200"], (0, 1, 0, 0))]
#[case::body_lost(&["0 1.1.1.1 POST /x 301", "1 1.1.1.1 GET /x/ 200"], (1, 0, 0, 1))]
#[case::body_kept(&["0 1.1.1.1 POST /x 307", "1 1.1.1.1 POST /x/ 200"], (1, 0, 0, 0))]
#[case::loops(&["0 1.1.1.1 GET /x 302", "0 1.1.1.1 GET /x 302", "1 1.1.1.1 GET /x 302", "1 1.1.1.1 GET /x 302"], (0, 0, 4, 0))]
#[case::twice_is_no_loop(&["0 1.1.1.1 GET /x 302", "0 1.1.1.1 GET /x 302"], (0, 0, 0, 0))]
#[case::slow_is_no_loop(&["0 1.1.1.1 GET /x 302", "5 1.1.1.1 GET /x 302", "10 1.1.1.1 GET /x 302"], (0, 0, 0, 0))]
#[case::what_ends_well_is_no_loop(
    &["0 1.1.1.1 GET /x 302", "0 1.1.1.1 GET /y 200", "0 1.1.1.1 GET /x 302", "0 1.1.1.1 GET /y 200", "1 1.1.1.1 GET /x 302"],
    (0, 0, 0, 0)
)]
#[case::a_monitor_does_not_follow(
    &["0 1.1.1.1 GET /x 302 agent=kube-probe/1", "1 1.1.1.1 GET /x 302 agent=kube-probe/1", "2 1.1.1.1 GET /x 302 agent=kube-probe/1"],
    (0, 0, 0, 0)
)]
fn redirects_are_judged_by_what_follows(#[case] lines: &[&str], #[case] expected: (u64, u64, u64, u64)) {
    let traffic = traffic_of(lines.iter().copied());
    let facts = redirect(&traffic).facts;
    assert_eq!((facts.slash, facts.again, facts.looped, facts.method_lost), expected);
}

#[test]
fn a_circle_of_two_is_a_loop_and_a_growing_target_is_seen() {
    let traffic = traffic_of([
        "0 1.1.1.1 GET /login?next=/ 302",
        "0 1.1.1.1 GET /accounts/login?next=/login 302",
        "0 1.1.1.1 GET /login?next=/accounts/login 302",
        "0 1.1.1.1 GET /accounts/login?next=/login?next=/accounts/login 302",
    ]);
    let looped: Vec<_> = traffic.redirects().map(|sign| (sign.facts.looped, sign.facts.growing)).collect();
    assert_eq!(looped, [(0, 0), (3, 1)]);
}

#[test]
fn what_got_through_is_a_sought_path_with_a_body() {
    let traffic = traffic_of([
        "0 6.6.6.6 GET /.env 200 bytes=92",
        "1 6.6.6.6 GET /.git/config 404",
        "2 6.6.6.6 GET /wp-login.php 301",
        "3 6.6.6.6 GET /backup.sql 200 bytes=0",
        "4 6.6.6.6 GET /unheard-of 200",
        "5 1.1.1.1 GET /items 200",
        "6 6.6.6.6 GET /items 200",
    ]);
    let through: Vec<_> = traffic.through().map(|sign| (sign.key, sign.facts.sought, sign.facts.sizes)).collect();
    let expected = [(&b"/.env"[..], Some(Sought::Environment), (92, 92)), (b"/unheard-of", None, (100, 100))];
    assert_eq!(through, expected);
    let scans = |address: &[u8]| traffic.visitor(address).unwrap().scans();
    assert!(scans(b"6.6.6.6") && !scans(b"1.1.1.1"));
    assert_eq!(traffic.visitor(b"6.6.6.6").unwrap().facts.missing.about(), 1);
}

#[test]
fn prefixes_are_learned_from_what_answers() {
    let traffic = traffic_of([
        "0 1.1.1.1 GET /api/v1/items/7 200",
        "1 1.1.1.1 GET /items/8 404",
        "2 1.1.1.1 GET /api/v1/api/v1/items/7 404",
        // A route that answers at other times has no prefix missing, and nobody misses one of the files of the root.
        "3 1.1.1.1 GET /api/v1/users 200",
        "4 1.1.1.1 GET /users 200",
        "5 1.1.1.1 GET /users 404",
        "6 1.1.1.1 GET /static/favicon.ico 200",
        "7 1.1.1.1 GET /favicon.ico 404",
        // A word that comes twice in a route that answers.
        "8 1.1.1.1 GET /docs/docs/intro 200",
        // Of a scanner's 404s nothing is concluded.
        "9 6.6.6.6 GET /admin/panel 200 agent=Nuclei",
        "9 6.6.6.6 GET /panel 404 agent=Nuclei",
    ]);
    let prefixes: Vec<_> =
        traffic.prefixes().iter().map(|prefix| (prefix.fault, prefix.prefix, prefix.lines)).collect();
    assert_eq!(prefixes, [(PrefixFault::Missing, &b"/api/v1"[..], 1), (PrefixFault::Doubled, b"/api/v1", 1)]);
    let [missing, doubled] = &traffic.prefixes()[..] else { panic!("two prefixes") };
    assert_eq!(
        (missing.routes[0].route, missing.routes[0].right),
        (&b"/items/{id}"[..], Some(&b"/api/v1/items/{id}"[..]))
    );
    assert_eq!((doubled.routes[0].answered, doubled.routes[0].fault.referred), (1, 0));
}

#[test]
fn a_retry_is_hidden_by_a_success_and_an_internal_redirect_is_none() {
    let traffic = traffic_of([
        "0 1.1.1.1 GET /a 200 ua=b:1,_b:2 us=502,_200 urt=0.001,_0.030",
        "1 1.1.1.1 GET /a 200 ua=b:1_:_c:1 us=200_:_200 urt=0.001_:_0.002",
        "2 1.1.1.1 GET /a 504 ua=b:1,_b:2 us=504,_504 urt=60.000,_60.000",
    ]);
    let upstream = traffic.upstreams().find(|sign| sign.key == b"b:1").unwrap();
    assert_eq!((upstream.count, upstream.facts.passed_on, upstream.facts.hidden), (3, 2, 1));
    assert_eq!(traffic.route(b"/a").unwrap().facts.hidden_retries, 1);
    assert_eq!(traffic.upstream_times().unwrap().max, 120_000_000);
}

#[test]
fn garbage_has_kinds() {
    let raw = |request: &str| line("0 1.1.1.1 GET / 400").replace("GET / HTTP/1.1", request);
    for (request, kind) in [
        ("", Some(GarbageKind::Empty)),
        (r"\x16\x03\x01\x02\x00 \x01", Some(GarbageKind::Tls)),
        ("CONNECT a:443 HTTP/1.1", Some(GarbageKind::Proxy)),
        ("GET http://a/b HTTP/1.1", Some(GarbageKind::Proxy)),
        ("PRI * HTTP/2.0", Some(GarbageKind::Http2)),
        ("GET /ok", Some(GarbageKind::Unversioned)),
        ("SSH-2.0-Go", Some(GarbageKind::Other)),
        ("t3 12.1.2", Some(GarbageKind::Other)),
        ("OPTIONS * HTTP/1.1", None),
        ("GET /a b HTTP/1.1", None),
    ] {
        let traffic = traffic_of([raw(request).as_str()]);
        assert_eq!(traffic.garbage().next().map(|garbage| garbage.kind), kind, "{request}");
    }
}

#[test]
fn evidence_is_bounded() {
    let long = format!("0 1.1.1.1 GET /{} 404", "a".repeat(9000));
    let traffic = traffic_of(std::iter::repeat_n(long.as_str(), 9));
    let fault = traffic.faults().next().unwrap();
    assert_eq!(fault.facts.lines.iter().map(<[u8]>::len).collect::<Vec<_>>(), [2048; 4]);
    assert_eq!(traffic.top(By::Path, Order::Count, 1)[0].key.len(), 256);
}
