//! Header values as `websockets/headers.py` reads them: lists of options, protocols and extensions.

use crate::asgi::server::request::{is_token, is_token_byte, split_at_first, trim_blanks};

/// A comma-separated list (`parse_list`): empty items are passed over, but there must be one that is not. `None` if one is
/// not `good`.
pub(super) fn items(value: &[u8], good: fn(&[u8]) -> bool) -> Option<Vec<&[u8]>> {
    let items: Vec<_> = value.split(|&b| b == b',').map(trim_blanks).filter(|item| !item.is_empty()).collect();
    (!items.is_empty() && items.iter().all(|item| good(item))).then_some(items)
}

/// `token` or `token/token`, an upgrade protocol.
pub(super) fn is_protocol(item: &[u8]) -> bool {
    split_at_first(b'/', item).map_or_else(|| is_token(item), |(name, version)| is_token(name) && is_token(version))
}

/// True if `value` is a list of extensions (`parse_extension`): a token each, with `; name`, `; name=token` and
/// `; name="token"` behind it. Commas and semicolons may stand in quotes only behind a backslash.
pub(super) fn are_extensions(value: &[u8]) -> bool {
    let mut reader = Reader { rest: value };
    reader.skip_commas();
    loop {
        if !reader.extension() {
            return false;
        }
        if reader.rest.is_empty() {
            return true;
        }
        if !reader.take(b',') {
            return false;
        }
        reader.blanks();
        reader.skip_commas();
        if reader.rest.is_empty() {
            return true;
        }
    }
}

/// A place in a header value.
struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take(&mut self, byte: u8) -> bool {
        let Some(rest) = self.rest.strip_prefix(&[byte]) else { return false };
        self.rest = rest;
        true
    }

    fn blanks(&mut self) {
        while self.take(b' ') || self.take(b'\t') {}
    }

    fn skip_commas(&mut self) {
        while self.take(b',') {
            self.blanks();
        }
    }

    fn token(&mut self) -> bool {
        let end = self.rest.iter().position(|&b| !is_token_byte(b)).unwrap_or(self.rest.len());
        self.rest = self.rest.get(end..).unwrap_or_default();
        end > 0
    }

    fn extension(&mut self) -> bool {
        if !self.token() {
            return false;
        }
        self.blanks();
        while self.take(b';') {
            self.blanks();
            if !self.parameter() {
                return false;
            }
            self.blanks();
        }
        true
    }

    fn parameter(&mut self) -> bool {
        if !self.token() {
            return false;
        }
        self.blanks();
        if !self.take(b'=') {
            return true;
        }
        self.blanks();
        if self.take(b'"') { self.quoted_token() } else { self.token() }
    }

    /// The rest of a quoted string whose content, backslashes taken off, is a token.
    fn quoted_token(&mut self) -> bool {
        let mut content = Vec::new();
        loop {
            match *self.rest {
                [b'"', ref rest @ ..] => {
                    self.rest = rest;
                    return is_token(&content);
                }
                [b'\\', byte, ref rest @ ..] => {
                    content.push(byte);
                    self.rest = rest;
                }
                [byte, ref rest @ ..] if byte != b'\\' && byte.is_ascii() => {
                    content.push(byte);
                    self.rest = rest;
                }
                _ => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_extensions() {
        for (value, good) in [
            ("permessage-deflate", true),
            ("permessage-deflate; client_max_window_bits, x", true),
            ("a ; b = c ; d=\"e\" , f", true),
            (", ,a,,", true),
            ("a; b=\"c\\d\"", true),
            ("a; b=\"c d\"", false),
            ("a; b=\"\"", false),
            ("a; b=\"c", false),
            ("a; b=", false),
            ("a;", false),
            ("a b", false),
            (",", false),
            ("", false),
        ] {
            assert_eq!(are_extensions(value.as_bytes()), good, "{value:?}");
        }
    }

    #[test]
    fn lists_of_protocols() {
        for (value, count) in [("websocket", Some(1)), ("a/1, b,", Some(2)), ("a/", None), ("a/b/c", None), (",", None)]
        {
            assert_eq!(items(value.as_bytes(), is_protocol).map(|items| items.len()), count, "{value:?}");
        }
    }
}
