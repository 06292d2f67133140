//! Who wrote a response: the first question of every diagnosis.
//!
//! Where both sides were seen it is read off the two; otherwise each program is known by the bodies and fields that only
//! it writes.

use memchr::memmem;

use super::Setup;
use crate::asgi::Outcome;
use crate::asgi::server::Ends;
use crate::exchange::{Answered, Ending, Exchange, Half, RequestHead, ResponseHead};
use crate::gateway::Proxy;

/// Who wrote a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// The app: `fastapi`, `starlette`, or just `app`.
    App(&'static str),
    /// The app's server by itself: `uvicorn`.
    Server(String),
    /// A proxy between: `traefik`, `nginx`, `caddy`, `haproxy`, `apache`, `envoy`, `kong`, or `proxy`.
    Proxy(&'static str),
    /// hopscope.
    Hopscope,
    /// Nobody answered.
    Nobody,
    /// Not known.
    Unknown,
}

impl Author {
    /// The word on screen and in JSON.
    pub fn word(&self) -> &str {
        match self {
            Self::App(name) | Self::Proxy(name) => name,
            Self::Server(name) => name,
            Self::Hopscope => "hopscope",
            Self::Nobody => "-",
            Self::Unknown => "?",
        }
    }
}

/// How far into a body a mark is looked for: error pages are short.
const LOOKED_AT: usize = 2048;

/// What stands in the error pages that proxies write themselves.
const MARKS: [(&[u8], &str); 5] = [
    (b"<center>nginx", "nginx"),
    (b"<center>openresty", "nginx"),
    (b"No server is available to handle this request.", "haproxy"),
    (b"<address>Apache", "apache"),
    (b"no Route matched with those values", "kong"),
];

/// How the Server fields of proxies start, case ignored.
const SERVERS: [(&[u8], &str); 6] = [
    (b"nginx", "nginx"),
    (b"openresty", "nginx"),
    (b"caddy", "caddy"),
    (b"apache", "apache"),
    (b"envoy", "envoy"),
    (b"kong", "kong"),
];

/// Who wrote the response that the client got.
pub(super) fn of(exchange: &Exchange, setup: &Setup) -> Author {
    let Some(outer) = exchange.outer() else { return Author::Unknown };
    match outer.answered {
        Answered::Hopscope => return stand_in(outer, setup),
        Answered::Nobody if outer.ending == Ending::Open => return Author::Unknown,
        Answered::Nobody => return Author::Nobody,
        Answered::Upstream => {}
    }
    match (exchange.edge.as_deref(), exchange.app.as_deref()) {
        (edge, Some(app)) if edge.is_none_or(|edge| edge.status() == app.status()) => behind(app, setup),
        (Some(_), Some(_)) => Author::Proxy(proxy(exchange).unwrap_or("proxy")),
        // An app that no tap stands before may have answered: its own marks go before the guess.
        _ => match before(outer) {
            Author::Unknown if setup.never_reached(exchange) => Author::Proxy(proxy(exchange).unwrap_or("proxy")),
            author => author,
        },
    }
}

/// What the stand-in answered by itself: as the proxy whose configuration it was given, or as hopscope, which could not go
/// on.
fn stand_in(outer: &Half, setup: &Setup) -> Author {
    let proxy = setup.gateway.as_ref().map(|gateway| gateway.proxy).filter(|proxy| *proxy != Proxy::Flags);
    match (proxy, &outer.ending) {
        (Some(proxy), Ending::Complete | Ending::NoRoute) => Author::Proxy(proxy.word()),
        _ => Author::Hopscope,
    }
}

/// The proxy between client and app, as far as it gives itself away: in what it adds to the request, and in what it
/// answers.
pub(super) fn proxy(exchange: &Exchange) -> Option<&'static str> {
    let (edge, app) = (exchange.edge.as_deref(), exchange.app.as_deref());
    if let Some(name) = app.and_then(|app| proxy_by_request(&app.request)) {
        return Some(name);
    }
    let edge = edge?;
    let head = edge.response.as_ref()?;
    let passed_on = app.and_then(|app| app.response.as_ref()).and_then(|head| head.get("server"));
    if let Some(name) = proxy_by_body(edge).filter(|_| app.is_none()) {
        return Some(name);
    }
    if head.fields().all("via").any(|value| contains(value, b"Caddy")) {
        return Some("caddy");
    }
    // A Server field that the app's server sent itself says nothing about the proxy.
    head.get("server").filter(|server| passed_on != Some(*server)).and_then(proxy_by_server)
}

