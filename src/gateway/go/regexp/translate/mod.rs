//! Go's dialect of regular expressions written in that of the `regex` crate.
//!
//! They share most of RE2's syntax. They differ in what is a literal (`a{,2}`, `[[]`, `[a&&b]`), in classes (`\d` is ASCII
//! in Go), in what Go refuses (`a**`, `(?x)`) and in `\Q…\E`. Go 1.26, `regexp/syntax/parse.go`, with `syntax.Perl`.

mod class;
mod escape;

use std::fmt::Write as _;

use self::escape::escaped;
use super::RegexpError;

/// The largest number in a repetition.
const MOST_REPEATS: u32 = 1000;

/// Writes a regular expression in the dialect of the `regex` crate.
///
/// # Errors
/// [`RegexpError`] for what Go does not take, or takes and cannot be written.
pub(super) fn translate(text: &str) -> Result<String, RegexpError> {
    let mut translation = Translation { rest: text, out: String::with_capacity(text.len() + 16), ..Default::default() };
    while let Some(c) = translation.rest.chars().next() {
        translation.item(c)?;
    }
    if translation.open > 0 { Err(malformed("missing closing )")) } else { Ok(translation.out) }
}

fn malformed(what: &str) -> RegexpError {
    RegexpError::Malformed(format!("error parsing regexp: {what}"))
}

#[derive(Default)]
struct Translation<'a> {
    rest: &'a str,
    out: String,
    /// True right after a repetition: Go takes no second one.
    repeated: bool,
    /// True after something that may be repeated.
    operand: bool,
    /// Groups that are not closed yet.
    open: usize,
    names: Vec<&'a str>,
}

impl<'a> Translation<'a> {
    fn item(&mut self, c: char) -> Result<(), RegexpError> {
        let was_repeated = std::mem::take(&mut self.repeated);
        match c {
            '*' | '+' | '?' => {
                self.skip(1);
                self.repeat(&c.to_string(), was_repeated)
            }
            '{' => match repetition(self.rest)? {
                Some((counts, length)) => {
                    self.skip(length);
                    self.repeat(&counts, was_repeated)
                }
                None => self.literal('{'),
            },
            '\\' => self.escape(),
            '[' => self.class(),
            '(' => self.group(),
            '}' | ']' => self.literal(c),
            ')' => {
                self.open = self.open.checked_sub(1).ok_or_else(|| malformed("unexpected )"))?;
                self.operator(c, true)
            }
            '|' => self.operator(c, false),
            '^' | '$' | '.' => self.operator(c, true),
            c => self.literal(c),
        }
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Takes a character that means the same in both dialects.
    #[expect(clippy::unnecessary_wraps, reason = "it ends the arms of a match whose others may fail")]
    fn operator(&mut self, c: char, operand: bool) -> Result<(), RegexpError> {
        self.out.push(c);
        self.operand = operand;
        self.skip(1);
        Ok(())
    }

    /// Takes a character that stands for itself.
    #[expect(clippy::unnecessary_wraps, reason = "it ends the arms of a match whose others may fail")]
    fn literal(&mut self, c: char) -> Result<(), RegexpError> {
        self.skip(c.len_utf8());
        self.operand = true;
        push_literal(&mut self.out, c);
        Ok(())
    }

    /// A repetition, and the `?` that makes it prefer fewer.
    fn repeat(&mut self, written: &str, was_repeated: bool) -> Result<(), RegexpError> {
        if was_repeated {
            return Err(malformed("invalid nested repetition operator"));
        }
        if !self.operand {
            return Err(malformed("missing argument to repetition operator"));
        }
        self.out.push_str(written);
        if self.rest.starts_with('?') {
            self.out.push('?');
            self.skip(1);
        }
        self.repeated = true;
        Ok(())
    }

    /// `(`, with what says how the group is meant.
    fn group(&mut self) -> Result<(), RegexpError> {
        if !self.rest.starts_with("(?") {
            self.open += 1;
            return self.operator('(', false);
        }
        for opening in ["(?P<", "(?<"] {
            let rest: &'a str = self.rest;
            let Some(after) = rest.strip_prefix(opening) else { continue };
            let end = after.find('>').ok_or_else(|| malformed("invalid named capture"))?;
            let name = after.get(..end).unwrap_or_default();
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                return Err(malformed("invalid named capture"));
            }
            if name.starts_with(|c: char| c.is_ascii_digit()) {
                return Err(RegexpError::NotModelled(format!("the group name {name:?} begins with a digit")));
            }
            if self.names.contains(&name) {
                return Err(malformed("duplicate capture group name"));
            }
            self.names.push(name);
            self.open += 1;
            self.operand = false;
            self.out.push_str("(?P<");
            self.out.push_str(name);
            self.out.push('>');
            self.skip(opening.len() + end + 1);
            return Ok(());
        }
        self.flags()
    }

    /// `(?i)`, `(?i-s:`
    fn flags(&mut self) -> Result<(), RegexpError> {
        let end = self.rest.find([':', ')']).ok_or_else(|| malformed("missing argument to (?"))?;
        let flags = self.rest.get(2..end).unwrap_or_default();
        let (on, off) = flags.split_once('-').map_or((flags, None), |(on, off)| (on, Some(off)));
        let known = |flags: &str| flags.chars().all(|flag| matches!(flag, 'i' | 'm' | 's' | 'U'));
        if !known(on) || off.is_some_and(|off| off.is_empty() || !known(off)) {
            return Err(malformed("invalid or unsupported Perl syntax"));
        }
        let written = self.rest.get(..=end).unwrap_or_default();
        if written.ends_with(':') {
            self.open += 1;
            self.operand = false;
        }
        // `(?)` says nothing, and the other dialect does not have it.
        if written != "(?)" {
            self.out.push_str(written);
        }
        self.skip(end + 1);
        Ok(())
    }

