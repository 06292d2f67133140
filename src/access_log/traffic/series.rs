//! Traffic over time: by second, by minute and by hour, each for as long as anybody looks back that finely.
//!
//! This file exists so that a climb can be seen, whether it took ten seconds or a day. Lines of one second are added up before
//! they go into the rings. A bucket gives way only to a newer one, so a single line with a time of the future (or a second
//! file that is read later) wipes nothing but the buckets it falls into.

use super::Bucket;
use super::tally::Hit;

const SECOND: i64 = 1000;

/// The widths of the buckets, milliseconds, and how many are kept: an hour of seconds, a week of minutes, a year of hours.
const RINGS: [(i64, usize); 3] = [(SECOND, 3600), (60 * SECOND, 7 * 1440), (3600 * SECOND, 366 * 24)];

/// At most so many buckets are given at once.
const MOST: i64 = 100_000;

/// No time is farther from 1970, in milliseconds.
const FARTHEST: i64 = 1 << 50;

/// Widths of buckets that people read easily, in seconds.
const WIDTHS: [i64; 19] =
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604_800];

/// The narrowest width, in seconds, of `least` or more, at which at most so many buckets cover the span from the first to the
/// last time (milliseconds since 1970); `None` if even weeks are too many.
pub fn bucket_width((first, last): (i64, i64), least: i64, most: usize) -> Option<i64> {
    let most = i64::try_from(most).unwrap_or(i64::MAX).max(1);
    let fits = |width: &i64| last.div_euclid(width * 1000).saturating_sub(first.div_euclid(width * 1000)) < most;
    WIDTHS.into_iter().filter(|width| *width >= least).find(fits)
}

/// The three rings.
#[derive(Clone, Debug, Default)]
pub(super) struct Series {
    /// The second that is being added up.
    now: Bucket,
    /// When `now` is over.
    until: i64,
    rings: [Vec<Bucket>; 3],
    newest: i64,
}

impl Series {
    #[inline]
    pub(super) fn add(&mut self, hit: &Hit, took: Option<u32>) {
        let Some(time) = hit.time().filter(|time| time.unsigned_abs() < FARTHEST.unsigned_abs()) else { return };
        if time >= self.until || time < self.now.start {
            self.turn(time);
        }
        if let Some(class) = self.now.classes.get_mut(hit.class) {
            *class += 1;
        }
        self.now.bytes += hit.bytes;
        if let Some(took) = took {
            self.now.timed += 1;
            self.now.took += u64::from(took);
            self.now.slowest = self.now.slowest.max(took);
        }
    }

    /// Buckets of this width that cover this span, oldest first.
    pub(super) fn buckets(&self, from: i64, until: i64, width: i64) -> Vec<Bucket> {
        let (from, until) = (from.clamp(-FARTHEST, FARTHEST), until.clamp(-FARTHEST, FARTHEST));
        let width = width.clamp(SECOND, FARTHEST).div_euclid(SECOND) * SECOND;
        let start = from.div_euclid(width) * width;
        let count = until.saturating_sub(start).saturating_add(width - 1).div_euclid(width).clamp(0, MOST);
        let mut buckets: Vec<Bucket> =
            (0..count).map(|number| Bucket { start: start + number * width, ..Bucket::default() }).collect();
        let reaches = |&(width, size): &(i64, usize)| {
            self.newest.saturating_sub(start) < width * i64::try_from(size).unwrap_or(i64::MAX)
        };
        let ring = RINGS.iter().position(reaches).unwrap_or(RINGS.len() - 1);
        for bucket in self.rings.get(ring).into_iter().flatten().chain([&self.now]) {
            let place = bucket.start.checked_sub(start).map(|after| after.div_euclid(width));
            if let Some(into) = place.and_then(|at| buckets.get_mut(usize::try_from(at).ok()?)) {
                into.join(bucket);
            }
        }
        buckets
    }

    /// Puts the second away, and begins the one of this time.
    #[cold]
    fn turn(&mut self, time: i64) {
        if self.until != 0 {
            for (ring, (width, size)) in self.rings.iter_mut().zip(RINGS) {
                keep(ring, &self.now, width, size);
            }
        }
        let start = time.div_euclid(SECOND) * SECOND;
        self.now = Bucket { start, ..Bucket::default() };
        self.until = start + SECOND;
        self.newest = self.newest.max(start);
    }
}

fn keep(ring: &mut Vec<Bucket>, second: &Bucket, width: i64, size: usize) {
    if ring.is_empty() {
        *ring = vec![Bucket { start: i64::MIN, ..Bucket::default() }; size];
    }
    let number = second.start.div_euclid(width);
    let place = number.rem_euclid(i64::try_from(size).unwrap_or(i64::MAX));
    let Some(bucket) = usize::try_from(place).ok().and_then(|place| ring.get_mut(place)) else { return };
    let start = number * width;
    if bucket.start < start {
        *bucket = Bucket { start, ..Bucket::default() };
    }
    if bucket.start == start {
        bucket.join(second);
    }
}

impl Bucket {
    fn join(&mut self, other: &Self) {
        for (into, count) in self.classes.iter_mut().zip(other.classes) {
            *into += count;
        }
        self.bytes += other.bytes;
        self.timed += other.timed;
        self.took += other.took;
        self.slowest = self.slowest.max(other.slowest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(series: &mut Series, second: i64, class: usize) {
        let time = second * SECOND + 7;
        series.add(&Hit { class, bytes: 10, ..Hit::default() }.at(time), Some(1000));
    }

    fn lines(buckets: &[Bucket]) -> Vec<u64> {
        buckets.iter().map(|bucket| bucket.classes.iter().sum()).collect()
    }

    #[test]
    fn seconds_minutes_and_hours_add_up_to_the_same() {
        let mut series = Series::default();
        let begin = 1_779_667_200;
        for second in 0..7200 {
            add(&mut series, begin + second, if second == 4000 { 5 } else { 2 });
        }
        let at = |second: i64| (begin + second) * SECOND;
        assert_eq!(lines(&series.buckets(at(7190), at(7200), 1000)), [1; 10]);
        assert_eq!(lines(&series.buckets(at(7140), at(7200), 30_000)), [30; 2]);
        assert_eq!(lines(&series.buckets(at(0), at(7200), 3_600_000)), [3600; 2]);
        let minutes = series.buckets(at(0), at(7200), 60_000);
        assert_eq!(lines(&minutes), [60; 120]);
        assert_eq!(minutes[66].classes, [0, 0, 59, 0, 0, 1]);
        assert_eq!((minutes[0].bytes, minutes[0].timed, minutes[0].took), (600, 60, 60_000));
        assert!(series.buckets(at(10), at(0), 1000).is_empty());
        assert_eq!(series.buckets(i64::MIN, i64::MAX, 1).len(), 100_000);
    }

    #[test]
    fn what_is_late_is_counted_and_a_time_of_the_future_wipes_nothing() {
        let mut series = Series::default();
        let begin = 1_779_667_200;
        for second in [0, 1, 2, 0, 1, 40_000_000, 1, 2] {
            add(&mut series, begin + second, 2);
        }
        let at = |second: i64| (begin + second) * SECOND;
        assert_eq!(lines(&series.buckets(at(0), at(3600), 3_600_000)), [7]);
    }
}
