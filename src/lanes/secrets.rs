//! Hides what must not be read over a shoulder or end up in a pasted report: credentials in headers and queries.
//!
//! What helps to find a fault stays: the scheme of `Authorization`, the names of cookies, the attributes of `Set-Cookie`
//! (its `Path` is often the fault itself).

use std::borrow::Cow;

use percent_encoding::percent_decode;

use super::visible::visible;

/// What stands for a hidden value.
pub const HIDDEN: &str = "***";

/// Parts of a name that say its value is a credential; compared without case, `-` and `_`.
const TELLING: [&str; 9] =
    ["token", "secret", "password", "passwd", "passphrase", "apikey", "accesskey", "credential", "signature"];

/// Whole names that say so; compared likewise.
const TELLING_WHOLE: [&str; 7] = ["auth", "jwt", "pwd", "sig", "sessionid", "privatekey", "xamzsignature"];

/// True if a value under this name (of a header, a query, a form or a JSON object) is to be hidden.
pub fn is_secret_name(name: &[u8]) -> bool {
    let decoded = percent_decode(name).decode_utf8_lossy();
    let plain: String = decoded.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect();
    TELLING.iter().any(|part| plain.contains(part)) || TELLING_WHOLE.contains(&plain.as_str())
}

/// The value of a header line with its secrets hidden, made [`visible`]; `None` if it holds none.
pub fn redact_field(name: &[u8], value: &[u8]) -> Option<String> {
    let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
    if is("authorization") || is("proxy-authorization") {
        return Some(redact_authorization(value));
    }
    if is("cookie") {
        let pairs: Vec<_> = value.split(|&b| b == b';').map(redact_pair).collect();
        return Some(pairs.join("; "));
    }
    if is("set-cookie") {
        let mut parts = value.split(|&b| b == b';');
        let pair = redact_pair(parts.next().unwrap_or_default());
        return Some(parts.fold(pair, |text, part| text + "; " + visible(part.trim_ascii()).as_str()));
    }
    if is_secret_name(name) {
        return Some(HIDDEN.to_owned());
    }
    match redact_url(value) {
        Cow::Owned(hidden) => Some(visible(&hidden)),
        Cow::Borrowed(_) => None,
    }
}

/// `Bearer abc` → `Bearer ***`; a value without a scheme is hidden whole.
fn redact_authorization(value: &[u8]) -> String {
    match value.iter().position(|&b| b == b' ') {
        Some(end) => format!("{} {HIDDEN}", visible(value.get(..end).unwrap_or_default())),
        None => HIDDEN.to_owned(),
    }
}

/// `name=value` → `name=***`.
fn redact_pair(pair: &[u8]) -> String {
    let pair = pair.trim_ascii();
    match pair.iter().position(|&b| b == b'=') {
        Some(end) => format!("{}={HIDDEN}", visible(pair.get(..end).unwrap_or_default())),
        None if pair.is_empty() => String::new(),
        None => HIDDEN.to_owned(),
    }
}

/// A URL or request target with the password of its authority and the secrets of its query and fragment hidden.
/// Borrowed if it holds none.
pub fn redact_url(url: &[u8]) -> Cow<'_, [u8]> {
    let cut = url.iter().position(|b| matches!(b, b'?' | b'#')).unwrap_or(url.len());
    let (front, back) = url.split_at(cut);
    match (redact_userinfo(front), redact_query(back)) {
        (None, Cow::Borrowed(_)) => Cow::Borrowed(url),
        (front_hidden, back) => {
            let mut hidden = front_hidden.unwrap_or_else(|| front.to_vec());
            hidden.extend_from_slice(&back);
            Cow::Owned(hidden)
        }
    }
}

/// `http://user:pass@host` → `http://***@host`; `None` if there is no user part.
fn redact_userinfo(front: &[u8]) -> Option<Vec<u8>> {
    let start = front.windows(3).position(|window| window == b"://")? + 3;
    let authority = front.get(start..)?.split(|&b| b == b'/').next()?;
    let at = authority.iter().rposition(|&b| b == b'@')?;
    Some([front.get(..start)?, HIDDEN.as_bytes(), front.get(start + at..)?].concat())
}

/// A query (with or without its `?`; a form body has the same shape) with the values of telling names hidden. Borrowed
/// if it holds none.
pub fn redact_query(query: &[u8]) -> Cow<'_, [u8]> {
    let is_separator = |b: &u8| matches!(b, b'&' | b';' | b'?' | b'#');
    let mut hidden = Vec::with_capacity(query.len());
    let mut found = false;
    for piece in query.split_inclusive(is_separator) {
        let (pair, separator) = match piece.split_last() {
            Some((last, pair)) if is_separator(last) => (pair, Some(*last)),
            _ => (piece, None),
        };
        match pair.iter().position(|&b| b == b'=') {
            Some(end) if end + 1 < pair.len() && is_secret_name(pair.get(..end).unwrap_or_default()) => {
                found = true;
                hidden.extend_from_slice(pair.get(..=end).unwrap_or_default());
                hidden.extend_from_slice(HIDDEN.as_bytes());
            }
            _ => hidden.extend_from_slice(pair),
        }
        hidden.extend(separator);
    }
    if found { Cow::Owned(hidden) } else { Cow::Borrowed(query) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_headers_are_hidden_and_what_helps_stays() {
        for (name, value, shown) in [
            ("Authorization", "Bearer abc.def", Some("Bearer ***")),
            ("authorization", "abc", Some("***")),
            ("Cookie", "session=abc; theme=dark", Some("session=***; theme=***")),
            ("Set-Cookie", "session=abc=; Path=/; HttpOnly", Some("session=***; Path=/; HttpOnly")),
            ("X-Api-Key", "k", Some("***")),
            ("x-csrf-token", "k", Some("***")),
            (
                "Location",
                "https://u:p@h/cb?code=1&access_token=t#x",
                Some("https://***@h/cb?code=1&access_token=***#x"),
            ),
            ("Referer", "http://h/docs?page=2", None),
            ("Host", "h", None),
        ] {
            assert_eq!(redact_field(name.as_bytes(), value.as_bytes()).as_deref(), shown, "{name}: {value}");
        }
    }

    #[test]
    fn secrets_in_queries_are_hidden_and_the_rest_is_not_touched() {
        for (query, shown) in [
            ("a=1&token=x&b", "a=1&token=***&b"),
            ("?api-key=x;a=%20", "?api-key=***;a=%20"),
            ("to%6ben=x", "to%6ben=***"),
            ("client_secret=&password=p", "client_secret=&password=***"),
            ("q=tokens&page=2", "q=tokens&page=2"),
            ("", ""),
        ] {
            assert_eq!(&*redact_query(query.as_bytes()), shown.as_bytes());
        }
        assert!(matches!(redact_query(b"q=1"), Cow::Borrowed(_)));
    }
}
