//! Traefik's dynamic configuration ("routing configuration" in its own words): routers, middlewares and services, whatever
//! provider they come from.

mod decode;
mod kind;
mod middleware;

pub(super) use decode::{decode, sticky};
pub(super) use kind::{
    Buffering, Credentials, Errors, ForwardAuth, HeaderEdit, Headers, IpAllowList, IpStrategy, MiddlewareKind,
    PassTlsClientCert, RedirectRegex, RedirectScheme, Replacement, StripPrefix,
};
pub(super) use middleware::middleware;

use std::collections::HashSet;

use super::install::RouterTls;
use crate::gateway::document::At;
use crate::gateway::{NotUnderstood, Place};

/// What all providers say together.
///
/// The keys and their defaults are those of `pkg/config/dynamic` of Traefik 3.7.15. Names are as written; which of two
/// providers they belong to is beside them. A name in a reference is one of the same provider unless it has an `@`.
#[derive(Clone, Debug, Default)]
pub(super) struct Dynamic {
    /// In the order of their names, provider by provider.
    pub(super) routers: Vec<Router>,
    /// As the routers.
    pub(super) services: Vec<Service>,
    /// As the routers.
    pub(super) middlewares: Vec<Middleware>,
    /// As the routers: the names that `serversTransport` may take.
    pub(super) transports: Vec<Transport>,
    /// What might add routers, or change all of them, and is not understood: no plan is certain with it.
    pub(super) unsure: Vec<NotUnderstood>,
    /// As `unsure`, for connections with TLS alone.
    pub(super) unsure_with_tls: Vec<NotUnderstood>,
    /// `tcp.routers`, which take connections before HTTP is spoken.
    pub(super) tcp: Vec<TcpRouter>,
}

impl Dynamic {
    /// Adds the parts of another file of the same provider. What is there by a name stays; tells what was left out.
    ///
    /// `ResourceStrategySkipDuplicates` of `pkg/provider/merge.go`.
    pub(super) fn add(&mut self, more: Self) -> Vec<(Place, String)> {
        let mut twice = Vec::new();
        add(&mut self.routers, more.routers, &mut twice);
        add(&mut self.services, more.services, &mut twice);
        add(&mut self.middlewares, more.middlewares, &mut twice);
        add(&mut self.transports, more.transports, &mut twice);
        add(&mut self.tcp, more.tcp, &mut twice);
        self.unsure.extend(more.unsure);
        self.unsure_with_tls.extend(more.unsure_with_tls);
        twice
    }
}

fn add<T: Named>(all: &mut Vec<T>, more: Vec<T>, twice: &mut Vec<(Place, String)>) {
    let known: HashSet<(Provider, String)> = all.iter().map(|one| (one.provider(), one.name().to_owned())).collect();
    for one in more {
        if known.contains(&(one.provider(), one.name().to_owned())) {
            twice.push((one.place().clone(), format!("{} {}", T::WORD, one.name())));
        } else {
            all.push(one);
        }
    }
}

/// Every special character becomes `-`, several of them one, none at the ends.
///
/// `Normalize` of `pkg/provider/configuration.go`.
pub(super) fn normalized(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// What a dynamic configuration holds by name.
pub(super) trait Named {
    /// What it is, in a word.
    const WORD: &str;

    /// Its name, without the provider's.
    fn name(&self) -> &str;

    /// Whose it is.
    fn provider(&self) -> Provider;

    /// Where it stands.
    fn place(&self) -> &Place;
}

macro_rules! named {
    ($($what:ty: $word:literal;)*) => {$(
        impl Named for $what {
            const WORD: &str = $word;

            fn name(&self) -> &str {
                &self.name
            }

            fn provider(&self) -> Provider {
                self.provider
            }

            fn place(&self) -> &Place {
                &self.place
            }
        }
    )*};
}

named! {
    Router: "router";
    Service: "service";
    Middleware: "middleware";
    Transport: "serversTransport";
    TcpRouter: "TCP router";
}

/// Where a part of the dynamic configuration comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Provider {
    /// `providers.docker`: labels of a compose file
    Docker,
    /// `providers.file`
    #[default]
    File,
    /// Traefik itself: `api@internal`
    Internal,
    /// `providers.kubernetesCRD`
    Kubernetes,
    /// `providers.swarm`
    Swarm,
}

impl Provider {
    /// The word behind the `@` of a name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::File => "file",
            Self::Internal => "internal",
            Self::Kubernetes => "kubernetescrd",
            Self::Swarm => "swarm",
        }
    }

    /// The whole name of what this provider calls `name`: `app` is `app@file`, `auth@docker` stays.
    ///
    /// `pkg/server/provider/provider.go`, `GetQualifiedName`.
    pub(super) fn qualified(self, name: &str) -> String {
        if name.contains('@') { name.to_owned() } else { format!("{name}@{}", self.name()) }
    }
}

