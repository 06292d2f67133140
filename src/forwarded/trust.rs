//! Who is trusted to send forwarding headers.

use std::net::IpAddr;

use ipnet::IpNet;

use super::address::{self, Address};
use super::python;

/// A trust list as uvicorn reads it (`_TrustedHosts` in `middleware/proxy_headers.py`, 0.31 and later), or, with
/// [`TrustList::compared_as_text`], as it did before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustList {
    text: String,
    as_text: bool,
    everyone: bool,
    entries: Vec<Entry>,
}

/// One entry of the list, by what Python could make of it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    Address(Address),
    Network(IpNet),
    /// Neither: equals only a host that is no address either, so it never matches a peer.
    Literal(String),
}

/// Whether a peer is believed, and the entry that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// True if its headers are used.
    pub trusted: bool,
    /// One clause for the screen, e.g. `127.0.0.1 is in forwarded-allow-ips` or `172.18.0.3 is not in "127.0.0.1,::1"`.
    pub why: String,
}

impl TrustList {
    /// Reads a list; nothing is an error, what is no address or network becomes a literal that matches no address.
    ///
    /// `*` trusts everyone, but only as the whole text: in `127.0.0.1,*` it is a literal.
    pub fn parse(text: &str) -> Self {
        let everyone = text == "*";
        let entries =
            if everyone { Vec::new() } else { text.split(',').map(|item| Entry::parse(python::strip(item))).collect() };
        Self { text: text.to_owned(), as_text: false, everyone, entries }
    }

    /// The same list as uvicorn 0.13 to 0.30 reads it: entries are compared as text, so that a network matches nothing, and
    /// `*` anywhere trusts everyone.
    #[must_use]
    pub fn compared_as_text(&self) -> Self {
        let items: Vec<&str> = self.text.split(',').map(python::strip).collect();
        Self {
            text: self.text.clone(),
            as_text: true,
            everyone: items.contains(&"*"),
            entries: items.into_iter().map(|item| Entry::Literal(item.to_owned())).collect(),
        }
    }

    /// The list as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True for `*`.
    pub fn trusts_everyone(&self) -> bool {
        self.everyone
    }

    /// Whether `peer` is trusted.
    pub fn verdict(&self, peer: IpAddr) -> Verdict {
        if self.everyone {
            let has = if self.text == "*" { "is" } else { "has" };
            return Verdict { trusted: true, why: format!("{peer} is trusted: forwarded-allow-ips {has} \"*\"") };
        }
        match self.entry_for_peer(peer) {
            Some(Entry::Network(net)) => {
                Verdict { trusted: true, why: format!("{peer} is in forwarded-allow-ips ({net})") }
            }
            Some(_) => Verdict { trusted: true, why: format!("{peer} is in forwarded-allow-ips") },
            None => Verdict { trusted: false, why: format!("{peer} is not in {:?}", self.text) },
        }
    }

    /// Whether a host named in `X-Forwarded-For` is trusted; it may be anything. The empty text is never
    /// trusted, unless the list is compared as text and has an empty entry.
    pub fn trusts_host(&self, host: &str) -> bool {
        if self.everyone {
            return true;
        }
        if self.as_text {
            return self.entries.iter().any(|entry| entry.is_literal(host));
        }
        match Address::parse(host) {
            Some(address) => self.entry_for(&address).is_some(),
            None => !host.is_empty() && self.entries.iter().any(|entry| entry.is_literal(host)),
        }
    }

    fn entry_for_peer(&self, peer: IpAddr) -> Option<&Entry> {
        if self.as_text {
            let peer = peer.to_string();
            return self.entries.iter().find(|entry| entry.is_literal(&peer));
        }
        self.entry_for(&Address::from(peer))
    }

    fn entry_for(&self, address: &Address) -> Option<&Entry> {
        self.entries.iter().find(|entry| match entry {
            Entry::Address(known) => known == address,
            Entry::Network(net) => net.contains(&address.ip),
            Entry::Literal(_) => false,
        })
    }
}

