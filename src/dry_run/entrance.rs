//! Where a request arrives: the listener that its URL leads to.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::request::Asked;
use super::{LOOPBACK, STAND_IN};
use crate::gateway::{Gateway, Listen, Proxy};
use crate::redirect::{default_port, split_port};

/// Where a request arrives at the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrance {
    /// The proxy's end of the connection.
    pub local: SocketAddr,
    /// `Some` if the connection is TLS: the name that the client asks for, where it may ask for one.
    pub tls: Option<Option<String>>,
    /// What was taken for granted, a sentence.
    pub assumed: Option<String>,
}

impl Entrance {
    /// The listener that takes a request, by the port of its URL. Where nothing listens on that port, and there is but one
    /// listener that it can be meant for, the port is taken for a mapped one.
    ///
    /// # Errors
    /// A sentence that says where the proxy listens, if no listener takes it.
    pub fn of(gateway: Option<&Gateway>, asked: &Asked) -> Result<Self, String> {
        let secure = asked.public().is_some();
        let Some(gateway) = gateway.filter(|gateway| gateway.proxy != Proxy::Flags) else {
            return Ok(Self { local: STAND_IN, tls: None, assumed: None });
        };
        if let Some(front) = gateway.front {
            let first = gateway.listeners.iter().find(|listen| !listen.tls).or(gateway.listeners.first());
            let port = first.map_or(80, |listen| listen.port);
            let assumed = format!("{} is taken to send to port {port}", front.balancer);
            return Ok(Self { assumed: Some(assumed), ..Self::at(first, port, first.is_some_and(|l| l.tls), asked) });
        }
        let Some(origin) = &asked.origin else {
            let first = gateway.listeners.iter().find(|listen| !listen.tls).or(gateway.listeners.first());
            let port = first.map_or(80, |listen| listen.port);
            let assumed = format!("no URL says which port it comes to: taken for {port}");
            return Ok(Self { assumed: Some(assumed), ..Self::at(first, port, first.is_some_and(|l| l.tls), asked) });
        };
        let port = origin.port.or_else(|| default_port(&origin.scheme)).unwrap_or(80);
        let on_port = |tls: bool| gateway.listeners.iter().find(move |listen| listen.port == port && listen.tls == tls);
        let found = on_port(secure).or_else(|| on_port(!secure));
        if found.is_some() || gateway.listeners.is_empty() {
            return Ok(Self::at(found, port, secure, asked));
        }
        let mut alike: Vec<&Listen> = gateway.listeners.iter().filter(|listen| listen.tls == secure).collect();
        alike.sort_by_key(|listen| listen.port);
        alike.dedup_by_key(|listen| listen.port);
        match alike.as_slice() {
            [only] => {
                let assumed =
                    format!("nothing listens on port {port}: taken for port {}, mapped ({})", only.port, shown(only));
                Ok(Self { assumed: Some(assumed), ..Self::at(Some(only), only.port, secure, asked) })
            }
            _ => Err(nowhere(gateway, port, secure)),
        }
    }

    fn at(listen: Option<&Listen>, port: u16, secure: bool, asked: &Asked) -> Self {
        let address = listen.and_then(|listen| listen.address.trim_matches(['[', ']']).parse::<IpAddr>().ok());
        let address = match address {
            Some(IpAddr::V4(Ipv4Addr::UNSPECIFIED)) | None => LOOPBACK,
            Some(address) if address.is_unspecified() => LOOPBACK,
            Some(address) => address,
        };
        Self { local: SocketAddr::new(address, port), tls: secure.then(|| server_name(asked)), assumed: None }
    }
}

/// The name that a client asks for in TLS: the host of the URL, or of the head. Addresses are no names (RFC 6066 section 3).
fn server_name(asked: &Asked) -> Option<String> {
    let host = match &asked.origin {
        Some(origin) => origin.host.clone(),
        None => String::from_utf8_lossy(split_port(asked.head.get("host")?).0).into_owned(),
    };
    let bare = host.trim_matches(['[', ']']);
    (!bare.is_empty() && bare.parse::<IpAddr>().is_err()).then(|| bare.to_owned())
}

/// `80`, `443 with TLS`, and the line.
fn shown(listen: &Listen) -> String {
    let address = if listen.address.is_empty() { String::new() } else { format!("{}:", listen.address) };
    let tls = if listen.tls { " with TLS" } else { "" };
    let place = listen.place.as_ref().map(|place| format!(", {place}")).unwrap_or_default();
    format!("{address}{}{tls}{place}", listen.port)
}

fn nowhere(gateway: &Gateway, port: u16, secure: bool) -> String {
    let (proxy, scheme) = (gateway.proxy, if secure { "https" } else { "http" });
    let mut all: Vec<String> = gateway.listeners.iter().map(shown).collect();
    all.dedup();
    let way_out = if secure && gateway.listeners.iter().all(|listen| !listen.tls) {
        "; for TLS that ends before it ask for http:// and say --header 'X-Forwarded-Proto: https'"
    } else {
        ""
    };
    format!("{proxy} takes no {scheme} on port {port}: it listens on {}{way_out}", all.join("; "))
}
