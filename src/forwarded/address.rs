//! IP addresses and networks as Python's `ipaddress` module reads them.
//!
//! This file exists because whether a proxy is trusted hangs on these rules: IPv6 zones are part of an address, an
//! IPv4-mapped IPv6 address is not the IPv4 one, and a network with host bits set is no network.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

/// What `ipaddress.ip_address` gives: an address, with its zone (`fe80::1%eth0`) when it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) ip: IpAddr,
    zone: Option<String>,
}

impl Address {
    /// `ipaddress.ip_address(text)`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let Some((bare, zone)) = text.split_once('%') else {
            return text.parse::<IpAddr>().ok().map(Self::from);
        };
        let ip: IpAddr = bare.parse().ok()?;
        let acceptable = ip.is_ipv6() && !zone.is_empty() && !zone.contains('%');
        acceptable.then(|| Self { ip, zone: Some(zone.to_owned()) })
    }
}

impl From<IpAddr> for Address {
    fn from(ip: IpAddr) -> Self {
        Self { ip, zone: None }
    }
}

/// `ipaddress.ip_network(text)`, strict: a network, or an address as a network of one; `None` where Python raises.
///
/// The zone of an IPv6 address plays no part in what the network contains.
pub fn ip_network(text: &str) -> Option<IpNet> {
    if text.contains('/') { network(text) } else { Address::parse(text).map(|address| IpNet::from(address.ip)) }
}

/// `ipaddress.ip_address(text)` raises no error.
pub fn is_ip_address(text: &str) -> bool {
    Address::parse(text).is_some()
}

/// [`ip_network`] of a text with a slash: `None` where Python raises, host bits included.
pub(super) fn network(text: &str) -> Option<IpNet> {
    let (address, mask) = text.split_once('/')?;
    let ip = Address::parse(address)?.ip;
    let net = IpNet::new(ip, prefix_len(mask, ip)?).ok()?;
    (net.network() == ip).then_some(net)
}

/// A prefix length, or for IPv4 a netmask or hostmask in dotted form.
fn prefix_len(mask: &str, ip: IpAddr) -> Option<u8> {
    if !mask.is_empty() && mask.bytes().all(|b| b.is_ascii_digit()) {
        let significant = mask.trim_start_matches('0');
        return if significant.is_empty() { Some(0) } else { significant.parse().ok() };
    }
    if ip.is_ipv6() {
        return None;
    }
    let bits = mask.parse::<Ipv4Addr>().ok()?.to_bits();
    ones(bits).or_else(|| ones(!bits))
}

/// The number of leading ones, if nothing but zeros follows them.
fn ones(bits: u32) -> Option<u8> {
    let count = bits.leading_ones();
    let rest = bits.checked_shl(count).unwrap_or(0);
    (rest == 0).then(|| u8::try_from(count).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_python_reads_them() {
        for (text, good) in [
            ("127.0.0.1", true),
            ("::1", true),
            ("0:0:0:0:0:0:0:1", true),
            ("::ffff:1.2.3.4", true),
            ("fe80::1%eth0", true),
            ("fe80::1%", false),
            ("fe80::1%a%b", false),
            ("1.2.3.4%eth0", false),
            ("127.0.0.01", false),
            ("127.1", false),
            ("1.2.3.4 ", false),
            ("[::1]", false),
            ("1:2:3:4:5:6:7::8", false),
            ("localhost", false),
            ("", false),
        ] {
            assert_eq!(Address::parse(text).is_some(), good, "{text:?}");
        }
        assert_ne!(Address::parse("fe80::1%eth0"), Address::parse("fe80::1"));
    }

    #[test]
    fn an_address_is_a_network_of_one() {
        for (text, net) in [
            ("10.0.0.1", Some("10.0.0.1/32")),
            ("::1", Some("::1/128")),
            ("fe80::1%eth0", Some("fe80::1/128")),
            ("10.0.0.0/8", Some("10.0.0.0/8")),
            ("10.0.0.1/8", None),
            ("localhost", None),
            ("", None),
        ] {
            assert_eq!(ip_network(text).map(|net| net.to_string()).as_deref(), net, "{text:?}");
        }
    }

    #[test]
    fn networks_as_python_reads_them() {
        for (text, net) in [
            ("10.0.0.0/8", Some("10.0.0.0/8")),
            ("10.0.0.0/08", Some("10.0.0.0/8")),
            ("10.0.0.0/255.0.0.0", Some("10.0.0.0/8")),
            ("10.0.0.0/0.255.255.255", Some("10.0.0.0/8")),
            ("0.0.0.0/0.0.0.0", Some("0.0.0.0/0")),
            ("::/0", Some("::/0")),
            ("2001:db8::/32", Some("2001:db8::/32")),
            ("10.0.0.1/8", None),
            ("10.0.0.0/33", None),
            ("10.0.0.0/255.0.255.0", None),
            ("10.0.0.0/", None),
            ("10.0.0.0/+8", None),
            ("10.0.0.0/8/8", None),
            ("2001:db8::/255.0.0.0", None),
            ("/8", None),
        ] {
            assert_eq!(network(text).map(|net| net.to_string()).as_deref(), net, "{text:?}");
        }
    }
}
