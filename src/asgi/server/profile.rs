//! What a server does with a root path and with forwarding headers, found by asking its own model.
//!
//! This file exists so that sentences, fixes and the table of servers cannot say anything that the model does not do:
//! nothing here is written down a second time.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Ends, HeaderUse, Program, Server};

/// Where a server puts the root path it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootPathUse {
    /// Into `root_path`, and before `path` and `raw_path`: it takes the proxy to have stripped the prefix.
    BeforePath,
    /// Into `root_path` alone: `path` has the prefix only if the proxy keeps it.
    Alone,
    /// Nowhere.
    Ignored,
    /// The model does not know this release.
    Unknown,
}

/// Whose forwarding headers a server believes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Believes {
    /// A peer at 127.0.0.1.
    pub loopback: bool,
    /// A peer at `::1`.
    pub loopback6: bool,
    /// A peer at any other address.
    pub others: bool,
    /// The peer of a unix socket, which has no address.
    pub unix: bool,
}

impl Believes {
    /// In words. What is read although nobody is believed is read of anyone.
    pub fn whom(self) -> Vec<&'static str> {
        let Self { loopback, loopback6, others, unix } = self;
        if !(loopback || loopback6 || others || unix) {
            return vec!["anyone"];
        }
        if loopback && loopback6 && others {
            return if unix { vec!["anyone"] } else { vec!["any address"] };
        }
        let known = [(loopback, "127.0.0.1"), (loopback6, "::1"), (others, "other addresses"), (unix, "unix sockets")];
        known.into_iter().filter(|(believed, _)| *believed).map(|(_, who)| who).collect()
    }
}

/// An address for documentation (RFC 5737): in nobody's trust list unless everyone is.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// What is asked for to see what becomes of a root path.
const REQUEST: &[u8] = b"GET /items HTTP/1.1\r\nHost: example.org\r\n\r\n";

/// The headers that any server modelled may read of a proxy, with a value that each would take.
const READABLE: [(&str, &[u8]); 9] = [
    ("x-forwarded-for", b"192.0.2.1"),
    ("x-forwarded-proto", b"https"),
    ("x-forwarded-host", b"example.org"),
    ("x-forwarded-port", b"443"),
    ("x-forwarded-prefix", b"/api"),
    ("x-forwarded-protocol", b"ssl"),
    ("x-forwarded-ssl", b"on"),
    ("forwarded", b"for=192.0.2.1;proto=https"),
    ("daphne-root-path", b"/api"),
];

impl Program {
    /// True if headers that an app gives with `websocket.accept` reach the client: not from daphne 4.2.3
    /// (`ws_protocol.py`, `serverAccept` takes the subprotocol alone) and granian 2.8.7 (tried).
    pub const fn sends_headers_of_accept(self) -> bool {
        !matches!(self, Self::Daphne | Self::Granian)
    }

    /// The option (or wrapper in code) that makes it read forwarding headers, and what it may be set to; `None` if it
    /// reads them by itself.
    pub const fn reading_option(self) -> Option<(&'static str, &'static [&'static str])> {
        match self {
            Self::Uvicorn | Self::Gunicorn => None,
            Self::Hypercorn => Some(("proxy-fix", &["legacy", "modern"])),
            Self::Daphne => Some(("proxy-headers", &["true"])),
            Self::Granian => Some(("wrap-proxy-headers", &["127.0.0.1"])),
        }
    }

    /// The ways of starting it that make it do otherwise than it does by itself: an option of its own, and a value.
    pub fn variants(self) -> Vec<(&'static str, &'static str)> {
        let workers = ["asgi", "uvicorn_worker.UvicornWorker"].map(|worker| ("worker-class", worker));
        let workers = workers.into_iter().filter(|_| self == Self::Gunicorn);
        let reading = self.reading_option().into_iter();
        let reading = reading.flat_map(|(name, values)| values.iter().map(move |value| (name, *value)));
        reading.chain(workers).collect()
    }

    /// The option that lists the peers that are believed; `None` if it asks nobody's address.
    pub const fn trust_option(self) -> Option<&'static str> {
        match self {
            Self::Uvicorn | Self::Gunicorn => Some("forwarded-allow-ips"),
            Self::Granian => Some("wrap-proxy-headers"),
            Self::Hypercorn | Self::Daphne => None,
        }
    }
}

