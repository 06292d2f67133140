//! What `X-Forwarded-Proto` may say.
//!
//! Source of the rules: uvicorn 0.54 `middleware/proxy_headers.py`.

use super::{latin1, python};

/// The values that are used; any other, in case or in spelling, is passed over.
pub const SCHEMES: [&str; 4] = ["http", "https", "ws", "wss"];

/// The scheme that a value of `X-Forwarded-Proto` names, `None` if it names none.
pub fn scheme(value: &[u8]) -> Option<&'static str> {
    let text = latin1(value);
    let text = python::strip(&text);
    SCHEMES.into_iter().find(|scheme| *scheme == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_four_words_count() {
        for (value, expected) in [
            (&b"https"[..], Some("https")),
            (b" wss\t", Some("wss")),
            (b"https\xa0", Some("https")),
            (b"HTTPS", None),
            (b"https, http", None),
            (b"\"https\"", None),
            (b"", None),
        ] {
            assert_eq!(scheme(value), expected, "{}", value.escape_ascii());
        }
    }
}
