//! The ASGI scope of one request (asgiref `specs/www.rst`), as the server hands it to the app.

/// `http` or `websocket`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeType {
    /// `http`
    Http,
    /// `websocket`
    WebSocket,
}

impl ScopeType {
    /// The word in the scope.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::WebSocket => "websocket",
        }
    }
}

/// A `[host, port]` pair of the scope. Not always an address: uvicorn passes `X-Forwarded-For` entries on unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The host, verbatim.
    pub host: String,
    /// The port; `None` for a unix socket path. May lie outside 0..=65535, because `int()` is all the check there is.
    pub port: Option<i64>,
}

/// The scope, headers excepted (they are the request's own, names lower-cased).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// `type`
    pub kind: ScopeType,
    /// `http_version`
    pub http_version: String,
    /// `scheme`
    pub scheme: String,
    /// `path`: percent-decoded as UTF-8, bad bytes as U+FFFD.
    pub path: String,
    /// `raw_path`: as on the wire (with what the server put before it).
    pub raw_path: Vec<u8>,
    /// `query_string`: after the first `?`, still encoded.
    pub query_string: Vec<u8>,
    /// `root_path`
    pub root_path: String,
    /// `client`
    pub client: Option<Address>,
    /// `server`
    pub server: Option<Address>,
    /// `subprotocols` of a websocket.
    pub subprotocols: Vec<String>,
}

/// What the server does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It calls the app with this scope.
    Scope(Box<Scope>),
    /// It answers by itself.
    Refused {
        /// The status it sends.
        status: u16,
        /// Why.
        why: String,
    },
    /// It closes the connection without an answer.
    Closed {
        /// Why.
        why: String,
    },
    /// The model does not know.
    Unknown {
        /// What is not modelled.
        why: String,
    },
}

impl Outcome {
    /// The scope, if there is one.
    pub fn scope(&self) -> Option<&Scope> {
        match self {
            Self::Scope(scope) => Some(scope),
            _ => None,
        }
    }
}
