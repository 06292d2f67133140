//! Who wrote a response: the first question of every diagnosis.
//!
//! Where both sides were seen it is read off the two: what came out of the app and went through is the app's, whatever it
//! looks like. Otherwise each program is known by the bodies and fields that only it writes (`proxies`, `origins`), and
//! where they do not decide nothing is said.

mod mark;
mod origins;
mod proxies;
#[cfg(test)]
mod tests;

use memchr::memmem;

use self::mark::{Place, Who, find, starts};
use super::Setup;
use crate::asgi::Outcome;
use crate::asgi::framework::Kind;
use crate::asgi::server::{Ends, from_header};
use crate::exchange::{Answered, Ending, Exchange, Half, RequestHead, ResponseHead};
use crate::gateway::Proxy;

/// Who wrote a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// The app: `fastapi`, `starlette`, `django`, …, or just `app`.
    App(&'static str),
    /// The app's server by itself: `uvicorn`.
    Server(String),
    /// A proxy or a balancer between: `traefik`, `nginx`, `caddy`, `haproxy`, `apache`, `envoy`, `kong`, `aws-alb`,
    /// `cloudflare`, …, or `proxy`.
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
        (Some(edge), Some(_)) => between(exchange, edge, setup),
        // An app that no tap stands before may have answered: its own marks go before the guess.
        _ => match before(outer, setup) {
            Author::Unknown if setup.never_reached(exchange) => between(exchange, outer, setup),
            author => author,
        },
    }
}

/// What the stand-in answered by itself: as the proxy whose configuration it was given, or as hopscope, which could not go
/// on.
fn stand_in(outer: &Half, setup: &Setup) -> Author {
    match (configured(setup), &outer.ending) {
        (Some(name), Ending::Complete | Ending::NoRoute) => Author::Proxy(name),
        _ => Author::Hopscope,
    }
}

/// The proxy whose configuration was read.
fn configured(setup: &Setup) -> Option<&'static str> {
    setup.gateway.as_ref().map(|gateway| gateway.proxy).filter(|proxy| *proxy != Proxy::Flags).map(Proxy::word)
}

/// Between the client and the app, where the app is known not to have written this: by what the answer looks like, by the
/// configuration that was read, by what the proxy does otherwise.
fn between(exchange: &Exchange, edge: &Half, setup: &Setup) -> Author {
    let name = proxy_by_mark(edge, Place::Unreached).or_else(|| configured(setup)).or_else(|| proxy(exchange));
    Author::Proxy(name.unwrap_or("proxy"))
}

/// The proxy between client and app, as far as it gives itself away: in what it adds to the request, and in what it
/// answers.
pub fn proxy(exchange: &Exchange) -> Option<&'static str> {
    let (edge, app) = (exchange.edge.as_deref(), exchange.app.as_deref());
    if let Some(name) = app.and_then(|app| proxy_by_request(&app.request)) {
        return Some(name);
    }
    let edge = edge?;
    let head = edge.response.as_ref()?;
    let own = match app {
        None => proxy_by_mark(edge, Place::Edge),
        Some(app) if app.status() != edge.status() => proxy_by_mark(edge, Place::Unreached),
        Some(_) => None,
    };
    // A Server field that the app's server sent itself says nothing about the proxy.
    let passed_on = app.and_then(|app| app.response.as_ref()).and_then(|head| head.get("server"));
    own.or_else(|| proxy_by_signature(head))
        .or_else(|| head.get("server").filter(|server| passed_on != Some(*server)).and_then(proxy_by_server))
}

/// Traefik sends `X-Forwarded-Server` and `X-Real-Ip` in Go's spelling, Apache the first alone (`ProxyAddHeaders`); Caddy
/// and Envoy sign.
fn proxy_by_request(head: &RequestHead) -> Option<&'static str> {
    let fields = head.fields();
    let has_exactly = |name: &[u8]| fields.clone().any(|field| field.name == name);
    let forwarded_server = has_exactly(b"X-Forwarded-Server");
    if forwarded_server && has_exactly(b"X-Real-Ip") {
        Some("traefik")
    } else if fields.all("via").any(|value| contains(value, b"Caddy")) {
        Some("caddy")
    } else if fields.get("x-envoy-expected-rq-timeout-ms").is_some() {
        Some("envoy")
    } else if forwarded_server && fields.get("x-real-ip").is_none() {
        Some("apache")
    } else {
        None
    }
}

