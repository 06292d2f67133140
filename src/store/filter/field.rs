//! The fields: their names, and where their values are found.

use crate::asgi::Scope;
use crate::exchange::{Exchange, Half, Pairing};
use crate::filter::Kind;
use crate::lanes::Lanes;
use crate::store::Entry;

/// Something with a value, or several, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// The status the client got.
    Status,
    /// Milliseconds until the exchange ended.
    Ms,
    /// The exchange's number.
    Id,
    /// The request's method.
    Method,
    /// The path the client asked for.
    Path,
    /// The query, without `?`.
    Query,
    /// Scheme, host, path and query as one.
    Url,
    /// The host the client asked for.
    Host,
    /// Its scheme.
    Scheme,
    /// The client's address.
    Client,
    /// `Referer`
    Referer,
    /// `User-Agent`
    Agent,
    /// Bytes of the response's body.
    Bytes,
    /// The path the app's server was asked for.
    AppPath,
    /// `Location` as the client got it.
    Location,
    /// The codes of the findings.
    Finding,
    /// Who wrote the response.
    By,
    /// What saw it: `edge`, `app` or `proxy`, and the address it listens on.
    Tap,
    /// `scope["path"]`
    ScopePath,
    /// `scope["root_path"]`
    ScopeRootPath,
    /// `scope["scheme"]`
    ScopeScheme,
    /// `scope["client"]`, the host.
    ScopeClient,
    /// The values under this name: of requests and responses, wherever they were seen.
    Header(String),
    /// Every header line, `name: value`.
    Headers,
    /// What was kept of the bodies.
    Body,
}

impl Field {
    /// Before the name of a header.
    pub(super) const HEADER: &'static str = "header.";

    /// What its values are.
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Status => Kind::Status,
            Self::Ms => Kind::Time,
            Self::Bytes => Kind::Size,
            Self::Id => Kind::Number,
            Self::Client | Self::ScopeClient => Kind::Address,
            Self::Path | Self::AppPath | Self::ScopePath | Self::ScopeRootPath | Self::Query | Self::Body => {
                Kind::Exact
            }
            _ => Kind::Text,
        }
    }

    /// The value in thousandths, if the field is a number and there is one.
    pub(super) fn number(&self, entry: &Entry, lanes: &Lanes) -> Option<u64> {
        match self {
            Self::Status => lanes.answer.status.map(|status| u64::from(status) * 1000),
            Self::Ms => Some(lanes.answer.duration),
            Self::Bytes => Some(entry.exchange.outer().map_or(0, |half| half.response_body.total).saturating_mul(1000)),
            Self::Id => Some(entry.exchange.id.0.saturating_mul(1000)),
            _ => None,
        }
    }

    /// True if one of the values passes.
    pub(super) fn any(&self, entry: &Entry, lanes: &Lanes, mut test: impl FnMut(&[u8]) -> bool) -> bool {
        let exchange = &*entry.exchange;
        let original = &lanes.original;
        match self {
            Self::Status | Self::Ms | Self::Bytes | Self::Id => {
                self.number(entry, lanes).is_some_and(|n| test(&digits(n)))
            }
            Self::Method => test(original.method.as_bytes()),
            Self::Path => test(&original.path),
            Self::Query => original.query.as_deref().is_some_and(test),
            Self::Url => test(&url(lanes)),
            Self::Host => !original.host.is_empty() && test(original.host.as_bytes()),
            Self::Scheme => test(original.scheme.as_bytes()),
            Self::Client => original.peer.is_some_and(|peer| test(peer.ip().to_string().as_bytes())),
            Self::Referer => original.referer.as_deref().is_some_and(test),
            Self::Agent => any_request_header(exchange, b"user-agent", test),
            Self::AppPath => lanes.rewritten.outgoing.as_deref().is_some_and(test),
            Self::Location => lanes.answer.location.as_deref().is_some_and(test),
            Self::Finding => entry.findings.iter().any(|finding| test(finding.code.as_bytes())),
            Self::By => test(lanes.answer.by.word().as_bytes()),
            Self::Tap => taps(exchange).iter().any(|tap| test(tap.as_bytes())),
            Self::ScopePath => scope(lanes).is_some_and(|scope| test(scope.path.as_bytes())),
            Self::ScopeRootPath => scope(lanes).is_some_and(|scope| test(scope.root_path.as_bytes())),
            Self::ScopeScheme => scope(lanes).is_some_and(|scope| test(scope.scheme().as_bytes())),
            Self::ScopeClient => scope(lanes)
                .and_then(|scope| scope.client.as_ref())
                .is_some_and(|client| test(client.host().as_bytes())),
            Self::Header(name) => {
                any_header(exchange, |header, value| header.eq_ignore_ascii_case(name.as_bytes()) && test(value))
            }
            Self::Headers => any_header(exchange, |name, value| test(&[name, b": ", value].concat())),
            Self::Body => halves(exchange).any(|half| test(&half.request_body.kept) || test(&half.response_body.kept)),
        }
    }
}

/// True if one of the texts that a bare word is looked for in passes.
pub(super) fn searched(entry: &Entry, lanes: &Lanes, test: impl Fn(&[u8]) -> bool) -> bool {
    test(&lanes.original.path)
        || lanes.original.query.as_deref().is_some_and(&test)
        || lanes.rewritten.outgoing.as_deref().is_some_and(&test)
        || entry.findings.iter().any(|finding| test(finding.code.as_bytes()) || test(finding.title.as_bytes()))
}

fn halves(exchange: &Exchange) -> impl Iterator<Item = &Half> {
    exchange.edge.iter().chain(&exchange.app).map(|half| &**half)
}

fn any_header(exchange: &Exchange, mut test: impl FnMut(&[u8], &[u8]) -> bool) -> bool {
    halves(exchange).any(|half| {
        let response = half.response.iter().flat_map(|head| head.fields());
        half.request.fields().chain(response).any(|field| test(field.name, field.value))
    })
}

fn any_request_header(exchange: &Exchange, name: &[u8], mut test: impl FnMut(&[u8]) -> bool) -> bool {
    let mut fields = halves(exchange).flat_map(|half| half.request.fields());
    fields.any(|field| field.name.eq_ignore_ascii_case(name) && test(field.value))
}

/// What the app sees, or what its server hands over.
fn scope(lanes: &Lanes) -> Option<&Scope> {
    let lane = &lanes.scope;
    lane.view.as_ref().map(|view| &view.scope).or_else(|| lane.outcome.as_ref().and_then(|outcome| outcome.scope()))
}

fn taps(exchange: &Exchange) -> Vec<String> {
    let stand_in = exchange.pairing == Pairing::StandIn;
    let mut taps = Vec::with_capacity(4);
    for (word, half) in [("edge", &exchange.edge), ("app", &exchange.app)] {
        if let Some(half) = half {
            taps.push(if stand_in { "proxy" } else { word }.to_owned());
            taps.push(half.local.to_string());
        }
    }
    taps
}

fn url(lanes: &Lanes) -> Vec<u8> {
    let original = &lanes.original;
    let port = original.port.map(|port| format!(":{port}")).unwrap_or_default();
    let mut url = format!("{}://{}{port}", original.scheme, original.host).into_bytes();
    url.extend_from_slice(&original.path);
    if let Some(query) = &original.query {
        url.push(b'?');
        url.extend_from_slice(query);
    }
    url
}

/// Thousandths as whole digits; what is less than one is cut off.
fn digits(thousandths: u64) -> Vec<u8> {
    (thousandths / 1000).to_string().into_bytes()
}
