//! Heads: names, order, case, repetition, targets and Host go on as they came; a lone tap adds nothing.

use rstest::rstest;

use super::tap;
use crate::support::hopscope::Hopscope;
use crate::support::http::{Client, Kind, Message, Reader, escaped};
use crate::support::place::free_address;
use crate::support::upstream::Upstream;
use crate::support::wire::Wire;

/// Requests without hop-by-hop headers: every byte of the head arrives.
const HEADS: [&str; 9] = [
    "GET /app HTTP/1.1\r\nHost: example.org:8443\r\n\r\n",
    "GET /app HTTP/1.1\r\nuser-agent: odd/1\r\nHOST: Example.ORG\r\nACCEPT: */*\r\n\r\n",
    "GET /app HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\nA: 3\r\na: 4\r\nB: 5\r\n\r\n",
    "GET /app HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.1\r\nx-forwarded-for: 192.0.2.2\r\nForwarded: for=x\r\n\r\n",
    "GET /app HTTP/1.1\r\nHost: h\r\nX_Under: 1\r\nx!#$%&'*+-.^_`|~9: odd name\r\nEmpty:\r\nVia: 1.0 before\r\n\r\n",
    "GET /app HTTP/1.1\r\nHost: h\r\nX-Latin: caf\u{e9}\r\nX-Tab: a\tb\r\nX-Quote: \"a, b\", c\r\n\r\n",
    "DELETE /app HTTP/1.1\r\nHost: h\r\nAccept-Encoding: br;q=0.1, gzip\r\nCookie: a=b\r\nCookie: c=d\r\n\r\n",
    "PROPFIND /app HTTP/1.1\r\nHost: h\r\nDepth: 1\r\nDate: yesterday\r\nServer: client\r\n\r\n",
    "patch /app HTTP/1.1\r\nHost: h\r\n\r\n",
];

/// Targets that must not be touched: encodings, slashes, dots, every form, bytes that no target should have.
const TARGETS: [&str; 25] = [
    "/",
    "/a%2Fb",
    "/a%2fb",
    "/%61bc%7Ed",
    "//docs",
    "/a//b/",
    "/a/../b/./c",
    "/%2e%2e/a",
    "/a;v=1,2",
    "/a?",
    "/a?x=1?y=/../%2F",
    "/a|b",
    "/a{b}",
    "/a\"b",
    "/a<b>",
    "/a^b",
    "/a`b",
    "/a\\b",
    "/a#frag",
    "/caf\u{e9}",
    "/%zz%",
    "/%1b[31mred",
    "http://other.example:81/a%2Fb?x=1",
    "http://other.example",
    "/redirect?to=http://x/",
];

#[test]
fn heads_arrive_as_they_were_sent() {
    let upstream = Upstream::ok();
    let (_hopscope, tap) = tap(&upstream);
    let mut client = Client::to(tap);
    for (sent, number) in HEADS.iter().zip(1..) {
        assert_eq!(client.ask(sent).status(), 200, "{sent}");
        assert_eq!(escaped(&upstream.requests(number)[number - 1].head), escaped(sent.as_bytes()));
    }
    assert_eq!(upstream.connections(), 1, "the connection to the upstream is kept");
}

#[test]
fn targets_arrive_as_they_were_sent() {
    let upstream = Upstream::ok();
    let (_hopscope, tap) = tap(&upstream);
    for (target, number) in TARGETS.iter().zip(1..) {
        let sent = format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(Client::to(tap).ask(&sent).status(), 200, "{target}");
        assert_eq!(escaped(&upstream.requests(number)[number - 1].head), escaped(sent.as_bytes()));
    }
    let sent = "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n";
    assert_eq!(Client::to(tap).ask(sent).status(), 200);
    assert_eq!(escaped(&upstream.requests(TARGETS.len() + 1)[TARGETS.len()].head), escaped(sent));
}

