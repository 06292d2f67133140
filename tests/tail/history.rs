//! Rotated and compressed files, streams, and several logs at once.

use std::fs;
use std::process::Command;

use flate2::read::GzDecoder;
use hopscope::tail::{Input, Note, Options, Tail};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use crate::log::{Log, all_of, following, gzip, line, numbers};

fn lines(from: usize, to: usize) -> Vec<u8> {
    (from..to).map(line).collect::<String>().into_bytes()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    compress_to_vec(text, CompressionLevel::Fastest)
}

fn history() -> Options {
    Options { history: true, ..Options::default() }
}

fn read(path: std::path::PathBuf, options: Options) -> (Vec<u8>, Vec<Note>) {
    all_of(Tail::open(&[Input::File(path)], options, None).expect("opened"))
}

#[test]
fn rotated_files_are_read_oldest_first_whatever_they_are_compressed_with() {
    let log = Log::none();
    fs::write(log.at("access.log.10.gz"), gzip(&lines(0, 5000))).expect("written");
    let members = [gzip(&lines(5000, 5010)), gzip(b""), gzip(&lines(5010, 5020))].concat();
    fs::write(log.at("access.log.9.gz"), members).expect("written");
    // A frame to be skipped stands between two others: RFC 8878 section 3.1.2.
    let skipped = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0][..], b"abc"].concat();
    let frames = [zstd(&lines(5020, 9000)), skipped, zstd(&lines(9000, 9010))].concat();
    fs::write(log.at("access.log.3.zst"), frames).expect("written");
    fs::write(log.at("access.log.1"), lines(9010, 9011)).expect("written");
    fs::write(log.path(), lines(9011, 9012)).expect("written");
    fs::write(log.at("error.log.1"), "not ours\n").expect("written");
    let (all, notes) = read(log.path(), history());
    assert_eq!(numbers(&all), (0..9012).collect::<Vec<_>>());
    assert_eq!(notes, []);
    assert_eq!(numbers(&read(log.path(), Options::default()).0), [9011]);
    assert_eq!(numbers(&read(log.at("access.log.3.zst"), Options::default()).0), (5020..9010).collect::<Vec<_>>());
}

#[test]
fn of_a_file_and_its_compressed_self_one_is_read() {
    let log = Log::none();
    fs::write(log.at("access.log.1"), lines(0, 9)).expect("written");
    fs::write(log.at("access.log.1.gz"), gzip(&lines(0, 4))).expect("still being compressed");
    fs::write(log.path(), lines(9, 12)).expect("written");
    assert_eq!(numbers(&read(log.path(), history()).0), (0..12).collect::<Vec<_>>());
}

#[test]
fn a_damaged_file_gives_what_it_has_and_is_named() {
    let log = Log::none();
    let whole = gzip(&lines(0, 5000));
    fs::write(log.at("access.log.1.gz"), &whole[..whole.len() / 2]).expect("written");
    fs::write(log.path(), lines(5000, 5001)).expect("written");
    let (all, notes) = read(log.path(), history());
    let mut there = Vec::new();
    let _ = std::io::copy(&mut GzDecoder::new(&whole[..whole.len() / 2]), &mut there);
    assert!(there.len() > 1000 && all.starts_with(&there), "{} of {} bytes", all.len(), there.len());
    assert!(all.ends_with(&lines(5000, 5001)));
    assert!(matches!(&notes[..], [Note::Unreadable(path, _)] if *path == log.at("access.log.1.gz")), "{notes:?}");
}

#[test]
fn a_pipe_is_read_to_its_end_and_unpacked() {
    let log = Log::none();
    let pipe = log.at("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    let writer = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::write(pipe, gzip(&lines(0, 20_000))).expect("written")
    });
    let (all, _) = read(pipe, following());
    writer.join().expect("written");
    assert_eq!(numbers(&all), (0..20_000).collect::<Vec<_>>());
}

/// `time text`, in any order of time within one file.
fn timed(lines: &[(i64, &str)]) -> String {
    lines.iter().flat_map(|(time, text)| [time.to_string(), format!(" {text}\n")]).collect()
}

#[test]
fn several_logs_are_merged_by_time_and_disorder_in_one_holds_nobody_up() {
    let log = Log::none();
    let first = timed(&[(1, "a"), (5, "b"), (4, "late"), (9, "c")]) + "no time\n";
    let second = timed(&[(1, "x"), (2, "y"), (6, "z")]);
    fs::write(log.at("first.log"), first).expect("written");
    fs::write(log.at("second.log.gz"), gzip(second.as_bytes())).expect("written");
    fs::write(log.at("third.log"), timed(&[(7, "last")])).expect("written");
    let inputs = ["first.log", "second.log.gz", "third.log"].map(|name| Input::File(log.at(name)));
    let time_of = |_: usize, line: &[u8]| std::str::from_utf8(line).ok()?.split(' ').next()?.parse().ok();
    let tail = Tail::open(&inputs, Options::default(), Some(Box::new(time_of))).expect("opened");
    let (all, _) = all_of(tail);
    let all = String::from_utf8(all).expect("text");
    let texts: Vec<&str> = all.lines().map(|line| line.rsplit(' ').next().expect("a text")).collect();
    assert_eq!(texts, ["a", "x", "y", "b", "late", "z", "last", "c", "time"]);
}

#[test]
fn large_logs_are_merged_over_many_chunks() {
    let log = Log::none();
    let numbers: Vec<i64> = (0..60_000).collect();
    for (name, rest) in [("a.log", 0), ("b.log", 1), ("c.log", 2)] {
        let text: Vec<(i64, &str)> = numbers
            .iter()
            .filter(|number| *number % 3 == rest)
            .map(|number| (*number, "a line of some length"))
            .collect();
        fs::write(log.at(name), timed(&text)).expect("written");
    }
    let inputs = ["a.log", "b.log", "c.log"].map(|name| Input::File(log.at(name)));
    let number = |line: &[u8]| std::str::from_utf8(line).ok()?.split(' ').next()?.parse::<i64>().ok();
    let time_of = move |_: usize, line: &[u8]| number(line);
    let tail = Tail::open(&inputs, Options::default(), Some(Box::new(time_of))).expect("opened");
    let (all, _) = all_of(tail);
    let read: Vec<i64> = all.split(|&byte| byte == b'\n').filter_map(number).collect();
    assert!(read == numbers, "{} lines", read.len());
}
