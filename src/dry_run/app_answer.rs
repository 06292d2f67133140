//! What server and app answer, where the models are certain of it.

use crate::asgi::framework::{AppView, FASTAPI_OWN, Prediction};
use crate::asgi::server::Program;
use crate::asgi::{Outcome, ScopeType};
use crate::lanes::{Lanes, Setup};

/// What a route miss of FastAPI looks like.
const NOT_FOUND: &[u8] = b"{\"detail\":\"Not Found\"}";

/// A response that would come.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Predicted {
    /// Its head, from the status line to the empty line.
    pub(crate) head: String,
    /// Its body, as far as it tells who answered.
    pub(crate) body: &'static [u8],
}

/// What server and app answer; `None` where it depends on more than is known.
pub(crate) fn predict(lanes: &Lanes, setup: &Setup) -> Option<Predicted> {
    if let Some(Outcome::Refused { status, .. }) = &lanes.scope.outcome {
        return Some(response(*status, "content-type: text/plain; charset=utf-8\r\n", b""));
    }
    let view = lanes.scope.view.as_ref()?;
    let served = served(setup.server.program());
    match (view.predicted(&setup.app), view.scope.kind) {
        (Prediction::Found, ScopeType::Http) => Some(response(200, served, b"")),
        (Prediction::Found, ScopeType::WebSocket) => {
            Some(response(101, "connection: Upgrade\r\nupgrade: websocket\r\n", b""))
        }
        (Prediction::Redirect(to), _) => Some(response(307, &format!("{served}location: {to}\r\n"), b"")),
        (answer @ (Prediction::OtherMethod | Prediction::BadHost | Prediction::Failed), kind) => {
            Some(response(answer.status(kind)?, served, b""))
        }
        (Prediction::NotFound, ScopeType::Http) => Some(not_found("application/json", NOT_FOUND, served)),
        (Prediction::NotFound, ScopeType::WebSocket) => Some(response(403, "", b"")),
        (Prediction::Unknown, ScopeType::Http) if FASTAPI_OWN.contains(&view.route_path.as_str()) => {
            Some(response(200, served, b""))
        }
        (Prediction::Unknown, ScopeType::Http) if is_below_a_prefix(view, setup) => {
            Some(not_found("application/json", NOT_FOUND, served))
        }
        (Prediction::Unknown, _) => None,
    }
}

/// The server's mark on what passes through it, as each sends it.
const fn served(program: Program) -> &'static str {
    match program {
        Program::Uvicorn => "server: uvicorn\r\n",
        Program::Hypercorn => "server: hypercorn-h11\r\n",
        Program::Daphne => "Server: daphne\r\n",
        Program::Granian => "server: granian\r\n",
        Program::Gunicorn => "Server: gunicorn/asgi\r\n",
    }
}

/// True if the app is asked for one of its built-in paths, but with a public prefix before it: those paths never have one
/// in the app itself.
fn is_below_a_prefix(view: &AppView, setup: &Setup) -> bool {
    setup.prefixes.iter().filter(|prefix| !prefix.is_empty()).any(|prefix| {
        let mut rest = view.route_path.as_str();
        while let Some(shorter) = rest.strip_prefix(prefix.as_str()) {
            rest = shorter;
        }
        rest.len() < view.route_path.len() && FASTAPI_OWN.contains(&rest)
    })
}

pub(super) fn not_found(kind: &str, body: &'static [u8], fields: &str) -> Predicted {
    response(404, &format!("{fields}content-type: {kind}\r\n"), body)
}

fn response(status: u16, fields: &str, body: &'static [u8]) -> Predicted {
    let length = if status == 101 { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    Predicted { head: format!("HTTP/1.1 {status}\r\n{fields}{length}\r\n"), body }
}