/// Behind the proxy: the app or its server, unless one more proxy stands there.
fn behind(app: &Half, setup: &Setup) -> Author {
    let Some(head) = app.response.as_ref() else { return Author::Unknown };
    if app.answered == Answered::Hopscope {
        return Author::Hopscope;
    }
    if let Some(name) = proxy_by_body(app) {
        return Author::Proxy(name);
    }
    if is_by_server(app, head) || is_refused(app, head, setup) {
        return Author::Server(setup.server.program().name().to_owned());
    }
    Author::App(framework(app, head).unwrap_or("app"))
}

/// Before the proxy only: what only one program can have written, and otherwise nothing.
fn before(edge: &Half) -> Author {
    let Some(head) = edge.response.as_ref() else { return Author::Unknown };
    proxy_by_body(edge)
        .map(Author::Proxy)
        .or_else(|| framework(edge, head).map(Author::App))
        .or_else(|| head.get("server").filter(|server| is_asgi_server(server)).map(|_| Author::App("app")))
        .unwrap_or(Author::Unknown)
}

/// Traefik sends `X-Forwarded-Server` and `X-Real-Ip` in Go's spelling; Caddy and Envoy sign.
fn proxy_by_request(head: &RequestHead) -> Option<&'static str> {
    let fields = head.fields();
    let has_exactly = |name: &[u8]| fields.clone().any(|field| field.name == name);
    if has_exactly(b"X-Forwarded-Server") && has_exactly(b"X-Real-Ip") {
        Some("traefik")
    } else if fields.all("via").any(|value| contains(value, b"Caddy")) {
        Some("caddy")
    } else if fields.get("x-envoy-expected-rq-timeout-ms").is_some() {
        Some("envoy")
    } else {
        None
    }
}

fn proxy_by_server(server: &[u8]) -> Option<&'static str> {
    let starts = |name: &[u8]| server.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
    SERVERS.iter().find(|(name, _)| starts(name)).map(|(_, word)| *word)
}

/// A proxy by the answer that it wrote itself.
fn proxy_by_body(half: &Half) -> Option<&'static str> {
    let head = half.response.as_ref()?;
    // Caddy keeps the upstream's Server: its own name stands only on its own answers.
    if head.get("server") == Some(b"Caddy") {
        return Some("caddy");
    }
    if head.status() < 400 {
        return None;
    }
    let body = half.response_body.kept.get(..LOOKED_AT).unwrap_or(&half.response_body.kept);
    if body.trim_ascii_end() == b"404 page not found" {
        return Some("traefik");
    }
    MARKS.iter().find(|(mark, _)| contains(body, mark)).map(|(_, word)| *word)
}

/// What uvicorn answers without the app: `403` to a websocket that the app closed before accepting it, or for whose path
/// there is no route (no Server field then), and `400` to what is no HTTP.
fn is_by_server(half: &Half, head: &ResponseHead) -> bool {
    match head.status() {
        403 => half.request.is_websocket() && !is_json(head),
        400 => half.response_body.kept.starts_with(b"Invalid HTTP request received."),
        _ => false,
    }
}

/// True if the server refuses the request by its model, with the very status that came.
fn is_refused(half: &Half, head: &ResponseHead, setup: &Setup) -> bool {
    let Some((to, from)) = half.upstream.filter(|_| head.status() >= 400) else { return false };
    let outcome = setup.server.receive(half.request.as_bytes(), &Ends::tcp(from, to));
    matches!(outcome, Outcome::Refused { status, .. } if status == head.status())
}

/// The framework, by the bodies that it writes itself.
fn framework(half: &Half, head: &ResponseHead) -> Option<&'static str> {
    let body = &half.response_body.kept;
    if head.status() >= 400 && is_json(head) && body.starts_with(b"{\"detail\":") {
        return Some("fastapi");
    }
    let is_text = head.get("content-type").is_some_and(|value| value.starts_with(b"text/plain"));
    let is_own = matches!((head.status(), body.as_ref()), (404, b"Not Found") | (405, b"Method Not Allowed"));
    (is_text && is_own).then_some("starlette")
}

fn is_json(head: &ResponseHead) -> bool {
    head.get("content-type").is_some_and(|value| value.starts_with(b"application/json"))
}

fn is_asgi_server(server: &[u8]) -> bool {
    [&b"uvicorn"[..], b"hypercorn", b"granian", b"daphne", b"gunicorn"].iter().any(|name| server.starts_with(name))
}

fn contains(text: &[u8], mark: &[u8]) -> bool {
    memmem::find(text, mark).is_some()
}
