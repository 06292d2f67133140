//! What many lines come to, in bounded memory.
//!
//! This module exists because a log has more lines than anybody reads: who asked, for what, how it ended, how long it took,
//! and when that changed. Every table here has a bound; where one is full, counts carry the error they may have.
//!
//! A line costs a few hashes and as many places in memory: what its path and its user agent are is found out when they are
//! seen first, and kept with their counts.

mod distinct;
mod keys;
mod reading;
mod rows;
mod series;
pub mod signs;
mod table;
mod tally;
mod times;
mod upstreams;

use std::borrow::Cow;

pub use rows::{Bucket, By, Order, Row, Times};
pub use series::bucket_width;
pub use signs::{
    Fault, Few, Garbage, GarbageKind, Prefix, PrefixFault, PrefixRoute, Redirect, Sign, Spread, Through, Visitor,
};
pub use upstreams::Upstream;

use distinct::Distinct;
use keys::{Address, Keys};
use series::Series;
use signs::{AtHand, Garbages};
use table::{Table, kept};
use tally::{Hit, Tally};
use times::Histogram;
use upstreams::{Attempts, Upstreams};

use super::agents::AgentClass;
use super::record::Record;
use super::routes;
use super::sought::Sought;

/// Counts by class of status: what the log has no status for, then 1xx to 5xx.
pub type Classes = [u64; 6];

/// Routes that have histograms of their own: the first ones that came with a time.
const TIMED_ROUTES: usize = 1024;

/// What the lines so far come to.
#[derive(Clone, Debug)]
pub struct Traffic {
    keys: Keys,
    all: Tally,
    statuses: Vec<Tally>,
    agent_classes: [Tally; AgentClass::ALL.len()],
    series: Series,
    times: Histogram,
    upstream_times: Histogram,
    timed_routes: usize,
    paths: Table<(), PathFacts>,
    routes: Table<RouteFacts, RouteTimes>,
    clients: Table<Visitor, AtHand>,
    addresses: Distinct,
    methods: Table<()>,
    hosts: Table<()>,
    referers: Table<()>,
    agents: Table<(), AgentClass>,
    upstreams: Upstreams,
    forwarded: u64,
    faults: Table<Fault>,
    redirects: Table<Redirect>,
    sought: Table<Asked>,
    through: Table<Through>,
    garbage: Garbages,
    /// Where a route is written.
    scratch: Vec<u8>,
}

/// What is known of a path since it was seen first.
#[derive(Clone, Copy, Debug)]
struct PathFacts {
    /// Its route's number and place.
    route_hash: u64,
    route: u32,
    sought: Option<Sought>,
}

/// How long the requests of a route took, and their upstreams.
type RouteTimes = Option<Box<(Histogram, Histogram)>>;

/// What is known of a route.
#[derive(Clone, Debug, Default)]
pub struct RouteFacts {
    /// Requests that switched to another protocol (101): websockets.
    pub switched: u64,
    /// Requests that one upstream failed and another answered 2xx or 3xx.
    pub hidden_retries: u64,
    /// Some lines of these.
    pub retried_lines: Few,
}

/// What is known of a path that scanners seek.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// What it is after.
    pub sought: Option<Sought>,
    /// How many clients, about.
    pub clients: Spread,
    /// Some lines.
    pub lines: Few,
}

/// A line on its way through the tables.
#[derive(Debug)]
struct Line<'a> {
    record: &'a Record<'a>,
    /// As it was written.
    raw: &'a [u8],
    hit: Hit,
    /// The path, no longer escaped; empty if the request is none.
    path: &'a [u8],
    path_hash: u64,
    /// A number of the client, the same in each process.
    client_mark: u64,
    /// What its user agent names.
    agent: AgentClass,
}

/// Where a path is.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// The number of its route.
    route_hash: u64,
    route: usize,
    sought: Option<Sought>,
    is_new: bool,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            keys: Keys::default(),
            all: Tally::default(),
            statuses: Vec::new(),
            agent_classes: <[Tally; AgentClass::ALL.len()]>::default(),
            series: Series::default(),
            times: Histogram::default(),
            upstream_times: Histogram::default(),
            timed_routes: 0,
            paths: Table::bounded(u16::MAX),
            routes: Table::bounded(16 << 10),
            clients: Table::bounded(32 << 10),
            addresses: Distinct::default(),
            methods: Table::bounded(64),
            hosts: Table::bounded(1 << 10),
            referers: Table::bounded(4 << 10),
            agents: Table::bounded(8 << 10),
            upstreams: Upstreams::bounded(512),
            forwarded: 0,
            faults: Table::bounded(1 << 10),
            redirects: Table::bounded(512),
            sought: Table::bounded(512),
            through: Table::bounded(256),
            garbage: Garbages::default(),
            scratch: Vec::new(),
        }
    }
}

