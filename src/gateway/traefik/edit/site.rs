//! Where a request is dealt with: its entry point, its router, and what that one names.

use std::sync::Arc;

use super::home::Home;
use crate::gateway::document::writing::{Document, Value, Writing};
use crate::gateway::traefik::dynamic::{Middleware, MiddlewareKind, Named, Provider, Router, Service, ServiceKind};
use crate::gateway::traefik::install::EntryPoint;
use crate::gateway::traefik::source::{self, Source};
use crate::gateway::{self, CannotAmend, Change, Edit, Gateway, Origin, Place, Plan, StepKind};

/// How deep chains and services may refer to each other.
const DEEPEST: usize = 16;

/// A router with all that it rests on, and the files that it stands in.
pub(super) struct Site {
    source: Source,
    router: Router,
    /// Where the request came in.
    entry: Option<Place>,
    pub(super) writing: Writing,
}

/// The router that a change is about where none takes the request: the one of its prefix, or the only one.
fn meant<'g>(gateway: &'g Gateway, change: &Change) -> Option<&'g gateway::Router> {
    let prefix = match change {
        Change::Path { prefix, .. } | Change::SlashAtMount(prefix) | Change::TakeHost { prefix, .. } => Some(prefix),
        Change::Take(_) => None,
        _ => return None,
    };
    let mut sending = gateway
        .routers
        .iter()
        .filter(|router| !router.upstreams.is_empty() && (prefix.is_none() || router.prefix.as_ref() == prefix));
    sending.next().filter(|_| sending.next().is_none())
}

/// A middleware of a router.
pub(super) struct Used {
    /// Its place in the router's list.
    pub(super) index: usize,
    /// The chain that it is in; `None` if the router's list names it.
    pub(super) chain: Option<String>,
    pub(super) middleware: Middleware,
}

impl Site {
    /// Finds the router of a plan.
    ///
    /// # Errors
    /// There is none, or it is not the user's own.
    pub(super) fn of(gateway: &Gateway, origin: &Origin, plan: &Plan, change: &Change) -> Result<Self, CannotAmend> {
        let named = gateway.router(plan).or_else(|| meant(gateway, change));
        let named = named.ok_or_else(|| CannotAmend("no router takes the request".to_owned()))?;
        let source = source::read(&origin.paths, &origin.files, origin.options.release)?;
        let mut routers = source.dynamic.routers.iter();
        let router = routers.find(|router| router.provider.qualified(&router.name) == named.name).cloned();
        let router = router.ok_or_else(|| CannotAmend(format!("{} is Traefik's own router", named.name)))?;
        if !router.parents.is_empty() {
            return Err(CannotAmend(format!("router {} lies below another one", router.name)));
        }
        let listener = plan.steps.iter().find(|step| step.kind == StepKind::Listener);
        let entry = listener.and_then(|step| step.place.clone());
        Ok(Self { source, router, entry, writing: Writing::of(origin) })
    }

    /// The router.
    pub(super) fn router(&self) -> &Router {
        &self.router
    }

    /// The entry point that the request came in by.
    pub(super) fn entry_point(&self) -> Option<&EntryPoint> {
        let points = &self.source.install.entry_points;
        points.iter().find(|point| Some(&point.place) == self.entry.as_ref())
    }

    /// What was changed.
    pub(super) fn edits(self) -> Result<Vec<Edit>, CannotAmend> {
        self.writing.edits()
    }

    fn middleware(&self, provider: Provider, name: &str) -> Option<&Middleware> {
        let name = provider.qualified(name);
        self.source.dynamic.middlewares.iter().find(|one| one.provider.qualified(&one.name) == name)
    }

    /// The middlewares of the router, those of chains in their place.
    pub(super) fn middlewares(&self) -> Vec<Used> {
        let mut all = Vec::new();
        for (index, given) in self.router.middlewares.iter().enumerate() {
            let Some(middleware) = self.middleware(self.router.provider, &given.value) else { continue };
            self.unfold(Used { index, chain: None, middleware: middleware.clone() }, &mut all, 0);
        }
        all
    }

    fn unfold(&self, used: Used, all: &mut Vec<Used>, depth: usize) {
        let chain = used.middleware.kinds.iter().find_map(|kind| match &kind.value {
            MiddlewareKind::Chain(names) => Some(names.clone()),
            _ => None,
        });
        let Some(names) = chain.filter(|_| depth < DEEPEST) else {
            all.push(used);
            return;
        };
        for name in names {
            if let Some(inner) = self.middleware(used.middleware.provider, &name.value) {
                let chain = Some(used.middleware.name.clone());
                self.unfold(Used { index: used.index, chain, middleware: inner.clone() }, all, depth + 1);
            }
        }
    }

