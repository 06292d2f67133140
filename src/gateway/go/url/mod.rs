//! A URL as `net/url` holds it: the path decoded, and beside it the way it was encoded where that is not Go's own.
//!
//! Go 1.26, `net/url/url.go`.

mod host;
mod join;

pub(in crate::gateway) use self::host::{split_host_port, url_host_port};
pub(in crate::gateway) use self::join::join_url_path;

use self::host::parse_host;
use super::escape::{Mode, escape, is_encoded_path, unescape};

/// `url.URL`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::gateway) struct Url {
    /// The scheme in lower case, without the colon.
    pub(in crate::gateway) scheme: Vec<u8>,
    /// What follows the scheme where no slash does.
    pub(in crate::gateway) opaque: Vec<u8>,
    /// User name and password as they are written again, without the `@`.
    pub(in crate::gateway) user: Option<Vec<u8>>,
    /// Host and port.
    pub(in crate::gateway) host: Vec<u8>,
    /// The path, decoded.
    pub(in crate::gateway) path: Vec<u8>,
    /// The path as it was encoded; empty where that is as Go would have done it.
    pub(in crate::gateway) raw_path: Vec<u8>,
    /// What follows `?`.
    pub(in crate::gateway) raw_query: Vec<u8>,
    /// True if there is a `?` with nothing after it.
    pub(in crate::gateway) force_query: bool,
    /// What follows `#`, decoded.
    pub(in crate::gateway) fragment: Vec<u8>,
    /// True if the scheme is followed by a single slash.
    pub(in crate::gateway) omit_host: bool,
}

/// How many colons a host and port may have in `http` and `https`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway) enum Colons {
    /// One, before the port: Go since 1.26.
    One,
    /// Any number: Go before that.
    Any,
}

impl Url {
    /// `url.ParseRequestURI`, for the target of a request; `None` where Go gives an error.
    pub(in crate::gateway) fn parse_request_uri(text: &[u8]) -> Option<Self> {
        Self::parse_part(text, true, Colons::One)
    }

    /// `url.Parse`, for any URL; `None` where Go gives an error.
    pub(in crate::gateway) fn parse(text: &[u8]) -> Option<Self> {
        Self::parse_with(text, Colons::One)
    }

    /// The same, with the hosts that Go took at its time.
    pub(in crate::gateway) fn parse_with(text: &[u8], colons: Colons) -> Option<Self> {
        let (text, fragment) = cut(text, b'#');
        let mut url = Self::parse_part(text, false, colons)?;
        if let Some(fragment) = fragment {
            url.fragment = unescape(fragment, Mode::Fragment)?;
        }
        Some(url)
    }

    fn parse_part(text: &[u8], via_request: bool, colons: Colons) -> Option<Self> {
        if text.iter().any(u8::is_ascii_control) || (text.is_empty() && via_request) {
            return None;
        }
        let mut url = Self::default();
        if text == b"*" {
            url.path = b"*".to_vec();
            return Some(url);
        }
        let (scheme, rest) = split_scheme(text)?;
        url.scheme = scheme.to_ascii_lowercase();
        let (mut rest, query) = cut(rest, b'?');
        match query {
            Some(b"") => url.force_query = true,
            Some(query) => url.raw_query = query.to_vec(),
            None => {}
        }
        let has_scheme = !url.scheme.is_empty();
        if !rest.starts_with(b"/") {
            if has_scheme {
                url.opaque = rest.to_vec();
                return Some(url);
            }
            // A colon in the first segment would make it look like a scheme (RFC 3986 section 3.3).
            if via_request || cut(rest, b'/').0.contains(&b':') {
                return None;
            }
        }
        let may_have_host = has_scheme || (!via_request && !rest.starts_with(b"///"));
        if may_have_host && let Some(after) = rest.strip_prefix(b"//") {
            let end = memchr::memchr(b'/', after).unwrap_or(after.len());
            let (authority, path) = after.split_at_checked(end)?;
            url.set_authority(authority, colons)?;
            rest = path;
        } else {
            url.omit_host = has_scheme && rest.starts_with(b"/");
        }
        url.set_path(rest).then_some(url)
    }

