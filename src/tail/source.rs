//! One log through all its files.
//!
//! A log is a row of files of which the last has the name. What was read of each is kept until nothing can come from it any
//! more; what comes from an older file goes before what comes from a newer.

mod begin;
mod rotation;

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::event::{Note, why};
use super::family;
use super::part::{Got, Part, Standing};
use super::print::Print;
use super::state::{LogState, Place};

/// How long an old file must be silent before it is left: as long as a writer takes to notice that it was renamed.
const QUIET: Duration = Duration::from_secs(1);
/// Prints of files that are not to be read again; more than there are rotated files that are looked at.
const MOST_KNOWN: usize = 2048;
/// Files that are kept open after they lost their name.
const MOST_DRAINING: usize = 16;

/// What filling gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fill {
    /// There are lines.
    Ready,
    /// Something moved; ask again.
    Again,
    /// There is nothing now.
    Dry,
    /// There will be nothing any more.
    Ended,
}

/// Finds the time of one source's lines.
pub(super) type LineTime<'a> = &'a mut dyn FnMut(&[u8]) -> Option<i64>;

/// One log.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    follow: bool,
    /// A line without its end waits for the next run.
    keeps_state: bool,
    /// Oldest first, the live one last.
    parts: VecDeque<Part>,
    /// Files that were read to their end or left out.
    known: VecDeque<Print>,
    /// Where the live file was left.
    left_at: Option<Place>,
    /// Bytes of files that were read to their end and left.
    done: u64,
    /// Room for a chunk and a byte, once it is used.
    buffer: Vec<u8>,
    chunk: usize,
    /// What of the buffer is not handed on yet, and the part it is of.
    at: usize,
    end: usize,
    from: usize,
    /// Since when the file is away, and if that was said.
    away: Option<(Instant, bool)>,
    /// What was said last of why it cannot be read.
    refused: Option<String>,
}

impl Source {
    /// A stream.
    pub(super) fn of_stream(path: PathBuf, part: Part, chunk: usize) -> Self {
        Self { parts: [part].into(), ..Self::new(path, false, chunk) }
    }

    fn new(path: PathBuf, follow: bool, chunk: usize) -> Self {
        Self {
            path,
            follow,
            keeps_state: false,
            parts: VecDeque::new(),
            known: VecDeque::new(),
            left_at: None,
            done: 0,
            buffer: Vec::new(),
            chunk,
            at: 0,
            end: 0,
            from: 0,
            away: None,
            refused: None,
        }
    }

    /// The folders in which something may happen to it.
    pub(super) fn folders(&self) -> impl Iterator<Item = PathBuf> + use<> {
        let places = if self.follow { family::places(&self.path) } else { Vec::new() };
        places.into_iter().map(|(folder, _)| folder)
    }

    /// What is read and not handed on.
    pub(super) fn pending(&self) -> &[u8] {
        self.buffer.get(self.at..self.end).unwrap_or_default()
    }

    /// Hands on so much of it, and gives where it is in the buffer.
    pub(super) fn take(&mut self, count: usize) -> (usize, usize) {
        let start = self.at;
        self.at = self.end.min(self.at + count);
        (start, self.at)
    }

    /// A stretch of the buffer that was taken.
    pub(super) fn taken(&self, (start, end): (usize, usize)) -> &[u8] {
        self.buffer.get(start..end).unwrap_or_default()
    }

    /// Bytes on disk that were read, and that there are.
    pub(super) fn progress(&self) -> (u64, u64) {
        self.parts.iter().fold((self.done, self.done), |(read, all), part| {
            (read + part.taken().min(part.length()), all + part.length())
        })
    }

    /// What is to be kept for the next run.
    pub(super) fn state(&self) -> LogState {
        let (given, kept) = (self.taken((0, self.at)), self.pending().len() as u64);
        let places = self.parts.iter().enumerate().map(|(at, part)| {
            // A line end that was added is no byte of the file; to read a line twice is worse than to count it as read.
            if at == self.from && !part.left { part.place(given, kept) } else { part.place(&[], 0) }
        });
        LogState { parts: places.chain(self.left_at).collect(), known: self.known.iter().copied().collect() }
    }

