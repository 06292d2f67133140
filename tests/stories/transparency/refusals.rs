//! What two readers may read in two ways is refused, never passed on (RFC 9112 sections 5 and 6, RFC 9110 section 5.5).

use std::thread;
use std::time::Duration;

use rstest::rstest;

use super::tap;
use crate::support::http::{Client, escaped};
use crate::support::upstream::Upstream;

#[rstest]
#[case::two_lengths("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk")]
#[case::two_equal_lengths("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok")]
#[case::a_list_of_lengths("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2, 2\r\n\r\nok")]
#[case::a_signed_length("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +2\r\n\r\nok")]
#[case::a_negative_length("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -2\r\n\r\nok")]
#[case::a_length_in_hex("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x2\r\n\r\nok")]
#[case::an_empty_length("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \r\n\r\nok")]
#[case::a_length_too_large("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\nok")]
#[case::length_and_chunked(
    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
)]
#[case::chunked_and_length(
    "POST / HTTP/1.1\r\nHost: h\r\ntransfer-encoding: chunked\r\ncontent-length: 12\r\n\r\n2\r\nok\r\n0\r\n\r\n"
)]
#[case::not_chunked("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\nok")]
#[case::not_chunked_last("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n")]
#[case::almost_chunked("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")]
#[case::chunked_twice("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n")]
#[case::chunked_in_http_1_0("POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
#[case::bare_line_feeds("GET / HTTP/1.1\nHost: h\n\n")]
#[case::a_bare_line_feed_in_a_head("GET / HTTP/1.1\r\nHost: h\nX: 1\r\n\r\n")]
#[case::a_bare_line_feed_at_the_end("GET / HTTP/1.1\r\nHost: h\r\n\n")]
#[case::a_bare_carriage_return("GET / HTTP/1.1\r\nHost: h\rX: 1\r\n\r\n")]
#[case::a_folded_line("GET / HTTP/1.1\r\nHost: h\r\nX: 1\r\n 2\r\n\r\n")]
#[case::a_folded_first_line("GET / HTTP/1.1\r\n Host: h\r\n\r\n")]
#[case::a_space_before_the_colon("GET / HTTP/1.1\r\nHost: h\r\nX : 1\r\n\r\n")]
#[case::a_space_before_the_colon_of_a_length("POST / HTTP/1.1\r\nHost: h\r\nContent-Length : 2\r\n\r\nok")]
#[case::a_line_without_a_colon("GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n")]
#[case::an_empty_name("GET / HTTP/1.1\r\nHost: h\r\n: 1\r\n\r\n")]
#[case::a_nul("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n")]
#[case::a_space_in_the_target("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n")]
#[case::no_version("GET /a\r\nHost: h\r\n\r\n")]
#[case::no_http("HELO example.org\r\n\r\n")]
fn an_ambiguous_head_is_refused(#[case] request: &str) {
    let upstream = Upstream::ok();
    let (_hopscope, tap) = tap(&upstream);
    let mut client = Client::to(tap);
    client.send(request);
    let answer = client.response();
    assert_eq!(answer.status(), 400, "{}", escaped(request));
    assert!(!answer.body.is_empty(), "it says what was wrong");
    assert!(client.is_closed(), "nothing after it can be trusted");
    thread::sleep(Duration::from_millis(50));
    assert_eq!(upstream.requests(0).len(), 0, "nothing went on");
}

/// It could be read if one knew how (RFC 9112 section 6.1).
#[test]
fn a_coding_that_is_not_known_is_refused() {
    let upstream = Upstream::ok();
    let (_hopscope, tap) = tap(&upstream);
    let request = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n";
    assert!(matches!(Client::to(tap).ask(request).status(), 400 | 501));
    assert_eq!(upstream.requests(0).len(), 0, "nothing went on");
}

/// Here the head has gone on before the fault is seen; the message must not end as if it were whole.
#[rstest]
#[case::no_number("xyz\r\nok\r\n0\r\n\r\n")]
#[case::a_sign("+2\r\nok\r\n0\r\n\r\n")]
#[case::too_large("fffffffffffffffff\r\nok\r\n0\r\n\r\n")]
#[case::a_bare_line_feed("2\nok\r\n0\r\n\r\n")]
#[case::longer_than_said("2\r\nokay\r\n0\r\n\r\n")]
#[case::a_space("2 2\r\nok\r\n0\r\n\r\n")]
#[case::an_empty_size("\r\nok\r\n0\r\n\r\n")]
fn a_bad_chunk_is_refused(#[case] body: &str) {
    let upstream = Upstream::ok();
    let (_hopscope, tap) = tap(&upstream);
    let mut client = Client::to(tap);
    client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.try_send(body);
    assert_eq!(client.response().status(), 400, "{}", escaped(body));
    assert!(client.is_closed());
    thread::sleep(Duration::from_millis(50));
    let whole = upstream.requests(0).iter().any(|request| request.framed.ends_with(b"0\r\n\r\n"));
    assert!(!whole, "no whole message went on");
}

#[rstest]
#[case::two_lengths("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nokk")]
#[case::length_and_chunked(
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
)]
#[case::a_folded_line("HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\nContent-Length: 2\r\n\r\nok")]
#[case::a_space_before_the_colon("HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok")]
#[case::no_http("SSH-2.0-OpenSSH_9.2\r\n\r\n")]
fn an_ambiguous_response_is_a_502(#[case] response: &'static str) {
    let upstream = Upstream::answering(response);
    let (_hopscope, tap) = tap(&upstream);
    let answer = Client::to(tap).ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(answer.status(), 502, "{}", escaped(response));
    assert!(!answer.body.is_empty(), "it says what was wrong");
}
