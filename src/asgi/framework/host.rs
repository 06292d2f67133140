//! The `Host` header as Starlette reads it: what it takes for well formed, release by release.
//!
//! Source: Starlette `datastructures.py` (`URL`, `_HOST_RE` of 1.0.1 to 1.6) and `_utils.py` (`parse_host_header`, 1.7).

use super::versions::since;
use crate::asgi::Release;
use crate::asgi::python_url::is_ipv6;

/// The header as URLs use it; `None` if it is not used, and the server's own address stands in.
pub(super) fn for_urls(host: String, starlette: Release) -> Option<String> {
    let good = if starlette < since::HOST_IS_CHECKED {
        true
    } else if starlette < since::HOST_IS_PARSED {
        is_plain(&host)
    } else {
        parse(&host).is_some_and(|(_, port)| port.is_none_or(is_port))
    };
    good.then_some(host)
}

/// The name that `TrustedHostMiddleware` compares; `None` if it refuses the header as it is.
pub(super) fn for_trust(host: &str, starlette: Release) -> Option<String> {
    if starlette < since::HOST_IS_PARSED {
        return host.split(':').next().map(str::to_owned);
    }
    let (name, _) = parse(host)?;
    Some(if starlette < since::PATH_IS_ESCAPED { name.to_owned() } else { name.to_lowercase() })
}

/// `_HOST_RE` of 1.0.1: letters, digits, dots and dashes, or anything like IPv6 in brackets; and a port.
fn is_plain(host: &str) -> bool {
    let Some((name, port)) = split(host) else { return false };
    let good = match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => is_like_ipv6(address),
        None => !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-'),
    };
    good && port.is_none_or(is_digits)
}

/// `parse_host_header`: name (brackets kept) and port.
fn parse(host: &str) -> Option<(&str, Option<&str>)> {
    let (name, port) = split(host)?;
    let good = match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) if is_like_ipv6(address) => is_ipv6(address),
        Some(address) => is_future(address),
        None => !name.is_empty() && name.bytes().all(is_name_byte),
    };
    (good && port.is_none_or(is_digits)).then_some((name, port))
}

/// The name, brackets and all, and what follows a colon behind it.
fn split(host: &str) -> Option<(&str, Option<&str>)> {
    let end = if host.starts_with('[') { host.find(']')? + 1 } else { host.find(':').unwrap_or(host.len()) };
    let (name, rest) = host.split_at_checked(end)?;
    if rest.is_empty() { Some((name, None)) } else { Some((name, Some(rest.strip_prefix(':')?))) }
}

/// `[a-f0-9]*:[a-f0-9.:]+`
fn is_like_ipv6(text: &str) -> bool {
    text.split_once(':').is_some_and(|(first, rest)| {
        first.bytes().all(|b| b.is_ascii_hexdigit())
            && !rest.is_empty()
            && rest.bytes().all(|b| b.is_ascii_hexdigit() || b == b'.' || b == b':')
    })
}

/// `v1.…`: an address of a later version.
fn is_future(text: &str) -> bool {
    let Some((version, address)) = text.strip_prefix('v').and_then(|rest| rest.split_once('.')) else { return false };
    let is_address_byte = |b: u8| b != b'%' && (is_name_byte(b) || b == b':');
    is_hex(version) && !address.is_empty() && address.bytes().all(is_address_byte)
}

fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Unreserved and sub-delims of RFC 3986, and the percent sign.
fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"._~%!$&'()*+,;=-".contains(&b)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// `ParsedHost.is_valid_port`
fn is_port(digits: &str) -> bool {
    let digits = digits.trim_start_matches('0');
    digits.is_empty() || digits.parse::<u16>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: Release = Release::new(1, 0, 0);
    const CHECKED: Release = Release::new(1, 0, 1);
    const PARSED: Release = Release::new(1, 7, 0);

    #[test]
    fn hosts_that_urls_use() {
        for (host, checked, parsed) in [
            ("example.com", true, true),
            ("EXAMPLE.com:8443", true, true),
            ("example.com:00080", true, true),
            ("[::1]:80", true, true),
            ("[1::2::3]", true, false),
            ("[:.]", true, false),
            ("[v1.a:b]", false, true),
            ("a_b", false, true),
            ("a%20b~!", false, true),
            ("127.0.0.1", true, true),
            ("example.com:65536", true, false),
            ("", false, false),
            ("a b", false, false),
            ("evil@host", false, false),
            ("ex/am?ple#x", false, false),
            ("example.com:", false, false),
            ("example.com:x", false, false),
            ("::1", false, false),
            ("[::1", false, false),
            ("[::1]x", false, false),
            ("[zz]", false, false),
            ("[v.x]", false, false),
            ("caf\u{e9}", false, false),
            ("h\n", false, false),
        ] {
            let used = |release| for_urls(host.to_owned(), release).is_some();
            assert_eq!([FREE, CHECKED, PARSED].map(used), [true, checked, parsed], "{host:?}");
        }
    }

    #[test]
    fn names_that_are_compared() {
        for (host, before, after) in [
            ("Example.com:80", Some("Example.com"), Some("example.com")),
            ("[::1]:80", Some("["), Some("[::1]")),
            ("a b", Some("a b"), None),
            ("", Some(""), None),
            ("h:99999", Some("h"), Some("h")),
        ] {
            assert_eq!(for_trust(host, CHECKED).as_deref(), before, "{host:?}");
            assert_eq!(for_trust(host, Release::new(1, 9, 0)).as_deref(), after, "{host:?}");
        }
        assert_eq!(for_trust("Example.com", PARSED).as_deref(), Some("Example.com"));
    }
}
