//! Which entry of `X-Forwarded-For` becomes the client.
//!
//! Source of the rules: uvicorn 0.54 `middleware/proxy_headers.py`, `get_trusted_client_address` and
//! `_parse_host_port` (ports since 0.45).

use super::{TrustList, latin1, python};

/// A client as `X-Forwarded-For` names it. Nothing checks that the host is an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The host, verbatim; never empty.
    pub host: String,
    /// The port; 0 if none was named, and anything `int()` accepts otherwise.
    pub port: i64,
}

/// The client that the `X-Forwarded-For` lines name, in their order; `None` if the entry that counts is empty
/// or there is no line.
///
/// From the right, the first host that is not trusted; the leftmost if all are, or if everyone is.
pub fn client<'a>(lines: impl IntoIterator<Item = &'a [u8]>, trust: &TrustList) -> Option<Client> {
    let lines: Vec<&[u8]> = lines.into_iter().collect();
    let text = latin1(&lines.join(&b", "[..]));
    let mut entries = text.split(',').map(|entry| host_and_port(python::strip(entry)));
    let chosen = if trust.trusts_everyone() {
        entries.next()
    } else {
        let entries: Vec<_> = entries.collect();
        entries.iter().rev().find(|(host, _)| !trust.trusts_host(host)).or_else(|| entries.first()).copied()
    };
    let (host, port) = chosen?;
    (!host.is_empty()).then(|| Client { host: host.to_owned(), port })
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
}
