//! The tree of routes that Caddy runs: what its Caddyfile adapter writes as JSON, held as types.
//!
//! It stands between reading and answering, as it does in Caddy: [`super::adapt`] builds it out of a Caddyfile, and
//! [`super::run`] walks it for a request.

use std::collections::{BTreeMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

pub(super) use super::matcher_set::MatcherSet;
use super::pattern::Pattern;
use super::routes::Routes;
use crate::gateway::{NotUnderstood, Place};

/// Everything that answers rest on.
#[derive(Debug, Default)]
pub(super) struct Config {
    pub(super) servers: Vec<Server>,
    /// The port on which no server expects TLS.
    pub(super) http_port: u16,
    /// Variables of the environment that the configuration names.
    pub(super) environment: BTreeMap<String, String>,
    /// The certificates that handshakes can find.
    pub(super) certificates: Certificates,
}

/// The names that there are certificates for.
#[derive(Debug, Default)]
pub(super) struct Certificates {
    /// Names in lower case, some with a wildcard as their first label.
    pub(super) names: HashSet<String>,
    /// Why a name beyond these may have one too.
    pub(super) others: Option<NotUnderstood>,
}

/// What answers on some addresses.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) listen: Vec<Address>,
    /// True if it expects TLS, on all ports but the one for HTTP.
    pub(super) tls: bool,
    pub(super) routes: Routes,
    /// The routes of `handle_errors`.
    pub(super) errors: Routes,
    pub(super) named: BTreeMap<Arc<str>, Routes>,
    pub(super) options: ServerOptions,
    /// The certificates that it asks clients for make it compare the name of the handshake with the host.
    pub(super) strict_sni: bool,
    /// What of it is not understood and matters to all that it answers.
    pub(super) doubts: Vec<NotUnderstood>,
}

/// What the global option `servers` says.
#[derive(Clone, Debug, Default)]
pub(super) struct ServerOptions {
    /// The address that it is for; empty for all.
    pub(super) address: String,
    /// Ranges whose word about the client is believed; `None` if there are none.
    pub(super) trusted: Option<Vec<IpNet>>,
    pub(super) strict: bool,
    /// The fields that name the client; `X-Forwarded-For` if none are given.
    pub(super) client_ip_headers: Vec<Arc<str>>,
    pub(super) underscore_headers: Vec<Arc<str>>,
    pub(super) dot_headers: Vec<Arc<str>>,
    pub(super) max_header: Option<usize>,
    pub(super) strict_sni: Option<bool>,
    pub(super) doubts: Vec<NotUnderstood>,
}

/// An address to listen on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Address {
    /// Empty for every address of the machine.
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) last_port: u16,
}

/// Some handlers, and the requests that they are for.
#[derive(Clone, Debug)]
pub(super) struct Route {
    /// Of the routes of a group only the first that fits is taken.
    pub(super) group: Option<usize>,
    /// One of these must fit; all requests do if there is none.
    pub(super) sets: Vec<Arc<MatcherSet>>,
    pub(super) handlers: Vec<Handled>,
    /// Nothing comes after it.
    pub(super) terminal: bool,
}

/// A line of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) place: Place,
    /// Its words.
    pub(super) text: Arc<str>,
}

/// A handler and the line that says so.
#[derive(Clone, Debug)]
pub(super) struct Handled {
    pub(super) handler: Handler,
    /// `None` for what Caddy adds by itself.
    pub(super) line: Option<Line>,
    /// A number of its own, if it is one that may answer.
    pub(super) router: Option<usize>,
}

/// Fields and the values that they may have; `None` for a field that must not be there.
pub(super) type WantedFields = BTreeMap<Arc<str>, Option<Vec<Arc<str>>>>;

