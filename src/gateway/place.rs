//! Where something stands in a configuration, and what of it is not understood.
//!
//! This module exists so that every step, fault and doubt of a configured proxy can be looked up by the user: a file and a
//! line, always.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::Code;

/// A line of a configuration file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, by the name it was opened with.
    pub file: Arc<Path>,
    /// The line, counted from one.
    pub line: u32,
}

impl Place {
    /// A line of a file.
    pub fn new(file: impl Into<Arc<Path>>, line: u32) -> Self {
        Self { file: file.into(), line }
    }
}

/// `nginx.conf:12`
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Something that no answer may be built on: a directive that is not modelled, a value that only the running proxy knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NotUnderstood {
    /// Where it stands; `None` for what no line says.
    pub place: Option<Place>,
    /// What it is and why it is not understood, e.g. `sub_filter_once: how bodies are changed is not modelled`.
    pub what: String,
}

impl NotUnderstood {
    /// What a line says.
    pub fn at(place: &Place, what: impl Into<String>) -> Self {
        Self { place: Some(place.clone()), what: what.into() }
    }
}

/// `nginx.conf:12: what`
impl fmt::Display for NotUnderstood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// A fault of a configuration that needs no request to be seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Remark {
    /// What it is.
    pub code: Code,
    /// How bad it is.
    pub weight: Weight,
    /// Where it stands.
    pub place: Place,
    /// What is wrong, a sentence.
    pub what: String,
    /// What to write instead, where that can be said.
    pub fix: Option<String>,
}

/// How bad a [`Remark`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// Worth knowing.
    Note,
    /// Some requests go wrong.
    Warning,
    /// What was meant cannot work.
    Error,
}

/// Why a configuration cannot be read: the proxy itself would refuse it, or a file is missing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", NotUnderstood { place: self.place.clone(), what: self.what.clone() })]
pub struct ConfigError {
    /// Where; `None` where a file as a whole is meant.
    pub place: Option<Place>,
    /// What is wrong, and the way out.
    pub what: String,
}

impl ConfigError {
    /// A fault in a line.
    pub fn at(place: &Place, what: impl Into<String>) -> Self {
        Self { place: Some(place.clone()), what: what.into() }
    }

    /// A file that cannot be read.
    pub fn unreadable(file: &Path, error: &std::io::Error) -> Self {
        Self { place: None, what: format!("cannot read {}: {error}", file.display()) }
    }
}
