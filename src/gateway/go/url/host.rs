//! Host and port: as `net/url` takes them from an authority, and as `net` splits them.
//!
//! They are apart from the rest of a URL because both packages have a rule of their own for what is a port.
//!
//! Go 1.26, `net/url/url.go`, `net/ipsock.go`.

use std::net::Ipv6Addr;

use super::{Colons, cut};
use crate::gateway::go::escape::{Mode, unescape};

/// `parseHost`: the host and port of an authority, decoded.
pub(super) fn parse_host(scheme: &[u8], host: &[u8], colons: Colons) -> Option<Vec<u8>> {
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