/// A condition. What each is compared with is told in [`super::run`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Matcher {
    Host(Vec<Arc<str>>),
    Path(Vec<Arc<str>>),
    PathRegexp(Named),
    Method(Vec<Arc<str>>),
    Query(BTreeMap<Arc<str>, Vec<Arc<str>>>),
    Header(WantedFields),
    HeaderRegexp(BTreeMap<Arc<str>, Named>),
    Protocol(Arc<str>),
    RemoteIp(Vec<IpNet>),
    ClientIp(Vec<IpNet>),
    Vars(BTreeMap<Arc<str>, Vec<Arc<str>>>),
    VarsRegexp(BTreeMap<Arc<str>, Named>),
    File(Box<FileMatcher>),
    Tls,
    /// None of these sets may fit.
    Not(Vec<Arc<MatcherSet>>),
    /// The status of an error, as `handle_errors 404 5xx` has it.
    ErrorStatus(Vec<StatusRange>),
    Unknown(NotUnderstood),
}

/// Statuses from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StatusRange(pub(super) u16, pub(super) u16);

/// A regular expression, and the name that its groups go by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: Arc<str>,
    pub(super) pattern: Pattern,
}

/// `file`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FileMatcher {
    pub(super) root: Arc<str>,
    pub(super) try_files: Vec<Arc<str>>,
    /// The last one is taken whether or not it is there.
    pub(super) fallback: bool,
    pub(super) split_path: Vec<Arc<str>>,
}

/// What is done with a request.
#[derive(Clone, Debug)]
pub(super) enum Handler {
    Subroute(Routes),
    Vars(Vec<(Arc<str>, Arc<str>)>),
    Map(Arc<Map>),
    Headers(Arc<Headers>),
    Rewrite(Arc<Rewrite>),
    Static(Arc<Static>),
    Error {
        status: Arc<str>,
        message: Arc<str>,
    },
    Proxy(Arc<Proxy>),
    FileServer(Arc<FileServer>),
    /// Asks for a password; the users.
    BasicAuth {
        realm: Arc<str>,
        users: Vec<Arc<str>>,
    },
    /// The largest body.
    RequestBody(u64),
    Invoke(Arc<str>),
    /// `encode`: the formats
    Encode(Vec<Arc<str>>),
    CopyResponse(Arc<str>),
    /// What it does to the response is not understood.
    Response(NotUnderstood),
    /// Nothing that a plan tells of.
    Pass,
    Unknown(NotUnderstood),
}

/// `map`
#[derive(Debug)]
pub(super) struct Map {
    pub(super) source: Arc<str>,
    /// Names of placeholders, without braces.
    pub(super) destinations: Vec<Arc<str>>,
    pub(super) mappings: Vec<Mapping>,
    pub(super) defaults: Vec<Arc<str>>,
}

/// A line of `map`.
#[derive(Debug)]
pub(super) struct Mapping {
    pub(super) input: Input,
    /// `None` where the next line is asked.
    pub(super) outputs: Vec<Option<Arc<str>>>,
}

/// What a line of `map` is for.
#[derive(Debug)]
pub(super) enum Input {
    Text(Arc<str>),
    Regexp(Pattern),
}

/// `header`, `request_header`
#[derive(Debug, Default)]
pub(super) struct Headers {
    pub(super) request: Option<HeaderOps>,
    pub(super) response: Option<ResponseOps>,
}

/// Changes of fields. Within a kind the order of different fields is open, because Caddy keeps maps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HeaderOps {
    pub(super) add: Vec<Op<Vec<Arc<str>>>>,
    pub(super) set: Vec<Op<Arc<str>>>,
    pub(super) delete: Vec<Op<()>>,
    pub(super) replace: Vec<Op<Vec<Replacement>>>,
}

/// A change of one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Op<T> {
    pub(super) field: Arc<str>,
    pub(super) what: T,
    pub(super) line: Option<Line>,
}

/// A replacement in the values of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Replacement {
    pub(super) search: Search,
    pub(super) replace: Arc<str>,
}

/// What a replacement looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Search {
    Regexp(Pattern),
    /// It holds placeholders, and is an expression only once they are put in.
    Template(Arc<str>),
}

/// Changes of a response's fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ResponseOps {
    pub(super) ops: HeaderOps,
    /// They are made when the response is written, and not before the next handler.
    pub(super) deferred: bool,
    pub(super) require: Option<ResponseMatcher>,
}

