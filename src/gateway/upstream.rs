//! Where a route sends to.

use std::fmt;

use crate::redirect::split_port;

/// An upstream as written on the command line: `http://host:port`. It has no path of its own: what happens to the path is
/// said by the route (`strip`, `add=/x`), in one place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Upstream {
    /// Host name or address, IPv6 without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl Upstream {
    /// Reads `http://host[:port][/]`; the port is 80 if none is written.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |what: &str| Err(format!("{text:?} is no upstream: {what}"));
        let Some((scheme, rest)) = text.split_once("://") else {
            return wrong("write it as http://HOST:PORT");
        };
        if scheme.eq_ignore_ascii_case("https") {
            return wrong("TLS to the upstream is not there yet; use http://");
        }
        if !scheme.eq_ignore_ascii_case("http") {
            return wrong("the scheme must be http");
        }
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains(['/', '?', '#']) {
            return wrong(
                "it may not have a path or a query; what happens to the path is the route's (strip, keep, add=/x)",
            );
        }
        if authority.contains(|c: char| c == '@' || c.is_whitespace() || c.is_control()) {
            return wrong("it may hold only a host and a port");
        }
        let (host, port) = split_port(authority.as_bytes());
        if port.is_none() && host.len() != authority.len() {
            return wrong("the port must be a number from 0 to 65535");
        }
        let host = String::from_utf8_lossy(host);
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&host);
        if host.is_empty() {
            return wrong("there is no host in it");
        }
        Ok(Self { host: host.to_owned(), port: port.unwrap_or(80) })
    }
}

/// `http://host:port`, IPv6 in brackets.
impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "http://[{}]:{}", self.host, self.port)
        } else {
            write!(f, "http://{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_an_upstream() {
        for (text, host, port, shown) in [
            ("http://127.0.0.1:8000", "127.0.0.1", 8000, "http://127.0.0.1:8000"),
            ("http://app", "app", 80, "http://app:80"),
            ("HTTP://app:8000/", "app", 8000, "http://app:8000"),
            ("http://[::1]:8000", "::1", 8000, "http://[::1]:8000"),
            ("http://[::1]", "::1", 80, "http://[::1]:80"),
        ] {
            let upstream = Upstream::parse(text).unwrap();
            assert_eq!((upstream.host.as_str(), upstream.port), (host, port), "{text}");
            assert_eq!(upstream.to_string(), shown);
        }
    }

    #[test]
    fn what_is_none() {
        for (text, reason) in [
            ("127.0.0.1:8000", "http://HOST:PORT"),
            ("https://app", "TLS to the upstream is not there yet"),
            ("unix://x", "scheme must be http"),
            ("http://app/base", "may not have a path"),
            ("http://app/?x", "may not have a path"),
            ("http://app//", "may not have a path"),
            ("http://app:http", "port must be"),
            ("http://app:70000", "port must be"),
            ("http://u@app", "only a host"),
            ("http://", "no host"),
            ("http://[]", "no host"),
            ("http://a b", "only a host"),
        ] {
            let error = Upstream::parse(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