impl Server {
    /// Where this server, as it was started, puts a root path.
    pub fn root_path_use(&self) -> RootPathUse {
        let asked = Self { root_path: "/prefix".to_owned(), ..self.clone() };
        let ends = Ends::tcp(loopback(50_000), loopback(8000));
        match asked.receive(REQUEST, &ends).scope() {
            None => RootPathUse::Unknown,
            Some(scope) if scope.root_path.is_empty() => RootPathUse::Ignored,
            Some(scope) if scope.path.starts_with("/prefix") => RootPathUse::BeforePath,
            Some(_) => RootPathUse::Alone,
        }
    }

    /// The headers, in lower case, that it reads of a peer that it believes; none if it reads no forwarding headers.
    pub fn reads(&self) -> Vec<&'static str> {
        if self.root_path_use() == RootPathUse::Unknown {
            return Vec::new();
        }
        let reads = |(name, value): &(&'static str, &[u8])| match self.reading(name, &[*value], true) {
            HeaderUse::Used => Some(*name),
            // Read, but whether it takes effect hangs on another header.
            HeaderUse::Unused(_) | HeaderUse::Unknown(_) if self.reads_forwarded() => Some(*name),
            HeaderUse::Unused(_) | HeaderUse::NotRead | HeaderUse::Plain | HeaderUse::Unknown(_) => None,
        };
        READABLE.iter().filter_map(reads).collect()
    }

    /// Whose forwarding headers it believes.
    pub fn believes(&self) -> Believes {
        let trusts = |peer| self.trust(peer).trusted;
        Believes {
            loopback: trusts(Some(Ipv4Addr::LOCALHOST.into())),
            loopback6: trusts(Some(Ipv6Addr::LOCALHOST.into())),
            others: trusts(Some(ELSEWHERE)),
            unix: trusts(None),
        }
    }
}

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(name: &str, options: &[(&str, &str)]) -> Server {
        let mut server = Server::named(name).unwrap();
        for (option, value) in options {
            server.set(option, value).unwrap();
        }
        server
    }

    #[test]
    fn only_uvicorn_puts_a_root_path_before_the_path() {
        let usage = |name, options: &[(&str, &str)]| server(name, options).root_path_use();
        for (name, options, expected) in [
            ("uvicorn@0.54", &[][..], RootPathUse::BeforePath),
            ("uvicorn@0.26", &[], RootPathUse::BeforePath),
            ("uvicorn@0.25", &[], RootPathUse::Alone),
            ("uvicorn@0.0.1", &[], RootPathUse::Unknown),
            ("hypercorn", &[], RootPathUse::Alone),
            ("daphne", &[], RootPathUse::Alone),
            ("granian", &[], RootPathUse::Alone),
            ("gunicorn", &[("worker-class", "asgi")], RootPathUse::Alone),
            ("gunicorn", &[("worker-class", "uvicorn_worker.UvicornWorker")], RootPathUse::Ignored),
        ] {
            assert_eq!(usage(name, options), expected, "{name} {options:?}");
        }
    }

    #[test]
    fn what_is_read_and_who_is_believed_by_default() {
        let uvicorn = server("uvicorn@0.54", &[]);
        assert_eq!(uvicorn.reads(), ["x-forwarded-for", "x-forwarded-proto"]);
        let loopback = Believes { loopback: true, loopback6: true, others: false, unix: false };
        assert_eq!(uvicorn.believes(), loopback);
        assert_eq!(server("uvicorn@0.52", &[]).believes(), Believes { loopback6: false, ..loopback });
        let nobody = server("uvicorn@0.54", &[("proxy-headers", "false")]);
        assert_eq!((nobody.reads(), nobody.believes().loopback), (Vec::new(), false));
        let everyone = server("uvicorn@0.54", &[("forwarded-allow-ips", "*")]);
        assert!(everyone.believes().others && everyone.believes().unix);
        for name in ["hypercorn", "granian"] {
            assert_eq!(server(name, &[]).reads(), Vec::<&str>::new(), "{name}");
        }
        assert!(server("hypercorn", &[("proxy-fix", "legacy")]).reads().contains(&"x-forwarded-host"));
        assert!(!server("gunicorn", &[("worker-class", "asgi")]).reads().contains(&"x-forwarded-for"));
    }

    #[test]
    fn the_options_named_are_the_programs_own() {
        for program in Program::ALL {
            let own = |name: &str| program.options().iter().any(|option| option.name == name);
            if program.options().is_empty() {
                continue;
            }
            assert!(own(program.root_path_option()), "{program}");
            assert!(program.trust_option().is_none_or(own), "{program}");
            assert!(program.variants().iter().all(|(name, _)| own(name)), "{program}");
        }
    }
}
