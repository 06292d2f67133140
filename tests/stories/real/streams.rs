//! Websockets and server-sent events: each message goes on when it comes, through taps, proxy and stand-in.

use std::fs;
use std::net::SocketAddr;

use super::stage::Stage;
use crate::support::http::{self, Client};
use crate::support::peers::{AppOptions, needs};
use crate::support::place::repository;

fn root_path() -> AppOptions {
    AppOptions { server: vec!["--root-path", "/api/v1"], ..AppOptions::default() }
}

fn example(name: &str) -> String {
    fs::read_to_string(repository("assets/examples").join(name)).expect("the example")
}

#[test]
fn through_both_taps_and_a_real_proxy() {
    needs!("traefik", "nginx", "uvicorn");
    for mut stage in [
        Stage::traefik(&example("routes.toml"), &root_path()),
        Stage::nginx(&example("nginx-strip.conf"), &root_path()),
    ] {
        stage.chat("/api/v1/ws");
        events_come_one_by_one(stage.edge, "/api/v1");
        let output = stage.finish();
        let chat = output.line("/api/v1/ws");
        assert_eq!(chat.at("/response/status").as_u64(), Some(101));
        assert_eq!(chat.text("/scope/type"), "websocket");
        assert_eq!(chat.text("/scope/path"), "/api/v1/ws");
        assert_eq!(chat.findings(), [""; 0], "{}", chat.0);
        assert_eq!(output.line("/api/v1/events").findings(), [""; 0]);
    }
}

#[test]
fn through_the_stand_in() {
    needs!("uvicorn");
    let flags = ["--to", "http://127.0.0.1:8000", "--prefix", "/api/v1", "--strip"];
    let mut stage = Stage::stand_in(&flags, &root_path());
    stage.chat("/api/v1/ws");
    events_come_one_by_one(stage.edge, "/api/v1");
    let output = stage.finish();
    assert_eq!(output.line("/api/v1/ws").findings(), [""; 0]);
    assert_eq!(output.line("/api/v1/events").findings(), [""; 0]);
}

/// Each event is there before the next is sent: the app sends that only when told that this one came.
fn events_come_one_by_one(address: SocketAddr, prefix: &str) {
    let mut client = Client::to(address);
    client
        .send(format!("GET {prefix}/events?count=3 HTTP/1.1\r\nHost: {address}\r\nAccept: text/event-stream\r\n\r\n"));
    assert_eq!(client.head().status(), 200);
    for number in 0..3 {
        client.reader().until(format!("data: event {number}\n\n").as_bytes()).expect("an event");
        assert_eq!(http::get(address, &format!("{prefix}/next")).status(), 200);
    }
    client.reader().until(b"0\r\n\r\n").expect("the end");
}
