//! The lines that could not be read: counted by reason, and some of them kept.
//!
//! This file exists because a line that is silently left out makes every number a guess.

use std::collections::{BTreeMap, VecDeque};

use crate::access_log::{Unread, UnreadReason};

/// Lines that are kept to be shown.
const KEPT: usize = 256;

/// Bytes of one that are kept.
const LONGEST: usize = 2 << 10;

/// One line that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadLine {
    /// The number of its source.
    pub source: usize,
    /// Why, and from where on.
    pub unread: Unread,
    /// Its first 2 KiB.
    pub line: Vec<u8>,
}

/// What could not be read.
#[derive(Debug, Default)]
pub struct UnreadLines {
    counts: BTreeMap<UnreadReason, u64>,
    kept: VecDeque<UnreadLine>,
}

impl UnreadLines {
    pub(super) fn push(&mut self, source: usize, unread: Unread, line: &[u8]) {
        *self.counts.entry(unread.reason).or_default() += 1;
        if self.kept.len() == KEPT {
            self.kept.pop_front();
        }
        let line = line.get(..LONGEST).unwrap_or(line).to_vec();
        self.kept.push_back(UnreadLine { source, unread, line });
    }

    /// How many in all.
    pub fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// How many for each reason.
    pub fn by_reason(&self) -> impl Iterator<Item = (UnreadReason, u64)> {
        self.counts.iter().map(|(reason, count)| (*reason, *count))
    }

    /// The newest of them, newest last.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &UnreadLine> + ExactSizeIterator {
        self.kept.iter()
    }
}
