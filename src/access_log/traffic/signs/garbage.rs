//! Requests that are none: bytes of another protocol, nothing at all, a proxy that is looked for.

use super::Few;
use crate::access_log::traffic::Line;
use crate::access_log::traffic::tally::Tally;

/// Kinds of requests that are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GarbageKind {
    /// Nothing was sent in time, or an empty line.
    Empty,
    /// TLS, where plain HTTP is spoken.
    Tls,
    /// A method that asks for another host through this one: `CONNECT`, or a whole URL that was refused.
    Proxy,
    /// HTTP/2 by prior knowledge, where it is not spoken.
    Http2,
    /// A request of HTTP/0.9: no version.
    Unversioned,
    /// Another protocol: SSH, RDP, RTSP, a line that is no request.
    Other,
}

impl GarbageKind {
    const ALL: [Self; 6] = [Self::Empty, Self::Tls, Self::Proxy, Self::Http2, Self::Unversioned, Self::Other];

    /// What a line is that is no ordinary request; `None` if it is one.
    pub(in crate::access_log::traffic) fn of(line: &Line<'_>) -> Option<Self> {
        let request = &line.record.request;
        let (method, target) = (request.method, request.target);
        if target.first() == Some(&b'/') && !request.protocol.is_empty() {
            return None;
        }
        if target.is_empty() {
            return Some(Self::of_bytes(request.line));
        }
        match method {
            b"CONNECT" => Some(Self::Proxy),
            b"PRI" => Some(Self::Http2),
            _ if memchr::memmem::find(target, b"://").is_some() => (line.hit.class >= 4).then_some(Self::Proxy),
            b"OPTIONS" if target == b"*" => None,
            _ if method.starts_with(b"\\x") => Some(Self::of_bytes(request.line)),
            // A log that has only the parts may have no version in it.
            _ if target.first() == Some(&b'/') => (!request.line.is_empty()).then_some(Self::Unversioned),
            _ => Some(Self::Other),
        }
    }

    fn of_bytes(line: &[u8]) -> Self {
        let tls: [&[u8]; 3] = [b"\\x16\\x03", b"\\u0016\\u0003", b"\x16\x03"];
        if line.is_empty() || line == b"-" {
            Self::Empty
        } else if tls.iter().any(|begin| line.starts_with(begin)) {
            Self::Tls
        } else {
            Self::Other
        }
    }

    /// What it is, as text says it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Empty => "nothing",
            Self::Tls => "TLS on a plain port",
            Self::Proxy => "a search for an open proxy",
            Self::Http2 => "HTTP/2 without TLS",
            Self::Unversioned => "HTTP/0.9",
            Self::Other => "another protocol",
        }
    }
}

/// Requests of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Garbage<'a> {
    /// The kind.
    pub kind: GarbageKind,
    /// How many.
    pub count: u64,
    /// The first and the last time, milliseconds since 1970.
    pub seen: Option<(i64, i64)>,
    /// Some lines.
    pub lines: &'a Few,
}

/// All kinds.
#[derive(Clone, Debug, Default)]
pub(in crate::access_log::traffic) struct Garbages {
    kinds: [(Tally, Few); GarbageKind::ALL.len()],
}

impl Garbages {
    pub(in crate::access_log::traffic) fn absorb(&mut self, kind: GarbageKind, line: &Line<'_>) {
        if let Some((tally, lines)) = self.kinds.get_mut(kind as usize) {
            tally.add(&line.hit);
            lines.add_line(line.raw);
        }
    }

    /// Those that occurred.
    pub(in crate::access_log::traffic) fn iter(&self) -> impl Iterator<Item = Garbage<'_>> {
        let all = GarbageKind::ALL.into_iter().zip(&self.kinds);
        let all = all.map(|(kind, (tally, lines))| Garbage { kind, count: tally.lines(), seen: tally.seen(), lines });
        all.filter(|garbage| garbage.count > 0)
    }
}
