//! What a `[…]` of PCRE takes: a set of bytes.

use super::Fault;
use super::cursor::Cursor;

/// Which bytes are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bytes([bool; 256]);

impl Bytes {
    pub(super) fn none() -> Self {
        Self([false; 256])
    }

    /// Those that a test picks.
    pub(super) fn of(test: impl Fn(u8) -> bool) -> Self {
        let mut set = Self::none();
        for (byte, slot) in (0..=u8::MAX).zip(&mut set.0) {
            *slot = test(byte);
        }
        set
    }

    pub(super) fn has(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).copied().unwrap_or_default()
    }

    fn add(&mut self, other: &Self) {
        for (slot, &more) in self.0.iter_mut().zip(&other.0) {
            *slot |= more;
        }
    }

    fn add_range(&mut self, low: u8, high: u8) {
        self.add(&Self::of(|byte| (low..=high).contains(&byte)));
    }

    pub(super) fn negated(&self) -> Self {
        Self::of(|byte| !self.has(byte))
    }

    /// The same with both cases of each ASCII letter that is in it.
    pub(super) fn caseless(&self) -> Self {
        Self::of(|byte| self.has(byte.to_ascii_lowercase()) || self.has(byte.to_ascii_uppercase()))
    }

    /// Ranges of the bytes that are taken, in order.
    pub(super) fn ranges(&self) -> Vec<(u8, u8)> {
        let mut ranges: Vec<(u8, u8)> = Vec::new();
        for byte in (0..=u8::MAX).filter(|&byte| self.has(byte)) {
            match ranges.last_mut() {
                Some((_, high)) if u16::from(*high) + 1 == u16::from(byte) => *high = byte,
                _ => ranges.push((byte, byte)),
            }
        }
        ranges
    }
}

/// `\d`, `\W` and their kin; `None` for another letter.
pub(super) fn shorthand(letter: u8) -> Option<Bytes> {
    let set = match letter.to_ascii_lowercase() {
        b'd' => Bytes::of(|byte| byte.is_ascii_digit()),
        b'w' => Bytes::of(is_word),
        b's' => Bytes::of(|byte| matches!(byte, b' ' | 9..=13)),
        b'h' => Bytes::of(|byte| matches!(byte, b' ' | b'\t' | 0xA0)),
        b'v' => Bytes::of(|byte| matches!(byte, 10..=13 | 0x85)),
        _ => return None,
    };
    Some(if letter.is_ascii_uppercase() { set.negated() } else { set })
}

/// A letter, a digit or an underscore: what `\w` takes.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// What stands between `[:` and `:]`.
fn posix(name: &[u8]) -> Option<Bytes> {
    let (name, negated) = name.strip_prefix(b"^").map_or((name, false), |name| (name, true));
    let set = match name {
        b"alpha" => Bytes::of(|byte| byte.is_ascii_alphabetic()),
        b"digit" => Bytes::of(|byte| byte.is_ascii_digit()),
        b"alnum" => Bytes::of(|byte| byte.is_ascii_alphanumeric()),
        b"upper" => Bytes::of(|byte| byte.is_ascii_uppercase()),
        b"lower" => Bytes::of(|byte| byte.is_ascii_lowercase()),
        b"space" => Bytes::of(|byte| matches!(byte, b' ' | 9..=13)),
        b"blank" => Bytes::of(|byte| matches!(byte, b' ' | b'\t')),
        b"punct" => Bytes::of(|byte| byte.is_ascii_punctuation()),
        b"cntrl" => Bytes::of(|byte| byte.is_ascii_control()),
        b"graph" => Bytes::of(|byte| byte.is_ascii_graphic()),
        b"print" => Bytes::of(|byte| byte.is_ascii_graphic() || byte == b' '),
        b"xdigit" => Bytes::of(|byte| byte.is_ascii_hexdigit()),
        b"ascii" => Bytes::of(|byte| byte.is_ascii()),
        b"word" => Bytes::of(is_word),
        _ => return None,
    };
    Some(if negated { set.negated() } else { set })
}

