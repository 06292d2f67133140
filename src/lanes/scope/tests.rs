use bytes::Bytes;

use super::*;
use crate::asgi::framework::RouteMatch;
use crate::asgi::server::Program;
use crate::exchange::{Sample, Side};
use crate::lanes::{Provenance, compute};

const HEAD: &str = "GET /app?q HTTP/1.1\nHost: h\nConnection: keep-alive\nX-Forwarded-Proto: https\n";

/// The answer of a probe on uvicorn 0.54.0 started with `--root-path /x`, `change` applied to its text.
fn answer(change: impl Fn(String) -> String) -> Bytes {
    let text = r#"{"v":1,"received":{"type":"http","asgi":{"version":"3.0","spec_version":"2.3"},"http_version":"1.1",
        "method":"GET","scheme":"https","path":"/x/app","raw_path":"/x/app","query_string":"q","root_path":"/x",
        "headers":[["host","h"],["x-forwarded-proto","https"]],"client":["127.0.0.1",50003],"server":["127.0.0.1",8000]},
        "by":{"module":"uvicorn.protocols.http.httptools_impl","program":"uvicorn","version":"0.54.0"},"left":{},
        "with":{"fastapi":"0.163.2","starlette":"1.10.0"},
        "route":{"kind":"APIRoute","path":"/app","name":"read","endpoint":"main.read","mount":""}}"#;
    Bytes::from(change(text.to_owned()))
}

fn lane(setup: &Setup, probe: Option<Bytes>) -> ScopeLane {
    let sample = Sample::new(Side::App, HEAD).unwrap().response("HTTP/1.1 200 OK\n", b"").unwrap();
    compute(&sample.with(|half| half.probe = probe).alone(1), setup).scope
}

fn told(server: &str, root_path: &str) -> Setup {
    let server = Server { root_path: root_path.to_owned(), ..Server::named(server).unwrap() };
    Setup { probe: true, ..Setup::new(server) }
}

fn keys(lane: &ScopeLane) -> Vec<&str> {
    lane.model_differs.iter().map(|found| found.key).collect()
}

fn explanation(lane: &ScopeLane) -> &str {
    lane.probe.as_ref().unwrap().explanation.as_deref().unwrap_or_default()
}

#[test]
fn the_apps_word_counts_and_the_model_agrees() {
    let lane = lane(&told("uvicorn@0.54", "/x"), Some(answer(|text| text)));
    assert_eq!((lane.source, lane.server.as_str(), keys(&lane)), (Source::Probe, "uvicorn 0.54.0", vec![]));
    let view = lane.view.unwrap();
    assert_eq!((view.route_path.as_str(), &view.route), ("/app", &RouteMatch::Route("/app".to_owned())));
    let word = lane.probe.unwrap();
    assert_eq!(word.frameworks, ["fastapi 0.163.2", "starlette 1.10.0"]);
    assert_eq!((word.endpoint.as_deref(), word.explanation, word.trouble), (Some("main.read"), None, None));
}

#[test]
fn what_was_told_wrong_is_called_out() {
    let lane = |server, root_path| lane(&told(server, root_path), Some(answer(|text| text)));
    let other_root = lane("uvicorn@0.54", "/y");
    assert_eq!(keys(&other_root), ["path", "raw_path", "root_path"]);
    assert_eq!(explanation(&other_root), "explained exactly by --root-path \"/x\", not \"/y\" as told");
    assert_eq!(other_root.view.as_ref().unwrap().scope.root_path, "/x", "the app's word is shown");
    let other_program = lane("hypercorn", "/x");
    assert_eq!(keys(&other_program).first(), Some(&"program"));
    assert!(explanation(&other_program).contains("--server uvicorn@0.54.0, not hypercorn"), "{other_program:?}");
}

