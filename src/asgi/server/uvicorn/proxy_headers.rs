//! `ProxyHeadersMiddleware`: what `X-Forwarded-Proto` and `X-Forwarded-For` do to the scope of a trusted peer.
//!
//! Source of the rules: uvicorn 0.54 `middleware/proxy_headers.py`. Nothing else is read, and nothing else changes.

use std::net::IpAddr;

use super::super::{HeaderUse, Server};
use super::request::Request;
use super::{OLDEST, note};
use crate::asgi::{Address, Scope, ScopeType};
use crate::forwarded;

/// Changes `scheme` and `client` as the middleware does.
pub(super) fn apply(scope: &mut Scope, request: &Request, server: &Server, peer: Option<IpAddr>) {
    let trusted = peer.map_or(server.trust.trusts_everyone(), |peer| server.trust.verdict(peer).trusted);
    if !trusted {
        return;
    }
    if let Some(scheme) = request.all("x-forwarded-proto").last().and_then(forwarded::scheme) {
        scope.scheme = match scope.kind {
            ScopeType::Http => scheme.to_owned(),
            ScopeType::WebSocket => scheme.replace("http", "ws"),
        };
    }
    if let Some(client) = forwarded::client(request.all("x-forwarded-for"), &server.trust) {
        scope.client = Some(Address { host: client.host, port: Some(client.port) });
    }
}

/// Whether a forwarding header takes effect, and why not.
pub(in super::super) fn reading(server: &Server, name: &str, lines: &[&[u8]], trusted: bool) -> HeaderUse {
    let name = name.to_ascii_lowercase();
    let reads = matches!(name.as_str(), "x-forwarded-for" | "x-forwarded-proto");
    if matches!(name.as_str(), "host" | "via") {
        HeaderUse::Plain
    } else if server.version < OLDEST {
        HeaderUse::Unknown(note(server.version).unwrap_or_default())
    } else if !reads {
        HeaderUse::NotRead
    } else if let Some(why) = unused(server, &name, lines, trusted) {
        HeaderUse::Unused(why)
    } else {
        HeaderUse::Used
    }
}

/// Why a header that uvicorn reads takes no effect.
fn unused(server: &Server, name: &str, lines: &[&[u8]], trusted: bool) -> Option<String> {
    let Some(last) = lines.last() else { return Some("not sent".to_owned()) };
    if !server.proxy_headers {
        return Some("uvicorn was started with --no-proxy-headers".to_owned());
    }
    if !trusted {
        return Some("the peer is not in --forwarded-allow-ips".to_owned());
    }
    if name == "x-forwarded-proto" {
        let value = last.trim_ascii().escape_ascii();
        return forwarded::scheme(last).is_none().then(|| format!("\"{value}\" is not one of http, https, ws, wss"));
    }
    let client = forwarded::client(lines.iter().copied(), &server.trust);
    client.is_none().then(|| "the entry that counts is empty".to_owned())
}
