//! When errors began to climb.
//!
//! This file exists because a number of errors says little before it is held against the time before: an hour of failures
//! in a day is what somebody is looking for, and is a few in a thousand of all lines.
//!
//! The span is cut into buckets. What the quieter half of them has is taken as usual; a bucket that has much more begins a
//! climb, and a short pause does not end one. Of several the one that is most above the usual is told, and only if it is also
//! far above what all the other buckets have.

use crate::access_log::Traffic;
use crate::access_log::traffic::{Bucket, Classes};

/// Buckets at most, and at least for there to be a time before.
const MOST: i64 = 1440;
const FEWEST: usize = 6;

/// Buckets that a pause may have.
const PAUSE: usize = 2;

/// A climb is at least so many lines above the usual, and one line in so many of those in its time.
const LEAST: f64 = 20.0;
const ONE_IN: f64 = 50.0;

/// A climb of one class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Climb {
    /// The class: 4 or 5.
    pub(super) class: usize,
    /// Its beginning and end, milliseconds since 1970.
    pub(super) from: i64,
    pub(super) until: i64,
    /// Lines of this class in it, and lines in all.
    pub(super) count: u64,
    pub(super) lines: u64,
    /// The share of this class at all other times, in all lines.
    pub(super) usual: f64,
    /// True if it goes on to the last line.
    pub(super) lasts: bool,
}

impl Climb {
    /// The share in its time.
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    pub(super) fn share(&self) -> f64 {
        self.count as f64 / self.lines.max(1) as f64
    }

    /// How many lines it is above the usual.
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    pub(super) fn excess(&self) -> f64 {
        self.count as f64 - self.usual * self.lines as f64
    }

    /// True for a time within it.
    pub(super) const fn holds(&self, time: i64) -> bool {
        self.from <= time && time < self.until
    }
}

/// The lines of a class, and all, of a stretch of buckets.
#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    count: u64,
    lines: u64,
}

impl Stretch {
    fn of(buckets: &[Bucket], class: usize) -> Self {
        buckets.iter().fold(Self::default(), |sum, bucket| {
            let one = Self::one(&bucket.classes, class);
            Self { count: sum.count + one.count, lines: sum.lines + one.lines }
        })
    }

    fn one(classes: &Classes, class: usize) -> Self {
        Self { count: classes.get(class).copied().unwrap_or(0), lines: classes.iter().sum() }
    }

    #[expect(clippy::cast_precision_loss, reason = "a share")]
    fn share(self) -> f64 {
        self.count as f64 / self.lines.max(1) as f64
    }

    /// True if it has far more than this share would come to, by chance too.
    #[expect(clippy::cast_precision_loss, reason = "a bound")]
    fn is_far_above(self, usual: f64) -> bool {
        let expected = usual * self.lines as f64;
        self.count as f64 >= 2.0 * expected + 4.0 * expected.sqrt() + 3.0
    }
}

/// The climb of this class, if there is one.
pub(super) fn of(traffic: &Traffic, class: usize) -> Option<Climb> {
    let (from, until) = traffic.span()?;
    let buckets = traffic.series(from, until.saturating_add(1), width(until.saturating_sub(from)));
    find(&buckets, class, until)
}

/// Seconds for what lasted some minutes; whole minutes else.
fn width(span: i64) -> i64 {
    let fine = span / MOST;
    if fine < 1000 && span < 20 * 60_000 {
        (span / 60_000).clamp(1, 10) * 1000
    } else {
        (fine / 60_000 + i64::from(fine % 60_000 > 0)).max(1) * 60_000
    }
}

fn find(buckets: &[Bucket], class: usize, last: i64) -> Option<Climb> {
    let usual = of_quieter_half(buckets, class)?;
    let is_high = |bucket: &Bucket| Stretch::one(&bucket.classes, class).is_far_above(usual);
    let mut best: Option<Climb> = None;
    let mut at = 0;
    while let Some(begin) = buckets.get(at..).and_then(|rest| rest.iter().position(is_high)).map(|more| at + more) {
        let end = end_of(buckets, begin, is_high);
        let climb = measured(buckets, begin, end, class, last);
        if let Some(climb) = climb.filter(|climb| best.is_none_or(|best| climb.excess() > best.excess())) {
            best = Some(climb);
        }
        at = end;
    }
    best
}

