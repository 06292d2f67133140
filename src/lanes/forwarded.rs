//! Lane 2: what the proxy told the app about the request, and what the server believes of it.

use std::net::IpAddr;

use super::author;
use super::{Original, Setup, Source};
use crate::asgi::server::{HeaderUse, Program, Server};
use crate::exchange::{Exchange, Field, Half, Pairing, RequestHead};
use crate::forwarded::{NAMES, Verdict};
use crate::gateway::{Balancer, Received};

/// Lane 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// `Seen` with both halves (changes are known); `Unknown` for changes otherwise, the values still being seen.
    pub source: Source,
    /// The forwarding headers, in the order of [`crate::forwarded::NAMES`], present or not where it matters.
    pub fields: Vec<ForwardedField>,
    /// Whether the server believes its peer, and why.
    pub trust: Option<Verdict>,
    /// The peer that the server sees.
    pub peer: Option<IpAddr>,
    /// The same question for the proxy's own address, when the app tap stands between and so hides it.
    pub without_tap: Option<Verdict>,
}

/// One line of lane 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardedField {
    /// The name as written on the wire (or lower case if absent).
    pub name: String,
    /// The value the app's server got, repeated lines joined with `, `; `None` if it got none. With an edge tap alone,
    /// the value that the client sent.
    pub value: Option<Vec<u8>>,
    /// What became of it between client and app.
    pub change: Change,
    /// Who wrote it: `traefik`, `nginx`, `hopscope`, `the proxy`, `aws-alb`; `None` if it came from the client so.
    pub by: Option<String>,
    /// Whether the server uses it.
    pub reading: Reading,
}

/// What became of a header between client and app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Only one side was seen.
    Unknown,
    /// Passed as sent.
    Same,
    /// The client did not send it.
    Added,
    /// The client sent something else.
    Changed(Vec<u8>),
    /// The client sent it, the app did not get it.
    Dropped(Vec<u8>),
    /// Neither sent nor added, and worth saying.
    Absent,
}

impl Change {
    /// The word in JSON.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Same => "same",
            Self::Added => "added",
            Self::Changed(_) => "changed",
            Self::Dropped(_) => "dropped",
            Self::Absent => "absent",
        }
    }
}

/// Whether the server uses a forwarding header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It reads it and believes it.
    Believed,
    /// It reads such headers but not this one, for the reason given (peer not trusted, value unusable).
    Ignored(String),
    /// It never reads this header.
    NotRead,
    /// There is nothing to believe: it is no header of that kind (Host, Via), the server was not seen to get it, or how
    /// the server reads it is not modelled.
    Plain,
}

/// Headers beside [`NAMES`] and the rest of `x-forwarded-*` that say where a request comes from.
const OTHERS: [&str; 12] = [
    "cf-connecting-ip",
    "cf-ray",
    "cf-visitor",
    "x-amzn-trace-id",
    "x-cloud-trace-context",
    "true-client-ip",
    "x-client-ip",
    "x-envoy-original-path",
    "x-original-forwarded-for",
    "x-original-host",
    "x-scheme",
    "x-script-name",
];

/// Lines at most: a head made of thousands of `X-Forwarded-…` names must not cost their square.
const MOST: usize = 48;

impl Forwarded {
    /// The forwarding headers of an exchange. `original` tells whether a prefix is known, whose absence is worth a line.
    pub(super) fn of(exchange: &Exchange, setup: &Setup, original: &Original) -> Self {
        let peer = exchange.app.as_deref().and_then(|app| app.upstream).map(|(_, from)| from.ip());
        let is_asked = peer.is_some() || setup.socket(exchange).is_some();
        let trust = (is_asked && setup.server.trust_is_known()).then(|| setup.server.trust(peer));
        let comparison = Comparison {
            edge: exchange.edge.as_deref().map(|half| half.request.fields().collect()),
            app: exchange.app.as_deref().map(|half| half.request.fields().collect()),
            by: match exchange.pairing {
                Pairing::StandIn => "hopscope",
                _ => author::proxy(exchange).unwrap_or("the proxy"),
            },
            before: Before::of(exchange, setup),
            server: &setup.server,
            trust: trust.as_ref(),
            prefix_known: !original.prefix.is_empty(),
        };
        let both = exchange.edge.is_some() && exchange.app.is_some();
        Self {
            source: if both { Source::Seen } else { Source::Unknown },
            fields: comparison.fields(),
            without_tap: without_tap(exchange, &setup.server, peer),
            trust,
            peer,
        }
    }
}

