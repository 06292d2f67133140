//! Which TCP ports the processes of a group listen on, by Linux's `/proc`. Nothing is sent to anybody.

use std::collections::BTreeSet;
use std::net::SocketAddr;

/// Why the system cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("which port the command listens on can be found out on Linux only")]
pub struct Unaskable;

/// The addresses that processes of this group listen on, as far as this user may look.
///
/// # Errors
/// [`Unaskable`] where there is no Linux `/proc`.
pub fn listening(group: u32) -> Result<BTreeSet<SocketAddr>, Unaskable> {
    #[cfg(target_os = "linux")]
    return linux::listening(group).ok_or(Unaskable);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = group;
        Err(Unaskable)
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
    use std::path::Path;

    pub(super) fn listening(group: u32) -> Option<BTreeSet<SocketAddr>> {
        let mut sockets = BTreeMap::new();
        for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
            // Without IPv6 there is no second table.
            let Ok(text) = fs::read_to_string(table) else { continue };
            sockets.extend(text.lines().filter_map(listener));
        }
        let processes = fs::read_dir("/proc").ok()?.flatten().map(|entry| entry.path());
        let of_group = processes.filter(|path| group_of(path) == Some(group));
        Some(of_group.flat_map(|path| held(&path)).filter_map(|inode| sockets.get(&inode).copied()).collect())
    }

    /// Inode and address of a line of `/proc/net/tcp` or `tcp6` whose socket listens (state `0A`).
    pub(super) fn listener(line: &str) -> Option<(u64, SocketAddr)> {
        let mut words = line.split_ascii_whitespace().skip(1);
        let (local, state) = (words.next()?, words.nth(1)?);
        let inode = words.nth(5)?.parse().ok()?;
        let (address, port) = local.split_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        (state == "0A").then_some((inode, SocketAddr::new(ip(address)?, port)))
    }

    /// An address as the kernel prints it: words of 32 bits, each in the machine's own byte order.
    fn ip(text: &str) -> Option<IpAddr> {
        let word = |at: usize| u32::from_str_radix(text.get(at * 8..at * 8 + 8)?, 16).ok().map(u32::to_ne_bytes);
        match text.len() {
            8 => Some(IpAddr::V4(Ipv4Addr::from(word(0)?))),
            32 => {
                let words = [word(0)?, word(1)?, word(2)?, word(3)?];
                let bytes: [u8; 16] = words.concat().try_into().ok()?;
                Some(IpAddr::V6(Ipv6Addr::from(bytes)))
            }
            _ => None,
        }
    }

    /// The process group, the fifth field of `/proc/PID/stat`; the second is a name that may hold anything.
    fn group_of(process: &Path) -> Option<u32> {
        process.file_name()?.to_str()?.parse::<u32>().ok()?;
        let stat = fs::read_to_string(process.join("stat")).ok()?;
        let (_, rest) = stat.rsplit_once(')')?;
        rest.split_ascii_whitespace().nth(2)?.parse().ok()
    }

    /// Inodes of the sockets that a process holds.
    fn held(process: &Path) -> Vec<u64> {
        let Ok(descriptors) = fs::read_dir(process.join("fd")) else { return Vec::new() };
        let inode = |path: &Path| {
            let target = fs::read_link(path).ok()?;
            target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
        };
        descriptors.flatten().filter_map(|entry| inode(&entry.path())).collect()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[cfg(target_endian = "little")]
    #[test]
    fn lines_of_the_kernel() {
        let four = "   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 4242 1 x 100 0";
        assert_eq!(linux::listener(four), Some((4242, "127.0.0.1:8000".parse().unwrap())));
        let six = "   1: 00000000000000000000000001000000:1F41 00000000000000000000000000000000:0000 0A 00000000:00000000 \
                   00:00000000 00000000  0  0 7 1 x 100 0";
        assert_eq!(linux::listener(six), Some((7, "[::1]:8001".parse().unwrap())));
        let connected = four.replace(" 0A ", " 01 ");
        for other in ["  sl  local_address rem_address   st tx_queue", connected.as_str(), "", "0: x 0 0A"] {
            assert_eq!(linux::listener(other), None, "{other}");
        }
    }

    #[test]
    fn our_own_listener_is_found() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let group = rustix::process::getpgrp().as_raw_pid().unsigned_abs();
        assert!(listening(group).unwrap().contains(&socket.local_addr().unwrap()));
    }
}
