//! What a log should never hold, and what is no log: a clear word, the right exit code, and neither the terminal nor memory
//! takes harm.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use rstest::rstest;

use super::logs::{Following, report, run, run_with};
use super::site::write;
use super::support::hopscope::BINARY;
use super::support::screen::Screen;

/// A line of combined.
fn line(path: &[u8]) -> Vec<u8> {
    let before = b"203.0.113.7 - - [20/Nov/2026:09:14:51 +0000] \"GET ";
    [&before[..], path, b" HTTP/1.1\" 200 512 \"-\" \"curl/8\"\n"].concat()
}

/// Good lines with hostile ones between them; and how many can be read.
fn hostile() -> (Vec<u8>, u64) {
    let long = |fill: u8, count: usize| [&b"/"[..], &vec![fill; count]].concat();
    let lines: Vec<Vec<u8>> = vec![
        line(b"/first"),
        line(b"/\x1b[2J\x1b]0;owned\x07\x1b[31mred"),
        line(b"/\xc2\x9b31m/\xff\xfe/\xe2\x80\xae/x"),
        line(b"/escaped\\x1B[2J\\x0D\\x0A"),
        line(&long(b'a', 10 << 20)),
        [b"\0".repeat(70_000), b"\n".to_vec()].concat(),
        line(b"/nul\0in/the\0middle"),
        line(b"/crlf").strip_suffix(b"\n").map(|line| [line, b"\r\n"].concat()).expect("a line"),
        b"\x1b[31mno line at all\x1b[0m\n".to_vec(),
        b"\n\n".to_vec(),
        line(b"/last"),
    ];
    // Of the longest the beginning is kept, which has no status; NULs, no line, and the two that are empty cannot be read.
    (lines.concat(), 7)
}

/// True if a terminal would obey this text.
fn is_obeyed(text: &str) -> bool {
    text.chars().any(|c| (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{202a}'..='\u{202e}'))
}

#[rstest]
#[case::text("text")]
#[case::markdown("md")]
#[case::json("json")]
#[case::lines("jsonl")]
#[case::page("html")]
fn no_format_passes_on_what_a_terminal_obeys(#[case] format: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(&folder.path().join("access.log"), hostile().0);
    let ran = run(folder.path(), &["access.log", "--log-format", "combined", "--format", format, "--top", "50", "-v"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let out = String::from_utf8(ran.out).expect("UTF-8");
    let (first, last) = (out.contains("/first"), out.contains("/last"));
    assert!(first && last, "{out}");
    let at = out.lines().find(|line| is_obeyed(line));
    assert!(at.is_none() && !is_obeyed(&ran.err), "{at:?} {:?}", ran.err);
    assert!(out.len() < 1 << 20, "{} bytes are written about ten long lines", out.len());
}

#[test]
fn every_good_line_between_them_is_counted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (text, good) = hostile();
    write(&folder.path().join("access.log"), &text);
    for arguments in [&["access.log"][..], &["access.log", "--log-format", "combined"]] {
        let report = report(folder.path(), arguments);
        assert_eq!(report["lines"], good, "{arguments:?} {}", report["read"]);
        assert_eq!(report["sources"][0]["format"], "combined", "{arguments:?}");
    }
}

#[test]
fn a_terminal_is_left_as_it_was() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = folder.path().join("access.log");
    write(&log, hostile().0);
    for (columns, rows) in [(80, 24), (120, 36), (40, 12)] {
        let name = log.display().to_string();
        let mut screen = Screen::start(columns, rows, &["logs", &name, "--log-format", "combined", "--format", "text"]);
        let (code, _) = screen.ended();
        let bytes = screen.bytes();
        assert_eq!(code, 0, "{}", screen.text());
        // Colours are its own; nothing else that begins with ESC.
        let text = String::from_utf8(bytes).expect("UTF-8");
        let own = |piece: &str| {
            let rest = piece.strip_prefix('[').unwrap_or("?");
            rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').starts_with('m')
        };
        let strange = text.split('\u{1b}').skip(1).find(|piece| !own(piece));
        assert!(strange.is_none() && !text.contains('\u{9b}') && !text.contains("owned\u{7}"), "{strange:?}");
    }
}

#[test]
fn memory_is_flat_whatever_the_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = folder.path().join("access.log");
    // A line of 200 MB, of NULs that take no room on the disk: what copytruncate leaves behind a writer that does not append.
    write(&log, line(b"/first"));
    let file = File::options().write(true).open(&log).expect("a file of ours");
    file.set_len(200 << 20).expect("room for nothing");
    drop(file);
    let mut file = File::options().append(true).open(&log).expect("a file of ours");
    file.write_all(&[b"\n".to_vec(), line(b"/last")].concat()).expect("room");
    let name = log.display().to_string();
    let mut following = Following::start(&["--log-format", "combined", &name]);
    following.sees("/last");
    let resident = following.program().resident();
    assert!(resident < 64 << 20, "{resident} bytes");
    assert_eq!(following.interrupt().code(), Some(130));
    assert_eq!(following.paths().first().map(String::as_str), Some("/first"));
}

/// What is no log: its name, what it holds, the exit code, and what must be said of it.
#[rstest]
#[case::missing("none.log", None, 4, "no such file")]
#[case::folder(".", None, 4, "is a directory")]
#[case::program("program", Some(&b"\x7fELF\x02\x01\x01\0\0\0\0\0\n\0\0\x03\0>\0\x01\n\xff\xfe\n"[..]), 2, "no format that is known fits")]
#[case::prose("prose", Some(&b"This is a text.\nIt has lines.\n"[..]), 2, "--log-format")]
#[case::code("page.html", Some(&b"<html>\n<body>\n</html>\n"[..]), 2, "--nginx-conf")]
fn what_is_no_log_is_said(#[case] name: &str, #[case] content: Option<&[u8]>, #[case] code: i32, #[case] words: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    if let Some(content) = content {
        write(&folder.path().join(name), content);
    }
    let ran = run(folder.path(), &[name]);
    assert_eq!(ran.code, Some(code), "{}", ran.err);
    assert!(ran.err.contains(words) && ran.err.contains(name) && ran.out.is_empty(), "{}", ran.err);
    assert!(ran.err.starts_with("hopscope: ") && !is_obeyed(&ran.err), "{}", ran.err);
}

