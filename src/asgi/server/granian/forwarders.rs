//! `wrap_asgi_with_proxy_headers`: what forwarding headers do to the scope if the user wrapped the app in it.
//!
//! Source of the rules: granian 2.8 `granian/utils/proxies.py`. Much like uvicorn's middleware, but ports are not read,
//! and `X-Forwarded-Proto` counts only together with an address.

use std::net::IpAddr;

use super::super::{Ends, HeaderUse};
use crate::asgi::{Address, Scope, ScopeType};
use crate::forwarded::{self, SCHEMES, TrustList, Verdict, latin1, python};

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
pub(super) fn apply(scope: &mut Scope, trust: &TrustList, ends: &Ends) {
    let peer = ends.peer.map(|peer| peer.ip().to_string());
    if !trusts(trust, peer.as_deref()) {
        return;
    }
    let Some(host) = client_host(scope.all_headers("x-forwarded-for"), trust) else { return };
    let scheme = proto(scope.all_headers("x-forwarded-proto"));
    scope.client = Some(Address::new(host, 0));
    if let Some(scheme) = scheme {
        scope.scheme = Some(match scope.kind {
            ScopeType::Http => scheme.to_owned(),
            ScopeType::WebSocket => scheme.replace("http", "ws"),
        });
    }
}

/// `get_client_host` over all lines that are not empty: the first from the right that is not trusted, the leftmost if
/// all are or if everyone is; `None` if that entry is empty.
fn client_host<'a>(lines: impl IntoIterator<Item = &'a [u8]>, trust: &TrustList) -> Option<String> {
    let lines: Vec<String> = lines.into_iter().map(stripped).filter(|line| !line.is_empty()).collect();
    let text = lines.join(", ");
    let hosts: Vec<&str> = text.split(',').map(python::strip).collect();
    let untrusted = hosts.iter().rev().find(|host| !trusts(trust, Some(host)));
    untrusted.or(hosts.first()).filter(|host| !host.is_empty()).map(|&host| host.to_owned())
}

/// The first line that is not empty, if it is one of four words.
fn proto<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> Option<&'static str> {
    let first = lines.into_iter().map(stripped).find(|line| !line.is_empty())?;
    SCHEMES.into_iter().find(|scheme| *scheme == first)
}

fn stripped(value: &[u8]) -> String {
    python::strip(&latin1(value)).to_owned()
}

/// Whether a forwarding header takes effect, and why not.
pub(super) fn reading(wrapped: Option<&TrustList>, name: &str, lines: &[&[u8]], trusted: bool) -> HeaderUse {
    let reads = matches!(name, "x-forwarded-for" | "x-forwarded-proto");
    match wrapped {
        _ if matches!(name, "host" | "via") => HeaderUse::Plain,
        _ if !reads => HeaderUse::NotRead,
        None => HeaderUse::Unused("only wrap_asgi_with_proxy_headers reads it, and the app is not wrapped".to_owned()),
        Some(_) if lines.is_empty() => HeaderUse::Unused("not sent".to_owned()),
        Some(_) if !trusted => {
            HeaderUse::Unused("the peer is not in trusted_hosts of wrap_asgi_with_proxy_headers".to_owned())
        }
        Some(trust) => unused(trust, name, lines).map_or(HeaderUse::Used, HeaderUse::Unused),
    }
}

/// Why a header of a trusted peer takes no effect.
fn unused(trust: &TrustList, name: &str, lines: &[&[u8]]) -> Option<String> {
    if name == "x-forwarded-for" {
        let host = client_host(lines.iter().copied(), trust);
        return host.is_none().then(|| "the entry that counts is empty".to_owned());
    }
    let first = lines.iter().map(|line| stripped(line)).find(|line| !line.is_empty());
    let none = proto(lines.iter().copied()).is_none();
    none.then(|| match first {
        Some(value) => format!("\"{}\" is not one of {}", value.escape_default(), forwarded::SCHEMES.join(", ")),
        None => "it is empty".to_owned(),
    })
}
