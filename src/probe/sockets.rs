//! Which TCP ports the processes of a group listen on, by Linux's `/proc`. Nothing is sent to anybody.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;

use super::process::holders::{processes, sockets_of};
use super::process::sockets::{self, TABLES};

/// Why the system cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("which port the command listens on can be found out on Linux only")]
pub struct Unaskable;

/// The addresses that processes of this group listen on, as far as this user may look.
///
/// # Errors
/// [`Unaskable`] where there is no Linux `/proc`.
pub fn listening(group: u32) -> Result<BTreeSet<SocketAddr>, Unaskable> {
    if TABLES.iter().all(|table| fs::metadata(table).is_err()) {
        return Err(Unaskable);
    }
    let listening: BTreeMap<u64, SocketAddr> =
        sockets::all().into_iter().map(|listening| (listening.inode, listening.address)).collect();
    let of_group = processes().filter(|pid| group_of(*pid) == Some(group));
    let held = of_group.filter_map(|pid| sockets_of(pid).ok()).flatten();
    Ok(held.filter_map(|inode| listening.get(&inode).copied()).collect())
}

/// The process group, the fifth field of `/proc/PID/stat`; the second is a name that may hold anything.
fn group_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(2)?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn our_own_listener_is_found() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let group = rustix::process::getpgrp().as_raw_pid().unsigned_abs();
        assert!(listening(group).unwrap().contains(&socket.local_addr().unwrap()));
    }
}
