//! Regular expressions of a configuration: what Go makes of them, and their text, by which two are compared.

use std::fmt;
use std::sync::Arc;

use crate::gateway::go::{Regexp, RegexpError};

/// An expression. Two are equal if they are written alike.
#[derive(Clone)]
pub(super) struct Pattern {
    source: Arc<str>,
    /// `None` if it is not understood.
    compiled: Option<Regexp>,
}

impl Pattern {
    /// An expression; whether it can be used is told by [`Self::understood`].
    ///
    /// # Errors
    /// What Go refuses.
    pub(super) fn new(source: &str) -> Result<Self, String> {
        let compiled = match Regexp::new(source) {
            Ok(compiled) => Some(compiled),
            Err(RegexpError::NotModelled(_)) => None,
            Err(RegexpError::Malformed(what)) => return Err(what),
        };
        Ok(Self { source: source.into(), compiled })
    }

    /// The expression, if it is understood.
    pub(super) fn understood(&self) -> Option<&Regexp> {
        self.compiled.as_ref()
    }

    /// As it is written.
    pub(super) fn source(&self) -> &str {
        &self.source
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}
