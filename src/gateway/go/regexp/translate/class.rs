//! Classes of characters: `[…]`, item by item, and the sets that have a name, in a class and outside of one.
//!
//! They are apart because a class is a language of its own: nothing in it repeats, and other characters need escapes.
//!
//! Go 1.26, `regexp/syntax/parse.go` (`parseClass`, `maybeParsePerlCharClassEscape`, `parseUnicodeClass`).

use super::escape::escaped;
use super::{Translation, malformed, push_literal};
use crate::gateway::go::regexp::RegexpError;

const POSIX_CLASSES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

impl Translation<'_> {
    /// `[…]`: item by item, each written so that it means nothing else.
    pub(super) fn class(&mut self) -> Result<(), RegexpError> {
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
        if c == '\\' { self.named_set() } else { Ok(false) }
    }

    /// `\d`, `\pL`, which mean the same outside of a class: true if one was taken.
    pub(super) fn named_set(&mut self) -> Result<bool, RegexpError> {
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
