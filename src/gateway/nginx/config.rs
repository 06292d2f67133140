//! A configuration, compiled: what requests are answered from.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::listen::{Listening, Sockets};
use super::location::StaticTree;
use super::map::Map;
use super::proxy_pass::ProxyPass;
use super::request::HeadRules;
use super::rewrite::Script;
use super::settings::Settings;
use super::template::Template;
use super::upstream::{Authority, Group};
use super::variables::Variables;
use super::visit::Regex;
use crate::asgi::Release;
use crate::gateway::{Found, NotUnderstood, Place, World};

/// Index into [`Config::servers`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ServerId(pub(super) usize);

/// Index into [`Config::locations`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct LocationId(pub(super) usize);

/// All that a configuration says.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) release: Release,
    /// Never empty.
    pub(super) servers: Vec<Server>,
    /// Never empty: every server has one for its own settings.
    pub(super) locations: Vec<Location>,
    pub(super) sockets: Sockets,
    /// `upstream` blocks by name, in lower case.
    pub(super) upstreams: BTreeMap<String, Group>,
    pub(super) variables: Variables,
    pub(super) maps: Vec<Map>,
    /// Every folder that `root` and `alias` name.
    pub(super) folders: BTreeSet<String>,
    /// Hosts and ports that a `proxy_pass` without variables names: one with variables finds them without a resolver.
    pub(super) known_hosts: HashSet<(String, u16)>,
}

impl Config {
    /// A server.
    #[expect(clippy::indexing_slicing, reason = "ids are made with what they point to")]
    pub(super) fn server(&self, id: ServerId) -> &Server {
        &self.servers[id.0]
    }

    /// True if the host and port of variables are those of a `proxy_pass` without.
    pub(super) fn knows(&self, authority: &Authority) -> bool {
        self.known_hosts.contains(&(authority.host.to_ascii_lowercase(), authority.port))
    }

    /// What lies at a path, as far as it is in a folder that the configuration names.
    pub(super) fn look(&self, path: &[u8], world: &dyn World) -> Option<Found> {
        let path = std::str::from_utf8(path).ok()?;
        let inside = self.folders.iter().rev().find_map(|folder| Some((folder, path.strip_prefix(folder.as_str())?)));
        let (folder, below) =
            inside.filter(|(folder, below)| folder.ends_with('/') || below.is_empty() || below.starts_with('/'))?;
        world.look(folder, below.trim_start_matches('/').as_bytes())
    }

    /// A location.
    #[expect(clippy::indexing_slicing, reason = "ids are made with what they point to")]
    pub(super) fn location(&self, id: LocationId) -> &Location {
        &self.locations[id.0]
    }
}

/// A `server` block.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) place: Place,
    /// `$server_name`: the first name as nginx shows it.
    pub(super) name: Vec<u8>,
    /// What it listens on.
    pub(super) listens: Vec<Listening>,
    /// How heads are read.
    pub(super) rules: HeadRules,
    /// Its own settings, rewrites and locations.
    pub(super) location: LocationId,
    /// `location @name`
    pub(super) named: HashMap<Vec<u8>, LocationId>,
    /// `ssl_verify_client`: that certificates of clients are asked for.
    pub(super) verifies_clients: Option<NotUnderstood>,
}

/// What a location takes.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// No location but the server itself.
    Server,
    /// `location /x/`
    Prefix,
    /// `location ^~ /x/`
    NoRegex,
    /// `location = /x`
    Exact,
    /// `location ~ x`, `location ~* x`
    Regex(Regex),
    /// `location @x`
    Named,
    /// `if (…) { … }` inside a location
    If,
    /// `limit_except … { … }`
    LimitExcept,
}

/// A `location` block, or a block that is one for nginx.
#[derive(Debug)]
pub(super) struct Location {
    pub(super) kind: Kind,
    /// The prefix, the expression or the name; that of the enclosing one for `if` and `limit_except`; empty for a server.
    pub(super) name: Vec<u8>,
    /// In its own words, e.g. `location ^~ /x/`.
    pub(super) text: String,
    pub(super) place: Place,
    pub(super) settings: Settings,
    /// `set`, `if`, `rewrite`, `return`, `break`, in order.
    pub(super) script: Script,
    /// The locations inside it.
    pub(super) inside: Inside,
    /// What makes the answer, where it is not a file.
    pub(super) handler: Option<Handler>,
    pub(super) try_files: Option<TryFiles>,
    /// A request for the name less its final slash is sent there.
    pub(super) auto_redirect: bool,
    pub(super) limit_except: Option<LimitExcept>,
    /// Index into the gateway's routers.
    pub(super) router: Option<usize>,
}

impl Location {
    /// Its expression, if it is one by expression.
    pub(super) fn regex(&self) -> Option<&Regex> {
        match &self.kind {
            Kind::Regex(regex) => Some(regex),
            _ => None,
        }
    }

    /// True if expressions do not go before it.
    pub(super) fn stops_regexes(&self) -> bool {
        matches!(self.kind, Kind::NoRegex)
    }
}

/// The locations inside a server or a location.
#[derive(Debug, Default)]
pub(super) struct Inside {
    pub(super) statics: StaticTree,
    /// In the order of the file.
    pub(super) regexes: Vec<LocationId>,
}

impl Inside {
    /// True if there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.statics.is_empty() && self.regexes.is_empty()
    }
}

/// What makes an answer.
#[derive(Clone, Debug)]
pub(super) enum Handler {
    /// `proxy_pass`
    Proxy(ProxyPass),
    /// One that is not modelled: its line and why.
    Other(NotUnderstood),
}

/// `try_files`
#[derive(Clone, Debug)]
pub(super) struct TryFiles {
    /// What is looked for; one that ends in a slash is a folder.
    pub(super) candidates: Vec<Template>,
    /// What is done if none is there.
    pub(super) fallback: Fallback,
    pub(super) text: String,
    pub(super) place: Place,
}

/// The last argument of `try_files`.
#[derive(Clone, Debug)]
pub(super) enum Fallback {
    /// `=404`
    Status(u16),
    /// A URI or `@name`.
    Uri(Template),
}

/// `limit_except`
#[derive(Clone, Debug)]
pub(super) struct LimitExcept {
    /// The methods that go on as usual.
    pub(super) allowed: Vec<Vec<u8>>,
    /// What the others get.
    pub(super) location: LocationId,
    pub(super) place: Place,
}

impl LimitExcept {
    /// True if a method goes on as usual; `GET` lets `HEAD` pass too.
    pub(super) fn allows(&self, method: &[u8]) -> bool {
        self.allowed.iter().any(|allowed| allowed == method || (allowed == b"GET" && method == b"HEAD"))
    }
}
