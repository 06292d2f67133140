//! The parts of a request target as `HAProxy` tells them apart (`http.c`, `http_uri_parser`, 2.6), and their replacement
//! (`http_htx.c`). Nothing is decoded, merged or resolved.

/// Where the parts of a target stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// The authority without user information, of an absolute target or of one that is nothing else.
    authority: Option<(usize, usize)>,
    /// Where path and query start.
    path: Option<usize>,
}

/// Takes a target apart.
pub(super) fn parts(target: &[u8]) -> Parts {
    match target.first() {
        None | Some(b'*') => Parts { authority: None, path: None },
        Some(b'/') => Parts { authority: None, path: Some(0) },
        Some(_) => {
            let scheme = scheme_length(target);
            let start = scheme.unwrap_or(0);
            let rest = target.get(start..).unwrap_or_default();
            let end = start + rest.iter().position(|&b| b == b'/').unwrap_or(rest.len());
            let whole = target.get(start..end).unwrap_or_default();
            let host = start + whole.iter().rposition(|&b| b == b'@').map_or(0, |at| at + 1);
            let path = (scheme.is_some() && end < target.len()).then_some(end);
            Parts { authority: Some((host, end)), path }
        }
    }
}

impl Parts {
    /// The authority; empty if there is none.
    pub(super) fn authority(self, target: &[u8]) -> &[u8] {
        self.authority.and_then(|(start, end)| target.get(start..end)).unwrap_or_default()
    }

    /// Path and query.
    pub(super) fn path_and_query(self, target: &[u8]) -> Option<&[u8]> {
        self.path.and_then(|start| target.get(start..))
    }

    /// The path.
    pub(super) fn path(self, target: &[u8]) -> Option<&[u8]> {
        self.path_and_query(target).map(before_query)
    }
}

/// The length of `scheme://`.
pub(super) fn scheme_length(target: &[u8]) -> Option<usize> {
    if !target.first()?.is_ascii_alphabetic() {
        return None;
    }
    let length = target.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.')).count();
    target.get(length..)?.starts_with(b"://").then_some(length + 3)
}

/// What stands before the first question mark.
pub(super) fn before_query(text: &[u8]) -> &[u8] {
    text.split(|&b| b == b'?').next().unwrap_or_default()
}

/// The query: what stands behind the first question mark of the target.
pub(super) fn query(target: &[u8]) -> Option<&[u8]> {
    let at = target.iter().position(|&b| b == b'?')?;
    target.get(at + 1..)
}

/// Another path, the query as it was (`set-path`); with `with_query`, another path and query (`set-pathq`).
pub(super) fn with_path(target: &[u8], path: &[u8], with_query: bool) -> Vec<u8> {
    let start = parts(target).path.unwrap_or(0);
    let old = target.get(start..).unwrap_or_default();
    let kept = if with_query { &[][..] } else { old.get(before_query(old).len()..).unwrap_or_default() };
    [target.get(..start).unwrap_or_default(), path, kept].concat()
}

/// Another query (`set-query`). Without one before, an empty one adds no question mark.
pub(super) fn with_query(target: &[u8], query: &[u8]) -> Vec<u8> {
    let path = before_query(target);
    let mark: &[u8] = if path.len() < target.len() || !query.is_empty() { b"?" } else { b"" };
    [path, mark, query].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_target() {
        for (target, authority, path) in [
            (&b"/a?b"[..], &b""[..], Some(&b"/a"[..])),
            (b"//a/b", b"", Some(b"//a/b")),
            (b"*", b"", None),
            (b"http://h:1/a?b", b"h:1", Some(b"/a")),
            (b"http://u@h/a", b"h", Some(b"/a")),
            (b"http://h", b"h", None),
            (b"http://h?x", b"h?x", None),
            (b"h:443", b"h:443", None),
        ] {
            let parts = parts(target);
            assert_eq!((parts.authority(target), parts.path(target)), (authority, path), "{}", target.escape_ascii());
        }
    }

    #[test]
    fn parts_replaced() {
        assert_eq!(with_path(b"/a?b", b"/c", false), b"/c?b");
        assert_eq!(with_path(b"/a?b", b"/c", true), b"/c");
        assert_eq!(with_path(b"http://h/a?b", b"/c", false), b"http://h/c?b");
        assert_eq!(with_query(b"/a?b", b"c"), b"/a?c");
        assert_eq!(with_query(b"/a", b""), b"/a");
        assert_eq!(with_query(b"/a?b", b""), b"/a?");
    }
}
