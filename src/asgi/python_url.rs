//! `urllib.parse.urlsplit`, `urlparse` and `urlunsplit`: Starlette takes its own URLs apart with them, autobahn a
//! websocket's target and `Origin`.
//!
//! This file exists because a malformed `Host` or `root_path` survives a URL that is written down as text and is changed
//! by one that is parsed again, and Starlette does the one or the other by release. Source: `urllib/parse.py` of
//! `CPython` 3.11.7; later releases also look at what stands beside the brackets of an address.

use std::net::Ipv6Addr;

use crate::forwarded::python;

/// Python raises an exception here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Raised;

/// `SplitResult`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SplitUrl {
    pub(super) scheme: String,
    pub(super) netloc: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) fragment: String,
}

/// Schemes below which `;` begins parameters (`uses_params`).
const USES_PARAMS: [&str; 16] = [
    "", "ftp", "hdl", "prospero", "http", "imap", "https", "shttp", "rtsp", "rtsps", "rtspu", "sip", "sips", "mms",
    "sftp", "tel",
];

/// The schemes of `uses_netloc` that a scope can have; with them an empty host is written out.
const USES_NETLOC: [&str; 4] = ["http", "https", "ws", "wss"];

impl SplitUrl {
    /// `urlsplit(url)`; `None` where Python raises `ValueError`: brackets without an IPv6 address in them.
    pub(super) fn split(url: &str) -> Option<Self> {
        let url = url.trim_start_matches(|c: char| c <= ' ').replace(['\t', '\r', '\n'], "");
        let mut split = Self::default();
        let mut rest = url.as_str();
        if let Some((scheme, after)) = rest.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) {
            split.scheme = scheme.to_ascii_lowercase();
            rest = after;
        }
        if let Some(after) = rest.strip_prefix("//") {
            let (netloc, path) = after.split_at_checked(after.find(['/', '?', '#']).unwrap_or(after.len()))?;
            if !has_good_brackets(netloc) {
                return None;
            }
            netloc.clone_into(&mut split.netloc);
            rest = path;
        }
        if let Some((before, fragment)) = rest.split_once('#') {
            fragment.clone_into(&mut split.fragment);
            rest = before;
        }
        if let Some((before, query)) = rest.split_once('?') {
            query.clone_into(&mut split.query);
            rest = before;
        }
        rest.clone_into(&mut split.path);
        Some(split)
    }

    /// `geturl()`, that is `urlunsplit`.
    pub(super) fn unsplit(&self) -> String {
        let mut url = self.path.clone();
        let writes_empty_host = USES_NETLOC.contains(&self.scheme.as_str()) && !url.starts_with("//");
        if !self.netloc.is_empty() || writes_empty_host {
            let slash = if url.is_empty() || url.starts_with('/') { "" } else { "/" };
            url = format!("//{}{slash}{url}", self.netloc);
        }
        let scheme = if self.scheme.is_empty() { String::new() } else { format!("{}:", self.scheme) };
        let query = if self.query.is_empty() { String::new() } else { format!("?{}", self.query) };
        let fragment = if self.fragment.is_empty() { String::new() } else { format!("#{}", self.fragment) };
        format!("{scheme}{url}{query}{fragment}")
    }

    /// The path as `urlparse` gives it: what follows a `;` in the last segment is cut off.
    pub(super) fn path_without_parameters(&self) -> &str {
        if !USES_PARAMS.contains(&self.scheme.as_str()) {
            return &self.path;
        }
        let last = self.path.rfind('/').unwrap_or(0);
        let cut = self.path.get(last..).and_then(|segment| segment.find(';')).map(|at| last + at);
        self.path.get(..cut.unwrap_or(self.path.len())).unwrap_or_default()
    }

    /// `hostname` (empty for `None`): lower case, brackets and port off.
    pub(super) fn hostname(&self) -> String {
        let (host, _) = self.host_and_port();
        let (name, zone) = host.split_at_checked(host.find('%').unwrap_or(host.len())).unwrap_or((host, ""));
        format!("{}{zone}", name.to_lowercase())
    }

    /// `port`, if there is one.
    ///
    /// # Errors
    /// [`Raised`] if it is no number up to 65535.
    pub(super) fn port(&self) -> Result<Option<u16>, Raised> {
        match self.host_and_port().1 {
            "" => Ok(None),
            port if port.bytes().all(|b| b.is_ascii_digit()) => {
                let number = python::int(port).and_then(|port| u16::try_from(port).ok());
                number.map(Some).ok_or(Raised)
            }
            _ => Err(Raised),
        }
    }

    fn host_and_port(&self) -> (&str, &str) {
        let info = self.netloc.rsplit_once('@').map_or(self.netloc.as_str(), |(_, info)| info);
        match info.split_once('[') {
            Some((_, bracketed)) => {
                let (host, after) = bracketed.split_once(']').unwrap_or((bracketed, ""));
                (host, after.split_once(':').map_or("", |(_, port)| port))
            }
            None => info.split_once(':').unwrap_or((info, "")),
        }
    }
}

