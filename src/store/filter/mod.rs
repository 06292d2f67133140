//! The filter language: `field op value` joined by `& | ! ( )`. One language for the screen and for headless runs.
//!
//! ```text
//! or     := and (("|" | "or") and)*
//! and    := not (["&" | "and"] not)*
//! not    := ("!" | "not") not | "(" or ")" | term
//! term   := field op value | field | flag | "~u" regex (and ~m ~c ~d ~h ~b) | word
//! op     := "=" | "!=" | "~" | "!~" | ">" | "<" | ">=" | "<="
//! ```
//!
//! `=` compares the whole value, with `*` and `?` as wildcards; `~` is a regular expression that may match anywhere. A
//! field alone asks whether there is a value. A word that is no field is looked for in paths and findings.

mod complete;
mod field;
mod nearest;
mod parse;
#[cfg(test)]
mod tests;

use regex::bytes::Regex;

use super::Entry;
use crate::exchange::Pairing;
use crate::lanes::Lanes;
use field::Field;

/// A parsed filter.
#[derive(Clone, Debug)]
pub struct Filter {
    text: String,
    expr: Expr,
}

/// What is wrong with a filter, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at column {})", column + 1)]
pub struct FilterError {
    /// What is wrong and what would be right.
    pub message: String,
    /// Where, in characters from 0.
    pub column: usize,
}

impl Filter {
    /// Reads a filter; the empty text matches everything.
    ///
    /// # Errors
    /// [`FilterError`] with the place and what was expected there.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Ok(Self { text: text.to_owned(), expr: parse::parse(text)? })
    }

    /// The text it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether an entry passes.
    pub fn matches(&self, entry: &Entry, lanes: &Lanes) -> bool {
        self.expr.matches(entry, lanes)
    }

    /// What the last word of `prefix` (the text up to the cursor) may become: fields, flags, or values of a field.
    pub fn completions(prefix: &str) -> Vec<String> {
        complete::completions(prefix)
    }
}

/// A filter as a tree.
#[derive(Clone, Debug)]
enum Expr {
    /// Each must hold; none holds always.
    All(Vec<Self>),
    /// One must hold.
    Any(Vec<Self>),
    /// It must not hold.
    Not(Box<Self>),
    /// One of the field's values passes the test.
    Field(Field, Test),
    /// A property of the exchange.
    Flag(Flag),
    /// A word to look for in paths and findings.
    Word(Regex),
}

/// What is asked of a value.
#[derive(Clone, Debug)]
enum Test {
    /// It is there.
    Exists,
    /// It matches; for `=` the expression is the whole value's.
    Match(Regex),
    /// As a number in thousandths, it is greater.
    Above(u64),
    /// It is less.
    Below(u64),
}

/// Words that hold or do not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flag {
    /// A websocket handshake.
    WebSocket,
    /// The response is an event stream.
    EventStream,
    /// Part of a redirect loop.
    Loop,
    /// Not ended.
    Open,
    /// Its halves were paired by a guess.
    Guessed,
}

impl Flag {
    const ALL: [(&'static str, Self); 5] = [
        ("ws", Self::WebSocket),
        ("sse", Self::EventStream),
        ("loop", Self::Loop),
        ("open", Self::Open),
        ("guessed", Self::Guessed),
    ];

    fn holds(self, entry: &Entry, lanes: &Lanes) -> bool {
        match self {
            Self::WebSocket => lanes.original.websocket,
            Self::EventStream => {
                lanes.answer.content_type.as_deref().is_some_and(|kind| kind.starts_with("text/event-stream"))
            }
            Self::Loop => entry.findings.iter().any(|finding| finding.code == "RD06"),
            Self::Open => !entry.exchange.is_finished(),
            Self::Guessed => entry.exchange.pairing == Pairing::Guessed,
        }
    }
}

impl Expr {
    fn matches(&self, entry: &Entry, lanes: &Lanes) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(entry, lanes)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(entry, lanes)),
            Self::Not(part) => !part.matches(entry, lanes),
            Self::Field(field, test) => test.passes(field, entry, lanes),
            Self::Flag(flag) => flag.holds(entry, lanes),
            Self::Word(word) => field::searched(entry, lanes, |text| word.is_match(text)),
        }
    }
}

impl Test {
    fn passes(&self, field: &Field, entry: &Entry, lanes: &Lanes) -> bool {
        match self {
            Self::Exists => field.any(entry, lanes, |_| true),
            Self::Match(regex) => field.any(entry, lanes, |value| regex.is_match(value)),
            Self::Above(bound) => field.number(entry, lanes).is_some_and(|number| number > *bound),
            Self::Below(bound) => field.number(entry, lanes).is_some_and(|number| number < *bound),
        }
    }
}
