//! The process that listens where requests are sent on to: how it was started, and what is installed for it.
//!
//! ```text
//! upstream ─▶ sockets: which one listens there ─▶ processes that hold it ─▶ the one whose command line says how
//!          ─▶ its command line, environment, config files (read by `asgi::server::command`) ─▶ packages
//! ```
//!
//! It is only looked at, through `/proc`: nothing is run, and nothing is sent to it. Linux only.

pub(super) mod holders;
mod packages;
pub(super) mod sockets;

use std::fs;
use std::net::{SocketAddr, ToSocketAddrs as _, UdpSocket};
use std::path::PathBuf;

use crate::asgi::server::command::{Installed, Process, Reading, Started};
use crate::gateway::Upstream;

use holders::{Holder, holders};
use packages::Interpreter;
use sockets::Listening;

/// The process behind an upstream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its number.
    pub pid: u32,
    /// When it started, in microseconds since 1970-01-01 UTC; `None` if that cannot be read.
    pub since: Option<u64>,
    /// What it runs.
    pub runs: Runs,
    /// The virtual environment it runs in, or where its Python is.
    pub home: Option<PathBuf>,
    /// What is installed there of servers, frameworks and the libraries under them.
    pub installed: Installed,
    /// What of it could not be read, a sentence each.
    pub unread: Vec<String>,
}

/// What a process that was found runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runs {
    /// A server, started like this.
    Server(Box<Started>),
    /// A Python program of the user's that starts a server itself, by the name it was given.
    Code(String),
}

/// Why the process behind an upstream is not known. Each says the way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// Only Linux shows its processes this way.
    #[error("processes can be looked at on Linux only: say --server and its options")]
    System,
    /// The name has no address.
    #[error("{0} has no address here: say --server and its options")]
    NoAddress(String),
    /// It is not on this machine.
    #[error("{0} is on another machine, or in a container of its own: say --server and its options")]
    Elsewhere(SocketAddr),
    /// Nothing listens there.
    #[error("nothing listens on {0} yet")]
    NotListening(String),
    /// The socket is there, its process cannot be looked at.
    #[error(
        "the process that listens on {address} belongs to user {user}: run hopscope as that user or as root, or say --server and its options"
    )]
    Denied {
        /// Where it listens.
        address: SocketAddr,
        /// Whose it is.
        user: u32,
    },
    /// No process here holds the socket.
    #[error("no process here holds {0}: it runs in another container; say --server and its options")]
    Hidden(SocketAddr),
    /// The port is passed on by something else.
    #[error("{name} (pid {pid}) passes {address} on to a container or another machine: say --server and its options")]
    PassedOn {
        /// Where it listens.
        address: SocketAddr,
        /// The program.
        name: String,
        /// Its process.
        pid: u32,
    },
    /// It hides its command line.
    #[error("pid {0} shows a title in place of its command line: say --server and its options")]
    Titled(u32),
    /// It is no Python server.
    #[error("{name} (pid {pid}) listens on {address}, and is no Python server: say --server if one stands behind it")]
    Other {
        /// Where it listens.
        address: SocketAddr,
        /// The program.
        name: String,
        /// Its process.
        pid: u32,
    },
}

/// Programs that only pass a port on.
const PASS_ON: [&str; 7] = ["docker-proxy", "rootlessport", "slirp4netns", "pasta", "conmon", "ssh", "kubectl"];

