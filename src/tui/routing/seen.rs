//! What the Routes page shows, computed from the set-up: the routers with what is wrong with each, and the tried URL.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use super::Routing;
use crate::diagnosis::{Severity, pages};
use crate::dry_run::{self, Addresses, DryRun, Entrance, Pair, ServerLine, Start, WhatIf, request};
use crate::gateway::{Gateway, Place, Proxy, Weight};
use crate::lanes::{Setup, TapKind};
use crate::remedy;
use crate::settings::Machine;

/// Requests come from here, and are sent on from here: a dry run knows no better.
const HERE: Addresses = Addresses { client: IpAddr::V4(Ipv4Addr::LOCALHOST), peer: IpAddr::V4(Ipv4Addr::LOCALHOST) };

/// A router, or a prefix that was learned where the proxy is not known.
#[derive(Clone, Debug)]
pub(in crate::tui) struct RouteLine {
    /// Its rank, where the proxy has one.
    pub(in crate::tui) priority: Option<i64>,
    pub(in crate::tui) name: String,
    pub(in crate::tui) rule: String,
    /// What becomes of the path.
    pub(in crate::tui) path: String,
    /// Where it sends to.
    pub(in crate::tui) service: String,
    pub(in crate::tui) prefix: Option<String>,
    pub(in crate::tui) place: Option<Place>,
    /// The worst that is wrong with it; `None` if it could not be tried.
    pub(in crate::tui) check: Option<Worst>,
}

/// The worst that is wrong with a router: how bad, and the code of the finding. Nothing, if nothing is.
pub(in crate::tui) type Worst = Option<(Severity, &'static str)>;

/// Something that is wrong with the configuration, or with the pair of it and the server.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Check {
    pub(in crate::tui) severity: Severity,
    pub(in crate::tui) code: &'static str,
    /// The router it belongs to, or the line.
    pub(in crate::tui) of: String,
    pub(in crate::tui) what: String,
}

/// A URL that was tried.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Tried {
    pub(in crate::tui) run: DryRun,
    /// The prefix that the what-ifs are about; empty for none.
    pub(in crate::tui) prefix: String,
    pub(in crate::tui) what_ifs: Vec<WhatIf>,
}

/// All of it.
#[derive(Debug)]
pub(in crate::tui) struct RoutesSeen {
    pub(in crate::tui) lines: Vec<RouteLine>,
    pub(in crate::tui) checks: Vec<Check>,
    /// The URL that is tried.
    pub(in crate::tui) url: String,
    /// What comes of it, or why it cannot be tried.
    pub(in crate::tui) tried: Result<Box<Tried>, String>,
    /// The prefix that the servers are asked about, and what each makes of it.
    pub(in crate::tui) servers: (String, Vec<ServerLine>),
    setup: Arc<Setup>,
    of: (usize, String),
    machine: Machine,
}

impl RoutesSeen {
    /// What is to be seen now; what was seen before is kept as far as it still holds.
    pub(in crate::tui) fn refreshed(before: Option<Self>, setup: &Arc<Setup>, routing: &Routing) -> Self {
        let of = (routing.cursor, routing.url.clone());
        let mut seen = match before {
            Some(seen) if Arc::ptr_eq(&seen.setup, setup) && seen.of == of => return seen,
            Some(seen) if Arc::ptr_eq(&seen.setup, setup) => seen,
            _ => Self::of_setup(Arc::clone(setup)),
        };
        seen.try_url(routing);
        seen.of = of;
        seen
    }

    fn of_setup(setup: Arc<Setup>) -> Self {
        let machine = Machine::new();
        let (lines, checks) = match &setup.gateway {
            Some(gateway) => {
                let pair = dry_run::pair(&setup, HERE, &machine);
                (routers(gateway, &pair), checks(gateway, &pair))
            }
            None => (learned(&setup), Vec::new()),
        };
        let tried = Err(String::new());
        Self {
            lines,
            checks,
            url: String::new(),
            tried,
            servers: (String::new(), Vec::new()),
            setup,
            of: (0, String::new()),
            machine,
        }
    }

    fn try_url(&mut self, routing: &Routing) {
        let prefix = self.lines.get(routing.cursor).and_then(|line| line.prefix.clone()).unwrap_or_default();
        self.url = self.url_of(routing, &prefix);
        self.tried = self.tried(&prefix);
        let about = match &self.tried {
            Ok(tried) if !tried.prefix.is_empty() => tried.prefix.clone(),
            _ if !prefix.is_empty() => prefix,
            _ => EXAMPLE.to_owned(),
        };
        if self.servers.0 != about {
            self.servers = (about.clone(), dry_run::servers(&self.setup, &about));
        }
    }

    /// The URL as it was typed, completed by an origin; without one the page that FastAPI has below the router's prefix.
    fn url_of(&self, routing: &Routing, prefix: &str) -> String {
        let typed = routing.url.trim();
        if typed.contains("://") {
            return typed.to_owned();
        }
        let path = if typed.is_empty() { format!("{prefix}/docs") } else { typed.to_owned() };
        let slash = if path.starts_with('/') { "" } else { "/" };
        format!("{}{slash}{path}", self.origin(routing.cursor))
    }

