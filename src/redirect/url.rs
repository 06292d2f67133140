//! A URL with a host, nothing decoded, and how a reference is resolved against it.

use std::fmt;

use super::authority::split_port;

/// A URL as a redirect needs it. Fragments are left off: they never reach a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// The scheme, lower case.
    pub scheme: String,
    /// Host name or address, lower case, IPv6 in brackets.
    pub host: String,
    /// Port if written.
    pub port: Option<u16>,
    /// The path as written; starts with `/`.
    pub path: Vec<u8>,
    /// The query as written, without its `?`.
    pub query: Option<Vec<u8>>,
}

/// The port that a scheme has when none is written.
pub fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

impl Url {
    /// Reads a URL that names scheme and host itself, as an `Origin` or a whole `Location` does; `None` if it does not.
    pub fn absolute(text: &[u8]) -> Option<Self> {
        let reference = Reference::split(text.trim_ascii());
        reference.scheme.and(reference.authority)?;
        let nowhere = Self { scheme: String::new(), host: String::new(), port: None, path: Vec::new(), query: None };
        nowhere.resolve(text)
    }

    /// The port written, or the scheme's own.
    pub fn effective_port(&self) -> Option<u16> {
        self.port.or_else(|| default_port(&self.scheme))
    }

    /// True if both have scheme, host and port alike (RFC 6454 section 5).
    pub fn same_origin(&self, other: &Self) -> bool {
        self.scheme == other.scheme && self.host == other.host && self.effective_port() == other.effective_port()
    }

    /// True if both name the same resource: a port written or left to the scheme is the same port.
    pub fn same_resource(&self, other: &Self) -> bool {
        self.same_origin(other) && self.path == other.path && self.query == other.query
    }

    /// Resolves a reference, as found in a Location, against this URL (RFC 3986 section 5.2). `None` if it leads to no
    /// URL with a host, such as `mailto:x`.
    pub fn resolve(&self, reference: &[u8]) -> Option<Self> {
        let reference = Reference::split(reference.trim_ascii());
        let scheme = match reference.scheme {
            Some(scheme) => String::from_utf8_lossy(scheme).to_ascii_lowercase(),
            None => self.scheme.clone(),
        };
        let query = reference.query.map(<[u8]>::to_vec);
        if let Some(authority) = reference.authority {
            let (host, port) = split_port(authority);
            let host = String::from_utf8_lossy(host).to_ascii_lowercase();
            return (!host.is_empty()).then(|| Self { scheme, host, port, path: rooted(reference.path), query });
        }
        if reference.scheme.is_some() {
            return None;
        }
        let (path, query) = match reference.path {
            [] => (self.path.clone(), query.or_else(|| self.query.clone())),
            [b'/', ..] => (rooted(reference.path), query),
            path => (rooted(&self.merge(path)), query),
        };
        Some(Self { scheme, host: self.host.clone(), port: self.port, path, query })
    }

    /// Puts a relative path in the place of this path's last segment (RFC 3986 section 5.2.3).
    fn merge(&self, path: &[u8]) -> Vec<u8> {
        let keep = self.path.iter().rposition(|&b| b == b'/').map_or(0, |slash| slash + 1);
        let mut merged = self.path.get(..keep).unwrap_or_default().to_vec();
        merged.extend_from_slice(path);
        merged
    }
}

/// Shows the URL with every byte that is no visible ASCII as `\x..`.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.escape_default(), self.host.escape_default())?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "{}", self.path.escape_ascii())?;
        match &self.query {
            Some(query) => write!(f, "?{}", query.escape_ascii()),
            None => Ok(()),
        }
    }
}

/// True if a reference names a host itself (`http://h/x`, `//h/x`).
pub(super) fn names_host(reference: &[u8]) -> bool {
    Reference::split(reference.trim_ascii()).authority.is_some()
}

/// The parts of a reference (RFC 3986 appendix B).
struct Reference<'a> {
    scheme: Option<&'a [u8]>,
    authority: Option<&'a [u8]>,
    path: &'a [u8],
    query: Option<&'a [u8]>,
}