    /// True if nothing but the router's own list names a middleware.
    pub(super) fn is_its_own(&self, used: &Used) -> bool {
        let name = used.middleware.provider.qualified(&used.middleware.name);
        let dynamic = &self.source.dynamic;
        let by_routers = dynamic.routers.iter().flat_map(|one| one.middlewares.iter().map(|name| (one.provider, name)));
        let by_services =
            dynamic.services.iter().flat_map(|one| one.middlewares.iter().map(|name| (one.provider, name)));
        let chained = dynamic.middlewares.iter().flat_map(|one| {
            let inside = one.kinds.iter().filter_map(|kind| match &kind.value {
                MiddlewareKind::Chain(names) => Some(names),
                _ => None,
            });
            inside.flatten().map(|name| (one.provider, name))
        });
        let by_points = self.source.install.entry_points.iter().flat_map(|point| &point.middlewares);
        let all = by_routers.chain(by_services).chain(chained);
        let all = all.chain(by_points.map(|name| (Provider::File, name)));
        used.chain.is_none() && all.filter(|(provider, given)| provider.qualified(&given.value) == name).count() == 1
    }

    /// The load balancers that the router may send to.
    pub(super) fn balancers(&self) -> Vec<Service> {
        let mut all = Vec::new();
        self.follow(self.router.provider, &self.router.service.value, &mut all, 0);
        all
    }

    fn follow(&self, provider: Provider, name: &str, all: &mut Vec<Service>, depth: usize) {
        let name = provider.qualified(name);
        let services = &self.source.dynamic.services;
        let Some(service) = services.iter().find(|one| one.provider.qualified(&one.name) == name) else { return };
        if depth > DEEPEST || all.iter().any(|known| known.place == service.place && known.name == service.name) {
            return;
        }
        let mut on = |name: &str| self.follow(service.provider, name, all, depth + 1);
        match &service.kind {
            ServiceKind::LoadBalancer(_) => all.push(service.clone()),
            ServiceKind::Weighted(several) | ServiceKind::HighestRandomWeight(several) => {
                for one in several {
                    on(&one.name.value);
                }
            }
            ServiceKind::Mirroring(service) => on(&service.value),
            ServiceKind::Failover { service, fallback } => {
                on(&service.value);
                on(&fallback.value);
            }
            ServiceKind::Nothing | ServiceKind::Several => {}
        }
    }

    /// Where something is written.
    pub(super) fn home(&self, one: &impl Named) -> Result<Home, CannotAmend> {
        Home::of(one.provider(), one.place(), &self.writing)
    }

    /// The static file.
    ///
    /// # Errors
    /// Traefik was started otherwise, or how is not known: what is to be written is told.
    pub(super) fn install(&self, point: &EntryPoint, lines: &str) -> Result<(Document, bool), CannotAmend> {
        let unknown = || CannotAmend(format!("Traefik's static configuration was not given; in it write {lines}"));
        let file = &point.place.file;
        let known = point.place.line > 0 && self.source.files.iter().any(|path| **path == **file);
        let from_routers = self
            .source
            .dynamic
            .routers
            .iter()
            .any(|router| router.entry_points.iter().any(|name| name.place == point.place));
        if !known || from_routers {
            return Err(unknown());
        }
        let document = Document::of(&Arc::clone(file));
        let by_arguments = self.writing.read(&document)?.find(&["entryPoints"]).is_none();
        Ok((document, by_arguments))
    }

    /// Sets the router's list of middlewares.
    pub(super) fn set_middlewares(&mut self, names: &[String]) -> Result<(), CannotAmend> {
        let before: Vec<&str> = self.router.middlewares.iter().map(|name| name.value.as_str()).collect();
        if before == names {
            return Ok(());
        }
        let home = self.home(&self.router)?;
        let path = ["routers", &self.router.name, "middlewares"];
        if names.is_empty() {
            return home.remove(&mut self.writing, &path);
        }
        home.set(&mut self.writing, &path, Value::List(names.to_vec()))
    }

    /// Writes a new middleware beside the router; gives its name.
    pub(super) fn add_middleware(&mut self, word: &str, fields: Value) -> Result<String, CannotAmend> {
        let taken = |name: &str| self.middleware(self.router.provider, name).is_some();
        let first = format!("{}-{word}", self.router.name);
        let numbered = (2..).map(|number| format!("{first}-{number}"));
        let name = std::iter::once(first.clone()).chain(numbered).find(|name| !taken(name)).unwrap_or(first);
        let home = self.home(&self.router)?;
        home.set(&mut self.writing, &["middlewares", &name], fields)?;
        Ok(name)
    }

    /// True if another router has a rank in a range, or at its end.
    pub(super) fn has_rank_in(&self, ranks: &std::ops::Range<usize>) -> bool {
        let rank = |router: &Router| match router.priority.as_ref().map_or(0, |priority| priority.value) {
            0 => router.rule.value.len(),
            given => usize::try_from(given).unwrap_or_default(),
        };
        let others = self.source.dynamic.routers.iter().filter(|router| router.name != self.router.name);
        others.map(rank).any(|rank| ranks.contains(&rank) || rank == ranks.end)
    }

    /// The router's list as it stands, as texts.
    pub(super) fn names(&self) -> Vec<String> {
        self.router.middlewares.iter().map(|name| name.value.clone()).collect()
    }
}
