//! Each way to rotate, step by step.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::time::Duration;

use hopscope::tail::{Input, Options, Tail};
use hopscope::tail::{Note, TailError};

use crate::log::{Log, Reader, following, line, numbers};

fn upto(count: usize) -> Vec<usize> {
    (0..count).collect()
}

#[test]
fn late_lines_of_a_renamed_file_come_before_those_of_the_new_one() {
    let mut log = Log::new();
    let mut reader = Reader::follow(&log.path());
    log.write(3);
    reader.look();
    log.rotate();
    log.write(2);
    reader.look();
    assert_eq!(reader.seen, upto(5));
    log.write(1);
    log.reopen();
    log.write(2);
    reader.look();
    assert_eq!(reader.seen, upto(8));
    assert_eq!(reader.notes, [Note::Rotated(log.path())]);
}

#[test]
fn the_old_file_is_kept_until_the_new_one_has_something_and_a_second_was_silent() {
    let mut log = Log::new();
    let mut reader = Reader::follow(&log.path());
    log.write(1);
    log.rotate();
    fs::write(log.path(), "").expect("created by the rotation, and the writer was not told");
    reader.look_after(Duration::from_secs(60));
    log.write(1);
    reader.look_after(Duration::from_secs(60));
    assert_eq!(reader.seen, upto(2));
    log.reopen();
    log.write(1);
    reader.look();
    reader.look_after(Duration::from_secs(2));
    assert_eq!(reader.seen, upto(3));
    // Left now: what nobody should write there any more is not read.
    let mut old = fs::OpenOptions::new().append(true).open(log.at("access.log.1")).expect("the old file");
    old.write_all(line(99).as_bytes()).expect("written");
    reader.look();
    assert_eq!(reader.seen, upto(3));
}

#[test]
fn what_was_unread_when_a_file_was_emptied_is_in_the_copy() {
    let mut log = Log::new();
    let mut reader = Reader::follow(&log.path());
    log.write(4);
    reader.look();
    log.write(4);
    log.copy_truncate();
    log.write(2);
    reader.look();
    assert_eq!(reader.seen, upto(10));
    assert_eq!(reader.notes, [Note::Truncated { path: log.path(), recovered: Some(log.at("access.log.1")) }]);
}

#[test]
fn a_file_that_grew_past_its_old_length_was_still_emptied() {
    let mut log = Log::new();
    let mut reader = Reader::follow(&log.path());
    log.write(4);
    reader.look();
    log.write(1);
    log.copy_truncate();
    log.write(40);
    reader.look();
    assert_eq!(reader.seen, upto(45));
}

#[test]
fn emptied_without_a_copy_is_said_and_read_from_its_beginning() {
    let mut log = Log::new();
    let mut reader = Reader::follow(&log.path());
    log.write(4);
    reader.look();
    fs::write(log.path(), "").expect("emptied");
    log.write(2);
    reader.look();
    assert_eq!(reader.seen, upto(6));
    assert_eq!(reader.notes, [Note::Truncated { path: log.path(), recovered: None }]);
}

#[test]
fn the_hole_that_a_writer_with_a_place_of_its_own_leaves_is_no_line() {
    let log = Log::none();
    let mut writer = fs::File::create(log.path()).expect("created");
    let mut reader = Reader::follow(&log.path());
    for number in 0..5000 {
        writer.write_all(line(number).as_bytes()).expect("written");
    }
    reader.look();
    fs::OpenOptions::new().write(true).truncate(true).open(log.path()).expect("emptied");
    writer.write_all(line(5000).as_bytes()).expect("written behind a hole");
    reader.look();
    writer.write_all(line(5001).as_bytes()).expect("written");
    reader.look();
    assert_eq!(reader.seen, upto(5002));
}

#[test]
fn another_file_in_its_place_is_read_and_the_same_lines_in_a_new_file_are_not() {
    let mut log = Log::new();
    let mut reader = Reader::follow(&log.path());
    log.write(3);
    reader.look();
    // As rsync does it: the old lines and more in a new file.
    let grown: String = (0..5).map(line).collect();
    fs::write(log.at(".access.log.x"), grown).expect("written");
    log.rename(".access.log.x", "access.log");
    reader.look();
    assert_eq!(reader.seen, upto(5));
    assert_eq!(reader.notes, []);
    fs::write(log.at("new"), line(5)).expect("written");
    log.rename("new", "access.log");
    reader.look();
    assert_eq!(reader.seen, upto(6));
    assert_eq!(reader.notes, [Note::Rotated(log.path())]);
}

#[test]
fn a_file_that_is_not_there_yet_and_a_folder_that_goes_and_comes_back() {
    let mut log = Log::none();
    let path = log.at("logs").join("access.log");
    let mut reader = Reader::follow(&path);
    reader.look();
    assert_eq!(reader.notes, [Note::Gone(path.clone())]);
    fs::create_dir(log.at("logs")).expect("a folder");
    fs::write(&path, line(0)).expect("written");
    reader.look();
    fs::remove_dir_all(log.at("logs")).expect("removed");
    reader.look();
    reader.look_after(Duration::from_secs(3));
    fs::create_dir(log.at("logs")).expect("a folder");
    fs::write(&path, line(1)).expect("written");
    reader.look();
    assert_eq!(reader.seen, upto(2));
    let gone = Note::Gone(path.clone());
    let back = Note::Back(path.clone());
    assert_eq!(reader.notes, [gone.clone(), back.clone(), gone, back, Note::Rotated(path)]);
    log.reopen();
}

