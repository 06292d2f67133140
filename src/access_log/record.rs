//! What one line says.
//!
//! This file exists so that every format, whoever wrote it, comes down to one shape. Nothing is copied: texts are slices of
//! the line, still escaped as they were written; [`Escape::decode`] gives their bytes to whoever looks closer.

use super::digits::micros;
use super::escape::Escape;
use super::search::find_near;

/// One line, read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record<'a> {
    /// When the request ended, in milliseconds since 1970 UTC; `None` if the format has no time.
    pub time: Option<i64>,
    /// Who asked, as written: an address, `unix:`, or a name.
    pub client: &'a [u8],
    /// The user of Basic authentication. Here and below, `None` is what was not there (`-`) or is not logged, and an empty
    /// text is what was there and empty.
    pub user: Option<&'a [u8]>,
    /// The request line.
    pub request: Request<'a>,
    /// The status the client got; 0 if the log does not say.
    pub status: u16,
    /// Bytes of the body sent to the client, or of the whole response if only that is logged.
    pub bytes: Option<u64>,
    /// `Referer`
    pub referer: Option<&'a [u8]>,
    /// `User-Agent`
    pub agent: Option<&'a [u8]>,
    /// The host asked for: `$host`, `$http_host` or `$server_name`, in this order.
    pub host: Option<&'a [u8]>,
    /// `X-Forwarded-For` as the client sent it.
    pub forwarded_for: Option<&'a [u8]>,
    /// `http` or `https`
    pub scheme: Option<&'a [u8]>,
    /// `Location` of the response (`$sent_http_location`).
    pub location: Option<&'a [u8]>,
    /// `$uri`: the path as rewritten, decoded.
    pub uri: Option<&'a [u8]>,
    /// How long the request took, in microseconds.
    pub duration: Option<u32>,
    /// What the upstream did; lists where several were asked.
    pub upstream: Upstream<'a>,
    /// How the texts are escaped.
    pub escape: Escape,
}

/// A request line. One that is none (TLS bytes, an empty line, `SSH-2.0-Go`) is kept whole in `line`, and its parts are empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Request<'a> {
    /// All of it, as written; empty if the log has only the parts.
    pub line: &'a [u8],
    /// `GET`; any word before a space counts.
    pub method: &'a [u8],
    /// The target: a path with its query, `*`, an authority, or a whole URL. It may hold spaces.
    pub target: &'a [u8],
    /// `HTTP/1.1`; empty for HTTP/0.9.
    pub protocol: &'a [u8],
}

impl<'a> Request<'a> {
    /// Takes a request line apart: the method up to the first space, the protocol behind the last if it begins with `HTTP/`,
    /// the target between. Without a space, or before it what can be no method, there is no request, and the parts are empty.
    #[inline]
    pub fn of(line: &'a [u8]) -> Self {
        let Some(space) = find_near(b' ', line) else { return Self { line, ..Self::default() } };
        let (method, rest) = line.split_at(space);
        if method != b"GET" && !method.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')) {
            return Self { line, ..Self::default() };
        }
        let rest = rest.get(1..).unwrap_or_default();
        let (target, protocol) = match last_space(rest).and_then(|at| rest.split_at_checked(at)) {
            Some((target, protocol)) if protocol.starts_with(b" HTTP/") => {
                (target, protocol.get(1..).unwrap_or_default())
            }
            _ => (rest, &b""[..]),
        };
        Self { line, method, target, protocol }
    }

    /// The target without its query, and without scheme and host.
    pub fn path(&self) -> &'a [u8] {
        let target = self.origin_form();
        let end = memchr::memchr2(b'?', b'#', target).unwrap_or(target.len());
        target.get(..end).unwrap_or_default()
    }

    /// The query, without `?`.
    pub fn query(&self) -> Option<&'a [u8]> {
        let target = self.target;
        let at = memchr::memchr2(b'?', b'#', target)?;
        let query = target.get(at..)?.strip_prefix(b"?")?;
        query.get(..memchr::memchr(b'#', query).unwrap_or(query.len()))
    }

    /// The target behind the scheme and the host of a whole URL; `/` if such a URL has no path.
    fn origin_form(&self) -> &'a [u8] {
        if self.target.first() == Some(&b'/') {
            return self.target;
        }
        let scheme = self.target.get(..8).unwrap_or(self.target).to_ascii_lowercase();
        let skipped = if scheme.starts_with(b"http://") {
            7
        } else if scheme.starts_with(b"https://") {
            8
        } else {
            return self.target;
        };
        let authority = self.target.get(skipped..).unwrap_or_default();
        match memchr::memchr3(b'/', b'?', b'#', authority).and_then(|at| authority.get(at..)) {
            Some(path) if path.first() == Some(&b'/') => path,
            _ => b"/",
        }
    }
}

