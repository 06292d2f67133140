//! What becomes of a name: rotated, emptied, replaced, gone.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Source;
use crate::tail::event::{Note, why};
use crate::tail::family;
use crate::tail::part::{Part, Standing};
use crate::tail::print::FileId;

/// How long a file may be away before it is said: a rotation leaves no file for a moment.
const AWAY: Duration = Duration::from_secs(2);
/// Rotation that goes on while its files are listed: try again so often.
const LISTINGS: usize = 8;

impl Source {
    /// Sees where the name leads.
    pub(super) fn look(&mut self, now: Instant, notes: &mut VecDeque<Note>) {
        match fs::metadata(&self.path) {
            Ok(metadata) => {
                if self.away.take().is_some_and(|(_, said)| said) {
                    notes.push_back(Note::Back(self.path.clone()));
                }
                let live = self.parts.back().filter(|part| part.standing == Standing::Live);
                if live.is_none_or(|part| part.id != FileId::of(&metadata))
                    && let Err(error) = self.switch(notes)
                    && error.kind() != io::ErrorKind::NotFound
                {
                    self.refuse(&error, notes);
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                let (since, said) = self.away.get_or_insert((now, false));
                if !*said && now.saturating_duration_since(*since) >= AWAY {
                    *said = true;
                    notes.push_back(Note::Gone(self.path.clone()));
                }
            }
            Err(error) => self.refuse(&error, notes),
        }
    }

    /// Takes the file to which the name leads now, and those that had it in between.
    fn switch(&mut self, notes: &mut VecDeque<Note>) -> io::Result<()> {
        let mut fresh = Part::open(&self.path, Standing::Live)?;
        self.refused = None;
        if let Some(at) = self.parts.iter().position(|part| part.id == fresh.id) {
            // It was renamed back, or is the one that was looked for.
            if let Some(mut part) = self.parts.remove(at) {
                self.lose_name();
                part.standing = Standing::Live;
                self.parts.push_back(part);
            }
            return Ok(());
        }
        if self.parts.back_mut().is_some_and(|part| part.standing == Standing::Live && part.has_changed()) {
            // It was emptied before it was renamed.
            notes.push_back(Note::Rotated(self.path.clone()));
            self.recover(self.parts.len() - 1, Some(fresh), notes);
            return Ok(());
        }
        let live = self.parts.back_mut().filter(|part| part.standing == Standing::Live);
        if let Some(live) = live
            && fresh.holds(live, false)
        {
            // The same lines in a new file: an editor or rsync put it there.
            fresh.go_on(live)?;
            let is_begun = fresh.offset() > 0;
            *live = fresh;
            if !is_begun {
                self.insert_missed(None, notes);
            }
            return Ok(());
        }
        if self.lose_name() {
            notes.push_back(Note::Rotated(self.path.clone()));
        }
        self.parts.push_back(fresh);
        self.insert_missed(None, notes);
        Ok(())
    }

    /// The live file has its name no more. False if there was none.
    fn lose_name(&mut self) -> bool {
        let live = self.parts.back_mut().filter(|part| part.standing == Standing::Live);
        live.map(|part| part.standing = Standing::Draining).is_some()
    }

    /// A file was emptied: what of it was unread is in a copy, if anywhere. Then it is read from its beginning, and after it
    /// the one that has its name now, if that is another.
    pub(super) fn recover(&mut self, at: usize, fresh: Option<Part>, notes: &mut VecDeque<Note>) {
        let Some(lost) = self.parts.remove(at) else { return };
        let Some(mut anew) = lost.anew().filter(|part| part.standing == Standing::Live) else {
            self.know(lost.print());
            return;
        };
        anew.refresh();
        if fresh.is_some() {
            anew.standing = Standing::Draining;
        }
        // The same lines in a new file may have taken its place.
        if fresh.as_ref().is_none_or(|fresh| !fresh.begins_as(&anew)) {
            self.parts.push_back(anew);
        }
        self.parts.extend(fresh);
        let recovered = self.insert_missed(Some(&lost), notes);
        if recovered.is_none() {
            self.know(lost.print());
        }
        notes.push_back(Note::Truncated { path: self.path.clone(), recovered });
    }

    /// Takes what was never seen at the name, and the rest of a file that was emptied. Gives where that was found.
    pub(super) fn insert_missed(&mut self, lost: Option<&Part>, notes: &mut VecDeque<Note>) -> Option<PathBuf> {
        let mut recovered = None;
        let mut row: Vec<(Part, bool)> = Vec::new();
        for mut part in self.beside_live() {
            let is_taken = row.iter().any(|(other, taken)| *taken && other.begins_as(&part));
            let rest_of = lost.filter(|lost| recovered.is_none() && part.holds(lost, true));
            let is_missed = if let Some(lost) = rest_of {
                recovered = part.go_on(lost).is_ok().then(|| part.path.clone());
                recovered.is_some()
            } else if lost.is_some_and(|lost| part.begins_as(lost)) || is_taken {
                false
            } else {
                self.is_new(&part)
            };
            if is_missed && rest_of.is_none() {
                notes.push_back(Note::CaughtUp(part.path.clone()));
            }
            row.push((part, is_missed));
        }
        if let Some(lost) = lost.filter(|_| recovered.is_none())
            && let Some(mut copy) = copy_of(lost, &self.path)
            && copy.go_on(lost).is_ok()
        {
            recovered = Some(copy.path.clone());
            row.insert(0, (copy, true));
        }
        self.insert(row, notes);
        recovered
    }

    /// Puts files into the row of those that are open: each in front of the next younger one of them, or of the live one.
    fn insert(&mut self, row: Vec<(Part, bool)>, notes: &mut VecDeque<Note>) {
        let live = self.parts.back().filter(|part| part.standing == Standing::Live);
        let mut younger = self.parts.len().saturating_sub(usize::from(live.is_some()));
        if live.is_some_and(|live| row.iter().any(|(part, _)| part.id == live.id)) {
            // It was renamed while the list was made, and what is younger comes behind it.
            self.lose_name();
            notes.push_back(Note::Rotated(self.path.clone()));
            younger = self.parts.len();
        }
        for (part, is_missed) in row.into_iter().rev() {
            let twin = self.parts.iter().position(|open| open.id == part.id || open.begins_as(&part));
            if is_missed {
                self.parts.insert(younger, part);
            } else {
                younger = twin.unwrap_or(younger);
            }
        }
    }

    /// The rotated files, listed while the live file stayed what it is: else it was copied and emptied in between. Nothing of
    /// it was read yet.
    fn beside_live(&mut self) -> Vec<Part> {
        let mut rotated = Vec::new();
        for _ in 0..LISTINGS {
            self.parts.iter_mut().for_each(Part::refresh);
            // What cannot be read was said when history was asked for, or is none of this log's.
            (rotated, _) = self.rotated();
            if self.parts.back_mut().is_none_or(Part::refresh_same) {
                break;
            }
        }
        rotated
    }

    /// True for a file with something in it of which nothing was read.
    pub(super) fn is_new(&self, part: &Part) -> bool {
        let is_open = self.parts.iter().any(|open| open.id == part.id || open.begins_as(part));
        !part.is_empty() && !is_open && !self.known.contains(&part.print())
    }

    /// Opens the rotated files, oldest first, and says which cannot be read. A rotation meanwhile moves them, so the list must
    /// stand still.
    pub(super) fn rotated(&self) -> (Vec<Part>, Vec<Note>) {
        let standing = if self.follow { Standing::Draining } else { Standing::Closed };
        let (mut parts, mut refused) = (Vec::new(), Vec::new());
        for _ in 0..LISTINGS {
            (parts, refused) = (Vec::new(), Vec::new());
            let listed = family::rotated(&self.path);
            for file in &listed {
                match Part::open(file, standing) {
                    Ok(part) => parts.push(part),
                    Err(error) => refused.push(Note::Unreadable(file.clone(), why(&error))),
                }
            }
            if family::rotated(&self.path) == listed && !moved(&parts) {
                break;
            }
        }
        (parts, refused)
    }
}

/// True if a name leads to another file than the one that was opened by it.
fn moved(parts: &[Part]) -> bool {
    parts.iter().any(|part| fs::metadata(&part.path).map_or(true, |metadata| FileId::of(&metadata) != part.id))
}

/// A file beside a log, whatever its ending, that holds the rest of what it held.
fn copy_of(lost: &Part, path: &Path) -> Option<Part> {
    let copies = family::copies(path).into_iter().filter_map(|copy| Part::open(&copy, Standing::Closed).ok());
    copies.into_iter().find(|copy| copy.plain().is_some() && copy.holds(lost, true))
}
