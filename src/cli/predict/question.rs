//! A question of `hopscope predict`: a server as it was started, and the bytes of a request.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::answer::Answer;
use super::app::{self, AppText, Apps};
use crate::asgi::server::{Ends, Libraries, Program, Server};
use crate::asgi::{Outcome, Release};

/// One line of input.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object with the keys of a question")]
pub(super) struct Question {
    /// `http`, `ws`: what the app is handed. `fw`: what the app then answers; so are questions that describe an app.
    kind: Option<String>,
    /// The app behind the server.
    app: Option<AppText>,
    /// Comes back with the answer.
    #[serde(default)]
    pub(super) id: Value,
    server: String,
    version: Option<String>,
    /// `h11` or `httptools` of uvicorn, `asgi` or `uvicorn-worker` of gunicorn.
    http_impl: Option<String>,
    /// uvicorn's `--ws`.
    ws_impl: Option<String>,
    /// Releases of the libraries below the server.
    #[serde(default)]
    lib: BTreeMap<String, String>,
    /// The server's own options, dashes written as underscores.
    #[serde(default)]
    options: BTreeMap<String, Value>,
    /// What it listens on; `::` takes IPv4 as well, and sees mapped addresses.
    bind: Option<String>,
    peer: (String, Option<u16>),
    local: (String, Option<u16>),
    request_base64: Option<String>,
    /// One character per byte.
    request_text: Option<String>,
}

impl Question {
    /// What becomes of the request: what the server does with it, or what the app answers if that is the question.
    ///
    /// # Errors
    /// What is missing or not understood.
    pub(super) fn answer(self, apps: &mut Apps) -> Result<Answer, String> {
        let outcome = self.server()?.receive(&self.request()?, &self.ends()?);
        let framework = app::framework(self.release("fastapi")?, self.release("starlette")?);
        let by_app = self.kind.as_deref() == Some("fw");
        let app = if by_app { Some(self.app.unwrap_or_default().or_example()) } else { self.app };
        match (app, &outcome) {
            (Some(app), Outcome::Scope(scope)) => {
                let answered = apps.built(app, framework).answer(scope)?;
                Ok(Answer::by_app(self.id, answered.status, answered.page))
            }
            _ => Ok(Answer::of(self.id, &outcome)),
        }
    }

    /// The release of a library that was named.
    fn release(&self, library: &str) -> Result<Option<Release>, String> {
        let parsed = self.lib.get(library).map(|release| release.parse());
        parsed.transpose().map_err(|error| format!("lib.{library}: {error}"))
    }

    fn server(&self) -> Result<Server, String> {
        let name = match &self.version {
            Some(version) => format!("{}@{version}", self.server),
            None => self.server.clone(),
        };
        let mut server = Server::named(&name).map_err(|error| error.to_string())?;
        for (library, release) in &self.lib {
            match release.parse() {
                Ok(release) => server.libraries.set(library, release),
                // What no model asks for may be called what it likes.
                Err(_) if !Libraries::KNOWN.contains(&library.as_str()) => {}
                Err(error) => return Err(format!("lib.{library}: {error}")),
            }
        }
        for (name, value) in self.said(server.program()) {
            server.set(&name, &value).map_err(|error| error.to_string())?;
        }
        Ok(server)
    }

    /// The options by the server's own names. What the environment said comes first: the command line wins.
    fn said(&self, program: Program) -> Vec<(String, String)> {
        let mut said = Vec::new();
        match (program, self.http_impl.as_deref()) {
            (Program::Uvicorn, Some(http @ ("h11" | "httptools"))) => said.push(("http".to_owned(), http.to_owned())),
            (Program::Gunicorn, Some(worker)) => said.push(("worker-class".to_owned(), worker.to_owned())),
            _ => {}
        }
        said.extend(self.ws_impl.iter().map(|ws| ("ws".to_owned(), ws.clone())));
        if program == Program::Granian {
            let host = self.bind.iter().filter(|bind| bind.parse::<IpAddr>().is_ok());
            said.extend(host.map(|host| ("host".to_owned(), host.clone())));
        }
        let given = || self.options.iter().filter_map(|(name, value)| Some((name.as_str(), text(value)?)));
        let (environment, own): (Vec<_>, Vec<_>) = given().partition(|(name, _)| *name == "env_forwarded_allow_ips");
        said.extend(environment.into_iter().map(|(_, list)| ("forwarded-allow-ips".to_owned(), list)));
        said.extend(own.into_iter().map(|(name, value)| (own_name(program, name), value)));
        said
    }

    fn ends(&self) -> Result<Ends, String> {
        let socket = |(host, port): &(String, Option<u16>), name: &str| {
            let ip = host.parse().map_err(|_| format!("{name}: {host:?} is no address"))?;
            Ok::<_, String>(SocketAddr::new(self.as_accepted(ip), port.unwrap_or_default()))
        };
        if self.local.1.is_none() {
            return Ok(Ends::unix(&self.local.0));
        }
        Ok(Ends::tcp(socket(&self.peer, "peer")?, socket(&self.local, "local")?))
    }

    /// An address as the server's own socket names it: one that is bound to `::` sees IPv4 as `::ffff:127.0.0.1`.
    fn as_accepted(&self, ip: IpAddr) -> IpAddr {
        match ip {
            IpAddr::V4(ip) if self.bind.as_deref() == Some("::") => ip.to_ipv6_mapped().into(),
            _ => ip,
        }
    }

    fn request(&self) -> Result<Vec<u8>, String> {
        match (&self.request_base64, &self.request_text) {
            (Some(text), _) => STANDARD.decode(text).map_err(|error| format!("request_base64: {error}")),
            (None, Some(text)) => {
                let byte = |c: char| u8::try_from(u32::from(c)).map_err(|_| format!("request_text: {c:?} is no byte"));
                text.chars().map(byte).collect()
            }
            (None, None) => Err("request_base64 or request_text is missing".to_owned()),
        }
    }
}

/// The server's own name of an option; it may have an underscore too (gunicorn's `limit-request-field_size`).
fn own_name(program: Program, name: &str) -> String {
    let dashed = name.replace('_', "-");
    let own = program.options().iter().find(|option| option.name.replace('_', "-") == dashed);
    own.map_or(dashed, |option| option.name.to_owned())
}

/// An option's value as it would be typed; `None` if it is not given. A list is joined with commas.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => Some(items.iter().filter_map(text).collect::<Vec<_>>().join(",")),
        other => Some(other.to_string()),
    }
}
