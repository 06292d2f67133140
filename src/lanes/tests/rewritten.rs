//! What the app's server was asked for, and by which rule.

use super::*;
use crate::exchange::{Ending, Pairing};
use crate::gateway::Listen;

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
