//! Bodies of any size pass in flat memory, whatever a slow reader does.

use std::thread;
use std::time::Duration;

use super::tap;
use crate::support::http::{Client, Kind};
use crate::support::upstream::{Next, Upstream};

const MIB: u64 = 1024 * 1024;
const BODY: u64 = 200 * MIB;

/// What a debug build may hold while two hundred MiB pass.
const FLAT: u64 = 48 * MIB;

#[test]
fn a_large_response_passes_in_flat_memory() {
    let upstream = Upstream::start(|visit| {
        visit.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {BODY}\r\n\r\n"));
        let piece = vec![b'x'; usize::try_from(MIB).expect("small")];
        for _ in 0..BODY / MIB {
            visit.send(&piece);
        }
        Next::Keep
    });
    let (hopscope, tap) = tap(&upstream);
    let before = hopscope.program().resident();
    let mut client = Client::to(tap);
    client.send("GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
    client.head();
    // Nobody reads: what the upstream could send by now must not pile up here.
    thread::sleep(Duration::from_secs(1));
    let mut most = hopscope.program().resident();
    let mut left = BODY;
    while left > 0 {
        let piece = left.min(4 * MIB);
        client.reader().exactly(usize::try_from(piece).expect("small")).expect("the whole body");
        left -= piece;
        most = most.max(hopscope.program().resident());
    }
    assert!(most < before + FLAT, "{} MiB before, {} MiB while it passed", before / MIB, most / MIB);
    assert_eq!(hopscope.line("/large").at("/response/status").as_u64(), Some(200));
}

#[test]
fn a_large_request_passes_in_flat_memory() {
    let upstream = Upstream::start(|visit| {
        thread::sleep(Duration::from_secs(1));
        let mut length = 0;
        while length < BODY {
            length += visit.reader().exactly(1024 * 1024).map_or(BODY, |piece| piece.len() as u64);
        }
        visit.send(format!("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{:03}", length / MIB));
        Next::Keep
    });
    let (hopscope, tap) = tap(&upstream);
    let before = hopscope.program().resident();
    let mut client = Client::to(tap);
    client.send(format!("POST /large HTTP/1.1\r\nHost: h\r\nContent-Length: {BODY}\r\n\r\n"));
    let piece = vec![b'x'; usize::try_from(MIB).expect("small")];
    let mut most = before;
    for _ in 0..BODY / MIB {
        client.send(&piece);
        most = most.max(hopscope.program().resident());
    }
    let mut answer = client.head();
    client.reader().body(&mut answer, Kind::Response).expect("the body");
    assert_eq!(answer.text(), "200");
    assert!(most < before + FLAT, "{} MiB before, {} MiB while it passed", before / MIB, most / MIB);
}