fn is_scheme(text: &str) -> bool {
    text.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// `_check_bracketed_host`, and that brackets come in pairs.
fn has_good_brackets(netloc: &str) -> bool {
    match (netloc.contains('['), netloc.contains(']')) {
        (false, false) => return true,
        (true, true) => {}
        _ => return false,
    }
    let inner = netloc.split_once('[').map_or("", |(_, after)| after);
    let inner = inner.split_once(']').map_or(inner, |(inner, _)| inner);
    match inner.strip_prefix('v') {
        Some(rest) => rest.split_once('.').is_some_and(|(version, address)| {
            !version.is_empty() && version.bytes().all(|b| b.is_ascii_hexdigit()) && !address.is_empty()
        }),
        None => is_ipv6(inner),
    }
}

/// What `ipaddress.IPv6Address` takes: an address, and perhaps a zone.
pub(super) fn is_ipv6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
    address.parse::<Ipv6Addr>().is_ok() && zone.is_none_or(|zone| !zone.is_empty() && !zone.contains('%'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(url: &str) -> Option<[String; 5]> {
        SplitUrl::split(url).map(|url| [url.scheme, url.netloc, url.path, url.query, url.fragment])
    }

    #[test]
    fn urls_come_apart_as_in_python() {
        for (url, expected) in [
            ("https://h:1/a?b#c", Some(["https", "h:1", "/a", "b", "c"])),
            ("https://ex/am?ple#x/app", Some(["https", "ex", "/am", "ple", "x/app"])),
            ("HTTP://H", Some(["http", "H", "", "", ""])),
            ("https, http://h/a", Some(["", "", "https, http://h/a", "", ""])),
            ("http:///a", Some(["http", "", "/a", "", ""])),
            ("/a:b//c", Some(["", "", "/a:b//c", "", ""])),
            (" \u{1}h\tt\ntp://x/\r", Some(["http", "x", "/", "", ""])),
            ("http://[::1]:80/", Some(["http", "[::1]:80", "/", "", ""])),
            ("http://[fe80::1%eth0]/", Some(["http", "[fe80::1%eth0]", "/", "", ""])),
            ("http://[v1.x]/", Some(["http", "[v1.x]", "/", "", ""])),
            ("http://[::1/", None),
            ("http://::1]/", None),
            ("http://[1.2.3.4]/", None),
            ("http://[v.x]/", None),
        ] {
            assert_eq!(parts(url), expected.map(|parts| parts.map(str::to_owned)), "{url:?}");
        }
    }

    #[test]
    fn urls_are_put_together_as_in_python() {
        let url = |scheme: &str, netloc: &str, path: &str, query: &str| {
            let [scheme, netloc, path, query] = [scheme, netloc, path, query].map(str::to_owned);
            SplitUrl { scheme, netloc, path, query, fragment: String::new() }.unsplit()
        };
        assert_eq!(url("http", "h", "a", "q"), "http://h/a?q");
        assert_eq!(url("http", "", "a", ""), "http:///a");
        assert_eq!(url("http", "", "//a", ""), "http://a");
        assert_eq!(url("garbage", "", "a", ""), "garbage:a");
        assert_eq!(url("", "h", "/a", ""), "//h/a");
        assert_eq!(url("", "", "a", ""), "a");
    }

    #[test]
    fn host_and_port() {
        for (netloc, host, port) in [
            ("Example.COM:80", "example.com", Ok(Some(80))),
            ("u:p@h", "h", Ok(None)),
            ("h:", "h", Ok(None)),
            ("[::1]:443", "::1", Ok(Some(443))),
            ("h:0080", "h", Ok(Some(80))),
            ("h:99999", "h", Err(Raised)),
            ("h:x", "h", Err(Raised)),
            ("", "", Ok(None)),
        ] {
            let url = SplitUrl { netloc: netloc.to_owned(), ..SplitUrl::default() };
            assert_eq!((url.hostname().as_str(), url.port()), (host, port), "{netloc}");
        }
    }

    #[test]
    fn paths_without_their_parameters() {
        for (target, path) in [
            ("/ws", Some("/ws")),
            ("//ws", Some("")),
            ("//h/ws", Some("/ws")),
            ("http://h/ws?x", Some("/ws")),
            ("http://h", Some("")),
            ("/a;k=v", Some("/a")),
            ("/a;k=v/b", Some("/a;k=v/b")),
            ("/a;k=v/b;c", Some("/a;k=v/b")),
            ("x:/a;b", Some("/a;b")),
            ("ws", Some("ws")),
            ("*", Some("*")),
            ("a;b", Some("a")),
            ("1:a", Some("1:a")),
            ("//[::1]/x", Some("/x")),
            ("//[::1/x", None),
            ("//[1.2.3.4]/x", None),
            ("//[v1.x]/x", Some("/x")),
            ("//[v.x]/x", None),
            ("//a]/x", None),
            ("/a]", Some("/a]")),
        ] {
            let url = SplitUrl::split(target);
            assert_eq!(url.as_ref().map(SplitUrl::path_without_parameters), path, "{target}");
        }
    }

    #[test]
    fn origins_with_a_host() {
        for (origin, good) in [
            ("https://example.com", true),
            ("http://example.com:8080", true),
            ("http://[::1]:8080", true),
            ("http://u:p@h:1", true),
            ("moz-extension://uuid", true),
            ("//h", true),
            ("example.com", false),
            ("http://", false),
            ("http://:80", false),
            ("http://h:x", false),
            ("http://h:65536", false),
            ("http://h:", true),
            ("", false),
        ] {
            assert_eq!(
                SplitUrl::split(origin).is_some_and(|url| !url.hostname().is_empty() && url.port().is_ok()),
                good,
                "{origin}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_was_split_once_stays_as_it_is(url: String) {
            if let Some(split) = SplitUrl::split(&url) {
                let again = split.unsplit();
                prop_assert_eq!(SplitUrl::split(&again).map(|split| split.unsplit()), Some(again));
            }
        }
    }
}
