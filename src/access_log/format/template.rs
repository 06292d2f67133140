//! A compiled format: steps, each a value and the literal behind it, and the walk over them.
//!
//! This file exists because nginx writes a line by walking its format, so that walking it again is exact: what a value may
//! hold decides where it ends. Under the default escaping a value never holds a `"`, but spaces are not escaped: a text that
//! is not in quotes ends at the first literal behind which the next value fits.

use super::clock::{Times, epoch};
use super::field::{Class, Field};
use super::literal::Literal;
use super::members::{self, Keys};
use super::{Unread, UnreadReason};
use crate::access_log::Escape;
use crate::access_log::digits::{leading, micros, saturated};
use crate::access_log::lines::LONGEST;
use crate::access_log::record::Record;
use crate::access_log::search::{find_near, find_quote};

/// Where a text ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// At the `"` that the literal begins with.
    Quote,
    /// The same; but Traefik leaves a `"` in the request as it is, and so does whoever writes an access log by hand. Then at
    /// the first literal behind which the next value fits, which has an alphabet of its own.
    QuoteBefore,
    /// At the first byte of the literal, which the value cannot hold.
    Near,
    /// At the first literal behind which the next value fits.
    Search,
    /// The same for a list, which goes on behind `, ` and ` : `.
    List,
    /// Before the `/` that the next value begins with.
    Slash,
    /// With the line, before the literal.
    Last,
}

/// A value and the literal behind it.
#[derive(Clone, Debug)]
pub(super) struct Op {
    pub(super) field: Field,
    pub(super) class: Class,
    pub(super) end: End,
    pub(super) literal: Literal,
}

/// A compiled format.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pub(super) lead: Literal,
    pub(super) ops: Box<[Op]>,
    pub(super) escape: Escape,
    /// The values behind this one may be missing from a line that was cut off.
    pub(super) needed: usize,
    /// How a line is read that does not follow it.
    pub(super) otherwise: Otherwise,
}

/// How a line is read that does not follow its template.
#[derive(Clone, Debug)]
pub(super) enum Otherwise {
    /// Not at all.
    Unread,
    /// As a JSON object with these keys: writers order them differently.
    Keys(Keys),
    /// As a JSON object with keys that are known.
    Known,
}

/// What is left of a line behind a value, and the value if it is a text.
type Taken<'a> = Option<&'a [u8]>;

