//! What `X-Forwarded-Proto` may say.
//!
//! Source of the rules: uvicorn 0.13 to 0.54 `middleware/proxy_headers.py`.

use super::{latin1, python};

/// The values that are used; any other, in case or in spelling, is passed over.
pub const SCHEMES: [&str; 4] = ["http", "https", "ws", "wss"];

/// What a value of `X-Forwarded-Proto` does to the scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemeRule {
    /// It is the scheme, whatever it says (uvicorn before 0.23).
    Verbatim,
    /// It is the scheme of a request; a websocket's is `wss` for `https` and `ws` for all else (0.23 to 0.27).
    OnlyHttpsIsWss,
    /// It is the scheme of a request; a websocket's has `ws` where the value has `http` (0.28 to 0.30).
    WsForHttp,
    /// As before, but only one of [`SCHEMES`] counts (since 0.31).
    Known,
}

impl SchemeRule {
    /// The scheme that a value gives to a request, or to a `websocket`; `None` if it does not count.
    pub fn apply(self, value: &[u8], websocket: bool) -> Option<String> {
        let text = stripped(value);
        match self {
            Self::Known if !SCHEMES.contains(&text.as_str()) => None,
            Self::OnlyHttpsIsWss if websocket => Some(if text == "https" { "wss" } else { "ws" }.to_owned()),
            Self::WsForHttp | Self::Known if websocket => Some(text.replace("http", "ws")),
            _ => Some(text),
        }
    }
}

/// A value as text, without the white space around it.
pub fn stripped(value: &[u8]) -> String {
    python::strip(&latin1(value)).to_owned()
}

/// The scheme that a value of `X-Forwarded-Proto` names, `None` if it names none.
pub fn scheme(value: &[u8]) -> Option<&'static str> {
    let text = stripped(value);
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

    #[test]
    fn the_scheme_by_release() {
        for (rule, value, request, websocket) in [
            (SchemeRule::Verbatim, " https, http", Some("https, http"), Some("https, http")),
            (SchemeRule::OnlyHttpsIsWss, "https", Some("https"), Some("wss")),
            (SchemeRule::OnlyHttpsIsWss, "wss", Some("wss"), Some("ws")),
            (SchemeRule::WsForHttp, "https", Some("https"), Some("wss")),
            (SchemeRule::WsForHttp, "wss", Some("wss"), Some("wss")),
            (SchemeRule::WsForHttp, "", Some(""), Some("")),
            (SchemeRule::Known, "https", Some("https"), Some("wss")),
            (SchemeRule::Known, "HTTPS", None, None),
        ] {
            let apply = |is_websocket| rule.apply(value.as_bytes(), is_websocket);
            assert_eq!((apply(false).as_deref(), apply(true).as_deref()), (request, websocket), "{rule:?} {value:?}");
        }
    }
}
