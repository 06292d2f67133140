//! The filter that a row stands for, in the language that filters are typed in, so that it can be read and changed.

use std::fmt::Write as _;

use crate::access_log::AgentClass;
use crate::access_log::traffic::By;

/// The filter of a row of a top; `None` if the language has no word for it.
pub(super) fn of_row(by: By, key: &[u8]) -> Option<String> {
    let field = match by {
        By::Path => "path",
        By::Route => return Some(format!("path~\"^{}$\"", of_template(key))),
        By::Client => "client",
        By::Method => "method",
        By::Host => "host",
        // It is counted without its query.
        By::Referer => return Some(format!("referer~\"^{}([?#]|$)\"", escaped(key))),
        By::Agent if key.is_empty() => return Some("!agent".to_owned()),
        By::Agent => "agent",
        By::AgentClass => return of_class(key).map(str::to_owned),
        By::Upstream => "upstream",
        By::Status => "status",
    };
    Some(equal(field, key))
}

/// `field=value`, or as a regular expression where the value has signs of its own.
pub(super) fn equal(field: &str, value: &[u8]) -> String {
    let is_plain = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'/' | b'.' | b'-' | b'_' | b':' | b'{' | b'}' | b'~' | b'%' | b'=')
    };
    match std::str::from_utf8(value) {
        Ok(text) if !text.is_empty() && value.iter().all(is_plain) => format!("{field}={text}"),
        _ => format!("{field}~\"^{}$\"", escaped(value)),
    }
}

/// A regular expression for these bytes, with nothing in it that ends a quoted text.
fn escaped(bytes: &[u8]) -> String {
    let mut pattern = String::with_capacity(bytes.len() + 8);
    for &byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'_' | b'-' | b':' | b' ' | b'%' | b'=' | b',' | b';' => {
                pattern.push(char::from(byte));
            }
            b'!'..=b'~' if !matches!(byte, b'"' | b'\'' | b'\\') => {
                pattern.push('\\');
                pattern.push(char::from(byte));
            }
            _ => {
                // A `String` takes all that is written to it.
                let _ = write!(pattern, "(?-u:\\x{byte:02x})");
            }
        }
    }
    pattern
}

/// A regular expression for the paths of a route: `{id}` stands for a segment or a part of one, `{rest}` for all that follows.
fn of_template(template: &[u8]) -> String {
    let mut pattern = String::new();
    let mut rest = template;
    while let Some(open) = memchr::memchr(b'{', rest) {
        let (before, after) = rest.split_at_checked(open).unwrap_or((rest, &[]));
        let Some(close) = memchr::memchr(b'}', after) else { break };
        pattern.push_str(&escaped(before));
        pattern.push_str(if after.starts_with(b"{rest}") { ".*" } else { "[^/]+" });
        rest = after.get(close + 1..).unwrap_or_default();
    }
    pattern + &escaped(rest)
}

/// The flag for a kind of user agent.
fn of_class(word: &[u8]) -> Option<&'static str> {
    let class = AgentClass::ALL.into_iter().find(|class| class.word().as_bytes() == word)?;
    match class {
        AgentClass::Empty => Some("!agent"),
        AgentClass::Scanner => Some("scanner"),
        AgentClass::Crawler | AgentClass::AiCrawler | AgentClass::Monitor => Some("bot"),
        AgentClass::Browser => Some("agent~mozilla & !bot & !scanner"),
        AgentClass::Tool | AgentClass::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::store::LineFilter;

    #[rstest]
    #[case(By::Path, "/items", "path=/items")]
    #[case(By::Path, "/a b", r#"path~"^/a b$""#)]
    #[case(By::Path, "/*", r#"path~"^/\*$""#)]
    #[case(By::Path, "/\"x", r#"path~"^/(?-u:\x22)x$""#)]
    #[case(By::Route, "/items/{id}/x.{id}", r#"path~"^/items/[^/]+/x\.[^/]+$""#)]
    #[case(By::Client, "2001:db8::/64", "client=2001:db8::/64")]
    #[case(By::Status, "404", "status=404")]
    #[case(By::AgentClass, "scanner", "scanner")]
    #[case(By::Agent, "", "!agent")]
    fn a_row_is_a_filter(#[case] by: By, #[case] key: &str, #[case] filter: &str) {
        assert_eq!(of_row(by, key.as_bytes()).as_deref(), Some(filter));
        assert!(LineFilter::parse(filter).is_ok(), "{filter}");
    }

    proptest! {
        #[test]
        fn whatever_was_asked_for_can_be_filtered_by(key in proptest::collection::vec(any::<u8>(), 0..40)) {
            for by in [By::Path, By::Route, By::Host, By::Referer, By::Agent, By::Upstream] {
                let filter = of_row(by, &key).unwrap();
                prop_assert!(LineFilter::parse(&filter).is_ok(), "{}", filter);
            }
        }
    }
}
