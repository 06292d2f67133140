//! Endings: who hung up, who was silent, who could not be reached; each told as what it was.

use std::thread;
use std::time::{Duration, Instant};

use super::tap;
use crate::support::hopscope::Hopscope;
use crate::support::http::Client;
use crate::support::place::free_address;
use crate::support::upstream::{Next, Upstream};

const GET: &str = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

#[test]
fn an_upstream_that_is_not_there_is_a_502() {
    let nobody = free_address();
    let (hopscope, tap) = Hopscope::edge(nobody, &[]);
    let answer = Client::to(tap).ask(GET);
    assert_eq!(answer.status(), 502);
    assert!(answer.text().contains(&nobody.to_string()), "it names the upstream: {}", answer.text());
    let output = hopscope.finish();
    let line = output.line("/a");
    assert_eq!((line.at("/response/status").as_u64(), line.text("/response/by")), (Some(502), "hopscope"));
}

#[test]
fn an_upstream_that_is_silent_is_a_504() {
    let upstream = Upstream::start(|_| {
        thread::sleep(Duration::from_secs(5));
        Next::Close
    });
    let (hopscope, tap) = Hopscope::edge(upstream.address(), &["--idle-timeout", "1s"]);
    let start = Instant::now();
    let answer = Client::to(tap).ask(GET);
    assert_eq!(answer.status(), 504);
    assert!(!answer.body.is_empty(), "it says what was waited for");
    assert!((900..4000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    assert_eq!(hopscope.finish().line("/a").text("/response/by"), "hopscope");
}

#[test]
fn an_upstream_that_hangs_up_before_its_head_is_whole_is_a_502() {
    for cut in ["", "HTTP/1.1 200 OK\r\nContent-Le"] {
        let upstream = Upstream::start(move |visit| {
            visit.send(cut);
            Next::Close
        });
        let (_hopscope, tap) = tap(&upstream);
        // Not the GET that a proxy may send again: one that it must not.
        let answer = Client::to(tap).ask("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nok");
        assert_eq!(answer.status(), 502, "{cut:?}");
        assert!(!answer.body.is_empty(), "it says what happened");
    }
}

/// The client must not take half a body for a whole one.
#[test]
fn an_upstream_that_hangs_up_inside_a_body_is_no_whole_response() {
    for cut in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello",
    ] {
        let upstream = Upstream::start(move |visit| {
            visit.send(cut);
            Next::Close
        });
        let (hopscope, tap) = tap(&upstream);
        let mut client = Client::to(tap);
        client.send(GET);
        assert!(client.try_response().is_err(), "{cut:?}");
        assert_eq!(hopscope.finish().line("/a").at("/response/status").as_u64(), Some(200));
    }
}

/// A client that leaves takes its request to the upstream with it, and the exchange is told all the same.
#[test]
fn a_client_that_hangs_up() {
    let upstream = Upstream::start(|visit| {
        visit.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let start = Instant::now();
        while visit.send("5\r\nhello\r\n") && start.elapsed() < Duration::from_secs(10) {
            thread::sleep(Duration::from_millis(10));
        }
        Next::Close
    });
    let (hopscope, tap) = tap(&upstream);
    let mut client = Client::to(tap);
    client.send(GET);
    client.head();
    drop(client);
    let start = Instant::now();
    upstream.only();
    assert!(start.elapsed() < Duration::from_secs(5), "the upstream learns of it at once");
    hopscope.line("/a");
}

#[test]
fn a_client_that_hangs_up_inside_its_request() {
    let upstream = Upstream::start(|visit| {
        visit.read_body();
        visit.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        Next::Keep
    });
    let (hopscope, tap) = tap(&upstream);
    let mut client = Client::to(tap);
    client.send("POST /half HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello");
    thread::sleep(Duration::from_millis(100));
    drop(client);
    assert_eq!(upstream.only().body, b"", "no whole body came");
    hopscope.line("/half");
    assert_eq!(Client::to(tap).ask(GET).status(), 200, "the tap goes on");
}

/// After its response the upstream may close an idle connection at any time; the next request must not notice.
#[test]
fn an_upstream_that_closes_between_requests() {
    let upstream = Upstream::start(|visit| {
        visit.read_body();
        visit.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        Next::Close
    });
    let (_hopscope, tap) = tap(&upstream);
    let mut client = Client::to(tap);
    for number in 1..=5 {
        assert_eq!(client.ask(GET).status(), 200, "request {number}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_head_too_large_is_refused() {
    let upstream = Upstream::ok();
    let (_hopscope, tap) = tap(&upstream);
    let mut client = Client::to(tap);
    client.send("GET /a HTTP/1.1\r\nHost: h\r\n");
    for _ in 0..64 {
        client.try_send(format!("X-Long: {}\r\n", "x".repeat(16 * 1024)));
    }
    assert_eq!(client.response().status(), 431);
    assert_eq!(upstream.requests(0).len(), 0);
}

/// A graceful stop: what is under way is finished, then the program ends.
#[test]
fn a_stop_lets_a_request_end() {
    let upstream = Upstream::start(|visit| {
        visit.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
        thread::sleep(Duration::from_millis(700));
        visit.send("world");
        Next::Keep
    });
    let (hopscope, tap) = tap(&upstream);
    let mut client = Client::to(tap);
    client.send(GET);
    let mut answer = client.head();
    let stopping = thread::spawn(move || hopscope.finish());
    client.reader().body(&mut answer, crate::support::http::Kind::Response).expect("the rest of the body");
    assert_eq!(answer.text(), "helloworld");
    drop(client);
    let output = stopping.join().expect("it ends");
    assert_eq!(output.line("/a").at("/response/status").as_u64(), Some(200));
}