impl Template {
    /// Reads a line.
    #[inline]
    pub(super) fn read<'a>(
        &self,
        line: &'a [u8],
        times: &mut Times<'_>,
        record: &mut Record<'a>,
    ) -> Result<(), Unread> {
        let Some(mut rest) = self.lead.strip(line) else { return self.otherwise(line, None, line, times, record) };
        for (index, op) in self.ops.iter().enumerate() {
            match op.take(self.ops.get(index + 1..).unwrap_or_default(), rest, self.escape, times, record) {
                Some(behind) => rest = behind,
                None => return self.otherwise(line, Some(index), rest, times, record),
            }
        }
        if rest.is_empty() { Ok(()) } else { self.otherwise(line, Some(self.ops.len()), rest, times, record) }
    }

    /// What becomes of a line that differs from the template at a value: a line whose end is missing but whose head says
    /// what is needed, the same members in another order, or nothing.
    #[cold]
    fn otherwise<'a>(
        &self,
        line: &'a [u8],
        at: Option<usize>,
        rest: &'a [u8],
        times: &mut Times<'_>,
        record: &mut Record<'a>,
    ) -> Result<(), Unread> {
        let op = at.filter(|at| *at > self.needed).and_then(|at| self.ops.get(at));
        if let Some(op) = op.filter(|op| line.len() >= LONGEST || op.is_quoted() && find_quote(rest).is_none()) {
            if op.class == Class::Text {
                op.field.put(rest, self.escape, record);
            }
            return Ok(());
        }
        let why = self.why(line, at, rest, times);
        let keys = match &self.otherwise {
            Otherwise::Unread => return Err(why),
            Otherwise::Keys(keys) => Some(keys),
            Otherwise::Known => None,
        };
        *record = Record { escape: self.escape, ..Record::default() };
        members::read(line, keys, self.escape, times, record).map_err(|_| why)
    }

    /// Why a line could not be read, and the first byte that differs.
    fn why(&self, line: &[u8], at: Option<usize>, rest: &[u8], times: &mut Times<'_>) -> Unread {
        let start = line.len() - rest.len();
        let Some(at) = at else { return literal(&self.lead, line, 0) };
        let Some(op) = self.ops.get(at) else { return Unread { reason: UnreadReason::Literal, column: start } };
        let reason = |reason, column| Unread { reason, column: start + column };
        let partial = reason(UnreadReason::Partial, rest.len());
        let behind = |length| literal(&op.literal, line, start + length);
        match op.class {
            Class::Local | Class::Iso => {
                let width = if op.class == Class::Local { 26 } else { 25 };
                match rest.get(..width) {
                    Some(text) if times.any(text).is_some() => behind(width),
                    Some(_) => reason(UnreadReason::Time, 0),
                    None => partial,
                }
            }
            Class::Epoch => epoch(rest).map_or(reason(UnreadReason::Time, 0), |(_, length)| behind(length)),
            Class::Status => match leading(rest).1 {
                3 => behind(3),
                length if length == rest.len() => partial,
                _ => reason(UnreadReason::Status, 0),
            },
            Class::Number | Class::Millis | Class::Nanos => {
                behind(leading(rest).1.max(usize::from(rest.first() == Some(&b'-'))))
            }
            Class::Seconds => behind(micros(rest).1.max(usize::from(rest.first() == Some(&b'-')))),
            Class::AnyTime | Class::Word | Class::Text | Class::List => {
                let end = match op.end {
                    End::Quote | End::QuoteBefore => find_quote(rest),
                    End::Near => op.literal.first().and_then(|first| find_near(first, rest)),
                    _ => op.literal.find(rest),
                };
                let Some(end) = end else { return partial };
                match op.literal.strip(rest.get(end..).unwrap_or_default()) {
                    None => behind(end),
                    Some(_) if op.class == Class::AnyTime => reason(UnreadReason::Time, 0),
                    // The literal is there, but not what should stand behind it.
                    Some(behind) => match self.ops.get(at + 1) {
                        Some(_) if behind.len() < rest.len() => self.why(line, Some(at + 1), behind, times),
                        _ => reason(UnreadReason::Literal, end),
                    },
                }
            }
        }
    }
}

/// Why a literal is not at a place of a line.
fn literal(literal: &Literal, line: &[u8], at: usize) -> Unread {
    let column = at + literal.shared(line.get(at..).unwrap_or_default());
    let reason = if column >= line.len() { UnreadReason::Partial } else { UnreadReason::Literal };
    Unread { reason, column }
}

impl Op {
    const fn is_quoted(&self) -> bool {
        matches!(self.end, End::Quote | End::QuoteBefore)
    }

