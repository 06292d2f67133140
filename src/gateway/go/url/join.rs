//! URLs made of others: a reference resolved, paths joined and cleaned.
//!
//! They are together because each is about where one path ends and the next begins, and each has dot segments and slashes
//! go by a rule of its own.
//!
//! Go 1.26, `net/url/url.go` (`ResolveReference`, `JoinPath`), `net/http/httputil/reverseproxy.go` (`joinURLPath`).

use super::Url;
use crate::gateway::go::path::clean;

impl Url {
    /// `JoinPath` without elements: the encoded path cleaned, a slash at its end kept.
    pub(in crate::gateway) fn clean_path(&mut self) {
        let encoded = self.escaped_path();
        let relative = !encoded.starts_with(b"/");
        let rooted = if relative { [b"/", encoded.as_slice()].concat() } else { encoded.clone() };
        let mut cleaned = clean(&rooted);
        if relative {
            cleaned.remove(0);
        }
        if rooted.ends_with(b"/") && !cleaned.ends_with(b"/") {
            cleaned.push(b'/');
        }
        self.set_path(&cleaned);
    }

    /// `ResolveReference`: the absolute URL that a reference found at this one means.
    pub(in crate::gateway) fn resolve(&self, reference: &Self) -> Self {
        let mut url = reference.clone();
        if reference.scheme.is_empty() {
            url.scheme.clone_from(&self.scheme);
        }
        if !reference.scheme.is_empty() || !reference.host.is_empty() || reference.user.is_some() {
            url.set_path(&resolve_path(&reference.escaped_path(), b""));
            return url;
        }
        if !reference.opaque.is_empty() {
            (url.user, url.host, url.path) = (None, Vec::new(), Vec::new());
            return url;
        }
        if reference.path.is_empty() && !reference.force_query && reference.raw_query.is_empty() {
            url.raw_query.clone_from(&self.raw_query);
            if reference.fragment.is_empty() {
                url.fragment.clone_from(&self.fragment);
            }
        }
        if reference.path.is_empty() && !self.opaque.is_empty() {
            url.opaque.clone_from(&self.opaque);
            (url.user, url.host, url.path) = (None, Vec::new(), Vec::new());
            return url;
        }
        url.host.clone_from(&self.host);
        url.user.clone_from(&self.user);
        url.set_path(&resolve_path(&self.escaped_path(), &reference.escaped_path()));
        url
    }
}

/// `resolvePath`: a path found at another one, dot segments resolved (RFC 3986 section 5.2).
fn resolve_path(base: &[u8], reference: &[u8]) -> Vec<u8> {
    let full = if reference.is_empty() {
        base.to_vec()
    } else if reference.starts_with(b"/") {
        reference.to_vec()
    } else {
        let folder = memchr::memrchr(b'/', base).map_or(0, |slash| slash + 1);
        [base.get(..folder).unwrap_or_default(), reference].concat()
    };
    if full.is_empty() {
        return full;
    }
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut ends_in_dots = false;
    for (index, part) in full.split(|&byte| byte == b'/').enumerate() {
        ends_in_dots = matches!(part, b"." | b"..");
        match part {
            b"." => {}
            b".." => {
                kept.pop();
            }
            // What stands before the first slash is nothing, and no part.
            b"" if index == 0 => {}
            part => kept.push(part),
        }
    }
    let mut out = vec![b'/'];
    out.extend(kept.join(&b'/'));
    if ends_in_dots && !out.ends_with(b"/") {
        out.push(b'/');
    }
    out
}

/// `joinURLPath` of `httputil`: the paths of two URLs, with one slash between them; decoded, and encoded where one of them
/// is encoded in its own way.
pub(in crate::gateway) fn join_url_path(base: &Url, url: &Url) -> (Vec<u8>, Vec<u8>) {
    let (a, b) = if base.raw_path.is_empty() && url.raw_path.is_empty() {
        (base.path.clone(), url.path.clone())
    } else {
        (base.escaped_path(), url.escaped_path())
    };
    let between: (&[u8], usize) = match (a.ends_with(b"/"), b.starts_with(b"/")) {
        (true, true) => (b"", 1),
        (false, false) => (b"/", 0),
        _ => (b"", 0),
    };
    let join = |a: &[u8], b: &[u8]| [a, between.0, b.get(between.1..).unwrap_or_default()].concat();
    let path = join(&base.path, &url.path);
    if base.raw_path.is_empty() && url.raw_path.is_empty() { (path, Vec::new()) } else { (path, join(&a, &b)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaned_paths() {
        for (target, expected) in
            [("//a/./b/", "/a/b/"), ("/a/..", "/"), ("/a/%2e%2e/b", "/a/%2e%2e/b"), ("/a/.", "/a"), ("/a/../", "/")]
        {
            let mut url = Url::parse_request_uri(target.as_bytes()).unwrap();
            url.clean_path();
            assert_eq!(String::from_utf8(url.request_uri()).unwrap(), expected, "{target}");
        }
    }

    #[test]
    fn references() {
        let base = Url::parse(b"http://h:1/a/b?q").unwrap();
        for (reference, expected) in [
            ("/x", "http://h:1/x"),
            ("x?y", "http://h:1/a/x?y"),
            ("../x/./y/..", "http://h:1/x/"),
            ("https://o/p", "https://o/p"),
            ("//o", "http://o"),
            ("?z", "http://h:1/a/b?z"),
            ("", "http://h:1/a/b?q"),
            ("/a%2Fb", "http://h:1/a%2Fb"),
        ] {
            let reference = Url::parse(reference.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(base.resolve(&reference).text()).unwrap(), expected);
        }
    }
}
