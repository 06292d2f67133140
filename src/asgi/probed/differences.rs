//! A model's scope held against the probe's: what differs, and which server explains it.

use serde_json::{Map, Value, json};

use super::{Probed, text};
use crate::asgi::server::{Program, Server};
use crate::asgi::{Address, Port, Release, Scope};

/// What a scope has, in the specification's order; also what is compared.
const KEYS: [&str; 14] = [
    "type",
    "asgi",
    "http_version",
    "method",
    "scheme",
    "path",
    "raw_path",
    "query_string",
    "root_path",
    "headers",
    "client",
    "server",
    "subprotocols",
    "extensions",
];

/// One key of the scope that the model has otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The key in the scope; `headers` for a header line.
    pub key: &'static str,
    /// What the model has, as JSON writes it.
    pub model: String,
    /// What the app was given.
    pub probe: String,
}

impl Probed {
    /// Where the model's scope is not what the app was given, in the specification's order. What the probe left out is
    /// not compared.
    pub fn differences(&self, model: &Scope) -> Vec<Difference> {
        let derived = values(model);
        let mut found = Vec::new();
        for key in KEYS.into_iter().filter(|key| !self.cut.iter().any(|cut| cut == key)) {
            let none = Value::Null;
            let (derived, given) = (derived.get(key).unwrap_or(&none), self.received.get(key).unwrap_or(&none));
            if key == "headers" {
                found.extend(header_difference(derived, given));
            } else if !alike(derived, given) {
                found.push(Difference { key, model: derived.to_string(), probe: given.to_string() });
            }
        }
        found
    }

    /// The server that explains what the app was given, if one is known that does: the one whose process the probe is
    /// in, with `told`'s options, else another program or root path. `fits` says whether a server's model gives exactly the
    /// probe's scope.
    pub fn explanation(&self, told: &Server, fits: impl Fn(&Server) -> bool) -> Option<Server> {
        let named = self.server.map(|(program, version)| like(told, program, Some(version)));
        let plain = self.named_server();
        let others = Program::ALL.into_iter().map(|program| like(told, program, None));
        let root_path = text(self.received.get("root_path")).unwrap_or_default();
        let mut candidates: Vec<Server> = named.into_iter().chain([told.clone()]).chain(plain).chain(others).collect();
        let rooted: Vec<Server> = candidates.iter().map(|server| rooted(server, &root_path)).collect();
        candidates.extend(rooted);
        candidates.into_iter().find(fits)
    }
}

/// `told` as another program or release: with its root path, and its other options where they are the same program's.
fn like(told: &Server, program: Program, version: Option<Release>) -> Server {
    if told.program() == program {
        return Server { version: version.unwrap_or(told.version), ..told.clone() };
    }
    rooted(&Server::new(program, version), &told.root_path)
}

fn rooted(server: &Server, root_path: &str) -> Server {
    Server { root_path: root_path.to_owned(), ..server.clone() }
}

/// A scope as the probe would write it.
fn values(scope: &Scope) -> Map<String, Value> {
    let bytes = |bytes: &[u8]| Value::String(bytes.iter().copied().map(char::from).collect());
    let mut values = Map::new();
    let mut put = |key: &str, value: Value| drop(values.insert(key.to_owned(), value));
    put("type", json!(scope.kind.name()));
    let mut asgi = Map::new();
    asgi.insert("version".to_owned(), json!(scope.asgi.version));
    asgi.extend(scope.asgi.spec.map(|spec| ("spec_version".to_owned(), json!(spec))));
    put("asgi", asgi.into());
    put("http_version", json!(scope.http_version));
    put("method", json!(scope.method));
    put("scheme", json!(scope.scheme));
    put("path", json!(scope.path));
    put("raw_path", bytes(&scope.raw_path));
    put("query_string", bytes(&scope.query_string));
    put("root_path", json!(scope.root_path));
    put("headers", scope.headers.iter().map(|(name, value)| json!([bytes(name), bytes(value)])).collect());
    put("client", scope.client.as_ref().map_or(Value::Null, pair));
    put("server", scope.server.as_ref().map_or(Value::Null, pair));
    put("subprotocols", json!(scope.subprotocols));
    put("extensions", json!(scope.extensions));
    values
}

fn pair(address: &Address) -> Value {
    match &address.port {
        None => json!([address.host, null]),
        Some(Port::Number(number)) => json!([address.host, number]),
        Some(Port::Text(text)) => json!([address.host, text]),
    }
}

/// Equal; nothing, and an empty list, are no different from what is not there.
fn alike(one: &Value, other: &Value) -> bool {
    let is_nothing = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    one == other || (is_nothing(one) && is_nothing(other))
}

/// The first header line that is not the same.
fn header_difference(derived: &Value, given: &Value) -> Option<Difference> {
    let lines = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let (derived, given) = (lines(derived), lines(given));
    let same = |(one, other): (&Value, &Value)| {
        one.get(0) == other.get(0) && (other.get(1) == Some(&Value::Null) || one.get(1) == other.get(1))
    };
    let at = derived.iter().zip(&given).take_while(|(one, other)| same((one, other))).count();
    let shown = |lines: &[Value]| lines.get(at).map_or_else(|| "no further line".to_owned(), Value::to_string);
    (at < derived.len().max(given.len())).then(|| Difference {
        key: "headers",
        model: shown(&derived),
        probe: shown(&given),
    })
}
