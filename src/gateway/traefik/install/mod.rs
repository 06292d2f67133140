//! Traefik's static configuration ("install configuration" in its own words): what it is started with.

mod decode;

pub(super) use decode::{decode, encoded_characters, router_tls};
use std::path::PathBuf;

use crate::gateway::document::At;
use crate::gateway::{NotUnderstood, Place};

/// What Traefik is started with.
///
/// The keys and their defaults are those of `pkg/config/static` of Traefik 3.7.15.
#[derive(Clone, Debug, Default)]
pub(super) struct Static {
    /// In the order of their names; never empty: without any there is `http` on `:80`.
    pub(super) entry_points: Vec<EntryPoint>,
    /// `providers.file`
    pub(super) file: Option<FileProvider>,
    /// `providers.docker` or `providers.swarm`
    pub(super) docker: Option<DockerProvider>,
    /// `providers.kubernetesCRD`
    pub(super) kubernetes: Option<Place>,
    /// `api`
    pub(super) api: Option<Api>,
    /// `ping`
    pub(super) ping: Option<Ping>,
    /// `metrics.prometheus`: the path `/metrics` of an entry point.
    pub(super) prometheus: Option<Ping>,
    /// `core.defaultRuleSyntax`: `v2` or `v3`.
    pub(super) rule_syntax: Option<At<String>>,
    /// `certificatesResolvers.<name>.acme.httpChallenge.entryPoint`: entry points on which Traefik itself answers below
    /// `/.well-known/acme-challenge/`.
    pub(super) http_challenges: Vec<At<String>>,
    /// `accessLog`, `log` and the like change nothing that is modelled; these might: no plan is certain with them.
    pub(super) unsure: Vec<NotUnderstood>,
}

/// `entryPoints.<name>`
#[derive(Clone, Debug)]
pub(super) struct EntryPoint {
    pub(super) name: String,
    pub(super) place: Place,
    /// The host of `address`; empty for all.
    pub(super) host: String,
    /// The port of the address; `None` where it has none.
    pub(super) port: Option<u16>,
    /// True for `/udp`: no HTTP is served there.
    pub(super) udp: bool,
    /// `asDefault`
    pub(super) as_default: bool,
    /// `forwardedHeaders`
    pub(super) forwarded: ForwardedHeaders,
    /// `proxyProtocol`: the client's address is said by a line before the request.
    pub(super) proxy_protocol: Option<Place>,
    /// `http.redirections.entryPoint`
    pub(super) redirection: Option<Redirection>,
    /// `http.middlewares`
    pub(super) middlewares: Vec<At<String>>,
    /// `http.tls`: routers of this entry point that say nothing of TLS are TLS routers.
    pub(super) tls: Option<At<RouterTls>>,
    /// `http.encodedCharacters`
    pub(super) encoded: Option<EncodedCharacters>,
    /// `http.encodeQuerySemicolons`
    pub(super) encode_query_semicolons: Option<At<bool>>,
    /// `http.sanitizePath`; true if not given.
    pub(super) sanitize_path: Option<At<bool>>,
    /// `http.maxHeaderBytes`
    pub(super) max_header_bytes: Option<At<i64>>,
    /// `http.underscoreHeadersStrategy`: `keep`, `delete`, `reject`.
    pub(super) underscores: Option<At<String>>,
    /// `transport.keepAliveMaxRequests` and the like change nothing that is modelled; these keys might.
    pub(super) unsure: Vec<NotUnderstood>,
}

/// `entryPoints.<name>.forwardedHeaders`
#[derive(Clone, Debug, Default)]
pub(super) struct ForwardedHeaders {
    /// The key's line, where it is given.
    pub(super) place: Option<Place>,
    /// `insecure`
    pub(super) insecure: bool,
    /// `trustedIPs`: addresses and networks.
    pub(super) trusted: Vec<At<String>>,
    /// `connection`: names that a `Connection` field may name and that reach the middlewares.
    pub(super) connection: Vec<At<String>>,
    /// `notAppendXForwardedFor`
    pub(super) not_append: bool,
}

/// `entryPoints.<name>.http.redirections.entryPoint`
#[derive(Clone, Debug)]
pub(super) struct Redirection {
    pub(super) place: Place,
    /// `to`: the name of an entry point, or `:443`.
    pub(super) to: At<String>,
    /// `scheme`; `https` if not given.
    pub(super) scheme: At<String>,
    /// `permanent`; true if not given.
    pub(super) permanent: bool,
    /// `priority`; `i64::MAX - 1` if not given.
    pub(super) priority: i64,
}

/// `tls` of a router or of an entry point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RouterTls {
    /// `options`: the name of TLS options; `default` if empty.
    pub(super) options: String,
}

/// `encodedCharacters`: which escapes may stand in a path. True for all that are not given.
#[derive(Clone, Debug)]
pub(super) struct EncodedCharacters {
    pub(super) place: Place,
    /// `allowEncodedSlash`: `%2F`
    pub(super) slash: bool,
    /// `allowEncodedBackSlash`: `%5C`
    pub(super) back_slash: bool,
    /// `allowEncodedNullCharacter`: `%00`
    pub(super) null: bool,
    /// `allowEncodedSemicolon`: `%3B`
    pub(super) semicolon: bool,
    /// `allowEncodedPercent`: `%25`
    pub(super) percent: bool,
    /// `allowEncodedQuestionMark`: `%3F`
    pub(super) question_mark: bool,
    /// `allowEncodedHash`: `%23`
    pub(super) hash: bool,
}

/// `providers.file`
#[derive(Clone, Debug)]
pub(super) struct FileProvider {
    pub(super) place: Place,
    /// `filename`
    pub(super) filename: Option<At<PathBuf>>,
    /// `directory`; goes before `filename`.
    pub(super) directory: Option<At<PathBuf>>,
}

/// `providers.docker`, `providers.swarm`
#[derive(Clone, Debug)]
pub(super) struct DockerProvider {
    pub(super) place: Place,
    /// True for `providers.swarm`, and for v2's `providers.docker.swarmMode`.
    pub(super) swarm: bool,
    /// `exposedByDefault`; true if not given.
    pub(super) exposed_by_default: bool,
    /// `defaultRule`, a Go template.
    pub(super) default_rule: Option<At<String>>,
    /// `constraints`: an expression over labels.
    pub(super) constraints: Option<At<String>>,
}

/// `api`
#[derive(Clone, Debug)]
pub(super) struct Api {
    pub(super) place: Place,
    /// `basePath`; `/` if not given.
    pub(super) base_path: String,
    /// `insecure`: served on the entry point `traefik`.
    pub(super) insecure: bool,
    /// `dashboard`; true if not given.
    pub(super) dashboard: bool,
    /// `debug`
    pub(super) debug: bool,
}

/// `ping`, `metrics.prometheus`
#[derive(Clone, Debug)]
pub(super) struct Ping {
    pub(super) place: Place,
    /// `entryPoint`; `traefik` if not given.
    pub(super) entry_point: String,
    /// `manualRouting`
    pub(super) manual_routing: bool,
    /// `terminatingStatusCode` is only for the moment of a shutdown. The path, though not to be chosen.
    pub(super) path: &'static str,
}
