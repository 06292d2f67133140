//! Regular expressions as nginx, `HAProxy` and Apache httpd have them: those of PCRE, on bytes.
//!
//! This room exists because two engines are needed to be like it. [`::regex::bytes`] takes what is regular, in linear time;
//! `fancy_regex` takes look-around and back references. An expression is first taken apart ([`mod@translate`]), because the
//! syntaxes differ in what they take a letter for; what neither engine does alike (recursion, conditions, branch reset, …)
//! is said to be beyond this model and never tried.
//!
//! A [`Pcre`] may turn out not to be usable when it is tried, which is said then; of a [`Regex`], which `HAProxy` and httpd
//! have, that is known when it is read.

mod class;
mod cursor;
mod regex;
mod translate;

use std::sync::OnceLock;

pub(in crate::gateway) use self::regex::{Groups, Regex, group};
pub(in crate::gateway) use self::translate::Modes;
use self::translate::{Dialect, Translated, translate};

/// Why an expression cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Fault {
    /// PCRE refuses it too.
    Wrong(String),
    /// PCRE takes it, this model does not.
    Beyond(String),
}

/// A regular expression.
#[derive(Debug)]
pub(in crate::gateway) struct Pcre {
    pattern: Vec<u8>,
    modes: Modes,
    translated: Translated,
    /// Why it is never tried.
    beyond: Option<String>,
    /// Made when they are first needed: most expressions of a large configuration are never tried.
    linear: OnceLock<Result<::regex::bytes::Regex, String>>,
    fancy: OnceLock<Result<fancy_regex::Regex, String>>,
}

/// Where a match lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Matched {
    groups: Vec<Option<(usize, usize)>>,
}

impl Matched {
    /// Where a group lies; 0 is the whole. `None` if it took no part.
    pub(in crate::gateway) fn group(&self, number: usize) -> Option<(usize, usize)> {
        self.groups.get(number).copied().flatten()
    }

    /// All groups, the whole first.
    pub(in crate::gateway) fn into_groups(self) -> Vec<Option<(usize, usize)>> {
        self.groups
    }
}

impl Pcre {
    /// Reads an expression.
    ///
    /// # Errors
    /// [`Fault`]
    pub(in crate::gateway) fn new(pattern: &[u8], modes: Modes) -> Result<Self, Fault> {
        let translated = translate(pattern, modes, Dialect::Linear)?;
        Ok(Self {
            pattern: pattern.to_vec(),
            modes,
            translated,
            beyond: None,
            linear: OnceLock::new(),
            fancy: OnceLock::new(),
        })
    }

    /// An expression that is beyond this model: whether it matches is never known.
    pub(in crate::gateway) fn beyond(pattern: &[u8], why: String) -> Self {
        Self {
            pattern: pattern.to_vec(),
            modes: Modes::default(),
            translated: Translated::default(),
            beyond: Some(why),
            linear: OnceLock::new(),
            fancy: OnceLock::new(),
        }
    }

    /// The named groups: name and number.
    pub(in crate::gateway) fn names(&self) -> &[(String, usize)] {
        &self.translated.names
    }

    /// The first match.
    ///
    /// # Errors
    /// Why it cannot be told.
    pub(in crate::gateway) fn find(&self, subject: &[u8]) -> Result<Option<Matched>, String> {
        self.find_from(subject, 0)
    }

    /// The first match that begins at `from` or behind it. `^` is the start of the subject, wherever `from` is.
    fn find_from(&self, subject: &[u8], from: usize) -> Result<Option<Matched>, String> {
        if let Some(why) = &self.beyond {
            return Err(self.unusable(why));
        }
        // `$` holds before a line feed at the end too, which only the second engine can say.
        let line_end = self.translated.dollar && subject.last() == Some(&b'\n');
        if self.translated.fancy || line_end { self.find_fancy(subject, from) } else { self.find_linear(subject, from) }
    }

    /// True if there is a match.
    ///
    /// # Errors
    /// Why it cannot be told.
    pub(in crate::gateway) fn is_match(&self, subject: &[u8]) -> Result<bool, String> {
        self.find(subject).map(|matched| matched.is_some())
    }

    /// The engine for what is regular.
    fn linear(&self) -> Result<&::regex::bytes::Regex, String> {
        let made = self.linear.get_or_init(|| {
            ::regex::bytes::RegexBuilder::new(&self.translated.text)
                .unicode(false)
                .build()
                .map_err(|error| self.unusable(&error.to_string()))
        });
        made.as_ref().map_err(Clone::clone)
    }

    /// The engine for everything.
    fn fancy(&self) -> Result<&fancy_regex::Regex, String> {
        let made = self.fancy.get_or_init(|| {
            let translated = translate(&self.pattern, self.modes, Dialect::Fancy).map_err(|fault| match fault {
                Fault::Wrong(why) | Fault::Beyond(why) => self.unusable(&why),
            })?;
            let mut builder = fancy_regex::RegexBuilder::new(&translated.text);
            builder.bytes_mode(fancy_regex::BytesMode::Ascii).build().map_err(|error| self.unusable(&error.to_string()))
        });
        made.as_ref().map_err(Clone::clone)
    }

    fn find_linear(&self, subject: &[u8], from: usize) -> Result<Option<Matched>, String> {
        let regex = self.linear()?;
        if from > subject.len() {
            return Ok(None);
        }
        let groups = |captures: ::regex::bytes::Captures<'_>| Matched {
            groups: captures.iter().map(|group| group.map(|group| (group.start(), group.end()))).collect(),
        };
        Ok(regex.captures_at(subject, from).map(groups))
    }

    fn find_fancy(&self, subject: &[u8], from: usize) -> Result<Option<Matched>, String> {
        let regex = self.fancy()?;
        if from > subject.len() {
            return Ok(None);
        }
        let found = regex.captures_from_pos(subject, from).map_err(|error| self.unusable(&error.to_string()))?;
        Ok(found.map(|captures| Matched {
            groups: captures.iter().map(|group| group.map(|group| (group.start(), group.end()))).collect(),
        }))
    }

    fn unusable(&self, why: &str) -> String {
        let why = why.lines().last().unwrap_or_default();
        format!("the expression {} is not tried: {why}", String::from_utf8_lossy(&self.pattern))
    }
}

#[cfg(test)]
mod tests;
