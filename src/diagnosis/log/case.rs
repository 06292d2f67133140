//! What a rule is shown of a log.
//!
//! This file exists so that what several rules ask (who scans, which prefixes go wrong, when errors climbed) is found out
//! once, and so that what the configuration says of a path is said alike.

use std::net::{Ipv4Addr, SocketAddr};

use super::climb::{self, Climb};
use super::context::LogContext;
use super::prefixes::{self, Missing};
use crate::access_log::Traffic;
use crate::access_log::traffic::{By, Fault, Order, Prefix, PrefixFault, Sign, Visitor};
use crate::diagnosis::fact::Ground;
use crate::diagnosis::rule::Parts;
use crate::diagnosis::shown;
use crate::diagnosis::wording::Proxy;
use crate::gateway::{Gateway, Place, Received, Unseen};
use crate::lanes::Source;
use crate::redirect::Url;

/// A log, and what is known of it.
#[derive(Debug)]
pub(super) struct LogCase<'a> {
    pub(super) traffic: &'a Traffic,
    pub(super) context: &'a LogContext<'a>,
    /// In whose words fixes are said.
    pub(super) proxy: Proxy,
    /// Lines in all.
    pub(super) lines: u64,
    /// Clients that look for holes, those with most lines first.
    pub(super) scanners: Vec<Sign<'a, Visitor>>,
    /// Of the clients with a private address the one with most lines.
    pub(super) private: Option<Sign<'a, Visitor>>,
    /// Of the clients that do not scan the one with most 4xx.
    pub(super) refused: Option<Sign<'a, Visitor>>,
    /// Prefixes that paths lack.
    pub(super) missing: Vec<Missing<'a>>,
    /// Prefixes that paths have twice.
    pub(super) doubled: Vec<Prefix<'a>>,
    /// The climb of 4xx, and that of 5xx.
    pub(super) climbs: [Option<Climb>; 2],
}

impl<'a> LogCase<'a> {
    pub(super) fn of(traffic: &'a Traffic, context: &'a LogContext<'a>) -> Self {
        let named = context.proxy.or_else(|| context.gateway.map(|gateway| gateway.proxy));
        let mut case = Self {
            traffic,
            context,
            proxy: named.map_or(Proxy::Unknown, |proxy| Proxy::named(proxy.word())),
            lines: traffic.lines(),
            scanners: Vec::new(),
            private: None,
            refused: None,
            missing: Vec::new(),
            doubled: Vec::new(),
            climbs: [climb::of(traffic, 4), climb::of(traffic, 5)],
        };
        case.look_at_clients();
        for prefix in traffic.prefixes() {
            match prefix.fault {
                PrefixFault::Missing => case.missing.extend(prefixes::missing(&case, prefix)),
                PrefixFault::Doubled if prefixes::is_doubled(&case, &prefix) => case.doubled.push(prefix),
                PrefixFault::Doubled => {}
            }
        }
        case
    }

    fn look_at_clients(&mut self) {
        let refused = |sign: &Sign<'_, Visitor>| sign.classes.get(4).copied().unwrap_or(0);
        for client in self.traffic.visitors() {
            if client.scans() {
                self.scanners.push(client);
            } else if self.refused.as_ref().is_none_or(|most| refused(&client) > refused(most)) {
                self.refused = Some(client);
            }
            if client.facts.is_private && self.private.is_none_or(|most| client.count > most.count) {
                self.private = Some(client);
            }
        }
        self.scanners.sort_by_key(|client| (std::cmp::Reverse(client.count), client.key));
    }

    /// True if the user or the configuration names this prefix.
    pub(super) fn is_given(&self, prefix: &[u8]) -> bool {
        let by_user = self.context.prefixes.iter().map(|given| given.trim_end_matches('/'));
        let configured = self.context.gateway.into_iter().flat_map(Gateway::public_prefixes);
        by_user.chain(configured).any(|given| given.as_bytes() == prefix)
    }

    /// 404s and the like of one status that are neither a scanner's nor a crawler's.
    pub(super) fn faults_of(&self, statuses: &'static [u16]) -> impl Iterator<Item = Sign<'a, Fault>> + use<'a> {
        self.traffic.faults().filter(move |fault| statuses.contains(&fault.facts.status) && real(fault) > 0)
    }

    /// With what the configuration says of a path: which route takes it, and where that is written.
    pub(super) fn route_known(&self, parts: Parts, path: &[u8]) -> Parts {
        let Some((what, place)) = self.taken_by(path) else { return parts };
        parts.known(Source::Rule, Ground::Proxy, place, format!("{what} takes {}", shown::bytes(path)))
    }

    /// With the exchange of a live tap that shows the same, if there is one.
    pub(super) fn exchange_known(&self, parts: Parts, path: &[u8], status: u16) -> Parts {
        let found = self.context.exchange.and_then(|find| find(path, status));
        match found {
            Some(exchange) => parts.fact_of(exchange, Source::Seen, "the same request was seen by a tap"),
            None => parts,
        }
    }

    /// The route of the configuration that takes a path; `None` if it rests on what is not understood.
    fn taken_by(&self, path: &[u8]) -> Option<(String, Option<Place>)> {
        let gateway = self.context.gateway?;
        let path = std::str::from_utf8(path).ok().filter(|path| path.bytes().all(|byte| byte.is_ascii_graphic()))?;
        let hosts = self.traffic.top(By::Host, Order::Count, 1);
        let host = hosts.first().and_then(|row| std::str::from_utf8(&row.key).ok()).unwrap_or("localhost");
        let host = if host.bytes().all(|byte| byte.is_ascii_graphic()) { host } else { "localhost" };
        let head = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let router = gateway.listeners.iter().find_map(|door| {
            let plan = gateway.plan(&Received::at(Some(door), head.as_bytes(), Some(b""), (here, here)), &Unseen);
            // What lies on the disk is not known here, and does not change who looks.
            gateway.router(&plan).filter(|router| plan.unknown.is_empty() || router.upstreams.is_empty())
        })?;
        let rule = if router.rule.is_empty() { &router.name } else { &router.rule };
        Some((shown::text(rule), router.place.clone()))
    }
}

/// Lines that are neither a scanner's nor a crawler's.
pub(super) fn real(fault: &Sign<'_, Fault>) -> u64 {
    fault.count.saturating_sub(fault.error).saturating_sub(fault.facts.scanned + fault.facts.crawled)
}

/// The path of a page that a `Referer` names.
pub(super) fn page(referer: &[u8]) -> Option<Vec<u8>> {
    Url::absolute(referer).map(|url| url.path)
}
