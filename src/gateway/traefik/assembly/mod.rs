//! A configuration put together: which routers there are at which entry point, with their middlewares and services.
//!
//! ```text
//! source ──┬─▶ router: rule, layers ─▶ service ─▶ servers       two tables per entry point: without TLS and with it
//! internal ┘   (what Traefik adds by itself)
//! ```
//!
//! Traefik 3.7, `pkg/server/router/router.go`, `pkg/server/service/service.go`.

mod internal;
mod router;
mod service;

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use super::behaviour::Behaviour;
use super::dynamic::{Middleware, Router, Service};
use super::install::{EntryPoint, RouterTls};
use super::routes::Table;
use super::source::Source;
use crate::gateway::document::At;
use crate::gateway::{self, Code, NotUnderstood, Place, Remark, Weight};

/// Why Traefik drops a router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) place: Place,
    pub(super) what: String,
}

impl Fault {
    pub(super) fn new(place: &Place, what: impl Into<String>) -> Self {
        Self { place: place.clone(), what: what.into() }
    }
}

/// What is being put together.
#[derive(Debug)]
pub(super) struct Assembly<'s> {
    source: &'s Source,
    pub(super) behaviour: Behaviour,
    /// What Traefik adds by itself, in the order of the names of the entry points.
    internal_routers: Vec<Router>,
    internal_middlewares: Vec<Middleware>,
    middlewares: HashMap<String, &'s Middleware>,
    services: HashMap<String, &'s Service>,
    transports: HashSet<String>,
    /// The routers below a router, by its whole name.
    children: HashMap<String, Vec<&'s Router>>,
    made: RefCell<Made>,
}

/// What comes of it beside the tables.
#[derive(Debug, Default)]
pub(super) struct Made {
    pub(super) routers: Vec<gateway::Router>,
    pub(super) remarks: Vec<Remark>,
    /// The same, for each is told once.
    told: HashSet<Remark>,
    known: HashMap<String, usize>,
}

/// The routers of an entry point, for connections without TLS and with it.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) plain: Table,
    pub(super) tls: Table,
    /// The routers of `tls` that name TLS options.
    pub(super) options: Option<NotUnderstood>,
}

impl<'s> Assembly<'s> {
    /// Of a source.
    pub(super) fn new(source: &'s Source) -> Self {
        let dynamic = &source.dynamic;
        let mut assembly = Self {
            source,
            behaviour: Behaviour::of(source.release),
            internal_routers: Vec::new(),
            internal_middlewares: Vec::new(),
            middlewares: dynamic.middlewares.iter().map(|one| (one.provider.qualified(&one.name), one)).collect(),
            services: dynamic.services.iter().map(|one| (one.provider.qualified(&one.name), one)).collect(),
            transports: dynamic.transports.iter().map(|one| one.provider.qualified(&one.name)).collect(),
            children: HashMap::new(),
            made: RefCell::default(),
        };
        for router in &dynamic.routers {
            let parents: HashSet<_> =
                router.parents.iter().map(|parent| router.provider.qualified(&parent.value)).collect();
            for parent in parents {
                assembly.children.entry(parent).or_default().push(router);
            }
        }
        assembly.redirections();
        assembly.internal_services();
        assembly
    }

    /// What came of it.
    pub(super) fn made(self) -> Made {
        self.made.into_inner()
    }

    /// Notes a fault that needs no request to be seen.
    pub(super) fn remark(&self, code: Code, weight: Weight, place: &Place, what: String, fix: Option<&str>) {
        let remark = Remark { code, weight, place: place.clone(), what, fix: fix.map(str::to_owned) };
        let made = &mut *self.made.borrow_mut();
        if made.told.insert(remark.clone()) {
            made.remarks.push(remark);
        }
    }

    /// A middleware by its whole name.
    pub(super) fn middleware(&self, name: &str) -> Option<&Middleware> {
        let internal = || self.internal_middlewares.iter().find(|one| one.provider.qualified(&one.name) == name);
        self.middlewares.get(name).copied().or_else(internal)
    }

    /// The middlewares of the configuration.
    pub(super) fn middlewares(&self) -> &[Middleware] {
        &self.source.dynamic.middlewares
    }

    /// All routers, Traefik's own ones too.
    pub(super) fn routers(&self) -> impl Iterator<Item = &Router> {
        self.source.dynamic.routers.iter().chain(&self.internal_routers)
    }

    /// The routers of an entry point.
    pub(super) fn tables(&self, point: &EntryPoint) -> Tables {
        let (mut plain, mut tls, mut options) = (Vec::new(), Vec::new(), None);
        for router in self.routers().filter(|router| router.parents.is_empty()) {
            if !self.entry_points(router).any(|name| name == point.name) {
                continue;
            }
            let with_tls = router.tls.as_ref().or(point.tls.as_ref());
            let Some(route) = self.route(router, Some(point), &mut Vec::new()) else { continue };
            match with_tls {
                Some(given) => {
                    options = options.or_else(|| tls_options(given));
                    tls.push(route);
                }
                None => plain.push(route),
            }
        }
        Tables { plain: Table::new(plain), tls: Table::new(tls), options }
    }

    /// The names of the entry points of a router: its own, else those that are for all.
    fn entry_points<'r>(&'r self, router: &'r Router) -> impl Iterator<Item = &'r str> {
        let points = &self.source.install.entry_points;
        let marked = points.iter().any(|point| point.as_default);
        let default = points.iter().filter(move |point| {
            router.entry_points.is_empty() && (!marked || point.as_default) && !point.udp && point.name != "traefik"
        });
        router.entry_points.iter().map(|name| name.value.as_str()).chain(default.map(|point| point.name.as_str()))
    }
}

/// TLS options other than the default ones: a request whose host has others than its connection is refused.
fn tls_options(given: &At<RouterTls>) -> Option<NotUnderstood> {
    let options = given.value.options.as_str();
    let what = || format!("tls.options {options}: which connections get which options is not modelled");
    (!matches!(options, "" | "default")).then(|| NotUnderstood::at(&given.place, what()))
}
