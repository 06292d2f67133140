//! The kernel's lists of sockets: who listens on an address. `/proc/net/tcp` and `tcp6`, as `Documentation/networking/
//! proc_net_tcp.rst` of Linux describes them.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The lists. Without IPv6 there is no second one.
pub(in crate::probe) const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

/// A socket that listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::probe) struct Listening {
    /// Where.
    pub(in crate::probe) address: SocketAddr,
    /// The user that owns it.
    pub(super) user: u32,
    /// By which number the processes that hold it name it.
    pub(in crate::probe) inode: u64,
}

/// All listening sockets.
pub(in crate::probe) fn all() -> Vec<Listening> {
    let texts = TABLES.map(|table| fs::read_to_string(table).unwrap_or_default());
    once(texts.iter().flat_map(|text| listening(text)).collect())
}

/// Each socket once: a list is read in pieces, and one that changes meanwhile may show a socket in two of them.
fn once(mut all: Vec<Listening>) -> Vec<Listening> {
    all.sort_unstable_by_key(|listening| listening.inode);
    all.dedup_by_key(|listening| listening.inode);
    all
}

/// The listening sockets in the text of a list. Lines that cannot be read are passed over.
fn listening(text: &str) -> impl Iterator<Item = Listening> + '_ {
    text.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let &[_, local, _, state, _, _, _, user, _, inode, ..] = fields.as_slice() else { return None };
        let address = address(local).filter(|_| state == "0A")?;
        Some(Listening { address, user: user.parse().ok()?, inode: inode.parse().ok()? })
    })
}

/// `0100007F:1F90`: the bytes as the machine holds them in words of four, then the port.
fn address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let word = |at: usize| u32::from_str_radix(address.get(at..at + 8)?, 16).ok().map(u32::to_ne_bytes);
    let ip: IpAddr = match address.len() {
        8 => Ipv4Addr::from(word(0)?).into(),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            Ipv6Addr::from(<[u8; 16]>::try_from(words.concat()).ok()?).into()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

/// Those of `all` that get a connection to `to`: of the sockets on its port those on just that address, else those on all
/// addresses. A socket on `::` takes IPv4 as well, unless it was told not to, which is not to be seen here.
pub(super) fn on(all: &[Listening], to: SocketAddr) -> Vec<Listening> {
    let rank = |listening: &&Listening| {
        let ip = listening.address.ip();
        match ip {
            _ if listening.address.port() != to.port() => None,
            _ if ip.to_canonical() == to.ip().to_canonical() => Some(0),
            IpAddr::V4(ip) if ip.is_unspecified() && to.ip().to_canonical().is_ipv4() => Some(1),
            IpAddr::V6(ip) if ip.is_unspecified() => Some(2),
            _ => None,
        }
    };
    let best = all.iter().filter_map(|listening| rank(&listening)).min();
    all.iter().filter(|listening| best.is_some() && rank(listening) == best).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TCP: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 111 1 0 100 0 0 10 0
   1: 00000000:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 222 1 0 100 0 0 10 0
   2: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 333 1 0 100 0 0 10 0
   3: nonsense";
    const TCP6: &str = "\
   0: 00000000000000000000000000000000:1F92 00000000000000000000000000000000:0000 0A 0:0 00:0 0 7 0 444 1
   1: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0:0 00:0 0 8 0 555 1
   2: 0000000000000000FFFF00000100007F:1F93 00000000000000000000000000000000:0000 0A 0:0 00:0 0 9 0 666 1";

    #[test]
    fn a_socket_that_is_listed_twice_counts_once() {
        let all = once(listening(TCP).chain(listening(TCP)).collect());
        assert_eq!(all.iter().map(|listening| listening.inode).collect::<Vec<_>>(), [111, 222]);
    }

    // The words are written as a machine with the low byte first holds them.
    #[cfg(target_endian = "little")]
    #[test]
    fn who_gets_a_connection() {
        let all: Vec<_> = listening(TCP).chain(listening(TCP6)).collect();
        for (to, inodes) in [
            ("127.0.0.1:8080", vec![111]),
            ("127.0.0.2:8080", vec![]),
            ("10.1.1.1:8081", vec![222]),
            ("[::1]:8081", vec![]),
            ("127.0.0.1:8082", vec![444]),
            ("[::1]:8082", vec![444]),
            ("[::1]:8080", vec![555]),
            ("127.0.0.1:8083", vec![666]),
            ("127.0.0.1:1", vec![]),
        ] {
            let found: Vec<_> = on(&all, to.parse().unwrap()).iter().map(|listening| listening.inode).collect();
            assert_eq!(found, inodes, "{to}");
        }
        assert_eq!(all.iter().map(|listening| listening.user).collect::<Vec<_>>(), [1000, 0, 7, 8, 9]);
    }
}
