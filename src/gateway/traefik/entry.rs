//! An entry point: what becomes of a request before any router sees it.
//!
//! Traefik 3.7, `pkg/server/server_entrypoint_tcp.go` (`newHTTPServer`) and what it wraps around the routers.

use super::behaviour::Behaviour;
use super::forwarded::Forwarded;
use super::install::EncodedCharacters;
use super::journey::Journey;
use crate::gateway::go::{self, Server, split_host_port};
use crate::gateway::{NotUnderstood, Place, Reply, Step, StepKind};

/// What an entry point is set to.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) port: Option<u16>,
    /// `http.sanitizePath`
    pub(super) sanitizes: bool,
    /// `http.encodeQuerySemicolons`
    pub(super) encodes_semicolons: bool,
    /// `http.underscoreHeadersStrategy`
    pub(super) underscores: Underscores,
    /// `http.maxHeaderBytes`
    pub(super) server: Server,
    pub(super) forwarded: Forwarded,
    /// What no plan of this entry point is certain with.
    pub(super) unsure: Vec<NotUnderstood>,
}

/// `underscoreHeadersStrategy`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Underscores {
    Keep,
    Delete,
    Reject,
}

impl Entry {
    /// Does what is done before routing.
    ///
    /// # Errors
    /// The answer to a request that gets no further.
    pub(super) fn receive(&self, journey: &mut Journey, behaviour: Behaviour) -> Result<(), Reply> {
        if behaviour.refuses_connect && journey.request.method == "CONNECT" {
            journey.steps.push(Step::own(StepKind::Answer, "CONNECT is not done in HTTP/1"));
            return Err(Reply::status(501));
        }
        self.underscores(journey)?;
        if behaviour.denies_fragments && journey.request.url.raw_path.contains(&b'#') {
            journey.steps.push(Step::own(StepKind::Answer, "a # in the path is refused"));
            return Err(Reply::status(400));
        }
        if behaviour.refuses_opaque && !journey.request.url.opaque.is_empty() {
            journey.steps.push(Step::own(StepKind::Answer, "a target without a path is refused"));
            return Err(Reply::status(400));
        }
        if behaviour.normalizes {
            normalize(journey);
        }
        if self.sanitizes {
            sanitize(journey);
        }
        self.semicolons(journey);
        self.forwarded.apply(journey, behaviour);
        Ok(())
    }

    fn underscores(&self, journey: &mut Journey) -> Result<(), Reply> {
        if self.underscores == Underscores::Keep {
            return Ok(());
        }
        let named: Vec<_> = journey.request.header.iter().map(|(name, _)| name.to_owned()).collect();
        for name in named.into_iter().filter(|name| name.contains('_')) {
            if self.underscores == Underscores::Reject {
                journey.steps.push(Step::at(StepKind::Answer, format!("{name} is refused for its _"), &self.place));
                return Err(error(400, "Bad Request"));
            }
            journey.request.header.remove(&name);
            let text = format!("{name} is taken off for its _");
            journey.steps.push(Step::at(StepKind::Field(name), text, &self.place));
        }
        Ok(())
    }

    fn semicolons(&self, journey: &mut Journey) {
        let query = &journey.request.url.raw_query;
        if !query.contains(&b';') {
            return;
        }
        let with: &[u8] = if self.encodes_semicolons { b"%3B" } else { b"&" };
        journey.request.url.raw_query = query.split(|&byte| byte == b';').collect::<Vec<_>>().join(with);
        // Without `encodeQuerySemicolons` only rules see it so; the proxy does it again by itself.
        if self.encodes_semicolons {
            journey.request.request_uri = journey.request.url.request_uri();
        }
    }
}

