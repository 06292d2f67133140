//! The client's address as a trusted proxy in front tells it.
//!
//! Source: `ngx_http_get_forwarded_addr` (`ngx_http_core_module.c`), `ngx_parse_addr_port`, `ngx_inet_addr`
//! (`ngx_inet.c`), 1.22.1.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// The address, and the port where one was told, that the values name for a connection from `peer`. `None` if it stays the
/// peer's: the peer is not trusted, or there is no address in the values.
///
/// With several values the last one is read first. `recursive`: trusted addresses are passed over.
pub(super) fn forwarded<'a>(
    peer: IpAddr,
    values: impl DoubleEndedIterator<Item = &'a [u8]>,
    trusted: &[IpNet],
    recursive: bool,
) -> Option<(IpAddr, Option<u16>)> {
    let mut found = None;
    for value in values.rev() {
        let (last, whole) = of_value(peer, found, value, trusted, recursive);
        found = last;
        if !recursive || !whole {
            break;
        }
    }
    found
}

/// The same for one value; true if every address in it was passed over.
fn of_value(
    peer: IpAddr,
    mut found: Option<(IpAddr, Option<u16>)>,
    value: &[u8],
    trusted: &[IpNet],
    recursive: bool,
) -> (Option<(IpAddr, Option<u16>)>, bool) {
    let mut rest = value;
    loop {
        let current = found.map_or(peer, |(address, _)| address).to_canonical();
        if !trusted.iter().any(|net| net.contains(&current)) {
            return (found, false);
        }
        let (before, text) = last_entry(rest);
        let Some(address) = address_and_port(text) else { return (found, false) };
        found = Some(address);
        match before {
            Some(before) if recursive => rest = before,
            _ => return (found, true),
        }
    }
}

/// The last entry of a list, and the list before it.
fn last_entry(list: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let separator = |byte: &u8| matches!(byte, b' ' | b',');
    // The first byte is never taken for a separator.
    let end = list.iter().skip(1).rposition(|byte| !separator(byte)).map_or(1, |at| at + 2);
    let list = list.get(..end).unwrap_or(list);
    match list.iter().rposition(separator) {
        Some(at) if at > 0 => (list.get(..at), list.get(at + 1..).unwrap_or_default()),
        _ => (None, list),
    }
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`
fn address_and_port(text: &[u8]) -> Option<(IpAddr, Option<u16>)> {
    if let Some(address) = address(text) {
        return Some((address, None));
    }
    let (host, port) = if text.first() == Some(&b'[') {
        let end = text.iter().position(|&byte| byte == b']')?;
        (text.get(1..end)?, text.get(end + 1..)?.strip_prefix(b":")?)
    } else {
        let end = text.iter().position(|&byte| byte == b':')?;
        (text.get(..end)?, text.get(end + 1..)?)
    };
    let digits = port.iter().all(u8::is_ascii_digit);
    let port = std::str::from_utf8(port).ok().filter(|_| digits)?.parse().ok().filter(|&port: &u16| port > 0)?;
    Some((address(host)?, Some(port)))
}

fn address(text: &[u8]) -> Option<IpAddr> {
    let v6 = || std::str::from_utf8(text).ok()?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    v4(text).map(IpAddr::V4).or_else(v6)
}

/// Three dots and digits around them; a number may be left out and is zero then.
fn v4(text: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0_u8; 4];
    let mut parts = text.split(|&byte| byte == b'.');
    for octet in &mut octets {
        *octet = parts.next()?.iter().try_fold(0_u8, |octet, &byte| {
            let digit = u8::try_from(char::from(byte).to_digit(10)?).ok()?;
            octet.checked_mul(10)?.checked_add(digit)
        })?;
    }
    // nginx's reader gives this address for what is none.
    let address = Ipv4Addr::from(octets);
    (parts.next().is_none() && address != Ipv4Addr::BROADCAST).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let trusted = ["127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32"].map(|net| net.parse().unwrap());
        for (peer, values, recursive, told) in [
            ("127.0.0.1", "198.51.100.7", false, Some("198.51.100.7 None")),
            ("203.0.113.9", "198.51.100.7", false, None),
            ("127.0.0.1", "198.51.100.7, 10.0.0.1", false, Some("10.0.0.1 None")),
            ("127.0.0.1", "198.51.100.7, 10.0.0.1", true, Some("198.51.100.7 None")),
            ("127.0.0.1", "192.0.2.1,198.51.100.7 10.0.0.1 , ", true, Some("198.51.100.7 None")),
            ("127.0.0.1", "10.0.0.2, 10.0.0.1", true, Some("10.0.0.2 None")),
            ("127.0.0.1", "unknown, 10.0.0.1", true, Some("10.0.0.1 None")),
            ("127.0.0.1", "198.51.100.7|10.0.0.2, 10.0.0.1", true, Some("198.51.100.7 None")),
            ("127.0.0.1", "198.51.100.7|x", true, None),
            ("127.0.0.1", "198.51.100.7|x, 10.0.0.1", true, Some("10.0.0.1 None")),
            ("127.0.0.1", "198.51.100.7|10.0.0.1", false, Some("10.0.0.1 None")),
            ("127.0.0.1", "198.51.100.7:4711", false, Some("198.51.100.7 Some(4711)")),
            ("127.0.0.1", "[2001:db8::7]:4711", false, Some("2001:db8::7 Some(4711)")),
            ("127.0.0.1", "2001:db8::7", false, Some("2001:db8::7 None")),
            ("127.0.0.1", "198.51.100.7:0", false, None),
            ("127.0.0.1", "198.51.100.7:x", false, None),
            ("127.0.0.1", "1..2.", false, Some("1.0.2.0 None")),
            ("127.0.0.1", "255.255.255.255", false, None),
            ("127.0.0.1", "256.1.1.1", false, None),
            ("127.0.0.1", "", false, None),
            ("127.0.0.1", ",", false, None),
            ("::ffff:10.0.0.1", "192.0.2.1", false, Some("192.0.2.1 None")),
        ] {
            let got = forwarded(peer.parse().unwrap(), values.split('|').map(str::as_bytes), &trusted, recursive);
            let got = got.map(|(address, port)| format!("{address} {port:?}"));
            assert_eq!(got.as_deref(), told, "{peer} {values} {recursive}");
        }
    }
}
