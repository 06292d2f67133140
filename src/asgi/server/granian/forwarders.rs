//! `wrap_asgi_with_proxy_headers`: what forwarding headers do to the scope if the user wrapped the app in it.
//!
//! Source of the rules: granian 2.8 `granian/utils/proxies.py`. Much like uvicorn's middleware, but ports are not read,
//! and `X-Forwarded-Proto` counts only together with an address. Up to 2.7.4 the last line of a name counted alone, and
//! the two headers by themselves.

use std::net::IpAddr;

use super::super::{Ends, HeaderUse};
use crate::asgi::{Address, Release, Scope, ScopeType};
use crate::forwarded::{SCHEMES, TrustList, Verdict, latin1, python};

/// From here on all lines of `X-Forwarded-For` count, the first of `X-Forwarded-Proto`, and that only with an address.
const ALL_LINES: Release = Release::new(2, 7, 5);

/// Whether the wrapper believes `peer`.
pub(super) fn verdict(wrapped: Option<&TrustList>, peer: Option<IpAddr>) -> Verdict {
    let Some(trust) = wrapped else {
        let why = "the app is not wrapped in wrap_asgi_with_proxy_headers: granian itself believes nobody";
        return Verdict { trusted: false, why: why.to_owned() };
    };
    let peer = peer.map(|peer| peer.to_string());
    let trusted = trusts(trust, peer.as_deref());
    let peer = peer.unwrap_or_else(|| "a unix socket's peer".to_owned());
    let why = match (trusted, trust.trusts_everyone()) {
        (true, true) => format!("{peer} is trusted: trusted_hosts of wrap_asgi_with_proxy_headers is \"*\""),
        (true, false) => format!("{peer} is in trusted_hosts of wrap_asgi_with_proxy_headers"),
        _ => format!("{peer} is not in trusted_hosts of wrap_asgi_with_proxy_headers, {:?}", trust.text()),
    };
    Verdict { trusted, why }
}

/// `_Forwarders.__contains__`
fn trusts(trust: &TrustList, host: Option<&str>) -> bool {
    trust.trusts_everyone() || host.is_some_and(|host| trust.trusts_host(host))
}

/// Changes `client` and `scheme` as the wrapper does.
pub(super) fn apply(scope: &mut Scope, trust: &TrustList, ends: &Ends, granian: Release) {
    let peer = ends.peer.map(|peer| peer.ip().to_string());
    if !trusts(trust, peer.as_deref()) {
        return;
    }
    let lines_of = |name| scope.all_headers(name).collect::<Vec<_>>();
    let host = client_host(&lines_of("x-forwarded-for"), trust, granian);
    let scheme = proto(&lines_of("x-forwarded-proto"), granian).filter(|_| host.is_some() || granian < ALL_LINES);
    if let Some(host) = host {
        scope.client = Some(Address::new(host, 0));
    }
    if let Some(scheme) = scheme {
        scope.scheme = Some(match scope.kind {
            ScopeType::Http => scheme.to_owned(),
            ScopeType::WebSocket => scheme.replace("http", "ws"),
        });
    }
}

/// `get_client_host` over the lines that count: the first host from the right that is not trusted, the leftmost if all
/// are or if everyone is; `None` if that entry is empty.
fn client_host(lines: &[&[u8]], trust: &TrustList, granian: Release) -> Option<String> {
    let text = if granian < ALL_LINES {
        latin1(lines.last()?)
    } else {
        lines.iter().map(|line| stripped(line)).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(", ")
    };
    let hosts: Vec<&str> = text.split(',').map(python::strip).collect();
    let untrusted = hosts.iter().rev().find(|host| !trusts(trust, Some(host)));
    untrusted.or(hosts.first()).filter(|host| !host.is_empty()).map(|&host| host.to_owned())
}

/// The value of `X-Forwarded-Proto` that counts, if it is one of four words.
fn proto(lines: &[&[u8]], granian: Release) -> Option<&'static str> {
    let value = proto_value(lines, granian)?;
    SCHEMES.into_iter().find(|scheme| *scheme == value)
}

/// The first line that is not empty; in older releases the last line.
fn proto_value(lines: &[&[u8]], granian: Release) -> Option<String> {
    let mut lines = lines.iter().map(|line| stripped(line));
    if granian < ALL_LINES { lines.next_back() } else { lines.find(|line| !line.is_empty()) }
}

fn stripped(value: &[u8]) -> String {
    python::strip(&latin1(value)).to_owned()
}

/// Whether a forwarding header takes effect, and why not.
pub(super) fn reading(
    wrapped: Option<&TrustList>,
    granian: Release,
    name: &str,
    lines: &[&[u8]],
    trusted: bool,
) -> HeaderUse {
    let reads = matches!(name, "x-forwarded-for" | "x-forwarded-proto");
    match wrapped {
        _ if matches!(name, "host" | "via") => HeaderUse::Plain,
        _ if !reads => HeaderUse::NotRead,
        None => HeaderUse::Unused("only wrap_asgi_with_proxy_headers reads it, and the app is not wrapped".to_owned()),
        Some(_) if lines.is_empty() => HeaderUse::Unused("not sent".to_owned()),
        Some(_) if !trusted => {
            HeaderUse::Unused("the peer is not in trusted_hosts of wrap_asgi_with_proxy_headers".to_owned())
        }
        Some(trust) => unused(trust, granian, name, lines).map_or(HeaderUse::Used, HeaderUse::Unused),
    }
}

/// Why a header of a trusted peer takes no effect.
fn unused(trust: &TrustList, granian: Release, name: &str, lines: &[&[u8]]) -> Option<String> {
    if name == "x-forwarded-for" {
        let host = client_host(lines, trust, granian);
        return host.is_none().then(|| "the entry that counts is empty".to_owned());
    }
    let value = proto_value(lines, granian).unwrap_or_default();
    let known = proto(lines, granian).is_some();
    (!known).then(|| format!("\"{}\" is not one of {}", value.escape_default(), SCHEMES.join(", ")))
}

/// The header without which `name` is not read.
pub(super) fn read_with(wrapped: Option<&TrustList>, granian: Release, name: &str) -> Option<String> {
    let with_address = wrapped.is_some() && granian >= ALL_LINES && name == "x-forwarded-proto";
    with_address.then(|| "x-forwarded-for".to_owned())
}
