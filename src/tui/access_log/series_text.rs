//! How the traffic went: plots with what they come to, and how far reading is.

use std::path::Path;

use jiff::tz::TimeZone;

use super::AccessLog;
use super::seen::{LogSeen, Series, Worst, clock};
use crate::access_log::traffic::Bucket;
use crate::diagnosis::log::LogCause;
use crate::lanes::visible::visible;
use crate::tui::row::elapsed;
use crate::tui::text::{Run, Runs, cut_end, run};
use crate::tui::theme::Tone;

/// Cells of the label of a plot.
pub(in crate::tui) const LABEL: usize = 6;

/// A climb is at least so many points, and shown by at least so many lines.
const POINTS: u64 = 10;
const ENOUGH: u64 = 20;

/// Seconds over which `now` is counted.
const NOW: usize = 10;

/// A share that climbed: the bucket where it began, and by how many points it was above what was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Climb {
    at: usize,
    points: u64,
}

fn all(bucket: &Bucket) -> u64 {
    bucket.classes.iter().sum()
}

fn of_class(bucket: &Bucket, class: usize) -> u64 {
    bucket.classes.get(class).copied().unwrap_or_default()
}

/// Hundredths of a whole.
const fn percent(part: u64, whole: u64) -> u64 {
    match part.saturating_mul(100).checked_div(whole) {
        Some(percent) => percent,
        None => 0,
    }
}

/// The plots: requests, then the shares of 4xx and 5xx where there is room.
pub(in crate::tui) fn series(
    seen: &LogSeen,
    zone: &TimeZone,
    (cells, lines): (usize, usize),
    drawn: Option<(usize, usize)>,
) -> Vec<Runs> {
    let Series { buckets, width, .. } = &seen.series;
    let per_second = |lines: u64| lines / u64::try_from(*width).unwrap_or(1).max(1);
    let counts: Vec<u64> = buckets.iter().map(all).collect();
    let most = counts.iter().copied().max().unwrap_or_default();
    let max = if per_second(most) > 0 { per_second(most).to_string() } else { "<1".to_owned() };
    let took =
        seen.times.map_or_else(|| "p95 n/a".to_owned(), |times| format!("p95 {}", elapsed(u64::from(times.p95))));
    let mut rows = vec![plot("req/s ", &counts, most, None, drawn, cells)];
    if let Some(row) = rows.first_mut() {
        row.push(run(Tone::Text, format!("  now {}  max {max}  {took}", rate(seen))));
    }
    for (label, class, tone) in [("4xx % ", 4, Tone::Warn), ("5xx % ", 5, Tone::Bad)] {
        let shares: Vec<u64> = buckets.iter().map(|bucket| percent(of_class(bucket, class), all(bucket))).collect();
        let climb = climb(buckets, class);
        let most = shares.iter().copied().max().unwrap_or_default().max(5);
        let mut row = plot(label, &shares, most, climb.map(|climb| climb.at), drawn, cells);
        row.extend(share_note(seen, class, climb, zone, tone));
        rows.push(row);
    }
    rows.truncate(lines);
    rows
}

/// Blocks, a cell each; the climb's beginning and what is drawn over stand out.
fn plot(
    label: &str,
    numbers: &[u64],
    most: u64,
    mark: Option<usize>,
    drawn: Option<(usize, usize)>,
    cells: usize,
) -> Runs {
    let mut row = vec![run(Tone::Dim, label)];
    for cell in 0..cells {
        let number = numbers.get(cell).copied();
        let within = drawn.is_some_and(|(from, to)| (from.min(to)..=from.max(to)).contains(&cell));
        let tone = match mark {
            _ if within => Tone::Selected,
            Some(at) if at == cell => Tone::Bad,
            _ => Tone::Focus,
        };
        let sign = number.map_or(' ', |number| block(number, most));
        match row.last_mut().filter(|last| last.tone == tone) {
            Some(last) => last.text.push(sign),
            None => row.push(run(tone, sign)),
        }
    }
    row
}

