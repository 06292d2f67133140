//! Which file a file is.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::{Body, Part, before, read_at};
use crate::tail::print::{LENGTH, Print};
use crate::tail::state::Place;

impl Part {
    /// Its print, by which it is known again once it is not open any more.
    pub(in crate::tail) fn print(&self) -> Print {
        Print::of(&self.beginning)
    }

    /// Where it is read. Of the last chunk, `given` was handed on and `kept` bytes were not.
    pub(in crate::tail) fn place(&self, given: &[u8], kept: u64) -> Place {
        let mark = match (kept, given) {
            (0, _) => &self.mark,
            (_, []) => &self.earlier_mark,
            (_, given) => given.get(given.len().saturating_sub(LENGTH)..).unwrap_or(given),
        };
        let offset = (self.offset + self.skip).saturating_sub(kept);
        Place { id: self.id, beginning: self.print(), offset, mark: Print::of(mark) }
    }

    /// True if this is the file a place was kept of.
    pub(in crate::tail) fn is_at(&self, place: &Place) -> bool {
        if place.beginning.length() == 0 {
            return self.id == place.id && place.offset == 0;
        }
        let reaches = |file: &File| {
            self.length() >= place.offset
                && before(file, place.offset).is_ok_and(|mark| {
                    let from = mark.len().saturating_sub(place.mark.length());
                    mark.get(from..).is_some_and(|mark| Print::of(mark) == place.mark)
                })
        };
        place.beginning.begins(&self.beginning) && self.plain().is_none_or(|file| reaches(file))
    }

    /// True if this file holds what `other` held up to where it was read, and something behind it or at least as much.
    pub(in crate::tail) fn holds(&self, other: &Self, more: bool) -> bool {
        let enough = |length: u64| if more { length > other.offset } else { length >= other.offset };
        let reaches = |file: &File| {
            enough(self.length()) && before(file, other.offset).is_ok_and(|mark| mark.ends_with(&other.mark))
        };
        self.begins_as(other) && self.plain().is_none_or(|file| reaches(file))
    }

    /// True if both begin with the same bytes, as far as both go.
    pub(in crate::tail) fn begins_as(&self, other: &Self) -> bool {
        let shorter = self.beginning.len().min(other.beginning.len());
        shorter > 0 && self.beginning.get(..shorter) == other.beginning.get(..shorter)
    }

    /// Reads the first bytes again, which may have become more; those of a file that was emptied after it was read stay.
    pub(in crate::tail) fn refresh(&mut self) {
        if let Body::Plain(file) = &self.body
            && (self.beginning.len() < LENGTH || self.offset == 0)
            && let Ok(now) = read_at(file, 0, LENGTH)
            && (now.starts_with(&self.beginning) || self.offset == 0)
        {
            self.beginning = now;
        }
    }

    /// The same; false if they are others, or the first.
    pub(in crate::tail) fn refresh_same(&mut self) -> bool {
        let before = self.beginning.clone();
        self.refresh();
        self.beginning.starts_with(&before) && self.beginning.is_empty() == before.is_empty()
    }

    /// True if the file is not what it was: emptied, and perhaps written anew.
    pub(in crate::tail) fn has_changed(&mut self) -> bool {
        let Some(file) = self.plain().map(Arc::clone) else { return false };
        self.length() < self.offset || !self.is_unchanged(&file).unwrap_or(true)
    }

    /// True if the first bytes and those before the offset are what they were.
    pub(super) fn is_unchanged(&mut self, file: &File) -> io::Result<bool> {
        let beginning = read_at(file, 0, LENGTH)?;
        if !beginning.starts_with(&self.beginning) {
            return Ok(false);
        }
        if beginning.len() > self.beginning.len() {
            self.beginning = beginning;
        }
        let from = self.offset.saturating_sub(self.mark.len() as u64);
        Ok(read_at(file, from, self.mark.len())? == self.mark)
    }
}
