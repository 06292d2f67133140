//! Percent-decoding as Python's `urllib.parse.unquote` does it, which every Python ASGI server uses for `path`.

/// Decodes `%XX`, then reads the bytes as UTF-8 with U+FFFD for what is none; `%zz` and `+` stay as they are.
///
/// `CPython` and Rust agree on how many U+FFFD an ill-formed sequence becomes (one per maximal subpart).
pub(super) fn unquote(raw: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&first, after)) = rest.split_first() {
        let escape = (first == b'%').then(|| after.split_first_chunk::<2>()).flatten();
        let decoded = escape.and_then(|(digits, tail)| Some((byte(*digits)?, tail)));
        let (byte, tail) = decoded.unwrap_or((first, after));
        bytes.push(byte);
        rest = tail;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The byte that two hexadecimal digits name.
fn byte([high, low]: [u8; 2]) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|n| u8::try_from(n).ok());
    Some(digit(high)? * 16 + digit(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decoded_as_python_decodes() {
        for (raw, path) in [
            (&b"/a%2Fb"[..], "/a/b"),
            (b"/caf%C3%A9", "/caf\u{e9}"),
            (b"/a+b%20c", "/a+b c"),
            (b"/%zz%", "/%zz%"),
            (b"/%2", "/%2"),
            (b"/%%41", "/%A"),
            (b"/%2541", "/%41"),
            (b"/%E9x", "/\u{fffd}x"),
            (b"/%F0%9F%98x", "/\u{fffd}x"),
            (b"/%F0%80%80", "/\u{fffd}\u{fffd}\u{fffd}"),
            (b"/%ED%A0%80", "/\u{fffd}\u{fffd}\u{fffd}"),
            (b"/%00", "/\0"),
        ] {
            assert_eq!(unquote(raw), path, "{}", raw.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_decode(raw in any::<Vec<u8>>()) {
            unquote(&raw);
        }

        #[test]
        fn without_a_percent_sign_text_stays(text in "[^%]*") {
            prop_assert_eq!(unquote(text.as_bytes()), text);
        }

        #[test]
        fn what_was_escaped_comes_back(text: String) {
            let escaped = text.bytes().fold(String::new(), |escaped, b| format!("{escaped}%{b:02x}"));
            prop_assert_eq!(unquote(escaped.as_bytes()), text);
        }
    }
}