/// Which responses something is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ResponseMatcher {
    /// Codes, or their first digits.
    pub(super) status: Vec<u16>,
    pub(super) headers: WantedFields,
}

/// `rewrite`, `uri`, `method`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Rewrite {
    pub(super) method: Option<Arc<str>>,
    pub(super) uri: Option<Arc<str>>,
    pub(super) strip_prefix: Option<Arc<str>>,
    pub(super) strip_suffix: Option<Arc<str>>,
    pub(super) substring: Option<Substring>,
    pub(super) path_regexp: Option<(Pattern, Arc<str>)>,
    pub(super) query: Option<QueryOps>,
}

/// `uri replace`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Substring {
    pub(super) find: Arc<str>,
    pub(super) replace: Arc<str>,
    /// How often at most; `None` for always.
    pub(super) limit: Option<usize>,
}

/// `uri query`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct QueryOps {
    pub(super) rename: Vec<(Arc<str>, Arc<str>)>,
    pub(super) set: Vec<(Arc<str>, Arc<str>)>,
    pub(super) add: Vec<(Arc<str>, Arc<str>)>,
    pub(super) replace: Vec<(Arc<str>, Pattern, Arc<str>)>,
    pub(super) delete: Vec<Arc<str>>,
}

/// `respond`, `redir`, `abort`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Static {
    /// Empty for 200, or the status of the error that is handled.
    pub(super) status: Arc<str>,
    pub(super) headers: Vec<(Arc<str>, Arc<str>)>,
    pub(super) body: Arc<str>,
    pub(super) close: bool,
    pub(super) abort: bool,
}

/// `file_server`
#[derive(Debug, Default)]
pub(super) struct FileServer {
    pub(super) root: Arc<str>,
    pub(super) index: Vec<Arc<str>>,
    pub(super) hide: Vec<Arc<str>>,
    pub(super) status: Arc<str>,
    pub(super) browse: bool,
    pub(super) canonical: bool,
    pub(super) pass_thru: bool,
}

/// `reverse_proxy`
#[derive(Debug)]
pub(super) struct Proxy {
    pub(super) upstreams: Vec<Arc<str>>,
    /// How one of several is chosen is not said by the configuration alone.
    pub(super) choice: Choice,
    pub(super) transport: Transport,
    pub(super) rewrite: Option<Rewrite>,
    pub(super) request: Option<HeaderOps>,
    pub(super) response: Option<ResponseOps>,
    pub(super) trusted: Vec<IpNet>,
    pub(super) responses: Vec<ResponseHandler>,
    /// `forward_auth`: the request asks for leave only.
    pub(super) permission: bool,
    /// A body is read before it is sent on, up to this many bytes; negative for all of it.
    pub(super) request_buffers: bool,
    pub(super) doubts: Vec<NotUnderstood>,
}

/// How an upstream is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// The first one.
    First,
    /// One of them, as load and chance have it: the first is taken to be next.
    Any,
}

/// How an upstream is spoken to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Transport {
    pub(super) tls: bool,
    /// Ports that are spoken to without TLS.
    pub(super) except_ports: Vec<Arc<str>>,
    /// False for `compression off`.
    pub(super) no_compression: bool,
    /// Why the bytes sent are not those of HTTP/1.1.
    pub(super) other_protocol: Option<NotUnderstood>,
}

/// `handle_response`, `replace_status`
#[derive(Debug)]
pub(super) struct ResponseHandler {
    pub(super) require: Option<ResponseMatcher>,
    /// Empty if the routes answer.
    pub(super) status: Arc<str>,
    pub(super) routes: Routes,
}

impl Address {
    /// True if it is listened on for connections to this end.
    pub(super) fn takes(&self, host: IpAddr, port: u16) -> bool {
        let here = match self.host.as_str() {
            "" | "::" => true,
            "0.0.0.0" => host.is_ipv4(),
            "localhost" => host.is_loopback(),
            name => name.parse() == Ok(host),
        };
        here && (self.port..=self.last_port).contains(&port)
    }
}
