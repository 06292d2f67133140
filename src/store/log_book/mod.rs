//! What is kept of access logs: the traffic, its causes, the newest lines, and what could not be read.
//!
//! This module exists so that the reader of a log and every face share one value: the reader is the only writer, a face
//! copies one screenful.

mod language;
mod line;
mod recent;
mod source;
#[cfg(test)]
mod tests;
mod unread;
mod view;

use language::LogLines;
pub use line::LogLine;
pub use source::{LogSource, Progress};
pub use unread::{UnreadLine, UnreadLines};
pub use view::{Known, LogView, Surroundings};

use std::ops::Range;

use crate::access_log::format::Clock;
use crate::access_log::traffic::{Sign, Through};
use crate::access_log::{Format, Record, Traffic, Unread, UnreadReason};
use crate::diagnosis::log::{self, LogCause, LogContext};
use crate::filter::Filter;
use recent::{RECENT, Recent};

/// A filter of log lines.
pub type LineFilter = Filter<LogLines>;

/// The log book.
#[derive(Debug, Default)]
pub struct LogBook {
    sources: Vec<LogSource>,
    intake: Intake,
    /// The causes, as of the last look.
    causes: Vec<LogCause>,
    /// How far reading is.
    pub progress: Progress,
    bytes: u64,
    revision: u64,
}

/// What becomes of a line that was read.
#[derive(Debug, Default)]
struct Intake {
    view: LogView,
    /// What lines are judged by.
    known: Known,
    traffic: Traffic,
    unread: UnreadLines,
    recent: Recent,
}

impl LogBook {
    /// An empty book that takes what this view wants.
    pub fn new(view: LogView) -> Self {
        let known = view.known.clone();
        Self { intake: Intake { view, known, ..Intake::default() }, ..Self::default() }
    }

    /// Adds a source and gives its number. Nothing is taken in of it until its format is decided.
    pub fn open(&mut self, name: String) -> usize {
        self.sources.push(LogSource::new(name));
        self.sources.len() - 1
    }

    /// Gives a source its format; `chosen` says how it was chosen.
    pub fn decide(&mut self, source: usize, format: Format, chosen: String) {
        if let Some(from) = self.sources.get_mut(source) {
            (from.format, from.chosen) = (Some(format), chosen);
        }
    }

    /// Takes in what was read of a source.
    pub fn feed(&mut self, source: usize, bytes: &[u8]) {
        self.feed_each(source, bytes, |_| {});
    }