/// A block as high as the number is.
fn block(number: u64, most: u64) -> char {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let height = (u128::from(number) * 7).div_ceil(u128::from(most.max(1)));
    usize::try_from(height).ok().and_then(|height| BLOCKS.get(height.min(7))).copied().unwrap_or('▁')
}

/// Where a share climbed most above what it had been until then.
fn climb(buckets: &[Bucket], class: usize) -> Option<Climb> {
    let (mut lines, mut hits) = (0, 0);
    let mut highest: Option<Climb> = None;
    let mut begun = None;
    for (at, bucket) in buckets.iter().enumerate() {
        let points = percent(of_class(bucket, class), all(bucket)).saturating_sub(percent(hits, lines));
        let climbs = lines >= ENOUGH && of_class(bucket, class) >= ENOUGH && points >= POINTS;
        if climbs {
            let start = *begun.get_or_insert(at);
            if highest.is_none_or(|highest| points > highest.points) {
                highest = Some(Climb { at: start, points });
            }
        } else {
            begun = None;
            lines += all(bucket);
            hits += of_class(bucket, class);
        }
    }
    highest
}

/// `now 3  ▲ +41 pt at 09:02:15 (LG02)`
fn share_note(seen: &LogSeen, class: usize, climb: Option<Climb>, zone: &TimeZone, tone: Tone) -> Runs {
    let (hits, lines) = seen
        .series
        .minute
        .iter()
        .fold((0, 0), |(hits, lines), bucket| (hits + of_class(bucket, class), lines + all(bucket)));
    let mut note = vec![run(Tone::Text, format!("  now {}  ", percent(hits, lines)))];
    match climb {
        Some(Climb { at, points }) => {
            let span = seen.span_of(at);
            let cause = span.and_then(|span| cause_within(seen, class, span)).map(|cause| format!(" ({cause})"));
            let at = clock(span.map(|(from, _)| from), zone);
            note.push(run(tone, format!("▲ +{points} pt at {at}{}", cause.unwrap_or_default())));
        }
        None => note.push(run(Tone::Dim, most_of(seen, class))),
    }
    note
}

/// `44 × 502 on /reports/{id}`
fn most_of(seen: &LogSeen, class: usize) -> String {
    let worst = seen.worst.iter().find(|worst| usize::from(worst.status / 100) == class);
    match worst {
        Some(Worst { status, count, route }) => format!("{count} × {status} on {}", visible(route)),
        None => format!("{} in all", seen.classes.get(class).copied().unwrap_or_default()),
    }
}

/// The code of the cause that is this climb, if there is one. Others that were there then need not have to do with it.
fn cause_within(seen: &LogSeen, class: usize, (from, until): (i64, i64)) -> Option<&'static str> {
    let is_then = |seen: Option<(i64, i64)>| seen.is_some_and(|(first, last)| first < until && last >= from);
    let about = format!("{class}xx");
    let mut climbs = seen.causes.iter().filter(|cause| cause.finding.code == "LG02" && cause.finding.about == about);
    climbs.find(|cause| is_then(cause.seen)).map(|cause| cause.finding.code)
}

/// Lines a second, over the last seconds of the log.
fn rate(seen: &LogSeen) -> String {
    let lines: u64 = seen.series.minute.iter().rev().skip(1).take(NOW).map(all).sum();
    let seconds = seen.series.minute.len().saturating_sub(1).clamp(1, NOW);
    match u64::try_from(seconds).map_or(0, |seconds| lines / seconds) {
        0 if lines > 0 => "<1".to_owned(),
        rate => rate.to_string(),
    }
}

/// `● TAIL access.log 42/s  3 unparsed`: each fact, and how soon it goes where there is little room.
pub(in crate::tui) fn facts(seen: &LogSeen, asked: &AccessLog) -> Vec<(u8, Run)> {
    let state = match (asked.frozen, seen.progress.following) {
        (true, _) => run(Tone::Warn, "‖ FROZEN"),
        (false, true) => run(Tone::Good, "● TAIL"),
        (false, false) if reading(seen).is_some() => run(Tone::Warn, "● READING"),
        (false, false) => run(Tone::Good, "● READ"),
    };
    let name = match seen.sources.as_slice() {
        [one] => {
            let file =
                Path::new(one).file_name().map_or_else(|| one.clone(), |name| name.to_string_lossy().into_owned());
            cut_end(&visible(file.as_bytes()), 24)
        }
        several => format!("{} logs", several.len()),
    };
    let mut facts = vec![(0, state), (1, run(Tone::Text, name))];
    if seen.progress.following {
        facts.push((2, run(Tone::Text, format!("{}/s", rate(seen)))));
    }
    facts.push((3, run(Tone::Text, format!("{} lines", seen.total))));
    if seen.unread > 0 {
        facts.push((0, run(Tone::Warn, format!("{} unparsed", seen.unread))));
    }
    facts
}

