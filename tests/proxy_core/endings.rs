//! Every way an exchange can end, in each of its phases, recorded as what it was.

use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use hopscope::exchange::{Answered, Ending, Phase};
use hopscope::proxy::Limits;
use rstest::rstest;
use socket2::{Domain, Socket, Type};

use crate::stage::{Peer, Record, Stage, answering, serve};

const GET: &str = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Reads a head, sends this, and then nothing more.
fn silent_after(part: &'static str) -> SocketAddr {
    serve(move |_, mut peer| {
        peer.head();
        peer.send(part);
        peer.rest();
    })
}

/// An address that takes no connection: its queue is full.
fn unreachable() -> (SocketAddr, Socket, Vec<Socket>) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).expect("a port");
    socket.listen(0).expect("it listens");
    let address = socket.local_addr().expect("an address");
    let fill = || {
        let client = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        client.set_nonblocking(true).expect("an option");
        let _ = client.connect(&address);
        client
    };
    let queue = (0..4).map(|_| fill()).collect();
    thread::sleep(Duration::from_millis(50));
    (address.as_socket().expect("IP"), socket, queue)
}

#[rstest]
#[case::in_the_head("GET /a HTTP/1.1\r\nHo", "", Phase::Request)]
#[case::in_the_body("POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf", "", Phase::Request)]
#[case::in_a_chunk("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "", Phase::Request)]
#[case::waiting(GET, "", Phase::Wait)]
#[case::after_a_hint(GET, "HTTP/1.1 103 Early Hints\r\n\r\n", Phase::Wait)]
#[case::in_a_length(GET, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", Phase::Response)]
#[case::in_a_stream(GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Phase::Response)]
#[case::until_close(GET, "HTTP/1.1 200 OK\r\n\r\nhello", Phase::Response)]
fn the_client_hangs_up(#[case] request: &'static str, #[case] answer: &'static str, #[case] phase: Phase) {
    for in_order in [true, false] {
        let stage = Stage::edge(silent_after(answer));
        let mut client = stage.client();
        client.send(request);
        thread::sleep(Duration::from_millis(60));
        if in_order {
            drop(client);
        } else {
            client.reset();
        }
        thread::sleep(Duration::from_millis(60));
        let record = stage.end();
        assert_eq!(record.only().ending, Ending::ClientGone(phase), "in order: {in_order}");
        assert_eq!(record.only().request.target(), b"/a");
    }
}

#[test]
fn the_client_hangs_up_while_nobody_answers_the_call() {
    let (address, _socket, _queue) = unreachable();
    let stage = Stage::edge(address);
    let mut client = stage.client();
    client.send(GET);
    thread::sleep(Duration::from_millis(60));
    drop(client);
    thread::sleep(Duration::from_millis(60));
    assert_eq!(stage.end().only().ending, Ending::ClientGone(Phase::Connect));
}

#[rstest]
#[case::waiting("", Phase::Wait, "HTTP/1.1 502")]
#[case::in_its_head("HTTP/1.1 200 OK\r\nConte", Phase::Wait, "HTTP/1.1 502")]
#[case::in_a_length("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", Phase::Response, "HTTP/1.1 200")]
#[case::in_a_chunk("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nh", Phase::Response, "HTTP/1.1 200")]
fn the_upstream_hangs_up(#[case] part: &'static str, #[case] phase: Phase, #[case] told: &str) {
    for in_order in [true, false] {
        let stage = Stage::edge(serve(move |_, mut peer| {
            peer.head();
            peer.send(part);
            thread::sleep(Duration::from_millis(60));
            if !in_order {
                peer.reset();
            }
        }));
        let mut client = stage.client();
        client.send(GET);
        assert!(client.rest().0.starts_with(told));
        let record = stage.end();
        assert!(
            matches!(&record.only().ending, Ending::UpstreamGone(at, _) if *at == phase),
            "{:?}",
            record.only().ending
        );
    }
}

