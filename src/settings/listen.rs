//! Where to listen, and where to send on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::gateway::{Listen, Upstream};
use crate::lanes::TapKind;

/// One listener as asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// What it is.
    pub kind: TapKind,
    /// Where it listens; port 0 lets the system choose.
    pub address: SocketAddr,
    /// Where it sends on; `None` for the stand-in, whose routes say where.
    pub upstream: Option<Upstream>,
    /// The listener of the proxy's configuration that it stands for, or before.
    pub door: Option<Listen>,
}

/// The value of `--edge` and `--app`: `LISTEN=URL`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TapSpec {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where to send on.
    pub upstream: Upstream,
}

impl TapSpec {
    /// Reads `LISTEN=URL`.
    ///
    /// # Errors
    /// A sentence that says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (listen, upstream) =
            text.split_once('=').ok_or("write LISTEN=URL, e.g. 127.0.0.1:9998=http://127.0.0.1:9999")?;
        Ok(Self { listen: parse_listen(listen)?, upstream: Upstream::parse(upstream)? })
    }

    /// As a listener of this kind.
    pub fn listener(self, kind: TapKind) -> Listener {
        Listener { kind, address: self.listen, upstream: Some(self.upstream), door: None }
    }
}

/// Reads an address to listen on: `ADDRESS:PORT`, or `:PORT` and `PORT` for the loopback address.
///
/// # Errors
/// A sentence that says what would be right.
pub fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    let wrong =
        || format!("{text:?} is no address to listen on: write ADDRESS:PORT, e.g. 127.0.0.1:9998, or just a port");
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(address);
    }
    let port = match text.rsplit_once(':') {
        None => text,
        Some(("" | "localhost", port)) => port,
        Some(_) => return Err(wrong()),
    };
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    let port = port.parse::<u16>().ok().filter(|_| digits).ok_or_else(wrong)?;
    Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
}

/// Checks the listeners of one run against each other.
///
/// # Errors
/// A sentence that names the two that collide, or the one that would send to itself.
pub(super) fn check(listeners: &[Listener]) -> Result<(), String> {
    for (index, listener) in listeners.iter().enumerate() {
        let address = listener.address;
        if address.port() != 0 && listeners.iter().skip(index + 1).any(|other| other.address == address) {
            return Err(format!("two listeners have the address {address}: give each its own port"));
        }
        let to_itself = |upstream: &&Upstream| {
            upstream.port == address.port() && upstream.host.parse().is_ok_and(|ip: IpAddr| ip == address.ip())
        };
        if let Some(upstream) = listener.upstream.as_ref().filter(to_itself) {
            return Err(format!(
                "the listener {address} would send to itself ({upstream}): name the next hop's address"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_just_a_port() {
        for (text, expected) in [
            ("127.0.0.1:9998", "127.0.0.1:9998"),
            (":9998", "127.0.0.1:9998"),
            ("9998", "127.0.0.1:9998"),
            ("localhost:9998", "127.0.0.1:9998"),
            ("0.0.0.0:80", "0.0.0.0:80"),
            ("[::1]:80", "[::1]:80"),
            ("0", "127.0.0.1:0"),
        ] {
            assert_eq!(parse_listen(text).map(|address| address.to_string()), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_an_example() {
        for text in ["", ":", "x", "example.org:80", "127.0.0.1", "127.0.0.1:99999", "+80", "::1:80:", "http://x:80"] {
            let error = parse_listen(text).unwrap_err();
            assert!(error.contains("127.0.0.1:9998"), "{text}: {error}");
        }
    }

    #[test]
    fn a_tap_has_two_ends() {
        let tap = TapSpec::parse(":9998=http://app:8000").unwrap();
        assert_eq!((tap.listen.port(), tap.upstream.to_string()), (9998, "http://app:8000".to_owned()));
        assert!(TapSpec::parse("9998").unwrap_err().contains("LISTEN=URL"));
        assert!(TapSpec::parse("x=http://app").unwrap_err().contains("no address to listen on"));
        assert!(TapSpec::parse("9998=app:8000").unwrap_err().contains("http://HOST:PORT"));
    }

    #[test]
    fn listeners_may_not_collide() {
        let tap = |text| TapSpec::parse(text).unwrap().listener(TapKind::Edge);
        assert_eq!(
            check(&[tap("1=http://app:2"), tap("2=http://app:2"), tap("0=http://a:1"), tap("0=http://a:1")]),
            Ok(())
        );
        let twice = check(&[tap("1=http://app:2"), tap("1=http://app:3")]).unwrap_err();
        assert!(twice.contains("two listeners have the address 127.0.0.1:1"), "{twice}");
        let itself = check(&[tap("1=http://127.0.0.1:1")]).unwrap_err();
        assert!(itself.contains("would send to itself"), "{itself}");
    }
}
