//! Answers that come before the request is whole: the client gets them, and nothing gets out of step.

use std::thread;
use std::time::{Duration, Instant};

use crate::stage::{Peer, Stage, serve};

const REFUSAL: &[u8] = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig";

/// Reads one head, refuses, and never reads on.
fn deaf() -> std::net::SocketAddr {
    serve(|_, mut peer| {
        peer.head();
        peer.send(REFUSAL);
        // Held open, so that what it does not read stays in the sockets.
        thread::sleep(Duration::from_secs(10));
    })
}

/// From what the sockets between can hold to what they cannot: every client gets its answer, and nothing of a body is
/// taken for a request.
#[test]
fn a_refused_upload_of_any_size() {
    let stage = Stage::edge(serve(|_, mut peer| {
        peer.head();
        // By now the whole body is here or in the sockets between.
        thread::sleep(Duration::from_millis(500));
        peer.send(REFUSAL);
        thread::sleep(Duration::from_secs(3));
    }));
    let post = |size: usize, mut client: Peer| {
        client.send(format!("POST /big HTTP/1.1\r\nHost: h\r\nContent-Length: {size}\r\n\r\n"));
        let smuggled = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
        assert!(client.send(smuggled.iter().copied().cycle().take(size).collect::<Vec<_>>()), "{size}");
        assert!(client.until(b"big").is_some_and(|head| head.starts_with("HTTP/1.1 413")), "{size}");
        client.stream.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout");
        assert_eq!(client.rest().0, "", "{size}");
    };
    thread::scope(|scope| {
        for size in (1..12).map(|n| n * (512 << 10)) {
            let client = stage.client();
            scope.spawn(move || post(size, client));
        }
    });
    let record = stage.end();
    let targets = record.all().iter().map(|seen| seen.edge.as_deref().expect("edge").request.target());
    assert_eq!(targets.filter(|target| *target != b"/big").count(), 0);
}

/// A server that answers at once and reads on keeps the connection; so does a tap before it.
#[test]
fn the_connection_goes_on_behind_the_rest_of_the_body() {
    let stage = Stage::edge(serve(|_, mut peer| {
        while peer.head().is_some_and(|head| head.starts_with("GET") || head.starts_with("POST")) {
            peer.send(REFUSAL);
        }
    }));
    let mut client = stage.client();
    for body in ["Content-Length: 10\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"] {
        client.send(format!("POST /a HTTP/1.1\r\nHost: h\r\n{body}"));
        assert!(client.until(b"big").is_some_and(|head| head.starts_with("HTTP/1.1 413")));
        thread::sleep(Duration::from_millis(20));
        client.send(if body.starts_with('C') { "0123456789" } else { "5\r\nhello\r\n0\r\n\r\n" });
    }
    client.send("GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(client.until(b"big").is_some_and(|head| head.starts_with("HTTP/1.1 413")));
    assert_eq!(stage.end().all().len(), 3);
}

/// Many clients send all of a body before they read.
#[test]
fn a_slow_upload_still_gets_its_answer() {
    let stage = Stage::edge(deaf());
    let mut client = stage.client();
    client.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n");
    for _ in 0..25 {
        assert!(client.send([b'x'; 40]));
        thread::sleep(Duration::from_millis(100));
    }
    assert!(client.head().is_some_and(|head| head.starts_with("HTTP/1.1 413")));
}

/// After a final answer to `Expect: 100-continue` the body may come or not, so what follows cannot be read
/// (RFC 9110 section 10.1.1).
#[test]
fn an_expectation_that_failed_ends_the_connection() {
    let stage = Stage::edge(deaf());
    let mut client = stage.client();
    client.send("POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    let start = Instant::now();
    let (answer, in_order) = client.rest();
    assert!(answer.starts_with("HTTP/1.1 413") && in_order, "{answer}");
    assert!(start.elapsed() < Duration::from_secs(3));
}
