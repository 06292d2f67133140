//! Lists of addresses and networks, and which address of a request is held against them.
//!
//! Traefik 3.7, `pkg/ip/checker.go`, `pkg/ip/strategy.go`.

use std::net::{IpAddr, Ipv6Addr};

use ipnet::{IpNet, Ipv6Net};

use crate::gateway::document::At;
use crate::gateway::go::{self, Header};

/// `ip.Checker`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Networks(Vec<IpNet>);

impl Networks {
    /// Reads a list.
    ///
    /// # Errors
    /// The entry that is neither an address nor a network; nothing for an empty list.
    pub(super) fn new(list: &[At<String>]) -> Result<Self, Option<&At<String>>> {
        if list.is_empty() {
            return Err(None);
        }
        let read = |entry| parse(entry).ok_or(Some(entry));
        list.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// True if an address is one of them.
    pub(super) fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// True if a text is an address and one of them.
    pub(super) fn contain_text(&self, text: &str) -> bool {
        parse_address(text).is_some_and(|address| self.contain(address))
    }
}

fn parse(entry: &At<String>) -> Option<IpNet> {
    let text = &entry.value;
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address.to_canonical()),
        Err(_) => text.parse().ok()?,
    };
    // An IPv4 network written in IPv6 takes IPv4 addresses.
    Some(match network {
        IpNet::V6(network) => mapped(network).unwrap_or(network.into()),
        network @ IpNet::V4(_) => network,
    })
}

fn mapped(network: Ipv6Net) -> Option<IpNet> {
    let address = network.addr().to_ipv4_mapped()?;
    IpNet::new(address.into(), network.prefix_len().checked_sub(96)?).ok()
}

/// `netip.ParseAddr`, without the zone.
fn parse_address(text: &str) -> Option<IpAddr> {
    let (address, zone) = text.split_once('%').map_or((text, None), |(address, zone)| (address, Some(zone)));
    let address = address.parse::<IpAddr>().ok()?;
    match zone {
        None => Some(address),
        Some(zone) => (address.is_ipv6() && !zone.is_empty()).then_some(address),
    }
}

/// `ipStrategy`: which address is the client's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Strategy {
    /// The other end of the connection.
    Peer,
    /// An entry of `X-Forwarded-For`, counted from the right.
    Depth(usize),
    /// The last entry of `X-Forwarded-For` that is none of these.
    Outside(Networks),
}

impl Strategy {
    /// The client's address as a text, empty if there is none. Of an IPv6 address all but the first `subnet` bits are
    /// cleared, where that is asked for; not with [`Strategy::Outside`].
    pub(super) fn address(&self, header: &Header, peer: IpAddr, subnet: Option<u8>) -> String {
        let list = String::from_utf8_lossy(header.get("X-Forwarded-For")).into_owned();
        match self {
            Self::Peer => subnet_of(peer.to_string(), subnet),
            Self::Depth(depth) => {
                let entry = list.rsplit(',').nth(depth.saturating_sub(1)).unwrap_or_default();
                subnet_of(entry.trim().to_owned(), subnet)
            }
            Self::Outside(networks) => {
                let mut entries = list.rsplit(',').map(str::trim).filter(|entry| !entry.is_empty());
                entries.find(|entry| !networks.contain_text(entry)).unwrap_or_default().to_owned()
            }
        }
    }
}

fn subnet_of(address: String, subnet: Option<u8>) -> String {
    match (address.parse::<Ipv6Addr>(), subnet) {
        (Ok(ip), Some(bits)) => Ipv6Net::new(ip, bits).map_or(address, |network| network.network().to_string()),
        _ => address,
    }
}

/// True if a text of a strategy, an address with a port or without one, is one of the networks (`IsAuthorized`).
pub(super) fn is_authorized(networks: &Networks, address: &str) -> bool {
    let host = go::split_host_port(address.as_bytes()).map_or(address.as_bytes(), |(host, _)| host);
    networks.contain_text(&String::from_utf8_lossy(host))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::gateway::Place;

    fn list(entries: &[&str]) -> Vec<At<String>> {
        let place = Place::new(Path::new("x.yml"), 1);
        entries.iter().map(|entry| At::new((*entry).to_owned(), &place)).collect()
    }

    #[test]
    fn networks() {
        let given = list(&["10.0.0.1/8", "192.0.2.1", "2001:db8::/32", "::ffff:198.51.100.0/120"]);
        let networks = Networks::new(&given).unwrap();
        for (address, inside) in [
            ("10.255.0.1", true),
            ("192.0.2.1", true),
            ("192.0.2.2", false),
            ("::ffff:10.1.1.1", true),
            ("2001:db8::1%eth0", true),
            ("198.51.100.7", true),
            ("", false),
            ("x", false),
        ] {
            assert_eq!(networks.contain_text(address), inside, "{address}");
        }
        assert_eq!(Networks::new(&[]), Err(None));
        let wrong = list(&["10.0.0.0/8", "10.0.0.0/33"]);
        assert_eq!(Networks::new(&wrong), Err(wrong.get(1)));
    }

    #[test]
    fn strategies() {
        let mut header = Header::default();
        header.add("X-Forwarded-For", "198.51.100.7, 10.0.0.1 ,, 10.0.0.2");
        let peer = "127.0.0.1".parse().unwrap();
        let private = Networks::new(&list(&["10.0.0.0/8"])).unwrap();
        for (strategy, expected) in [
            (Strategy::Peer, "127.0.0.1"),
            (Strategy::Depth(1), "10.0.0.2"),
            (Strategy::Depth(4), "198.51.100.7"),
            (Strategy::Depth(5), ""),
            (Strategy::Outside(private), "198.51.100.7"),
        ] {
            assert_eq!(strategy.address(&header, peer, None), expected, "{strategy:?}");
        }
        let long = "2001:db8:1:2::3".parse().unwrap();
        assert_eq!(Strategy::Peer.address(&header, long, Some(48)), "2001:db8:1::");
    }
}