impl Entry {
    fn parse(item: &str) -> Self {
        let known = if item.contains('/') {
            address::network(item).map(Self::Network)
        } else {
            Address::parse(item).map(Self::Address)
        };
        known.unwrap_or_else(|| Self::Literal(item.to_owned()))
    }

    fn is_literal(&self, host: &str) -> bool {
        matches!(self, Self::Literal(text) if text == host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn which_peers_a_list_trusts() {
        for (list, peer, trusted) in [
            ("127.0.0.1", "127.0.0.1", true),
            ("127.0.0.1,::1", "::1", true),
            (" 127.0.0.1 , 127.0.0.2", "127.0.0.2", true),
            ("0:0:0:0:0:0:0:1", "::1", true),
            ("10.0.0.0/8", "10.9.8.7", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.1/8", "10.0.0.1", false),
            ("::/0", "127.0.0.1", false),
            ("::ffff:127.0.0.1", "127.0.0.1", false),
            ("127.0.0.1", "::ffff:127.0.0.1", false),
            ("*", "203.0.113.9", true),
            ("127.0.0.1,*", "203.0.113.9", false),
            (" *", "127.0.0.1", false),
            ("localhost", "127.0.0.1", false),
            ("'*'", "127.0.0.1", false),
            ("", "127.0.0.1", false),
        ] {
            let verdict = TrustList::parse(list).verdict(peer.parse().unwrap());
            assert_eq!(verdict.trusted, trusted, "{list:?} {peer}: {}", verdict.why);
        }
    }

    #[test]
    fn the_clause_names_what_decided() {
        let why = |list, peer: &str| TrustList::parse(list).verdict(peer.parse().unwrap()).why;
        assert_eq!(why("127.0.0.1,::1", "127.0.0.1"), "127.0.0.1 is in forwarded-allow-ips");
        assert_eq!(why("127.0.0.1,::1", "172.18.0.3"), "172.18.0.3 is not in \"127.0.0.1,::1\"");
        assert_eq!(why("10.0.0.0/8", "10.1.1.1"), "10.1.1.1 is in forwarded-allow-ips (10.0.0.0/8)");
        assert_eq!(why("*", "10.1.1.1"), "10.1.1.1 is trusted: forwarded-allow-ips is \"*\"");
    }

    #[test]
    fn a_literal_matches_a_host_that_is_no_address() {
        let list = TrustList::parse("127.0.0.1,unknown,,_hidden");
        for (host, trusted) in
            [("unknown", true), ("_hidden", true), ("Unknown", false), ("", false), ("127.0.0.1", true), ("::1", false)]
        {
            assert_eq!(list.trusts_host(host), trusted, "{host:?}");
        }
    }

    #[test]
    fn a_list_compared_as_text() {
        for (list, host, trusted) in [
            ("127.0.0.1", "127.0.0.1", true),
            (" 127.0.0.1 ,127.0.0.2", "127.0.0.2", true),
            ("127.0.0.0/8", "127.0.0.1", false),
            ("0:0:0:0:0:0:0:1", "::1", false),
            ("127.0.0.1,*", "203.0.113.9", true),
            ("127.0.0.1,,", "", true),
        ] {
            assert_eq!(TrustList::parse(list).compared_as_text().trusts_host(host), trusted, "{list:?} {host:?}");
        }
        let list = TrustList::parse("127.0.0.1,*").compared_as_text();
        let why = "10.1.1.1 is trusted: forwarded-allow-ips has \"*\"";
        assert_eq!(list.verdict("10.1.1.1".parse().unwrap()).why, why);
    }

    proptest! {
        #[test]
        fn any_text_is_a_list(list in any::<String>(), host in any::<String>(), peer: IpAddr) {
            let list = TrustList::parse(&list);
            let _ = list.trusts_host(&host);
            prop_assert_eq!(list.verdict(peer).trusted, list.trusts_host(&peer.to_string()));
        }

        #[test]
        fn a_listed_address_is_trusted(peer: IpAddr, other: IpAddr) {
            let list = TrustList::parse(&format!("{other}, {peer}"));
            prop_assert!(list.verdict(peer).trusted);
        }
    }
}
