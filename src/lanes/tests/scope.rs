//! What the app sees.

use super::*;
use crate::asgi::framework::{App, Framework, Other};
use crate::asgi::{Address, ScopeType};

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
