//! Go's dialect of regular expressions written in that of the `regex` crate.
//!
//! They share most of RE2's syntax. They differ in what is a literal (`a{,2}`, `[[]`, `[a&&b]`), in classes (`\d` is ASCII
//! in Go), in what Go refuses (`a**`, `(?x)`) and in `\Q…\E`. Go 1.26, `regexp/syntax/parse.go`, with `syntax.Perl`.

use std::fmt::Write as _;

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
            Some(letter @ ('d' | 'D' | 's' | 'S' | 'w' | 'W')) => {
                let (negated, items) = perl_class(letter);
                self.out.push_str(if negated { "[^" } else { "[" });
                self.out.push_str(items);
                self.out.push(']');
                self.skip(2);
                Ok(())
            }
            Some('p' | 'P') => {
                let (class, length) = unicode_class(self.rest)?;
                self.out.push_str(class);
                self.skip(length);
                Ok(())
            }
            _ => {
                let (c, length) = escaped(self.rest)?;
                push_literal(&mut self.out, c);
                self.skip(length);
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

    /// `[…]`: item by item, each written so that it means nothing else.
    fn class(&mut self) -> Result<(), RegexpError> {
        let missing = || malformed("missing closing ]");
        self.skip(1);
        self.operand = true;
        self.out.push('[');
        if self.rest.starts_with('^') {
            self.out.push('^');
            self.skip(1);
        }
        let mut first = true;
        loop {
            let c = self.rest.chars().next().ok_or_else(missing)?;
            if c == ']' && !first {
                break;
            }
            first = false;
            if !self.class_set(c)? {
                self.class_range()?;
            }
        }
        self.skip(1);
        self.out.push(']');
        Ok(())
    }

    /// `[:alpha:]`, `\d`, `\pL`: true if the class goes on with such a set.
    fn class_set(&mut self, c: char) -> Result<bool, RegexpError> {
        if c == '['
            && self.rest.starts_with("[:")
            && let Some(end) = self.rest.find(":]")
        {
            let name = self.rest.get(2..end).unwrap_or_default();
            let plain = name.strip_prefix('^').unwrap_or(name);
            if !POSIX_CLASSES.contains(&plain) {
                return Err(malformed("invalid character class range"));
            }
            self.out.push_str("[:");
            self.out.push_str(name);
            self.out.push_str(":]");
            self.skip(end + 2);
            return Ok(true);
        }
        if c != '\\' {
            return Ok(false);
        }
        match self.rest.chars().nth(1) {
            Some(letter @ ('d' | 'D' | 's' | 'S' | 'w' | 'W')) => {
                let (negated, items) = perl_class(letter);
                self.out.push_str(if negated { "[^" } else { "[" });
                self.out.push_str(items);
                self.out.push(']');
                self.skip(2);
                Ok(true)
            }
            Some('p' | 'P') => {
                let (class, length) = unicode_class(self.rest)?;
                self.out.push_str(class);
                self.skip(length);
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// A character, or two with `-` between them.
    fn class_range(&mut self) -> Result<(), RegexpError> {
        let low = self.class_char()?;
        push_literal(&mut self.out, low);
        if !self.rest.starts_with('-') || self.rest.starts_with("-]") || self.rest.len() == 1 {
            return Ok(());
        }
        self.skip(1);
        let high = self.class_char()?;
        if high < low {
            return Err(malformed("invalid character class range"));
        }
        self.out.push('-');
        push_literal(&mut self.out, high);
        Ok(())
    }

    fn class_char(&mut self) -> Result<char, RegexpError> {
        let c = self.rest.chars().next().ok_or_else(|| malformed("missing closing ]"))?;
        let (c, length) = if c == '\\' { escaped(self.rest)? } else { (c, c.len_utf8()) };
        self.skip(length);
        Ok(c)
    }
}

const POSIX_CLASSES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// Writes a character that stands for itself, in a class or outside of one.
fn push_literal(out: &mut String, c: char) {
    if c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | ' ') || !c.is_ascii() {
        out.push(c);
    } else {
        let _ = write!(out, "\\x{:02x}", u32::from(c));
    }
}

/// `\d` and the like: whether it is the opposite, and what is in it. ASCII alone.
const fn perl_class(letter: char) -> (bool, &'static str) {
    match letter {
        'd' => (false, "0-9"),
        'D' => (true, "0-9"),
        's' => (false, r"\t\n\x0c\r "),
        'S' => (true, r"\t\n\x0c\r "),
        'w' => (false, "0-9A-Za-z_"),
        _ => (true, "0-9A-Za-z_"),
    }
}

/// `\pN`, `\p{Greek}`, and how long it is.
fn unicode_class(text: &str) -> Result<(&str, usize), RegexpError> {
    let broken = || malformed("invalid character class range");
    let name = text.get(2..).and_then(|name| name.chars().next()).ok_or_else(broken)?;
    let length = if name == '{' { text.find('}').ok_or_else(broken)? + 1 } else { 2 + name.len_utf8() };
    Ok((text.get(..length).unwrap_or_default(), length))
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

/// The character that an escape stands for, and how long it is (`parser.escape`).
fn escaped(text: &str) -> Result<(char, usize), RegexpError> {
    let invalid = || malformed("invalid escape sequence");
    let mut chars = text.chars().skip(1);
    let c = chars.next().ok_or_else(|| malformed("trailing backslash at end of expression"))?;
    let plain = match c {
        'a' => '\x07',
        'f' => '\x0c',
        't' => '\t',
        'n' => '\n',
        'r' => '\r',
        'v' => '\x0b',
        // A single digit would be a reference to a group, which there is not.
        '1'..='7' if !matches!(chars.next(), Some('0'..='7')) => return Err(invalid()),
        '0'..='7' => {
            let digits: String = text.chars().skip(1).take(3).take_while(|c| matches!(c, '0'..='7')).collect();
            let value = u32::from_str_radix(&digits, 8).map_err(|_| invalid())?;
            return Ok((char::from_u32(value).ok_or_else(invalid)?, 1 + digits.len()));
        }
        'x' => return hexadecimal(text).ok_or_else(invalid),
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => c,
        _ => return Err(invalid()),
    };
    Ok((plain, 2))
}

/// `\x7F`, `\x{10FFFF}`
fn hexadecimal(text: &str) -> Option<(char, usize)> {
    let digits = match text.get(2..)?.strip_prefix('{') {
        Some(after) => after.split_once('}')?.0,
        None => text.get(2..4)?,
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let length = if text.get(2..3)? == "{" { digits.len() + 4 } else { 4 };
    Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, length))
}

#[cfg(test)]
mod tests {
    use super::super::{Regexp, RegexpError};

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