/// The share that the quieter half of the buckets has together.
fn of_quieter_half(buckets: &[Bucket], class: usize) -> Option<f64> {
    let mut stretches: Vec<Stretch> = buckets.iter().map(|bucket| Stretch::one(&bucket.classes, class)).collect();
    stretches.retain(|stretch| stretch.lines > 0);
    if stretches.len() < FEWEST {
        return None;
    }
    stretches.sort_by(|one, other| one.share().total_cmp(&other.share()));
    stretches.truncate(stretches.len().div_ceil(2));
    let sum = |of: fn(&Stretch) -> u64| stretches.iter().map(of).sum();
    Some(Stretch { count: sum(|one| one.count), lines: sum(|one| one.lines) }.share())
}

/// Where a climb that begins here is over.
fn end_of(buckets: &[Bucket], begin: usize, is_high: impl Fn(&Bucket) -> bool) -> usize {
    let mut end = begin + 1;
    while let Some(next) = buckets.get(end..buckets.len().min(end + 1 + PAUSE)) {
        match next.iter().position(&is_high) {
            Some(more) => end += more + 1,
            None => break,
        }
    }
    end
}

/// The climb, if it is one against all the rest.
fn measured(buckets: &[Bucket], begin: usize, end: usize, class: usize, last: i64) -> Option<Climb> {
    let (before, within, after) = (buckets.get(..begin)?, buckets.get(begin..end)?, buckets.get(end..)?);
    let (rest, own) = ([Stretch::of(before, class), Stretch::of(after, class)], Stretch::of(within, class));
    let [before, after] = rest;
    let rest = Stretch { count: before.count + after.count, lines: before.lines + after.lines };
    let width = buckets.get(1)?.start - buckets.first()?.start;
    let (from, until) = (within.first()?.start, within.last()?.start + width);
    let lasts = last < until.saturating_add(width);
    let climb = Climb { class, from, until, count: own.count, lines: own.lines, usual: rest.share(), lasts };
    let known = rest.lines >= 50 && rest.lines * 4 >= own.lines;
    let high = climb.share() >= 3.0 * climb.usual && own.is_far_above(climb.usual);
    #[expect(clippy::cast_precision_loss, reason = "a bound")]
    let large = climb.excess() >= LEAST && climb.excess() * ONE_IN >= own.lines as f64;
    (known && high && large).then_some(climb)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bucket a minute: these many 5xx among a hundred lines.
    fn minutes(failed: &[u64]) -> Vec<Bucket> {
        let bucket = |(number, &count): (i64, &u64)| Bucket {
            start: number * 60_000,
            classes: [0, 0, 100 - count, 0, 0, count],
            ..Bucket::default()
        };
        (0..).zip(failed).map(bucket).collect()
    }

    fn found(failed: &[u64]) -> Option<(i64, i64, u64, bool)> {
        let last = i64::try_from(failed.len()).unwrap() * 60_000 - 1;
        let climb = find(&minutes(failed), 5, last)?;
        Some((climb.from / 60_000, climb.until / 60_000, climb.count, climb.lasts))
    }

    #[test]
    fn a_climb_is_found_with_its_beginning_and_end() {
        assert_eq!(found(&[0, 1, 0, 0, 30, 40, 0, 35, 1, 0, 0, 0]), Some((4, 8, 105, false)));
        assert_eq!(found(&[1, 0, 1, 0, 1, 0, 1, 0, 20, 25]), Some((8, 10, 45, true)));
        // Of two the higher.
        assert_eq!(found(&[0, 25, 0, 0, 0, 0, 0, 60, 0, 0, 0, 0]), Some((7, 8, 60, false)));
    }

    #[test]
    fn what_is_usual_is_no_climb() {
        assert_eq!(found(&[20; 12]), None, "as bad all the time");
        assert_eq!(found(&[1, 0, 3, 1, 0, 4, 2, 0, 1, 5, 1, 0]), None, "by chance");
        assert_eq!(found(&[0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]), None, "too few");
        assert_eq!(found(&[0, 0, 40]), None, "no time before");
        assert_eq!(found(&[]), None);
    }
}
