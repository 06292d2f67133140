//! Why an app takes a request for http that the client made by https, and what to change.
//!
//! This module exists because a redirect, a link in a page and a login's way back go wrong by the same cause and are mended
//! by the same change.

use super::case::Case;
use super::change::{Change, Fix};
use super::fact::Ground;
use super::rule::Parts;
use super::server_words::ServerWords;
use super::wording::Proxy;
use super::{fix, shown};
use crate::asgi::server::Program;
use crate::gateway;
use crate::lanes::Source;

/// Why https was not seen.
pub(super) struct Unseen {
    /// The reason, a sentence.
    pub(super) reason: String,
    /// What of it was observed, a few words.
    fact: String,
    /// What to change, best first.
    pub(super) fixes: Vec<Fix>,
}

impl Unseen {
    /// The reason for this exchange, which the client is known to have made by https.
    pub(super) fn of(case: &Case<'_>) -> Self {
        let server = ServerWords(&case.setup.server);
        let Some(sent) = case.forwarded("x-forwarded-proto") else {
            return Self {
                reason: "No X-Forwarded-Proto reached the app.".to_owned(),
                fact: "no X-Forwarded-Proto reached the app".to_owned(),
                fixes: send_scheme(case),
            };
        };
        let fact = format!("X-Forwarded-Proto: {} reached the app", shown::bytes(sent));
        let (reason, fixes) = if case.setup.server.reads_forwarded() {
            Self::of_value(case, sent)
        } else {
            (server.reads_nothing(), vec![read_headers(case)])
        };
        Self { reason, fact, fixes }
    }

    fn of_value(case: &Case<'_>, sent: &[u8]) -> (String, Vec<Fix>) {
        let server = ServerWords(&case.setup.server);
        if case.view().is_some_and(|view| view.scope.scheme() == "https") {
            let reason = "The app was told https by X-Forwarded-Proto: it, or a middleware, sets the scheme itself.";
            let fix = Fix::advice("the app: build URLs from request.url, not from a fixed http:// base");
            return (reason.to_owned(), vec![fix]);
        }
        match sent {
            b"https" | b"wss" => match &case.lanes.forwarded.trust {
                Some(verdict) if !verdict.trusted => {
                    let reason = format!("X-Forwarded-Proto said https, but {}.", shown::text(&verdict.why));
                    (reason, vec![believe(case)])
                }
                _ => (
                    "X-Forwarded-Proto said https; whether the server believes the proxy is not known here.".to_owned(),
                    vec![believe(case)],
                ),
            },
            b"http" | b"ws" => (
                "X-Forwarded-Proto said http: the proxy before the app does not know that TLS ended before it."
                    .to_owned(),
                send_scheme(case),
            ),
            other => (
                format!("X-Forwarded-Proto is {:?}; {}.", shown::bytes(other), server.wanted_scheme()),
                vec![Fix::advice("send one value, https: let the outermost proxy set it and the others leave it")],
            ),
        }
    }

    /// The finding's parts with what was observed of it.
    pub(super) fn onto(self, case: &Case<'_>, parts: Parts) -> Parts {
        parts.fact(case, Source::Seen, Ground::Forwarded, self.fact).fix(self.fixes)
    }
}

/// How to make the proxy say the client's scheme: believe who ended TLS before it, or say its own.
fn send_scheme(case: &Case<'_>) -> Vec<Fix> {
    let front = case.exchange.edge.as_deref().filter(|edge| edge.request.get("x-forwarded-proto").is_some());
    vec![match front {
        Some(edge) => {
            let front = edge.peer.ip().to_canonical().to_string();
            let line = Proxy::of(case).believe_front(&front);
            fix::change(case, line, [Change::Proxy(gateway::Change::TrustFront(front))])
        }
        None => fix::change(case, Proxy::of(case).send_scheme(), [Change::Proxy(gateway::Change::SendScheme)]),
    }]
}

/// How to make the server believe its peer.
fn believe(case: &Case<'_>) -> Fix {
    let (server, peer) = (&case.setup.server, case.lanes.forwarded.peer);
    let line =
        ServerWords(server).believe(&peer.map_or_else(|| "<the proxy's address>".to_owned(), |peer| peer.to_string()));
    match (server.program().trust_option(), peer) {
        (Some(option), Some(peer)) => {
            fix::change(case, line, [Change::Server(option.to_owned(), Some(peer.to_canonical().to_string()))])
        }
        _ => read_headers(case),
    }
}

/// How to make the server read forwarding headers at all.
pub(super) fn read_headers(case: &Case<'_>) -> Fix {
    let program = case.setup.server.program();
    let peer = case.lanes.forwarded.peer.map(|peer| peer.to_canonical().to_string());
    let change = match (program, program.reading_option()) {
        (Program::Uvicorn, _) => Some(("proxy-headers", "true".to_owned())),
        (Program::Granian, Some((option, _))) => peer.map(|peer| (option, peer)),
        (_, Some((option, values))) => values.first().map(|value| (option, (*value).to_owned())),
        (_, None) => None,
    };
    let line = ServerWords(&case.setup.server).read_headers();
    match change {
        Some((option, value)) => fix::change(case, line, [Change::Server(option.to_owned(), Some(value))]),
        None => Fix::advice(line),
    }
}