    fn set_authority(&mut self, authority: &[u8], colons: Colons) -> Option<()> {
        let (user, host) = match memchr::memrchr(b'@', authority) {
            Some(at) => (authority.get(..at), authority.get(at + 1..).unwrap_or_default()),
            None => (None, authority),
        };
        self.host = parse_host(&self.scheme, host, colons)?;
        if let Some(user) = user {
            if !user.iter().copied().all(is_userinfo_byte) {
                return None;
            }
            let part = |text: &[u8]| unescape(text, Mode::UserPassword).map(|text| escape(&text, Mode::UserPassword));
            let (name, password) = cut(user, b':');
            let mut written = part(name)?;
            if let Some(password) = password {
                written.push(b':');
                written.extend(part(password)?);
            }
            self.user = Some(written);
        }
        Some(())
    }

    /// `setPath`: takes an encoded path; `false` if it has a bad escape, and then nothing is changed.
    pub(in crate::gateway) fn set_path(&mut self, encoded: &[u8]) -> bool {
        let Some(path) = unescape(encoded, Mode::Path) else { return false };
        self.raw_path = if escape(&path, Mode::Path) == encoded { Vec::new() } else { encoded.to_vec() };
        self.path = path;
        true
    }

    /// `EscapedPath`: the path as it was encoded if that is a way to encode it, else as Go encodes.
    pub(in crate::gateway) fn escaped_path(&self) -> Vec<u8> {
        let kept = !self.raw_path.is_empty()
            && is_encoded_path(&self.raw_path)
            && unescape(&self.raw_path, Mode::Path).is_some_and(|path| path == self.path);
        if kept {
            self.raw_path.clone()
        } else if self.path == b"*" {
            self.path.clone()
        } else {
            escape(&self.path, Mode::Path)
        }
    }

    /// `RequestURI`: the path and query as a request line has them.
    pub(in crate::gateway) fn request_uri(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.opaque.is_empty() {
            out.extend(self.escaped_path());
            if out.is_empty() {
                out.push(b'/');
            }
        } else {
            if self.opaque.starts_with(b"//") {
                out.extend_from_slice(&self.scheme);
                out.push(b':');
            }
            out.extend_from_slice(&self.opaque);
        }
        self.write_query(&mut out);
        out
    }

    /// `String`: the whole URL.
    pub(in crate::gateway) fn text(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.scheme.is_empty() {
            out.extend_from_slice(&self.scheme);
            out.push(b':');
        }
        if self.opaque.is_empty() {
            self.write_hierarchy(&mut out);
        } else {
            out.extend_from_slice(&self.opaque);
        }
        self.write_query(&mut out);
        if !self.fragment.is_empty() {
            out.push(b'#');
            out.extend(escape(&self.fragment, Mode::Fragment));
        }
        out
    }

    fn write_hierarchy(&self, out: &mut Vec<u8>) {
        let has_host = !self.host.is_empty() || self.user.is_some();
        if has_host || (!self.scheme.is_empty() && !self.omit_host) {
            if has_host || !self.path.is_empty() {
                out.extend_from_slice(b"//");
            }
            if let Some(user) = &self.user {
                out.extend_from_slice(user);
                out.push(b'@');
            }
            out.extend(escape(&self.host, Mode::Host));
        }
        let path = self.escaped_path();
        if !path.is_empty() && !path.starts_with(b"/") && !self.host.is_empty() {
            out.push(b'/');
        }
        // A relative path whose first segment has a colon must not look like a scheme (RFC 3986 section 4.2).
        if out.is_empty() && cut(&path, b'/').0.contains(&b':') {
            out.extend_from_slice(b"./");
        }
        out.extend(path);
    }

