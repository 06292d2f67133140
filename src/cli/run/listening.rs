//! Where the command listens: asked of the system, because a command line need not say it (a configuration file, the
//! environment or a script of the user's may).

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::gateway::Upstream;
use crate::probe::sockets;

/// How often the system is asked.
const LOOK: Duration = Duration::from_millis(100);
/// After so long the user is told what is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
/// Where all five servers listen if they are not told; taken where the system cannot be asked.
const USUAL: u16 = 8000;

/// Waits until a process of this group listens for TCP connections; `None` if the command ended before.
pub(super) async fn find(group: u32, command: &[OsString], ended: &mut mpsc::Receiver<()>) -> Option<Upstream> {
    let started = tokio::time::Instant::now();
    let mut told = false;
    loop {
        match sockets::listening(group) {
            Ok(addresses) => {
                if let Some(address) = choose(&addresses, command) {
                    return Some(upstream(address));
                }
            }
            Err(why) => {
                super::say(&format!("{why}: taking the usual port {USUAL}; name another with --to"));
                return Some(upstream(SocketAddr::from((Ipv4Addr::LOCALHOST, USUAL))));
            }
        }
        if !told && started.elapsed() > PATIENCE {
            super::say("the command listens on no TCP port yet; if another process does it, name it with --to URL");
            told = true;
        }
        tokio::select! {
            _ = ended.recv() => return None,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Of several addresses, the one whose port the command line names, else the usual one, else the lowest port: a debugger
/// or a metrics page has a higher one.
fn choose(addresses: &BTreeSet<SocketAddr>, command: &[OsString]) -> Option<SocketAddr> {
    let named = |address: &&SocketAddr| {
        let port = address.port().to_string();
        command.iter().any(|word| {
            let word = word.to_string_lossy();
            word.rsplit([':', '=']).next() == Some(&port)
        })
    };
    let usual = |address: &&SocketAddr| address.port() == USUAL;
    let found = addresses.iter().find(named).or_else(|| addresses.iter().find(usual));
    found.or_else(|| addresses.iter().min_by_key(|address| address.port())).copied()
}

/// How to reach a listener of this machine from this machine.
fn upstream(address: SocketAddr) -> Upstream {
    let host = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    Upstream { host: host.to_string(), port: address.port() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_that_the_command_names_comes_first() {
        let addresses =
            |ports: &[u16]| ports.iter().map(|port| ([127, 0, 0, 1], *port).into()).collect::<BTreeSet<_>>();
        let command = |words: &[&str]| words.iter().map(OsString::from).collect::<Vec<_>>();
        for (ports, words, port) in [
            (&[5678, 9000][..], &["uvicorn", "a:app", "--port", "9000"][..], Some(9000)),
            (&[5678, 9000], &["uvicorn", "a:app", "--port=9000"], Some(9000)),
            (&[5678, 9000], &["hypercorn", "-b", "127.0.0.1:9000"], Some(9000)),
            (&[5678, 8000], &["python", "main.py"], Some(8000)),
            (&[9000, 5678], &["python", "main.py"], Some(5678)),
            (&[], &["python", "main.py"], None),
        ] {
            let chosen = choose(&addresses(ports), &command(words));
            assert_eq!(chosen.map(|address| address.port()), port, "{words:?}");
        }
    }

    #[test]
    fn everywhere_is_reached_here() {
        let shown = |text: &str| upstream(text.parse().unwrap()).to_string();
        assert_eq!(shown("0.0.0.0:8000"), "http://127.0.0.1:8000");
        assert_eq!(shown("[::]:8000"), "http://[::1]:8000");
        assert_eq!(shown("10.0.0.1:1"), "http://10.0.0.1:1");
    }
}
