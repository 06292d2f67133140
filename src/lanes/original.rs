//! Lane 1: what the client asked for, seen or put together from what the proxy says of it.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use super::rewritten::planned;
use super::{Rewrite, Rewritten, Setup, Source};
use crate::exchange::{Exchange, Fields, Half, RequestHead, Target, Version};
use crate::gateway::has_prefix;
use crate::redirect::{Url, default_port, split_port};

/// Lane 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// `Seen` at the edge or as stand-in, else `Derived` from forwarded headers.
    pub source: Source,
    /// As written.
    pub method: String,
    /// `http` or `https`.
    pub scheme: String,
    /// Host without port; empty if the request named none.
    pub host: String,
    /// Port if written.
    pub port: Option<u16>,
    /// The path as on the wire.
    pub path: Vec<u8>,
    /// The query as on the wire.
    pub query: Option<Vec<u8>>,
    /// The leading part of `path` that is the public prefix, if it is known to be one; empty otherwise.
    pub prefix: String,
    /// Who asked. `Derived` from `X-Forwarded-For` behind a proxy: the port is 0 where the header names none.
    pub peer: Option<SocketAddr>,
    /// `1.0` or `1.1`.
    pub http_version: &'static str,
    /// `Referer`, as sent.
    pub referer: Option<Vec<u8>>,
    /// True for a websocket handshake.
    pub websocket: bool,
}

/// Where a request went, before and without the parts that are the same for every source.
struct Asked<'a> {
    source: Source,
    scheme: &'static str,
    host: &'a [u8],
    port: Option<u16>,
    path: Cow<'a, [u8]>,
    query: Option<&'a [u8]>,
    peer: Option<SocketAddr>,
}

impl Original {
    /// The original of an exchange. `rewritten` tells what the proxy took off the path.
    pub(super) fn of(exchange: &Exchange, setup: &Setup, rewritten: &Rewritten) -> Self {
        let Some(outer) = exchange.outer() else { return Self::unknown() };
        let head = &outer.request;
        let asked = if exchange.edge.is_some() { seen(outer) } else { derived(outer, setup) };
        let prefix = prefix(exchange, setup, rewritten, &asked.path);
        Self {
            source: asked.source,
            method: String::from_utf8_lossy(head.method()).into_owned(),
            scheme: asked.scheme.to_owned(),
            host: String::from_utf8_lossy(asked.host).into_owned(),
            port: asked.port,
            path: asked.path.into_owned(),
            query: asked.query.map(<[u8]>::to_vec),
            prefix,
            peer: asked.peer,
            http_version: head.version().number(),
            referer: head.get("referer").map(<[u8]>::to_vec),
            websocket: head.is_websocket(),
        }
    }

    /// The URL, for judging redirects against it.
    pub fn url(&self) -> Url {
        Url {
            scheme: self.scheme.clone(),
            host: self.host.to_ascii_lowercase(),
            port: self.port,
            path: self.path.clone(),
            query: self.query.clone(),
        }
    }

    fn unknown() -> Self {
        Self {
            source: Source::Unknown,
            method: String::new(),
            scheme: String::new(),
            host: String::new(),
            port: None,
            path: Vec::new(),
            query: None,
            prefix: String::new(),
            peer: None,
            http_version: Version::Http11.number(),
            referer: None,
            websocket: false,
        }
    }
}

/// The path of a request as on the wire; an absolute target without one means `/` (RFC 9110 section 4.2.3).
pub(super) fn wire_path(head: &RequestHead) -> &[u8] {
    match Target::new(head.target()).path() {
        b"" => b"/",
        path => path,
    }
}

/// The last entry of the last line under `name`: what the hop next to the server says.
pub(super) fn last_entry<'a>(fields: &Fields<'a>, name: &str) -> Option<&'a [u8]> {
    let entry = fields.all(name).last()?.rsplit(|&b| b == b',').next()?.trim_ascii();
    (!entry.is_empty()).then_some(entry)
}

/// The first entry of the first line under `name`: what the hop next to the client says.
fn first_entry<'a>(fields: &Fields<'a>, name: &str) -> Option<&'a [u8]> {
    let entry = fields.get(name)?.split(|&b| b == b',').next()?.trim_ascii();
    (!entry.is_empty()).then_some(entry)
}

/// On the wire at the edge. hopscope's listener speaks plain http; what a hop before it says is no observation.
fn seen(half: &Half) -> Asked<'_> {
    let head = &half.request;
    let target = Target::new(head.target());
    let (host, port) = split_port(target.authority().or_else(|| head.get("host")).unwrap_or_default());
    Asked {
        source: Source::Seen,
        scheme: target.scheme().and_then(web_scheme).unwrap_or("http"),
        host,
        port,
        path: Cow::Borrowed(wire_path(head)),
        query: target.query(),
        peer: Some(half.peer),
    }
}