impl<'a> Reference<'a> {
    fn split(text: &'a [u8]) -> Self {
        let (text, _fragment) = split_at_byte(text, b'#');
        let (text, query) = split_at_byte(text, b'?');
        let (scheme, rest) = match split_at_byte(text, b':') {
            (scheme, Some(rest)) if is_scheme(scheme) => (Some(scheme), rest),
            _ => (None, text),
        };
        let (authority, path) = match rest.strip_prefix(b"//") {
            Some(rest) => {
                let end = memchr::memchr(b'/', rest).unwrap_or(rest.len());
                let (authority, path) = rest.split_at(end);
                (Some(authority), path)
            }
            None => (None, rest),
        };
        Self { scheme, authority, path, query }
    }
}

/// What stands before the first `border`, and what stands after it.
fn split_at_byte(text: &[u8], border: u8) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(border, text) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    }
}

fn is_scheme(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_alphabetic)
        && text.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

/// Takes `.` and `..` segments out (RFC 3986 section 5.2.4); the result starts with `/`. Empty segments stay.
fn rooted(path: &[u8]) -> Vec<u8> {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut segments = path.split(|&b| b == b'/').peekable();
    while let Some(segment) = segments.next() {
        let dots = matches!(segment, b"." | b"..");
        if segment == b".." {
            kept.pop();
        }
        if !dots {
            kept.push(segment);
        } else if segments.peek().is_none() {
            kept.push(b"");
        }
    }
    let mut out = Vec::with_capacity(path.len() + 1);
    for segment in &kept {
        out.push(b'/');
        out.extend_from_slice(segment);
    }
    if out.is_empty() {
        out.push(b'/');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> Url {
        Url {
            scheme: "https".into(),
            host: "h.example".into(),
            port: Some(8443),
            path: b"/api/v1/items".to_vec(),
            query: Some(b"a=1".to_vec()),
        }
    }

    #[test]
    fn references_resolve_as_rfc_3986_says() {
        for (reference, url) in [
            ("/x", "https://h.example:8443/x"),
            ("x", "https://h.example:8443/api/v1/x"),
            ("./x", "https://h.example:8443/api/v1/x"),
            ("../x/", "https://h.example:8443/api/x/"),
            ("../../../x", "https://h.example:8443/x"),
            ("..", "https://h.example:8443/api/"),
            (".", "https://h.example:8443/api/v1/"),
            ("?q", "https://h.example:8443/api/v1/items?q"),
            ("", "https://h.example:8443/api/v1/items?a=1"),
            ("#top", "https://h.example:8443/api/v1/items?a=1"),
            ("//Other/x", "https://other/x"),
            ("//other", "https://other/"),
            ("http://Other:80/a/../b?c#d", "http://other:80/b?c"),
            ("HTTPS://h", "https://h/"),
            ("/a%2Fb//c", "https://h.example:8443/a%2Fb//c"),
            ("/r?to=http://x/", "https://h.example:8443/r?to=http://x/"),
            ("x:y/z?", "-"),
            ("mailto:me", "-"),
            ("http:///x", "-"),
            (" /x ", "https://h.example:8443/x"),
        ] {
            let resolved = base().resolve(reference.as_bytes()).map_or("-".to_owned(), |url| url.to_string());
            assert_eq!(resolved, url, "{reference}");
        }
    }

    #[test]
    fn a_written_default_port_is_the_same_resource() {
        let plain = Url { port: None, ..base() };
        assert!(plain.same_resource(&Url { port: Some(443), ..base() }));
        assert!(!plain.same_resource(&base()));
        assert!(!plain.same_resource(&Url { query: None, ..plain.clone() }));
    }

    #[test]
    fn escapes_are_made_visible() {
        let url = Url { path: b"/\x1b[2J".to_vec(), ..base() };
        assert_eq!(url.to_string(), "https://h.example:8443/\\x1b[2J?a=1");
    }
}
