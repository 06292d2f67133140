//! Expressions of `HAProxy` and Apache httpd, of which it is always told whether they match.

use std::ops::Range;
use std::sync::Arc;

use super::{Fault, Modes, Pcre};

/// Groups of a match: the whole first.
pub(in crate::gateway) type Groups = Vec<Option<Range<usize>>>;

/// An expression that an engine takes.
///
/// One that takes more steps than the engine allows is taken not to match, as `HAProxy` (`src/regex.c`) and httpd
/// (`server/util_pcre.c`) take what PCRE gives up on (`MATCH_LIMIT`).
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Regex(Arc<Pcre>);

impl Regex {
    /// Reads an expression.
    ///
    /// # Errors
    /// A sentence that says why it cannot be modelled.
    pub(in crate::gateway) fn new(text: &str, caseless: bool) -> Result<Self, String> {
        Self::build(text, Modes { caseless, ..Modes::default() })
    }

    /// The same as httpd reads it: a dot takes line feeds too, and `$` is the end alone (`AP_REG_DEFAULT`,
    /// `server/util_pcre.c`).
    ///
    /// # Errors
    /// As [`Regex::new`].
    pub(in crate::gateway) fn of_httpd(text: &str, caseless: bool) -> Result<Self, String> {
        Self::build(text, Modes { caseless, dot_takes_all: true, dollar_is_end: true })
    }

    fn build(text: &str, modes: Modes) -> Result<Self, String> {
        let pcre = Pcre::new(text.as_bytes(), modes).map_err(|fault| match fault {
            Fault::Wrong(what) | Fault::Beyond(what) => format!("the pattern {text:?}: {what}"),
        })?;
        // What no engine takes is to be known before a request is.
        if pcre.translated.fancy { pcre.fancy().map(|_| ()) } else { pcre.linear().map(|_| ()) }?;
        Ok(Self(Arc::new(pcre)))
    }

    /// True if the pattern is found anywhere in the text.
    pub(in crate::gateway) fn is_match(&self, text: &[u8]) -> bool {
        self.0.is_match(text).unwrap_or_default()
    }

    /// The groups of the first match that starts at `from` or behind it. `^` is the start of the text, wherever `from` is.
    pub(in crate::gateway) fn groups_at(&self, text: &[u8], from: usize) -> Option<Groups> {
        let matched = self.0.find_from(text, from).unwrap_or_default()?;
        Some(matched.into_groups().into_iter().map(|group| group.map(|(start, end)| start..end)).collect())
    }

    /// The groups of the first match.
    pub(in crate::gateway) fn groups(&self, text: &[u8]) -> Option<Groups> {
        self.groups_at(text, 0)
    }
}

/// The bytes of a group, empty for one that took no part.
pub(in crate::gateway) fn group<'t>(text: &'t [u8], groups: &Groups, number: usize) -> &'t [u8] {
    groups.get(number).cloned().flatten().and_then(|range| text.get(range)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_httpd_means_by_a_dot_and_a_dollar() {
        for (pattern, text, plain, httpd) in [
            ("^/a.c$", &b"/a\nc"[..], false, true),
            ("^/abc$", b"/abc\n", true, false),
            (r"^/abc\Z", b"/abc\n", true, true),
            ("^(?!/api/)(.*)$", b"/x", true, true),
            ("^(?!/api/)(.*)$", b"/api/x", false, false),
            (r"(?-s)^/a.c$", b"/a\nc", false, false),
            (r"(?s:^/a.c$)", b"/a\nc", true, true),
        ] {
            let found = |expression: Result<Regex, String>| expression.unwrap().is_match(text);
            assert_eq!(found(Regex::new(pattern, false)), plain, "{pattern}");
            assert_eq!(found(Regex::of_httpd(pattern, false)), httpd, "{pattern}");
        }
    }

    #[test]
    fn groups_are_those_of_the_first_match() {
        let pattern = Regex::new("^/api/v1(/)?(.*)", false).unwrap();
        let groups = pattern.groups(b"/api/v1x").unwrap();
        assert_eq!((group(b"/api/v1x", &groups, 1), group(b"/api/v1x", &groups, 2)), (&b""[..], &b"x"[..]));
        for pattern in ["^a", "(?=a)^a"] {
            assert_eq!(Regex::new(pattern, false).unwrap().groups_at(b"aa", 1), None, "{pattern}");
        }
        for pattern in ["a", "(?=a)a"] {
            assert_eq!(Regex::new(pattern, false).unwrap().groups_at(b"aa", 1), Some(vec![Some(1..2)]), "{pattern}");
        }
    }

    #[test]
    fn what_is_refused() {
        for pattern in [r"\Ka", "[a", "(", r"a\", "(?R)", "(?x)a b"] {
            assert!(Regex::new(pattern, false).is_err(), "{pattern}");
        }
    }
}