    /// Sees to it that something is pending, if there is something. Never waits.
    pub(super) fn fill(&mut self, now: Instant, notes: &mut VecDeque<Note>) -> Fill {
        if self.at < self.end {
            return Fill::Ready;
        }
        if self.buffer.is_empty() {
            self.buffer = vec![0; self.chunk + 1];
        }
        if self.parts.get(self.from).is_some_and(|part| part.left) {
            self.leave(self.from);
        }
        if self.follow {
            self.look(now, notes);
        }
        let mut at = 0;
        while let Some(part) = self.parts.get_mut(at) {
            let (got, mid_line) = (part.read(&mut self.buffer, now), part.mid_line);
            match got {
                Ok(Got::Lines(count)) => return self.ready(at, count),
                // While it was empty it may have been filled, copied and emptied again.
                Ok(Got::Began) if self.follow => {
                    self.insert_missed(None, notes);
                    return Fill::Again;
                }
                Ok(Got::Began | Got::Skipped) => return Fill::Again,
                Ok(Got::Changed) => {
                    self.recover(at, None, notes);
                    return Fill::Again;
                }
                Ok(Got::Nothing) if self.may_leave(at, now) => match self.finish(at) {
                    0 => self.leave(at),
                    count => return self.ready(at, count),
                },
                // The rest of this line comes before anything else.
                Ok(Got::Nothing) if mid_line => return Fill::Dry,
                Ok(Got::End) if !self.stays(at) => self.leave(at),
                Ok(Got::Nothing | Got::End) => at += 1,
                Err(error) => {
                    if self.stays(at) {
                        self.refuse(&error, notes);
                        at += 1;
                    } else {
                        let path = self.parts.get(at).map_or_else(PathBuf::new, |part| part.path.clone());
                        notes.push_back(Note::Unreadable(path, why(&error)));
                        self.leave(at);
                    }
                }
            }
        }
        if self.parts.is_empty() && !self.follow { Fill::Ended } else { Fill::Dry }
    }

    fn ready(&mut self, from: usize, count: usize) -> Fill {
        (self.from, self.at, self.end) = (from, 0, count);
        Fill::Ready
    }

    /// True if a part is kept whatever was read of it: the live one, so that it is not taken for another.
    fn stays(&self, at: usize) -> bool {
        self.follow && self.parts.get(at).is_some_and(|part| part.standing == Standing::Live)
    }

    /// True if nothing can come from a part any more.
    fn may_leave(&self, at: usize, now: Instant) -> bool {
        let Some(part) = self.parts.get(at) else { return false };
        let newer = || self.parts.iter().skip(at + 1);
        match part.standing {
            // What is not a plain file says itself where it ends.
            _ if part.plain().is_none() => false,
            _ if !self.follow => true,
            Standing::Closed => true,
            Standing::Live => false,
            Standing::Draining if newer().count() > MOST_DRAINING => true,
            // The writer has moved on only once there is something in a newer file.
            Standing::Draining => part.is_quiet(now, QUIET) && newer().any(|part| !part.is_empty()),
        }
    }

    fn finish(&mut self, at: usize) -> usize {
        let part = self.parts.get_mut(at).filter(|part| !self.keeps_state || part.standing != Standing::Live);
        part.map_or(0, |part| part.finish(&mut self.buffer).unwrap_or(0))
    }

    fn leave(&mut self, at: usize) {
        if let Some(mut part) = self.parts.remove(at) {
            part.refresh();
            self.done += part.length();
            if part.standing == Standing::Live {
                self.left_at = Some(part.place(&[], 0));
            } else {
                self.know(part.print());
            }
        }
    }

    fn know(&mut self, print: Print) {
        if print.length() > 0 && !self.known.contains(&print) {
            self.known.push_back(print);
            if self.known.len() > MOST_KNOWN {
                self.known.pop_front();
            }
        }
    }

    fn refuse(&mut self, error: &io::Error, notes: &mut VecDeque<Note>) {
        let why = why(error);
        if self.refused.as_ref() != Some(&why) {
            notes.push_back(Note::Unreadable(self.path.clone(), why.clone()));
            self.refused = Some(why);
        }
    }
}
