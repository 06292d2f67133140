//! Upstreams that speak badly: the client is told so, and no connection is trusted after it.

use std::thread;
use std::time::Duration;

use hopscope::exchange::{Answered, Ending, Framing, Phase};
use hopscope::proxy::Limits;
use rstest::rstest;

use crate::stage::{Stage, answering, serve};

const GET: &str = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

#[rstest]
#[case::garbage(b"\x00\x01\x02 not http at all")]
#[case::another_protocol(b"SSH-2.0-x\r\n")]
#[case::http_2(b"HTTP/2 200\r\n\r\n")]
#[case::bare_line_feeds(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n")]
#[case::two_lengths(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n")]
#[case::length_and_chunked(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n")]
#[case::coding_behind_a_form_feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: \x0cchunked\r\n\r\n0\r\n\r\n")]
#[case::status_0(b"HTTP/1.1 000 Zero\r\n\r\n")]
#[case::status_of_four(b"HTTP/1.1 2000 OK\r\n\r\n")]
#[case::folded(b"HTTP/1.1 200 OK\r\nA: 1\r\n b\r\n\r\n")]
#[case::unasked_switch(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")]
fn what_is_no_http_is_a_502(#[case] response: &'static [u8]) {
    let stage = Stage::edge(answering(response));
    let mut client = stage.client();
    client.send(GET);
    assert!(client.rest().0.starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
    let record = stage.end();
    let half = record.only();
    assert!(matches!(half.ending, Ending::UpstreamGone(Phase::Wait, _)), "{:?}", half.ending);
    assert_eq!((half.answered, half.response_body.total > 0), (Answered::Hopscope, true));
}

#[test]
fn an_endless_head_is_a_502() {
    let stage = Stage::edge(serve(|_, mut peer| {
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\n");
        while peer.send("X-Filler: 0123456789012345678901234567890123456789\r\n") {}
    }));
    let mut client = stage.client();
    client.send(GET);
    assert!(client.rest().0.starts_with("HTTP/1.1 502"));
}

/// Whatever stands behind a response answers nothing.
#[rstest]
#[case::a_length(
    "GET",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
)]
#[case::chunks(
    "GET",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\nevil"
)]
#[case::head("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")]
#[case::no_content("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil")]
fn bytes_behind_a_response_are_nobody_s(#[case] method: &str, #[case] response: &'static [u8]) {
    let stage = Stage::edge(answering(response));
    let mut client = stage.client();
    client.stream.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout");
    for _ in 0..3 {
        client.send(format!("{method} /a HTTP/1.1\r\nHost: h\r\n\r\n"));
        assert!(client.head().is_some_and(|head| head.starts_with("HTTP/1.1 20")));
        let body = client.rest().0;
        assert!(!body.contains("evil"), "{body}");
    }
}

/// A kept connection that ends says nothing about a request, unless it began to answer.
#[rstest]
#[case::nothing_came("", 200)]
#[case::a_hint_came("HTTP/1.1 103 Early Hints\r\n\r\n", 502)]
fn a_request_is_sent_again_only_if_nothing_came(#[case] before: &'static str, #[case] status: u16) {
    let stage = Stage::edge(serve(move |number, mut peer| {
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        peer.head();
        peer.send(if number == 0 { before } else { "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" });
    }));
    let mut client = stage.client();
    client.send(GET);
    client.head();
    client.send(GET);
    let mut head = client.head().expect("an answer");
    if head.contains(" 103 ") {
        head = client.head().expect("a final answer");
    }
    assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{head}");
}

#[test]
fn endless_hints_are_not_all_kept() {
    let stage = Stage::edge(serve(|_, mut peer| {
        peer.head();
        for _ in 0..5000 {
            peer.send("HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n");
        }
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        peer.rest();
    }));
    let mut client = stage.client();
    client.send(GET);
    assert!(client.until(b"200 OK").is_some());
    let record = stage.end();
    assert!((1..=100).contains(&record.only().interim.len()), "{}", record.only().interim.len());
}

/// A body that ends with its connection is whole only if the connection ended in order; the client has no other sign.
#[test]
fn a_reset_is_no_end_of_a_body() {
    for in_order in [true, false] {
        let stage = Stage::edge(serve(move |_, mut peer| {
            peer.head();
            peer.send("HTTP/1.1 200 OK\r\n\r\nhello");
            thread::sleep(Duration::from_millis(100));
            if !in_order {
                peer.reset();
            }
        }));
        let mut client = stage.client();
        client.send(GET);
        assert!(client.until(b"hello").is_some());
        assert_eq!(client.rest().1, in_order);
        let record = stage.end();
        let half = record.only();
        assert_eq!(half.response_body.framing, Framing::UntilClose);
        assert_eq!(half.ending == Ending::Complete, in_order, "{:?}", half.ending);
    }
}

/// The chunks are taken off for it, so the end of the connection is all it sees.
#[test]
fn a_client_of_http_1_0_sees_a_cut_response() {
    let stage = Stage::edge(serve(|_, mut peer| {
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
        thread::sleep(Duration::from_millis(100));
    }));
    let mut client = stage.client();
    client.send("GET /a HTTP/1.0\r\n\r\n");
    assert!(client.until(b"hello").is_some());
    assert!(!client.rest().1, "no orderly end");
    assert!(matches!(stage.end().only().ending, Ending::UpstreamGone(Phase::Response, _)));
}

/// A client that reads `HTTP/1.0` in a response waits for the end of the connection.
#[test]
fn a_response_of_http_1_0_ends_the_connection() {
    let stage = Stage::edge(answering(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    let mut client = stage.client();
    client.send(GET);
    assert!(client.rest().0.ends_with("\r\n\r\nok"));
}

/// A response of five gigabytes is believed until it ends early.
#[test]
fn a_length_of_gigabytes() {
    let stage = Stage::edge(serve(|_, mut peer| {
        peer.head();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5368709120\r\n\r\nhello");
    }));
    let mut client = stage.client();
    client.send(GET);
    assert!(client.rest().0.ends_with("hello"));
    let record = stage.end();
    assert_eq!(record.only().response_body.framing, Framing::Length(5 << 30));
    assert_eq!(record.only().response_body.total, 5);
}

/// A client that takes nothing is not a stream that is silent.
#[test]
fn a_client_that_stops_reading_is_given_up() {
    let stage = Stage::limited(
        serve(|_, mut peer| {
            peer.head();
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            while peer.send(format!("10000\r\n{}\r\n", "x".repeat(0x10000))) {}
        }),
        Limits { idle: Duration::from_millis(500), ..Limits::default() },
    );
    let mut client = stage.client();
    client.send(GET);
    client.head();
    thread::sleep(Duration::from_millis(2500));
    assert_eq!(stage.end().only().ending, Ending::TimedOut(Phase::Response));
}
