//! MODEL: the filter language: `field op value` joined by `& | ! ( )`. One language for requests and for lines of a log, on
//! the screen and without one.
//!
//! This room exists so that whoever has learned to ask for requests can ask for log lines. It knows how to read and to
//! decide, not of what: a [`Language`] names the fields and gives their values.
//!
//! ```text
//! or     := and (("|" | "or") and)*
//! and    := not (["&" | "and"] not)*
//! not    := ("!" | "not") not | "(" or ")" | term
//! term   := field op value | field | flag | "~u" regex (and ~m ~c ~d ~h ~b) | word
//! op     := "=" | "!=" | "~" | "!~" | ">" | "<" | ">=" | "<="
//! ```
//!
//! `=` compares the whole value, with `*` and `?` as wildcards, and an address may be asked for by its network; `~` is a
//! regular expression that may match anywhere. A field alone asks whether there is a value. A word that is no field is looked
//! for where the language says, which is in paths and findings.

mod complete;
mod nearest;
mod parse;

use std::fmt::Debug;
use std::net::IpAddr;

use ipnet::IpNet;
use regex::bytes::Regex;

/// What a filter can be about: its words, and where their values are found.
pub trait Language: Clone + Debug + Sized + 'static {
    /// Something with a value, or several, or none.
    type Field: Clone + Debug + PartialEq + Send + Sync + 'static;
    /// Something that holds or does not.
    type Flag: Copy + Debug + Send + Sync + 'static;
    /// What is looked at.
    type Subject<'a>;

    /// The fields by name, in the order in which they are worth offering.
    const FIELDS: &'static [(&'static str, Self::Field)];
    /// The flags by name.
    const FLAGS: &'static [(&'static str, Self::Flag)];
    /// mitmproxy's letters, and the fields they stand for.
    const LETTERS: &'static [(char, Self::Field)];
    /// Values worth offering, by field.
    const VALUES: &'static [(&'static str, &'static [&'static str])];
    /// Fields that another language has, by how their names begin, and why this one does not.
    const ELSEWHERE: &'static [(&'static str, &'static str)] = &[];
    /// Beginnings of names that go on with what the user asks for: `header.`.
    const OPEN: &'static [&'static str] = &[];

    /// The field of a name that begins with one of [`Language::OPEN`].
    fn open(name: &str) -> Option<Self::Field> {
        let _ = name;
        None
    }

    /// Names that begin with one of [`Language::OPEN`] and are worth offering.
    fn openings() -> Vec<String> {
        Vec::new()
    }

    /// What the field's values are.
    fn kind(field: &Self::Field) -> Kind;

    /// The value in thousandths, if the field is a number and there is one.
    fn number(field: &Self::Field, subject: &Self::Subject<'_>) -> Option<u64>;

    /// True if one of the values passes.
    fn any(field: &Self::Field, subject: &Self::Subject<'_>, test: &mut dyn FnMut(&[u8]) -> bool) -> bool;

    /// True if the flag holds.
    fn holds(flag: Self::Flag, subject: &Self::Subject<'_>) -> bool;

    /// True if one of the texts that a bare word is looked for in passes.
    fn searched(subject: &Self::Subject<'_>, test: &dyn Fn(&[u8]) -> bool) -> bool;
}

/// What the values of a field are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text whose case matters: paths, queries, bodies.
    Exact,
    /// Text whose case does not matter to whoever reads it.
    Text,
    /// An address; `=` also takes a network.
    Address,
    /// A status; `=` also takes `4xx`.
    Status,
    /// A number of something.
    Number,
    /// Milliseconds; `ms` and `s` may follow.
    Time,
    /// Bytes; `k`, `M`, `G` and `KiB` … may follow.
    Size,
}

impl Kind {
    /// True if values can be greater and less.
    pub const fn is_number(self) -> bool {
        matches!(self, Self::Status | Self::Number | Self::Time | Self::Size)
    }

    /// True if upper and lower case are the same.
    const fn ignores_case(self) -> bool {
        !matches!(self, Self::Exact)
    }
}

/// A parsed filter.
#[derive(Clone, Debug)]
pub struct Filter<L: Language> {
    text: String,
    expr: Expr<L>,
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

impl<L: Language> Filter<L> {
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

    /// True if everything passes.
    pub fn is_empty(&self) -> bool {
        matches!(&self.expr, Expr::All(parts) if parts.is_empty())
    }

    /// True if it asks for this field.
    pub fn asks(&self, field: &L::Field) -> bool {
        self.expr.asks(field)
    }

    /// True if it asks for a flag of this kind.
    pub fn asks_flag(&self, wanted: impl Fn(L::Flag) -> bool) -> bool {
        self.expr.asks_flag(&wanted)
    }

    /// Whether a subject passes.
    pub fn passes(&self, subject: &L::Subject<'_>) -> bool {
        self.expr.matches(subject)
    }

    /// What the last word of `prefix` (the text up to the cursor) may become: fields, flags, or values of a field.
    pub fn completions(prefix: &str) -> Vec<String> {
        complete::completions::<L>(prefix)
    }
}

/// A filter as a tree.
#[derive(Clone, Debug)]
enum Expr<L: Language> {
    /// Each must hold; none holds always.
    All(Vec<Self>),
    /// One must hold.
    Any(Vec<Self>),
    /// It must not hold.
    Not(Box<Self>),
    /// One of the field's values passes the test.
    Field(L::Field, Test),
    /// A property of the subject.
    Flag(L::Flag),
    /// A word to look for.
    Word(Regex),
}

/// What is asked of a value.
#[derive(Clone, Debug)]
enum Test {
    /// It is there.
    Exists,
    /// It matches; for `=` the expression is the whole value's.
    Match(Regex),
    /// It is an address of this network.
    Within(IpNet),
    /// As a number in thousandths, it is greater.
    Above(u64),
    /// It is less.
    Below(u64),
}

impl<L: Language> Expr<L> {
    fn matches(&self, subject: &L::Subject<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(subject)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(subject)),
            Self::Not(part) => !part.matches(subject),
            Self::Field(field, test) => test.passes::<L>(field, subject),
            Self::Flag(flag) => L::holds(*flag, subject),
            Self::Word(word) => L::searched(subject, &|text| word.is_match(text)),
        }
    }

    fn asks(&self, wanted: &L::Field) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.asks(wanted)),
            Self::Not(part) => part.asks(wanted),
            Self::Field(field, _) => field == wanted,
            Self::Flag(_) | Self::Word(_) => false,
        }
    }

    fn asks_flag(&self, wanted: &dyn Fn(L::Flag) -> bool) -> bool {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().any(|part| part.asks_flag(wanted)),
            Self::Not(part) => part.asks_flag(wanted),
            Self::Flag(flag) => wanted(*flag),
            Self::Field(..) | Self::Word(_) => false,
        }
    }
}

impl Test {
    fn passes<L: Language>(&self, field: &L::Field, subject: &L::Subject<'_>) -> bool {
        match self {
            Self::Exists => L::any(field, subject, &mut |_| true),
            Self::Match(regex) => L::any(field, subject, &mut |value| regex.is_match(value)),
            Self::Within(network) => L::any(field, subject, &mut |value| is_within(value, network)),
            Self::Above(bound) => L::number(field, subject).is_some_and(|number| number > *bound),
            Self::Below(bound) => L::number(field, subject).is_some_and(|number| number < *bound),
        }
    }
}

/// True for the text of an address of the network; one of IPv4 in IPv6 clothes counts as what it is.
fn is_within(value: &[u8], network: &IpNet) -> bool {
    let address = std::str::from_utf8(value).ok().and_then(|text| text.parse::<IpAddr>().ok());
    address.is_some_and(|address| network.contains(&address.to_canonical()))
}
