//! Groups, the modes that hold in them, and back references to them.
//!
//! They are apart from what matches bytes because they are what the engines number, name and nest.
//!
//! Source: pcre2pattern(3) of 10.42.

use super::{Writer, beyond};
use crate::gateway::pcre::{Fault, class};

/// Groups within each other.
const DEEPEST: usize = 100;

impl Writer<'_> {
    /// `(`, with what says how the group is meant.
    pub(super) fn open(&mut self) -> Result<(), Fault> {
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

    /// `)`
    pub(super) fn close(&mut self) -> Result<(), Fault> {
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

    /// `\1`: a reference below ten, and above if there are so many groups to the left; else an octal number.
    pub(super) fn numbered_reference(&mut self) -> Result<(), Fault> {
        let before = self.cursor.clone();
        match self.cursor.number() {
            Some(number) if number < 10 || number as usize <= self.out.groups => self.reference(number as usize),
            _ => {
                self.cursor = before;
                beyond("a back reference to a group further on")
            }
        }
    }

    /// `\k<name>`
    pub(super) fn named_reference(&mut self) -> Result<(), Fault> {
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

    /// A reference to the group of this number.
    pub(super) fn reference(&mut self, number: usize) -> Result<(), Fault> {
        if self.ignores_case() {
            return beyond("a back reference that ignores case");
        }
        self.out.fancy = true;
        self.references.push(number);
        // In a group, so that a digit that follows is none of the number.
        self.atom(&format!("(?:\\{number})"));
        Ok(())
    }
}
