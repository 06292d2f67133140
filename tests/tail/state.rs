//! One run after another.

use std::fs;

use hopscope::tail::{Event, Note, Options};

use crate::log::{Log, Reader, following};

#[test]
fn what_was_handed_on_before_the_state_was_kept_does_not_come_again_and_all_else_does() {
    let mut log = Log::new();
    let options = Options { state: Some(log.at("state")), ..following() };
    log.write(5);
    let mut first = Reader::open(&log.path(), &options);
    first.look();
    first.tail.save().expect("kept");
    log.write(3);
    // Read, but not kept: the run was ended by force.
    first.look();
    drop(first);
    log.rotate();
    log.write(1);
    log.reopen();
    log.write(2);
    log.compress("access.log.1");
    log.rotate();
    log.reopen();
    log.write(1);
    let mut second = Reader::open(&log.path(), &options);
    second.look();
    assert_eq!(second.seen, (5..12).collect::<Vec<_>>());
    assert_eq!(second.notes, []);
    let kept = fs::read_to_string(log.at("state")).expect("a state");
    assert!(!kept.contains("192.0.2.7"), "addresses are kept: {kept}");
}

#[test]
fn a_state_that_fits_no_file_is_said_and_reading_begins_as_without() {
    let mut log = Log::new();
    let options = Options { state: Some(log.at("state")), ..following() };
    log.write(5);
    let mut first = Reader::open(&log.path(), &options);
    first.look();
    first.tail.save().expect("kept");
    fs::remove_file(log.path()).expect("removed");
    log.reopen();
    log.write(2);
    let mut second = Reader::open(&log.path(), &options);
    second.look();
    assert_eq!(second.seen, [5, 6]);
    assert_eq!(second.notes, [Note::StateUnfit { path: log.path(), state: log.at("state") }]);
}

#[test]
fn two_logs_keep_their_states_in_one_file() {
    let mut log = Log::new();
    let other = log.at("other.log");
    fs::write(&other, crate::log::line(70)).expect("written");
    let options = Options { state: Some(log.at("state")), ..Options::default() };
    log.write(1);
    for (path, count) in [(log.path(), 1), (other.clone(), 1), (log.path(), 0), (other, 0)] {
        let mut reader = Reader::open(&path, &options);
        let mut chunks = 0;
        while let Event::Chunk { .. } = reader.tail.look(reader.now) {
            chunks += 1;
            reader.tail.save().expect("kept");
        }
        assert_eq!(chunks, count, "{}", path.display());
        reader.tail.save().expect("kept");
    }
}

#[test]
fn a_line_without_its_end_comes_whole_with_the_next_run() {
    let log = Log::none();
    let options = Options { state: Some(log.at("state")), ..Options::default() };
    let text = crate::log::line(0) + &crate::log::line(1);
    for (length, seen) in [(text.len() - 5, vec![0]), (text.len(), vec![1]), (text.len(), vec![])] {
        fs::write(log.path(), &text.as_bytes()[..length]).expect("written");
        let mut reader = Reader::open(&log.path(), &options);
        assert!(reader.look());
        reader.tail.save().expect("kept");
        assert_eq!(reader.seen, seen);
    }
}
