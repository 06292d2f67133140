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
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
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
    client: Option<(String, Option<Port>)>,
    server: Option<(String, Option<Port>)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subprotocols: Option<Vec<String>>,
    extensions: &'static [&'static str],
}

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
        let answer = Self { id, outcome: "scope", status: None, scope: None, why: None };
        match outcome {
            Outcome::Scope(scope) => Self { scope: Some(Scope::of(scope)), ..answer },
            Outcome::Refused { status, why } => {
                Self { outcome: "response", status: Some(*status), why: Some(why.clone()), ..answer }
            }
            Outcome::Closed { why } => Self { outcome: "closed", why: Some(why.clone()), ..answer },
            Outcome::Unknown { why } => Self { outcome: "unknown", why: Some(why.clone()), ..answer },
        }
    }

    /// What cannot be answered.
    pub(super) fn unknown(id: Value, why: String) -> Self {
        Self { id, outcome: "unknown", status: None, scope: None, why: Some(why) }
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

fn address(address: &Address) -> (String, Option<Port>) {
    let port = address.port.as_ref().map(|port| match port {
        asgi::Port::Number(number) => Port::Number(*number),
        asgi::Port::Text(text) => Port::Text(text.clone()),
    });
    (address.host.clone(), port)
}
