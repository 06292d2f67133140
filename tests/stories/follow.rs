//! `hopscope follow`, straight and through a tap.

use std::process::{Command, Output};

use serde_json::Value;

use crate::support::hopscope::{BINARY, Hopscope};
use crate::support::place::free_address;
use crate::support::upstream::{Next, Upstream};

fn follow(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, .. } =
        Command::new(BINARY).arg("follow").args(arguments).output().expect("the program runs");
    (status.code(), String::from_utf8(stdout).expect("UTF-8"))
}

/// Redirects to the slash, by the Host that came, and forgets the prefix that a proxy took off.
fn forgetful() -> Upstream {
    Upstream::start(|visit| {
        visit.read_body();
        let host = visit.request.value("host");
        match visit.request.target() {
            b"/api/items" => {
                visit.send(format!("HTTP/1.1 307 R\r\nLocation: http://{host}/items/\r\nContent-Length: 0\r\n\r\n"))
            }
            b"/round" => visit.send("HTTP/1.1 302 R\r\nLocation: /round\r\nContent-Length: 0\r\n\r\n"),
            b"/items/" => visit.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
            _ => visit.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        };
        Next::Keep
    })
}

#[test]
fn through_a_tap_that_shows_the_rest() {
    let upstream = forgetful();
    let (hopscope, tap) = Hopscope::edge(upstream.address(), &[]);
    let through = tap.to_string();
    let (code, text) = follow(&[
        "http://shop.example/api/items",
        "--prefix",
        "/api",
        "--through",
        &through,
        "--format",
        "json",
        "--fail-on",
        "PX07",
    ]);
    let chain: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((code, &chain["requests"]), (Some(1), &Value::from(2)), "{text}");
    assert_eq!(chain["findings"][0]["code"], "PX07", "{text}");
    assert_eq!(chain["end"]["status"], 404, "{text}");
    hopscope.line("/items/");
    let output = hopscope.finish();
    assert_eq!(output.line("/api/items").text("/original/url"), "http://shop.example/api/items");
}

#[test]
fn how_it_ends() {
    let upstream = forgetful();
    let at = |path: &str| format!("http://{}{path}", upstream.address());
    let (code, text) = follow(&[&at("/round"), "--fail-on", "error"]);
    assert!(code == Some(1) && text.contains("RD06") && text.contains("a circle of 1"), "{code:?} {text}");
    let (code, text) = follow(&[&at("/else"), "--fail-on", "warn"]);
    assert!(code == Some(0) && text.contains("no redirect"), "{code:?} {text}");
    let (code, text) = follow(&[&format!("http://{}/", free_address())]);
    assert!(code == Some(3) && text.contains("nobody answered"), "{code:?} {text}");
    assert_eq!(follow(&["ftp://h/"]).0, Some(2));
    assert_eq!(follow(&["not a url"]).0, Some(2));
}