impl Traffic {
    /// Takes one record in; `raw` is its line as it was written, of which some are kept as evidence.
    pub fn absorb(&mut self, record: &Record<'_>, raw: &[u8]) {
        let hit = Hit::of(record);
        let path = decoded(record, record.request.path());
        let path_hash = self.keys.of(&path);
        let mut line = Line { record, raw, hit, path: &path, path_hash, client_mark: 0, agent: AgentClass::Empty };
        // First what is far away in memory, so that the one is fetched while the other is waited for.
        let client = self.count_client(record, &hit);
        let place = self.count_path(&line);
        self.count_in_all(record, &hit);
        let attempts = self.upstreams.absorb(&line, &self.keys);
        self.count_times(record, place, attempts, raw);
        self.count_names(record, &hit);
        let agent = self.count_agent(record, &hit);
        let Some((visitor, at_hand)) = self.clients.both_mut(client) else { return };
        if at_hand.saw(agent, record.referer.is_some() || record.user.is_some()) {
            visitor.note(at_hand);
        }
        let garbage = signs::GarbageKind::of(&line);
        let sought = place.sought.or_else(|| Sought::in_query(record.request.query()?));
        // Most lines show nothing: a request like others, by a client like others, with a success.
        let failed = hit.class != 2 && record.status != 304;
        let watched = at_hand.is_redirected() || place.is_new && at_hand.scans;
        if failed || watched || sought.is_some() || garbage.is_some() {
            line.client_mark = keys::mark(record.client);
            line.agent = agent;
            self.look_closer(&line, client, &place, sought, garbage);
        }
    }

    fn count_in_all(&mut self, record: &Record<'_>, hit: &Hit) {
        self.all.add(hit);
        self.series.add(hit, record.duration);
        let status = usize::from(record.status.min(999));
        if self.statuses.len() <= status {
            self.statuses.resize(status + 1, Tally::default());
        }
        if let Some(tally) = self.statuses.get_mut(status) {
            tally.add(hit);
        }
        self.forwarded += u64::from(record.forwarded_for.is_some());
    }

    fn count_client(&mut self, record: &Record<'_>, hit: &Hit) -> usize {
        let address = Address::of(record.client);
        let new = || (address.shown(), Visitor::at(address.is_private()), AtHand::default());
        let (slot, is_new) = self.clients.enter(self.keys.of_address(address), new);
        if is_new {
            self.addresses.add(keys::mark(&address.shown()));
        }
        self.clients.count(slot, hit);
        slot
    }

    fn count_path(&mut self, line: &Line<'_>) -> Place {
        if line.path.is_empty() {
            return Place { route: usize::MAX, ..Place::default() };
        }
        let unknown = || PathFacts { sought: Sought::by(line.path), route: u32::MAX, route_hash: 0 };
        let (slot, is_new) = self.paths.enter(line.path_hash, || (kept(line.path), (), unknown()));
        let Some(facts) = self.paths.count(slot, &line.hit) else { return Place::default() };
        if !self.routes.is(facts.route as usize, facts.route_hash) {
            self.scratch.clear();
            routes::template(line.path, &mut self.scratch);
            facts.route_hash = self.keys.of(&self.scratch);
            let new = || (kept(&self.scratch), RouteFacts::default(), None);
            facts.route = u32::try_from(self.routes.enter(facts.route_hash, new).0).unwrap_or(u32::MAX);
        }
        let route = facts.route as usize;
        self.routes.count(route, &line.hit);
        Place { route_hash: facts.route_hash, route, sought: facts.sought, is_new }
    }

    fn count_times(&mut self, record: &Record<'_>, place: Place, attempts: Attempts, raw: &[u8]) {
        if let Some(took) = record.duration {
            self.times.add(took);
        }
        if let Some(took) = attempts.took {
            self.upstream_times.add(took);
        }
        if attempts.hidden || record.status == 101 {
            let Some(route) = self.routes.facts_mut(place.route) else { return };
            route.switched += u64::from(record.status == 101);
            route.hidden_retries += u64::from(attempts.hidden);
            if attempts.hidden {
                route.retried_lines.add_line(raw);
            }
        }
        if record.duration.is_none() && attempts.took.is_none() {
            return;
        }
        let Some(times) = self.routes.hot_mut(place.route) else { return };
        if times.is_none() && self.timed_routes < TIMED_ROUTES {
            self.timed_routes += 1;
            *times = Some(Box::default());
        }
        let Some((times, upstream)) = times.as_deref_mut() else { return };
        if let Some(took) = record.duration {
            times.add(took);
        }
        if let Some(took) = attempts.took {
            upstream.add(took);
        }
    }