/// `15 s`, `2 min`, `7 d`
pub(in crate::tui) fn span_word(seconds: i64) -> String {
    match seconds.max(1) {
        seconds @ ..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds @ 3600..86400 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86400),
    }
}

/// `214 lines, 09:01:12 to 09:15:02`
pub(in crate::tui) fn seen_text(cause: &LogCause, zone: &TimeZone) -> String {
    let lines = count_text(cause);
    match cause.seen {
        None => lines,
        Some((first, last)) if first == last => format!("{lines}, {}", clock(Some(first), zone)),
        Some((first, last)) => format!("{lines}, {} to {}", clock(Some(first), zone), clock(Some(last), zone)),
    }
}

/// `214 lines`
pub(in crate::tui) fn count_text(cause: &LogCause) -> String {
    format!("{} {}", cause.count, if cause.count == 1 { "line" } else { "lines" })
}

/// `2xx 96%  3xx 1%  4xx 3%  5xx 0%`, of all that is shown.
pub(in crate::tui) fn shares(seen: &LogSeen) -> String {
    let all = seen.classes.iter().sum();
    let share = |class: usize| {
        let lines = seen.classes.get(class).copied().unwrap_or_default();
        match percent(lines, all) {
            0 if lines > 0 => format!("{class}xx <1%"),
            percent => format!("{class}xx {percent}%"),
        }
    };
    [2, 3, 4, 5].map(share).join("  ")
}

/// How far a long read is: `newest shown, reading all: 34 %, 0.9 GB/s, 2 s left`. `None` if all is read.
pub(in crate::tui) fn reading(seen: &LogSeen) -> Option<String> {
    let progress = &seen.progress;
    if progress.following || !progress.partial && !seen.waiting && progress.read >= progress.all {
        return None;
    }
    let part = match (seen.waiting, progress.partial) {
        (true, _) => "reading anew: ",
        (false, true) => "newest shown, reading all: ",
        (false, false) => "reading: ",
    };
    // Tenths of what is told, so that a slow disk is not 0.
    let (tenths, unit) = match progress.rate {
        rate @ 100_000_000.. => (rate / 100_000_000, "GB/s"),
        rate => (rate / 100_000, "MB/s"),
    };
    let left = progress.seconds_left().map_or_else(String::new, |seconds| format!(", {seconds} s left"));
    let done = percent(progress.read, progress.all);
    Some(format!("{part}{done} %, {}.{} {unit}{left}", tenths / 10, tenths % 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(lines: u64, missing: u64) -> Bucket {
        Bucket { classes: [0, 0, lines - missing, 0, missing, 0], ..Bucket::default() }
    }

    #[test]
    fn a_climb_begins_where_the_share_left_what_it_had_been() {
        let quiet = bucket(100, 2);
        let buckets = [quiet, quiet, bucket(100, 30), bucket(100, 60), quiet];
        assert_eq!(climb(&buckets, 4), Some(Climb { at: 2, points: 58 }));
        assert_eq!(climb(&buckets, 5), None);
        assert_eq!(climb(&[bucket(100, 90), bucket(100, 90)], 4), None, "it was so from the beginning");
        assert_eq!(climb(&[quiet, bucket(5, 5)], 4), None, "five lines are no climb");
    }

    #[test]
    fn blocks_are_never_higher_than_the_highest() {
        assert_eq!([0, 1, 50, 100].map(|number| block(number, 100)), ['▁', '▂', '▅', '█']);
        assert_eq!(block(7, 0), '█');
    }
}
