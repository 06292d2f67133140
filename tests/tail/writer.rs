//! A writer that does not wait for the reader.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hopscope::tail::{Event, Input, Tail};
use rstest::rstest;

use crate::log::{Log, following, numbers};

const LINES: usize = 20_000;
const ROTATIONS: usize = 5;

#[derive(Clone, Copy, Debug)]
enum Mode {
    Rename,
    Delayed,
    CopyTruncate,
    Regrow,
}

#[rstest]
#[case(Mode::Rename)]
#[case(Mode::Delayed)]
#[case(Mode::CopyTruncate)]
#[case(Mode::Regrow)]
fn no_line_is_lost_and_none_comes_twice_while_the_log_is_rotated(#[case] mode: Mode) {
    let mut log = Log::new();
    let mut tail = Tail::open(&[Input::File(log.path())], following(), None).expect("opened");
    let written = Arc::new(AtomicBool::new(false));
    let writer = std::thread::spawn({
        let written = Arc::clone(&written);
        move || {
            let part = LINES / (ROTATIONS + 1);
            for _ in 0..ROTATIONS {
                (0..part).for_each(|_| log.write(1));
                match mode {
                    Mode::Rename => {
                        log.rotate();
                        log.reopen();
                    }
                    Mode::Delayed => {
                        log.rotate();
                        (0..200).for_each(|_| log.write(1));
                        log.reopen();
                    }
                    Mode::CopyTruncate => log.copy_truncate(),
                    Mode::Regrow => {
                        log.copy_truncate();
                        log.write(part + 1);
                    }
                }
            }
            while log.written() < LINES {
                log.write(1);
            }
            written.store(true, Ordering::Release);
            log
        }
    });
    let mut seen = Vec::new();
    loop {
        let was_written = written.load(Ordering::Acquire);
        match tail.next(Duration::from_millis(50)) {
            Event::Chunk { bytes, .. } => seen.extend(numbers(bytes)),
            Event::Idle if was_written => break,
            Event::Idle | Event::Note(_) => {}
            Event::End => panic!("a log that is followed has no end"),
        }
    }
    let log = writer.join().expect("written");
    let once: BTreeSet<usize> = seen.iter().copied().collect();
    assert_eq!((log.written() - once.len(), seen.len() - once.len()), (0, 0), "lost, twice");
    assert!(seen.is_sorted(), "lines in disorder");
}
