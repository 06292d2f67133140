use std::sync::mpsc as std_mpsc;
use std::thread;

use super::*;
use crate::exchange::{Body, Cut, Framing, Sample, Side};

const BOUNDS: Bounds = Bounds { exchanges: 8, body_bytes: 1000, body_cap: 100 };

fn observed(place: &Place, request_body: Body) -> Observed {
    let half = Sample::new(Side::Edge, "POST / HTTP/1.1").unwrap().with(|half| half.request_body = request_body).half();
    Observed { key: place.key(), pair: None, edge: Some(Box::new(half)), app: None }
}

fn waiting(capture: &Capture) -> usize {
    capture.ledger.body_bytes.load(Ordering::Relaxed)
}

/// Runs the recorder to its end.
fn drain(recorder: Recorder) -> (Vec<Observed>, Losses) {
    let (mut all, mut last) = (Vec::new(), Losses::default());
    recorder.run(|batch, losses| {
        all.extend(batch);
        last = losses;
        true
    });
    (all, last)
}

#[test]
fn a_body_is_kept_up_to_the_cap() {
    for (sizes, kept, cut) in [
        (&[40, 40][..], 80, Cut::No),
        (&[100], 100, Cut::No),
        (&[100, 1], 100, Cut::AtCap),
        (&[60, 60, 9], 100, Cut::AtCap),
    ] {
        let (capture, _recorder) = channel(BOUNDS);
        let mut body = capture.begin().unwrap().body(None);
        for &size in sizes {
            body.pass(&vec![7; size]);
        }
        let total = sizes.iter().sum::<usize>() as u64;
        let seen = body.finish(Framing::Chunked, b"A: b\r\n");
        assert_eq!((seen.kept.len(), seen.total, seen.cut), (kept, total, cut), "{sizes:?}");
        assert_eq!(&*seen.trailers, b"A: b\r\n");
    }
}

#[test]
fn a_body_that_finds_no_memory_is_cut_and_counted() {
    let (capture, recorder) = channel(BOUNDS);
    let mut places: Vec<_> = (0..8).map(|_| capture.begin().unwrap()).collect();
    let bounds = Bounds { body_bytes: 250, ..BOUNDS };
    let mut bodies: Vec<_> = places.iter().map(|_| BodyCapture::new(&capture.ledger, bounds, Some(100))).collect();
    for body in &mut bodies {
        body.pass(&[7; 60]);
        body.pass(&[7; 9]);
    }
    let cuts: Vec<_> = bodies.iter().map(|body| body.snapshot(Framing::None).cut).collect();
    // Three times 69, and a fourth that is turned away at once.
    assert_eq!(cuts, [vec![Cut::No; 3], vec![Cut::Behind; 5]].concat());
    for (place, body) in places.drain(..).zip(&mut bodies) {
        let observed = observed(&place, body.finish(Framing::None, b""));
        place.finish(observed);
    }
    drop(bodies);
    let ledger = Arc::clone(&capture.ledger);
    drop(capture);
    assert_eq!(drain(recorder).1.bodies, 5);
    assert_eq!(ledger.body_bytes.load(Ordering::Relaxed), 0, "all is given back");
}

/// Whatever becomes of it, the memory that a body was promised comes back.
#[test]
fn every_byte_is_given_back() {
    let (capture, recorder) = channel(BOUNDS);
    let dropped = capture.begin().unwrap();
    let mut body = dropped.body(None);
    body.pass(&[7; 90]);
    assert_eq!(waiting(&capture), 90);
    drop((body, dropped));
    assert_eq!(waiting(&capture), 0, "dropped");

    let place = capture.begin().unwrap();
    let mut body = place.body(None);
    body.pass(&[7; 90]);
    place.update(|| observed(&place, body.snapshot(Framing::None)));
    assert_eq!(waiting(&capture), 180, "a snapshot is a copy");
    let ended = observed(&place, body.finish(Framing::None, b""));
    place.finish(ended);
    drop(body);
    assert_eq!(waiting(&capture), 180);

    let ledger = Arc::clone(&capture.ledger);
    drop(capture);
    assert_eq!(drain(recorder).0.len(), 2);
    assert_eq!(ledger.body_bytes.load(Ordering::Relaxed), 0);
}

/// What is lost behind the last exchange that was recorded is told at the end.
#[test]
fn losses_are_told_even_if_nothing_else_is() {
    let (capture, recorder) = channel(BOUNDS);
    capture.pause_switch().set(true);
    assert!(capture.begin().is_none());
    drop(capture);
    assert_eq!(drain(recorder), (vec![], Losses { paused: 1, ..Losses::default() }));
}

/// The recorder stands still; what finds no place is counted, one by one, and what found one is not lost.
#[test]
fn with_a_stalled_recorder_every_loss_is_counted() {
    let (capture, recorder) = channel(BOUNDS);
    let (go, stalled) = std_mpsc::channel::<()>();
    let (taken, took) = std_mpsc::channel();
    let recording = thread::spawn(move || {
        let (mut count, mut last) = (0, Losses::default());
        recorder.run(|batch, losses| {
            (count, last) = (count + batch.len() as u64, losses);
            let _ = taken.send(());
            let _ = stalled.recv();
            true
        });
        (count, last)
    });
    let pass = || {
        capture.begin().is_some_and(|place| {
            let observed = observed(&place, Body::default());
            place.finish(observed);
            true
        })
    };
    assert!(pass());
    took.recv().unwrap();
    let passed = (0..30).filter(|_| pass()).count();
    assert_eq!(passed, BOUNDS.exchanges, "as many as there are places");
    drop(go);
    drop(capture);
    let (count, losses) = recording.join().unwrap();
    assert_eq!((count, losses.exchanges), (9, 22));
}

#[test]
fn snapshots_leave_room_for_endings() {
    let (capture, recorder) = channel(BOUNDS);
    let place = capture.begin().unwrap();
    for _ in 0..100 {
        place.update(|| observed(&place, Body::default()));
    }
    let places: Vec<_> = (0..3).map(|_| capture.begin()).collect();
    assert!(places.iter().all(Option::is_some), "half of the places are left");
    drop(places);

    let body = || Body { kept: vec![7; 400].into(), ..Body::default() };
    for _ in 0..100 {
        place.update(|| observed(&place, body()));
    }
    assert!(waiting(&capture) < BOUNDS.body_bytes + 400, "{}", waiting(&capture));
    drop((place, capture));
    drain(recorder);
}

#[test]
fn without_a_recorder_everything_is_lost_and_counted() {
    let (capture, recorder) = channel(BOUNDS);
    drop(recorder);
    assert!(capture.begin().is_none());
    assert_eq!(capture.ledger.losses().exchanges, 1);
}
