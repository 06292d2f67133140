//! `hopscope logs` in a terminal: what a log says, a row looked into and left again, and a line on screen as it is written.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use rstest::rstest;

use super::terminal::assert_as_it_was;
use crate::support::place::wait_for;
use crate::support::screen::Screen;

fn append(log: &Path, path: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(log).expect("a log");
    let line = format!(
        "203.0.113.7 - - [20/Nov/2026:09:26:05 +0000] \"GET {path} HTTP/1.1\" 200 3 \"-\" \"Mozilla/5.0 Firefox/126.0\"\n"
    );
    file.write_all(line.as_bytes()).expect("a log that takes lines");
}

fn is_gone(screen: &Screen, words: &str) {
    wait_for(&format!("{words:?} to leave the screen"), || (!screen.text().contains(words)).then_some(()));
}

#[rstest]
#[case::wide(120, 36)]
#[case::middle(100, 30)]
#[case::small(80, 24)]
fn a_row_is_looked_into_and_a_new_line_appears(#[case] columns: u16, #[case] rows: u16) {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("access.log");
    for path in ["/products", "/basket", "/products", "/products"] {
        append(&log, path);
    }
    let mut screen = Screen::start(columns, rows, &["logs", "-f", &log.to_string_lossy()]);
    screen.shows("/basket");
    screen.press("\r");
    screen.shows("filter: path");
    is_gone(&screen, "/basket");
    screen.press("\x7f");
    screen.shows("/basket");
    append(&log, "/later");
    screen.shows("/later");
    screen.press("q");
    let (code, terminal) = screen.ended();
    assert_eq!(code, 0);
    assert_as_it_was(&terminal);
}

/// A log may hold what a terminal obeys: as it was written, and escaped by the server.
#[test]
fn nothing_of_a_log_reaches_the_terminal_raw() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("access.log");
    append(&log, "/first");
    append(&log, "/\x1b]0;owned\x07");
    append(&log, r"/\x1B]0;owned\x07");
    append(&log, "/last");
    let mut screen = Screen::start(120, 36, &["logs", &log.to_string_lossy()]);
    for keys in ["", "r", "U"] {
        screen.press(keys);
        screen.shows("owned");
        assert!(!screen.settled().screen().contents().is_empty());
        assert!(!screen.bytes().windows(9).any(|bytes| bytes == b"\x1b]0;owned"), "the title of the window was set");
    }
    screen.press("q");
    assert_eq!(screen.ended().0, 0);
}
