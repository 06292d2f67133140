//! Which addresses here stand for the listeners of a proxy's configuration.
//!
//! The model is asked about the ports of the configuration, whatever the ports here are: a container's port 80 may be port
//! 8080 of this machine, and nobody but root may listen on 443.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::{Listener, parse_listen};
use crate::gateway::{Gateway, Listen};
use crate::lanes::TapKind;

/// The value of `--map-listen`: `PORT=ADDRESS:PORT` or `PORT=PORT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MappedPort {
    /// The port that the configuration listens on.
    pub configured: u16,
    /// Where that is here.
    pub here: SocketAddr,
}

impl MappedPort {
    /// Reads `PORT=ADDRESS:PORT`; the address is the loopback one if it is left out.
    ///
    /// # Errors
    /// A sentence that says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} maps no port: write PORT=PORT, e.g. 80=8080, or PORT=ADDRESS:PORT");
        let (configured, here) = text.split_once('=').ok_or_else(wrong)?;
        let configured = configured.trim_start_matches(':').parse().map_err(|_| wrong())?;
        Ok(Self { configured, here: parse_listen(here)? })
    }
}

/// The listeners of a stand-in for a configured proxy: those of `listen`, else those of the mapped ports, else one on the
/// loopback address for each port of the configuration.
///
/// # Errors
/// A sentence that names the ports of the configuration, where it cannot be told which of them is meant.
pub fn stand_ins(gateway: &Gateway, listen: &[SocketAddr], mapped: &[MappedPort]) -> Result<Vec<Listener>, String> {
    let doors = doors(gateway);
    let ports = || doors.iter().map(|door| door.port.to_string()).collect::<Vec<_>>().join(", ");
    let at = |address, door: Option<&Listen>| Listener {
        kind: TapKind::StandIn,
        address,
        upstream: None,
        door: door.cloned(),
    };
    match (listen, mapped, doors.as_slice()) {
        ([], [], []) => Err("the configuration does not say where it listens: say it with --listen".to_owned()),
        (_, [], [] | [_]) if !listen.is_empty() => {
            Ok(listen.iter().map(|address| at(*address, doors.first())).collect())
        }
        ([], [], doors) => {
            let here = |door: &Listen| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), door.port);
            Ok(doors.iter().map(|door| at(here(door), Some(door))).collect())
        }
        ([], mapped, doors) => mapped
            .iter()
            .map(|mapped| {
                let door = doors.iter().find(|door| door.port == mapped.configured).ok_or_else(|| {
                    format!("--map-listen {}: the configuration listens on {}", mapped.configured, ports())
                })?;
                Ok(at(mapped.here, Some(door)))
            })
            .collect(),
        _ => Err(format!(
            "the configuration listens on {}: say with --map-listen PORT=ADDRESS which of them is which address here",
            ports()
        )),
    }
}

/// The listener of the configuration that a tap before the proxy sends to: the one with that port, or the one that is
/// mapped to it, or the only one there is.
pub fn door_behind(gateway: &Gateway, port: u16, mapped: &[MappedPort]) -> Option<Listen> {
    let doors = doors(gateway);
    let configured = mapped.iter().find(|mapped| mapped.here.port() == port).map_or(port, |mapped| mapped.configured);
    let exact = doors.iter().find(|door| door.port == configured);
    exact.or(if let [only] = doors.as_slice() { Some(only) } else { None }).cloned()
}

/// The listeners of a configuration, one for each port: the address that it listens on is another machine's.
fn doors(gateway: &Gateway) -> Vec<Listen> {
    let mut doors: Vec<Listen> = Vec::new();
    for listen in &gateway.listeners {
        if !doors.iter().any(|door| door.port == listen.port) {
            doors.push(listen.clone());
        }
    }
    doors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::parse_route;

    fn gateway(ports: &[(u16, bool)]) -> Gateway {
        let listen = |&(port, tls): &(u16, bool)| Listen { address: String::new(), port, tls, place: None };
        let mut gateway = Gateway::of_routes(vec![parse_route("/=http://a:1").unwrap()], None);
        gateway.listeners = ports.iter().map(listen).collect();
        gateway
    }

    /// `80→127.0.0.1:8080` for each listener, or the error.
    fn told(ports: &[(u16, bool)], listen: &[&str], mapped: &[&str]) -> Result<String, String> {
        let listen: Vec<SocketAddr> = listen.iter().map(|text| parse_listen(text).unwrap()).collect();
        let mapped: Vec<MappedPort> = mapped.iter().map(|text| MappedPort::parse(text).unwrap()).collect();
        let listeners = stand_ins(&gateway(ports), &listen, &mapped)?;
        let shown = |l: &Listener| format!("{}→{}", l.door.as_ref().map_or(0, |door| door.port), l.address);
        Ok(listeners.iter().map(shown).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn addresses_stand_for_the_ports_of_the_configuration() {
        let web: &[(u16, bool)] = &[(80, false), (80, false)];
        let both: &[(u16, bool)] = &[(80, false), (443, true)];
        assert_eq!(told(web, &[], &[]).unwrap(), "80→127.0.0.1:80");
        assert_eq!(told(web, &["9999"], &[]).unwrap(), "80→127.0.0.1:9999");
        assert_eq!(told(both, &[], &[]).unwrap(), "80→127.0.0.1:80 443→127.0.0.1:443");
        assert_eq!(told(both, &[], &["443=0.0.0.0:8443"]).unwrap(), "443→0.0.0.0:8443");
        assert_eq!(told(&[], &["9999"], &[]).unwrap(), "0→127.0.0.1:9999");
        for (ports, listen, mapped, part) in [
            (&[][..], &[][..], &[][..], "--listen"),
            (both, &["9999"], &[], "listens on 80, 443"),
            (both, &["9999"], &["80=1"], "listens on 80, 443"),
            (both, &[], &["81=1"], "listens on 80, 443"),
        ] {
            let error = told(ports, listen, mapped).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
        for text in ["80", "x=80", "80=x", "=80", "99999=1"] {
            assert!(MappedPort::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_tap_stands_before_the_listener_that_it_sends_to() {
        let behind = |ports, port, mapped: &[&str]| {
            let mapped: Vec<MappedPort> = mapped.iter().map(|text| MappedPort::parse(text).unwrap()).collect();
            door_behind(&gateway(ports), port, &mapped).map(|door| door.port)
        };
        assert_eq!(behind(&[(80, false), (8080, false)], 8080, &[]), Some(8080));
        assert_eq!(behind(&[(80, false), (8080, false)], 9999, &["80=9999"]), Some(80));
        assert_eq!(behind(&[(80, false)], 9999, &[]), Some(80), "the only one");
        assert_eq!(behind(&[(80, false), (8080, false)], 9999, &[]), None);
    }
}