#[rstest]
#[case::a_head("GET /a HTTP/1.1\r\nHo", "", Phase::Request, "HTTP/1.1 408")]
#[case::a_body("POST /a HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf", "", Phase::Request, "HTTP/1.1 408")]
#[case::an_answer(GET, "", Phase::Wait, "HTTP/1.1 504")]
#[case::the_rest(GET, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", Phase::Response, "HTTP/1.1 200")]
fn somebody_is_silent(#[case] request: &str, #[case] answer: &'static str, #[case] phase: Phase, #[case] told: &str) {
    let limits = Limits { idle: Duration::from_millis(300), ..Limits::default() };
    let stage = Stage::limited(silent_after(answer), limits);
    let mut client = stage.client();
    client.send(request);
    assert!(client.rest().0.starts_with(told));
    let record = stage.end();
    assert_eq!(record.only().ending, Ending::TimedOut(phase));
    assert_eq!(record.only().answered == Answered::Hopscope, phase != Phase::Response);
}

#[test]
fn a_stream_may_be_silent() {
    let stage = Stage::limited(
        serve(|_, mut peer| {
            peer.head();
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            thread::sleep(Duration::from_millis(900));
            peer.send("5\r\nhello\r\n0\r\n\r\n");
        }),
        Limits { idle: Duration::from_millis(300), ..Limits::default() },
    );
    let mut client = stage.client();
    client.send(GET);
    assert!(client.until(b"0\r\n\r\n").is_some());
    assert_eq!(stage.end().only().ending, Ending::Complete);
}

#[test]
fn nobody_answers_the_call() {
    let (address, _socket, _queue) = unreachable();
    let stage = Stage::limited(address, Limits { connect: Duration::from_millis(300), ..Limits::default() });
    let mut client = stage.client();
    client.send(GET);
    assert!(client.rest().0.starts_with("HTTP/1.1 504"));
    let record = stage.end();
    assert!(matches!(record.only().ending, Ending::NoUpstream(_)));
    assert_eq!(record.only().upstream, None);
}