/// Behind the proxy only: what the forwarded headers say, and the request itself where they say nothing.
fn derived<'a>(half: &'a Half, setup: &Setup) -> Asked<'a> {
    let head = &half.request;
    let fields = head.fields();
    let target = Target::new(head.target());
    let standard = |name| fields.get("forwarded").and_then(|value| forwarded_parameter(value, name));
    let authority = first_entry(&fields, "x-forwarded-host")
        .or_else(|| standard("host"))
        .or_else(|| target.authority())
        .or_else(|| head.get("host"))
        .unwrap_or_default();
    let (host, port) = split_port(authority);
    let scheme = first_entry(&fields, "x-forwarded-proto")
        .or_else(|| standard("proto"))
        .and_then(web_scheme)
        .or_else(|| public_scheme(host, setup))
        .unwrap_or("http");
    let port = port.or_else(|| forwarded_port(first_entry(&fields, "x-forwarded-port")?));
    let (path, query) = derived_target(&fields, head, target);
    let client = first_entry(&fields, "x-forwarded-for").or_else(|| standard("for"));
    let peer = match client {
        Some(client) => client_address(client),
        None => Some(half.peer).filter(|_| fields.get("x-forwarded-host").is_none()),
    };
    Asked { source: Source::Derived, scheme, host, port, path, query, peer }
}

/// Path and query before the proxy touched them, by the headers that carry them: nginx set-ups send `X-Original-URI`,
/// Traefik's replacePath sends `X-Replaced-Path`, its stripPrefix `X-Forwarded-Prefix`.
fn derived_target<'a>(
    fields: &Fields<'a>,
    head: &'a RequestHead,
    target: Target<'a>,
) -> (Cow<'a, [u8]>, Option<&'a [u8]>) {
    let rooted = |name| fields.get(name).filter(|value| value.starts_with(b"/"));
    if let Some(uri) = rooted("x-original-uri") {
        let original = Target::new(uri);
        return (Cow::Borrowed(original.path()), original.query());
    }
    if let Some(path) = rooted("x-replaced-path") {
        return (Cow::Borrowed(path), target.query());
    }
    let path = wire_path(head);
    let prefix = last_entry(fields, "x-forwarded-prefix").and_then(prefix_text);
    match prefix {
        Some(prefix) if !has_prefix(path, prefix) => (Cow::Owned([prefix.as_bytes(), path].concat()), target.query()),
        _ => (Cow::Borrowed(path), target.query()),
    }
}

/// A prefix as a header gives it: starts with a slash, a final slash taken off; `None` if nothing is left of it.
pub(super) fn prefix_text(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?.trim_end_matches('/');
    text.starts_with('/').then_some(text)
}

/// The longest known prefix that the path starts with.
fn prefix(exchange: &Exchange, setup: &Setup, rewritten: &Rewritten, path: &[u8]) -> String {
    let plan = planned(exchange, setup);
    let route = setup.gateway.as_ref().zip(plan.as_ref()).and_then(|(gateway, plan)| gateway.router(plan));
    let route = route.filter(|route| !route.upstreams.is_empty());
    let stripped = match &rewritten.rewrite {
        Rewrite::Stripped(prefix) => Some(prefix.as_str()),
        _ => None,
    };
    let app = exchange.app.as_deref();
    let told = app.and_then(|app| last_entry(&app.request.fields(), "x-forwarded-prefix")).and_then(prefix_text);
    let known = setup.prefixes.iter().map(String::as_str);
    known
        .chain(route.and_then(|route| route.prefix.as_deref()))
        .chain(stripped)
        .chain(told)
        .filter(|prefix| has_prefix(path, prefix))
        .max_by_key(|prefix| prefix.len())
        .unwrap_or_default()
        .to_owned()
}

/// `http` or `https`; Traefik says `ws` and `wss` for websockets.
fn web_scheme(value: &[u8]) -> Option<&'static str> {
    match value.to_ascii_lowercase().as_slice() {
        b"http" | b"ws" => Some("http"),
        b"https" | b"wss" => Some("https"),
        _ => None,
    }
}

/// The public URL's scheme, for a request to the public host.
fn public_scheme(host: &[u8], setup: &Setup) -> Option<&'static str> {
    let public = setup.public.as_ref()?;
    host.eq_ignore_ascii_case(public.host.as_bytes()).then(|| web_scheme(public.scheme.as_bytes()))?
}

/// A port worth writing. 80 and 443 are left out whatever the scheme: behind a TLS balancer an inner proxy says 80.
fn forwarded_port(value: &[u8]) -> Option<u16> {
    let port = std::str::from_utf8(value).ok()?.parse().ok()?;
    ["http", "https"].iter().all(|scheme| default_port(scheme) != Some(port)).then_some(port)
}

/// An entry of `X-Forwarded-For` as an address; port 0 if it names none.
fn client_address(entry: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(entry).ok()?;
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(SocketAddr::new(address, 0));
    }
    let (host, port) = split_port(entry);
    let host = std::str::from_utf8(host).ok()?.trim_start_matches('[').trim_end_matches(']');
    host.parse().ok().map(|address| SocketAddr::new(address, port.unwrap_or(0)))
}

/// A parameter of the first element of `Forwarded` (RFC 7239 section 4), quotes taken off.
fn forwarded_parameter<'a>(value: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let first = split_unquoted(value, b',').next()?;
    split_unquoted(first, b';').find_map(|pair| {
        let equals = memchr::memchr(b'=', pair)?;
        let (key, value) = pair.split_at(equals);
        let value = value.get(1..)?.trim_ascii();
        let value = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")).unwrap_or(value);
        (key.trim_ascii().eq_ignore_ascii_case(name.as_bytes()) && !value.is_empty()).then_some(value)
    })
}

/// Splits at `border`, but not inside quotes.
fn split_unquoted(text: &[u8], border: u8) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    text.split(move |&byte| {
        quoted ^= byte == b'"';
        byte == border && !quoted
    })
}