/// Finds the process that listens on `upstream`.
///
/// # Errors
/// [`NotFound`], with what stands in the way.
pub fn find(upstream: &Upstream) -> Result<Found, NotFound> {
    let listening = listening(upstream)?;
    let Some(first) = listening.first() else { return Err(NotFound::NotListening(upstream.to_string())) };
    let inodes: Vec<u64> = listening.iter().map(|listening| listening.inode).collect();
    let (holding, denied) = holders(&inodes);
    if holding.is_empty() {
        let (address, user) = (first.address, first.user);
        return Err(if denied { NotFound::Denied { address, user } } else { NotFound::Hidden(address) });
    }
    let mut last = NotFound::Hidden(first.address);
    for holder in holding {
        match found(holder, first.address) {
            Ok(found) => return Ok(found),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// How a process runs: enough to start another like it.
#[derive(Clone, Debug)]
pub struct Running {
    /// Its command line and its environment.
    pub process: Process,
    /// The folder it is in.
    pub folder: PathBuf,
}

/// How a process runs, by its number; `None` if it is gone or may not be looked at. A program that it was called by relative
/// to its folder is given by its whole path.
pub fn running(pid: u32) -> Option<Running> {
    let holder = Holder::of(pid)?;
    let folder = fs::read_link(holder.path("cwd")).ok()?;
    let mut process = holder.process;
    if holder.environment_denied {
        return None;
    }
    if let Some(program) = process.argv.first_mut().filter(|program| program.contains('/')) {
        folder.join(&*program).to_str()?.clone_into(program);
    }
    Some(Running { process, folder })
}

/// Names the sockets that listen on `upstream` now: while they stay the same, so does the process. Cheap.
pub fn fingerprint(upstream: &Upstream) -> Vec<u64> {
    listening(upstream).unwrap_or_default().iter().map(|listening| listening.inode).collect()
}

/// The sockets that listen on the first of the upstream's addresses where any does.
fn listening(upstream: &Upstream) -> Result<Vec<Listening>, NotFound> {
    if !cfg!(target_os = "linux") {
        return Err(NotFound::System);
    }
    let addresses = (upstream.host.as_str(), upstream.port).to_socket_addrs();
    let addresses: Vec<SocketAddr> = addresses.map(Iterator::collect).unwrap_or_default();
    let Some(first) = addresses.first() else { return Err(NotFound::NoAddress(upstream.host.clone())) };
    let here: Vec<SocketAddr> = addresses.iter().copied().filter(is_here).collect();
    if here.is_empty() {
        return Err(NotFound::Elsewhere(*first));
    }
    let all = sockets::all();
    Ok(here.into_iter().map(|address| sockets::on(&all, address)).find(|on| !on.is_empty()).unwrap_or_default())
}

/// Only an address of this machine can be bound; no packet is sent for it.
fn is_here(address: &SocketAddr) -> bool {
    UdpSocket::bind((address.ip(), 0)).is_ok()
}

/// Goes up from a process that holds the socket to the one whose command line says how it was started.
fn found(holder: Holder, address: SocketAddr) -> Result<Found, NotFound> {
    const FARTHEST: usize = 8;
    let mut holder = holder;
    for _ in 0..FARTHEST {
        let pid = holder.pid;
        let runs = match holder.reading() {
            // Workers are copies of the process that was started.
            Reading::Started(_) | Reading::Code(_) if holder.is_copy() => match holder.parent() {
                Some(parent) => {
                    holder = parent;
                    continue;
                }
                None => break,
            },
            Reading::Started(started) => Runs::Server(started),
            Reading::Code(name) => Runs::Code(name),
            Reading::Child => match holder.parent() {
                Some(parent) => {
                    holder = parent;
                    continue;
                }
                None => break,
            },
            Reading::Titled => return Err(NotFound::Titled(pid)),
            Reading::Other => {
                let name = holder.name();
                let passes_on = PASS_ON.contains(&name.as_str());
                return Err(if passes_on {
                    NotFound::PassedOn { address, name, pid }
                } else {
                    NotFound::Other { address, name, pid }
                });
            }
        };
        let maps = holder.text("maps").unwrap_or_default();
        let interpreter = Interpreter {
            root: &holder.path("root"),
            process: &holder.process,
            executable: fs::read_link(holder.path("exe")).ok(),
            folder: fs::read_link(holder.path("cwd")).ok(),
            maps: &maps,
        };
        let packages = interpreter.packages();
        let unread = holder.environment_denied.then(|| format!("the environment of pid {pid} cannot be read"));
        return Ok(Found {
            pid,
            since: holder.started(),
            runs,
            home: packages.home,
            installed: packages.installed,
            unread: unread.into_iter().collect(),
        });
    }
    Err(NotFound::Hidden(address))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn our_own_socket_is_held_by_no_python() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let upstream = Upstream { host: "localhost".to_owned(), port: address.port() };
        assert_eq!(fingerprint(&upstream).len(), 1);
        let pid = std::process::id();
        assert!(matches!(find(&upstream), Err(NotFound::Other { pid: found, .. }) if found == pid));
        drop(listener);
        assert!(matches!(find(&upstream), Err(NotFound::NotListening(_))));
        assert_eq!(fingerprint(&upstream), [0; 0]);
    }

    #[test]
    fn elsewhere_is_said() {
        let upstream = Upstream { host: "192.0.2.1".to_owned(), port: 80 };
        let error = find(&upstream).unwrap_err();
        assert_eq!(
            error.to_string(),
            "192.0.2.1:80 is on another machine, or in a container of its own: say --server and its options"
        );
    }
}
