//! A URL as `net/url` holds it: the path decoded, and beside it the way it was encoded where that is not Go's own.
//!
//! Go 1.26, `net/url/url.go`.

use std::net::Ipv6Addr;

use super::escape::{Mode, escape, is_encoded_path, unescape};
use super::path::clean;

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
}

impl Url {
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

/// `parseHost`: the host and port of an authority, decoded.
fn parse_host(scheme: &[u8], host: &[u8], colons: Colons) -> Option<Vec<u8>> {
    match memchr::memrchr(b'[', host) {
        Some(0) => return parse_literal(host),
        Some(_) => return None,
        None => {}
    }
    // Several colons are put up with only where databases write lists of hosts.
    let strict = colons == Colons::One && matches!(scheme, b"http" | b"https");
    let colon = if strict { memchr::memchr(b':', host) } else { memchr::memrchr(b':', host) };
    if let Some(colon) = colon
        && !is_optional_port(host.get(colon..)?)
    {
        return None;
    }
    unescape(host, Mode::Host)
}

/// An IPv6 address in brackets, with its port.
fn parse_literal(host: &[u8]) -> Option<Vec<u8>> {
    let close = memchr::memrchr(b']', host)?;
    let (inside, port) = (host.get(1..close)?, host.get(close + 1..)?);
    if !is_optional_port(port) {
        return None;
    }
    let name = match memchr::memmem::find(inside, b"%25") {
        Some(zone) => {
            let (address, zone) = inside.split_at_checked(zone)?;
            [unescape(address, Mode::Host)?, unescape(zone, Mode::Zone)?].concat()
        }
        None => unescape(inside, Mode::Host)?,
    };
    let (address, zone) = cut(&name, b'%');
    let address = std::str::from_utf8(address).ok()?;
    if address.parse::<Ipv6Addr>().is_err() || zone.is_some_and(<[u8]>::is_empty) {
        return None;
    }
    Some([b"[", name.as_slice(), b"]", port].concat())
}

/// `validOptionalPort`: nothing, or a colon and digits, of which there may be none.
fn is_optional_port(port: &[u8]) -> bool {
    match port {
        [] => true,
        [b':', digits @ ..] => digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
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

/// `Hostname` and `Port` of a URL: the host without brackets, and the digits after its last colon. What is no port stays
/// with the host.
pub(in crate::gateway) fn url_host_port(host_port: &[u8]) -> (&[u8], &[u8]) {
    let colon =
        memchr::memrchr(b':', host_port).filter(|&at| is_optional_port(host_port.get(at..).unwrap_or_default()));
    let (host, port) = match colon {
        Some(at) => (host_port.get(..at).unwrap_or_default(), host_port.get(at + 1..).unwrap_or_default()),
        None => (host_port, &b""[..]),
    };
    (host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]")).unwrap_or(host), port)
}

/// `net.SplitHostPort`: host and port of `host:port` or `[host]:port`; `None` where Go gives an error, as for a host without
/// a port.
pub(in crate::gateway) fn split_host_port(host_port: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memrchr(b':', host_port)?;
    let port = host_port.get(colon + 1..)?;
    let (host, from) = if host_port.first() == Some(&b'[') {
        let end = memchr::memchr(b']', host_port)?;
        if end + 1 != colon {
            return None;
        }
        (host_port.get(1..end)?, end + 1)
    } else {
        let host = host_port.get(..colon)?;
        if host.contains(&b':') {
            return None;
        }
        (host, 0)
    };
    // No bracket may stand anywhere else.
    let opened = host_port.get(usize::from(from > 0)..).is_some_and(|rest| rest.contains(&b'['));
    let closed = host_port.get(from..).is_some_and(|rest| rest.contains(&b']'));
    (!opened && !closed).then_some((host, port))
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

    #[test]
    fn hosts_and_ports() {
        for (text, expected) in [
            ("h:1", Some(("h", "1"))),
            ("h:", Some(("h", ""))),
            ("[::1]:2", Some(("::1", "2"))),
            ("h", None),
            ("::1", None),
            ("[::1]", None),
            ("[::1]x:2", None),
            ("a]:1", None),
            ("", None),
        ] {
            let split = split_host_port(text.as_bytes());
            assert_eq!(split, expected.map(|(h, p)| (h.as_bytes(), p.as_bytes())), "{text}");
        }
        assert_eq!(url_host_port(b"[::1]:2"), (&b"::1"[..], &b"2"[..]));
        assert_eq!(url_host_port(b"h:x"), (&b"h:x"[..], &b""[..]));
    }
}
