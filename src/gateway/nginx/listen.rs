//! What is listened on, and which servers stand behind it.
//!
//! Source: `ngx_parse_url`, `ngx_parse_inet_url` (`ngx_inet.c`), `ngx_http_core_listen` (`ngx_http_core_module.c`),
//! `ngx_http_add_listen` (`ngx_http.c`), 1.22.1.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::config::ServerId;
use super::server_name::{Named, Names, ServerName};
use super::tree::Directive;
use crate::gateway::{ConfigError, NotUnderstood, Place};

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Address {
    /// An IP address; the unspecified one for all of its family.
    Ip(IpAddr),
    /// A name that the system resolves.
    Name(String),
    /// A unix socket.
    Unix(String),
}

/// One `listen`, or the one that a server has without it.
#[derive(Clone, Debug)]
pub(super) struct Listening {
    pub(super) address: Address,
    /// First and last port; 0 for a unix socket.
    pub(super) ports: (u16, u16),
    /// As written.
    pub(super) text: String,
    pub(super) tls: bool,
    pub(super) default: bool,
    pub(super) proxy_protocol: bool,
    /// An IPv6 address that takes IPv4 too.
    pub(super) both: bool,
    /// HTTP/3 over UDP.
    pub(super) quic: bool,
    pub(super) place: Place,
}

impl Listening {
    /// What a server without `listen` has: port 80, where nginx runs as root.
    pub(super) fn implied(place: &Place) -> Self {
        Self {
            address: Address::Ip(Ipv4Addr::UNSPECIFIED.into()),
            ports: (80, 80),
            text: "80".to_owned(),
            tls: false,
            default: false,
            proxy_protocol: false,
            both: false,
            quic: false,
            place: place.clone(),
        }
    }

    /// Reads a `listen`.
    ///
    /// # Errors
    /// nginx refuses it; or `Ok(Err(_))` for what is not understood.
    pub(super) fn parse(directive: &Directive) -> Result<Result<Self, NotUnderstood>, ConfigError> {
        let Some(first) = directive.args.first() else {
            return Err(directive.wrong("an address or a port is missing"));
        };
        let text = String::from_utf8_lossy(first).into_owned();
        if text.contains("${") || text.contains('$') {
            let what = format!("{directive}: the variable is neither nginx's nor of the environment");
            return Ok(Err(NotUnderstood::at(&directive.place, what)));
        }
        let (address, ports) = address(&text).map_err(|why| directive.wrong(format!("{why} in \"{text}\"")))?;
        let mut listening = Self { address, ports, text, ..Self::implied(&directive.place) };
        for index in 1..directive.args.len() {
            let option = directive.text(index);
            let (name, value) =
                option.split_once('=').map_or((option.as_str(), None), |(name, value)| (name, Some(value)));
            match (name, value) {
                ("default_server" | "default", None) => listening.default = true,
                ("ssl", None) => listening.tls = true,
                ("quic", None) => (listening.quic, listening.tls) = (true, true),
                ("proxy_protocol", None) => listening.proxy_protocol = true,
                ("ipv6only", Some(value)) => listening.both = value == "off",
                ("http2" | "spdy" | "http3" | "bind" | "deferred" | "reuseport" | "multipath", None)
                | (
                    "backlog" | "rcvbuf" | "sndbuf" | "setfib" | "fastopen" | "so_keepalive" | "accept_filter",
                    Some(_),
                ) => {}
                _ => return Err(directive.wrong(format!("invalid parameter \"{option}\""))),
            }
        }
        Ok(Ok(listening))
    }
}

/// Reads an address: `80`, `127.0.0.1:80`, `[::]:80`, `*:80`, `localhost`, `unix:/run/x.sock`, `8000-8010`.
fn address(text: &str) -> Result<(Address, (u16, u16)), &'static str> {
    if let Some(path) = text.strip_prefix("unix:") {
        return if path.is_empty() {
            Err("no path in the unix domain socket")
        } else {
            Ok((Address::Unix(path.to_owned()), (0, 0)))
        };
    }
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or("invalid host")?;
        let address: Ipv6Addr = host.parse().map_err(|_| "invalid IPv6 address")?;
        let port = match rest.strip_prefix(':') {
            Some(port) => ports(port).ok_or("invalid port")?,
            None if rest.is_empty() => (80, 80),
            None => return Err("invalid host"),
        };
        return Ok((Address::Ip(address.into()), port));
    }
    if text.contains('/') {
        return Err("invalid host");
    }
    let all = Address::Ip(Ipv4Addr::UNSPECIFIED.into());
    match text.split_once(':') {
        Some((host, port)) => Ok((host_address(host)?, ports(port).ok_or("invalid port")?)),
        None if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') => {
            Ok((all, ports(text).ok_or("invalid port")?))
        }
        None => Ok((host_address(text)?, (80, 80))),
    }
}

fn host_address(host: &str) -> Result<Address, &'static str> {
    Ok(match host {
        "" => return Err("no host"),
        "*" => Address::Ip(Ipv4Addr::UNSPECIFIED.into()),
        "localhost" => Address::Ip(Ipv4Addr::LOCALHOST.into()),
        _ => host
            .parse::<Ipv4Addr>()
            .map_or_else(|_| Address::Name(host.to_owned()), |address| Address::Ip(address.into())),
    })
}

