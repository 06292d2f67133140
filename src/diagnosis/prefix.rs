//! Path prefixes at segment borders, and learning them from traffic.
//!
//! `/api/v1` is a prefix of `/api/v1` and of `/api/v1/items`, never of `/api/v10`.

use crate::lanes::{Change, Lanes, Rewrite, Setup};

/// Prefixes learned at most; a client that forges headers must not fill the memory.
const LEARNED_AT_MOST: usize = 32;

/// The longest prefix that is learned, in bytes.
const LONGEST: usize = 128;

/// What of `path` is left below `prefix`: empty, or starting with `/`. `None` if it does not lie below it.
pub(crate) fn below<'a>(path: &'a [u8], prefix: &str) -> Option<&'a [u8]> {
    let rest = path.strip_prefix(prefix.as_bytes())?;
    (!prefix.is_empty() && (rest.is_empty() || rest.starts_with(b"/"))).then_some(rest)
}

/// [`below`] for text.
pub(crate) fn below_text<'a>(path: &'a str, prefix: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(prefix)?;
    (!prefix.is_empty() && (rest.is_empty() || rest.starts_with('/'))).then_some(rest)
}

/// Every way to cut `path` into a prefix and a rest that starts with `/`, shortest prefix first; neither is empty.
pub(super) fn cuts(path: &str) -> impl Iterator<Item = (&str, &str)> {
    path.match_indices('/').filter(|&(at, _)| at > 0).filter_map(|(at, _)| path.split_at_checked(at))
}

/// The prefix that the path repeats at its start (`/p` of `/p/p/x`), longest first, with the rest after both.
pub(super) fn repeated(path: &str) -> Option<(&str, &str)> {
    let borders: Vec<_> = cuts(path).collect();
    borders.into_iter().rev().find_map(|(prefix, rest)| below_text(rest, prefix).map(|rest| (prefix, rest)))
}

/// True if the prefix has more than one segment; one word alone is often repeated on purpose.
pub(super) fn has_segments(prefix: &str) -> bool {
    prefix.matches('/').count() > 1
}

/// Learns what this exchange shows of public prefixes: the part that a proxy took off, and what it says it took off.
pub(super) fn learn(lanes: &Lanes, setup: &mut Setup) {
    if let Rewrite::Stripped(part) = &lanes.rewritten.rewrite {
        add(setup, part);
    }
    if let Some(value) = told(lanes) {
        add(setup, value);
    }
}

/// The last `X-Forwarded-Prefix` that reached the app, unless the client itself sent it.
pub(super) fn told(lanes: &Lanes) -> Option<&str> {
    let field = lanes.forwarded.fields.iter().rev().find(|field| {
        field.value.is_some()
            && field.change != Change::Same
            && field.name.len() == 18
            && field.name.eq_ignore_ascii_case("x-forwarded-prefix")
    })?;
    let value = std::str::from_utf8(field.value.as_deref()?).ok()?.trim_end_matches('/');
    (value.starts_with('/')).then_some(value)
}

/// Adds a prefix if it is one and is new.
pub(super) fn add(setup: &mut Setup, prefix: &str) {
    let prefix = prefix.trim_end_matches('/');
    let known = setup.prefixes.iter().any(|known| known == prefix);
    let usable = prefix.starts_with('/')
        && !prefix.starts_with("//")
        && prefix.len() <= LONGEST
        && prefix.bytes().all(|b| b.is_ascii_graphic());
    if !known && usable && setup.prefixes.len() < LEARNED_AT_MOST {
        setup.prefixes.push(prefix.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_at_a_segment_border() {
        assert_eq!(below_text("/api/v1/items", "/api/v1"), Some("/items"));
        assert_eq!(below_text("/api/v1", "/api/v1"), Some(""));
        assert_eq!(below_text("/api/v10", "/api/v1"), None);
        assert_eq!(below_text("/api", ""), None);
        assert_eq!(below(b"/api/v10", "/api/v1"), None);
    }

    #[test]
    fn cuts_go_from_short_to_long() {
        assert_eq!(cuts("/a/b/c").collect::<Vec<_>>(), [("/a", "/b/c"), ("/a/b", "/c")]);
        assert_eq!(cuts("/a").count(), 0);
    }

    #[test]
    fn a_repeated_prefix_is_found_whole() {
        assert_eq!(repeated("/api/v1/api/v1/items"), Some(("/api/v1", "/items")));
        assert_eq!(repeated("/auth/auth"), Some(("/auth", "")));
        assert_eq!(repeated("/auth/author"), None);
    }
}