/// One thing in a class.
enum Item {
    Byte(u8),
    Set(Box<Bytes>),
}

/// Reads a class behind its `[`.
///
/// # Errors
/// PCRE refuses it, or it is not modelled.
pub(super) fn read(cursor: &mut Cursor<'_>, caseless: bool) -> Result<Bytes, Fault> {
    let negated = cursor.skip(b"^");
    let mut set = Bytes::none();
    let mut first = true;
    loop {
        if cursor.peek() == Some(b']') && !first {
            cursor.next();
            break;
        }
        first = false;
        match item(cursor)? {
            Some(Item::Set(more)) => set.add(&more),
            Some(Item::Byte(low)) => match range_end(cursor)? {
                Some(high) if high < low => return Err(Fault::Wrong("range out of order in a class".to_owned())),
                high => set.add_range(low, high.unwrap_or(low)),
            },
            None => {}
        }
    }
    let set = if caseless { set.caseless() } else { set };
    Ok(if negated { set.negated() } else { set })
}

/// The end of a range, if one begins here.
fn range_end(cursor: &mut Cursor<'_>) -> Result<Option<u8>, Fault> {
    let before = cursor.clone();
    if !cursor.skip(b"-") || cursor.peek() == Some(b']') {
        *cursor = before;
        return Ok(None);
    }
    if let Some(Item::Byte(high)) = item(cursor)? {
        return Ok(Some(high));
    }
    // A dash before a set is a dash.
    *cursor = before;
    Ok(None)
}

/// The next thing in a class; `None` for what stands for nothing.
fn item(cursor: &mut Cursor<'_>) -> Result<Option<Item>, Fault> {
    let Some(byte) = cursor.next() else { return Err(Fault::Wrong("missing ] after a class".to_owned())) };
    match byte {
        b'[' if matches!(cursor.peek(), Some(b':' | b'.' | b'=')) => bracketed(cursor),
        b'\\' => escaped(cursor),
        _ => Ok(Some(Item::Byte(byte))),
    }
}

/// `[:alpha:]`, or a bracket that begins no such thing.
fn bracketed(cursor: &mut Cursor<'_>) -> Result<Option<Item>, Fault> {
    let rest = cursor.rest();
    let Some(&kind) = rest.first() else { return Ok(Some(Item::Byte(b'['))) };
    let end = rest.iter().skip(1).position(|&byte| byte == b']');
    let name = end.and_then(|end| rest.get(1..end).filter(|_| rest.get(end) == Some(&kind)).map(|name| (name, end)));
    match name {
        None => Ok(Some(Item::Byte(b'['))),
        Some((_, _)) if kind != b':' => Err(Fault::Wrong("POSIX collating elements are not supported".to_owned())),
        Some((name, end)) => {
            let set = posix(name).ok_or_else(|| Fault::Wrong("unknown POSIX class name".to_owned()))?;
            cursor.advance(end + 2);
            Ok(Some(Item::Set(Box::new(set))))
        }
    }
}

/// What a backslash in a class stands for.
fn escaped(cursor: &mut Cursor<'_>) -> Result<Option<Item>, Fault> {
    let Some(letter) = cursor.peek() else { return Err(Fault::Wrong("\\ at the end of the expression".to_owned())) };
    if let Some(set) = shorthand(letter) {
        cursor.next();
        return Ok(Some(Item::Set(Box::new(set))));
    }
    match letter {
        b'b' => {
            cursor.next();
            Ok(Some(Item::Byte(8)))
        }
        b'E' => {
            cursor.next();
            Ok(None)
        }
        b'Q' => Err(Fault::Beyond("\\Q in a class is not modelled".to_owned())),
        b'0'..=b'7' => Ok(Some(Item::Byte(cursor.octal(3)?))),
        _ => cursor.literal_escape().map(|byte| Some(Item::Byte(byte))),
    }
}