/// The proxies that sign what they pass on, the nearest to the app first.
fn proxy_by_signature(head: &ResponseHead) -> Option<&'static str> {
    const VIA: [(&[u8], &str); 4] =
        [(b"Caddy", "caddy"), (b"kong/", "kong"), (b"google", "gcp"), (b"(CloudFront)", "cloudfront")];
    let signed = |sign: &[u8]| head.fields().all("via").any(|value| contains(value, sign));
    let by_via = VIA.iter().find(|(sign, _)| signed(sign)).map(|(_, name)| *name);
    by_via.or_else(|| head.get("x-envoy-upstream-service-time").map(|_| "envoy"))
}

fn proxy_by_server(server: &[u8]) -> Option<&'static str> {
    proxies::SERVERS.iter().find(|(name, _)| starts(server, name)).map(|(_, word)| *word)
}

/// A proxy by the answer that it wrote itself. What bears the Server field of an app's server came from there, even a page
/// that looks like a proxy's: the app may have got it elsewhere.
fn proxy_by_mark(half: &Half, place: Place) -> Option<&'static str> {
    half.response.as_ref().filter(|head| !names_asgi_server(head))?;
    match find(proxies::MARKS, half, place)? {
        Who::Proxy(name) => Some(name),
        Who::Server(_) | Who::App(_) => None,
    }
}

/// Behind the proxy: the app or its server, unless one more proxy stands there.
fn behind(app: &Half, setup: &Setup) -> Author {
    let Some(head) = app.response.as_ref() else { return Author::Unknown };
    if app.answered == Answered::Hopscope {
        return Author::Hopscope;
    }
    if let Some(name) = proxy_by_mark(app, Place::App) {
        return Author::Proxy(name);
    }
    let by_server = is_refused_handshake(app, head) || is_bare_refusal(app, head) || is_refused(app, head, setup);
    origin(app, head, by_server, setup)
}

/// Before the proxy only: what only one program can have written, and otherwise nothing.
fn before(edge: &Half, setup: &Setup) -> Author {
    let Some(head) = edge.response.as_ref() else { return Author::Unknown };
    if names_asgi_server(head) {
        return origin(edge, head, is_refused_handshake(edge, head), setup);
    }
    let app = || find(origins::MARKS, edge, Place::Edge).map(|who| named(who, setup));
    proxy_by_mark(edge, Place::Edge).map(Author::Proxy).or_else(app).unwrap_or(Author::Unknown)
}

/// The app or its server, which it is known to be. `by_server` if the server is known to refuse by itself what was asked.
fn origin(half: &Half, head: &ResponseHead, by_server: bool, setup: &Setup) -> Author {
    match find(origins::MARKS, half, Place::App) {
        Some(who @ Who::Server(_)) => who.into(),
        _ if by_server => {
            let program = head.get("server").and_then(from_header).unwrap_or_else(|| setup.server.program());
            Author::Server(program.name().to_owned())
        }
        Some(who) => named(who, setup),
        None => named(Who::App("app"), setup),
    }
}

/// Where the framework is known to be one that does not stand on Starlette, an answer of the app is by that one.
fn named(who: Who, setup: &Setup) -> Author {
    match (who, setup.app.framework.kind) {
        (Who::App(_), Kind::Other(other)) => Author::App(other.package()),
        _ => who.into(),
    }
}

/// A handshake that came to nothing and has no body: the server says so, `403` where the app closed it before accepting
/// it or has no route for its path, `400` or `426` where it is none, `500` where the app failed.
fn is_refused_handshake(half: &Half, head: &ResponseHead) -> bool {
    half.request.is_websocket() && matches!(head.status(), 400 | 403 | 426 | 500) && half.response_body.total == 0
}

/// What granian, daphne and others say to what they could not read: neither a body nor their name.
fn is_bare_refusal(half: &Half, head: &ResponseHead) -> bool {
    matches!(head.status(), 400 | 414 | 431) && half.response_body.total == 0 && head.get("server").is_none()
}

/// True if the server refuses the request by its model, with the very status that came.
fn is_refused(half: &Half, head: &ResponseHead, setup: &Setup) -> bool {
    let Some((to, from)) = half.upstream.filter(|_| head.status() >= 400) else { return false };
    let outcome = setup.server.receive(half.request.as_bytes(), &Ends::tcp(from, to));
    matches!(outcome, Outcome::Refused { status, .. } if status == head.status())
}

/// True if a Server field is one of an app's server: a proxy that puts its own beside it (Caddy before 2.10) passed it on.
fn names_asgi_server(head: &ResponseHead) -> bool {
    head.fields().all("server").any(|server| from_header(server).is_some())
}

fn contains(text: &[u8], mark: &[u8]) -> bool {
    memmem::find(text, mark).is_some()
}
