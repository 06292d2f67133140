//! A server with the app that tells its scope.

use std::io::{self, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::support::http::Reader;
use crate::support::peers;
use crate::support::place::{free_address, repository};
use crate::support::program::Program;

/// How long a server may be silent before that counts as no answer.
const SILENCE: Duration = Duration::from_secs(2);

/// A way of starting a server.
#[derive(Debug)]
pub(crate) struct Start {
    /// The program.
    pub(crate) server: &'static str,
    /// Its own options.
    options: &'static [&'static str],
    /// A wrapper that the app takes from the environment.
    wrapper: Option<(&'static str, &'static str)>,
}

impl Start {
    /// With these options.
    pub(crate) const fn new(server: &'static str, options: &'static [&'static str]) -> Self {
        Self { server, options, wrapper: None }
    }

    /// With the app wrapped.
    pub(crate) const fn wrapped(self, name: &'static str, value: &'static str) -> Self {
        Self { wrapper: Some((name, value)), ..self }
    }

    /// The same as a question to `hopscope predict` puts it.
    pub(crate) fn options(&self) -> Value {
        let mut options = Map::new();
        let mut rest = self.options.iter().peekable();
        while let Some(option) = rest.next() {
            let name = option.trim_start_matches("--");
            let value = rest.next_if(|value| !value.starts_with("--"));
            let (name, value) = match (name.strip_prefix("no-"), value) {
                (Some(name), _) => (name, json!(false)),
                (None, Some(value)) => (name, json!(value)),
                (None, None) => (name, json!(true)),
            };
            options.insert(name.replace('-', "_"), value);
        }
        match self.wrapper {
            Some(("PROXY_FIX", value)) => {
                let (mode, hops) = value.split_once(',').expect("mode and hops");
                options.insert("proxy_fix".to_owned(), json!(mode));
                options.insert("trusted_hops".to_owned(), json!(hops));
            }
            Some((_, value)) => {
                options.insert("wrap_proxy_headers".to_owned(), json!(value));
            }
            None => {}
        }
        Value::Object(options)
    }
}

/// The two ends of a connection: the client's address and the server's.
pub(crate) type Ends = (SocketAddr, SocketAddr);

/// A running server.
pub(crate) struct Live {
    address: SocketAddr,
    _program: Program,
}

impl Live {
    /// Starts it and waits until it listens.
    pub(crate) fn start(start: &Start) -> Self {
        let address = free_address();
        let port = address.port().to_string();
        let binary = peers::find(start.server).expect("asked before");
        let program = Program::start(binary, |command, _| {
            command.env("PYTHONPATH", repository("tests/peers")).env("PYTHONDONTWRITEBYTECODE", "1");
            command.envs(start.wrapper);
            match start.server {
                "hypercorn" | "gunicorn" => command.args(["--bind", &address.to_string(), "scope_app:app"]),
                "granian" => command.args(["--interface", "asgi", "--port", &port, "scope_app:app"]),
                _ => command.args(["--port", &port, "scope_app:app"]),
            };
            command.args(start.options);
        });
        Self { address, _program: program.listening(address) }
    }

    /// Sends a request on a connection of its own. Gives what the app was told, or what the server did instead, in the
    /// form of an answer of `hopscope predict`.
    ///
    /// # Errors
    /// If it cannot be asked.
    pub(crate) fn ask(&self, request: &[u8]) -> io::Result<(Value, Ends)> {
        let mut stream = TcpStream::connect(self.address)?;
        let ends = (stream.local_addr()?, self.address);
        stream.set_read_timeout(Some(SILENCE))?;
        // A server may have hung up before it has all; what it said counts.
        let _ = stream.write_all(request);
        Ok((outcome(stream), ends))
    }
}

/// What the server did, in the form of an answer of `hopscope predict`.
fn outcome(stream: TcpStream) -> Value {
    let mut reader = Reader::new(stream);
    // Whatever ends the connection early, or keeps it silent, is no answer.
    let Ok(Some(head)) = reader.head() else { return json!({"outcome": "closed"}) };
    let status = head.try_status();
    let told = match status {
        Some(101) => text_message(&mut reader).ok(),
        _ => head.values("x-scope").pop().map(String::into_bytes),
    };
    let Some(told) = told else { return json!({"outcome": "response", "status": status}) };
    let scope = STANDARD.decode(&told).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    match scope {
        Some(scope) => json!({"outcome": "scope", "scope": scope}),
        None => json!({"outcome": "no scope", "told": told.escape_ascii().to_string()}),
    }
}

/// The first message over a websocket (RFC 6455 section 5.2): text, unmasked, as a server sends it.
fn text_message(reader: &mut Reader<TcpStream>) -> io::Result<Vec<u8>> {
    let head = reader.exactly(2)?;
    if head[0] != 0x81 {
        return Err(io::Error::other("no whole text message"));
    }
    let length = match head[1] {
        126 => usize::from(u16::from_be_bytes(reader.exactly(2)?.try_into().expect("two"))),
        short => usize::from(short),
    };
    reader.exactly(length)
}