    fn write_query(&self, out: &mut Vec<u8>) {
        if self.force_query || !self.raw_query.is_empty() {
            out.push(b'?');
            out.extend_from_slice(&self.raw_query);
        }
    }
}

/// The two sides of the first `at`; `None` for the second if there is none.
fn cut(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(at, text) {
        Some(end) => (text.get(..end).unwrap_or_default(), text.get(end + 1..)),
        None => (text, None),
    }
}

/// `getScheme`: the scheme, empty if there is none, and the rest; `None` for a colon with nothing before it.
fn split_scheme(text: &[u8]) -> Option<(&[u8], &[u8])> {
    for (index, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if index > 0 => {}
            b':' if index > 0 => return text.get(..index).zip(text.get(index + 1..)),
            b':' => return None,
            _ => break,
        }
    }
    Some((b"", text))
}

const fn is_userinfo_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b':'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b'%'
                | b'@'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(url: &Url) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (scheme, host) = (text(&url.scheme), text(&url.host));
        format!("{scheme}|{host}|{}|{}|{}", text(&url.path), text(&url.raw_path), text(&url.request_uri()))
    }

    #[test]
    fn targets() {
        for (target, expected) in [
            ("/", "||/||/"),
            ("/a%20b", "||/a b||/a%20b"),
            ("/a%2Fb?x=%zz", "||/a/b|/a%2Fb|/a%2Fb?x=%zz"),
            ("/a%2fb", "||/a/b|/a%2fb|/a%2fb"),
            ("/%61", "||/a|/%61|/%61"),
            ("/[x]|y", "||/[x]|y|/[x]|y|/%5Bx%5D%7Cy"),
            ("/[x]", "||/[x]|/[x]|/[x]"),
            ("/x#y", "||/x#y|/x#y|/x%23y"),
            ("//a/b", "||//a/b||//a/b"),
            ("/?", "||/||/?"),
            ("/??", "||/||/??"),
            ("*", "||*||*"),
            ("http://H:80/a?b", "http|H:80|/a||/a?b"),
            ("http://h", "http|h|||/"),
            ("http://[::1]:8/x", "http|[::1]:8|/x||/x"),
            ("HTTP://u:p@h/x", "http|h|/x||/x"),
            ("http:///x", "http||/x||/x"),
            ("mailto:x", "mailto||||x"),
            ("http:/x", "http||/x||/x"),
        ] {
            let url = Url::parse_request_uri(target.as_bytes()).unwrap_or_else(|| panic!("{target}"));
            assert_eq!(show(&url), expected, "{target}");
        }
        for target in [
            "",
            "x",
            "/%",
            "/%zz",
            "/%4",
            "/a\tb",
            ":x",
            "1http://x",
            "http://a:b/",
            "http://a:1:2/",
            "http://[1.2.3.4]/",
            "http://[::1/",
            "http://a[b/",
            "http://%41/",
            "http://a b/",
            "http://u u@h/",
            "?x",
            "a/b",
        ] {
            assert_eq!(Url::parse_request_uri(target.as_bytes()), None, "{target}");
        }
    }

    #[test]
    fn whole_urls() {
        for (text, expected) in [
            ("https://h:1/a b?c#d", "https://h:1/a%20b?c#d"),
            ("//h/x", "//h/x"),
            ("a/b:c", "a/b:c"),
            ("http:/x", "http:/x"),
            ("http://h?", "http://h?"),
            ("x#", "x"),
            ("http://u:p%40@h/", "http://u:p%40@h/"),
        ] {
            let url = Url::parse(text.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(url.text()).unwrap(), expected, "{text}");
        }
        assert_eq!(Url::parse(b"a:b/c").unwrap().opaque, b"b/c");
        assert_eq!(Url::parse(b"1a:b/c"), None);
        assert_eq!(Url::parse(b"http://a:b:1/"), None);
        assert_eq!(Url::parse_with(b"http://a:b:1/", Colons::Any).unwrap().host, b"a:b:1");
    }
}