/// A wrong word is laid to who said it.
#[test]
fn what_was_found_was_not_told() {
    let mut setup = told("uvicorn@0.54", "/y");
    for (server, root_path, expected) in [
        ("installed", None, "not \"/y\" as found"),
        ("installed", Some("flag"), "not \"/y\" as told"),
        ("flag", Some("UVICORN_ROOT_PATH"), "not \"/y\" as found"),
        ("assumed", None, "not \"/y\" as assumed"),
    ] {
        setup.provenance = Provenance::default();
        setup.provenance.know("server", "uvicorn 0.54.0", server);
        if let Some(from) = root_path {
            setup.provenance.know("root-path", "/y", from);
        }
        let lane = lane(&setup, Some(answer(|text| text)));
        assert!(explanation(&lane).ends_with(expected), "{server} {root_path:?}: {}", explanation(&lane));
    }
    // Answers named a program, and the probe another: nothing was found of that one.
    let mut setup = Setup { probe: true, ..Setup::new(Server::new(Program::Granian, None)) };
    setup.provenance.know("server", "granian 2.8.7", "by its answers, version assumed");
    let replaced = lane(&setup, Some(answer(|text| text)));
    assert!(explanation(&replaced).ends_with("not \"\" as assumed"), "{}", explanation(&replaced));
    let mut setup = told("hypercorn", "/x");
    setup.provenance.know("server", "hypercorn 0.18.0", "by its answers, version assumed");
    let lane = lane(&setup, Some(answer(|text| text)));
    assert!(explanation(&lane).contains("not hypercorn 0.18.0 as found"), "{}", explanation(&lane));
}

#[test]
fn a_websocket_of_a_server_that_drops_the_answer() {
    let shaken = |server: &str| {
        let head = "GET /ws HTTP/1.1\nHost: h\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\n\
                    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n";
        let sample = Sample::new(Side::App, head).unwrap().response("HTTP/1.1 101 Switching Protocols\n", b"").unwrap();
        compute(&sample.alone(1), &told(server, "")).scope.probe_silent.unwrap()
    };
    for server in ["daphne", "granian"] {
        let expected = format!("cannot answer: {server} sends no headers with an accepted websocket; derived");
        assert_eq!(shaken(server), expected);
    }
    assert_eq!(shaken("uvicorn"), "said nothing");
}

/// Nobody said which server it is: what the probe knows of it takes the place of what was assumed.
#[test]
fn what_was_assumed_gives_way() {
    let assumed = Setup { probe: true, ..Setup::new(Server::new(Program::Granian, None)) };
    let lane = lane(&assumed, Some(answer(|text| text.replace("/x/app", "/app").replace("\"/x\"", "\"\""))));
    assert_eq!((lane.server.as_str(), keys(&lane)), ("uvicorn 0.54.0", vec![]));
}

#[test]
fn what_nothing_explains_is_a_fault_of_the_model() {
    let lane =
        lane(&told("uvicorn@0.54", "/x"), Some(answer(|text| text.replace("\"https\",\"path\"", "\"wss\",\"path\""))));
    assert_eq!(keys(&lane), ["scheme"]);
    assert!(explanation(&lane).ends_with("or a fault of its model"), "{}", explanation(&lane));
}

#[test]
fn a_difference_shows_no_credentials() {
    let sample = Sample::new(Side::App, "GET /app?token=s3cret&a=1 HTTP/1.1\nHost: h\nAuthorization: Bearer s3cret\n");
    let sample = sample.unwrap().response("HTTP/1.1 200 OK\n", b"").unwrap();
    let exchange = sample.with(|half| half.probe = Some(answer(|text| text))).alone(1);
    let lane = compute(&exchange, &told("uvicorn@0.54", "/x")).scope;
    let of = |key| lane.model_differs.iter().find(|found| found.key == key).map(|found| found.model.as_str());
    assert_eq!(of("query_string"), Some(r#""token=***&a=1""#));
    assert_eq!(of("headers"), Some(r#"["authorization","Bearer ***"]"#));
}

#[test]
fn addresses_alone_are_a_port_that_is_passed_on() {
    let lane =
        lane(&told("uvicorn@0.54", "/x"), Some(answer(|text| text.replace("127.0.0.1\",8000", "172.17.0.2\",8000"))));
    assert_eq!(keys(&lane), ["server"]);
    assert!(explanation(&lane).contains("passes connections on"), "{}", explanation(&lane));
}

#[test]
fn without_a_word_of_the_app_it_is_the_model() {
    let silent = lane(&told("uvicorn@0.54", "/x"), None);
    assert_eq!((silent.source, &silent.probe), (Source::Derived, &None));
    assert_eq!(silent.probe_silent.as_deref(), Some("said nothing"));
    assert_eq!(lane(&Setup::new(Server::uvicorn()), None).probe_silent, None, "it was not asked");
    let unreadable = lane(&told("uvicorn@0.54", "/x"), Some(Bytes::from_static(b"\xff{")));
    assert_eq!((unreadable.source, &unreadable.probe_silent), (Source::Derived, &None));
    assert!(unreadable.probe.unwrap().trouble.unwrap().contains("no JSON"));
}
