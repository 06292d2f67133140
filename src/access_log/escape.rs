//! How a writer escapes what came from outside, and back.
//!
//! This file exists because a text of a line is compared and shown by the bytes that it stands for, and only the text that
//! is looked at is worth decoding.
//!
//! Source: `ngx_http_log_escape`, `ngx_escape_json` (1.22.1); Apache's `ap_escape_logitem` and Go's `strconv.Quote` for what
//! nginx never writes.

use std::borrow::Cow;
use std::str::FromStr;

/// How the writer escaped what came from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Escape {
    /// nginx's own way: `"`, `\`, control bytes and everything from 0x7f on as `\xXX`. `\"`, `\\`, `\n`, `\r` and `\t`,
    /// which nginx never writes, are read as Apache and Go mean them.
    #[default]
    Default,
    /// As in JSON strings; bytes from 0x7f on are as they came, so a line need not be UTF-8.
    Json,
    /// Not at all.
    None,
}

impl FromStr for Escape {
    type Err = String;

    /// What stands behind `escape=`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "default" => Ok(Self::Default),
            "json" => Ok(Self::Json),
            "none" => Ok(Self::None),
            _ => Err(format!("{text:?} is no way of escaping that is known: default, json or none")),
        }
    }
}

impl Escape {
    /// The bytes that an escaped text stands for; borrowed where nothing was escaped. What is no escape stays as it is.
    pub fn decode(self, text: &[u8]) -> Cow<'_, [u8]> {
        if self == Self::None {
            return Cow::Borrowed(text);
        }
        let Some(first) = memchr::memchr(b'\\', text) else { return Cow::Borrowed(text) };
        let (plain, mut rest) = text.split_at(first);
        let mut out = Vec::with_capacity(text.len());
        out.extend_from_slice(plain);
        while let Some((&byte, behind)) = rest.split_first() {
            if byte != b'\\' {
                let end = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
                let (plain, escaped) = rest.split_at(end);
                out.extend_from_slice(plain);
                rest = escaped;
                continue;
            }
            let taken = match self {
                Self::Json => json(behind, &mut out),
                _ => plain_escape(behind, &mut out),
            };
            if taken == 0 {
                out.push(byte);
            }
            rest = behind.get(taken..).unwrap_or_default();
        }
        Cow::Owned(out)
    }
}

/// What stands behind a backslash in nginx's default escaping: decodes it and says how much of it was taken, 0 for no escape.
fn plain_escape(behind: &[u8], out: &mut Vec<u8>) -> usize {
    match *behind {
        [b'x', high, low, ..] => match (nibble(high), nibble(low)) {
            (Some(high), Some(low)) => {
                out.push(high << 4 | low);
                3
            }
            _ => 0,
        },
        [byte, ..] => short(byte).filter(|_| !matches!(byte, b'/' | b'b' | b'f')).map_or(0, |byte| {
            out.push(byte);
            1
        }),
        [] => 0,
    }
}

/// The same for JSON. Half a surrogate pair is no character: it is kept as it was written.
fn json(behind: &[u8], out: &mut Vec<u8>) -> usize {
    let Some((&kind, hex)) = behind.split_first() else { return 0 };
    if let Some(byte) = short(kind) {
        out.push(byte);
        return 1;
    }
    let Some(unit) = (kind == b'u').then(|| unit(hex)).flatten() else { return 0 };
    let (point, taken) = match unit {
        0xd800..=0xdbff => {
            let second = hex.get(4..).and_then(|more| more.strip_prefix(b"\\u")).and_then(self::unit);
            let Some(second @ 0xdc00..=0xdfff) = second else { return 0 };
            (0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00), 11)
        }
        _ => (unit, 5),
    };
    let Some(character) = char::from_u32(point) else { return 0 };
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    taken
}

/// What one character behind a backslash stands for.
fn short(byte: u8) -> Option<u8> {
    Some(match byte {
        b'"' | b'\\' | b'/' => byte,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 8,
        b'f' => 12,
        _ => return None,
    })
}

/// Four hexadecimal digits.
fn unit(text: &[u8]) -> Option<u32> {
    let digits = text.first_chunk::<4>()?;
    digits.iter().try_fold(0, |value, &digit| Some(value << 4 | u32::from(nibble(digit)?)))
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_is_undone() {
        for (escape, text, bytes) in [
            (Escape::Default, r"a\x22b\x5Cc\xC3\xA9\x7F\x01 d", &b"a\"b\\c\xc3\xa9\x7f\x01 d"[..]),
            (Escape::Default, r#"apache \"q\" \\ \t"#, b"apache \"q\" \\ \t"),
            (Escape::Default, r"\xg1 \q \", br"\xg1 \q \"),
            (Escape::Default, r"\u0041", br"\u0041"),
            (Escape::Json, r#"\"\\\/\n\u0001\u00e9\ud83d\ude00"#, "\"\\/\n\u{1}é😀".as_bytes()),
            (Escape::Json, r"\ud83d x \u12 \x22", br"\ud83d x \u12 \x22"),
            (Escape::None, r"\x22", br"\x22"),
        ] {
            assert_eq!(escape.decode(text.as_bytes()), bytes, "{text}");
        }
        assert!(matches!(Escape::Default.decode(b"/plain"), Cow::Borrowed(_)));
    }
}
