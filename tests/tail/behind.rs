//! A reader that is slow: everything may happen between two looks, and between two runs.

use std::time::Duration;

use hopscope::tail::{Note, Options};
use proptest::prelude::*;

use crate::log::{Log, Reader, following};

/// What may happen to a log.
#[derive(Clone, Debug)]
enum Step {
    Write(usize),
    /// Renamed, so many late lines, a new file.
    Rename(usize),
    /// Copied and emptied, and so many lines at once.
    CopyTruncate(usize),
    /// The newest rotated file is compressed.
    Compress,
    /// The same lines in a new file, and the reader looks before that is rotated.
    Replace,
    /// The reader looks, so many seconds later.
    Look(u64),
    /// The reader ends and begins again where its state says.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (1..40_usize).prop_map(Step::Write),
        2 => (0..3_usize).prop_map(Step::Rename),
        2 => (0..40_usize).prop_map(Step::CopyTruncate),
        2 => Just(Step::Compress),
        1 => Just(Step::Replace),
        4 => (0..3_u64).prop_map(Step::Look),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_line_once_and_in_order_whatever_happens_between_two_looks(steps in steps()) {
        let mut log = Log::new();
        log.write(1);
        let options = Options { state: Some(log.at("state")), ..following() };
        let mut reader = Reader::open(&log.path(), &options);
        reader.look();
        for step in steps {
            match step {
                Step::Write(count) => log.write(count),
                Step::Rename(late) => {
                    log.rotate();
                    log.write(late);
                    log.reopen();
                }
                Step::CopyTruncate(count) => {
                    log.copy_truncate();
                    log.write(count);
                }
                Step::Compress => {
                    if log.at("access.log.1").exists() {
                        log.compress("access.log.1");
                    }
                }
                Step::Replace => {
                    std::fs::copy(log.path(), log.at("copy")).expect("copied");
                    log.rename("copy", "access.log");
                    log.reopen();
                    reader.look();
                }
                Step::Look(seconds) => reader.look_after(Duration::from_secs(seconds)),
                Step::Restart => {
                    reader.tail.save().expect("the state is kept");
                    let again = Reader::open(&log.path(), &options);
                    reader = Reader { seen: reader.seen, now: reader.now, ..again };
                }
            }
        }
        reader.look();
        let fault = reader.notes.iter().find(|note| matches!(note, Note::StateUnfit { .. } | Note::Unreadable(..)));
        prop_assert_eq!(fault, None);
        prop_assert_eq!(reader.seen, (0..log.written()).collect::<Vec<_>>());
    }
}

#[test]
fn files_that_came_and_went_between_two_looks_are_found_and_named() {
    let mut log = Log::new();
    let mut reader = Reader::follow(&log.path());
    log.write(2);
    reader.look();
    for _ in 0..3 {
        log.rotate();
        log.write(1);
        log.reopen();
        log.write(2);
        log.compress("access.log.1");
    }
    reader.look();
    assert_eq!(reader.seen, (0..11).collect::<Vec<_>>());
    let missed = [Note::CaughtUp(log.at("access.log.2.gz")), Note::CaughtUp(log.at("access.log.1.gz"))];
    reader.notes.retain(|note| matches!(note, Note::CaughtUp(_)));
    assert_eq!(reader.notes, missed);
}
