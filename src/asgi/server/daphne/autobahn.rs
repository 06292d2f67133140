//! The websocket handshake as autobahn checks it, on the request that daphne writes anew for it.
//!
//! Read in autobahn 26.10 `websocket/protocol.py` (`parseHttpHeader`, `WebSocketServerProtocol.processHandshake`,
//! `_url_to_origin`) and compared with 25.12, 24.4 and 20.12: the same rules.

use std::collections::{HashMap, HashSet};

use super::channel::Message;
use crate::asgi::Outcome;
use crate::asgi::python_url::SplitUrl;
use crate::forwarded::{latin1, python};

/// Where Python's `str.splitlines` ends a line, beside line feed and carriage return.
const OTHER_LINE_ENDS: [char; 6] = ['\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}'];

/// A handshake that autobahn accepted.
pub(super) struct Handshake {
    /// Names in lower case in the order of their first lines; lines of one name joined.
    pub(super) headers: Vec<(String, String)>,
    /// The path of the target, percent-escapes left in.
    pub(super) path: String,
}

/// The header fields as `parseHttpHeader` gives them.
#[derive(Default)]
struct Fields {
    /// In the order of their first lines.
    all: Vec<Field>,
    /// Where each name stands.
    places: HashMap<String, usize>,
}

/// A header field: its lines joined, and how many they are.
struct Field {
    name: String,
    value: String,
    lines: usize,
}

impl Fields {
    /// daphne joins the lines of a name with `,`; what then looks like several lines to Python is read as such.
    fn of(message: &Message) -> Self {
        let mut fields = Self::default();
        for (name, values) in message.headers.iter() {
            let line = format!("{}: {}", latin1(name), latin1(&values.join(&b',')));
            for line in line.split(OTHER_LINE_ENDS) {
                let Some((name, value)) = line.split_once(':').filter(|(name, _)| !name.is_empty()) else { continue };
                fields.add(python::strip(name).to_lowercase(), python::strip(value));
            }
        }
        fields
    }

    fn add(&mut self, name: String, value: &str) {
        let place = self.places.get(&name).copied();
        if let Some(field) = place.and_then(|place| self.all.get_mut(place)) {
            field.value.push_str(", ");
            field.value.push_str(value);
            field.lines += 1;
            return;
        }
        self.places.insert(name.clone(), self.all.len());
        self.all.push(Field { name, value: value.to_owned(), lines: 1 });
    }

    fn field(&self, name: &str) -> Option<&Field> {
        self.all.get(*self.places.get(name)?)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.field(name).map(|field| field.value.as_str())
    }

    /// The value of a header that must be there, once.
    fn only(&self, name: &str) -> Result<&str, Outcome> {
        self.at_most_once(name)?.ok_or_else(|| refused(400, &format!("no {name}")))
    }

    fn at_most_once(&self, name: &str) -> Result<Option<&str>, Outcome> {
        let repeated = self.field(name).is_some_and(|field| field.lines > 1);
        if repeated { Err(refused(400, &format!("{name} more than once"))) } else { Ok(self.get(name)) }
    }
}

/// Checks the handshake, in autobahn's order.
pub(super) fn shake_hands(message: &Message) -> Result<Handshake, Outcome> {
    let fields = Fields::of(message);
    if message.method != b"GET" {
        return Err(refused(405, "the method is not GET"));
    }
    let path = check_target(&latin1(&message.target))?;
    check_host(fields.only("host")?)?;
    if !fields.get("upgrade").is_some_and(|value| lists(value, "websocket")) {
        return Err(refused(400, "Upgrade does not list websocket"));
    }
    if !fields.get("connection").is_some_and(|value| lists(value, "upgrade")) {
        return Err(refused(400, "Connection does not list upgrade"));
    }
    let version = check_version(fields.only("sec-websocket-version")?)?;
    check_protocols(fields.get("sec-websocket-protocol"))?;
    check_origin(fields.at_most_once(if version < 13 { "sec-websocket-origin" } else { "origin" })?)?;
    check_key(fields.only("sec-websocket-key")?)?;
    fields.at_most_once("sec-websocket-extensions")?;
    Ok(Handshake { headers: fields.all.into_iter().map(|field| (field.name, field.value)).collect(), path })
}

fn check_target(target: &str) -> Result<String, Outcome> {
    let url = SplitUrl::split(target).ok_or_else(|| refused(400, "Python cannot split the target"))?;
    if !url.fragment.is_empty() {
        return Err(refused(400, "the target has a fragment"));
    }
    Ok(url.path_without_parameters().to_owned())
}

/// A port must be a number, whatever the host is.
fn check_host(host: &str) -> Result<(), Outcome> {
    let port = if host.ends_with(']') { None } else { host.rsplit_once(':').map(|(_, port)| port) };
    match port.map(python::int) {
        Some(None) => Err(refused(400, "the port in Host is no number")),
        _ => Ok(()),
    }
}

fn check_version(value: &str) -> Result<i64, Outcome> {
    match python::int(value) {
        Some(version @ (8 | 13)) => Ok(version),
        _ => Err(refused(400, "Sec-WebSocket-Version is neither 8 nor 13")),
    }
}

/// No subprotocol twice, the empty one included.
fn check_protocols(value: Option<&str>) -> Result<(), Outcome> {
    let mut seen = HashSet::new();
    let all_new = value.iter().flat_map(|value| value.split(',')).all(|item| seen.insert(python::strip(item)));
    if all_new { Ok(()) } else { Err(refused(400, "a subprotocol twice in Sec-WebSocket-Protocol")) }
}

/// `null`, a file, or a URL with a host.
fn check_origin(value: Option<&str>) -> Result<(), Outcome> {
    let Some(origin) = value.map(python::strip) else { return Ok(()) };
    let good = origin.to_lowercase() == "null"
        || SplitUrl::split(origin).is_some_and(|url| url.scheme == "file" || has_host(&url));
    if good { Ok(()) } else { Err(refused(400, "Origin is no URL with a host")) }
}

/// True if `.hostname` is not empty and `.port` does not raise.
fn has_host(url: &SplitUrl) -> bool {
    !url.hostname().is_empty() && url.port().is_ok()
}

fn check_key(value: &str) -> Result<(), Outcome> {
    let digits = python::strip(value).strip_suffix("==").unwrap_or_default();
    let good = digits.len() == 22 && digits.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'));
    if good { Ok(()) } else { Err(refused(400, "Sec-WebSocket-Key is not 24 characters of Base64")) }
}

/// True if a comma-separated list holds `token`.
fn lists(value: &str, token: &str) -> bool {
    value.split(',').any(|item| python::strip(item).to_lowercase() == token)
}

fn refused(status: u16, why: &str) -> Outcome {
    Outcome::Refused { status, why: format!("autobahn: {why}") }
}
