//! Query strings as `net/url` and `httputil` read and write them.
//!
//! Go 1.26, `net/url/url.go` (`ParseQuery`, `Values.Encode`), `net/http/httputil/reverseproxy.go` (`cleanQueryParams`).

use super::escape::{Mode, escape, hex, unescape};

/// Parameters beyond which Go gives a query up.
const MOST_PARAMETERS: usize = 10_000;

/// `ParseQuery`: names and values decoded, in their order. A parameter with a bare semicolon or a bad escape is left out;
/// of too many, all are.
pub(in crate::gateway) fn parse_query(query: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    if memchr::memchr_iter(b'&', query).count() >= MOST_PARAMETERS {
        return Vec::new();
    }
    let parameter = |part: &[u8]| {
        if part.is_empty() || part.contains(&b';') {
            return None;
        }
        let mut halves = part.splitn(2, |&byte| byte == b'=');
        let name = unescape(halves.next().unwrap_or_default(), Mode::Query)?;
        let value = unescape(halves.next().unwrap_or_default(), Mode::Query)?;
        Some((name, value))
    };
    query.split(|&byte| byte == b'&').filter_map(parameter).collect()
}

/// `Values.Encode`: by names, the values of one name in their order.
pub(in crate::gateway) fn encode_query(mut parameters: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<u8> {
    parameters.sort_by(|(a, _), (b, _)| a.cmp(b));
    let written = parameters.iter().map(|(name, value)| {
        let mut pair = escape(name, Mode::Query);
        pair.push(b'=');
        pair.extend(escape(value, Mode::Query));
        pair
    });
    written.collect::<Vec<_>>().join(&b'&')
}

/// `cleanQueryParams`: a query that not every reader takes alike is parsed and written anew, any other stays as it is.
pub(in crate::gateway) fn clean_query(query: &[u8]) -> Vec<u8> {
    let too_many = memchr::memchr_iter(b'&', query).count() >= MOST_PARAMETERS;
    if too_many || query.contains(&b';') || has_bad_escape(query) {
        encode_query(parse_query(query))
    } else {
        query.to_vec()
    }
}

/// True if a `%` is followed by anything but two hex digits.
fn has_bad_escape(text: &[u8]) -> bool {
    memchr::memchr_iter(b'%', text).any(|at| {
        let digit = |offset: usize| text.get(at + offset).copied().and_then(hex).is_some();
        // A `%` within an escape cannot be: both its digits are none.
        !(digit(1) && digit(2))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaned() {
        for (query, expected) in [
            ("b=1&a=2", "b=1&a=2"),
            ("x=[1]&y= ", "x=[1]&y= "),
            ("b=1&a=2&c=%zz", "a=2&b=1"),
            ("b=x+y&b=%2f&a;c", "b=x+y&b=%2F"),
            ("a&b=%", "a="),
            ("%41=1&%4", "A=1"),
        ] {
            assert_eq!(String::from_utf8(clean_query(query.as_bytes())).unwrap(), expected, "{query}");
        }
    }
}
