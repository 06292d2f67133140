//! CONCLUSIONS: what is wrong, why, what to do, and what not to do.
//!
//! This room exists so that a cause is named once, in one file that reads as a document, and is said alike on every face.
//! `rules/` holds one file per finding, `pages/` what each code means; this file holds what they share: the case they are shown, the finding they give,
//! and the order in which a cause goes before what follows from it.

mod body;
mod case;
mod change;
mod evidence;
mod fact;
pub(crate) mod fix;
mod history;
mod hop_words;
mod known_apps;
pub mod log;
mod order;
pub mod pages;
mod paths;
mod plain;
pub(crate) mod prefix;
mod redirected;
mod rule;
pub mod rules;
mod scanner;
mod scheme;
pub(crate) mod server_words;
mod session;
pub(crate) mod shown;
mod step;
pub(crate) mod wording;

pub use body::telling;
pub use change::{AppChange, Change, Fix, Standing, Trial};
pub use fact::{Fact, Ground};
pub use plain::is_plain;
pub use rule::Rule;
pub use session::{Session, Update};

use crate::exchange::ExchangeId;

/// How sure a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// One fact; what would settle it is named in the finding.
    Medium,
    /// Two independent facts.
    High,
}

impl Confidence {
    /// The word on screen and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// True, and seldom worth a thought.
    Note,
    /// Works, but not as meant.
    Warn,
    /// Broken.
    Error,
}

impl Severity {
    /// The word on screen and in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// A conclusion about one exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its stable code, e.g. `PX01`.
    pub code: &'static str,
    /// Its title, e.g. `prefix kept, app not told`.
    pub title: &'static str,
    /// How bad.
    pub severity: Severity,
    /// The cause, in whole sentences about this request.
    pub why: String,
    /// What it is about, e.g. the prefix `/api/v1`: code and this name the cause, which many requests may share. Empty where
    /// the code alone does.
    pub about: String,
    /// What it rests on.
    pub facts: Vec<Fact>,
    /// What would settle it, a few words; `None` if it is settled.
    pub missing: Option<String>,
    /// What to change, best first.
    pub fix: Vec<Fix>,
    /// The popular fix that makes it worse.
    pub not: Option<String>,
    /// How sure.
    pub confidence: Confidence,
    /// False if it follows from another finding.
    pub primary: bool,
    /// What it follows from: a code on the same exchange, or another exchange.
    pub follows: Option<Follows>,
}

impl Finding {
    /// The cause that it names: its code, and what it is about.
    pub fn cause(&self) -> Cause {
        Cause { code: self.code, about: self.about.clone() }
    }

    /// The first fix that can be tried: advice has no changes.
    pub fn first_to_try(&self) -> Option<&Fix> {
        self.fix.iter().find(|fix| !fix.changes.is_empty())
    }
}

/// A cause, by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cause {
    /// The code of its findings.
    pub code: &'static str,
    /// What they are about.
    pub about: String,
}

/// What a finding follows from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Follows {
    /// A finding on the same exchange.
    Code(&'static str),
    /// A finding on an earlier exchange.
    Exchange(ExchangeId, &'static str),
}
