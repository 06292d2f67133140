//! A book while it is filled.
//!
//! This file exists because a face reads one book while another is filled that will take its place, and because the lines of
//! a pipe tell their format only when some of them have come.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use super::super::Failure;
use super::sources::{Source, detect, undetected};
use crate::store::{Fed, LogBook, LogView, Progress};
use crate::tail;

/// The book as the reader and the faces share it.
pub(super) type SharedBook = Arc<RwLock<LogBook>>;

/// Lines, and bytes, by which the format of what cannot be looked at beforehand is found out.
const TELLING_LINES: usize = 200;
const TELLING_BYTES: usize = 64 << 10;

/// A book while it is filled.
pub(super) struct Filling {
    /// The one that will take the place of what is shared; `None` where that itself is filled.
    own: Option<LogBook>,
    shared: SharedBook,
    /// Of each source whose format is not known yet, what came.
    undecided: Vec<Option<Vec<u8>>>,
    begun: Instant,
    /// Only a part of the logs will come.
    partial: bool,
}

impl Filling {
    /// An empty book with these sources: one of its `own`, or the shared one emptied.
    pub(super) fn new(sources: &[Source], view: LogView, own: bool, partial: bool, shared: &SharedBook) -> Self {
        let mut book = LogBook::new(view);
        for source in sources {
            let number = book.open(source.name.clone());
            if let Some(chosen) = source.format.clone() {
                book.decide(number, chosen.format, chosen.how);
            }
        }
        let undecided = sources.iter().map(|source| source.format.is_none().then(Vec::new)).collect();
        let own = if own {
            Some(book)
        } else {
            *shared.write().unwrap_or_else(PoisonError::into_inner) = book;
            None
        };
        Self { own, shared: Arc::clone(shared), undecided, begun: Instant::now(), partial }
    }

    /// The book that is shown, whose sources have ended.
    pub(super) fn of(shared: &SharedBook) -> Self {
        let undecided = Vec::new();
        Self { own: None, shared: Arc::clone(shared), undecided, begun: Instant::now(), partial: false }
    }

    /// Takes in what was read of a source.
    ///
    /// # Errors
    /// No format fits its lines.
    pub(super) fn feed(&mut self, source: usize, bytes: &[u8], each: impl FnMut(Fed<'_>)) -> Result<(), Failure> {
        let Some(Some(held)) = self.undecided.get_mut(source) else {
            self.with(|book| book.feed_each(source, bytes, each));
            return Ok(());
        };
        held.extend_from_slice(bytes);
        let tells = held.len() >= TELLING_BYTES || memchr::memchr_iter(b'\n', held).count() >= TELLING_LINES;
        if tells { self.decide(source, each) } else { Ok(()) }
    }

    /// Finds out the formats that are not known by what came so far, because nothing more does for now.
    ///
    /// # Errors
    /// As for [`Filling::feed`].
    pub(super) fn decide_all(&mut self, mut each: impl FnMut(Fed<'_>)) -> Result<(), Failure> {
        for source in 0..self.undecided.len() {
            if matches!(self.undecided.get(source), Some(Some(held)) if held.contains(&b'\n')) {
                self.decide(source, &mut each)?;
            }
        }
        Ok(())
    }

    fn decide(&mut self, source: usize, each: impl FnMut(Fed<'_>)) -> Result<(), Failure> {
        let held = self.undecided.get_mut(source).and_then(Option::take).unwrap_or_default();
        let name = self.with(|book| book.sources().get(source).map(|source| source.name.clone())).unwrap_or_default();
        let chosen = detect(&held, b"").map_err(|why| undetected(&name, &why))?;
        self.with(|book| {
            book.decide(source, chosen.format, chosen.how);
            book.feed_each(source, &held, each);
        });
        Ok(())
    }

    /// Takes in the lines whose ends did not come: there is no more.
    ///
    /// # Errors
    /// As for [`Filling::feed`].
    pub(super) fn finish(&mut self, mut each: impl FnMut(Fed<'_>)) -> Result<(), Failure> {
        for source in 0..self.undecided.len() {
            if matches!(self.undecided.get(source), Some(Some(held)) if !held.is_empty()) {
                self.decide(source, &mut each)?;
            }
            self.with(|book| book.finish_each(source, &mut each));
        }
        Ok(())
    }

    /// Notes how far reading is, also on the book that is shown meanwhile.
    pub(super) fn progress(&mut self, at: tail::Progress, following: bool) {
        let millis = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = at.read.saturating_mul(1000) / millis;
        let progress =
            Progress { read: at.read, all: at.all, rate, partial: self.partial, following: following && at.caught_up };
        match &mut self.own {
            Some(book) => {
                book.progress = progress;
                let mut shown = self.shared.write().unwrap_or_else(PoisonError::into_inner);
                shown.progress = Progress { partial: true, ..progress };
            }
            None => self.with(|book| book.progress = progress),
        }
    }

    /// Goes on through another view with what is kept of the one before: what comes from a pipe comes once.
    pub(super) fn renew(&mut self, view: LogView) {
        self.with(|book| *book = book.through(view));
    }

    /// Puts the book in the place of the one that is shown, if it is not that already.
    pub(super) fn take_place(&mut self) {
        if let Some(book) = self.own.take() {
            *self.shared.write().unwrap_or_else(PoisonError::into_inner) = book;
        }
    }

    /// The book, to write to.
    pub(super) fn with<T>(&mut self, write: impl FnOnce(&mut LogBook) -> T) -> T {
        match &mut self.own {
            Some(book) => write(book),
            None => write(&mut self.shared.write().unwrap_or_else(PoisonError::into_inner)),
        }
    }
}