/// Where the last space is; guessed to be before `HTTP/1.1`.
#[inline]
fn last_space(rest: &[u8]) -> Option<usize> {
    match rest.last_chunk::<9>() {
        Some([b' ', b'H', b'T', b'T', b'P', b'/', version @ ..]) if !version.contains(&b' ') => Some(rest.len() - 9),
        _ => memchr::memrchr(b' ', rest),
    }
}

/// What the log says of upstreams: texts as written, which are lists (`a, b : c`) where several were asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Upstream<'a> {
    /// `$upstream_addr`
    pub addr: Option<&'a [u8]>,
    /// `$upstream_status`
    pub status: Option<&'a [u8]>,
    /// `$upstream_response_time`, seconds.
    pub response_time: Option<&'a [u8]>,
    /// `$upstream_header_time`, seconds.
    pub header_time: Option<&'a [u8]>,
    /// `$upstream_connect_time`, seconds.
    pub connect_time: Option<&'a [u8]>,
    /// Microseconds, of a writer that logs them as one number (Traefik's `OriginDuration`).
    pub took: Option<u32>,
}

impl Upstream<'_> {
    /// How long upstreams took in all, in microseconds.
    pub fn time(&self) -> Option<u32> {
        let parts = || elements(self.response_time.unwrap_or_default()).filter_map(seconds);
        self.took.or_else(|| parts().reduce(u32::saturating_add))
    }
}

/// The elements of a list of `$upstream_*`: `a, b` are servers that were tried one after the other, ` : ` begins another
/// group of them. The whole of it is one element where there is no list.
pub fn elements(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(list);
    std::iter::from_fn(move || {
        let text = rest?;
        let comma = memchr::memmem::find(text, b", ").map(|at| (at, 2));
        let colon = memchr::memmem::find(text, b" : ").map(|at| (at, 3));
        let (end, wide) = comma.into_iter().chain(colon).min().unwrap_or((text.len(), 0));
        rest = if wide == 0 { None } else { text.get(end + wide..) };
        text.get(..end)
    })
    .filter(|element| !element.is_empty())
}

/// Microseconds of a text like `0.036`; `None` for `-` and what is no number. What is too long for the type is its greatest.
pub fn seconds(text: &[u8]) -> Option<u32> {
    let (micros, length) = micros(text);
    (length > 0 && length == text.len()).then_some(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_line_is_taken_apart() {
        for (line, method, target, protocol, path, query) in [
            ("GET /a?b HTTP/1.1", "GET", "/a?b", "HTTP/1.1", "/a", Some("b")),
            ("GET /a b c HTTP/1.1", "GET", "/a b c", "HTTP/1.1", "/a b c", None),
            ("GET /ok", "GET", "/ok", "", "/ok", None),
            ("GET / HTTP/1.1 extra", "GET", "/ HTTP/1.1 extra", "", "/ HTTP/1.1 extra", None),
            ("GET / HTTP/10.25", "GET", "/", "HTTP/10.25", "/", None),
            ("PRI * HTTP/2.0", "PRI", "*", "HTTP/2.0", "*", None),
            ("CONNECT a:443 HTTP/1.1", "CONNECT", "a:443", "HTTP/1.1", "a:443", None),
            ("GET HTTP://h/x?y#z HTTP/1.1", "GET", "HTTP://h/x?y#z", "HTTP/1.1", "/x", Some("y")),
            ("GET https://h?q HTTP/1.1", "GET", "https://h?q", "HTTP/1.1", "/", Some("q")),
            ("GET /a#b?c HTTP/1.1", "GET", "/a#b?c", "HTTP/1.1", "/a", None),
            ("SSH-2.0-Go", "", "", "", "", None),
            (r"\x03\x00Cookie: mstshash=a", "", "", "", "", None),
            ("", "", "", "", "", None),
            ("GET  HTTP/1.1", "GET", "", "HTTP/1.1", "", None),
        ] {
            let request = Request::of(line.as_bytes());
            let parts = [request.method, request.target, request.protocol, request.path()];
            assert_eq!(
                parts.map(|part| std::str::from_utf8(part).unwrap()),
                [method, target, protocol, path],
                "{line}"
            );
            assert_eq!(request.query(), query.map(str::as_bytes), "{line}");
            assert_eq!(request.line, line.as_bytes());
        }
    }

    #[test]
    fn lists_have_elements_and_a_time() {
        let all = |list: &'static str| elements(list.as_bytes()).map(|text| std::str::from_utf8(text).unwrap());
        assert_eq!(all("502, 200 : unix:/a").collect::<Vec<_>>(), ["502", "200", "unix:/a"]);
        assert_eq!(all("10.0.0.1:80").collect::<Vec<_>>(), ["10.0.0.1:80"]);
        assert_eq!(all("").count(), 0);
        let upstream = Upstream { response_time: Some(b"-, 0.010 : 1.002"), ..Upstream::default() };
        assert_eq!(upstream.time(), Some(1_012_000));
        assert_eq!(Upstream { response_time: Some(b"-"), ..Upstream::default() }.time(), None);
    }
}