#[test]
fn an_empty_log_is_not_called_healthy() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(&folder.path().join("empty.log"), "");
    let ran = run(folder.path(), &["empty.log"]);
    let text = String::from_utf8(ran.out).expect("UTF-8");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert!(text.contains("0 lines") && !text.contains("no cause found"), "{text}");
    write(&folder.path().join("other.log"), "This is a text.\nIt has lines.\n");
    let ran = run(folder.path(), &["other.log", "--log-format", "combined"]);
    let text = String::from_utf8(ran.out).expect("UTF-8");
    assert!(text.contains("2 lines could not be read") && !text.contains("no cause found"), "{text}");
}

#[test]
fn what_may_not_be_read_is_said() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = folder.path().join("access.log");
    write(&log, line(b"/first"));
    fs::set_permissions(&log, fs::Permissions::from_mode(0o000)).expect("a file of ours");
    if File::open(&log).is_ok() {
        // root may read everything.
        return;
    }
    let ran = run(folder.path(), &["access.log"]);
    assert_eq!(ran.code, Some(4));
    assert!(ran.err.contains("access.log") && ran.err.to_lowercase().contains("permission denied"), "{}", ran.err);
}

#[test]
fn pipes_are_read_to_their_end() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let made = Command::new("mkfifo").arg(folder.path().join("fifo")).status().expect("mkfifo");
    assert!(made.success());
    let path = folder.path().join("fifo");
    let writer = std::thread::spawn(move || {
        let mut fifo = File::options().write(true).open(path).expect("a fifo");
        fifo.write_all(&line(b"/first").repeat(3)).expect("it reads");
    });
    let ran = run(folder.path(), &["fifo", "--format", "jsonl"]);
    writer.join().expect("it has written");
    let count = |out: &[u8]| out.split_inclusive(|&byte| byte == b'\n').count();
    assert_eq!((ran.code, count(&ran.out)), (Some(0), 3), "{}", ran.err);
    write(&folder.path().join("access.log"), line(b"/first").repeat(5));
    let input = File::open(folder.path().join("access.log")).expect("a file of ours");
    let ran = run_with(folder.path(), &["-", "--format", "jsonl"], input);
    assert_eq!((ran.code, count(&ran.out)), (Some(0), 5), "{}", ran.err);
}

#[test]
fn a_reader_that_goes_away_is_a_quiet_end() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(&folder.path().join("access.log"), line(b"/first").repeat(5000));
    for format in ["jsonl", "json", "text"] {
        let mut child = Command::new(BINARY)
            .args(["logs", "access.log", "--format", format])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let mut first = [0; 10];
        child.stdout.take().expect("a pipe").read_exact(&mut first).expect("its first words");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{format}");
    }
}

#[rstest]
#[case::no_file(&[], "which log?")]
#[case::no_format(&["--log-format", "combind", "access.log"], "combined")]
#[case::no_flag(&["--folow", "access.log"], "--follow")]
#[case::no_filter(&["--filter", "status>>4", "access.log"], "--filter")]
#[case::no_time(&["--since", "yesterday", "access.log"], "15m")]
#[case::no_conf(&["--nginx-conf", "none.conf"], "none.conf")]
fn what_is_typed_wrong_is_said(#[case] arguments: &[&str], #[case] words: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(&folder.path().join("access.log"), line(b"/first"));
    let said = if arguments.is_empty() {
        // Without a terminal it would read its standard input.
        let mut screen = Screen::start(80, 24, &["logs"]);
        let (code, _) = screen.ended();
        assert_eq!(code, 2);
        screen.text()
    } else {
        let ran = run(folder.path(), arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?} {}", ran.err);
        ran.err
    };
    assert!(said.contains(words), "{arguments:?}: {said}");
}
