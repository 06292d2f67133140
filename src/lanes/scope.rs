//! Lane 4: what the app sees, by the server's model.

use super::{Setup, Source};
use crate::asgi::framework::AppView;
use crate::asgi::server::Ends;
use crate::asgi::Outcome;
use crate::exchange::Exchange;

/// Lane 4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeLane {
    /// `Derived` from the server's model; `Unknown` if the request never reached it.
    pub source: Source,
    /// The server and version, e.g. `uvicorn 0.54.0`.
    pub server: String,
    /// What the server does; `None` if the request never reached it.
    pub outcome: Option<Outcome>,
    /// What the framework makes of it.
    pub view: Option<AppView>,
}

impl ScopeLane {
    /// The scope of an exchange. Without a half behind the proxy, or with one that could not reach the server, there is
    /// none: what a proxy did to a request that was seen only before it is not guessed.
    pub(super) fn of(exchange: &Exchange, setup: &Setup) -> Self {
        let server = format!("{} {}", setup.server.program(), setup.server.version);
        let Some((app, (to, from))) = exchange.app.as_deref().and_then(|app| Some((app, app.upstream?))) else {
            return Self { source: Source::Unknown, server, outcome: None, view: None };
        };
        let outcome = setup.server.receive(app.request.as_bytes(), &Ends::tcp(from, to));
        let view = outcome.scope().map(|scope| setup.app.view(scope));
        let source = if matches!(outcome, Outcome::Unknown { .. }) { Source::Unknown } else { Source::Derived };
        Self { source, server, outcome: Some(outcome), view }
    }
}
