//! Where reading a log begins: as the options say, or where a state says.

use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::time::Instant;

use super::{LineTime, Source};
use crate::tail::event::{Note, TailError};
use crate::tail::options::{Options, Start};
use crate::tail::part::{Part, Standing};
use crate::tail::search;
use crate::tail::state::LogState;

/// What is read of a file to find the time at which it begins.
const FIRST_LINES: usize = 64 << 10;

impl Source {
    /// Opens a log: where its state says, or as the options say. `newest` is its part of [`Start::Newest`].
    ///
    /// # Errors
    /// What keeps the file from being read; one that may still come is waited for when it is followed.
    pub(in crate::tail) fn open(
        path: &Path,
        options: &Options,
        newest: u64,
        chunk: usize,
        saved: Option<&LogState>,
        time_of: Option<LineTime<'_>>,
        notes: &mut VecDeque<Note>,
    ) -> Result<Self, TailError> {
        let mut source = Self::new(path.to_owned(), options.follow, chunk);
        source.keeps_state = options.state.is_some();
        let mut live = match Part::open(path, Standing::Live) {
            Ok(part) => Some(part),
            Err(error) if options.follow && error.kind() == io::ErrorKind::NotFound => {
                source.away = Some((Instant::now(), true));
                notes.push_back(Note::Gone(path.to_owned()));
                None
            }
            Err(error) if options.follow && error.kind() == io::ErrorKind::PermissionDenied => {
                source.refuse(&error, notes);
                None
            }
            Err(error) => return Err(TailError::of(path, &error)),
        };
        if options.follow && live.as_ref().is_some_and(|part| part.plain().is_none()) {
            notes.push_back(Note::NotFollowed(path.to_owned()));
        }
        if let Some(saved) = saved {
            if source.resume(saved, &mut live, notes) {
                return Ok(source);
            }
            let state = options.state.clone().unwrap_or_default();
            notes.push_back(Note::StateUnfit { path: path.to_owned(), state });
        }
        source.begin(live, options, newest, notes).map_err(|error| TailError::of(path, &error))?;
        if let Some(time_of) = time_of {
            source.cut_to(options, time_of).map_err(|error| TailError::of(path, &error))?;
        }
        Ok(source)
    }

    /// Begins as if nothing had ever been read.
    fn begin(
        &mut self,
        live: Option<Part>,
        options: &Options,
        newest: u64,
        notes: &mut VecDeque<Note>,
    ) -> io::Result<()> {
        let history = options.history && options.start == Start::Beginning;
        // Only history and following ask what else there is.
        let (rotated, refused) = if history || self.follow { self.rotated() } else { Default::default() };
        if history {
            notes.extend(refused);
        }
        for part in rotated {
            let is_live = live.as_ref().is_some_and(|live| live.id == part.id || live.begins_as(&part));
            if history && !is_live && self.is_new(&part) {
                self.parts.push_back(part);
            } else if !is_live {
                self.know(part.print());
            }
        }
        if let Some(mut live) = live {
            match options.start {
                Start::Beginning => {}
                Start::Newest(_) => live.seek_line(live.length().saturating_sub(newest), true, self.chunk)?,
                Start::Now => live.seek_line(live.length(), false, self.chunk)?,
            }
            self.parts.push_back(live);
        }
        Ok(())
    }

    /// Goes on where a state says, with the live file as the last. False, and nothing done, where it fits no file.
    fn resume(&mut self, saved: &LogState, live: &mut Option<Part>, notes: &mut VecDeque<Note>) -> bool {
        let mut left: Vec<_> = saved.parts.iter().collect();
        // Of several files with the same lines the one that was read farthest.
        left.sort_by_key(|place| std::cmp::Reverse(place.offset));
        // The live file first: a copy of it fits as well.
        let place = live.as_ref().and_then(|live| left.iter().position(|place| live.is_at(place)));
        let place = place.map(|at| left.remove(at));
        let mut parts: VecDeque<Part> = VecDeque::new();
        let mut taken = Vec::new();
        let (rotated, refused) = self.rotated();
        notes.extend(refused);
        for mut part in rotated {
            let twin = |other: &Part| other.id == part.id || place.is_some() && other.begins_as(&part);
            let is_twin = live.as_ref().is_some_and(twin) || parts.iter().chain(&taken).any(|one| one.begins_as(&part));
            if is_twin || saved.known.contains(&part.print()) {
                taken.push(part);
                continue;
            }
            let fitting = left.iter().position(|place| part.is_at(place)).map(|at| left.remove(at));
            if let Some(place) = fitting
                && let Err(error) = part.seek(place.offset)
            {
                self.refuse(&error, notes);
            }
            parts.push_back(part);
        }
        // A file of which nothing was read is none that could be missing.
        if left.len() == saved.parts.len() && left.iter().any(|place| place.offset > 0) {
            return false;
        }
        if let Some(mut live) = live.take() {
            if let Some(place) = place
                && let Err(error) = live.seek(place.offset)
            {
                self.refuse(&error, notes);
            }
            parts.push_back(live);
        }
        self.known = saved.known.iter().copied().collect();
        self.parts = parts;
        true
    }

    /// Leaves out what a window of time leaves out.
    fn cut_to(&mut self, options: &Options, time_of: LineTime<'_>) -> io::Result<()> {
        if let Some(since) = options.since {
            let edge = since.saturating_sub(search::DISORDER);
            let begins_before = |part: &Part, time_of: LineTime<'_>| {
                let first = part.first(FIRST_LINES).unwrap_or_default();
                search::first_time(&first, time_of).is_some_and(|first| first <= edge)
            };
            // Where a file begins before it, all older files end before it.
            let newest = (0..self.parts.len())
                .rev()
                .find(|&at| self.parts.get(at).is_some_and(|part| begins_before(part, &mut *time_of)));
            for part in self.parts.drain(..newest.unwrap_or(0)).collect::<Vec<_>>() {
                self.know(part.print());
            }
        }
        for part in &mut self.parts {
            let Some(file) = part.plain().cloned() else { continue };
            if let Some(since) = options.since {
                let start = search::first_from(&file, part.length(), since, &mut *time_of)?;
                if start > part.offset() {
                    part.seek(start)?;
                }
            }
            if let Some(until) = options.until.filter(|_| !options.follow) {
                part.end = Some(search::last_until(&file, part.length(), until, &mut *time_of)?);
            }
        }
        Ok(())
    }
}
