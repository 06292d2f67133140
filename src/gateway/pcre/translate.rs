//! From PCRE's syntax to that of the engines.
//!
//! Every byte that stands for itself is written as an escape, every class as its ranges, every group without its name, so
//! that nothing is left that the engines could read otherwise.
//!
//! Source: pcre2pattern(3) of 10.42.

use std::fmt::Write as _;

use super::Fault;
use super::class::{self, Bytes};

/// Groups within each other.
const DEEPEST: usize = 100;
/// Copies that a counted repetition may make.
const MOST_COPIES: u32 = 1000;

/// The engine that is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `regex::bytes` without Unicode.
    Linear,
    /// `fancy_regex` on bytes.
    Fancy,
}

/// What an expression's letters mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::gateway) struct Modes {
    /// Case is ignored (`PCRE2_CASELESS`).
    pub(in crate::gateway) caseless: bool,
    /// A dot takes line feeds too (`PCRE2_DOTALL`).
    pub(in crate::gateway) dot_takes_all: bool,
    /// `$` does not hold before a line feed at the end (`PCRE2_DOLLAR_ENDONLY`).
    pub(in crate::gateway) dollar_is_end: bool,
}

/// An expression for an engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Translated {
    pub(super) text: String,
    pub(super) groups: usize,
    pub(super) names: Vec<(String, usize)>,
    /// It needs look-around, back references or the like.
    pub(super) fancy: bool,
    /// It has a `$` or `\Z`, which holds before a line feed at the end too.
    pub(super) dollar: bool,
}

/// Reads an expression byte by byte.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(super) fn advance(&mut self, by: usize) {
        self.at += by;
    }

    /// Skips these bytes if they are next.
    pub(super) fn skip(&mut self, bytes: &[u8]) -> bool {
        let there = self.rest().starts_with(bytes);
        if there {
            self.at += bytes.len();
        }
        there
    }

    fn until(&mut self, end: u8) -> Option<&'a [u8]> {
        let rest = self.rest();
        let length = rest.iter().position(|&byte| byte == end)?;
        self.at += length + 1;
        rest.get(..length)
    }

    /// Up to so many octal digits.
    pub(super) fn octal(&mut self, most: usize) -> Result<u8, Fault> {
        let mut value = 0_u32;
        for _ in 0..most {
            let Some(digit @ b'0'..=b'7') = self.peek() else { break };
            self.at += 1;
            value = value * 8 + u32::from(digit - b'0');
        }
        u8::try_from(value).map_err(|_| Fault::Wrong("octal value is greater than \\377".to_owned()))
    }

    fn number(&mut self) -> Option<u32> {
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = std::str::from_utf8(self.rest().get(..digits)?).ok()?;
        let number = text.parse().ok()?;
        self.at += digits;
        Some(number)
    }

    /// The byte that an escape stands for, behind its backslash.
    pub(super) fn literal_escape(&mut self) -> Result<u8, Fault> {
        let Some(letter) = self.next() else { return Err(Fault::Wrong("\\ at the end of the expression".to_owned())) };
        Ok(match letter {
            b'a' => 7,
            b'e' => 0x1B,
            b'f' => 0x0C,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'x' => return self.hex(),
            b'0' => return self.octal(2),
            _ if letter.is_ascii_alphanumeric() => {
                return Err(Fault::Beyond(format!("\\{} is not modelled", char::from(letter))));
            }
            _ => letter,
        })
    }

    fn hex(&mut self) -> Result<u8, Fault> {
        let digits = if self.skip(b"{") {
            self.until(b'}').unwrap_or(b"?")
        } else {
            let length = self.rest().iter().take(2).take_while(|byte| byte.is_ascii_hexdigit()).count();
            let digits = self.rest().get(..length).unwrap_or_default();
            self.at += length;
            digits
        };
        if digits.is_empty() {
            return Ok(0);
        }
        let value = std::str::from_utf8(digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok());
        value.ok_or_else(|| Fault::Wrong("\\x is followed by no byte in hexadecimal".to_owned()))
    }
}