/// Decodes unreserved escapes in the encoded path, and writes the others in upper case.
fn normalize(journey: &mut Journey) {
    let raw = &journey.request.url.raw_path;
    let mut normal = Vec::with_capacity(raw.len());
    let mut rest = raw.as_slice();
    while let [byte, after @ ..] = rest {
        rest = after;
        if *byte != b'%' {
            // Go writes each byte as a character, which makes two bytes of one beyond ASCII.
            normal.extend(char::from(*byte).encode_utf8(&mut [0; 4]).bytes());
            continue;
        }
        let [high, low, after @ ..] = after else { break };
        rest = after;
        let escape = [b'%', high.to_ascii_uppercase(), low.to_ascii_uppercase()];
        match go::unescape(&escape, go::Mode::Path).as_deref() {
            Some([byte]) if is_unreserved(*byte) => normal.push(*byte),
            _ => normal.extend(escape),
        }
    }
    if normal == *raw {
        return;
    }
    journey.request.url.raw_path = normal;
    journey.rewritten();
    let path = journey.request.request_uri.clone();
    journey.steps.push(Step::own(StepKind::Path, "escapes are written in their normal form").path(path));
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Resolves dots and slashes.
fn sanitize(journey: &mut Journey) {
    let before = journey.request.url.escaped_path();
    journey.request.url.clean_path();
    journey.rewritten();
    if journey.request.url.escaped_path() != before {
        let path = journey.request.request_uri.clone();
        journey.steps.push(Step::own(StepKind::Path, "sanitizePath: dots and slashes are resolved").path(path));
    }
}

/// `http.Error`
pub(super) fn error(status: u16, text: &str) -> Reply {
    let reply = Reply { body: format!("{text}\n").into_bytes(), ..Reply::status(status) };
    reply.field("Content-Type", "text/plain; charset=utf-8").field("X-Content-Type-Options", "nosniff")
}

/// Which escapes a path may hold.
#[derive(Clone, Debug)]
pub(super) struct Escapes {
    denied: Vec<&'static [u8]>,
}

impl Escapes {
    /// Those that a configuration does not allow.
    pub(super) fn denied_by(given: &EncodedCharacters) -> Self {
        let all: [(bool, &[&[u8]]); 7] = [
            (given.slash, &[b"%2F", b"%2f"]),
            (given.back_slash, &[b"%5C", b"%5c"]),
            (given.null, &[b"%00"]),
            (given.semicolon, &[b"%3B", b"%3b"]),
            (given.percent, &[b"%25"]),
            (given.question_mark, &[b"%3F", b"%3f"]),
            (given.hash, &[b"%23"]),
        ];
        let denied = all.iter().filter(|(allowed, _)| !allowed).flat_map(|(_, escapes)| escapes.iter().copied());
        Self { denied: denied.collect() }
    }

    /// All seven.
    pub(super) fn all_denied() -> Self {
        let denied = [&b"%2F"[..], b"%2f", b"%5C", b"%5c", b"%00", b"%3B", b"%3b", b"%25", b"%3F", b"%3f", b"%23"];
        Self { denied: denied.to_vec() }
    }

    /// The first in a path that is denied.
    pub(super) fn find(&self, path: &[u8]) -> Option<&'static [u8]> {
        memchr::memchr_iter(b'%', path)
            .find_map(|at| self.denied.iter().copied().find(|escape| path.get(at..at + 3) == Some(*escape)))
    }
}

/// The host that rules compare: in lower case, without port and brackets (`requestdecorator`).
pub(super) fn canonical_host(host: &[u8]) -> Vec<u8> {
    let inner = match split_host_port(host) {
        Some((host, _)) => host,
        None if !host.contains(&b':') => host,
        None => host.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]")).unwrap_or(host),
    };
    inner.trim_ascii().to_ascii_lowercase()
}

/// The path that rules compare: unreserved escapes decoded, reserved ones as they are (`withRoutingPath`).
pub(super) fn routing_path(escaped: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(escaped.len());
    let mut rest = escaped;
    while let [byte, after @ ..] = rest {
        rest = after;
        let escape = after.get(..2).filter(|_| *byte == b'%').and_then(|digits| {
            let escape = [b'%', *digits.first()?, *digits.get(1)?];
            go::unescape(&escape, go::Mode::Path).and_then(|bytes| bytes.first().copied()).map(|byte| (escape, byte))
        });
        match escape {
            Some((escape, decoded)) => {
                if RESERVED.contains(&escape.as_slice()) {
                    out.extend(escape);
                } else {
                    out.push(decoded);
                }
                rest = after.get(2..).unwrap_or_default();
            }
            None => out.push(*byte),
        }
    }
    out
}

/// `reservedCharacters`, which are compared as they are written, in upper case alone.
const RESERVED: [&[u8]; 19] = [
    b"%3A", b"%2F", b"%3F", b"%23", b"%5B", b"%5D", b"%40", b"%21", b"%24", b"%26", b"%27", b"%28", b"%29", b"%2A",
    b"%2B", b"%2C", b"%3B", b"%3D", b"%25",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rules_compare() {
        for (host, expected) in [
            ("API.Example:80", "api.example"),
            ("[::1]:80", "::1"),
            ("[::1]", "::1"),
            ("::1", "::1"),
            ("a:", "a"),
            ("", ""),
        ] {
            assert_eq!(canonical_host(host.as_bytes()), expected.as_bytes(), "{host}");
        }
        for (path, expected) in
            [("/a%20b%2Fc%2fd%C3%A9", "/a b%2Fc/d\u{e9}"), ("/%7C%22", "/|\""), ("/%", "/%"), ("/%5B%41", "/%5BA")]
        {
            assert_eq!(routing_path(path.as_bytes()), expected.as_bytes(), "{path}");
        }
    }
}