/// An upstream that ends an idle connection is let go at once, not when the client comes back.
#[test]
fn an_idle_connection_that_the_upstream_ends_is_closed() {
    let (told, closed) = std::sync::mpsc::channel();
    let stage = Stage::edge(serve(move |_, mut peer| {
        peer.head();
        peer.send(OK);
        peer.stream.shutdown(Shutdown::Write).expect("open");
        told.send(peer.rest()).expect("somebody listens");
    }));
    let mut client = stage.client();
    for _ in 0..2 {
        client.send("POST /a HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
        assert!(client.until(b"ok").is_some());
        assert_eq!(closed.recv_timeout(Duration::from_secs(5)), Ok((String::new(), true)));
    }
}

/// A connection without a request, or with a stray line end, is nobody's exchange.
#[rstest]
#[case::nothing("")]
#[case::a_line_end("\r\n")]
fn a_connection_that_asks_for_nothing_is_no_exchange(#[case] sent: &str) {
    for hang_up in [true, false] {
        let limits =
            Limits { keep_alive: Duration::from_millis(200), idle: Duration::from_millis(400), ..Limits::default() };
        let stage = Stage::limited(answering(OK), limits);
        let mut client = stage.client();
        client.send(sent);
        if hang_up {
            drop(client);
            thread::sleep(Duration::from_millis(50));
        } else {
            assert_eq!(client.rest(), (String::new(), true));
        }
        assert_eq!(stage.end().all(), []);
    }
}

#[test]
fn what_still_runs_at_the_stop_is_recorded() {
    let stage = Stage::edge(silent_after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"));
    let mut client = stage.client();
    client.send(GET);
    client.until(b"x\r\n").expect("the first chunk");
    let record = stage.end();
    assert_eq!(record.only().ending, Ending::Stopped);
    assert_eq!(record.only().response_body.total, 1);
}

/// What hopscope answered by itself is the client's side of the stand-in; the app's side has no answer in it.
#[test]
fn the_app_s_side_has_only_the_app_s_answer() {
    let stage = Stage::stand_in(silent_after(""));
    let mut client = stage.client();
    client.send(GET);
    thread::sleep(Duration::from_millis(50));
    drop(client);
    let gone = |record: &Record| record.all()[0].app.clone().expect("the app's side");
    let half = gone(&stage.end());
    assert_eq!((half.answered, half.times.answered, half.response), (Answered::Nobody, None, None));

    let stage = Stage::stand_in(serve(|_, mut peer| {
        peer.head();
    }));
    let mut client = stage.client();
    client.send(GET);
    assert!(client.rest().0.starts_with("HTTP/1.1 502"));
    let record = stage.end();
    assert_eq!(record.all()[0].edge.as_deref().expect("the client's side").answered, Answered::Hopscope);
    let half = gone(&record);
    assert_eq!((half.answered, half.times.answered, &half.response), (Answered::Nobody, None, &None));
}

#[rstest]
#[case("GET / HTTP/1.1\r\nContent-Length: \x0c5\r\n\r\n")]
#[case("POST / HTTP/1.1\r\nTransfer-Encoding: \x0cchunked\r\n\r\n0\r\n\r\n")]
#[case("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\x0c\r\n\r\n0\r\n\r\n")]
#[case("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n")]
#[case("POST / HTTP/1.1\r\nTransfer-Encoding:\r\n\r\n")]
#[case("POST / HTTP/1.1\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n")]
#[case("POST / HTTP/1.1\r\nTransfer-Encoding: chunked;a=b\r\n\r\n0\r\n\r\n")]
#[case("POST / HTTP/1.1\r\nTransfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n")]
#[case("POST / HTTP/1.1\r\n\x0bTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
#[case("POST / HTTP/1.1\r\nContent-Length: 0x5\r\n\r\nhello")]
#[case("POST / HTTP/1.1\r\nContent-Length: -0\r\n\r\n")]
#[case("POST / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n")]
#[case("POST / HTTP/1.1\r\nContent-Length: 5 5\r\n\r\nhello")]
#[case("POST / HTTP/1.1\r\nContent-Length: 5,\r\n\r\nhello")]
#[case("POST / HTTP/1.1\r\nContent-Length:\r\n\r\n")]
#[case("GET / HTTP/1.1\r\r\n\r\n")]
#[case("GET / HTTP/1.1 \r\n\r\n")]
#[case("GET / http/1.1\r\n\r\n")]
#[case("GET / HTTP/1.2\r\n\r\n")]
#[case("GET\t/ HTTP/1.1\r\n\r\n")]
#[case("CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n")]
fn what_is_ambiguous_is_recorded_once_and_goes_nowhere(#[case] request: &str) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let stage = Stage::edge(listener.local_addr().expect("an address"));
    let mut client = stage.client();
    client.send(request);
    let answer = client.rest().0;
    assert!(["400", "501", "505"].iter().any(|status| answer.starts_with(&format!("HTTP/1.1 {status}"))), "{answer}");
    let record = stage.end();
    assert!(matches!(record.only().ending, Ending::Refused(_)), "{:?}", record.only().ending);
    let (kept, sent) = (record.only().request.as_bytes(), request.as_bytes());
    assert!(sent.starts_with(kept) && kept.ends_with(b"\r\n\r\n") || kept == sent, "{}", kept.escape_ascii());
    listener.set_nonblocking(true).expect("an option");
    assert!(listener.accept().is_err(), "nothing went on");
}

#[test]
fn five_hundred_at_once() {
    let stage = Stage::edge(answering(OK));
    let mut clients: Vec<Peer> = (0..500).map(|_| stage.client()).collect();
    for _ in 0..3 {
        for client in &mut clients {
            client.send(GET);
        }
        for client in &mut clients {
            assert!(client.until(b"ok").is_some());
        }
    }
    drop(clients);
    let record = stage.end();
    assert_eq!(record.all().len(), 1500);
    assert!(record.all().iter().all(|seen| seen.edge.as_deref().expect("edge").ending == Ending::Complete));
}
