//! Percent-encoding as `net/url` does it: which bytes stand as they are depends on the part of the URL.
//!
//! Go 1.26, `net/url/url.go` (`escape`, `unescape`) and `encoding_table.go`.

/// The part of a URL that is written or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Mode {
    /// A path.
    Path,
    /// One segment of a path.
    PathSegment,
    /// A host and port.
    Host,
    /// The zone of an IPv6 address.
    Zone,
    /// A user name or password.
    UserPassword,
    /// A name or value of a query; a space is `+`.
    Query,
    /// What follows `#`.
    Fragment,
}

impl Mode {
    /// True if a byte is written as it is.
    fn keeps(self, byte: u8) -> bool {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => true,
            b'$' | b'&' | b'+' | b'=' => self != Self::Query,
            b':' => !matches!(self, Self::Query | Self::UserPassword),
            b'@' => matches!(self, Self::Fragment | Self::PathSegment | Self::Path),
            b',' | b';' => !matches!(self, Self::Query | Self::PathSegment),
            b'/' => matches!(self, Self::Fragment | Self::Path),
            b'?' => self == Self::Fragment,
            b'!' | b'(' | b')' | b'*' => matches!(self, Self::Fragment | Self::Zone | Self::Host),
            b'\'' | b'"' | b'<' | b'>' | b'[' | b']' => matches!(self, Self::Zone | Self::Host),
            _ => false,
        }
    }
}

/// Encodes what may not stand as it is (`escape`), hex digits in upper case.
pub(in crate::gateway) fn escape(text: &[u8], mode: Mode) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for &byte in text {
        if mode.keeps(byte) {
            out.push(byte);
        } else if byte == b' ' && mode == Mode::Query {
            out.push(b'+');
        } else {
            out.extend([b'%', upper_hex(byte >> 4), upper_hex(byte & 15)]);
        }
    }
    out
}

/// Decodes (`unescape`); `None` for an escape that is none, or for a byte that a host may not hold.
pub(in crate::gateway) fn unescape(text: &[u8], mode: Mode) -> Option<Vec<u8>> {
    let in_host = matches!(mode, Mode::Host | Mode::Zone);
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            b'%' => {
                let [high, low, after @ ..] = after else { return None };
                let value = hex(*high)? << 4 | hex(*low)?;
                let is_percent = value == b'%';
                // In a host only bytes beyond ASCII may be encoded, and `%25` that begins a zone (RFC 6874).
                let fits = match mode {
                    Mode::Host => value >= 0x80 || is_percent,
                    Mode::Zone => is_percent || value == b' ' || Mode::Host.keeps(value),
                    _ => true,
                };
                if !fits {
                    return None;
                }
                out.push(value);
                rest = after;
            }
            b'+' if mode == Mode::Query => out.push(b' '),
            byte if in_host && *byte < 0x80 && !mode.keeps(*byte) => return None,
            byte => out.push(*byte),
        }
    }
    Some(out)
}

/// True if a path is encoded in one of the ways that a client may choose (`validEncoded`): then Go keeps that way.
pub(super) fn is_encoded_path(text: &[u8]) -> bool {
    text.iter()
        .all(|&byte| matches!(byte, b'!' | b'\'' | b'(' | b')' | b'*' | b'[' | b']' | b'%') || Mode::Path.keeps(byte))
}

const fn upper_hex(digit: u8) -> u8 {
    match digit {
        0..=9 => b'0' + digit,
        _ => b'A' + digit - 10,
    }
}

/// The value of a hex digit.
pub(super) const fn hex(digit: u8) -> Option<u8> {
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
    fn what_stands_as_it_is() {
        let ascii: Vec<u8> = (0x20..0x7f).filter(|byte: &u8| !byte.is_ascii_alphanumeric()).collect();
        for (mode, expected) in [
            (Mode::Path, "$&+,-./:;=@_~"),
            (Mode::PathSegment, "$&+-.:=@_~"),
            (Mode::Host, "!\"$&'()*+,-.:;<=>[]_~"),
            (Mode::Query, "-._~"),
            (Mode::UserPassword, "$&+,-.;=_~"),
            (Mode::Fragment, "!$&()*+,-./:;=?@_~"),
        ] {
            let kept: Vec<u8> = ascii.iter().copied().filter(|&byte| mode.keeps(byte)).collect();
            assert_eq!(String::from_utf8_lossy(&kept), expected, "{mode:?}");
        }
    }

    #[test]
    fn there_and_back() {
        for (mode, raw, escaped) in [
            (Mode::Path, "/a b/é|[x]", "/a%20b/%C3%A9%7C%5Bx%5D"),
            (Mode::Query, "a b&c=d/é", "a+b%26c%3Dd%2F%C3%A9"),
            (Mode::Fragment, "a?b#c", "a?b%23c"),
        ] {
            assert_eq!(escape(raw.as_bytes(), mode), escaped.as_bytes());
            assert_eq!(unescape(escaped.as_bytes(), mode).unwrap(), raw.as_bytes());
        }
        for (mode, text) in
            [(Mode::Path, "/%zz"), (Mode::Path, "/%4"), (Mode::Path, "%"), (Mode::Host, "a%41"), (Mode::Host, "a b")]
        {
            assert_eq!(unescape(text.as_bytes(), mode), None, "{text}");
        }
        assert_eq!(unescape(b"%C3%A9%25", Mode::Host).unwrap(), "é%".as_bytes());
    }
}
