//! What the probe in the app answered (`assets/hopscope_probe.py`): the scope as the server handed it over, what the
//! framework left in it, and the route. How a model's scope differs from it is told in `differences`.
//!
//! The answer is text from another program, and any bytes may come under its name: what cannot be read is said, and
//! nothing is taken for known that is not there.

mod differences;

use serde_json::{Map, Value};

pub use differences::Difference;

use super::framework::{Framework, RouteMatch};
use super::server::{Program, Server};
use super::{Address, AsgiVersions, Port, Release, Scope, ScopeType};

/// The version of the answer's shape that is read here.
const SHAPE: u64 = 1;
/// What stands in a scope for the value of a header that the probe keeps to itself.
const HIDDEN: &[u8] = b"***";

/// What the probe answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probed {
    received: Map<String, Value>,
    left: Map<String, Value>,
    /// What the router found.
    pub routed: Routed,
    /// The server's program and release, as its own process knows them.
    pub server: Option<(Program, Release)>,
    /// The module of the server that spoke, e.g. `uvicorn.protocols.http.httptools_impl`; empty if not known.
    pub module: String,
    /// The frameworks and their releases, e.g. `("fastapi", "0.163.2")`.
    pub frameworks: Vec<(String, String)>,
    /// What had to be left out for its length.
    pub cut: Vec<String>,
    /// What went wrong in the probe.
    pub error: Option<String>,
}

/// A route that took a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbedRoute {
    /// `Route`, `APIRoute`, `Mount`, …; empty if not known.
    pub kind: String,
    /// The mount points that matched, one behind the other; empty if it lies below none.
    pub mount: String,
    /// The route's own template, where it has one.
    pub path: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// What serves it, e.g. `main.read_items`.
    pub endpoint: Option<String>,
}

/// What the router said, if there is a router whose word can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Routed {
    /// It took this route.
    To(ProbedRoute),
    /// It found none.
    Nowhere,
    /// The framework does not say.
    Unsaid,
}

/// Why an answer cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableAnswer {
    /// It is no JSON object; the text is the parser's.
    #[error("the probe's answer is no JSON: {0}")]
    NoJson(String),
    /// It has another shape.
    #[error("the probe's answer has another shape than this hopscope reads: take the probe that it prints")]
    Shape,
    /// It says itself that it has nothing.
    #[error("the probe failed: {0}")]
    Failed(String),
}

impl Probed {
    /// Reads the value of the header.
    ///
    /// # Errors
    /// [`UnreadableAnswer`] if it is not what this release's probe writes, or tells of no scope.
    pub fn parse(answer: &[u8]) -> Result<Self, UnreadableAnswer> {
        let value: Value = serde_json::from_slice(answer).map_err(|e| UnreadableAnswer::NoJson(e.to_string()))?;
        if value.get("v").and_then(Value::as_u64) != Some(SHAPE) {
            return Err(UnreadableAnswer::Shape);
        }
        let object = |key: &str| value.get(key).and_then(Value::as_object).cloned().unwrap_or_default();
        let error = text(value.get("error"));
        let received = object("received");
        if kind(&received).is_none() {
            return Err(error.map_or(UnreadableAnswer::Shape, UnreadableAnswer::Failed));
        }
        let by = object("by");
        let server = text(by.get("program")).zip(text(by.get("version")));
        let cut = value.get("cut").and_then(Value::as_array).into_iter().flatten();
        Ok(Self {
            left: object("left"),
            routed: match value.get("route") {
                Some(Value::Object(route)) => Routed::To(ProbedRoute::of(route)),
                Some(Value::Null) => Routed::Nowhere,
                _ => Routed::Unsaid,
            },
            server: server.and_then(|(program, version)| Some((named(&program)?, version.parse().ok()?))),
            module: text(by.get("module")).unwrap_or_default(),
            frameworks: object("with")
                .iter()
                .filter_map(|(name, version)| Some((name.clone(), plain(version)?)))
                .collect(),
            cut: cut.filter_map(plain).collect(),
            error,
            received,
        })
    }

    /// The scope as the server handed it over. What nothing is computed from and the probe tells in another shape (`asgi`,
    /// `extensions`) is the model's; so is what had to be cut.
    pub fn scope(&self, model: Option<&Scope>) -> Option<Scope> {
        Self::read(&self.received, model)
    }

    /// The scope as the app's own settings and middleware left it: before it was routed, for below a mount frameworks
    /// let `root_path` grow.
    pub fn left(&self, model: Option<&Scope>) -> Option<Scope> {
        let mut values = self.received.clone();
        for (key, value) in &self.left {
            values.insert(key.clone(), value.clone());
        }
        if let Some(top) = self.left.get("app_root_path").filter(|top| top.is_string()) {
            // Starlette from 0.35 on keeps the outermost value (`Mount.matches`).
            values.insert("root_path".to_owned(), top.clone());
        } else if self.only_mounted() {
            // Before, a mount moved its part of the path into `root_path`.
            for key in ["path", "root_path"] {
                values.insert(key.to_owned(), self.received.get(key).cloned().unwrap_or_default());
            }
        }
        Self::read(&values, model)
    }

    /// The `root_path` that the innermost app had, below a mount of a Starlette that notes the outermost one as well (0.35 and
    /// later); `None` without such a mount.
    pub fn mounted_root(&self) -> Option<&str> {
        self.left.get("app_root_path").filter(|top| top.is_string())?;
        self.left.get("root_path")?.as_str()
    }

