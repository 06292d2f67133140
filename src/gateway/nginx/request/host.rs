//! Which hosts are taken, and what `$host` becomes of them.
//!
//! Source: `ngx_http_validate_host` (`ngx_http_request.c`; 1.29.4 takes only what RFC 3986 allows).

use crate::asgi::Release;

const STRICT: Release = Release::new(1, 29, 4);

/// The host of a `Host` field or of an absolute target as nginx compares it: in lower case, without port and final dot.
/// `None` if nginx refuses it.
pub(in crate::gateway::nginx) fn canonical(host: &[u8], release: Release) -> Option<Vec<u8>> {
    let end = if release >= STRICT { end_by_rfc(host)? } else { end(host)? };
    let name = host.get(..end)?;
    if host.windows(2).any(|two| two == b"..") {
        return None;
    }
    // The last dot is looked for in the whole text; one in the port is none of the name.
    let name = match host.iter().rposition(|&byte| byte == b'.') {
        Some(dot) if dot + 1 == end => name.get(..dot)?,
        _ => name,
    };
    (!name.is_empty()).then(|| name.to_ascii_lowercase())
}

/// Where the name ends, before 1.29.4: at the first colon outside of brackets, whatever follows.
fn end(host: &[u8]) -> Option<usize> {
    if host.iter().any(|&byte| matches!(byte, b'/' | 0..=0x20 | 0x7f)) {
        return None;
    }
    let at = |wanted: u8| host.iter().position(|&byte| byte == wanted);
    Some(match host.first() {
        Some(b'[') => at(b']').map_or(host.len(), |at| at + 1),
        _ => at(b':').unwrap_or(host.len()),
    })
}

/// Where the name ends, from 1.29.4 on: RFC 3986 section 3.2, with a port of at most 65535.
fn end_by_rfc(host: &[u8]) -> Option<usize> {
    let usual = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(byte);
    let (end, port) = if host.first() == Some(&b'[') {
        let end = host.iter().position(|&byte| byte == b']')?;
        if !host.get(1..end)?.iter().all(|byte| usual(byte) || *byte == b':') {
            return None;
        }
        let port = match host.get(end + 1..)? {
            [] => None,
            [b':', port @ ..] => Some(port),
            _ => return None,
        };
        (end + 1, port)
    } else {
        let end = host.iter().position(|&byte| byte == b':').unwrap_or(host.len());
        if !host.get(..end)?.iter().all(|byte| usual(byte) || *byte == b'%') {
            return None;
        }
        (end, host.get(end + 1..))
    };
    let number = |port: &[u8]| {
        port.iter().try_fold(0_u32, |number, &byte| {
            let number = number * 10 + char::from(byte).to_digit(10)?;
            (number <= 65_535).then_some(number)
        })
    };
    port.is_none_or(|port| number(port).is_some()).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let old = Release::new(1, 22, 1);
        let new = Release::new(1, 29, 4);
        for (host, before, since) in [
            ("Example.COM", Some("example.com"), Some("example.com")),
            ("example.com:8080", Some("example.com"), Some("example.com")),
            ("example.com.", Some("example.com"), Some("example.com")),
            ("example.com.:80", Some("example.com"), Some("example.com")),
            ("example.com:http", Some("example.com"), None),
            ("example.com:65536", Some("example.com"), None),
            ("example.com:", Some("example.com"), Some("example.com")),
            ("[::1]", Some("[::1]"), Some("[::1]")),
            ("[::1]:80", Some("[::1]"), Some("[::1]")),
            ("[::1]x", Some("[::1]"), None),
            ("[::1", Some("[::1"), None),
            ("::1", None, None),
            ("a::1", Some("a"), None),
            ("a_b", Some("a_b"), Some("a_b")),
            ("a@b", Some("a@b"), None),
            ("\u{e9}", Some("\u{e9}"), None),
            ("a..b", None, None),
            ("a:8..0", None, None),
            ("a:8.0", Some("a"), None),
            ("a/b", None, None),
            ("a b", None, None),
            ("a\tb", None, None),
            (".", None, None),
            (":80", None, None),
            ("", None, None),
        ] {
            let text = |release| canonical(host.as_bytes(), release).map(|name| String::from_utf8(name).unwrap());
            assert_eq!(text(old).as_deref(), before, "{host}");
            assert_eq!(text(new).as_deref(), since, "{host}");
        }
    }
}
