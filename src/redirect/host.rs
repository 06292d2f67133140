//! Whether a host is one that only machines behind the proxy can use.

use std::net::IpAddr;

/// Why a host in a Location is no use to the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Internal {
    /// It is the address of a hop behind the client: the proxy's upstream, the app's server.
    Upstream,
    /// The machine itself: `localhost`, `127.0.0.0/8`, `::1`, `0.0.0.0`, `::`.
    Loopback,
    /// A private or link-local address (RFC 1918, RFC 4193, RFC 3927, RFC 4291 section 2.5.6).
    Private,
    /// A name of one label, such as a container or compose service has: `app`, `backend`.
    SingleLabel,
    /// A name under a suffix that is no public domain: `.internal`, `.local`, `.svc`, `.lan`, `.localdomain`.
    Suffix,
}

/// Suffixes that clusters and home networks use and the public DNS does not.
const SUFFIXES: [&str; 5] = [".internal", ".local", ".svc", ".lan", ".localdomain"];

/// Reads a host (IPv6 with or without brackets) as an address, if it is one.
pub(super) fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// Why `host` (lower case) is internal; `None` if it looks public.
pub fn internal(host: &str) -> Option<Internal> {
    if let Some(address) = address(host) {
        return internal_address(address);
    }
    let host = host.trim_end_matches('.');
    if host == "localhost" || host.ends_with(".localhost") {
        Some(Internal::Loopback)
    } else if host.is_empty() {
        None
    } else if !host.contains('.') {
        Some(Internal::SingleLabel)
    } else {
        SUFFIXES.iter().any(|suffix| host.ends_with(suffix)).then_some(Internal::Suffix)
    }
}

fn internal_address(address: IpAddr) -> Option<Internal> {
    let address = address.to_canonical();
    if address.is_loopback() || address.is_unspecified() {
        return Some(Internal::Loopback);
    }
    let private = match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    };
    private.then_some(Internal::Private)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_hosts_are_internal() {
        for (host, why) in [
            ("example.com", None),
            ("93.184.216.34", None),
            ("[2606:2800::1]", None),
            ("", None),
            ("localhost", Some(Internal::Loopback)),
            ("127.0.0.1", Some(Internal::Loopback)),
            ("0.0.0.0", Some(Internal::Loopback)),
            ("[::1]", Some(Internal::Loopback)),
            ("[::ffff:127.0.0.1]", Some(Internal::Loopback)),
            ("10.1.2.3", Some(Internal::Private)),
            ("172.18.0.3", Some(Internal::Private)),
            ("169.254.0.1", Some(Internal::Private)),
            ("[fd00::5]", Some(Internal::Private)),
            ("[fe80::1]", Some(Internal::Private)),
            ("backend", Some(Internal::SingleLabel)),
            ("api.default.svc", Some(Internal::Suffix)),
            ("api.default.svc.cluster.local", Some(Internal::Suffix)),
            ("host.docker.internal", Some(Internal::Suffix)),
        ] {
            assert_eq!(internal(host), why, "{host}");
        }
    }
}
