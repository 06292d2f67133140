//! MODEL: a reverse proxy. The request as the client sent it → the request as sent on, and the reason for each step.
//!
//! This room exists so that the stand-in that serves live traffic, the lanes on the screen and `explain` without traffic
//! give one answer: all of them ask here.
//!
//! A proxy is described by flags ([`flags`]) or by its own configuration ([`read`]): `nginx`, `traefik`, `caddy`,
//! `haproxy`, `apache`. Each of these rooms reads what its program reads and owns what is peculiar to it; `go` is what
//! Traefik and Caddy have in common, the HTTP of Go's standard library. What they answer is one and the same for all: a
//! [`Plan`], whose steps name the lines that they follow from.

mod again;
mod amend;
mod apache;
mod balancer;
mod caddy;
mod change;
mod code;
mod document;
mod draft;
mod files;
pub mod flags;
mod go;
mod haproxy;
pub mod hop_by_hop;
mod lines;
mod model;
mod names;
mod nginx;
mod path;
mod pcre;
mod place;
mod reading;
mod traefik;
#[cfg(test)]
mod trial;
mod upstream;

pub use balancer::{Balancer, Front};
pub use change::{Amended, CannotAmend, Change, Edit, Origin, apply};
pub use code::Code;
pub use files::{Files, InMemory};
pub use flags::{PathRule, Route, has_prefix, parse_prefix, parse_route};
pub use model::{
    Action, Back, Destination, Failure, Forward, Found, Model, Onward, Plan, Purpose, Received, Reply, Returned,
    Served, Step, StepKind, Tls, Unseen, World,
};
pub use names::{Mapping, Names};
pub use nginx::{LogDestination, LoggedTo};
pub use path::{Decoded, Normal, SentTarget};
pub use place::{ConfigError, NotUnderstood, Place, Remark, Weight};
pub use reading::{Options, read};
pub use upstream::Upstream;

use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use crate::asgi::Release;

/// The program that a [`Gateway`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proxy {
    /// hopscope's own stand-in, described by flags.
    Flags,
    /// nginx
    Nginx,
    /// Traefik
    Traefik,
    /// Caddy
    Caddy,
    /// `HAProxy`
    Haproxy,
    /// Apache httpd
    Apache,
}

impl Proxy {
    /// The name as its project writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flags => "hopscope",
            Self::Nginx => "nginx",
            Self::Traefik => "Traefik",
            Self::Caddy => "Caddy",
            Self::Haproxy => "HAProxy",
            Self::Apache => "Apache",
        }
    }

    /// The name in small letters, as lanes and flags have it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Flags => "hopscope",
            Self::Nginx => "nginx",
            Self::Traefik => "traefik",
            Self::Caddy => "caddy",
            Self::Haproxy => "haproxy",
            Self::Apache => "apache",
        }
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Proxy {
    type Err = String;

    /// The name of a program whose configuration can be read, case ignored.
    fn from_str(text: &str) -> Result<Self, String> {
        let all = [Self::Nginx, Self::Traefik, Self::Caddy, Self::Haproxy, Self::Apache];
        let known = |proxy: &Self| proxy.name().eq_ignore_ascii_case(text);
        let unknown = || format!("{text:?} is no proxy that is known: nginx, traefik, caddy, haproxy or apache");
        all.into_iter().find(known).ok_or_else(unknown)
    }
}

/// Where an nginx logs requests to, and in which formats: every `access_log` of its configuration.
///
/// # Errors
/// [`ConfigError`] for a file that cannot be read, for what nginx refuses to read at all, and for an `access_log` in a format
/// that there is not.
pub fn nginx_logs(paths: &[PathBuf], files: &dyn Files) -> Result<Vec<LoggedTo>, ConfigError> {
    nginx::logged(paths, files)
}

/// A reverse proxy: what is known of it, and the model that plans requests.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Which program it is.
    pub proxy: Proxy,
    /// The release that is modelled; `None` for [`Proxy::Flags`].
    pub release: Option<Release>,
    /// Every file that was read, in the order of reading: those to watch.
    pub files: Vec<PathBuf>,
    /// Where it listens; empty for [`Proxy::Flags`], whose listeners are given elsewhere.
    pub listeners: Vec<Listen>,
    /// What takes requests, in the order in which the program tries them as far as there is one.
    pub routers: Vec<Router>,
    /// What of the configuration is not understood, in the order of the files. It makes an answer unknown only where the
    /// answer rests on it.
    pub not_understood: Vec<NotUnderstood>,
    /// Faults that need no request to be seen, in the order of the files.
    pub remarks: Vec<Remark>,
    /// The balancer before it, see [`Gateway::behind`].
    pub front: Option<Front>,
    /// What it was read from; `None` for [`Proxy::Flags`].
    pub origin: Option<Arc<Origin>>,
    model: Arc<dyn Model>,
}

/// An address that a proxy listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// The address as written; empty for all.
    pub address: String,
    /// The port.
    pub port: u16,
    /// True if it expects TLS.
    pub tls: bool,
    /// The line that says so.
    pub place: Option<Place>,
}

/// What takes requests: a location, a router, a route, a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Router {
    /// Its name, e.g. `app-http`, `location /api/`.
    pub name: String,
    /// What it takes, as the configuration says it.
    pub rule: String,
    /// Where it stands.
    pub place: Option<Place>,
    /// Its rank, where the program has one.
    pub priority: Option<i64>,
    /// The path prefix that it takes, without a final slash and escaped as on the wire, where its rule is one; empty if
    /// it takes every path.
    pub prefix: Option<String>,
    /// What becomes of the path, in a word or two: `keep`, `strip /api/v1`, `add /x`, `301`.
    pub path: String,
    /// Where it sends; several are taken in turn, none if it answers by itself.
    pub upstreams: Vec<Destination>,
}

impl Gateway {
    /// A proxy of which nothing is known but its model.
    pub fn new(proxy: Proxy, release: Option<Release>, model: Arc<dyn Model>) -> Self {
        Self {
            proxy,
            release,
            files: Vec::new(),
            listeners: Vec::new(),
            routers: Vec::new(),
            not_understood: Vec::new(),
            remarks: Vec::new(),
            front: None,
            origin: None,
            model,
        }
    }

    /// What the proxy does with a request.
    pub fn plan(&self, request: &Received<'_>, world: &dyn World) -> Plan {
        self.model.plan(request, world)
    }

    /// The router of a plan.
    pub fn router(&self, plan: &Plan) -> Option<&Router> {
        plan.router.and_then(|index| self.routers.get(index))
    }

    /// Every upstream that a router names, each once, in order.
    pub fn upstreams(&self) -> Vec<&Destination> {
        let mut known = HashSet::new();
        self.routers.iter().flat_map(|router| &router.upstreams).filter(|to| known.insert(*to)).collect()
    }

    /// The path prefixes of the routers that send on: those that an app may live below.
    pub fn public_prefixes(&self) -> impl Iterator<Item = &str> {
        let sending = self.routers.iter().filter(|router| !router.upstreams.is_empty());
        sending.filter_map(|router| router.prefix.as_deref())
    }

    /// The path prefixes that routers take, the empty one too.
    pub fn prefixes(&self) -> impl Iterator<Item = &str> {
        self.routers.iter().filter_map(|router| router.prefix.as_deref())
    }
}

/// The same model, and not one that would answer alike.
impl PartialEq for Gateway {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.model, &other.model)
    }
}

impl Eq for Gateway {}
