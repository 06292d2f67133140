//! From a `log_format` to something that reads its lines.
//!
//! This file exists because a log is read by the format that wrote it, and nobody should have to translate that by hand. A
//! format is compiled once into a list of steps, each a variable and the literal behind it; a line is read by walking them.
//!
//! ```text
//! text ─ compile ─▶ Template: (class of value, literal)… ─ walk ─▶ Record
//! no template: members of a JSON object, looked up by their keys ─▶ Record
//! ```

mod clock;
mod compile;
mod detect;
mod field;
mod learn;
mod literal;
mod members;
mod names;
mod template;
mod wrapping;

pub use clock::Clock;
pub use detect::{Detected, Undetected, sample};
pub use wrapping::Wrapping;

use super::Escape;
use super::record::Record;
use clock::Times;
use template::{Otherwise, Template};

/// A compiled format.
#[derive(Clone, Debug)]
pub struct Format {
    name: String,
    escape: Escape,
    reader: Reader,
    /// What is around each line.
    wrapping: Option<Wrapping>,
    joined: Vec<String>,
}

/// How its lines are read.
#[derive(Clone, Debug)]
enum Reader {
    Template(Box<Template>),
    /// As JSON, by keys that are known.
    Members,
}

/// Why a text is no format that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} (at column {})", column + 1)]
pub struct FormatError {
    /// What is wrong, and what would be right.
    pub what: String,
    /// Where, in bytes from 0.
    pub column: usize,
}

/// Why a line could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The kind of reason: unread lines are counted by it.
    pub reason: UnreadReason,
    /// The first byte that differs from the format, from 0.
    pub column: usize,
}

/// Kinds of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UnreadReason {
    /// The line ends before the format does.
    Partial,
    /// A literal of the format is not where it should be.
    Literal,
    /// The status is none.
    Status,
    /// The time is none.
    Time,
    /// Not JSON, where JSON is read.
    Json,
    /// Nothing on it, or only NULs.
    Empty,
}

impl UnreadReason {
    /// What it is, a few words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Partial => "ends before the format does",
            Self::Literal => "differs from the format",
            Self::Status => "the status is no number of three digits",
            Self::Time => "the time is none",
            Self::Json => "is not JSON that says anything of a request",
            Self::Empty => "is empty",
        }
    }
}

impl Format {
    /// Compiles the text of a `log_format`, its quoted pieces already joined. Variables that stand together and cannot be
    /// told apart are read as one text that says nothing: [`Format::joined`] names them.
    ///
    /// # Errors
    /// [`FormatError`] where a variable is not closed or has no name, for a text without any, and where so much stands together
    /// that neither a request nor a status could be read.
    pub fn compile(text: &[u8], escape: Escape) -> Result<Self, FormatError> {
        let (template, joined) = compile::compile(text, escape)?;
        let name = String::from_utf8_lossy(text).into_owned();
        Ok(Self { joined, ..Self::new(name, escape, Reader::Template(Box::new(template))) })
    }

    /// The same under a name.
    #[must_use]
    pub fn called(self, name: String) -> Self {
        Self { name, ..self }
    }

    /// The same, each line wrapped by a shipper. A line that is not is read as it is.
    #[must_use]
    pub fn wrapped(self, wrapping: Wrapping) -> Self {
        Self { wrapping: Some(wrapping), ..self }
    }

    /// What is around each line.
    pub const fn wrapping(&self) -> Option<Wrapping> {
        self.wrapping
    }

    /// How texts are escaped.
    pub const fn escape(&self) -> Escape {
        self.escape
    }

    /// The same; a line that does not follow it is read by the keys that are known.
    fn or_by_known_keys(mut self) -> Self {
        if let Reader::Template(template) = &mut self.reader {
            template.otherwise = Otherwise::Known;
        }
        self
    }

    const fn new(name: String, escape: Escape, reader: Reader) -> Self {
        Self { name, escape, reader, wrapping: None, joined: Vec::new() }
    }

    /// Its name or text, to be shown.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The variables that stand together without anything between that would tell them apart: `$http_a$http_b`.
    pub fn joined(&self) -> &[String] {
        &self.joined
    }

    /// What of a line cannot be read for that, a sentence; `None` where every variable has its end.
    pub fn warning(&self) -> Option<String> {
        let joined = self.joined.join(" and ");
        (!joined.is_empty()).then(|| {
            format!(
                "{joined} cannot be told apart in a line, and none of it is read: put a space or a quote between them"
            )
        })
    }

    /// Reads one line, without its line end. `clock` remembers the last time text, which mostly comes again.
    ///
    /// # Errors
    /// [`Unread`] if the line does not have this format.
    #[inline]
    pub fn read<'a>(&self, line: &'a [u8], clock: &'a mut Clock) -> Result<Record<'a>, Unread> {
        let (mut times, room) = clock.split();
        let inside = match self.wrapping {
            Some(wrapping) => wrapping.open(line, room).unwrap_or(line),
            None => line,
        };
        // Filled where it is returned: a record is large, and this is done for every line.
        let mut result = Ok(Record { escape: self.escape, ..Record::default() });
        if let Ok(record) = &mut result
            && let Err(mut unread) = self.fill(inside, &mut times, record)
        {
            if self.wrapping.is_some_and(Wrapping::is_before) {
                unread.column += line.len() - inside.len();
            }
            result = Err(unread);
        }
        result
    }

    #[inline]
    fn fill<'a>(&self, line: &'a [u8], times: &mut Times<'_>, record: &mut Record<'a>) -> Result<(), Unread> {
        match &self.reader {
            _ if line.is_empty() => Err(Unread { reason: UnreadReason::Empty, column: 0 }),
            Reader::Template(template) => template.read(line, times, record),
            Reader::Members => members::read(line, None, self.escape, times, record),
        }
    }
}

#[cfg(test)]
mod tests;
