//! # WS02: upgrade dropped
//!
//! ## What it says
//! The client asked for a websocket, and the app's server got an ordinary request in its place: it answers 404, 400 or 426,
//! and the websocket is never opened.
//!
//! ## Why it happens
//! `Upgrade` and `Connection` are for one connection alone, so nginx does not pass them on; each must be set. HTTP/1.0,
//! with which nginx asked upstreams before 1.29.7 unless told otherwise, knows no upgrade. Apache passes them on only where
//! the line says so. uvicorn takes the handshake for an ordinary request where no websocket library is installed.
//!
//! ## How it is told from its neighbours
//! - `WS01`, `PX01`: a route that is missing gives 403 to a handshake that does arrive as one. A 404 by the router of the
//!   app is the answer to an ordinary request: websockets have routes of their own.
//! - In a configuration a location is looked at if it sets `Upgrade`, or if its name says websocket (`/ws`, `/socket`):
//!   others may need none.
//!
//! Seen in jupyterhub/jupyterhub#219, streamlit/streamlit#7856, miguelgrinberg/python-socketio#1246.
//!
//! ## Example
//! ```text
//! location /ws { proxy_pass http://app; }
//! in Upgrade: websocket   out no Upgrade, Connection: close   404 {"detail":"Not Found"}
//! ```
//!
//! ## Fix
//! nginx: `proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";` in the
//! location. Where it serves pages too, set `Connection` by a `map` of `$http_upgrade`. Apache: `upgrade=websocket`.
//! uvicorn: install `websockets`, which comes with `uvicorn[standard]`.
//!
//! ## Not
//! A longer `proxy_read_timeout`: it keeps a websocket that is open, and this one never opens.

use crate::asgi::server::Program;
use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change, Confidence, Fix, Ground, Severity, shown};
use crate::exchange::{Half, RequestHead};
use crate::gateway;
use crate::lanes::{Author, Source};

pub(in crate::diagnosis) const RULE: Rule =
    Rule { code: "WS02", title: "upgrade dropped", severity: Severity::Error, source: include_str!("ws02.rs"), check };

fn check(case: &Case<'_>) -> Answer {
    if case.lanes.answer.status.is_none_or(|status| status < 400) {
        return Answer::No;
    }
    match (case.exchange.edge.as_deref(), case.app()) {
        (_, Some(app)) if app.request.is_websocket() => by_server(case, app),
        (Some(edge), Some(app)) if edge.request.is_websocket() => Answer::Yes(by_proxy(case, Some(edge), app)),
        (None, Some(app)) if is_rest(&app.request) => Answer::Yes(by_proxy(case, None, app)),
        (Some(edge), None) if edge.request.is_websocket() && is_routers(case) => Answer::Yes(unseen(case)),
        _ => Answer::No,
    }
}

/// What is left of a handshake that lost its upgrade: the key, which nothing but a handshake has.
fn is_rest(head: &RequestHead) -> bool {
    head.get("sec-websocket-key").is_some() && head.fields().get("upgrade").is_none()
}

/// True if the app's router answered, as it does only to ordinary requests.
fn is_routers(case: &Case<'_>) -> bool {
    case.status() == Some(404) && matches!(case.lanes.answer.by, Author::App("fastapi" | "starlette"))
}

/// The proxy took the upgrade off.
fn by_proxy(case: &Case<'_>, edge: Option<&Half>, app: &Half) -> Parts {
    let proxy = Proxy::of(case);
    let got = rest(&app.request);
    let why = format!(
        "The client asked for a websocket at {}, and {} passed it on as an ordinary request ({got}): the app answered {}.",
        shown::bytes(&case.lanes.original.path),
        proxy.name(),
        case.status().map_or_else(|| "nothing".to_owned(), |status| status.to_string()),
    );
    let mut parts = parts(proxy, why);
    if edge.is_some() {
        let upgrade = Change::Proxy(gateway::Change::Upgrade);
        parts = parts
            .fact(case, Source::Seen, Ground::Client, "the client sent Upgrade: websocket")
            .fix([Fix::candidate(proxy.upgrade(), [upgrade])]);
    }
    parts.fact(case, Source::Seen, Ground::Forwarded, format!("the app's server got {got}")).answer_seen(case)
}

/// Only the client's side was seen.
fn unseen(case: &Case<'_>) -> Parts {
    let why = format!(
        "The client asked for a websocket at {}, and the app's router answered as to an ordinary request: the upgrade was \
         lost on the way, at the proxy, or at a server without a websocket library.",
        shown::bytes(&case.lanes.original.path),
    );
    parts(Proxy::of(case), why)
        .fact(case, Source::Seen, Ground::Client, "the client sent Upgrade: websocket")
        .answer_seen(case)
        .missing("the request as the app's server got it: a tap before the app")
}

fn parts(proxy: Proxy, why: String) -> Parts {
    Parts::new(Confidence::High, why)
        .about("Upgrade")
        .not("a longer read timeout: it keeps a websocket that is open, and this one never opens")
        .fix([proxy.upgrade()])
}

/// What the app's server got of the handshake, in a few words.
fn rest(head: &RequestHead) -> String {
    let connection =
        head.get("connection").map_or_else(String::new, |value| format!(", Connection: {}", shown::bytes(value)));
    let upgrade = if head.get("upgrade").is_some() { "" } else { ", no Upgrade" };
    format!("HTTP/{}{connection}{upgrade}", head.version().number())
}

/// The handshake arrived, and the server gave it to the app as an ordinary request: it knows no websockets.
fn by_server(case: &Case<'_>, app: &Half) -> Answer {
    let server = ServerWords(&case.setup.server);
    if !is_routers(case) || case.setup.server.program() != Program::Uvicorn {
        return Answer::No;
    }
    let why = format!(
        "The handshake for {} reached {}, which gave it to the app as an ordinary request: it has no websocket library.",
        shown::bytes(app.request.target()),
        server.name(),
    );
    Answer::Yes(
        Parts::new(Confidence::High, why)
            .about(server.name())
            .fact(case, Source::Seen, Ground::Forwarded, "the app's server got Upgrade: websocket")
            .answer_seen(case)
            .fix(["pip install websockets  (or uvicorn[standard]), and no --ws none"])
            .not("headers at the proxy: the handshake arrives"),
    )
}
