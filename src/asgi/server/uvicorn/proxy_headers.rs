//! `ProxyHeadersMiddleware`: what `X-Forwarded-Proto` and `X-Forwarded-For` do to the scope of a trusted peer.
//!
//! Source of the rules: uvicorn 0.54 `middleware/proxy_headers.py`. Nothing else is read, and nothing else changes.

use super::super::HeaderUse;
use super::request::Request;
use super::{OLDEST, Options, note};
use crate::asgi::{Address, Release, Scope, ScopeType};
use crate::forwarded::{self, TrustList};

/// Changes `scheme` and `client` as the middleware does for a peer that is trusted.
pub(super) fn apply(scope: &mut Scope, request: &Request, trust: &TrustList) {
    if let Some(scheme) = request.all("x-forwarded-proto").last().and_then(forwarded::scheme) {
        scope.scheme = Some(match scope.kind {
            ScopeType::Http => scheme.to_owned(),
            ScopeType::WebSocket => scheme.replace("http", "ws"),
        });
    }
    if let Some(client) = forwarded::client(request.all("x-forwarded-for"), trust) {
        scope.client = Some(Address::new(client.host, client.port));
    }
}

/// Whether a forwarding header takes effect, and why not.
pub(super) fn reading(options: &Options, version: Release, name: &str, lines: &[&[u8]], trusted: bool) -> HeaderUse {
    let reads = matches!(name, "x-forwarded-for" | "x-forwarded-proto");
    if matches!(name, "host" | "via") {
        HeaderUse::Plain
    } else if version < OLDEST {
        HeaderUse::Unknown(note(version).unwrap_or_default())
    } else if !reads {
        HeaderUse::NotRead
    } else if let Some(why) = unused(options, name, lines, trusted) {
        HeaderUse::Unused(why)
    } else {
        HeaderUse::Used
    }
}

/// Why a header that uvicorn reads takes no effect.
fn unused(options: &Options, name: &str, lines: &[&[u8]], trusted: bool) -> Option<String> {
    let Some(last) = lines.last() else { return Some("not sent".to_owned()) };
    if !options.proxy_headers {
        return Some("uvicorn was started with --no-proxy-headers".to_owned());
    }
    if !trusted {
        return Some("the peer is not in --forwarded-allow-ips".to_owned());
    }
    if name == "x-forwarded-proto" {
        let value = last.trim_ascii().escape_ascii();
        return forwarded::scheme(last).is_none().then(|| format!("\"{value}\" is not one of http, https, ws, wss"));
    }
    let client = forwarded::client(lines.iter().copied(), &options.trust);
    client.is_none().then(|| "the entry that counts is empty".to_owned())
}