    /// `\`, outside of a class.
    fn escape(&mut self) -> Result<(), RegexpError> {
        self.operand = true;
        match self.rest.chars().nth(1) {
            Some('A') => self.take("\\A"),
            Some('z') => self.take("\\z"),
            Some('b') => self.take("(?-u:\\b)"),
            Some('B') => Err(RegexpError::NotModelled("\\B in a regular expression".to_owned())),
            Some('C') => Err(malformed("invalid escape sequence: `\\C`")),
            Some('Q') => {
                let text = self.rest.get(2..).unwrap_or_default();
                let (quoted, rest) = text.split_once("\\E").unwrap_or((text, ""));
                for c in quoted.chars() {
                    push_literal(&mut self.out, c);
                }
                self.rest = rest;
                Ok(())
            }
            Some('E') => Err(malformed("invalid escape sequence: `\\E`")),
            _ => {
                if !self.named_set()? {
                    let (c, length) = escaped(self.rest)?;
                    push_literal(&mut self.out, c);
                    self.skip(length);
                }
                Ok(())
            }
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "it ends the arms of a match whose others may fail")]
    fn take(&mut self, written: &str) -> Result<(), RegexpError> {
        self.out.push_str(written);
        self.skip(2);
        Ok(())
    }
}

/// Writes a character that stands for itself, in a class or outside of one.
fn push_literal(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | ' ') || !c.is_ascii() {
        out.push(c);
    } else {
        let _ = write!(out, "\\x{:02x}", u32::from(c));
    }
}

/// `{2}`, `{2,}`, `{2,3}` at the beginning of a text, and how long it is; `None` for a brace that stands for itself.
fn repetition(text: &str) -> Result<Option<(String, usize)>, RegexpError> {
    let Some(end) = text.find('}') else { return Ok(None) };
    let inside = text.get(1..end).unwrap_or_default();
    let (low, high) = inside.split_once(',').map_or((inside, None), |(low, high)| (low, Some(high)));
    let is_number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits && !(text.len() > 1 && text.starts_with('0'))
    };
    if !is_number(low) || high.is_some_and(|high| !high.is_empty() && !is_number(high)) {
        return Ok(None);
    }
    let value = |text: &str| text.parse::<u32>().ok().filter(|&number| number <= MOST_REPEATS);
    let too_many = || malformed("invalid repeat count");
    let low = value(low).ok_or_else(too_many)?;
    let high = match high {
        None => Some(low),
        Some("") => None,
        Some(high) => Some(value(high).ok_or_else(too_many)?),
    };
    if high.is_some_and(|high| high < low) {
        return Err(too_many());
    }
    let written = high.map_or_else(|| format!("{{{low},}}"), |high| format!("{{{low},{high}}}"));
    Ok(Some((written, end + 1)))
}

#[cfg(test)]
mod tests {
    use crate::gateway::go::regexp::{Regexp, RegexpError};

    #[test]
    fn what_go_means() {
        for (regexp, text, matches) in [
            (r"^\d+$", "٣", false),
            (r"^\W$", "é", true),
            (r"^\s$", "\u{b}", false),
            (r"a{,2}", "a{,2}", true),
            (r"^a{,2}$", "a", false),
            (r"a{", "a{", true),
            (r"{x}", "{x}", true),
            (r"^[[]$", "[", true),
            (r"^[a&&b]$", "&", true),
            (r"^[]a]$", "]", true),
            (r"^[^]a]$", "b", true),
            (r"^[a-]$", "-", true),
            (r"^[[:alpha:]-]$", "-", true),
            (r"^[\w.-]+$", "a.b-c_1", true),
            (r"^\<\-\_\/$", "<-_/", true),
            (r"^\012\x41\x{42}$", "\nAB", true),
            (r"(?i)^API$", "api", true),
            (r"^(?i:a)b$", "AB", false),
            (r"\bb", "a b", true),
            (r"^.$", "\n", false),
            (r"(?s)^.$", "\n", true),
            (r"a$", "a\n", false),
            (r"(?)a", "a", true),
            (r"^a~b--c$", "a~b--c", true),
            (r"^[a-c-e]$", "-", true),
            (r"^[+--]$", ",", true),
        ] {
            assert_eq!(Regexp::new(regexp).unwrap().is_match(text.as_bytes()), matches, "{regexp}");
        }
    }

    #[test]
    fn what_go_refuses() {
        for regexp in [
            "a**",
            "a*+",
            "a{2}{3}",
            "a{1001}",
            "a{2,1}",
            r"\8",
            r"\1",
            r"\y",
            r"\",
            "[b-a]",
            "[a",
            "(?x)a",
            "(?=a)",
            "(?P<a",
            "(?P<>a)",
            r"\xg1",
            "[[:nope:]]",
        ] {
            assert!(matches!(Regexp::new(regexp), Err(RegexpError::Malformed(_))), "{regexp}");
        }
    }
}