    /// The same, and shows every line that is wanted to `each`, in order; also those that cannot be read, unless a filter is
    /// in force, which they cannot pass.
    pub fn feed_each(&mut self, source: usize, bytes: &[u8], mut each: impl FnMut(Fed<'_>)) {
        // What is far from the end of a long read is pushed out by what comes after it.
        let keeps = !self.progress.is_far_from_end(RECENT as u64);
        let Some(from) = self.sources.get_mut(source) else { return };
        let LogSource { format: Some(format), clock, lines, .. } = from else { return };
        let intake = &mut self.intake;
        if intake.view.is_all() {
            lines.push(bytes, |line| intake.take(source, line, &format.read(line, clock), keeps, &mut each));
        } else {
            lines.push(bytes, |line| intake.choose(source, line, &format.read(line, clock), &mut each));
        }
        self.bytes += bytes.len() as u64;
        self.revision += 1;
    }

    /// Takes in the line of a source whose end did not come, and shows it to `each`.
    pub fn finish_each(&mut self, source: usize, mut each: impl FnMut(Fed<'_>)) {
        let Some(from) = self.sources.get_mut(source) else { return };
        let LogSource { format: Some(format), clock, lines, .. } = from else { return };
        let intake = &mut self.intake;
        lines.finish(|line| intake.choose(source, line, &format.read(line, clock), &mut each));
        self.revision += 1;
    }

    /// Concludes from what was fed. Lines that come later are judged by it, unless the view says by what.
    pub fn conclude(&mut self) {
        let formats = self.sources.iter().filter_map(|source| source.format.as_ref());
        let proxy = formats.map(Format::name).find_map(log::writer);
        let surroundings = &self.intake.view.surroundings;
        let (prefixes, gateway) = (surroundings.prefixes.as_slice(), surroundings.gateway.as_deref());
        let context = LogContext { proxy, prefixes, gateway, ..LogContext::default() };
        self.causes = log::causes_in(&self.intake.traffic, &context);
        if !self.intake.view.needs_known() {
            self.intake.known = Known::of(&self.intake.traffic, &self.causes);
        }
        self.revision += 1;
    }

    /// The same book with other causes, to show how they look.
    #[cfg(test)]
    pub(crate) fn with_causes(mut self, causes: Vec<LogCause>) -> Self {
        self.causes = causes;
        self.revision += 1;
        self
    }

    /// The lines that are kept, through another view: for what can be read only once. What is read goes on where it was; of
    /// what came before the kept lines nothing is known. Where lines cannot be judged alone, they are judged by what was
    /// found so far.
    #[must_use]
    pub fn through(&self, mut view: LogView) -> Self {
        if view.needs_known() {
            let judged = self.intake.view.needs_known();
            view.known = if judged { self.intake.known.clone() } else { self.known() };
        }
        let mut book = Self { progress: self.progress, revision: self.revision + 1, ..Self::new(view) };
        book.sources.clone_from(&self.sources);
        let mut clock = Clock::default();
        for (source, line) in self.lines(self.kept()) {
            let Some(format) = self.sources.get(source).and_then(|source| source.format.as_ref()) else { continue };
            book.intake.choose(source, line, &format.read(line, &mut clock), &mut |_| {});
            book.bytes += line.len() as u64 + 1;
        }
        book
    }

    /// What a later look at the same lines can judge each of them by.
    pub fn known(&self) -> Known {
        Known::of(&self.intake.traffic, &self.causes)
    }

    /// Bytes that were fed: of lines, as they are when nothing is compressed any more.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The sources, by number.
    pub fn sources(&self) -> &[LogSource] {
        &self.sources
    }

    /// What is wanted of them.
    pub fn view(&self) -> &LogView {
        &self.intake.view
    }

    /// What the lines come to.
    pub fn traffic(&self) -> &Traffic {
        &self.intake.traffic
    }

    /// The causes, as of the last [`LogBook::conclude`].
    pub fn causes(&self) -> &[LogCause] {
        &self.causes
    }

    /// The paths that a cause says were given out and should not have been, the most often asked for first.
    pub fn given_out(&self) -> Vec<Sign<'_, Through>> {
        let mut given: Vec<_> = self.traffic().through().filter(|path| log::gave_out(&self.causes, path.key)).collect();
        given.sort_unstable_by(|one, other| other.count.cmp(&one.count).then_with(|| one.key.cmp(other.key)));
        given
    }

    /// What could not be read.
    pub fn unread(&self) -> &UnreadLines {
        &self.intake.unread
    }

    /// The numbers of the lines that are kept, oldest first. A line keeps its number.
    pub fn kept(&self) -> Range<u64> {
        self.intake.recent.numbers()
    }

    /// Some of the lines that are kept, by their numbers, oldest first: the number of their source, and the line as written.
    pub fn lines(&self, numbers: Range<u64>) -> impl DoubleEndedIterator<Item = (usize, &[u8])> {
        numbers.filter_map(|number| self.intake.recent.get(number))
    }

    /// What a line of a source says, read when it is to be shown.
    ///
    /// # Errors
    /// [`Unread`] if it does not have the source's format.
    pub fn read<'a>(&self, source: usize, line: &'a [u8], clock: &'a mut Clock) -> Result<Record<'a>, Unread> {
        let unknown = Unread { reason: UnreadReason::Literal, column: 0 };
        let format = self.sources.get(source).and_then(|source| source.format.as_ref());
        format.ok_or(unknown)?.read(line, clock)
    }

    /// Changes with everything that is fed or concluded.
    pub const fn revision(&self) -> u64 {
        self.revision
    }
}

impl Fed<'_> {
    /// The number of its source.
    pub const fn source(&self) -> usize {
        match self {
            Self::Line(line) => line.source,
            Self::Unread(source, ..) => *source,
        }
    }
}

/// What is shown of a line that was fed.
#[derive(Clone, Copy, Debug)]
pub enum Fed<'a> {
    /// It was read, and is wanted.
    Line(LogLine<'a>),
    /// It could not be read: its source, why, and the line.
    Unread(usize, Unread, &'a [u8]),
}

impl Intake {
    /// Takes a line in where all are wanted.
    fn take(
        &mut self,
        source: usize,
        raw: &[u8],
        read: &Result<Record<'_>, Unread>,
        keeps: bool,
        each: &mut impl FnMut(Fed<'_>),
    ) {
        match read {
            Ok(record) => {
                self.traffic.absorb(record, raw);
                if keeps {
                    self.recent.push(source, raw);
                }
                each(Fed::Line(LogLine { source, raw, record, known: &self.known }));
            }
            Err(unread) => {
                self.unread.push(source, *unread, raw);
                each(Fed::Unread(source, *unread, raw));
            }
        }
    }

    /// Takes a line in if it is wanted.
    fn choose(&mut self, source: usize, raw: &[u8], read: &Result<Record<'_>, Unread>, each: &mut impl FnMut(Fed<'_>)) {
        match read {
            Ok(record) if !self.view.wants(&LogLine { source, raw, record, known: &self.known }) => {}
            Err(unread) if self.view.filter.is_some() => self.unread.push(source, *unread, raw),
            read => self.take(source, raw, read, true, each),
        }
    }
}