    /// Takes the value and the literal behind it off a line; gives what is left, or `None` if they are not there.
    #[inline]
    fn take<'a>(
        &self,
        next: &[Self],
        rest: &'a [u8],
        escape: Escape,
        times: &mut Times<'_>,
        record: &mut Record<'a>,
    ) -> Taken<'a> {
        match self.class {
            Class::Word | Class::Text | Class::List => {
                let (value, behind) = self.text(next, rest)?;
                self.field.put(value, escape, record);
                Some(behind)
            }
            Class::Status => {
                let (&[a, b, c], behind) = rest.split_first_chunk::<3>()?;
                let [a, b, c] = [a, b, c].map(|digit| u16::from(digit.wrapping_sub(b'0')));
                if a > 9 || b > 9 || c > 9 {
                    return self.blank(rest);
                }
                record.status = a * 100 + b * 10 + c;
                self.literal.strip(behind)
            }
            Class::Number => {
                let (number, length) = leading(rest);
                if length == 0 {
                    return self.blank(rest);
                }
                self.field.count(number, record);
                self.literal.strip(rest.get(length..)?)
            }
            Class::Seconds => {
                let (micros, length) = micros(rest);
                if length == 0 {
                    return self.blank(rest);
                }
                self.field.last(micros, record);
                self.literal.strip(rest.get(length..)?)
            }
            Class::Local => {
                let (text, behind) = rest.split_first_chunk()?;
                self.field.at(times.local(text)?, record);
                self.literal.strip(behind)
            }
            Class::Iso => {
                let (text, behind) = rest.split_first_chunk()?;
                self.field.at(times.iso(text)?, record);
                self.literal.strip(behind)
            }
            Class::Epoch => {
                let (time, length) = epoch(rest)?;
                self.field.at(time, record);
                self.literal.strip(rest.get(length..)?)
            }
            Class::Millis | Class::Nanos => {
                let (number, length) = leading(rest);
                if length == 0 {
                    return self.blank(rest);
                }
                let micros = if self.class == Class::Millis { number.saturating_mul(1000) } else { number / 1000 };
                self.field.last(saturated(micros), record);
                self.literal.strip(rest.get(length..)?)
            }
            Class::AnyTime => {
                let (value, behind) = self.text(next, rest)?;
                if !matches!(value, b"" | b"-") {
                    self.field.at(times.any(value)?, record);
                }
                Some(behind)
            }
        }
    }

    /// What is left behind a value that is missing: `-`, or nothing at all.
    #[cold]
    fn blank<'a>(&self, rest: &'a [u8]) -> Taken<'a> {
        self.literal.strip(rest.strip_prefix(b"-").unwrap_or(rest))
    }

    /// A text, and what stands behind its literal.
    #[inline]
    fn text<'a>(&self, next: &[Self], rest: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        // Most of what may be missing is.
        if let [b'-', behind @ ..] = rest
            && let Some(behind) = self.literal.strip(behind)
            && match self.end {
                End::Quote | End::QuoteBefore | End::Near => true,
                End::Search | End::List => fit(next, behind),
                End::Slash | End::Last => false,
            }
        {
            return Some((b"-", behind));
        }
        let end = match self.end {
            End::Quote => find_quote(rest)?,
            End::QuoteBefore => {
                let end = find_quote(rest)?;
                if self.literal.strip(rest.get(end..)?).is_some() { end } else { self.search(next, rest)? }
            }
            End::Near => find_near(self.literal.first()?, rest)?,
            End::Search | End::List => self.search(next, rest)?,
            End::Slash => slash(next, rest)?,
            End::Last => rest.len().checked_sub(self.literal.bytes().len())?,
        };
        let (value, behind) = rest.split_at_checked(end)?;
        Some((value, self.literal.strip(behind)?))
    }

    /// Where a text ends that may hold what its literal begins with.
    fn search(&self, next: &[Self], rest: &[u8]) -> Option<usize> {
        let mut from = 0;
        loop {
            let place = from + self.literal.find(rest.get(from..)?)?;
            let (before, there) = rest.split_at_checked(place)?;
            from = place + 1;
            if self.end == End::List {
                if there.starts_with(b" : ") {
                    from = place + 3;
                    continue;
                }
                if before.ends_with(b",") && there.starts_with(b" ") {
                    continue;
                }
            }
            let behind = self.literal.strip(there)?;
            if fit(next, behind) {
                return Some(place);
            }
        }
    }

    /// What is left behind a value of an alphabet of its own; `None` if it is not there.
    fn skip<'a>(&self, rest: &'a [u8]) -> Option<&'a [u8]> {
        let length = match self.class {
            Class::Local => matches!(rest.get(..26)?, [_, _, b'/', _, _, _, b'/', ..]).then_some(26)?,
            Class::Iso => matches!(rest.get(..25)?, [_, _, _, _, b'-', ..]).then_some(25)?,
            Class::Epoch => epoch(rest)?.1,
            Class::Seconds => micros(rest).1,
            _ => leading(rest).1,
        };
        match (length, self.class) {
            (0, _) => self.blank(rest),
            (length, Class::Status) if length != 3 => None,
            (length, _) => self.literal.strip(rest.get(length..)?),
        }
    }
}

/// True if a line can go on with these values, as far as that can be told without looking for the end of a text.
fn fit(ops: &[Op], mut rest: &[u8]) -> bool {
    for op in ops {
        if !op.class.has_alphabet() {
            return true;
        }
        match op.skip(rest) {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
    rest.is_empty()
}

/// Where the value ends before one that begins with `/`. If that one is missing, a `-` stands for it.
fn slash(next: &[Op], rest: &[u8]) -> Option<usize> {
    let both = next.first().and_then(|next| next.literal.find(rest)).and_then(|end| rest.get(..end)).unwrap_or(rest);
    memchr::memchr(b'/', both).or_else(|| both.strip_suffix(b"-").map(<[u8]>::len)).or(Some(both.len()))
}