    /// Scheme, host and port of requests to a router.
    fn origin(&self, router: usize) -> String {
        let setup = &self.setup;
        if let Some(public) = &setup.public {
            let port = public.port.map(|port| format!(":{port}")).unwrap_or_default();
            return format!("{}://{}{port}", public.scheme, public.host);
        }
        let configured = setup.gateway.as_ref().filter(|gateway| gateway.proxy != Proxy::Flags);
        let known = configured.and_then(|_| dry_run::origin(setup, router, HERE, &self.machine));
        known.unwrap_or_else(|| {
            let tap = setup.taps.iter().find(|tap| tap.kind == TapKind::StandIn).or(setup.taps.first());
            tap.map_or_else(|| "http://localhost".to_owned(), |tap| format!("http://localhost:{}", tap.listen.port()))
        })
    }

    fn tried(&self, prefix: &str) -> Result<Box<Tried>, String> {
        let asked = request::from_url(&self.url, "GET", &[], false)?;
        let entrance = Entrance::of(self.setup.gateway.as_ref(), &asked)?;
        let start = Start { asked: &asked, entrance: &entrance, client: HERE.client, peer: HERE.peer };
        let mut setup = Setup::clone(&self.setup);
        let mut run = dry_run::run(&start, &mut setup, &self.machine);
        remedy::mend_run(&mut run, &setup);
        let known = run.lanes.original.prefix.clone();
        let prefix = if known.is_empty() { prefix.to_owned() } else { known };
        let what_ifs = dry_run::what_ifs(&run, &self.setup, &prefix);
        Ok(Box::new(Tried { run, prefix, what_ifs }))
    }
}

/// The prefix that the servers are asked about where there is none.
const EXAMPLE: &str = "/api/v1";

fn routers(gateway: &Gateway, pair: &Pair) -> Vec<RouteLine> {
    let line = |(index, router): (usize, &crate::gateway::Router)| {
        let more = router.upstreams.len().saturating_sub(1);
        let service = match router.upstreams.first() {
            None => "-".to_owned(),
            Some(first) if more == 0 => first.to_string(),
            Some(first) => format!("{first} +{more}"),
        };
        RouteLine {
            priority: router.priority,
            name: router.name.clone(),
            rule: router.rule.clone(),
            path: router.path.clone(),
            service,
            prefix: router.prefix.clone(),
            place: router.place.clone(),
            check: check(gateway, pair, index),
        }
    };
    gateway.routers.iter().enumerate().map(line).collect()
}

/// The worst that is wrong with a router.
fn check(gateway: &Gateway, pair: &Pair, index: usize) -> Option<Worst> {
    let concerns = pair.concerns.iter().filter(|concern| concern.router == Some(index));
    let concerns = concerns.map(|concern| (concern.finding.severity, concern.finding.code));
    let remarks = gateway.remarks.iter().filter(|remark| router_of(gateway, &remark.place) == Some(index));
    let worst =
        concerns.chain(remarks.map(|remark| (severity(remark.weight), remark.code.as_str()))).max_by_key(|one| one.0);
    let untried = pair.untried.iter().any(|untried| untried.router == index);
    if worst.is_none() && untried { None } else { Some(worst) }
}

const fn severity(weight: Weight) -> Severity {
    match weight {
        Weight::Note => Severity::Note,
        Weight::Warning => Severity::Warn,
        Weight::Error => Severity::Error,
    }
}

/// The router that a line belongs to: the last one that begins at or above it, in the same file.
fn router_of(gateway: &Gateway, place: &Place) -> Option<usize> {
    let begins = |place: &Option<Place>| place.clone();
    let above = gateway.routers.iter().enumerate().filter_map(|(index, router)| {
        let begin = begins(&router.place)?;
        (begin.file == place.file && begin.line <= place.line).then_some((begin.line, index))
    });
    above.max().map(|(_, index)| index)
}

fn checks(gateway: &Gateway, pair: &Pair) -> Vec<Check> {
    let name = |index: usize| gateway.routers.get(index).map_or_else(String::new, |router| router.name.clone());
    let concerns = pair.concerns.iter().map(|concern| Check {
        severity: concern.finding.severity,
        code: concern.finding.code,
        of: concern.router.map_or_else(String::new, name),
        what: concern.finding.title.to_owned(),
    });
    let remarks = gateway.remarks.iter().map(|remark| Check {
        severity: severity(remark.weight),
        code: remark.code.as_str(),
        of: remark.place.to_string(),
        what: pages::of(remark.code).title.to_owned(),
    });
    let mut all: Vec<Check> = concerns.chain(remarks).collect();
    all.sort_by_key(|check| std::cmp::Reverse(check.severity));
    all
}

/// The prefixes that traffic and flags told of, where the proxy itself is not known.
fn learned(setup: &Setup) -> Vec<RouteLine> {
    let prefixes = setup.prefixes.iter().filter(|prefix| !prefix.is_empty());
    let line = |prefix: &String| RouteLine {
        priority: None,
        name: prefix.clone(),
        rule: "learned from requests and flags".to_owned(),
        path: "?".to_owned(),
        service: "?".to_owned(),
        prefix: Some(prefix.clone()),
        place: None,
        check: None,
    };
    prefixes.map(line).collect()
}