/// RFC 9110 section 7.6.1: what is meant for one hop, and what `Connection` names, ends here.
#[rstest]
#[case::keep_alive("Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n")]
#[case::named("Connection: X-Hop, close\r\nX-Hop: 1\r\n")]
#[case::proxy_connection("Proxy-Connection: keep-alive\r\n")]
#[case::te("Connection: TE\r\nTE: trailers\r\n")]
#[case::upgrade_of_another_kind("Connection: X-Hop\r\nX-Hop: 1\r\nX-hop: 2\r\n")]
fn hop_by_hop_headers_end_here(#[case] hop: &str) {
    let upstream = Upstream::ok();
    let (_hopscope, tap) = tap(&upstream);
    let with = |middle: &str| format!("GET /a HTTP/1.1\r\nHost: h\r\nA: 1\r\n{middle}B: 2\r\n\r\n");
    assert_eq!(Client::to(tap).ask(with(hop)).status(), 200);
    assert_eq!(escaped(&upstream.only().head), escaped(with("").as_bytes()));
}

#[test]
fn responses_arrive_as_they_were_sent() {
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 Fine by me\r\nserver: odd\r\nSET-COOKIE: a=b\r\nX: 1\r\nset-cookie: c=d\r\ncontent-length: 2\r\n\r\n",
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://internal:8000//items/?a=%2F\r\ncontent-length: 2\r\n\r\n",
        "HTTP/1.1 299 \r\nVia: 1.1 before\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nX-Escape: caf\u{e9}\r\nContent-Length: 2\r\nDate: never\r\n\r\n",
    ] {
        let upstream = Upstream::answering(format!("{head}ok"));
        let (_hopscope, tap) = tap(&upstream);
        let answer = Client::to(tap).ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!((escaped(&answer.head), answer.text()), (escaped(head.as_bytes()), "ok".to_owned()));
    }
}

#[test]
fn hop_by_hop_headers_of_a_response_end_here() {
    let upstream = Upstream::answering(
        "HTTP/1.1 200 OK\r\nA: 1\r\nConnection: X-Hop, keep-alive\r\nKeep-Alive: timeout=5\r\nX-Hop: 1\r\n\
         Content-Length: 2\r\n\r\nok",
    );
    let (_hopscope, tap) = tap(&upstream);
    let answer = Client::to(tap).ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(answer.lines(), ["A: 1", "Content-Length: 2"]);
}

/// Behind both taps the upstream gets what the client sent; between them there is one line more, and only there.
#[test]
fn two_taps_add_one_line_and_take_it_off() {
    let upstream = Upstream::ok();
    let (edge, app) = (free_address(), free_address());
    let between = Wire::to(app);
    let hopscope = Hopscope::both((edge, between.address()), (app, upstream.address()), &[]);
    let sent = "GET /a%2Fb HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\nA: 3\r\n\r\n";
    assert_eq!(Client::to(edge).ask(sent).status(), 200);
    assert_eq!(escaped(&upstream.only().head), escaped(sent.as_bytes()));
    let passed = between.passed("/a%2Fb").request;
    let sent = Reader::new(sent.as_bytes()).message(Kind::Request).expect("whole").expect("there");
    let added: Vec<String> = passed.lines().into_iter().filter(|line| !sent.lines().contains(line)).collect();
    assert_eq!(added.len(), 1, "{added:?}");
    let output = hopscope.finish();
    assert_eq!(output.lines().len(), 1, "both halves are one exchange:\n{}", output.raw.join("\n"));
}

/// An id header from outside is no id of ours: with a lone tap it is a header like any other.
#[test]
fn a_lone_tap_does_not_take_an_id_for_its_own() {
    let (edge, app) = (free_address(), free_address());
    let behind_both = Upstream::ok();
    let between = Wire::to(app);
    let hopscope = Hopscope::both((edge, between.address()), (app, behind_both.address()), &[]);
    assert_eq!(Client::to(edge).ask("GET /a HTTP/1.1\r\nHost: h\r\n\r\n").status(), 200);
    let plain = Message { head: b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n".to_vec(), ..Message::default() };
    let id: Vec<String> =
        between.passed("/a").request.lines().into_iter().filter(|line| !plain.lines().contains(line)).collect();
    drop(hopscope);
    let upstream = Upstream::ok();
    let (_lone, tap) = tap(&upstream);
    let sent = format!("GET /a HTTP/1.1\r\nHost: h\r\n{}\r\n\r\n", id[0]);
    assert_eq!(Client::to(tap).ask(&sent).status(), 200);
    assert_eq!(escaped(&upstream.only().head), escaped(sent.as_bytes()));
}