/// The proxy's address, which the server would see if the tap were not there; the stand-in is the proxy itself.
fn without_tap(exchange: &Exchange, server: &Server, peer: Option<IpAddr>) -> Option<Verdict> {
    let app: &Half = exchange.app.as_deref().filter(|_| exchange.pairing != Pairing::StandIn)?;
    let proxy = app.peer.ip().to_canonical();
    (server.trust_is_known() && peer?.to_canonical() != proxy).then(|| server.trust(Some(proxy)))
}

/// Both sides' header lines, read out once because every name is looked up in them, and what is needed to judge them.
struct Comparison<'a> {
    edge: Option<Vec<Field<'a>>>,
    app: Option<Vec<Field<'a>>>,
    by: &'static str,
    before: Option<Before>,
    server: &'a Server,
    trust: Option<&'a Verdict>,
    prefix_known: bool,
}

impl Comparison<'_> {
    fn fields(&self) -> Vec<ForwardedField> {
        let mut fields: Vec<_> = NAMES.iter().filter_map(|name| self.field(name)).collect();
        let sides = self.app.iter().chain(&self.edge);
        for field in sides.flatten().filter(|field| is_other(field.name) || self.is_read(field.name)) {
            if fields.len() < MOST && fields.iter().all(|known| !field.is(&known.name)) {
                fields.extend(std::str::from_utf8(field.name).ok().and_then(|name| self.field(name)));
            }
        }
        fields
    }

    /// True for a header that only this server knows: daphne's `Daphne-Root-Path`, and those it was told to read.
    fn is_read(&self, name: &[u8]) -> bool {
        let reads = |name| !matches!(self.server.reading(name, &[], true), HeaderUse::NotRead | HeaderUse::Plain);
        self.server.program() == Program::Daphne && std::str::from_utf8(name).is_ok_and(reads)
    }

    /// One line, or none where the header is on neither side and nobody misses it.
    fn field(&self, name: &str) -> Option<ForwardedField> {
        let sent = self.edge.as_ref().and_then(|fields| lines(fields, name));
        let got = self.app.as_ref().and_then(|fields| lines(fields, name));
        let written = got.as_ref().or(sent.as_ref()).map(|lines| lines.name.clone());
        let (value, change) = match (self.edge.is_some() && self.app.is_some(), sent, got) {
            (_, None, None) if self.is_missed(name) => (None, Change::Absent),
            (_, None, None) => return None,
            (true, Some(sent), Some(got)) if sent.value == got.value => (Some(got.value), Change::Same),
            (true, Some(sent), Some(got)) => (Some(got.value), Change::Changed(sent.value)),
            (true, None, Some(got)) => (Some(got.value), Change::Added),
            (true, Some(sent), None) => (None, Change::Dropped(sent.value)),
            (false, sent, got) => (got.or(sent).map(|lines| lines.value), Change::Unknown),
        };
        let by = self.by(name, &change, value.as_deref());
        let reading = match self.app.as_ref().filter(|_| value.is_some()) {
            Some(fields) => self.reading(name, fields),
            None => Reading::Plain,
        };
        Some(ForwardedField { name: written.unwrap_or_else(|| name.to_owned()), value, change, by, reading })
    }

    /// Who wrote a header: the proxy what is not as it came, the balancer before it what only it can have sent.
    fn by(&self, name: &str, change: &Change, value: Option<&[u8]>) -> Option<String> {
        let before = self.before.as_ref().and_then(|before| before.wrote(name, change, value));
        let changed = matches!(change, Change::Added | Change::Changed(_) | Change::Dropped(_));
        before.or_else(|| changed.then_some(self.by)).map(str::to_owned)
    }

    /// The headers without which an app behind a proxy cannot know its own URL. What a proxy drops is a line anyway.
    fn is_missed(&self, name: &str) -> bool {
        match name {
            "x-forwarded-proto" | "x-forwarded-for" | "x-forwarded-host" => self.app.is_some(),
            "x-forwarded-prefix" => self.app.is_some() && self.prefix_known,
            _ => false,
        }
    }

    /// What the server makes of a header that it got, by its model.
    fn reading(&self, name: &str, fields: &[Field<'_>]) -> Reading {
        let Some(trust) = self.trust else { return Reading::Plain };
        let lines_of = |name: &str| fields.iter().filter(|field| field.is(name)).map(|field| field.value).collect();
        match self.server.reading_among(name, lines_of, trust.trusted) {
            HeaderUse::Used => Reading::Believed,
            HeaderUse::Unused(_) if !trust.trusted => Reading::Ignored(trust.why.clone()),
            HeaderUse::Unused(why) => Reading::Ignored(why),
            HeaderUse::NotRead => Reading::NotRead,
            HeaderUse::Plain | HeaderUse::Unknown(_) => Reading::Plain,
        }
    }
}

