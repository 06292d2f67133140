//! Which entry of `X-Forwarded-For` becomes the client.
//!
//! Source of the rules: uvicorn 0.13 to 0.54 `middleware/proxy_headers.py`, `get_trusted_client_host` and, since 0.45,
//! `get_trusted_client_address` and `_parse_host_port`.

use super::{TrustList, latin1, python};

/// How the entry is chosen and read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientRule {
    /// The last entry, empty or not (uvicorn 0.13).
    Last,
    /// From the right, the first entry that is not trusted, empty or not; nobody if all are (0.14 to 0.30).
    UntrustedOrNobody,
    /// The leftmost if all are trusted; an empty one does not count (0.31 to 0.44).
    UntrustedOrFirst,
    /// As before, and an entry may name a port (since 0.45).
    WithPort,
}

/// Who the client becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// The one that an entry names.
    Client(Client),
    /// Nobody: the scope says `(None, 0)`.
    Nobody,
}

/// A client as `X-Forwarded-For` names it. Nothing checks that the host is an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The host, verbatim; empty only by the rules of old releases.
    pub host: String,
    /// The port; 0 if none was named, and anything `int()` accepts otherwise.
    pub port: i64,
}

/// The client that the value of `X-Forwarded-For` (its lines joined with commas) names by today's rule; `None` if the entry
/// that counts is empty.
pub fn client<'a>(lines: impl IntoIterator<Item = &'a [u8]>, trust: &TrustList) -> Option<Client> {
    let lines: Vec<&[u8]> = lines.into_iter().collect();
    match choose(ClientRule::WithPort, &lines.join(&b", "[..]), trust)? {
        Chosen::Client(client) => Some(client),
        Chosen::Nobody => None,
    }
}

/// The client that a value of `X-Forwarded-For` names by `rule`; `None` if the header does not count.
///
/// From the right, the first host that is not trusted; the leftmost if everyone is.
pub fn choose(rule: ClientRule, value: &[u8], trust: &TrustList) -> Option<Chosen> {
    let text = latin1(value);
    let read = |entry| match rule {
        ClientRule::WithPort => host_and_port(python::strip(entry)),
        _ => (python::strip(entry), 0),
    };
    let entries: Vec<(&str, i64)> = text.split(',').map(read).collect();
    let chosen = match rule {
        ClientRule::Last => entries.last(),
        _ if trust.trusts_everyone() => entries.first(),
        ClientRule::UntrustedOrNobody => match untrusted(&entries, trust) {
            None => return Some(Chosen::Nobody),
            found => found,
        },
        ClientRule::UntrustedOrFirst | ClientRule::WithPort => untrusted(&entries, trust).or_else(|| entries.first()),
    };
    let (host, port) = *chosen?;
    let counts = !host.is_empty() || matches!(rule, ClientRule::Last | ClientRule::UntrustedOrNobody);
    counts.then(|| Chosen::Client(Client { host: host.to_owned(), port }))
}

/// From the right, the first host that is not trusted.
fn untrusted<'e, 't>(entries: &'e [(&'t str, i64)], trust: &TrustList) -> Option<&'e (&'t str, i64)> {
    entries.iter().rev().find(|(host, _)| !trust.trusts_host(host))
}

/// `_parse_host_port`: `host`, `host:port` with exactly one colon, `[host]`, `[host]:port`; all else is a host whole.
fn host_and_port(entry: &str) -> (&str, i64) {
    if let Some((host, rest)) = entry.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        return match rest.strip_prefix(':') {
            Some(port) => (host, python::int(port).unwrap_or(0)),
            None if rest.is_empty() => (host, 0),
            None => (entry, 0),
        };
    }
    match entry.split_once(':') {
        Some((host, port)) if !entry.starts_with('[') && !port.contains(':') => {
            python::int(port).map_or((entry, 0), |port| (host, port))
        }
        _ => (entry, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_of_an_entry() {
        for (entry, host, port) in [
            ("1.2.3.4", "1.2.3.4", 0),
            ("1.2.3.4:5", "1.2.3.4", 5),
            ("1.2.3.4: 80", "1.2.3.4", 80),
            ("1.2.3.4:+80", "1.2.3.4", 80),
            ("1.2.3.4:x", "1.2.3.4:x", 0),
            ("1.2.3.4:", "1.2.3.4:", 0),
            (":80", "", 80),
            ("::1", "::1", 0),
            ("[::1]", "::1", 0),
            ("[::1]:99999", "::1", 99_999),
            ("[::1]:x", "::1", 0),
            ("[::1]x", "[::1]x", 0),
            ("[::1", "[::1", 0),
            ("[a:1", "[a:1", 0),
            ("", "", 0),
        ] {
            assert_eq!(host_and_port(entry), (host, port), "{entry:?}");
        }
    }

    #[test]
    fn the_entry_that_counts() {
        for (list, lines, expected) in [
            ("127.0.0.1", &[&b"203.0.113.9"[..]][..], Some("203.0.113.9")),
            ("127.0.0.1", &[b"1.1.1.1, 203.0.113.9, 127.0.0.1"], Some("203.0.113.9")),
            ("127.0.0.1", &[b"127.0.0.1:9, 127.0.0.1"], Some("127.0.0.1")),
            ("127.0.0.1", &[b"1.1.1.1", b"2.2.2.2"], Some("2.2.2.2")),
            ("127.0.0.1", &[b"1.1.1.1", b""], None),
            ("127.0.0.1", &[b"1.1.1.1,"], None),
            ("127.0.0.1", &[b"for=1.2.3.4"], Some("for=1.2.3.4")),
            ("127.0.0.1", &[b"\xe9"], Some("\u{e9}")),
            ("*", &[b"6.6.6.6, 203.0.113.9"], Some("6.6.6.6")),
            ("*", &[b", 203.0.113.9"], None),
        ] {
            let got = client(lines.iter().copied(), &TrustList::parse(list));
            assert_eq!(got.map(|client| client.host).as_deref(), expected, "{list} {lines:?}");
        }
    }

    #[test]
    fn the_rules_of_older_releases() {
        let is = |host: &str| Some(Chosen::Client(Client { host: host.to_owned(), port: 0 }));
        for (rule, value, expected) in [
            (ClientRule::Last, "203.0.113.9, 127.0.0.1", is("127.0.0.1")),
            (ClientRule::Last, "203.0.113.9,", is("")),
            (ClientRule::UntrustedOrNobody, "203.0.113.9:7, 127.0.0.1", is("203.0.113.9:7")),
            (ClientRule::UntrustedOrNobody, "127.0.0.1", Some(Chosen::Nobody)),
            (ClientRule::UntrustedOrNobody, "127.0.0.1,", is("")),
            (ClientRule::UntrustedOrFirst, "127.0.0.1", is("127.0.0.1")),
            (ClientRule::UntrustedOrFirst, "127.0.0.1:7, 127.0.0.1", is("127.0.0.1:7")),
            (ClientRule::UntrustedOrFirst, "", None),
        ] {
            assert_eq!(choose(rule, value.as_bytes(), &TrustList::parse("127.0.0.1")), expected, "{rule:?} {value:?}");
        }
    }
}
