//! Text as Python reads it: what `str.strip()` takes off and what `int()` accepts.
//!
//! This file exists because header values and options pass through exactly these two on their way into a scope, and
//! Rust's `trim` and `parse` draw the line elsewhere.

/// Digits beyond which `int()` refuses a text (`sys.get_int_max_str_digits()`).
const MOST_DIGITS: usize = 4300;

/// `str.strip()`: Unicode white space and the four separators U+001C to U+001F, which Python counts as such.
pub(crate) fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}

/// `int(text)`: blanks around, one sign, digits with single underscores between them.
///
/// A number too large for 64 bits comes back as the nearest one that fits. Text decoded from Latin-1 holds no decimal
/// digits but the ASCII ones.
pub(crate) fn int(text: &str) -> Option<i64> {
    let text = strip(text);
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let well_formed = digits.split('_').all(|group| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit()));
    if !well_formed || digits.bytes().filter(u8::is_ascii_digit).count() > MOST_DIGITS {
        return None;
    }
    let size = digits.bytes().filter(u8::is_ascii_digit).fold(0i64, |n, digit| {
        let digit = i64::from(digit - b'0');
        n.saturating_mul(10).saturating_add(digit)
    });
    Some(if negative { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn int_takes_what_python_takes() {
        for (text, value) in [
            ("80", Some(80)),
            (" 80 ", Some(80)),
            ("+80", Some(80)),
            ("-1", Some(-1)),
            ("1_0", Some(10)),
            ("007", Some(7)),
            ("99999", Some(99_999)),
            ("\u{a0}5\u{85}", Some(5)),
            ("99999999999999999999", Some(i64::MAX)),
            ("", None),
            ("+", None),
            ("- 1", None),
            ("1__0", None),
            ("_1", None),
            ("1_", None),
            ("0x10", None),
            ("8.0", None),
            ("\u{b2}", None),
        ] {
            assert_eq!(int(text), value, "{text:?}");
        }
        assert_eq!(int(&"1".repeat(4301)), None);
    }

    #[test]
    fn strip_takes_off_what_python_takes_off() {
        assert_eq!(strip("\u{1f}\u{a0} a b\t\u{85}\x0b"), "a b");
        assert_eq!(strip("\u{200b}a"), "\u{200b}a");
    }
}
