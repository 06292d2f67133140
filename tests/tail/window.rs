//! A window of time, and the newest part of large files.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hopscope::tail::{Event, Input, Options, Start, Tail, TimeOf};
use proptest::prelude::*;

use crate::log::{Log, Reader, all_of, gzip, line};

const MINUTE: i64 = 60_000;

fn time(line: &[u8]) -> Option<i64> {
    std::str::from_utf8(line).ok()?.split(' ').next()?.parse().ok()
}

/// Finds times, and counts how many lines it was asked for.
fn counting() -> (TimeOf, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let time_of = move |_: usize, line: &[u8]| {
        counter.fetch_add(1, Ordering::Relaxed);
        time(line)
    };
    (Box::new(time_of), asked)
}

fn times(bytes: &[u8]) -> Vec<i64> {
    bytes.split(|&byte| byte == b'\n').filter_map(time).collect()
}

fn log_of(times: impl Iterator<Item = i64>) -> String {
    times.flat_map(|time| [time.to_string(), format!(" {}\n", "x".repeat(60))]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_of_the_window_is_left_out_though_lines_are_not_in_order(
        late in prop::collection::vec(0..MINUTE, 97),
        since in 0_i64..20_000,
        long in 0_i64..9_000,
    ) {
        let log = Log::none();
        // One line a second, each up to a minute late; some without a time.
        let written: Vec<i64> = (0..20_000_i64).zip(late.iter().cycle()).map(|(at, late)| at * 1000 + MINUTE - late).collect();
        let text: String = written.iter().flat_map(|time| {
            let odd = if time % 13 == 0 { "no time here\n" } else { "" };
            [odd.to_owned(), format!("{time} {}\n", "x".repeat(60))]
        }).collect();
        fs::write(log.path(), text).expect("written");
        let (since, until) = (since * 1000, (since + long) * 1000);
        let options = Options { since: Some(since), until: Some(until), ..Options::default() };
        let (time_of, _) = counting();
        let (all, _) = all_of(Tail::open(&[Input::File(log.path())], options, Some(time_of)).expect("opened"));
        let within = |times: &[i64]| times.iter().copied().filter(|time| (since..=until).contains(time)).collect::<Vec<_>>();
        prop_assert_eq!(within(&times(&all)), within(&written));
        // And not much more: the margin for disorder, and what is not searched any further.
        let most = usize::try_from(long).expect("positive") + 6000;
        prop_assert!(times(&all).len() <= most, "{} lines, at most {}", times(&all).len(), most);
    }
}

#[test]
fn the_last_minutes_of_a_large_file_are_found_without_reading_it() {
    let log = Log::none();
    fs::write(log.path(), log_of((0..400_000).map(|at| at * 1000))).expect("written");
    let (time_of, asked) = counting();
    let options = Options { since: Some(399_000 * 1000), ..Options::default() };
    let mut tail = Tail::open(&[Input::File(log.path())], options, Some(time_of)).expect("opened");
    let Event::Chunk { bytes, .. } = tail.look(std::time::Instant::now()) else { panic!("there are lines") };
    let first = times(bytes)[0];
    assert!((395_000_000..=398_940_000).contains(&first), "{first}");
    assert!(asked.load(Ordering::Relaxed) < 100, "{asked:?} lines were looked at");
}

#[test]
fn rotated_files_that_end_before_the_window_are_left_out() {
    let log = Log::none();
    let hour = |from: i64| log_of((0..60).map(move |minute| (from * 60 + minute) * MINUTE));
    fs::write(log.at("access.log.3.gz"), "damaged, and it does not matter").expect("written");
    fs::write(log.at("access.log.2.gz"), gzip(hour(1).as_bytes())).expect("written");
    fs::write(log.at("access.log.1"), hour(2)).expect("written");
    fs::write(log.path(), hour(3)).expect("written");
    let since = |minute: i64| {
        let options = Options { history: true, since: Some(minute * MINUTE), ..Options::default() };
        let (all, notes) = all_of(Tail::open(&[Input::File(log.path())], options, Some(counting().0)).expect("opened"));
        assert_eq!(notes, []);
        times(&all)[0] / MINUTE
    };
    assert_eq!(since(3 * 60 + 30), 3 * 60);
    // The first lines of a file may be as late as the last of the one before.
    assert_eq!(since(3 * 60), 2 * 60);
    assert_eq!(since(2 * 60 - 1), 60);
}

#[test]
fn the_newest_part_begins_with_a_whole_line_and_now_with_the_next() {
    let mut log = Log::new();
    log.write(1000);
    let length = line(0).len() as u64;
    // Within a line, and where one begins.
    for (newest, first) in [(length * 10 + 3, 990), (length * 10, 990), (1 << 40, 0)] {
        let newest = Options { start: Start::Newest(newest), ..Options::default() };
        let mut reader = Reader::open(&log.path(), &newest);
        assert!(reader.look());
        let exact = reader.seen.first() == Some(&first);
        assert!(exact || first > 0 && reader.seen.len().abs_diff(10) <= 1, "{:?}", reader.seen.first());
        assert_eq!(reader.seen.last(), Some(&999));
    }
    let mut reader = Reader::open(&log.path(), &Options { start: Start::Now, follow: true, ..Options::default() });
    reader.look();
    log.write(2);
    reader.look();
    assert_eq!(reader.seen, [1000, 1001]);
}
