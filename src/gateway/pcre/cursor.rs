//! Reads an expression byte by byte, and the escapes that stand for one byte.
//!
//! It is apart from [`mod@super::translate`] because classes are read in the same way, and have the same escapes.
//!
//! Source: pcre2pattern(3) of 10.42.

use super::Fault;

/// Reads an expression byte by byte.
#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// At the beginning of an expression.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The byte that is next.
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Takes the byte that is next.
    pub(super) fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// What is not read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Skips so many bytes.
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

    /// What is there before `end`, which is skipped too; `None` if it does not come.
    pub(super) fn until(&mut self, end: u8) -> Option<&'a [u8]> {
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

    /// A number in decimal digits; `None` if there is none, or it is too large.
    pub(super) fn number(&mut self) -> Option<u32> {
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
