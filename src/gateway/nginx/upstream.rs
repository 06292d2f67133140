//! Groups of upstream servers, and the addresses in them.
//!
//! Source: `ngx_parse_url` (`ngx_inet.c`), `ngx_http_upstream_server` (`ngx_http_upstream.c`), 1.22.1.

use super::tree::Directive;
use crate::gateway::{ConfigError, Destination, NotUnderstood, Place, Upstream};

/// A URL behind its scheme: `host[:port][/uri]`, `unix:/path[:/uri]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Authority {
    /// The host as written, brackets included; the path of a unix socket.
    pub(super) host: String,
    /// The port as written; `None` if none is.
    pub(super) port_text: Option<String>,
    pub(super) port: u16,
    pub(super) unix: bool,
    /// What follows, empty if nothing does.
    pub(super) uri: Vec<u8>,
}

impl Authority {
    /// Reads it.
    ///
    /// # Errors
    /// What nginx says of it.
    pub(super) fn parse(text: &[u8], default_port: u16) -> Result<Self, &'static str> {
        if let Some(path) = text.strip_prefix(b"unix:") {
            let (path, uri) = match memchr::memchr(b':', path) {
                Some(at) => (path.get(..at).unwrap_or_default(), path.get(at + 1..).unwrap_or_default()),
                None => (path, b"".as_slice()),
            };
            if path.is_empty() {
                return Err("no path in the unix domain socket");
            }
            let host = String::from_utf8_lossy(path).into_owned();
            return Ok(Self { host, port_text: None, port: 0, unix: true, uri: uri.to_vec() });
        }
        let start = text.iter().position(|&byte| matches!(byte, b'/' | b'?')).unwrap_or(text.len());
        let (authority, uri) = text.split_at(start);
        let bracket = if authority.first() == Some(&b'[') {
            memchr::memchr(b']', authority).ok_or("invalid host")? + 1
        } else {
            0
        };
        let colon = authority.iter().skip(bracket).position(|&byte| byte == b':').map(|at| at + bracket);
        let (host, port) = match colon {
            Some(at) => (authority.get(..at).unwrap_or_default(), authority.get(at + 1..)),
            None => (authority, None),
        };
        let host = String::from_utf8_lossy(host).into_owned();
        let port_text = port.map(|port| String::from_utf8_lossy(port).into_owned());
        let port = match &port_text {
            Some(port) => number(port).ok_or("invalid port")?,
            None => default_port,
        };
        if host.is_empty() {
            return Err("no host");
        }
        if bracket > 0 && (host.len() != bracket || address(&host).is_none()) {
            return Err("invalid IPv6 address");
        }
        Ok(Self { host, port_text, port, unix: false, uri: uri.to_vec() })
    }

    /// Where it leads if its host is an address or a name of the system's.
    pub(super) fn destination(&self, tls: bool) -> Destination {
        if self.unix {
            return Destination::Unix(self.host.clone());
        }
        let host = self.host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let upstream = Upstream { host, port: self.port };
        if tls { Destination::Https(upstream) } else { Destination::Http(upstream) }
    }

    /// True if the host is an address.
    pub(super) fn is_address(&self) -> bool {
        self.unix || self.host.parse::<std::net::Ipv4Addr>().is_ok() || address(&self.host).is_some()
    }
}

/// An IPv6 address in brackets.
fn address(host: &str) -> Option<std::net::Ipv6Addr> {
    host.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

fn number(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().filter(|&port| port > 0)
}

/// An `upstream` block.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// As written.
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) servers: Vec<Server>,
    /// What in it is not understood.
    pub(super) doubts: Vec<NotUnderstood>,
}

/// A `server` in it.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) authority: Authority,
    pub(super) backup: bool,
    pub(super) down: bool,
}

/// Where a group sends a request.
#[derive(Clone, Debug)]
pub(super) enum Choice {
    /// There.
    One(Destination),
    /// There or elsewhere: the first, and what is taken for granted so.
    Several(Destination, NotUnderstood),
    /// It cannot be told.
    Unknown(NotUnderstood),
    /// Nowhere: 502.
    None,
}

