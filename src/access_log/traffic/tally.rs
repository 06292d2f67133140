//! What is counted of one key.

use super::Classes;
use crate::access_log::Record;

/// What of a line is added up.
#[derive(Clone, Copy, Debug)]
pub(in crate::access_log) struct Hit {
    /// The class of its status, 0 to 5.
    pub(super) class: usize,
    pub(super) bytes: u64,
    /// Its time twice, so that what has none changes neither the earliest nor the latest.
    pub(super) first: i64,
    pub(super) last: i64,
    /// The same in seconds.
    pub(super) first_second: u32,
    pub(super) last_second: u32,
}

impl Default for Hit {
    fn default() -> Self {
        Self { class: 0, bytes: 0, first: i64::MAX, last: i64::MIN, first_second: u32::MAX, last_second: 0 }
    }
}

impl Hit {
    pub(super) fn of(record: &Record<'_>) -> Self {
        let hit = Self { class: class(record.status), bytes: record.bytes.unwrap_or(0), ..Self::default() };
        record.time.map_or(hit, |time| hit.at(time))
    }

    pub(super) fn at(self, time: i64) -> Self {
        let second = u32::try_from(time.max(0) / 1000).unwrap_or(u32::MAX - 1);
        Self { first: time, last: time, first_second: second, last_second: second, ..self }
    }

    /// When it was.
    pub(super) const fn time(&self) -> Option<i64> {
        if self.first == self.last { Some(self.first) } else { None }
    }
}

/// The class of a status; 0 for what is none.
pub(super) const fn class(status: u16) -> usize {
    match status / 100 {
        class @ 1..=5 => class as usize,
        _ => 0,
    }
}

/// Lines by class, their bytes, and when they were.
#[derive(Clone, Copy, Debug)]
pub(in crate::access_log) struct Tally {
    pub(super) classes: Classes,
    pub(super) bytes: u64,
    first: i64,
    last: i64,
}

impl Default for Tally {
    fn default() -> Self {
        Self { classes: Classes::default(), bytes: 0, first: i64::MAX, last: i64::MIN }
    }
}

impl Tally {
    #[inline]
    pub(super) fn add(&mut self, hit: &Hit) {
        if let Some(class) = self.classes.get_mut(hit.class) {
            *class += 1;
        }
        self.bytes += hit.bytes;
        self.first = self.first.min(hit.first);
        self.last = self.last.max(hit.last);
    }

    /// Lines in all.
    pub(super) fn lines(&self) -> u64 {
        self.classes.iter().sum()
    }

    /// The first and the last time.
    pub(super) const fn seen(&self) -> Option<(i64, i64)> {
        if self.first <= self.last { Some((self.first, self.last)) } else { None }
    }
}

/// The same for one of many keys, in as little memory as may be: times in seconds, counts below 2³².
#[derive(Clone, Copy, Debug)]
pub(super) struct LeanTally {
    classes: [u32; 6],
    pub(super) bytes: u64,
    first: u32,
    last: u32,
}

impl Default for LeanTally {
    fn default() -> Self {
        Self { classes: [0; 6], bytes: 0, first: u32::MAX, last: 0 }
    }
}

impl LeanTally {
    /// Counts one line; true if a count is as high as it may get, and has to be taken.
    #[inline]
    pub(super) fn add(&mut self, hit: &Hit) -> bool {
        self.bytes += hit.bytes;
        self.first = self.first.min(hit.first_second);
        self.last = self.last.max(hit.last_second);
        self.classes.get_mut(hit.class).is_some_and(|class| {
            *class += 1;
            *class == u32::MAX
        })
    }

    pub(super) fn classes(&self) -> Classes {
        self.classes.map(u64::from)
    }

    /// Lines since it began.
    pub(super) fn lines(&self) -> u64 {
        self.classes.iter().map(|&count| u64::from(count)).sum()
    }

    /// Gives the counts, and begins again.
    #[cold]
    pub(super) fn take_classes(&mut self) -> Classes {
        std::mem::take(&mut self.classes).map(u64::from)
    }

    /// The first and the last time, milliseconds since 1970.
    pub(super) fn seen(&self) -> Option<(i64, i64)> {
        (self.first <= self.last).then(|| (i64::from(self.first) * 1000, i64::from(self.last) * 1000))
    }

    #[cfg(test)]
    pub(super) fn fill(&mut self, class: usize) {
        self.classes[class] = u32::MAX - 1;
    }
}
