//! Bodies: every framing passes with its payload, its trailers and its end where it was.

use std::time::Duration;

use rstest::rstest;

use super::tap;
use crate::support::http::{Client, escaped};
use crate::support::upstream::{Next, Upstream};

const GET: &str = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

#[test]
fn a_body_with_a_length_arrives_as_it_was_sent() {
    let upstream = Upstream::ok();
    let (_hopscope, tap) = tap(&upstream);
    let body = "hello\r\n\0\n\u{e9}?";
    let length = body.len();
    let sent = format!("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\nContent-Type: a/b\r\n\r\n{body}");
    assert_eq!(Client::to(tap).ask(&sent).status(), 200);
    assert_eq!(upstream.only().bytes(), sent.as_bytes());
}

/// Chunk extensions are for one hop (RFC 9112 section 7.1.1) and may go; the payload and the trailers may not.
#[test]
fn a_chunked_request_arrives_with_its_trailers() {
    let upstream = Upstream::ok();
    let (_hopscope, tap) = tap(&upstream);
    let head = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n";
    let sent = format!("{head}5;name=\"value\"\r\nhello\r\n0006\r\n world\r\n0\r\nX-Sum: 1\r\nx-other: 2\r\n\r\n");
    let mut client = Client::to(tap);
    assert_eq!(client.ask(sent).status(), 200);
    let got = upstream.only();
    assert_eq!(escaped(&got.head), escaped(head));
    assert_eq!(got.text(), "hello world");
    assert!(got.framed.ends_with(b"0\r\nX-Sum: 1\r\nx-other: 2\r\n\r\n"), "{}", escaped(got.framed));
    assert_eq!(client.ask(GET).status(), 200, "the connection is still in step");
}

#[test]
fn a_chunked_response_arrives_with_its_trailers() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n";
    let upstream = Upstream::answering(format!("{head}5;a\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n"));
    let (_hopscope, tap) = tap(&upstream);
    let mut client = Client::to(tap);
    for _ in 0..2 {
        let answer = client.ask(GET);
        assert_eq!(escaped(&answer.head), escaped(head));
        assert_eq!(answer.text(), "hello!");
        assert!(answer.framed.ends_with(b"0\r\nX-Sum: 1\r\n\r\n"), "{}", escaped(answer.framed));
    }
}

/// The length that such a response names is not followed by a body, and the next response begins right behind it.
#[rstest]
#[case::head("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")]
#[case::head_chunked("HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")]
#[case::no_content("GET", "HTTP/1.1 204 No Content\r\nX: 1\r\n\r\n")]
#[case::not_modified("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"a\"\r\n\r\n")]
fn a_response_without_a_body(#[case] method: &str, #[case] answer: &'static str) {
    let upstream = Upstream::answering(answer);
    let (_hopscope, tap) = tap(&upstream);
    let mut client = Client::to(tap);
    for _ in 0..3 {
        client.send(format!("{method} /a HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert_eq!(escaped(client.response_to_head().head), escaped(answer));
    }
    assert_eq!(upstream.connections(), 1);
}

#[test]
fn a_body_that_ends_with_the_connection() {
    let upstream = Upstream::start(|visit| {
        visit.send("HTTP/1.1 200 OK\r\nX: 1\r\n\r\nhello ");
        visit.send("world");
        Next::Close
    });
    let (_hopscope, tap) = tap(&upstream);
    let answer = Client::to(tap).ask(GET);
    assert_eq!((answer.status(), answer.text()), (200, "hello world".to_owned()));
    assert_eq!(answer.value("x"), "1");
}

/// A client of HTTP/1.0 knows no chunks.
#[test]
fn a_client_of_http_1_0() {
    let upstream = Upstream::answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    let (_hopscope, tap) = tap(&upstream);
    let mut client = Client::to(tap);
    let answer = client.ask("GET /a HTTP/1.0\r\nX: 1\r\n\r\n");
    assert_eq!(answer.values("transfer-encoding"), [""; 0]);
    assert_eq!(answer.framed, b"hello");
    assert!(client.is_closed());
    let got = upstream.only();
    assert_eq!(got.target(), b"/a");
    assert_eq!(got.values("x"), ["1"]);
}

#[test]
fn the_upstream_decides_about_100_continue() {
    let upstream = Upstream::start(|visit| {
        if visit.request.target() == b"/no" {
            visit.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n");
            return Next::Close;
        }
        visit.send("HTTP/1.1 100 Continue\r\n\r\n");
        visit.read_body();
        visit.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        Next::Keep
    });
    let (_hopscope, tap) = tap(&upstream);
    let head = |target: &str| {
        format!("POST {target} HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    };
    let mut client = Client::to(tap);
    client.send(head("/yes"));
    assert_eq!(client.response().start_line(), b"HTTP/1.1 100 Continue");
    client.send("hello");
    assert_eq!(client.response().status(), 200);
    let got = &upstream.requests(1)[0];
    assert_eq!((got.text(), got.value("expect")), ("hello".to_owned(), "100-continue".to_owned()));
    let mut client = Client::to(tap);
    client.send(head("/no"));
    assert_eq!(client.response().status(), 417, "no 100 of our own");
}

#[test]
fn early_hints_go_on() {
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n";
    let upstream = Upstream::answering(format!("{hints}{hints}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    let (_hopscope, tap) = tap(&upstream);
    let mut client = Client::to(tap);
    client.send(GET);
    for _ in 0..2 {
        assert_eq!(escaped(&client.head().head), escaped(hints));
    }
    assert_eq!(client.response().status(), 200);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let upstream = Upstream::start(|visit| {
        visit.read_body();
        let target = visit.request.target().to_vec();
        visit.send(
            [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", target.len()).as_bytes(), &target].concat(),
        );
        Next::Keep
    });
    let (_hopscope, tap) = tap(&upstream);
    let mut client = Client::to(tap);
    client.send(
        "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nokGET /3 HTTP/1.1\r\n\
         Host: h\r\n\r\n",
    );
    for number in ["/1", "/2", "/3"] {
        assert_eq!(client.response().text(), number);
    }
}

/// Pieces go on as they come: a client must see an event long before the next one is sent.
#[test]
fn nothing_waits_for_more() {
    let upstream = Upstream::start(|visit| {
        visit.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
        for _ in 0..3 {
            visit.send("9\r\ndata: 1\n\n\r\n");
            std::thread::sleep(Duration::from_millis(400));
        }
        visit.send("0\r\n\r\n");
        Next::Keep
    });
    let (_hopscope, tap) = tap(&upstream);
    let mut client = Client::to(tap);
    let start = std::time::Instant::now();
    client.send(GET);
    client.head();
    client.reader().until(b"data: 1\n\n").expect("the first event");
    assert!(start.elapsed() < Duration::from_millis(350), "{:?}", start.elapsed());
}

#[test]
fn a_connection_closed_on_the_client_s_wish() {
    let upstream = Upstream::ok();
    let (_hopscope, tap) = tap(&upstream);
    let mut client = Client::to(tap);
    assert_eq!(client.ask("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").text(), "ok");
    assert!(client.is_closed());
}