impl Group {
    /// Reads a block.
    ///
    /// # Errors
    /// nginx refuses it.
    pub(super) fn parse(block: &Directive, is_ignored: impl Fn(&str) -> bool) -> Result<Self, ConfigError> {
        let name = match block.args.as_slice() {
            [name] => String::from_utf8_lossy(name).into_owned(),
            _ => return Err(block.wrong("it takes one name")),
        };
        let mut group = Self { name, place: block.place.clone(), servers: Vec::new(), doubts: Vec::new() };
        for directive in block.inside() {
            match directive.name.as_str() {
                "server" => group.server(directive)?,
                name if is_ignored(name) => {}
                name => {
                    let what = format!("{name}: how it chooses a server is not modelled");
                    group.doubts.push(NotUnderstood::at(&directive.place, what));
                }
            }
        }
        if group.servers.is_empty() && group.doubts.is_empty() {
            return Err(block.wrong(format!("no servers are inside upstream \"{}\"", group.name)));
        }
        Ok(group)
    }

    fn server(&mut self, directive: &Directive) -> Result<(), ConfigError> {
        let Some(address) = directive.args.first() else { return Err(directive.wrong("an address is missing")) };
        if address.contains(&b'$') {
            let what = format!("{directive}: the variable is not of the environment");
            self.doubts.push(NotUnderstood::at(&directive.place, what));
            return Ok(());
        }
        let text = String::from_utf8_lossy(address).into_owned();
        let refuse = |why: &str| directive.wrong(format!("{why} in upstream \"{text}\""));
        let authority = Authority::parse(address, 80).map_err(refuse)?;
        if !authority.uri.is_empty() {
            return Err(refuse("invalid host"));
        }
        let mut server = Server { authority, backup: false, down: false };
        for index in 1..directive.args.len() {
            let option = directive.text(index);
            match option.split_once('=').map_or(option.as_str(), |(name, _)| name) {
                "backup" => server.backup = true,
                "down" => server.down = true,
                "weight" | "max_conns" | "max_fails" | "fail_timeout" | "slow_start" | "resolve" | "service"
                | "route" | "drain" => {}
                _ => return Err(directive.wrong(format!("invalid parameter \"{option}\""))),
            }
        }
        self.servers.push(server);
        Ok(())
    }

    /// Every place that it may send to.
    pub(super) fn destinations(&self, tls: bool) -> Vec<Destination> {
        let mut all = Vec::new();
        for server in &self.servers {
            let to = server.authority.destination(tls);
            if !all.contains(&to) {
                all.push(to);
            }
        }
        all
    }

    /// True if there is more than one server to try.
    pub(super) fn has_more(&self) -> bool {
        self.servers.iter().filter(|server| !server.down).count() > 1
    }

    /// Where it sends a request: those that are not down, the others for when they fail.
    pub(super) fn choose(&self, tls: bool) -> Choice {
        let live = |backup: bool| {
            let servers = self.servers.iter().filter(move |server| !server.down && server.backup == backup);
            servers.map(|server| server.authority.destination(tls)).collect::<Vec<_>>()
        };
        let primary = live(false);
        let all = if primary.is_empty() { live(true) } else { primary };
        if let Some(doubt) = self.doubts.first() {
            return Choice::Unknown(doubt.clone());
        }
        let Some(first) = all.first().cloned() else { return Choice::None };
        if all.iter().all(|to| *to == first) {
            return Choice::One(first);
        }
        let what = format!("upstream {}: the first of its {} servers is taken to be next", self.name, all.len());
        Choice::Several(first, NotUnderstood::at(&self.place, what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities() {
        let parts = |text: &str| {
            Authority::parse(text.as_bytes(), 80).map(|found| {
                (found.host, found.port_text.unwrap_or_default(), found.port, String::from_utf8(found.uri).unwrap())
            })
        };
        let ok =
            |host: &str, text: &str, port: u16, uri: &str| Ok((host.to_owned(), text.to_owned(), port, uri.to_owned()));
        for (text, want) in [
            ("app", ok("app", "", 80, "")),
            ("app:8000/", ok("app", "8000", 8000, "/")),
            ("app?x:1", ok("app", "", 80, "?x:1")),
            ("app/a:b", ok("app", "", 80, "/a:b")),
            ("[::1]:8000/x", ok("[::1]", "8000", 8000, "/x")),
            ("[::1]", ok("[::1]", "", 80, "")),
            ("unix:/run/x.sock:/y", ok("/run/x.sock", "", 0, "/y")),
            ("unix:/run/x.sock", ok("/run/x.sock", "", 0, "")),
            ("", Err("no host")),
            (":80", Err("no host")),
            ("app:", Err("invalid port")),
            ("app:0", Err("invalid port")),
            ("app:+1", Err("invalid port")),
            ("app:8000x", Err("invalid port")),
            ("[zz]", Err("invalid IPv6 address")),
        ] {
            assert_eq!(parts(text), want, "{text}");
        }
    }
}
