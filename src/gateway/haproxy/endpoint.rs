//! Addresses: where a section listens and which servers it has (`cfgparse-listen.c`, `server.c`, `tools.c`, 2.6).

use super::keywords::{bind_parameter, server_parameter};
use super::words::Line;
use crate::gateway::{Destination, Listen, NotUnderstood, Upstream};

/// An address that a section listens on.
#[derive(Clone, Debug)]
pub(super) struct Bind {
    /// The address, as the lists of listeners show it.
    pub(super) listen: Listen,
    /// The line.
    pub(super) line: Line,
}

/// What a `bind` line says.
#[derive(Debug, Default)]
pub(super) struct Binds {
    /// The addresses.
    pub(super) listens: Vec<Bind>,
    /// What of it is not understood.
    pub(super) doubts: Vec<NotUnderstood>,
}

/// Reads a `bind` line.
pub(super) fn binds(line: &Line) -> Binds {
    let mut out = Binds::default();
    let mut doubt = |what: String| out.doubts.push(NotUnderstood::at(&line.place, format!("bind: {what}")));
    let mut tls = false;
    let mut words = line.from(2).iter();
    while let Some(word) = words.next() {
        match (word.as_str(), bind_parameter(word)) {
            ("ssl", _) => tls = true,
            (_, Some(count)) => drop(words.by_ref().take(count).count()),
            (word, None) => doubt(format!("{word:?} is not modelled")),
        }
    }
    for text in line.word(1).split(',') {
        let bare = text.trim_start_matches("ipv4@").trim_start_matches("ipv6@");
        let Some((address, ports)) = bare.rsplit_once(':').filter(|_| !bare.starts_with('/') && !bare.contains('@'))
        else {
            doubt(format!("the address {text:?} is not modelled"));
            continue;
        };
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>()) else {
            doubt(format!("{ports:?} is no port"));
            continue;
        };
        let address = address.trim_start_matches('[').trim_end_matches(']');
        let address = if address == "*" { "" } else { address };
        for port in first..=last {
            let listen = Listen { address: address.to_owned(), port, tls, place: Some(line.place.clone()) };
            out.listens.push(Bind { listen, line: line.clone() });
        }
    }
    out
}

/// A server.
#[derive(Clone, Debug)]
pub(super) struct Server {
    /// The line.
    pub(super) line: Line,
    /// Taken only if no other is there.
    pub(super) backup: bool,
    /// Not taken.
    pub(super) disabled: bool,
    tls: bool,
    unix: Option<String>,
    host: String,
    port: Option<u16>,
}

impl Server {
    /// Reads a `server` line; `defaults` are the words of `default-server`.
    ///
    /// # Errors
    /// What of it is not modelled.
    pub(super) fn new(line: &Line, defaults: &[String]) -> Result<Self, String> {
        let mut out = Self::at(line)?;
        let mut words = defaults.iter().chain(line.from(3));
        while let Some(word) = words.next() {
            let mut next = || words.next().map_or("", String::as_str);
            match (word.as_str(), server_parameter(word)) {
                ("ssl", _) => out.tls = true,
                ("no-ssl", _) => out.tls = false,
                ("backup", _) => out.backup = true,
                ("no-backup", _) => out.backup = false,
                ("disabled", _) => out.disabled = true,
                ("enabled", _) => out.disabled = false,
                ("weight", _) => out.disabled |= next() == "0",
                ("proto", _) => match next() {
                    "h1" => {}
                    name => return Err(format!("proto {name} is not modelled")),
                },
                ("alpn", _) => {
                    if next().split(',').any(|name| name == "h2") {
                        return Err("HTTP/2 to a server is not modelled".to_owned());
                    }
                }
                (_, Some(count)) => (0..count).for_each(|_| {
                    next();
                }),
                (word, None) => return Err(format!("{word:?} is not modelled")),
            }
        }
        Ok(out)
    }

    fn at(line: &Line) -> Result<Self, String> {
        let text = line.word(2);
        let mut out = Self {
            line: line.clone(),
            backup: false,
            disabled: false,
            tls: false,
            unix: None,
            host: String::new(),
            port: None,
        };
        if let Some(path) = text.strip_prefix("unix@").or(Some(text).filter(|text| text.starts_with('/'))) {
            out.unix = Some(path.to_owned());
            return Ok(out);
        }
        let text = text.trim_start_matches("ipv4@").trim_start_matches("ipv6@");
        if text.contains('@') || text.is_empty() {
            return Err(format!("the address {text:?} is not modelled"));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !text.ends_with(']') => (host, port),
            _ => (text, ""),
        };
        out.port = match port {
            "" => None,
            port => Some(port.parse().map_err(|_| format!("the port {port:?} is not modelled"))?),
        };
        host.trim_start_matches('[').trim_end_matches(']').clone_into(&mut out.host);
        Ok(out)
    }

    /// Where it is, for a request that arrived on this port: one without a port has the listener's.
    pub(super) fn destination(&self, port: u16) -> Destination {
        if let Some(path) = &self.unix {
            return Destination::Unix(path.clone());
        }
        let upstream = Upstream { host: self.host.clone(), port: self.port.unwrap_or(port) };
        if self.tls { Destination::Https(upstream) } else { Destination::Http(upstream) }
    }
}
