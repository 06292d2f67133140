//! Changes at a proxy whose configuration was not read, done to the requests that it was seen to send on.
//!
//! This file exists because most proxies are only watched: what one does today is on both sides of it, and a change is said
//! in words that have one meaning for all of them (`gateway::Change`). What follows from anything else is not known.

use crate::diagnosis::prefix;
use crate::exchange::{Field, RequestHead, Target};
use crate::gateway::Change;
use crate::lanes::Setup;

use super::seen::Seen;

/// What becomes of a request.
pub(super) enum Sent {
    /// It goes to the app's server.
    On(RequestHead),
    /// The proxy redirects to this Location.
    Redirected(String),
    /// It is not known.
    Unknown,
}

/// Headers in which a hop says what the request was before it.
const FRONT: [&str; 4] = ["X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Prefix"];

/// The request as the app's server would get it with the changes made.
pub(super) fn send(seen: &Seen, changes: &[Change], setup: &Setup) -> Sent {
    let incoming = seen.incoming();
    let slash = changes.iter().find_map(|change| match change {
        Change::SlashAtMount(mount) if incoming == mount.as_bytes() => Some(format!("{mount}/")),
        _ => None,
    });
    if let Some(to) = slash {
        return Sent::Redirected(to);
    }
    let Some(mut head) = Draft::of(seen, changes) else { return Sent::Unknown };
    for change in changes {
        head.make(change, seen, setup);
    }
    head.finish().map_or(Sent::Unknown, Sent::On)
}

/// A request head that is being changed.
struct Draft<'a> {
    method: &'a [u8],
    path: Vec<u8>,
    query: Option<&'a [u8]>,
    version: &'static str,
    fields: Vec<(Vec<u8>, Vec<u8>)>,
}

impl<'a> Draft<'a> {
    /// The head as the app's server got it. Of a request that was seen only before the proxy it is the client's own, with
    /// the path that the changes give it; without such a change what the proxy does with it is not known.
    fn of(seen: &'a Seen, changes: &[Change]) -> Option<Self> {
        let (head, path) = match (seen.exchange.app.as_deref(), seen.exchange.edge.as_deref()) {
            (Some(app), _) => (&app.request, Target::new(app.request.target()).path().to_vec()),
            (None, Some(edge)) => {
                let incoming = seen.incoming();
                let decided = changes.iter().any(|change| match change {
                    Change::Path { prefix: taken, .. } | Change::Take(taken) => {
                        prefix::below(incoming, taken).is_some()
                    }
                    _ => false,
                });
                decided.then(|| (&edge.request, incoming.to_vec()))?
            }
            (None, None) => return None,
        };
        Some(Self {
            method: head.method(),
            path,
            query: Target::new(head.target()).query(),
            version: head.version().number(),
            fields: head.fields().map(|Field { name, value }| (name.to_vec(), value.to_vec())).collect(),
        })
    }

    fn make(&mut self, change: &Change, seen: &'a Seen, setup: &Setup) {
        match change {
            Change::Path { prefix, to } => {
                if let Some(rest) = prefix::below(seen.incoming(), prefix) {
                    let rest: &[u8] = if rest.is_empty() { b"/" } else { rest };
                    self.path = [to.as_bytes(), rest].concat();
                }
            }
            Change::PassHost => {
                if let Some(host) = seen.host() {
                    self.set("Host", host);
                }
            }
            Change::SendScheme => self.set("X-Forwarded-Proto", seen.scheme(setup).as_bytes().to_vec()),
            Change::SendFor => self.add_client(seen),
            Change::SendPrefix(prefix) => self.set("X-Forwarded-Prefix", prefix.as_bytes().to_vec()),
            Change::TrustFront(_) => {
                for name in FRONT {
                    if let Some(value) = seen.asked(name) {
                        self.set(name, value.to_vec());
                    }
                }
                self.add_client(seen);
            }
            Change::Upgrade => self.upgrade(seen),
            Change::PassQuery => {
                let asked = seen.exchange.edge.as_deref().map(|edge| Target::new(edge.request.target()).query());
                self.query = asked.unwrap_or(self.query);
            }
            // The way back, or what the proxy does by itself.
            Change::LeaveLocation
            | Change::MendLocation(_)
            | Change::RelativeRedirects
            | Change::SlashAtMount(_)
            | Change::CookiePath { .. }
            | Change::Take(_)
            | Change::TakeHost { .. } => {}
        }
    }

    /// The client behind those that are named already.
    fn add_client(&mut self, seen: &Seen) {
        let Some(edge) = seen.exchange.edge.as_deref() else { return };
        let peer = edge.peer.ip().to_canonical().to_string();
        let value = match seen.asked("X-Forwarded-For") {
            Some(before) => [before, b", ", peer.as_bytes()].concat(),
            None => peer.into_bytes(),
        };
        self.set("X-Forwarded-For", value);
    }

    /// The handshake as the client sent it.
    fn upgrade(&mut self, seen: &Seen) {
        let Some(edge) = seen.exchange.edge.as_deref().filter(|edge| edge.request.is_websocket()) else { return };
        self.version = "1.1";
        self.set("Connection", b"upgrade".to_vec());
        let of_handshake =
            |field: &Field<'_>| field.is("upgrade") || field.name.to_ascii_lowercase().starts_with(b"sec-websocket-");
        for Field { name, value } in edge.request.fields().filter(of_handshake) {
            if let Ok(name) = std::str::from_utf8(name) {
                self.set(name, value.to_vec());
            }
        }
    }

    /// Sets a field, once.
    fn set(&mut self, name: &str, value: Vec<u8>) {
        let is_named = |(known, _): &(Vec<u8>, Vec<u8>)| known.eq_ignore_ascii_case(name.as_bytes());
        let at = self.fields.iter().position(is_named).unwrap_or(self.fields.len());
        self.fields.retain(|field| !is_named(field));
        self.fields.insert(at.min(self.fields.len()), (name.as_bytes().to_vec(), value));
    }

    fn finish(self) -> Option<RequestHead> {
        let mut bytes = [self.method, b" ", &self.path].concat();
        if let Some(query) = self.query {
            bytes.push(b'?');
            bytes.extend_from_slice(query);
        }
        bytes.extend_from_slice(b" HTTP/");
        bytes.extend_from_slice(self.version.as_bytes());
        bytes.extend_from_slice(b"\r\n");
        for (name, value) in &self.fields {
            bytes.extend_from_slice(name);
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        RequestHead::from_wire(bytes).ok()
    }
}
