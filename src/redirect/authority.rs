//! `host:port`, as the Host header, absolute targets and URLs have it (RFC 3986 section 3.2).

/// Splits `host:port`. The host keeps its IPv6 brackets; the port is `None` if none is written or if it is no number of
/// 0 to 65535. A userinfo part (`user@`) is left off.
pub fn split_port(authority: &[u8]) -> (&[u8], Option<u16>) {
    let host_port = authority.iter().rposition(|&b| b == b'@').map_or(authority, |at| after(authority, at));
    let border = match memchr::memchr(b']', host_port) {
        Some(bracket) if host_port.starts_with(b"[") => bracket + 1,
        _ => memchr::memchr(b':', host_port).unwrap_or(host_port.len()),
    };
    let (host, rest) = host_port.split_at(border);
    (host, rest.strip_prefix(b":").and_then(port))
}

fn after(bytes: &[u8], index: usize) -> &[u8] {
    bytes.get(index + 1..).unwrap_or_default()
}

/// Digits only: `u16::from_str` alone would take `+80`.
fn port(digits: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(digits).ok()?;
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port() {
        for (authority, host, port) in [
            ("example.com", "example.com", None),
            ("example.com:8443", "example.com", Some(8443)),
            ("example.com:", "example.com", None),
            ("example.com:+80", "example.com", None),
            ("example.com:99999", "example.com", None),
            ("[::1]:9999", "[::1]", Some(9999)),
            ("[::1]", "[::1]", None),
            ("user:pw@h:1", "h", Some(1)),
            ("", "", None),
        ] {
            assert_eq!(split_port(authority.as_bytes()), (host.as_bytes(), port), "{authority}");
        }
    }
}