#[test]
fn a_new_file_with_the_inode_of_the_old_one_is_a_new_file() {
    let log = Log::none();
    fs::write(log.path(), line(0)).expect("written");
    let mut reader = Reader::follow(&log.path());
    reader.look();
    for number in 1..5 {
        let before = fs::metadata(log.path()).expect("there").ino();
        fs::remove_file(log.path()).expect("removed");
        fs::write(log.path(), line(number)).expect("written");
        reader.look_after(Duration::from_secs(2));
        // The reader still holds it, so the system cannot give its number away.
        assert_ne!(fs::metadata(log.path()).expect("there").ino(), before);
    }
    assert_eq!(reader.seen, upto(5));
}

#[test]
fn a_link_that_is_swapped_leads_to_the_next_file_and_what_lies_beside_it() {
    let log = Log::none();
    for (folder, from) in [("a", 0), ("b", 4)] {
        fs::create_dir(log.at(folder)).expect("a folder");
        let text: String = (from..from + 2).map(line).collect();
        fs::write(log.at(folder).join("0.log"), text).expect("written");
    }
    symlink(log.at("a/0.log"), log.path()).expect("a link");
    let mut reader = Reader::follow(&log.path());
    reader.look();
    // The kubelet renames the file behind the link.
    log.rename("a/0.log", "a/0.log.20261121-101500");
    fs::write(log.at("a/0.log"), line(2)).expect("written");
    reader.look();
    let mut old = fs::OpenOptions::new().append(true).open(log.at("a/0.log")).expect("the old file");
    old.write_all(line(3).as_bytes()).expect("written");
    symlink(log.at("b/0.log"), log.at("next")).expect("a link");
    log.rename("next", "access.log");
    reader.look();
    assert_eq!(reader.seen, upto(6));
}

#[test]
fn a_line_is_given_when_it_is_whole() {
    let log = Log::none();
    let mut writer = fs::File::create(log.path()).expect("created");
    let mut reader = Reader::follow(&log.path());
    let (first, second) = (line(0), line(1));
    let text = first + &second;
    for piece in text.as_bytes().chunks(7) {
        writer.write_all(piece).expect("written");
        reader.look();
    }
    assert_eq!(reader.seen, upto(2));
}

#[test]
fn a_line_longer_than_any_chunk_comes_in_pieces_and_is_bounded() {
    let log = Log::none();
    let mut text = vec![b'x'; 3 << 20];
    text.extend_from_slice(b"\nend\n");
    fs::write(log.path(), &text).expect("written");
    let mut tail = Tail::open(&[Input::File(log.path())], Options::default(), None).expect("opened");
    let mut all = Vec::new();
    loop {
        match tail.look(std::time::Instant::now()) {
            hopscope::tail::Event::Chunk { bytes, .. } => {
                assert!(bytes.len() <= 1 << 20, "{} bytes at once", bytes.len());
                all.extend_from_slice(bytes);
            }
            hopscope::tail::Event::End => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(all == text, "{} of {} bytes", all.len(), text.len());
}

#[test]
fn what_cannot_be_read_is_named_with_the_way_out() {
    let log = Log::new();
    let error = |path: &std::path::Path, options: Options| {
        Tail::open(&[Input::File(path.to_owned())], options, None).err().expect("an error").to_string()
    };
    let folder = error(log.folder(), following());
    assert!(folder.contains("is a directory; name a log in it, e.g. ") && folder.ends_with("access.log"), "{folder}");
    let missing = error(&log.at("none.log"), Options::default());
    assert!(missing.contains("none.log: no such file") && missing.contains("-f"), "{missing}");
    fs::write(log.at("state"), "{\"version\":7,\"logs\":{}}").expect("written");
    let state = error(&log.path(), Options { state: Some(log.at("state")), ..Options::default() });
    assert!(state.contains("version 7") && state.contains("remove it"), "{state}");
    fs::write(log.at("old.log.bz2"), "BZh91AY&SY").expect("written");
    let other = error(&log.at("old.log.bz2"), Options::default());
    assert!(other.contains("bzip2 -dc"), "{other}");
    assert!(matches!(
        Tail::open(&[Input::File(log.at("none.log"))], Options::default(), None),
        Err(TailError::Missing(_))
    ));
}

#[test]
fn it_is_stopped_from_another_thread() {
    let log = Log::new();
    let mut reader = Reader::follow(&log.path());
    let stopper = reader.tail.stopper();
    let thread = std::thread::spawn(move || {
        // Without an end it would wait for ever.
        while !matches!(reader.tail.next(Duration::from_secs(3600)), hopscope::tail::Event::End) {}
    });
    stopper.stop();
    thread.join().expect("it ends");
}

#[test]
fn a_last_line_without_its_end_is_one_once_there_is_an_end_to_reading() {
    let log = Log::none();
    let whole = line(0) + line(1).trim_end();
    fs::write(log.path(), &whole).expect("written");
    let tail = Tail::open(&[Input::File(log.path())], Options::default(), None).expect("opened");
    assert_eq!(numbers(&crate::log::all_of(tail).0), upto(2));
}
