//! What the tests of every server need: a server started with options, a request's two ends, and what came of it.

use super::{Ends, Server};
use crate::asgi::{Outcome, Scope};

/// The lines of a handshake that every server accepts.
pub(super) const WEBSOCKET: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                                    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A server as `Server::named` takes it, with these options.
pub(super) fn started(name: &str, options: &[(&str, &str)]) -> Server {
    let mut server = Server::named(name).unwrap();
    for (name, value) in options {
        server.set(name, value).unwrap();
    }
    server
}

/// A connection within the machine.
pub(super) fn ends() -> Ends {
    Ends::tcp(([127, 0, 0, 1], 50_000).into(), ([127, 0, 0, 1], 8000).into())
}

/// The scope that it must be.
pub(super) fn scope(outcome: Outcome) -> Scope {
    match outcome {
        Outcome::Scope(scope) => *scope,
        other => panic!("{other:?}"),
    }
}

/// The status of a refusal, 0 for no answer, 200 for a scope, 999 for what is not known.
pub(super) fn status(outcome: &Outcome) -> u16 {
    match outcome {
        Outcome::Scope(_) => 200,
        Outcome::Refused { status, .. } => *status,
        Outcome::Closed { .. } => 0,
        Outcome::Unknown { .. } => 999,
    }
}