/// Writes an expression for an engine.
///
/// # Errors
/// [`Fault`]
pub(super) fn translate(pattern: &[u8], modes: Modes, dialect: Dialect) -> Result<Translated, Fault> {
    let mut writer = Writer {
        cursor: Cursor { bytes: pattern, at: 0 },
        out: Translated::default(),
        dialect,
        modes: vec![modes],
        references: Vec::new(),
        repeatable: false,
    };
    writer.all()?;
    let groups = writer.out.groups;
    if writer.references.iter().any(|&reference| reference > groups) {
        return Err(Fault::Wrong("reference to non-existent subpattern".to_owned()));
    }
    Ok(writer.out)
}

struct Writer<'a> {
    cursor: Cursor<'a>,
    out: Translated,
    dialect: Dialect,
    /// The modes of every open group.
    modes: Vec<Modes>,
    /// The groups that are referred to.
    references: Vec<usize>,
    /// What was written last can be repeated.
    repeatable: bool,
}

fn beyond<T>(what: &str) -> Result<T, Fault> {
    Err(Fault::Beyond(format!("{what} is not modelled")))
}

impl Writer<'_> {
    fn all(&mut self) -> Result<(), Fault> {
        while let Some(byte) = self.cursor.next() {
            match byte {
                b'\\' => self.escape()?,
                b'[' => {
                    let ignores_case = self.ignores_case();
                    let set = class::read(&mut self.cursor, ignores_case)?;
                    self.set(&set);
                }
                b'(' => self.open()?,
                b')' => self.close()?,
                b'|' => self.anchor("|"),
                b'^' => self.anchor(r"\A"),
                b'$' if self.current().dollar_is_end => self.anchor(r"\z"),
                b'$' => {
                    let end = self.before_line_end();
                    self.anchor(end);
                }
                b'.' if self.current().dot_takes_all => self.set(&Bytes::of(|_| true)),
                b'.' => self.set(&Bytes::of(|byte| byte != b'\n')),
                b'*' | b'+' | b'?' => self.repeat(&char::from(byte).to_string())?,
                b'{' => self.counted()?,
                _ => self.byte(byte),
            }
        }
        if self.modes.len() > 1 {
            return Err(Fault::Wrong("missing closing parenthesis".to_owned()));
        }
        Ok(())
    }

    fn current(&self) -> Modes {
        self.modes.last().copied().unwrap_or_default()
    }

    fn ignores_case(&self) -> bool {
        self.current().caseless
    }

    /// The end, or before a line feed there. The linear engine is not asked where the subject ends with one.
    fn before_line_end(&mut self) -> &'static str {
        self.out.dollar = true;
        match self.dialect {
            Dialect::Linear => r"\z",
            Dialect::Fancy => r"(?=\x0A?\z)",
        }
    }

    fn anchor(&mut self, text: &str) {
        self.out.text.push_str(text);
        self.repeatable = false;
    }

    fn atom(&mut self, text: &str) {
        self.out.text.push_str(text);
        self.repeatable = true;
    }

    fn byte(&mut self, byte: u8) {
        if self.ignores_case() && byte.is_ascii_alphabetic() {
            self.set(&Bytes::of(|other| other.eq_ignore_ascii_case(&byte)));
        } else if byte.is_ascii_alphanumeric() {
            self.atom(&char::from(byte).to_string());
        } else {
            self.atom(&format!("\\x{byte:02X}"));
        }
    }

    /// A class, written out: case is already in it, so that no engine has to ignore it.
    fn set(&mut self, set: &Bytes) {
        let ranges = set.ranges();
        if ranges.is_empty() {
            // Nothing fits: a class without bytes that both engines take.
            self.atom(r"(?:[a&&b])");
            return;
        }
        self.out.text.push('[');
        for (low, high) in ranges {
            let _ = write!(self.out.text, "\\x{low:02X}");
            if high > low {
                let _ = write!(self.out.text, "-\\x{high:02X}");
            }
        }
        self.atom("]");
    }

    fn escape(&mut self) -> Result<(), Fault> {
        let Some(letter) = self.cursor.peek() else {
            return Err(Fault::Wrong("\\ at the end of the expression".to_owned()));
        };
        if let Some(set) = class::shorthand(letter) {
            self.cursor.advance(1);
            self.set(&set);
            return Ok(());
        }
        match letter {
            // `\G` is where the search begins: at the start.
            b'A' | b'G' => self.escaped_anchor(r"\A"),
            b'z' => self.escaped_anchor(r"\z"),
            b'Z' => {
                let end = self.before_line_end();
                self.escaped_anchor(end);
            }
            b'b' | b'B' => {
                self.escaped_anchor(if letter == b'b' { r"\b" } else { r"\B" });
            }
            b'N' => {
                self.cursor.advance(1);
                self.set(&Bytes::of(|byte| byte != b'\n'));
            }
            b'Q' => {
                self.cursor.advance(1);
                let rest = self.cursor.rest();
                let end = memchr::memmem::find(rest, b"\\E");
                for &byte in rest.get(..end.unwrap_or(rest.len())).unwrap_or_default() {
                    self.byte(byte);
                }
                self.cursor.advance(end.map_or(rest.len(), |end| end + 2));
            }
            b'E' => self.cursor.advance(1),
            b'1'..=b'9' => self.numbered_reference()?,
            b'k' => self.named_reference()?,
            b'g' => {
                self.cursor.advance(1);
                let number = if self.cursor.skip(b"{") {
                    let number = self.cursor.number();
                    if self.cursor.skip(b"}") { number } else { None }
                } else {
                    self.cursor.number()
                };
                match number {
                    Some(number) => self.reference(number as usize)?,
                    None => return beyond("\\g with a name or a sign"),
                }
            }
            _ => {
                let byte = self.cursor.literal_escape()?;
                self.byte(byte);
            }
        }
        Ok(())
    }

    fn escaped_anchor(&mut self, text: &str) {
        self.cursor.advance(1);
        self.anchor(text);
    }

    /// `\1`: a reference below ten, and above if there are so many groups to the left; else an octal number.
    fn numbered_reference(&mut self) -> Result<(), Fault> {
        let before = self.cursor.clone();
        match self.cursor.number() {
            Some(number) if number < 10 || number as usize <= self.out.groups => self.reference(number as usize),
            _ => {
                self.cursor = before;
                beyond("a back reference to a group further on")
            }
        }
    }

    fn named_reference(&mut self) -> Result<(), Fault> {
        self.cursor.advance(1);
        let end = match self.cursor.next() {
            Some(b'<') => b'>',
            Some(b'{') => b'}',
            Some(b'\'') => b'\'',
            _ => return Err(Fault::Wrong("\\k is not followed by a name".to_owned())),
        };
        self.reference_to(end)
    }

    /// A reference to the name up to `end`.
    fn reference_to(&mut self, end: u8) -> Result<(), Fault> {
        let name = self.cursor.until(end).unwrap_or_default();
        let number = self.out.names.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, number)| *number);
        match number {
            Some(number) => self.reference(number),
            None => beyond("a reference to a name further on"),
        }
    }

    fn reference(&mut self, number: usize) -> Result<(), Fault> {
        if self.ignores_case() {
            return beyond("a back reference that ignores case");
        }
        self.out.fancy = true;
        self.references.push(number);
        // In a group, so that a digit that follows is none of the number.
        self.atom(&format!("(?:\\{number})"));
        Ok(())
    }

    fn open(&mut self) -> Result<(), Fault> {
        if self.modes.len() > DEEPEST {
            return beyond("so deep a nesting");
        }
        let modes = self.current();
        let text = if self.cursor.skip(b"*") {
            return beyond("(*VERB)");
        } else if !self.cursor.skip(b"?") {
            self.out.groups += 1;
            "("
        } else if self.cursor.skip(b"#") {
            self.cursor.until(b')').ok_or_else(|| Fault::Wrong("missing ) after (?# comment".to_owned()))?;
            return Ok(());
        } else if self.cursor.skip(b":") {
            "(?:"
        } else if let Some(look) =
            ["=", "!", "<=", "<!", ">"].into_iter().find(|look| self.cursor.skip(look.as_bytes()))
        {
            self.out.fancy = true;
            self.anchor(&format!("(?{look}"));
            self.modes.push(modes);
            return Ok(());
        } else if self.cursor.skip(b"P=") {
            return self.reference_to(b')');
        } else if self.cursor.skip(b"P<") || self.cursor.skip(b"<") {
            self.name(b'>')?;
            "("
        } else if self.cursor.skip(b"'") {
            self.name(b'\'')?;
            "("
        } else {
            return self.options();
        };
        self.anchor(text);
        self.modes.push(modes);
        Ok(())
    }

    fn name(&mut self, end: u8) -> Result<(), Fault> {
        let name = self.cursor.until(end).unwrap_or_default();
        let letter = |byte: &u8| class::is_word(*byte);
        if name.is_empty() || !name.iter().all(letter) || name.first().is_some_and(u8::is_ascii_digit) {
            return Err(Fault::Wrong("a group's name is missing or has letters that it may not have".to_owned()));
        }
        let name = String::from_utf8_lossy(name).into_owned();
        if self.out.names.iter().any(|(known, _)| *known == name) {
            return Err(Fault::Wrong(format!("two groups have the name {name}")));
        }
        self.out.groups += 1;
        self.out.names.push((name, self.out.groups));
        Ok(())
    }

    /// `(?i)`, `(?-s:…)`: only case and the dot are modelled. Where the options end with the group, so do they here.
    fn options(&mut self) -> Result<(), Fault> {
        let mut on = true;
        let mut modes = self.current();
        loop {
            match self.cursor.next() {
                Some(b'i') => modes.caseless = on,
                Some(b's') => modes.dot_takes_all = on,
                Some(b'-') if on => on = false,
                Some(b')') => {
                    if let Some(last) = self.modes.last_mut() {
                        *last = modes;
                    }
                    self.repeatable = false;
                    return Ok(());
                }
                Some(b':') => {
                    self.anchor("(?:");
                    self.modes.push(modes);
                    return Ok(());
                }
                Some(other) => return beyond(&format!("(?{}", char::from(other))),
                None => return Err(Fault::Wrong("unrecognized character after (?".to_owned())),
            }
        }
    }

    fn close(&mut self) -> Result<(), Fault> {
        if self.modes.len() < 2 {
            return Err(Fault::Wrong("unmatched closing parenthesis".to_owned()));
        }
        self.modes.pop();
        if self.out.text.ends_with("(?:") {
            // Nothing cannot be repeated, a choice between nothing and nothing can.
            self.out.text.push('|');
        }
        self.atom(")");
        Ok(())
    }

    /// A repetition, with what may follow it: `?` for lazy, `+` for possessive.
    fn repeat(&mut self, text: &str) -> Result<(), Fault> {
        if !self.repeatable {
            let before = self.out.text.chars().last();
            return if matches!(before, None | Some('(' | '|' | ':' | '*' | '+' | '?')) {
                Err(Fault::Wrong("quantifier does not follow a repeatable item".to_owned()))
            } else {
                beyond("the repetition of an anchor")
            };
        }
        self.out.text.push_str(text);
        if self.cursor.skip(b"?") {
            self.out.text.push('?');
        } else if self.cursor.skip(b"+") {
            self.out.fancy = true;
            self.out.text.push('+');
        }
        self.repeatable = false;
        Ok(())
    }

    /// `{2}`, `{2,}`, `{2,3}`; any other brace is a letter.
    fn counted(&mut self) -> Result<(), Fault> {
        let before = self.cursor.clone();
        let low = self.cursor.number();
        let high = if self.cursor.skip(b",") { self.cursor.number() } else { low };
        let (Some(low), true) = (low, self.cursor.skip(b"}")) else {
            self.cursor = before;
            self.byte(b'{');
            return Ok(());
        };
        if low > MOST_COPIES || high.is_some_and(|high| high > MOST_COPIES) {
            return beyond("so high a count");
        }
        match high {
            Some(high) if high < low => Err(Fault::Wrong("numbers out of order in {} quantifier".to_owned())),
            Some(high) if high == low => self.repeat(&format!("{{{low}}}")),
            Some(high) => self.repeat(&format!("{{{low},{high}}}")),
            None => self.repeat(&format!("{{{low},}}")),
        }
    }
}
