//! After a `101`: each direction ends by itself, as between the two peers alone.

use std::net::{Shutdown, SocketAddr};
use std::thread;
use std::time::Duration;

use hopscope::exchange::{Ending, Phase};
use hopscope::proxy::Limits;

use crate::stage::{Peer, Stage, serve};

const ASK: &str = "GET /t HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

fn switching(then: impl Fn(Peer) + Send + Sync + 'static) -> SocketAddr {
    serve(move |_, mut peer| {
        peer.head();
        peer.send(SWITCH);
        then(peer);
    })
}

fn open(stage: &Stage) -> Peer {
    let mut client = stage.client();
    client.send(ASK);
    assert_eq!(client.head().as_deref(), Some(SWITCH));
    client
}

#[test]
fn the_upstream_may_end_first() {
    let (told, heard) = std::sync::mpsc::channel();
    let stage = Stage::edge(switching(move |mut peer| {
        peer.send("last words");
        peer.stream.shutdown(Shutdown::Write).expect("open");
        told.send(peer.rest()).expect("somebody listens");
    }));
    let mut client = open(&stage);
    assert_eq!(client.rest(), ("last words".to_owned(), true));
    thread::sleep(Duration::from_millis(50));
    assert!(client.send("and mine"));
    drop(client);
    assert_eq!(heard.recv().expect("told"), ("and mine".to_owned(), true));
    assert_eq!(stage.end().only().ending, Ending::Complete);
}

#[test]
fn the_client_may_end_first() {
    let stage = Stage::edge(switching(|mut peer| {
        let (heard, in_order) = peer.rest();
        assert!(in_order);
        thread::sleep(Duration::from_millis(50));
        peer.send(format!("heard {heard}"));
    }));
    let mut client = open(&stage);
    client.send("hello");
    client.stream.shutdown(Shutdown::Write).expect("open");
    assert_eq!(client.rest(), ("heard hello".to_owned(), true));
    assert_eq!(stage.end().only().ending, Ending::Complete);
}

#[test]
fn a_reset_is_told_as_one() {
    for by_client in [true, false] {
        let stage = Stage::edge(switching(move |mut peer| {
            peer.exactly(1);
            if by_client {
                peer.rest();
            } else {
                peer.reset();
            }
        }));
        let mut client = open(&stage);
        client.send("x");
        if by_client {
            thread::sleep(Duration::from_millis(50));
            client.reset();
        } else {
            client.rest();
        }
        thread::sleep(Duration::from_millis(100));
        match &stage.end().only().ending {
            Ending::ClientGone(Phase::Tunnel) if by_client => {}
            Ending::UpstreamGone(Phase::Tunnel, _) if !by_client => {}
            other => panic!("{by_client} {other:?}"),
        }
    }
}

/// Many close with bytes unread, which resets; the other side has ended by then.
#[test]
fn a_reset_behind_an_end_is_an_end() {
    for client_first in [true, false] {
        let stage = Stage::edge(switching(move |mut peer| {
            if client_first {
                peer.rest();
                peer.reset();
            }
        }));
        let mut client = open(&stage);
        if client_first {
            client.stream.shutdown(Shutdown::Write).expect("open");
            client.rest();
        } else {
            client.rest();
            client.reset();
        }
        thread::sleep(Duration::from_millis(50));
        assert_eq!(stage.end().only().ending, Ending::Complete, "the client first: {client_first}");
    }
}

/// Open both ways a tunnel may be silent for ever; half closed, it is somebody's leftover.
#[test]
fn a_half_closed_tunnel_does_not_stay_for_ever() {
    let stage = Stage::limited(
        switching(|mut peer| {
            peer.rest();
            thread::sleep(Duration::from_secs(10));
        }),
        Limits { idle: Duration::from_millis(400), ..Limits::default() },
    );
    let mut client = open(&stage);
    thread::sleep(Duration::from_millis(900));
    assert!(client.send("still here"));
    client.stream.shutdown(Shutdown::Write).expect("open");
    assert_eq!(client.rest().0, "");
    assert_eq!(stage.end().only().ending, Ending::TimedOut(Phase::Tunnel));
}

/// Both sides may speak in the packet of the handshake.
#[test]
fn what_comes_with_the_handshake_goes_on() {
    let stage = Stage::edge(serve(|_, mut peer| {
        peer.head();
        peer.send(format!("{SWITCH}\u{1}\u{2}hi"));
        peer.exactly(11).expect("sent ahead");
    }));
    let mut client = stage.client();
    // A masked text frame "Hello", as in RFC 6455 section 5.7.
    client.send([ASK.as_bytes(), b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"].concat());
    assert_eq!(client.head().as_deref(), Some(SWITCH));
    assert_eq!(client.rest(), ("\u{1}\u{2}hi".to_owned(), true));
    drop(client);
    let record = stage.end();
    let tunnel = record.only().tunnel.as_deref().expect("a tunnel");
    assert_eq!((tunnel.up.frames, tunnel.up.messages, tunnel.up.bytes), (1, 1, 11));
    assert_eq!((tunnel.down.frames, tunnel.down.messages, tunnel.down.bytes), (1, 1, 4));
    let mut previews: Vec<_> = tunnel.recent.iter().map(|frame| &*frame.preview).collect();
    previews.sort_unstable();
    assert_eq!(previews, [&b"Hello"[..], b"hi"]);
}

#[test]
fn a_refused_upgrade_keeps_the_connection() {
    let stage = Stage::edge(serve(|number, mut peer| {
        assert_eq!(number, 0, "one connection");
        while peer.head().is_some() {
            peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
        }
    }));
    let mut client = stage.client();
    for _ in 0..3 {
        client.send(ASK);
        assert!(client.until(b"\r\n\r\nno").is_some());
    }
    assert_eq!(stage.end().all().len(), 3);
}
