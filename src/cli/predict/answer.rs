//! An answer of `hopscope predict`.

use serde::Serialize;
use serde_json::Value;

use crate::asgi::{self, Address, Outcome};
use crate::forwarded::latin1;

/// One line of output.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    id: Value,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
    #[serde(flatten)]
    page: Option<Page>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// What the app's answer says, beside its status.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Page {
    /// A redirect.
    Redirect {
        /// Where to.
        location: String,
    },
    /// FastAPI's OpenAPI document.
    Document {
        /// The URLs of its `servers`; without any the document has no such key.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        servers: Vec<ServerUrl>,
    },
    /// A page that shows the document.
    Viewer {
        /// Where it loads the document from.
        openapi_url: String,
    },
    /// A route's own answer.
    Seen {
        /// What its handler sees.
        seen: Box<Seen>,
    },
    /// Nothing to say.
    Other {},
}

/// One of `servers`.
#[derive(Debug, Serialize)]
pub(super) struct ServerUrl {
    /// Its URL, or a path.
    pub(super) url: String,
}

/// What a route's handler sees.
#[derive(Debug, Serialize)]
pub(super) struct Seen {
    path: String,
    raw_path: String,
    root_path: String,
    scheme: Option<String>,
    client: Option<Pair>,
    /// `request.url` and its like; `null` where Starlette cannot build it.
    url: Option<String>,
    base_url: Option<String>,
    /// `request.url_for("get_app")`, where the app has a route of this name.
    url_for_app: Option<String>,
}

impl Page {
    /// What a route's handler sees of its scope, and the URLs that it can ask for.
    pub(super) fn seen(
        scope: &asgi::Scope,
        url: Option<String>,
        base_url: Option<String>,
        url_for_app: Option<String>,
    ) -> Self {
        Self::Seen {
            seen: Box::new(Seen {
                path: scope.path.clone(),
                raw_path: latin1(&scope.raw_path),
                root_path: scope.root_path.clone(),
                scheme: scope.scheme.clone(),
                client: scope.client.as_ref().map(address),
                url,
                base_url,
                url_for_app,
            }),
        }
    }
}

/// A scope as it would look in Python, bytes as Latin-1 text.
#[derive(Debug, Serialize)]
struct Scope {
    r#type: &'static str,
    asgi: Versions,
    #[serde(skip_serializing_if = "Option::is_none")]
    http_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scheme: Option<String>,
    path: String,
    raw_path: String,
    query_string: String,
    root_path: String,
    headers: Vec<(String, String)>,
    client: Option<Pair>,
    server: Option<Pair>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subprotocols: Option<Vec<String>>,
    extensions: &'static [&'static str],
}

/// `[host, port]`
type Pair = (Option<String>, Option<Port>);

#[derive(Debug, Serialize)]
struct Versions {
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    spec_version: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Port {
    Number(i64),
    Text(String),
}

impl Answer {
    /// What a server does.
    pub(super) fn of(id: Value, outcome: &Outcome) -> Self {
        let answer = Self { id, outcome: "scope", status: None, scope: None, page: None, why: None };
        match outcome {
            Outcome::Scope(scope) => Self { scope: Some(Scope::of(scope)), ..answer },
            Outcome::Refused { status, why } => {
                Self { outcome: "response", status: Some(*status), why: Some(why.clone()), ..answer }
            }
            Outcome::Closed { why } => Self { outcome: "closed", why: Some(why.clone()), ..answer },
            Outcome::Unknown { why } => Self { outcome: "unknown", why: Some(why.clone()), ..answer },
        }
    }

    /// What the app behind the server answers.
    pub(super) fn by_app(id: Value, status: u16, page: Page) -> Self {
        Self { id, outcome: "response", status: Some(status), scope: None, page: Some(page), why: None }
    }

    /// True if the answer is that it is not known.
    pub(super) fn is_unknown(&self) -> bool {
        self.outcome == "unknown"
    }

    /// What cannot be answered.
    pub(super) fn unknown(id: Value, why: String) -> Self {
        Self { id, outcome: "unknown", status: None, scope: None, page: None, why: Some(why) }
    }
}

impl Scope {
    fn of(scope: &asgi::Scope) -> Self {
        let headers = scope.headers.iter().map(|(name, value)| (latin1(name), latin1(value))).collect();
        let websocket = scope.kind == asgi::ScopeType::WebSocket;
        Self {
            r#type: scope.kind.name(),
            asgi: Versions { version: scope.asgi.version, spec_version: scope.asgi.spec },
            http_version: scope.http_version.clone(),
            method: scope.method.clone(),
            scheme: scope.scheme.clone(),
            path: scope.path.clone(),
            raw_path: latin1(&scope.raw_path),
            query_string: latin1(&scope.query_string),
            root_path: scope.root_path.clone(),
            headers,
            client: scope.client.as_ref().map(address),
            server: scope.server.as_ref().map(address),
            subprotocols: websocket.then(|| scope.subprotocols.clone()),
            extensions: scope.extensions,
        }
    }
}

fn address(address: &Address) -> Pair {
    let port = address.port.as_ref().map(|port| match port {
        asgi::Port::Number(number) => Port::Number(*number),
        asgi::Port::Text(text) => Port::Text(text.clone()),
    });
    (address.host.clone(), port)
}
