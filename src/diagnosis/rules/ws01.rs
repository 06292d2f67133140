//! # WS01: websocket 403 is really 404
//!
//! ## What it says
//! The server refused a websocket handshake with 403 and no body. That is what it says where no websocket route takes the
//! path; it says the same where the app closes the connection before accepting it.
//!
//! ## Why it happens
//! ASGI has no status for a websocket that nobody takes: Starlette's router closes it, and the server makes 403 of that.
//! A slash at the end counts: websockets are not redirected. Most often the path has a prefix that the route has not, or
//! lacks one that it has.
//!
//! ## How it is told from its neighbours
//! - `PX01`, `PX02`, `PX03`: a prefix that is known to be wrong is the cause; then this follows from it.
//! - `WS02`: a handshake that loses its upgrade gets 404.
//! - `WS03`: the page's origin is not the host that the app sees.
//! - A login that the app asks for before accepting looks the same. Without a websocket that was accepted under a like
//!   path, or all routes of the app, this is only a note.
//!
//! Seen in fastapi/fastapi#98 and #3735, miguelgrinberg/python-socketio#1246.
//!
//! ## Example
//! ```text
//! GET /api/v1/ws   Upgrade: websocket   403, no body, by uvicorn   routes: /ws
//! ```
//!
//! ## Fix
//! Open the websocket at the very path of its route, prefix and final slash as the app has them; or mend the prefix.
//!
//! ## Not
//! CORS middleware: browsers ask no leave for websockets, and it would not answer them.

use crate::asgi::framework::{RouteMatch, Routes};
use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::{Confidence, Ground, Severity, shown};
use crate::exchange::ExchangeId;
use crate::lanes::{Author, Source};

pub(super) const RULE: Rule = Rule {
    code: "WS01",
    title: "websocket 403 is really 404",
    severity: Severity::Error,
    source: include_str!("ws01.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let by_server = matches!(case.lanes.answer.by, Author::Server(_) | Author::Unknown);
    let Some(half) = case.exchange.inner().filter(|_| by_server && case.status() == Some(403)) else {
        return Answer::No;
    };
    if half.response_body.total > 0 || !half.request.is_websocket() {
        return Answer::No;
    }
    let path = case.lanes.original.path.as_slice();
    let parts = match (case.history.socket_like(path), no_route(case)) {
        (Some((accepted, exchange)), _) => elsewhere(case, accepted, exchange),
        (None, Some(route_path)) => missing(&route_path),
        (None, None) => alone(case),
    };
    let about = String::from_utf8_lossy(case.outgoing().unwrap_or(path));
    Answer::Yes(
        parts
            .about(format!("websocket {}", shown::text(&about)))
            .answer_seen(case)
            .not("CORS middleware: browsers ask no leave for websockets, and it would not answer them"),
    )
}

/// The path that the app looked for, where all its routes are known and none takes it.
fn no_route(case: &Case<'_>) -> Option<String> {
    let view = case.view().filter(|view| view.route == RouteMatch::None)?;
    case.routes().filter(|routes| Routes::are_all(routes)).map(|_| view.route_path.clone())
}

/// A websocket was opened under a path that ends alike.
fn elsewhere(case: &Case<'_>, accepted: &[u8], exchange: ExchangeId) -> Parts {
    let (asked, accepted) = (shown::bytes(&case.lanes.original.path), shown::bytes(accepted));
    let why = format!(
        "No websocket route takes {asked}: the server says 403 for that. A websocket was opened at {accepted}; this path is \
         not it.",
    );
    Parts::new(Confidence::High, why)
        .fact_of(exchange, Source::Seen, format!("a websocket was opened at {accepted}"))
        .fix([format!("the page or client: open the websocket at {accepted}")])
}

/// All routes are known.
fn missing(route_path: &str) -> Parts {
    let route_path = shown::text(route_path);
    let why = format!("No route of the app takes {route_path}: to a websocket the server says 403 for that, not 404.");
    Parts::new(Confidence::High, why)
        .known(Source::Derived, Ground::Routes, None, format!("no route of the app takes {route_path}"))
        .fix([format!(
            "the page or client: open the websocket at the path of its route; or the app: a route for {route_path}"
        )])
}

/// Nothing tells it from a refusal.
fn alone(case: &Case<'_>) -> Parts {
    let path = shown::bytes(&case.lanes.original.path);
    let why = format!(
        "The server refused the websocket at {path} with 403 and no body: either no websocket route takes the path, or the app \
         closed it before accepting it.",
    );
    Parts::new(Confidence::Medium, why)
        .severity(Severity::Note)
        .missing("a websocket that was accepted, or the app's own log: \"connection rejected (403 Forbidden)\" names the path")
        .fix([format!("the app: look for a websocket route whose path is {path}, final slash and all")])
}
