//! `ProxyHeadersMiddleware`: what `X-Forwarded-Proto` and `X-Forwarded-For` do to the scope of a trusted peer.
//!
//! Source of the rules: uvicorn 0.13 to 0.54 `middleware/proxy_headers.py`. Nothing else is read, and nothing else changes.

use super::super::HeaderUse;
use super::Options;
use super::release::{Lines, Rules};
use crate::asgi::{Address, Port, Scope, ScopeType};
use crate::forwarded::{self, Chosen, TrustList};

/// The trust list as a release reads it.
pub(super) fn trust_list(options: &Options, rules: &Rules) -> TrustList {
    if rules.compares_trust_as_text() { options.trust.compared_as_text() } else { options.trust.clone() }
}

/// Changes `scheme` and `client` as the middleware does for a peer that is trusted.
pub(super) fn apply(scope: &mut Scope, rules: &Rules, trust: &TrustList) {
    let websocket = scope.kind == ScopeType::WebSocket;
    let proto = value(rules.lines_of_proto(), &scope.all_headers("x-forwarded-proto").collect::<Vec<_>>());
    let client = value(rules.lines_of_for(), &scope.all_headers("x-forwarded-for").collect::<Vec<_>>());
    if let Some(scheme) = proto.and_then(|value| rules.scheme_rule().apply(&value, websocket)) {
        scope.scheme = Some(scheme);
    }
    match client.and_then(|value| forwarded::choose(rules.client_rule(), &value, trust)) {
        Some(Chosen::Client(client)) => scope.client = Some(Address::new(client.host, client.port)),
        Some(Chosen::Nobody) => scope.client = Some(Address { host: None, port: Some(Port::Number(0)) }),
        None => {}
    }
}

/// The value that a header's lines have together; `None` if they do not count.
fn value(lines: Lines, all: &[&[u8]]) -> Option<Vec<u8>> {
    match (lines, all) {
        (Lines::Last, all) => all.last().map(|last| last.to_vec()),
        (Lines::Single, [one]) => Some(one.to_vec()),
        (Lines::Single, _) => None,
        (Lines::Joined, all) => (!all.is_empty()).then(|| all.join(&b", "[..])),
    }
}

/// Whether a forwarding header takes effect, and why not.
pub(super) fn reading(options: &Options, rules: &Rules, name: &str, lines: &[&[u8]], trusted: bool) -> HeaderUse {
    let reads = matches!(name, "x-forwarded-for" | "x-forwarded-proto");
    if matches!(name, "host" | "via") {
        HeaderUse::Plain
    } else if let Some(why) = rules.unknown() {
        HeaderUse::Unknown(why)
    } else if !reads {
        HeaderUse::NotRead
    } else if let Some(why) = unused(options, rules, name, lines, trusted) {
        HeaderUse::Unused(why)
    } else {
        HeaderUse::Used
    }
}

/// Why a header that uvicorn reads takes no effect.
fn unused(options: &Options, rules: &Rules, name: &str, lines: &[&[u8]], trusted: bool) -> Option<String> {
    if lines.is_empty() {
        return Some("not sent".to_owned());
    }
    if !options.proxy_headers {
        return Some("uvicorn was started with --no-proxy-headers".to_owned());
    }
    if !trusted {
        return Some("the peer is not in --forwarded-allow-ips".to_owned());
    }
    let is_proto = name == "x-forwarded-proto";
    let Some(value) = value(if is_proto { rules.lines_of_proto() } else { rules.lines_of_for() }, lines) else {
        return Some(format!("uvicorn {} ignores it when it is there more than once", rules.uvicorn));
    };
    if is_proto {
        let counts = rules.scheme_rule().apply(&value, false).is_some();
        let text = value.trim_ascii().escape_ascii().to_string();
        return (!counts).then(|| format!("\"{text}\" is not one of {}", forwarded::SCHEMES.join(", ")));
    }
    let chosen = forwarded::choose(rules.client_rule(), &value, &trust_list(options, rules));
    chosen.is_none().then(|| "the entry that counts is empty".to_owned())
}
