//! Bytes from outside, made fit for a sentence: control bytes become visible, very long values are cut.

/// Characters of one value that a sentence shows.
const SHOWN: usize = 120;

/// A path, header value or name as text.
pub(crate) fn bytes(value: &[u8]) -> String {
    text(&String::from_utf8_lossy(value))
}

/// [`bytes()`] for what is text already.
pub(crate) fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len().min(SHOWN));
    for (n, c) in value.chars().enumerate() {
        if n == SHOWN {
            out.push('…');
            break;
        }
        if c.is_control() || is_direction(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// Marks that reorder the text around them.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    #[test]
    fn escapes_are_visible() {
        assert_eq!(super::bytes(b"/a\x1b[2J"), "/a\\u{1b}[2J");
        assert_eq!(super::text("/a\u{202e}b"), "/a\\u{202e}b");
        assert_eq!(super::text(&"x".repeat(200)).chars().count(), 121);
    }
}
