//! The body: none, by length, or in chunks.

use super::fields::is_token;
use super::{Behind, Era, Flags, Head, Parser, Step, Stop, is_text};

impl Parser<'_> {
    /// Passes over the body of a message whose head was read, and says what comes behind. Lines of a trailer are appended
    /// to the head's, as they come.
    pub(in super::super) fn body(&mut self, head: &mut Head) -> Step<Behind> {
        if head.upgrade {
            return Ok(Behind::Protocol);
        }
        let flags = head.flags;
        if flags.chunked {
            self.chunks(head)?;
        } else if flags.coded {
            return Err(Stop::Bad("a last Transfer-Encoding other than chunked"));
        } else {
            self.consume(flags.length.unwrap_or(0))?;
        }
        if flags.keeps_alive(head.version) {
            return Ok(Behind::Message);
        }
        if self.era >= Era::Nine && !self.data_after_close {
            self.run(|b| matches!(b, b'\r' | b'\n'));
            if !self.rest.is_empty() {
                return Err(Stop::Bad("data behind a message that closes the connection"));
            }
        }
        Ok(Behind::Nothing)
    }

    fn consume(&mut self, length: u64) -> Step<()> {
        let rest = usize::try_from(length).ok().and_then(|length| self.rest.get(length..));
        self.rest = rest.ok_or(Stop::Unfinished)?;
        Ok(())
    }

    fn chunks(&mut self, head: &mut Head) -> Step<()> {
        loop {
            let size = self.chunk_size()?;
            if size == 0 {
                return self.fields(&mut head.lines, &mut head.flags);
            }
            self.consume(size)?;
            if self.era <= Era::Eight {
                // Whatever the two bytes are.
                self.consume(2)?;
            } else {
                self.literal(b"\r\n")?;
            }
        }
    }

    /// The line a chunk starts with.
    fn chunk_size(&mut self) -> Step<u64> {
        let bad = Stop::Bad("a chunk that does not start with its size");
        let digits = self.run(|b| b.is_ascii_hexdigit());
        let value = digits.iter().try_fold(0u64, |n, &digit| {
            let digit = char::from(digit).to_digit(16)?;
            n.checked_mul(16)?.checked_add(u64::from(digit))
        });
        let size = value.ok_or(bad)?;
        match self.peek()? {
            _ if digits.is_empty() => return Err(bad),
            b'\r' => {}
            b';' | b' ' if self.era == Era::Six => {
                self.run(is_text);
            }
            b';' if self.era >= Era::Eight => {
                self.skip();
                self.extensions()?;
            }
            _ => return Err(bad),
        }
        if self.peek()? != b'\r' {
            return Err(bad);
        }
        self.line_end(b'\r')?;
        Ok(size)
    }

    /// `name`, `name=value` or `name="value"`, semicolons between.
    fn extensions(&mut self) -> Step<()> {
        let bad = Err(Stop::Bad("a bad chunk extension"));
        loop {
            if matches!(self.peek()?, b' ' | b'\r') {
                return bad;
            }
            self.run(is_token);
            if self.peek()? == b'=' {
                self.skip();
                let quoted = self.extension_value()?;
                // llhttp 8 wants the line to end behind a value's semicolon, unless the value was quoted.
                if self.era == Era::Eight && !quoted && self.peek()? == b';' {
                    self.skip();
                    if self.peek()? == b'\r' {
                        return Ok(());
                    }
                    if self.peek()? != b';' {
                        return bad;
                    }
                }
            }
            match self.peek()? {
                b';' => self.skip(),
                b'\r' => return Ok(()),
                _ => return bad,
            }
        }
    }

    /// A value; true if it ended with a quoted string.
    fn extension_value(&mut self) -> Step<bool> {
        self.run(is_token);
        if self.peek()? != b'"' {
            return Ok(false);
        }
        self.skip();
        loop {
            self.run(|b| is_text(b) && !matches!(b, b'"' | b'\\'));
            match self.next()? {
                b'"' => return Ok(true),
                b'\\' if self.era >= Era::Nine && is_text(self.peek()?) => self.skip(),
                _ => return Err(Stop::Bad("a bad chunk extension")),
            }
        }
    }
}

impl Flags {
    /// `llhttp_should_keep_alive`; HTTP/2.0 counts as older than 1.1, as its minor number is 0.
    fn keeps_alive(self, version: (u8, u8)) -> bool {
        if version.0 > 0 && version.1 > 0 { !self.close } else { self.keep_alive }
    }
}
