//! `--forwarded-allow-ips` as gunicorn reads it: checked when it starts, and passed on to uvicorn's worker as a list.
//!
//! Source of the rules: gunicorn `config.py` (`validate_string_to_list`, `validate_string_to_addr_list`) and
//! `http/message.py` (`_ip_in_allow_list`).

use std::net::IpAddr;

use ipnet::IpNet;

use crate::asgi::Release;
use crate::forwarded::{self, Verdict};

/// What an item of the list may be, by release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Items {
    /// Anything (before 23.0).
    Texts,
    /// `*` or an address (23.0 and 24.0).
    Addresses,
    /// `*`, an address or a network without host bits (since 24.1).
    Networks,
}

/// The list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AllowList {
    kind: Items,
    items: Vec<String>,
}

impl AllowList {
    /// The list of a release that was told nothing.
    pub(super) fn of(version: Release) -> Self {
        let kind = match version {
            version if version < Release::new(23, 0, 0) => Items::Texts,
            version if version < Release::new(24, 1, 0) => Items::Addresses,
            _ => Items::Networks,
        };
        let items = match kind {
            Items::Texts => vec!["127.0.0.1".to_owned()],
            Items::Addresses | Items::Networks => vec!["127.0.0.1".to_owned(), "::1".to_owned()],
        };
        Self { kind, items }
    }

    /// Reads a list as the release of this one does.
    ///
    /// # Errors
    /// What an item should have been: gunicorn does not start with such a list.
    pub(super) fn read(&self, text: &str) -> Result<Self, &'static str> {
        let items: Vec<String> = forwarded::strip(text)
            .split(',')
            .filter(|item| !item.is_empty())
            .map(|item| forwarded::strip(item).to_owned())
            .collect();
        let good = |item: &String| match self.kind {
            Items::Texts => true,
            Items::Addresses => item == "*" || forwarded::is_ip_address(item),
            Items::Networks => item == "*" || forwarded::ip_network(item).is_some(),
        };
        match self.kind {
            _ if items.iter().all(good) => Ok(Self { kind: self.kind, items }),
            Items::Addresses => Err("a list of addresses, or *; gunicorn does not start with anything else"),
            Items::Texts | Items::Networks => {
                Err("a list of addresses and networks, or *; gunicorn does not start with anything else")
            }
        }
    }

    /// The list as one text, which is how uvicorn reads it.
    pub(super) fn text(&self) -> String {
        self.items.join(",")
    }

    /// Whether a peer may send scheme headers and names with an underscore. A unix socket's peer always may.
    pub(super) fn verdict(&self, peer: Option<IpAddr>) -> Verdict {
        let Some(peer) = peer else {
            return Verdict { trusted: true, why: "gunicorn believes every peer on a unix socket".to_owned() };
        };
        if self.items.iter().any(|item| item == "*") {
            return Verdict { trusted: true, why: format!("{peer} is trusted: forwarded-allow-ips has \"*\"") };
        }
        let holding = self.items.iter().find(|item| network(item).is_some_and(|net| net.contains(&peer)));
        match holding {
            Some(item) if item.contains('/') => {
                Verdict { trusted: true, why: format!("{peer} is in forwarded-allow-ips ({item})") }
            }
            Some(_) => Verdict { trusted: true, why: format!("{peer} is in forwarded-allow-ips") },
            None => Verdict { trusted: false, why: format!("{peer} is not in {:?}", self.text()) },
        }
    }
}

fn network(item: &str) -> Option<IpNet> {
    forwarded::ip_network(item)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(version: Release, text: &str) -> Result<AllowList, &'static str> {
        AllowList::of(version).read(text)
    }

    #[test]
    fn which_peers_a_list_trusts() {
        for (text, peer, trusted) in [
            ("127.0.0.1,::1", "::1", true),
            (" 127.0.0.1 ,, 127.0.0.2,", "127.0.0.2", true),
            ("10.0.0.0/8", "10.9.8.7", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("127.0.0.1,*", "203.0.113.9", true),
            (" * ", "203.0.113.9", true),
            ("127.0.0.1", "::ffff:127.0.0.1", false),
            ("fe80::1%eth0", "fe80::1", true),
            ("", "127.0.0.1", false),
        ] {
            let verdict = list(Release::new(27, 0, 1), text).unwrap().verdict(Some(peer.parse().unwrap()));
            assert_eq!(verdict.trusted, trusted, "{text:?} {peer}: {}", verdict.why);
        }
        assert!(list(Release::new(27, 0, 1), "").unwrap().verdict(None).trusted);
    }

    #[test]
    fn what_gunicorn_refuses_to_start_with() {
        for (version, text, good) in [
            ((27, 0, 1), "10.0.0.0/8,*", true),
            ((27, 0, 1), "10.0.0.1/8", false),
            ((27, 0, 1), "localhost", false),
            ((27, 0, 1), "127.0.0.1, ,::1", false),
            ((24, 0, 0), "10.0.0.0/8", false),
            ((24, 0, 0), "10.0.0.1, *", true),
            ((22, 0, 0), "localhost", true),
        ] {
            let version = Release::new(version.0, version.1, version.2);
            assert_eq!(list(version, text).is_ok(), good, "{version} {text:?}");
        }
    }

    #[test]
    fn the_default_by_release() {
        assert_eq!(AllowList::of(Release::new(22, 0, 0)).text(), "127.0.0.1");
        assert_eq!(AllowList::of(Release::new(23, 0, 0)).text(), "127.0.0.1,::1");
    }
}
