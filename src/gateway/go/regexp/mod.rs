//! Regular expressions as Go's package `regexp` understands them, matched by the `regex` crate, which is built on the same
//! idea (RE2: no backtracking, leftmost-first).
//!
//! What the two write differently is translated ([`translate`]). Go matches text in UTF-8 and takes each byte that is none
//! for U+FFFD; so is it done here, and what was matched is given back as the bytes that it was.

mod expand;
mod translate;

use std::borrow::Cow;
use std::fmt;

use regex::Regex;

/// `regexp.Regexp`
#[derive(Clone)]
pub(in crate::gateway) struct Regexp {
    text: String,
    compiled: Regex,
}

/// Why there is no regular expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum RegexpError {
    /// Go gives an error too.
    Malformed(String),
    /// Go takes it, and it is not modelled.
    NotModelled(String),
}

impl Regexp {
    /// `regexp.Compile`
    ///
    /// # Errors
    /// [`RegexpError`]
    pub(in crate::gateway) fn new(text: &str) -> Result<Self, RegexpError> {
        let translated = translate::translate(text)?;
        let compiled = Regex::new(&translated).map_err(|_| {
            RegexpError::NotModelled(format!("the regular expression {text:?} cannot be translated from Go's dialect"))
        })?;
        Ok(Self { text: text.to_owned(), compiled })
    }

    /// `MatchString`
    pub(in crate::gateway) fn is_match(&self, text: &[u8]) -> bool {
        self.compiled.is_match(&Text::new(text).text)
    }

    /// `FindStringSubmatch`, of which the whole match: the bytes that match first.
    pub(in crate::gateway) fn find<'t>(&self, text: &'t [u8]) -> Option<&'t [u8]> {
        let read = Text::new(text);
        let found = self.compiled.find(&read.text)?;
        text.get(read.place(found.start())..read.place(found.end()))
    }

    /// `FindStringSubmatch`: the whole match and its groups, empty for a group that takes no part.
    pub(in crate::gateway) fn groups<'t>(&self, text: &'t [u8]) -> Option<Vec<&'t [u8]>> {
        let read = Text::new(text);
        let captures = self.compiled.captures(&read.text)?;
        let group = |group: Option<regex::Match<'_>>| {
            group.and_then(|group| text.get(read.place(group.start())..read.place(group.end()))).unwrap_or_default()
        };
        Some(captures.iter().map(group).collect())
    }

    /// `SubexpNames`: the groups that have a name, with their numbers.
    pub(in crate::gateway) fn names(&self) -> impl Iterator<Item = (usize, &str)> {
        self.compiled.capture_names().enumerate().filter_map(|(index, name)| name.map(|name| (index, name)))
    }

    /// `ExpandString`: a template with the groups of the first match put in; `None` if there is no match.
    pub(in crate::gateway) fn expand(&self, text: &[u8], template: &str) -> Option<Vec<u8>> {
        let groups = self.groups(text)?;
        let by_number = |number: usize| groups.get(number).copied();
        let by_name =
            |name: &str| self.names().find(|(_, known)| *known == name).and_then(|(index, _)| by_number(index));
        let mut out = Vec::new();
        expand::expand(&mut out, template, by_number, by_name);
        Some(out)
    }

    /// `ReplaceAllString`: `$1`, `${1}` and `${name}` in the replacement stand for groups.
    pub(in crate::gateway) fn replace_all(&self, text: &[u8], replacement: &str) -> Vec<u8> {
        let read = Text::new(text);
        let mut out = Vec::with_capacity(text.len());
        let mut done = 0;
        for captures in self.compiled.captures_iter(&read.text) {
            let Some(whole) = captures.get(0) else { continue };
            out.extend_from_slice(text.get(done..read.place(whole.start())).unwrap_or_default());
            let bytes = |group: regex::Match<'_>| {
                text.get(read.place(group.start())..read.place(group.end())).unwrap_or_default()
            };
            let by_number = |number| captures.get(number).map(bytes);
            let by_name = |name: &str| captures.name(name).map(bytes);
            expand::expand(&mut out, replacement, by_number, by_name);
            done = read.place(whole.end());
        }
        out.extend_from_slice(text.get(done..).unwrap_or_default());
        out
    }
}

/// As it is written.
impl fmt::Debug for Regexp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

/// Bytes read as Go reads them: UTF-8, each other byte as U+FFFD.
struct Text<'t> {
    text: Cow<'t, str>,
    /// For text that is not all UTF-8: where each byte that was replaced stands in the text.
    replaced: Vec<usize>,
}

impl<'t> Text<'t> {
    fn new(bytes: &'t [u8]) -> Self {
        if let Ok(text) = std::str::from_utf8(bytes) {
            return Self { text: Cow::Borrowed(text), replaced: Vec::new() };
        }
        let (mut text, mut replaced) = (String::with_capacity(bytes.len()), Vec::new());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            for _ in chunk.invalid() {
                replaced.push(text.len());
                text.push(char::REPLACEMENT_CHARACTER);
            }
        }
        Self { text: Cow::Owned(text), replaced }
    }

    /// Where a place of the text is in the bytes: each byte that was replaced takes two more in the text.
    fn place(&self, at: usize) -> usize {
        at - 2 * self.replaced.partition_point(|&replaced| replaced < at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_and_replacements() {
        for (regexp, text, replacement, expected) in [
            ("^/api/(.*)$", "/api/x/y", "/$1", "/x/y"),
            ("^/api/(.*)$", "/other", "/$1", "/other"),
            ("^/(a)(.*)", "/abc", "/$2_x$1", "/a"),
            ("^/(a)(.*)", "/abc", "/${2}_x$1$$$", "/bc_xa$$"),
            ("(?P<first>[^/]+)/(?<rest>.*)", "a/b", "$rest-${first}", "b-a"),
            ("x*", "abxc", "-", "-a-b-c-"),
            ("/+", "//a///b", "/", "/a/b"),
            ("a", "aaa", "$0$1${9}", "aaa"),
            (r"\Q.*\E\d", ".*5", "ok", "ok"),
        ] {
            let replaced = Regexp::new(regexp).unwrap().replace_all(text.as_bytes(), replacement);
            assert_eq!(String::from_utf8(replaced).unwrap(), expected, "{regexp} {replacement}");
        }
    }

    #[test]
    fn bytes_that_are_no_text() {
        let regexp = Regexp::new("^/(..)x(.*)$").unwrap();
        assert_eq!(regexp.replace_all(b"/\xffaxb\xfe\xfe", "<$2$1>"), b"<b\xfe\xfe\xffa>");
        assert_eq!(Regexp::new("a.b").unwrap().find(b"\xc3\xa9a\xffb\xff"), Some(&b"a\xffb"[..]));
        assert!(!Regexp::new("^.$").unwrap().is_match(b"\xff\xff"));
    }
}
