//! Paths as matchers compare them. Caddy 2.11, `modules/caddyhttp/caddyhttp.go` (`CleanPath`), `matchers.go`,
//! `fileserver/matcher.go` (`firstSplit`).

use std::sync::Arc;

use super::placeholders::lower;
use crate::gateway::go::{self, Mode};

/// `CleanPath`: dots resolved, a slash at the end kept; several slashes made one, or kept.
pub(super) fn clean_path(path: &[u8], merge: bool) -> Vec<u8> {
    let clean = |path: &[u8]| {
        let mut cleaned = go::clean(path);
        if cleaned != b"/" && path.ends_with(b"/") {
            cleaned.push(b'/');
        }
        cleaned
    };
    if merge {
        return clean(path);
    }
    // A byte that is not in the path keeps the slashes apart; the others stay as they are (2.11.7).
    let apart = (1..=u8::MAX).find(|byte| !matches!(byte, b'/' | b'.') && !path.contains(byte)).unwrap_or_default();
    let mut parted = Vec::with_capacity(path.len() + 8);
    let mut before = 0;
    for &byte in path {
        if byte == b'/' && before == b'/' {
            parted.push(apart);
        }
        parted.push(byte);
        before = byte;
    }
    let mut cleaned = clean(&parted);
    cleaned.retain(|&byte| byte != apart);
    cleaned
}

/// Where a path is split after one of some texts, case ignored.
pub(super) fn split_path<'p>(path: &'p [u8], splits: &[Arc<str>]) -> (Vec<u8>, &'p [u8]) {
    for split in splits {
        let length = split.len();
        let found = path.windows(length).position(|part| part.eq_ignore_ascii_case(split.as_bytes()));
        // Caddy does not look at the very end.
        if let Some(at) = found.filter(|at| at + length < path.len()) {
            let (head, tail) = path.split_at_checked(at + length).unwrap_or((path, b""));
            if tail.is_empty() || tail.starts_with(b"/") {
                return (head.to_vec(), tail);
            }
        }
    }
    (path.to_vec(), b"")
}

/// `matchPatternWithEscapeSequence`: an escape in the pattern must be one in the path; elsewhere either form fits. `%*` is a
/// star that takes the path as it is escaped.
pub(super) fn fits_escaped(escaped: &[u8], pattern: &[u8]) -> bool {
    let escaped = lower(escaped);
    let mut text: Vec<u8> = Vec::with_capacity(escaped.len());
    let (mut at_pattern, mut at) = (0, 0);
    while let (Some(&wanted), Some(&byte)) = (pattern.get(at_pattern), escaped.get(at)) {
        let mut decoded = vec![byte];
        let mut escape: &[u8] = b"";
        if byte == b'%' && escaped.len() >= at + 3 {
            escape = escaped.get(at..at + 3).unwrap_or_default();
            let Some(bytes) = go::unescape(escape, Mode::PathSegment) else { return false };
            decoded = bytes;
            at += 2;
        }
        let is_escape = wanted == b'%' && pattern.len() >= at_pattern + 3 && pattern.get(at_pattern + 1) != Some(&b'*');
        if is_escape {
            text.extend_from_slice(escape);
            at += 1;
            at_pattern += 2;
        } else if matches!(wanted, b'%' | b'*') {
            let decode = wanted == b'*';
            at_pattern += usize::from(!decode);
            let remaining = escaped.get(at..).unwrap_or_default();
            let next = pattern.get(at_pattern + 1);
            let until = match next {
                Some(next) => match memchr::memchr(*next, remaining) {
                    Some(until) => until,
                    None => return false,
                },
                None => remaining.len(),
            };
            if until > 0 {
                let part = remaining.get(..until).unwrap_or_default();
                let part = if decode { go::unescape(part, Mode::PathSegment) } else { Some(part.to_vec()) };
                let Some(part) = part else { return false };
                text.extend(part);
                at += until;
            }
        } else {
            text.extend(decoded);
            at += 1;
        }
        at_pattern += 1;
    }
    let remaining = escaped.get(at..).unwrap_or_default();
    text.extend(go::unescape(remaining, Mode::PathSegment).unwrap_or_else(|| remaining.to_vec()));
    let mut plain = Vec::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(star) = memchr::memmem::find(rest, b"%*") {
        plain.extend_from_slice(rest.get(..star).unwrap_or_default());
        plain.push(b'*');
        rest = rest.get(star + 2..).unwrap_or_default();
    }
    plain.extend_from_slice(rest);
    go::path_matches(&plain, &lower(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaned() {
        for (path, merge, expected) in [
            ("/a//b/./c/", true, "/a/b/c/"),
            ("/a//b/./c/", false, "/a//b/c/"),
            ("/a//../b", false, "/a/b"),
            ("//", true, "/"),
            ("x", true, "x"),
        ] {
            assert_eq!(String::from_utf8(clean_path(path.as_bytes(), merge)).unwrap(), expected, "{path}");
        }
        // Bytes that are no text stay.
        assert_eq!(clean_path(b"/\xe9//./\xff/", false), b"/\xe9//\xff/");
    }

    #[test]
    fn escapes_in_patterns() {
        for (path, pattern, fits) in [
            ("/a%2Fb", "/a%2fb", true),
            ("/a/b", "/a%2fb", false),
            ("/%61/x", "/a%2*", false),
            ("/pct%2fx/y", "/pct%2fx/*", true),
            ("/a%2fb/c", "/%*/c", true),
            ("/a%2fb/c", "/*/c", false),
        ] {
            assert_eq!(fits_escaped(path.as_bytes(), pattern.as_bytes()), fits, "{path} {pattern}");
        }
    }
}
