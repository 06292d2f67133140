//! What in many lines is a sign of something wrong.
//!
//! This module exists so that rules can be held against a log that is long gone: a rule needs who was answered what, how
//! often, since when, and some lines to show, never all of the lines. Everything here is bounded, and nearly all of it is
//! touched only by lines that are not a plain success.

mod faults;
mod garbage;
mod prefixes;
mod redirects;
mod visitors;

pub use faults::{Fault, Through};
pub use garbage::{Garbage, GarbageKind};
pub use prefixes::{Prefix, PrefixFault, PrefixRoute};
pub use redirects::Redirect;
pub(super) use visitors::AtHand;
pub use visitors::Visitor;

pub(super) use garbage::Garbages;
pub(super) use prefixes::find as prefixes;
pub(super) use redirects::{Hop, hop};

use super::Classes;
use super::table::{Entry, Table, kept};

/// Lines kept of each sign.
const SAMPLES: usize = 4;

/// Of one line this much.
const SAMPLE: usize = 2 << 10;

/// A key and what its lines show.
#[derive(Debug)]
pub struct Sign<'a, T> {
    /// The path, route, client … that it is about; of a very long one the first bytes.
    pub key: &'a [u8],
    /// Its lines.
    pub count: u64,
    /// By how much `count` may be too high.
    pub error: u64,
    /// By class of status.
    pub classes: Classes,
    /// Bytes sent.
    pub bytes: u64,
    /// The first and the last time, milliseconds since 1970.
    pub seen: Option<(i64, i64)>,
    /// What is known of this kind of sign.
    pub facts: &'a T,
}

impl<T> Clone for Sign<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Sign<'_, T> {}

impl<'a, T, H> From<Entry<'a, T, H>> for Sign<'a, T> {
    fn from(entry: Entry<'a, T, H>) -> Self {
        Self {
            key: entry.key(),
            count: entry.count(),
            error: entry.error(),
            classes: entry.classes(),
            bytes: entry.bytes(),
            seen: entry.seen(),
            facts: entry.facts(),
        }
    }
}

impl<T, H> Table<T, H> {
    /// All of it, as signs.
    pub(super) fn signs(&self) -> impl Iterator<Item = Sign<'_, T>> {
        self.iter().map(Sign::from)
    }

    /// The sign of this key.
    pub(super) fn sign(&self, hash: u64) -> Option<Sign<'_, T>> {
        self.get(self.find(hash)?).map(Sign::from)
    }
}

/// Some different texts, the first ones: at most four.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Few {
    texts: Vec<Box<[u8]>>,
}

impl Few {
    /// What is kept.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.texts.iter().map(|text| &**text)
    }

    /// True if there is none.
    pub const fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    pub(super) fn add(&mut self, text: &[u8]) {
        if self.texts.len() < SAMPLES {
            let text = kept(text);
            if !self.texts.contains(&text) {
                self.texts.push(text);
            }
        }
    }

    pub(super) fn add_line(&mut self, line: &[u8]) {
        if self.texts.len() < SAMPLES {
            self.texts.push(line.get(..SAMPLE).unwrap_or(line).into());
        }
    }
}

/// How many different ones there were, about: exact for a few, no more than about 250.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    bits: u64,
}

impl Spread {
    /// About so many.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 267")]
    pub fn about(self) -> u32 {
        let empty = f64::from(self.bits.count_zeros().max(1));
        (64.0 * (64.0 / empty).ln()).round() as u32
    }

    /// Those of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { bits: self.bits | other.bits }
    }

    pub(super) const fn add(&mut self, hash: u64) {
        self.bits |= 1 << (hash >> 58);
    }
}
