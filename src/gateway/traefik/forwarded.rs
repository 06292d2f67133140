//! The forwarding fields of an entry point: what a stranger may not say, and what Traefik says itself.
//!
//! Traefik 3.7, `pkg/middlewares/forwardedheaders/forwarded_header.go`.

use std::borrow::Cow;

use super::behaviour::Behaviour;
use super::journey::Journey;
use super::network::Networks;
use crate::gateway::go::{Header, canonical, split_host_port};
use crate::gateway::{Place, Step, StepKind};

/// The fields that only trusted clients may send.
pub(super) const FIELDS: [&str; 11] = [
    "X-Forwarded-Proto",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Server",
    "X-Forwarded-Uri",
    "X-Forwarded-Method",
    "X-Forwarded-Prefix",
    "X-Forwarded-Tls-Client-Cert",
    "X-Forwarded-Tls-Client-Cert-Info",
    "X-Real-Ip",
];

/// `forwardedHeaders` of an entry point.
#[derive(Clone, Debug, Default)]
pub(super) struct Forwarded {
    pub(super) place: Option<Place>,
    /// `insecure`
    pub(super) insecure: bool,
    /// `trustedIPs`
    pub(super) trusted: Networks,
    /// `connection`, canonical
    pub(super) connection: Vec<String>,
    /// `notAppendXForwardedFor`
    pub(super) not_append: bool,
}

impl Forwarded {
    /// Takes off what a stranger said, and says what is to be said.
    pub(super) fn apply(&self, journey: &mut Journey, behaviour: Behaviour) {
        if self.insecure || self.trusted.contain(journey.peer.ip()) {
            self.trust(journey, behaviour);
        } else {
            for name in managed(&journey.request.header, behaviour) {
                journey.request.header.remove_raw(&name);
                let text = format!("{name} of a client that is not trusted is taken off");
                journey.steps.push(self.step(name, text));
            }
        }
        write(journey);
        self.clean_connection(journey, behaviour);
        journey.appends_for = !self.not_append;
    }

    fn step(&self, name: impl Into<String>, text: String) -> Step {
        Step { place: self.place.clone(), ..Step::own(StepKind::Field(name.into()), text) }
    }

    fn trust(&self, journey: &mut Journey, behaviour: Behaviour) {
        let why = if self.insecure { "forwardedHeaders.insecure" } else { "forwardedHeaders.trustedIPs" };
        for name in managed(&journey.request.header, behaviour) {
            let text = format!("{name} of the client is kept: {why}");
            journey.steps.push(self.step(name, text));
        }
    }

    /// `removeConnectionHeaders`: what `Connection` names is taken off, but for the fields above and those that are let
    /// through to the middlewares.
    fn clean_connection(&self, journey: &mut Journey, behaviour: Behaviour) {
        if !behaviour.cleans_connection {
            return;
        }
        let header = &mut journey.request.header;
        let upgrade =
            if header.has_token("Connection", "Upgrade") { header.get("Upgrade").to_vec() } else { Vec::new() };
        let mut kept: Vec<String> = Vec::new();
        for list in header.values("Connection").to_vec() {
            for name in list.split(|&byte| byte == b',').map(<[u8]>::trim_ascii).filter(|name| !name.is_empty()) {
                let name = canonical(&String::from_utf8_lossy(name));
                if is_managed(&name, behaviour) {
                    continue;
                }
                if self.connection.contains(&name) {
                    kept.push(name);
                } else {
                    header.remove_raw(&name);
                }
            }
        }
        if !upgrade.is_empty() {
            kept.push("Upgrade".to_owned());
            header.set("Upgrade", upgrade);
        }
        if kept.is_empty() {
            header.remove("Connection");
        } else {
            header.set("Connection", kept.join(","));
        }
    }
}

/// `rewrite`: what is not there yet is written.
fn write(journey: &mut Journey) {
    let peer = journey.peer.ip().to_canonical().to_string();
    let secure = journey.secure;
    let proto = match (is_websocket(&journey.request.header), secure) {
        (true, true) => "wss",
        (true, false) => "ws",
        (false, true) => "https",
        (false, false) => "http",
    };
    set_missing(journey, "X-Real-Ip", peer.as_bytes());
    set_missing(journey, "X-Forwarded-Proto", proto.as_bytes());
    let port = port(&journey.request.host, &journey.request.header, secure);
    set_missing(journey, "X-Forwarded-Port", &port);
    let host = journey.request.host.clone();
    if !host.is_empty() {
        set_missing(journey, "X-Forwarded-Host", &host);
    }
    let header = &mut journey.request.header;
    if !header.values("X-Forwarded-For").is_empty() {
        let list = header.values("X-Forwarded-For").join(&b", "[..]);
        header.set("X-Forwarded-For", list);
    }
    if !journey.hostname.is_empty() {
        let hostname = journey.hostname.clone();
        journey.request.header.set("X-Forwarded-Server", hostname.as_bytes());
        let text = format!("X-Forwarded-Server: {hostname}, the name of the machine");
        journey.steps.push(Step::own(StepKind::Field("X-Forwarded-Server".to_owned()), text));
    }
}

/// The managed fields of a request, by the names they came with.
pub(super) fn managed(header: &Header, behaviour: Behaviour) -> Vec<String> {
    header.iter().map(|(name, _)| name).filter(|name| is_managed(name, behaviour)).map(str::to_owned).collect()
}

/// `isManagedXHeader`
fn is_managed(name: &str, behaviour: Behaviour) -> bool {
    let name = if behaviour.guards_underscores && name.starts_with('X') && name.contains('_') {
        Cow::Owned(canonical(&name.replace('_', "-")))
    } else {
        Cow::Borrowed(name)
    };
    FIELDS.contains(&&*name) && (behaviour.guards_prefix || name != "X-Forwarded-Prefix")
}

/// Sets a field that has no value yet.
fn set_missing(journey: &mut Journey, name: &str, value: &[u8]) {
    if journey.request.header.get(name).is_empty() {
        journey.request.header.set(name, value);
        let text = format!("{name}: {}", String::from_utf8_lossy(value));
        journey.steps.push(Step::own(StepKind::Field(name.to_owned()), text));
    }
}

/// The port of the host, else the one that is usual for the scheme. It is never the one that is listened on.
pub(super) fn port(host: &[u8], header: &Header, secure: bool) -> Vec<u8> {
    match split_host_port(host) {
        Some((_, port)) if !port.is_empty() => port.to_vec(),
        _ if secure || matches!(header.get("X-Forwarded-Proto"), b"https" | b"wss") => b"443".to_vec(),
        _ => b"80".to_vec(),
    }
}

/// `isWebsocketRequest`, which looks at the first line of each field alone.
fn is_websocket(header: &Header) -> bool {
    let has = |name: &str, token: &str| {
        header
            .get(name)
            .split(|&byte| byte == b',')
            .any(|part| part.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    };
    has("Connection", "upgrade") && has("Upgrade", "websocket")
}
