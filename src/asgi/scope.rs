//! The ASGI scope of one request (asgiref `specs/www.rst`), as the server hands it to the app.

use std::fmt;

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

/// The second item of a `[host, port]` pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Port {
    /// A number. May lie outside 0..=65535, because `int()` is all the check there is.
    Number(i64),
    /// Text: granian writes every port as text, and gunicorn 27 takes a unix socket's path apart.
    Text(String),
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// A `[host, port]` pair of the scope. Not always an address: uvicorn passes `X-Forwarded-For` entries on unchecked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The host, verbatim. `None` is uvicorn's own mistake (0.14 to 0.30, where every forwarded entry is trusted).
    pub host: Option<String>,
    /// The port; `None` for a unix socket path.
    pub port: Option<Port>,
}

impl Address {
    /// An address with a port that is a number.
    pub fn new(host: impl Into<String>, port: impl Into<i64>) -> Self {
        Self { host: Some(host.into()), port: Some(Port::Number(port.into())) }
    }

    /// The path of a unix socket.
    pub fn unix(path: impl Into<String>) -> Self {
        Self { host: Some(path.into()), port: None }
    }

    /// The host as text; empty where there is none.
    pub fn host(&self) -> &str {
        self.host.as_deref().unwrap_or_default()
    }
}

/// The `asgi` entry of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsgiVersions {
    /// `version`
    pub version: &'static str,
    /// `spec_version`; daphne gives none.
    pub spec: Option<&'static str>,
}

/// The scope. `state` is left out: it is the app's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// `type`
    pub kind: ScopeType,
    /// `asgi`
    pub asgi: AsgiVersions,
    /// `http_version`; missing from daphne's websocket scopes.
    pub http_version: Option<String>,
    /// `method`; only plain requests have one.
    pub method: Option<String>,
    /// `scheme`; missing from daphne's websocket scopes.
    pub scheme: Option<String>,
    /// `path`: percent-decoded as UTF-8, bad bytes as U+FFFD.
    pub path: String,
    /// `raw_path`: as on the wire (with what the server put before it).
    pub raw_path: Vec<u8>,
    /// `query_string`: after the first `?`, still encoded.
    pub query_string: Vec<u8>,
    /// `root_path`
    pub root_path: String,
    /// `headers`: names in lower case, in the order the server gives them.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// `client`
    pub client: Option<Address>,
    /// `server`
    pub server: Option<Address>,
    /// `subprotocols` of a websocket.
    pub subprotocols: Vec<String>,
    /// The names in `extensions`, sorted.
    pub extensions: &'static [&'static str],
}

impl Scope {
    /// A plain request for `path` to try things with: scheme `http`, no query, no headers, no addresses.
    #[cfg(test)]
    pub(crate) fn sample(path: &str, root_path: &str) -> Self {
        Self {
            kind: ScopeType::Http,
            asgi: AsgiVersions { version: "3.0", spec: Some("2.3") },
            http_version: Some("1.1".to_owned()),
            method: Some("GET".to_owned()),
            scheme: Some("http".to_owned()),
            path: path.to_owned(),
            raw_path: path.as_bytes().to_vec(),
            query_string: Vec::new(),
            root_path: root_path.to_owned(),
            headers: Vec::new(),
            client: None,
            server: None,
            subprotocols: Vec::new(),
            extensions: &[],
        }
    }

    /// What a framework takes for the scheme: `scheme`, or the specification's default where there is none.
    pub fn scheme(&self) -> &str {
        self.scheme.as_deref().unwrap_or(match self.kind {
            ScopeType::Http => "http",
            ScopeType::WebSocket => "ws",
        })
    }

    /// The first header called `name` (lower case), which is the one that frameworks read.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(known, _)| known == name.as_bytes()).map(|(_, value)| value.as_slice())
    }

    /// Every header called `name` (lower case), in order.
    pub fn all_headers<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |(known, _)| known == name.as_bytes()).map(|(_, value)| value.as_slice())
    }
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