/// `http.routers.<name>`
#[derive(Clone, Debug)]
pub(super) struct Router {
    pub(super) name: String,
    pub(super) provider: Provider,
    pub(super) place: Place,
    /// `rule`; empty if not given.
    pub(super) rule: At<String>,
    /// True if the rule comes from the provider's `defaultRule`.
    pub(super) default_rule: bool,
    /// `ruleSyntax`
    pub(super) syntax: Option<At<String>>,
    /// `priority`; 0 is as not given.
    pub(super) priority: Option<At<i64>>,
    /// `entryPoints`; none: the default ones.
    pub(super) entry_points: Vec<At<String>>,
    /// `middlewares`
    pub(super) middlewares: Vec<At<String>>,
    /// `service`; empty if not given.
    pub(super) service: At<String>,
    /// `tls`
    pub(super) tls: Option<At<RouterTls>>,
    /// `parentRefs`: it is tried only below these routers (since 3.6).
    pub(super) parents: Vec<At<String>>,
    /// What of it is not understood.
    pub(super) unsure: Vec<NotUnderstood>,
}

/// `tcp.routers.<name>`
#[derive(Clone, Debug)]
pub(super) struct TcpRouter {
    pub(super) name: String,
    pub(super) provider: Provider,
    pub(super) place: Place,
    /// `rule`
    pub(super) rule: At<String>,
    /// `entryPoints`; none: the default ones.
    pub(super) entry_points: Vec<At<String>>,
    /// `tls`: it takes connections with TLS, else those without.
    pub(super) tls: bool,
}

/// `http.services.<name>`
#[derive(Clone, Debug)]
pub(super) struct Service {
    pub(super) name: String,
    pub(super) provider: Provider,
    pub(super) place: Place,
    pub(super) kind: ServiceKind,
    /// `middlewares` (since 3.6.?): run for every router that uses the service.
    pub(super) middlewares: Vec<At<String>>,
    /// What of it is not understood.
    pub(super) unsure: Vec<NotUnderstood>,
}

/// What a service is.
#[derive(Clone, Debug)]
pub(super) enum ServiceKind {
    /// `loadBalancer`
    LoadBalancer(LoadBalancer),
    /// `weighted`
    Weighted(Vec<Weighted>),
    /// `highestRandomWeight`
    HighestRandomWeight(Vec<Weighted>),
    /// `mirroring`: the service that answers.
    Mirroring(At<String>),
    /// `failover`
    Failover {
        /// `service`
        service: At<String>,
        /// `fallback`
        fallback: At<String>,
    },
    /// None of these: Traefik drops it.
    Nothing,
    /// More than one of these: Traefik drops it ("multi-types service not supported").
    Several,
}

/// `loadBalancer`
#[derive(Clone, Debug)]
pub(super) struct LoadBalancer {
    pub(super) place: Place,
    /// `servers`
    pub(super) servers: Vec<Server>,
    /// `passHostHeader`; true if not given.
    pub(super) pass_host_header: bool,
    /// `serversTransport`
    pub(super) transport: Option<At<String>>,
}

/// `servers[]` of a load balancer.
#[derive(Clone, Debug)]
pub(super) struct Server {
    /// `url`; empty if not given.
    pub(super) url: At<String>,
    /// `weight`
    pub(super) weight: Option<i64>,
    /// `preservePath`
    pub(super) preserve_path: bool,
    /// `scheme`: of labels, beside `port`; in a file it is taken and does nothing.
    pub(super) scheme: Option<At<String>>,
    /// `port`, as `scheme`. Whoever reads labels makes a `url` of both.
    pub(super) port: Option<At<String>>,
}

/// `services[]` of a weighted service.
#[derive(Clone, Debug)]
pub(super) struct Weighted {
    /// `name`
    pub(super) name: At<String>,
    /// `weight`; 1 if not given.
    pub(super) weight: i64,
}

/// `http.serversTransports.<name>`: all that it says is about TLS, timeouts and the number of connections.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    pub(super) name: String,
    pub(super) provider: Provider,
    pub(super) place: Place,
}

/// `http.middlewares.<name>`
#[derive(Clone, Debug)]
pub(super) struct Middleware {
    pub(super) name: String,
    pub(super) provider: Provider,
    pub(super) place: Place,
    /// What it is, with the line of the key. Traefik drops one that is nothing, and one that is several.
    pub(super) kinds: Vec<At<MiddlewareKind>>,
    /// What of it is not understood.
    pub(super) unsure: Vec<NotUnderstood>,
}
