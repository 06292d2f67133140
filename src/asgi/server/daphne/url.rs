//! `urllib.parse.urlsplit` and `urlparse`, as far as autobahn uses them: on a websocket's target and on `Origin`.
//!
//! Read in `CPython` 3.11.7 `urllib/parse.py`. Later releases also look at what stands beside the brackets of an address.

use std::net::Ipv6Addr;

use crate::forwarded::python;

/// Schemes below which `;` begins parameters (`uses_params`).
const WITH_PARAMETERS: [&str; 16] = [
    "", "ftp", "hdl", "prospero", "http", "imap", "https", "shttp", "rtsp", "rtsps", "rtspu", "sip", "sips", "mms",
    "sftp", "tel",
];

/// The parts of a URL that matter here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Url {
    pub(super) scheme: String,
    pub(super) netloc: String,
    /// With its parameters.
    pub(super) path: String,
    pub(super) fragment: String,
}

impl Url {
    /// `urlsplit(text)`; `None` where Python raises.
    pub(super) fn split(text: &str) -> Option<Self> {
        let text = text.trim_start_matches(|c: char| c <= ' ').replace(['\t', '\r', '\n'], "");
        let (scheme, rest) = scheme(&text);
        let (netloc, rest) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at_checked(rest.find(['/', '?', '#']).unwrap_or(rest.len()))?,
            None => ("", rest),
        };
        if !brackets_are_good(netloc) {
            return None;
        }
        let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
        let path = rest.split_once('?').map_or(rest, |(path, _)| path);
        Some(Self { scheme, netloc: netloc.to_owned(), path: path.to_owned(), fragment: fragment.to_owned() })
    }

    /// The path as `urlparse` gives it: what follows a `;` in the last segment is cut off.
    pub(super) fn path_alone(&self) -> &str {
        if !WITH_PARAMETERS.contains(&self.scheme.as_str()) {
            return &self.path;
        }
        let last = self.path.rfind('/').unwrap_or(0);
        let cut = self.path.get(last..).and_then(|segment| segment.find(';')).map(|at| last + at);
        self.path.get(..cut.unwrap_or(self.path.len())).unwrap_or_default()
    }

    /// True if `.hostname` is not empty and `.port` does not raise.
    pub(super) fn has_good_host(&self) -> bool {
        let behind_user = self.netloc.rsplit_once('@').map_or(self.netloc.as_str(), |(_, host)| host);
        let (host, port) = match behind_user.split_once('[') {
            Some((_, bracketed)) => {
                let (host, rest) = bracketed.split_once(']').unwrap_or((bracketed, ""));
                (host, rest.split_once(':').map_or("", |(_, port)| port))
            }
            None => behind_user.split_once(':').unwrap_or((behind_user, "")),
        };
        let digits = port.bytes().all(|b| b.is_ascii_digit());
        let good_port = port.is_empty() || digits && python::int(port).is_some_and(|port| port <= 65_535);
        !host.is_empty() && good_port
    }
}

/// The scheme in lower case, and what is behind its colon.
fn scheme(text: &str) -> (String, &str) {
    match text.split_once(':') {
        Some((scheme, rest))
            if scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) =>
        {
            (scheme.to_ascii_lowercase(), rest)
        }
        _ => (String::new(), text),
    }
}

/// In brackets there must be an IPv6 address, or one of a future version.
fn brackets_are_good(netloc: &str) -> bool {
    match (netloc.split_once('['), netloc.contains(']')) {
        (None, closed) => !closed,
        (Some(_), false) => false,
        (Some((_, host)), true) => {
            let host = host.split_once(']').map_or(host, |(host, _)| host);
            match host.strip_prefix('v') {
                Some(future) => is_future(future),
                None => is_ipv6(host),
            }
        }
    }
}

fn is_future(text: &str) -> bool {
    text.split_once('.').is_some_and(|(version, rest)| {
        !version.is_empty() && version.bytes().all(|b| b.is_ascii_hexdigit()) && !rest.is_empty()
    })
}

fn is_ipv6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
    address.parse::<Ipv6Addr>().is_ok() && zone.is_none_or(|zone| !zone.is_empty() && !zone.contains('%'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn targets_as_python_splits_them() {
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
            let url = Url::split(target);
            assert_eq!(url.as_ref().map(Url::path_alone), path, "{target}");
        }
        assert_eq!(Url::split("/a?b#c").unwrap().fragment, "c");
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
            assert_eq!(Url::split(origin).is_some_and(|url| url.has_good_host()), good, "{origin}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_split_or_not(text: String) {
            if let Some(url) = Url::split(&text) {
                prop_assert!(url.path.starts_with(url.path_alone()));
                url.has_good_host();
            }
        }
    }
}
