//! Keys as numbers.

use std::hash::{BuildHasher, Hasher};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use foldhash::quality::{FixedState, RandomState};

/// Makes 64 bits of a key.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    /// Its seed is another one in each process: what has the same number is the same key, whoever wrote the log.
    state: RandomState,
}

/// A client, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Address<'a> {
    /// An IPv4 address as written, a name, or `unix:`.
    Text(&'a [u8]),
    /// IPv4 in IPv6.
    Mapped(Ipv4Addr),
    /// The first half of an IPv6 address: one customer has all of it.
    Network([u8; 8]),
}

impl Keys {
    #[inline]
    pub(super) fn of(&self, key: &[u8]) -> u64 {
        let mut hasher = self.state.build_hasher();
        hasher.write(key);
        hasher.finish()
    }

    /// The number of a route's answers with one status.
    pub(super) fn of_fault(&self, route: u64, status: u16) -> u64 {
        let mut hasher = self.state.build_hasher();
        hasher.write_u64(route);
        hasher.write_u16(status);
        hasher.finish()
    }

    /// The number of this path with a slash put on its end, or taken off.
    pub(super) fn of_other_slash(&self, path: &[u8]) -> u64 {
        match path {
            [shorter @ .., b'/'] => self.of(shorter),
            _ => self.of(&[path, b"/"].concat()),
        }
    }

    pub(super) fn of_address(&self, address: Address<'_>) -> u64 {
        match address {
            Address::Text(text) => self.of(text),
            Address::Mapped(address) => self.of(address.to_string().as_bytes()),
            Address::Network(half) => self.of(&half),
        }
    }
}

/// A number that is the same in each process, for sketches: what is said of the same log is then the same.
pub(super) fn mark(key: &[u8]) -> u64 {
    let mut hasher = FixedState::with_seed(0).build_hasher();
    hasher.write(key);
    hasher.finish()
}

impl<'a> Address<'a> {
    /// Takes a client as written.
    #[inline]
    pub(super) fn of(text: &'a [u8]) -> Self {
        // The first colon of an IPv6 address is one of its first five bytes.
        let colon = text.iter().take(5).any(|&byte| byte == b':');
        if colon { Self::of_ipv6(text) } else { Self::Text(text) }
    }

    fn of_ipv6(text: &'a [u8]) -> Self {
        let Some(address) = std::str::from_utf8(text).ok().and_then(|text| text.parse::<Ipv6Addr>().ok()) else {
            return Self::Text(text);
        };
        if let Some(mapped) = address.to_ipv4_mapped() {
            return Self::Mapped(mapped);
        }
        let mut half = [0; 8];
        half.iter_mut().zip(address.octets()).for_each(|(into, octet)| *into = octet);
        Self::Network(half)
    }

    /// As it is shown.
    pub(super) fn shown(self) -> Box<[u8]> {
        match self {
            Self::Text(text) => super::table::kept(text),
            Self::Mapped(address) => address.to_string().into_bytes().into(),
            Self::Network(half) => format!("{}/64", network(half)).into_bytes().into(),
        }
    }

    /// True for an address of a private network, or of this machine.
    pub(super) fn is_private(self) -> bool {
        let ip = match self {
            Self::Text(text) => std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()),
            Self::Mapped(address) => Some(IpAddr::V4(address)),
            Self::Network(half) => Some(IpAddr::V6(network(half))),
        };
        match ip {
            Some(IpAddr::V4(address)) => {
                let [first, second, ..] = address.octets();
                address.is_private() || address.is_loopback() || first == 100 && second & 0xc0 == 64
            }
            // `::1` is the only one of its /64 that anybody uses.
            Some(IpAddr::V6(address)) => address.is_unspecified() || address.is_unique_local(),
            None => matches!(self, Self::Text(text) if text.starts_with(b"unix:")),
        }
    }
}

fn network(half: [u8; 8]) -> Ipv6Addr {
    Ipv6Addr::from(u128::from(u64::from_be_bytes(half)) << 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_counted_by_address_and_ipv6_by_half() {
        for (text, shown, private) in [
            ("203.0.113.7", "203.0.113.7", false),
            ("172.18.0.3", "172.18.0.3", true),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", false),
            ("2001:db8:1:2::9", "2001:db8:1:2::/64", false),
            ("::ffff:10.0.0.1", "10.0.0.1", true),
            ("::1", "::/64", true),
            ("unix:", "unix:", true),
            ("host.example", "host.example", false),
            ("", "", false),
        ] {
            let address = Address::of(text.as_bytes());
            assert_eq!(String::from_utf8_lossy(&address.shown()), shown);
            assert_eq!(address.is_private(), private, "{text}");
        }
        let keys = Keys::default();
        let of = |text: &str| keys.of_address(Address::of(text.as_bytes()));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), of("2001:db8:1:2::9"));
        assert_ne!(of("2001:db8:1:3::9"), of("2001:db8:1:2::9"));
    }

    #[test]
    fn the_other_slash_of_the_other_slash_is_the_path() {
        let keys = Keys::default();
        assert_eq!(keys.of_other_slash(b"/items"), keys.of(b"/items/"));
        assert_eq!(keys.of_other_slash(b"/items/"), keys.of(b"/items"));
    }
}