    fn count_names(&mut self, record: &Record<'_>, hit: &Hit) {
        let count = |table: &mut Table<()>, name: &[u8]| {
            let (slot, _) = table.enter(self.keys.of(name), || (kept(&decoded(record, name)), (), ()));
            table.count(slot, hit);
        };
        if !record.request.method.is_empty() {
            count(&mut self.methods, record.request.method);
        }
        if let Some(host) = record.host {
            count(&mut self.hosts, host);
        }
        if let Some(referer) = record.referer {
            let end = memchr::memchr2(b'?', b'#', referer).unwrap_or(referer.len());
            count(&mut self.referers, referer.get(..end).unwrap_or(referer));
        }
    }

    fn count_agent(&mut self, record: &Record<'_>, hit: &Hit) -> AgentClass {
        let agent = record.agent.unwrap_or_default();
        let new = || (kept(&decoded(record, agent)), (), AgentClass::of(agent));
        let (slot, _) = self.agents.enter(self.keys.of(agent), new);
        let class = self.agents.count(slot, hit).map_or(AgentClass::Other, |class| *class);
        if let Some(tally) = self.agent_classes.get_mut(class as usize) {
            tally.add(hit);
        }
        class
    }

    /// Takes the signs from a line that may show some.
    fn look_closer(
        &mut self,
        line: &Line<'_>,
        client: usize,
        place: &Place,
        sought: Option<Sought>,
        garbage: Option<GarbageKind>,
    ) {
        let Some((visitor, at_hand)) = self.clients.both_mut(client) else { return };
        // What is known of a client lies far away: only what needs it goes there.
        if let Some(kind) = garbage {
            visitor.garbage += 1;
            self.garbage.absorb(kind, line);
        }
        if let Some(sought) = sought {
            visitor.seeks(sought, line.path);
            visitor.note(at_hand);
            let new = || (kept(line.path), Asked { sought: Some(sought), ..Asked::default() }, ());
            let (slot, _) = self.sought.enter(line.path_hash, new);
            self.sought.count(slot, &line.hit);
            if let Some(asked) = self.sought.facts_mut(slot) {
                asked.clients.add(line.client_mark);
                asked.lines.add_line(line.raw);
            }
        }
        let status = line.record.status;
        if status == 404 && at_hand.misses(keys::mark(line.path)) {
            visitor.note(at_hand);
        }
        let scans = at_hand.scans;
        // A path is new only as long as none was forgotten.
        let unheard = scans && place.is_new && !self.paths.is_approximate();
        let given = place.sought.is_some() || sought.is_none() && unheard;
        if matches!(status, 200 | 206) && line.hit.bytes > 0 && given && !line.path.is_empty() {
            let (slot, _) = self.through.enter(line.path_hash, || (kept(line.path), Through::default(), ()));
            self.through.count(slot, &line.hit);
            if let Some(through) = self.through.facts_mut(slot) {
                through.absorb(line, sought);
            }
        }
        if line.hit.class == 5 || line.hit.class == 4 && sought.is_none() && !line.path.is_empty() {
            self.count_fault(line, place, scans);
        }
        if let Some(client) = self.clients.both_mut(client) {
            signs::hop(&mut self.redirects, client, line, &self.keys);
        }
    }

    fn count_fault(&mut self, line: &Line<'_>, place: &Place, scans: bool) {
        let route = self.routes.get(place.route).map_or(&b""[..], |route| route.key());
        let hash = self.keys.of_fault(place.route_hash, line.record.status);
        let (slot, _) = self.faults.enter(hash, || (route.into(), Fault::default(), ()));
        self.faults.count(slot, &line.hit);
        if let Some(fault) = self.faults.facts_mut(slot) {
            fault.absorb(line, scans);
        }
    }
}

/// The name under which a client is counted: its address, of IPv6 the /64.
pub fn client_key(client: &[u8]) -> Box<[u8]> {
    Address::of(client).shown()
}

/// The bytes that a text of the line stands for.
fn decoded<'a>(record: &Record<'_>, text: &'a [u8]) -> Cow<'a, [u8]> {
    if memchr::memchr(b'\\', text).is_none() { Cow::Borrowed(text) } else { record.escape.decode(text) }
}

#[cfg(test)]
mod tests;