    fn only_mounted(&self) -> bool {
        let whole = |values: &Map<String, Value>| {
            let part = |key| values.get(key).or_else(|| self.received.get(key)).and_then(Value::as_str);
            Some(format!("{}{}", part("root_path")?, part("path")?))
        };
        self.left.contains_key("path") && whole(&self.left) == whole(&self.received)
    }

    /// The framework whose process the probe is in; `None` if it is none of those that are modelled.
    pub fn named_framework(&self) -> Option<Framework> {
        let release = |name: &str| self.frameworks.iter().find(|(known, _)| known == name)?.1.parse().ok();
        Framework::among(release)
    }

    /// The server whose process the probe is in, as it starts without any option but the parser that it was seen to use.
    pub fn named_server(&self) -> Option<Server> {
        let (program, version) = self.server?;
        let mut server = Server::new(program, Some(version));
        if self.module.ends_with(".h11_impl") {
            // Every release of uvicorn has both the option and the value.
            let _ = server.set("http", "h11");
        }
        Some(server)
    }

    fn read(values: &Map<String, Value>, model: Option<&Scope>) -> Option<Scope> {
        let kind = kind(values)?;
        let bytes = |key: &str| text(values.get(key)).map(|text| latin1(&text));
        Some(Scope {
            kind,
            asgi: model.map_or(AsgiVersions { version: "3.0", spec: None }, |model| model.asgi),
            http_version: text(values.get("http_version")),
            method: text(values.get("method")),
            scheme: text(values.get("scheme")),
            path: text(values.get("path")).or_else(|| model.map(|model| model.path.clone()))?,
            raw_path: bytes("raw_path").or_else(|| model.map(|model| model.raw_path.clone())).unwrap_or_default(),
            query_string: bytes("query_string").or_else(|| model.map(|model| model.query_string.clone()))?,
            root_path: text(values.get("root_path")).unwrap_or_default(),
            headers: match values.get("headers") {
                Some(lines) => lines.as_array()?.iter().filter_map(header).collect(),
                None => model.map(|model| model.headers.clone()).unwrap_or_default(),
            },
            client: values.get("client").and_then(address),
            server: values.get("server").and_then(address),
            subprotocols: values
                .get("subprotocols")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(plain)
                .collect(),
            extensions: model.map_or(&[], |model| model.extensions),
        })
    }
}

impl ProbedRoute {
    fn of(route: &Map<String, Value>) -> Self {
        let said = |key: &str| text(route.get(key));
        Self {
            kind: said("kind").unwrap_or_default(),
            mount: said("mount").unwrap_or_default(),
            path: said("path"),
            name: said("name"),
            endpoint: said("endpoint"),
        }
    }

    /// The template from the top of the app on: mount points that matched and the route's own.
    pub fn template(&self) -> String {
        let own = self.path.as_deref().unwrap_or_default();
        // Where a mount is all that took it, its own path is the end of what matched.
        if self.is_mount() && self.mount.ends_with(own) { self.mount.clone() } else { format!("{}{own}", self.mount) }
    }

    fn is_mount(&self) -> bool {
        self.kind == "Mount"
    }
}

impl Routed {
    /// The same in the words of the framework's model. `derived` is what the model says: that a slash would help, only it
    /// can know.
    pub fn route(&self, derived: RouteMatch) -> RouteMatch {
        match (self, derived) {
            (Self::To(route), _) if route.is_mount() => RouteMatch::Mount(route.template()),
            // Only the model tells a method that a route does not take: it goes by the same template.
            (Self::To(route), RouteMatch::OtherMethod(_)) => RouteMatch::OtherMethod(route.template()),
            (Self::To(route), derived) if route.path.is_none() && route.mount.is_empty() => derived,
            (Self::To(route), _) => RouteMatch::Route(route.template()),
            (Self::Nowhere, slash @ RouteMatch::Slash(_)) => slash,
            (Self::Nowhere, _) => RouteMatch::None,
            (Self::Unsaid, derived) => derived,
        }
    }
}

fn named(program: &str) -> Option<Program> {
    Program::ALL.into_iter().find(|known| known.name() == program)
}

fn kind(values: &Map<String, Value>) -> Option<ScopeType> {
    match values.get("type").and_then(Value::as_str) {
        Some("http") => Some(ScopeType::Http),
        Some("websocket") => Some(ScopeType::WebSocket),
        _ => None,
    }
}

fn plain(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(plain)
}

/// Bytes that the probe wrote as one character each. A character that is no byte was none.
fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

fn header(line: &Value) -> Option<(Vec<u8>, Vec<u8>)> {
    let name = latin1(line.get(0)?.as_str()?);
    Some((name, line.get(1)?.as_str().map_or_else(|| HIDDEN.to_vec(), latin1)))
}

fn address(value: &Value) -> Option<Address> {
    let port = match value.get(1)? {
        Value::Number(number) => Some(Port::Number(number.as_i64()?)),
        Value::String(text) => Some(Port::Text(text.clone())),
        _ => None,
    };
    let host = match value.get(0)? {
        Value::Null => None,
        host => Some(host.as_str()?.to_owned()),
    };
    Some(Address { host, port })
}

#[cfg(test)]
mod tests;
