//! From PCRE's syntax to that of the engines.
//!
//! Every byte that stands for itself is written as an escape, every class as its ranges, every group without its name, so
//! that nothing is left that the engines could read otherwise.
//!
//! Source: pcre2pattern(3) of 10.42.

mod group;

use std::fmt::Write as _;

use super::Fault;
use super::class::{self, Bytes};
use super::cursor::Cursor;

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

/// Writes an expression for an engine.
///
/// # Errors
/// [`Fault`]
pub(super) fn translate(pattern: &[u8], modes: Modes, dialect: Dialect) -> Result<Translated, Fault> {
    let mut writer = Writer {
        cursor: Cursor::new(pattern),
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
