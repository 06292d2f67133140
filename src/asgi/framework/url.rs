//! The URLs Starlette builds from a scope.
//!
//! Source of the rules: Starlette 1.10 `datastructures.py` (`URL`, `URLPath`), `_utils.py` (`parse_host_header`),
//! `responses.py` (`RedirectResponse`).

use std::fmt::Write as _;
use std::net::Ipv6Addr;

use crate::asgi::{Address, Port, Scope, ScopeType};
use crate::forwarded::latin1;

/// The authority of every URL: the Host header if it is well formed, else the server's own address.
pub(super) fn authority(scope: &Scope, host: Option<&[u8]>) -> Option<String> {
    match host.map(latin1).filter(|host| is_host(host)) {
        Some(host) => Some(host),
        None => scope.server.as_ref().map(|server| server_authority(server, scope.scheme())),
    }
}

/// `host:port` of the server, the scheme's own port left out.
fn server_authority(server: &Address, scheme: &str) -> String {
    let default_port = if matches!(scheme, "https" | "wss") { 443 } else { 80 };
    let host = match server.host.as_str() {
        host if host.contains(':') && !host.starts_with('[') => format!("[{host}]"),
        host => host.to_owned(),
    };
    match &server.port {
        Some(Port::Number(port)) if *port == default_port => host,
        Some(port) => format!("{host}:{port}"),
        // A unix socket has no port, and Starlette writes that as Python does.
        None => format!("{host}:None"),
    }
}

/// `scheme://authority/path?query`; without an authority only path and query.
pub(super) fn url(scheme: &str, authority: Option<&str>, path: &str, query: &[u8]) -> String {
    let path = path.replace('?', "%3F").replace('#', "%23").replace('\\', "%5C");
    let mut url = match (authority, path.strip_prefix("//")) {
        (Some(authority), _) => {
            let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
            format!("{scheme}://{authority}{slash}{path}")
        }
        (None, Some(rest)) => format!("/%2F{rest}"),
        (None, None) => path,
    };
    if !query.is_empty() {
        let _ = write!(url, "?{}", String::from_utf8_lossy(query));
    }
    url
}

/// `make_absolute_url`: where a route of this kind and path is, below `base`, the path of the base URL.
pub(super) fn absolute(kind: ScopeType, scheme: &str, authority: Option<&str>, base: &str, route_path: &str) -> String {
    let secure = matches!(scheme, "https" | "wss");
    let scheme = match (kind, secure) {
        (ScopeType::Http, false) => "http",
        (ScopeType::Http, true) => "https",
        (ScopeType::WebSocket, false) => "ws",
        (ScopeType::WebSocket, true) => "wss",
    };
    let route_path = match route_path.strip_prefix("//") {
        Some(rest) => format!("/%2F{rest}"),
        None => route_path.to_owned(),
    };
    let base = url(scheme, authority, base, b"");
    split_and_joined(&format!("{}{}", base.trim_end_matches('/'), route_path.replace('\\', "%5C")))
}

/// What `urlsplit(url).geturl()` leaves of a URL: line breaks and tabs gone, and a `?` or `#` with nothing behind it.
fn split_and_joined(url: &str) -> String {
    let url: String = url.chars().filter(|c| !matches!(c, '\t' | '\r' | '\n')).collect();
    let (rest, fragment) = url.split_once('#').unwrap_or((&url, ""));
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    let fragment = if fragment.is_empty() { String::new() } else { format!("#{fragment}") };
    format!("{path}{query}{fragment}")
}

/// `Location` as `RedirectResponse` writes it: `quote(url, safe=":/%#?=@[]!$&'()*+,;")`.
pub(super) fn location(url: &str) -> String {
    let mut quoted = String::with_capacity(url.len());
    for byte in url.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.-~:/%#?=@[]!$&'()*+,;".contains(&byte) {
            quoted.push(char::from(byte));
        } else {
            let _ = write!(quoted, "%{byte:02X}");
        }
    }
    quoted
}

/// `parse_host_header` with a valid port: a name, an IPv4 address or a bracketed literal, and a port up to 65535.
fn is_host(text: &str) -> bool {
    let (host_is_good, port) =
        if let Some((literal, port)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            (is_ip_literal(literal), port)
        } else {
            let (name, port) = text.split_at_checked(text.find(':').unwrap_or(text.len())).unwrap_or((text, ""));
            (!name.is_empty() && name.bytes().all(is_name_byte), port)
        };
    host_is_good && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

/// `_HOST_RE`: unreserved and sub-delims of RFC 3986, and the percent sign.
fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"._~%!$&'()*+,;=-".contains(&b)
}

/// What may stand in brackets: an IPv6 address, or `v1.…` of a later version.
fn is_ip_literal(text: &str) -> bool {
    if text.contains(':') && text.bytes().all(|b| b.is_ascii_hexdigit() || matches!(b, b':' | b'.')) {
        return text.parse::<Ipv6Addr>().is_ok();
    }
    let Some((version, address)) = text.strip_prefix('v').and_then(|rest| rest.split_once('.')) else { return false };
    let address_byte = |b: u8| b != b'%' && (is_name_byte(b) || b == b':');
    !version.is_empty()
        && version.bytes().all(|b| b.is_ascii_hexdigit())
        && !address.is_empty()
        && address.bytes().all(address_byte)
}

fn is_port(text: &str) -> bool {
    let digits = text.trim_start_matches('0');
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && (digits.is_empty() || digits.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_starlette_uses() {
        for (host, good) in [
            ("example.com", true),
            ("example.com:8443", true),
            ("example.com:00080", true),
            ("[::1]:80", true),
            ("[v1.a:b]", true),
            ("127.0.0.1", true),
            ("", false),
            ("a b", false),
            ("evil@host", false),
            ("ex/am?ple#x", false),
            ("example.com:", false),
            ("example.com:65536", false),
            ("example.com:x", false),
            ("::1", false),
            ("[::1", false),
            ("[zz]", false),
            ("[1::2::3]", false),
            ("caf\u{e9}", false),
        ] {
            assert_eq!(is_host(host), good, "{host:?}");
        }
    }

    #[test]
    fn urls() {
        assert_eq!(url("http", Some("h"), "/a?b#c\\d", b"x=1"), "http://h/a%3Fb%23c%5Cd?x=1");
        assert_eq!(url("http", Some("h"), "a", b""), "http://h/a");
        assert_eq!(url("http", None, "//a", b"q"), "/%2Fa?q");
        assert_eq!(absolute(ScopeType::Http, "wss", Some("h"), "/p/", "/a"), "https://h/p/a");
        assert_eq!(absolute(ScopeType::WebSocket, "ws", Some("h"), "/", "//a"), "ws://h/%2Fa");
        assert_eq!(absolute(ScopeType::Http, "http", Some("h"), "/p?/", "/a?b\n#"), "http://h/p%3F/a?b");
        assert_eq!(location("http://h/caf\u{e9} \"x\"?a=[b]"), "http://h/caf%C3%A9%20%22x%22?a=[b]");
    }
}
