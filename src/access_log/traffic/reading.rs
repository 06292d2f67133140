//! What can be asked of traffic: totals, tops and series for who looks at it, signs for rules.

use super::keys::Address;
use super::rows::{Timing, top_exact};
use super::tally::Tally;
use super::{
    Asked, Bucket, By, Classes, Fault, Garbage, Order, Prefix, Redirect, RouteFacts, Row, Sign, Through, Times,
    Traffic, Upstream, Visitor, signs,
};
use crate::access_log::agents::AgentClass;

impl Traffic {
    /// Lines in all.
    pub fn lines(&self) -> u64 {
        self.all.lines()
    }

    /// Bytes sent in all.
    pub const fn bytes(&self) -> u64 {
        self.all.bytes
    }

    /// By class of status.
    pub const fn classes(&self) -> Classes {
        self.all.classes
    }

    /// The time of the first and the last line, by the clock of the log, milliseconds since 1970.
    pub const fn span(&self) -> Option<(i64, i64)> {
        self.all.seen()
    }

    /// The first `count` rows in this order.
    pub fn top(&self, by: By, order: Order, count: usize) -> Vec<Row> {
        match by {
            By::Path => self.paths.top(order, count, |_| Timing::default()),
            By::Route => self.top_routes(order, count),
            By::Client => self.clients.top(order, count, |_| Timing::default()),
            By::Method => self.methods.top(order, count, |_| Timing::default()),
            By::Host => self.hosts.top(order, count, |_| Timing::default()),
            By::Referer => self.referers.top(order, count, |_| Timing::default()),
            By::Agent => self.agents.top(order, count, |_| Timing::default()),
            By::AgentClass => {
                let classes = AgentClass::ALL.iter().map(|class| class.word().as_bytes()).zip(&self.agent_classes);
                top_exact(classes, order, count)
            }
            By::Upstream => self.upstreams.top(order, count),
            By::Status => {
                let names: Vec<String> = (0..self.statuses.len()).map(|status| format!("{status:03}")).collect();
                top_exact(names.iter().map(String::as_bytes).zip(&self.statuses), order, count)
            }
        }
    }

    fn top_routes(&self, order: Order, count: usize) -> Vec<Row> {
        self.routes.top(order, count, |route| {
            let times = route.hot().as_deref();
            Timing { own: times.map(|(own, _)| own), upstream: times.map(|(_, upstream)| upstream) }
        })
    }

    /// Buckets of `width` milliseconds (a multiple of 1000) that cover `from..until`, oldest first; empty ones included. Where
    /// the seconds are no longer kept, a bucket of less than a minute has all of its minute or nothing, and so on.
    pub fn series(&self, from: i64, until: i64, width: i64) -> Vec<Bucket> {
        self.series.buckets(from, until, width)
    }

    /// How many clients there were, IPv6 by /64; above some ten thousand an estimate (`HyperLogLog`, ±1 %).
    pub fn clients(&self) -> u64 {
        if self.clients.is_approximate() { self.addresses.estimate() } else { self.clients.len() as u64 }
    }

    /// How long all of them took.
    pub fn times(&self) -> Option<Times> {
        self.times.times()
    }

    /// How long the upstreams took, all that were asked for one request together.
    pub fn upstream_times(&self) -> Option<Times> {
        self.upstream_times.times()
    }
}

/// What rules read.
impl Traffic {
    /// Lines that came with `X-Forwarded-For`.
    pub const fn forwarded(&self) -> u64 {
        self.forwarded
    }

    /// True if the log says which requests went to an upstream: then an answer without upstream is the proxy's own.
    pub const fn tells_upstream(&self) -> bool {
        self.upstreams.lines > 0
    }

    /// Lines of this status.
    pub fn status(&self, status: u16) -> u64 {
        self.statuses.get(usize::from(status)).map_or(0, Tally::lines)
    }

    /// 4xx and 5xx by route and status. The key is the route; it is empty for a request that has none.
    pub fn faults(&self) -> impl Iterator<Item = Sign<'_, Fault>> {
        self.faults.signs()
    }

    /// This status on this route.
    pub fn fault(&self, route: &[u8], status: u16) -> Option<Sign<'_, Fault>> {
        self.faults.sign(self.keys.of_fault(self.keys.of(route), status))
    }

    /// Redirects by path.
    pub fn redirects(&self) -> impl Iterator<Item = Sign<'_, Redirect>> {
        self.redirects.signs()
    }

    /// Paths that should not exist, and were answered 2xx with a body.
    pub fn through(&self) -> impl Iterator<Item = Sign<'_, Through>> {
        self.through.signs()
    }

    /// Paths that scanners seek, whoever asked.
    pub fn sought(&self) -> impl Iterator<Item = Sign<'_, Asked>> {
        self.sought.signs()
    }

    /// Clients; the key is the address, of IPv6 the /64.
    pub fn visitors(&self) -> impl Iterator<Item = Sign<'_, Visitor>> {
        self.clients.signs()
    }

    /// The client of this address, as written in the log or in a row.
    pub fn visitor(&self, address: &[u8]) -> Option<Sign<'_, Visitor>> {
        let address = address.strip_suffix(b"/64").unwrap_or(address);
        self.clients.sign(self.keys.of_address(Address::of(address)))
    }

    /// Routes.
    pub fn routes(&self) -> impl Iterator<Item = Sign<'_, RouteFacts>> {
        self.routes.signs()
    }

    /// The route with this template.
    pub fn route(&self, template: &[u8]) -> Option<Sign<'_, RouteFacts>> {
        self.routes.sign(self.keys.of(template))
    }

    /// How long the requests of a route took, and its upstreams; `None` where the log does not say.
    pub fn route_times(&self, template: &[u8]) -> (Option<Times>, Option<Times>) {
        let route = self.routes.find(self.keys.of(template)).and_then(|at| self.routes.get(at));
        let Some((own, upstream)) = route.and_then(|route| route.hot().as_deref()) else { return (None, None) };
        (own.times(), upstream.times())
    }

    /// Upstreams by address.
    pub fn upstreams(&self) -> impl Iterator<Item = Sign<'_, Upstream>> {
        self.upstreams.table.signs()
    }

    /// Requests that are none, by kind.
    pub fn garbage(&self) -> impl Iterator<Item = Garbage<'_>> {
        self.garbage.iter()
    }

    /// Prefixes that 404s show to be missing or doubled, most lines first. It looks through all routes.
    pub fn prefixes(&self) -> Vec<Prefix<'_>> {
        signs::prefixes(&self.routes, &self.faults, &self.keys)
    }
}