/// A port or a range of them.
fn ports(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let number = |text: &str| text.parse::<u16>().ok().filter(|&port| port > 0);
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some((first, last))
}

/// What one address and port lead to.
#[derive(Clone, Debug)]
pub(super) struct Socket {
    pub(super) address: Address,
    pub(super) ports: (u16, u16),
    pub(super) tls: bool,
    pub(super) proxy_protocol: Option<Place>,
    both: bool,
    pub(super) default: ServerId,
    default_is_told: bool,
    names: Names,
    servers: Vec<ServerId>,
}

impl Socket {
    /// The server that a host names.
    ///
    /// # Errors
    /// Why it cannot be told.
    pub(super) fn find(&self, host: &[u8], hostname: &str) -> Result<Option<Named<'_>>, String> {
        self.names.find(host, hostname)
    }

    /// How well it fits a connection; `None` if it does not take it.
    fn fit(&self, local: SocketAddr) -> Option<u8> {
        let (first, last) = self.ports;
        if !(first..=last).contains(&local.port()) {
            return None;
        }
        let own = local.ip().to_canonical();
        Some(match &self.address {
            Address::Ip(address) if *address == own => 4,
            Address::Ip(address) if address.is_unspecified() && address.is_ipv4() == own.is_ipv4() => 3,
            Address::Ip(address) if address.is_unspecified() && self.both => 2,
            // Another address of the machine: the connection did come here, so it is one of these.
            Address::Ip(_) | Address::Name(_) => 1,
            Address::Unix(_) => return None,
        })
    }
}

/// All sockets.
#[derive(Clone, Debug, Default)]
pub(super) struct Sockets(Vec<Socket>);

impl Sockets {
    /// Adds a server's `listen`.
    ///
    /// # Errors
    /// nginx refuses it: the same address twice in one server, or two default servers for it.
    pub(super) fn add(
        &mut self,
        listening: &Listening,
        server: ServerId,
        names: &[ServerName],
    ) -> Result<(), ConfigError> {
        let same = |socket: &&mut Socket| socket.address == listening.address && socket.ports == listening.ports;
        let Some(socket) = self.0.iter_mut().find(same) else {
            let mut own = Names::default();
            for name in names {
                own.add(name, server);
            }
            self.0.push(Socket {
                address: listening.address.clone(),
                ports: listening.ports,
                tls: listening.tls,
                proxy_protocol: listening.proxy_protocol.then(|| listening.place.clone()),
                both: listening.both,
                default: server,
                default_is_told: listening.default,
                names: own,
                servers: vec![server],
            });
            return Ok(());
        };
        let refuse = |what: &str| Err(ConfigError::at(&listening.place, format!("listen: {what} {}", listening.text)));
        if socket.servers.last() == Some(&server) {
            return refuse("a duplicate listen");
        }
        if listening.default && socket.default_is_told {
            return refuse("a duplicate default server for");
        }
        if listening.default {
            (socket.default, socket.default_is_told) = (server, true);
        }
        socket.tls |= listening.tls;
        socket.both |= listening.both;
        if listening.proxy_protocol {
            socket.proxy_protocol.get_or_insert_with(|| listening.place.clone());
        }
        for name in names {
            socket.names.add(name, server);
        }
        socket.servers.push(server);
        Ok(())
    }

    /// The socket that a connection came in by.
    pub(super) fn of(&self, local: SocketAddr) -> Option<&Socket> {
        let best = self.0.iter().filter_map(|socket| Some((socket.fit(local)?, socket)));
        // Of equals the first.
        best.rev().max_by_key(|(fit, _)| *fit).map(|(_, socket)| socket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let ip = |text: &str| Address::Ip(text.parse().unwrap());
        for (text, want) in [
            ("80", Ok((ip("0.0.0.0"), (80, 80)))),
            ("8000-8010", Ok((ip("0.0.0.0"), (8000, 8010)))),
            ("127.0.0.1:81", Ok((ip("127.0.0.1"), (81, 81)))),
            ("127.0.0.1", Ok((ip("127.0.0.1"), (80, 80)))),
            ("*:80", Ok((ip("0.0.0.0"), (80, 80)))),
            ("[::]:80", Ok((ip("::"), (80, 80)))),
            ("[::1]", Ok((ip("::1"), (80, 80)))),
            ("unix:/run/x", Ok((Address::Unix("/run/x".to_owned()), (0, 0)))),
            ("example.com:8080", Ok((Address::Name("example.com".to_owned()), (8080, 8080)))),
            ("70000", Err("invalid port")),
            ("0", Err("invalid port")),
            ("9-8", Err("invalid port")),
            (":80", Err("no host")),
            ("[::", Err("invalid host")),
            ("http://x", Err("invalid host")),
            ("unix:", Err("no path in the unix domain socket")),
        ] {
            assert_eq!(address(text), want, "{text}");
        }
    }
}