/// A cloud's balancer before the proxy.
struct Before {
    balancer: Balancer,
    /// What the stand-in takes it to send, where it is none that was seen.
    sent: Option<RequestHead>,
}

impl Before {
    /// The balancer that the stand-in was told of, else the one that gives itself away in the outermost head.
    fn of(exchange: &Exchange, setup: &Setup) -> Option<Self> {
        let outer = exchange.outer()?;
        let front = setup.gateway.as_ref().and_then(|gateway| gateway.front);
        if let Some(front) = front {
            let received = Received {
                head: outer.request.as_bytes(),
                body: None,
                peer: outer.peer,
                local: outer.local,
                tls: None,
            };
            let sent = RequestHead::from_wire(front.apply(&received)?).ok()?;
            return Some(Self { balancer: front.balancer, sent: Some(sent) });
        }
        Balancer::of(&outer.request.fields()).map(|balancer| Self { balancer, sent: None })
    }

    /// Its name, if the header is its work.
    fn wrote(&self, name: &str, change: &Change, value: Option<&[u8]>) -> Option<&'static str> {
        let is_its = match &self.sent {
            Some(sent) => {
                let fields: Vec<Field<'_>> = sent.fields().collect();
                let sent = lines(&fields, name);
                matches!(change, Change::Added | Change::Changed(_))
                    && sent.is_some_and(|sent| Some(&*sent.value) == value)
            }
            None => matches!(change, Change::Same | Change::Unknown),
        };
        (is_its && self.balancer.writes(name)).then(|| self.balancer.name())
    }
}

/// All lines of one name.
struct Lines {
    name: String,
    value: Vec<u8>,
}

/// Repeated lines are joined with `, ` (RFC 9110 section 5.3).
fn lines(fields: &[Field<'_>], name: &str) -> Option<Lines> {
    let mut found = fields.iter().filter(|field| field.is(name));
    let first = found.next()?;
    let mut lines = Lines { name: String::from_utf8_lossy(first.name).into_owned(), value: first.value.to_vec() };
    for field in found {
        lines.value.extend_from_slice(b", ");
        lines.value.extend_from_slice(field.value);
    }
    Some(lines)
}

fn is_other(name: &[u8]) -> bool {
    const FAMILY: &[u8] = b"x-forwarded-";
    name.get(..FAMILY.len()).is_some_and(|start| start.eq_ignore_ascii_case(FAMILY))
        || OTHERS.iter().any(|other| name.eq_ignore_ascii_case(other.as_bytes()))
}
