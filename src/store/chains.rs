//! Chains of redirects, kept beside the exchanges: bounded by count and by bytes, oldest let go first, every loss counted.
//!
//! What happens again just so is one chain, and counted: a client that asks without the last slash all day is one line.
//!
//! Nearly all traffic is no redirect and follows none. Such a request costs a look into an empty table, or a hash of its
//! path where some client is on its way.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hash as _, Hasher as _, RandomState};
use std::sync::Arc;

use percent_encoding::percent_decode;

use crate::exchange::{Exchange, ExchangeId, Half, Pairing, Target};
use crate::lanes::{self, Lanes, Setup};
use crate::redirect::{Chain, Client, End, Step, Url};

/// Chains kept at once.
const CHAINS: usize = 256;
/// Bytes held by them at most: URLs are written by strangers.
const BYTES: usize = 4 << 20;

/// Headers that tell clients behind one address apart.
const MARKS: [&str; 3] = ["user-agent", "x-forwarded-for", "forwarded"];

/// The chains.
#[derive(Debug, Default)]
pub struct Chains {
    /// Numbers rise from front to back.
    kept: VecDeque<Arc<Chain>>,
    /// The chains whose client is expected to ask for a path and query of this hash.
    awaited: HashMap<u64, Vec<u64>>,
    /// The chain that an exchange is in.
    of: HashMap<ExchangeId, u64>,
    /// The chain of this shape.
    shapes: HashMap<u64, u64>,
    /// The shape of a chain, by its number.
    shape_of: HashMap<u64, u64>,
    hashing: RandomState,
    begun: u64,
    held: usize,
    let_go: u64,
}

impl Chains {
    /// The chains, in the order in which they were first seen.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Arc<Chain>> + ExactSizeIterator {
        self.kept.iter()
    }

    /// How many were let go to keep the bounds.
    pub fn let_go(&self) -> u64 {
        self.let_go
    }

    /// True if this exchange may be a step of a chain that is here: asked before its lanes are computed.
    pub(super) fn may_go_on(&self, exchange: &Exchange) -> bool {
        if self.of.contains_key(&exchange.id) {
            return true;
        }
        let awaited = |half: &Half| self.awaited.contains_key(&self.hash_of(half));
        !self.awaited.is_empty() && exchange.outer().is_some_and(awaited)
    }

    /// Takes in an exchange that has ended.
    pub(super) fn observe(&mut self, exchange: &Exchange, lanes: &Lanes, setup: &Setup) {
        let Some(step) = step(exchange, lanes, setup, &self.hashing) else { return };
        let known = self.of.get(&exchange.id).copied();
        if let Some(number) = self.waiting_for(&step).filter(|&number| Some(number) != known) {
            // Half of it was seen first and taken for a beginning.
            let alone = known.and_then(|known| self.get(known)).is_some_and(|chain| chain.requests() == 1);
            if known.is_none() || alone {
                if let Some(known) = known {
                    self.remove(known);
                }
                let id = exchange.id;
                self.change(number, |chains, chain| {
                    if let Some(left_out) = chain.add(step) {
                        chains.of.remove(&left_out);
                    }
                    chains.of.insert(id, number);
                });
                return;
            }
        }
        if let Some(number) = known {
            self.change(number, |_, chain| {
                chain.replace(step);
            });
        } else if step.is_redirect() {
            self.begin(step);
        }
    }

    /// Lets every chain go.
    pub(super) fn clear(&mut self) {
        *self = Self { begun: self.begun, ..Self::default() };
    }

    fn begin(&mut self, step: Step) {
        self.begun += 1;
        self.of.insert(step.exchange, self.begun);
        self.put(self.kept.len(), Chain::begin(self.begun, step));
        while self.kept.len() > CHAINS || (self.held > BYTES && self.kept.len() > 1) {
            let Some(oldest) = self.kept.front().map(|chain| chain.number) else { break };
            self.remove(oldest);
            self.let_go += 1;
        }
    }

    /// Puts a chain in its place; or in the place of one that is just like it, which then happened once more.
    fn put(&mut self, index: usize, mut chain: Chain) {
        let shape = self.shape(&chain);
        let same = self.shapes.get(&shape).copied().and_then(|number| Some((self.index(number)?, number)));
        let Some((place, number)) = same else {
            self.shapes.insert(shape, chain.number);
            self.shape_of.insert(chain.number, shape);
            self.held += chain.held();
            self.expect(&chain);
            self.kept.insert(index, Arc::new(chain));
            return;
        };
        if self.begun == chain.number {
            self.begun -= 1;
        }
        chain.times += self.take(place).map_or(0, |before| before.times);
        chain.number = number;
        for hop in chain.hops() {
            self.of.insert(hop.exchange, number);
        }
        self.put(place, chain);
    }

    /// Changes a chain, and what is expected of its client with it.
    fn change(&mut self, number: u64, change: impl FnOnce(&mut Self, &mut Chain)) {
        let Some(index) = self.index(number) else { return };
        let Some(mut chain) = self.take(index) else { return };
        for hop in chain.hops() {
            self.of.insert(hop.exchange, number);
        }
        change(self, Arc::make_mut(&mut chain));
        self.put(index, Arc::unwrap_or_clone(chain));
    }

    fn remove(&mut self, number: u64) {
        if let Some(index) = self.index(number) {
            self.take(index);
        }
    }

    /// Takes a chain out, with all that leads to it.
    fn take(&mut self, index: usize) -> Option<Arc<Chain>> {
        let chain = self.kept.remove(index)?;
        self.expect_no_more(&chain);
        self.held -= chain.held();
        for hop in chain.hops() {
            self.of.remove(&hop.exchange);
        }
        if let Some(shape) = self.shape_of.remove(&chain.number) {
            self.shapes.remove(&shape);
        }
        Some(chain)
    }

    /// What makes chains alike, as one number: the same requests with the same answers; of circles where they begin, and
    /// how long they are. One that may still go on is only like another of the same client.
    fn shape(&self, chain: &Chain) -> u64 {
        let mut hasher = self.hashing.build_hasher();
        let end = chain.end();
        if let End::Circle(length) = end {
            length.hash(&mut hasher);
            chain.hops().first().map(|hop| (&hop.method, parts(&hop.url))).hash(&mut hasher);
            return hasher.finish();
        }
        if matches!(end, End::NotSeen(_)) {
            (chain.client.address, chain.client.marks).hash(&mut hasher);
        }
        for hop in chain.hops() {
            (&hop.method, parts(&hop.url), hop.status).hash(&mut hasher);
            hop.sent.as_ref().map(|sent| parts(&sent.target)).hash(&mut hasher);
        }
        hasher.finish()
    }

    /// The newest chain whose next step this is.
    fn waiting_for(&self, step: &Step) -> Option<u64> {
        let numbers = self.awaited.get(&self.hash(&step.url.path, step.url.query.as_deref()))?;
        numbers.iter().rev().copied().find(|&number| self.get(number).is_some_and(|chain| chain.awaits(step)))
    }

    fn index(&self, number: u64) -> Option<usize> {
        self.kept.binary_search_by_key(&number, |chain| chain.number).ok()
    }

    fn get(&self, number: u64) -> Option<&Arc<Chain>> {
        self.kept.get(self.index(number)?)
    }

    fn expect(&mut self, chain: &Chain) {
        for hash in self.awaited_by(chain) {
            self.awaited.entry(hash).or_default().push(chain.number);
        }
    }

    fn expect_no_more(&mut self, chain: &Chain) {
        for hash in self.awaited_by(chain) {
            let Some(numbers) = self.awaited.get_mut(&hash) else { continue };
            numbers.retain(|number| *number != chain.number);
            if numbers.is_empty() {
                self.awaited.remove(&hash);
            }
        }
    }

    /// The hashes of what its client is expected to ask for: as it was sent there, and as it arrives behind a proxy that
    /// strips the prefix.
    fn awaited_by(&self, chain: &Chain) -> Vec<u64> {
        let Some((Url { path, query, .. }, last)) = chain.awaited().zip(chain.hops().last()) else { return Vec::new() };
        let mut hashes = vec![self.hash(path, query.as_deref())];
        let stripped = path.strip_prefix(last.prefix.as_bytes()).filter(|_| !last.prefix.is_empty());
        if let Some(rest) = stripped.filter(|rest| rest.is_empty() || rest.starts_with(b"/")) {
            hashes.push(self.hash(if rest.is_empty() { b"/" } else { rest }, query.as_deref()));
        }
        hashes
    }

    fn hash_of(&self, half: &Half) -> u64 {
        let target = Target::new(half.request.target());
        let path = target.path();
        self.hash(if path.is_empty() { b"/" } else { path }, target.query())
    }

    /// A path and query as one number, whatever is percent-encoded in it.
    fn hash(&self, path: &[u8], query: Option<&[u8]>) -> u64 {
        let mut hasher = self.hashing.build_hasher();
        for part in [path, query.unwrap_or_default()] {
            percent_decode(part).for_each(|byte| hasher.write_u8(byte));
            hasher.write_usize(usize::MAX);
        }
        hasher.finish()
    }
}

/// All that makes a URL.
fn parts(url: &Url) -> (&str, &str, Option<u16>, &[u8], Option<&[u8]>) {
    (&url.scheme, &url.host, url.port, &url.path, url.query.as_deref())
}

/// What chains need to know of an exchange.
fn step(exchange: &Exchange, lanes: &Lanes, setup: &Setup, hashing: &RandomState) -> Option<Step> {
    let half = exchange.outer()?;
    // hopscope as the proxy has no other proxy behind it.
    let is_tapped = exchange.pairing != Pairing::StandIn;
    let mut marks = hashing.build_hasher();
    for name in MARKS {
        half.request.get(name).hash(&mut marks);
    }
    Some(Step {
        exchange: exchange.id,
        client: Client { address: half.peer.ip(), marks: marks.finish() },
        at: half.times.started,
        method: half.request.method().to_vec(),
        url: lanes.asked(setup),
        prefix: lanes.prefix().to_owned(),
        internal: lanes::behind(exchange),
        proxy_port: exchange
            .edge
            .as_deref()
            .filter(|_| is_tapped)
            .and_then(|half| half.upstream)
            .map(|(to, _)| to.port()),
        status: lanes.answer.status,
        location: lanes.answer.location.clone(),
        location_at_app: lanes.answer.location_at_app.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asgi::server::Server;
    use crate::exchange::{Sample, Side};
    use crate::redirect::End;

    /// A request at the edge, `n` milliseconds into the run, and what came back.
    fn exchange(n: u64, target: &str, answer: &str) -> Exchange {
        let head = format!("GET {target} HTTP/1.1\nHost: h.example\nUser-Agent: curl\n");
        let sample = Sample::new(Side::Edge, &head).unwrap().response(&format!("HTTP/1.1 {answer}"), b"").unwrap();
        sample.with(|half| half.times.started = n * 1000).alone(n)
    }

    /// Observes these as the store does: what may be no step is not looked at.
    fn observed(exchanges: &[Exchange]) -> Chains {
        let setup = Setup::new(Server::uvicorn());
        let mut chains = Chains::default();
        for exchange in exchanges {
            let lanes = lanes::compute(exchange, &setup);
            if chains.may_go_on(exchange) || lanes.answer.location.is_some() {
                chains.observe(exchange, &lanes, &setup);
            }
        }
        chains
    }

    fn lengths(chains: &Chains) -> Vec<(usize, bool)> {
        chains.all().map(|chain| (chain.requests(), matches!(chain.end(), End::Answer(_)))).collect()
    }

    #[test]
    fn requests_are_strung_together() {
        let chains = observed(&[
            exchange(1, "/a", "307 R\nLocation: /a/"),
            exchange(2, "/other", "200 OK"),
            exchange(3, "/b", "307 R\nLocation: /b/"),
            exchange(4, "/a/", "200 OK"),
            exchange(5, "/a/", "200 OK"),
        ]);
        assert_eq!(lengths(&chains), [(2, true), (1, false)]);
        assert!(chains.may_go_on(&exchange(6, "/b/", "200 OK")) && !chains.may_go_on(&exchange(6, "/a/", "200 OK")));
    }

    #[test]
    fn what_happens_again_is_one_chain() {
        let once = |n: u64| {
            [
                exchange(10 * n, "/a", "307 R\nLocation: /a/"),
                exchange(10 * n + 1, "/a/", "200 OK"),
                exchange(10 * n + 2, "/b", "307 R\nLocation: /b/"),
            ]
        };
        let mut all: Vec<_> = (1..=1000).flat_map(once).collect();
        all.push(exchange(20_000, "/a", "307 R\nLocation: /a/"));
        all.push(exchange(20_001, "/a/", "404 Not Found"));
        let chains = observed(&all);
        let seen: Vec<_> = chains.all().map(|chain| (chain.number, chain.requests(), chain.times)).collect();
        assert_eq!(seen, [(1, 2, 1000), (2, 1, 1000), (3, 2, 1)]);
        let newest = chains.all().next().unwrap().hops()[0].exchange;
        assert_eq!(newest, ExchangeId(10_000), "the newest is the example");
        assert_eq!((chains.of.len(), chains.shapes.len(), chains.shape_of.len()), (5, 3, 3));
    }

    #[test]
    fn a_half_that_came_late_is_the_same_step() {
        let redirect = exchange(1, "/a", "307 R\nLocation: /b");
        let second = exchange(2, "/b", "307 R\nLocation: /c");
        let mut unlike = second.clone();
        if let Some(edge) = &mut unlike.edge {
            edge.peer = "10.0.0.9:1".parse().unwrap();
        }
        assert_eq!(lengths(&observed(&[redirect.clone(), unlike.clone()])), [(1, false), (1, false)]);
        assert_eq!(lengths(&observed(&[redirect.clone(), unlike, second.clone(), second])), [(2, false)]);
        assert_eq!(lengths(&observed(&[redirect.clone(), redirect])), [(1, false)]);
    }

    #[test]
    fn chains_are_bounded() {
        let many: Vec<_> = (1..=1000).map(|n| exchange(n, &format!("/{n}"), "307 R\nLocation: /x")).collect();
        let chains = observed(&many);
        assert_eq!((chains.all().len(), chains.let_go(), chains.of.len()), (CHAINS, 1000 - CHAINS as u64, CHAINS));
        assert_eq!(chains.awaited.len(), 1);

        let path = "x".repeat(60_000);
        let long: Vec<_> = (1..=200).map(|n| exchange(n, &format!("/{n}/{path}"), "307 R\nLocation: /x")).collect();
        let chains = observed(&long);
        assert!(chains.held <= BYTES && chains.all().len() < 100, "{}", chains.all().len());

        let turns: Vec<_> = (1..=500).map(|n| exchange(n, "/loop", "307 R\nLocation: /loop")).collect();
        let chains = observed(&turns);
        assert_eq!(lengths(&chains), [(500, false)]);
        assert!(chains.of.len() <= 33, "{}", chains.of.len());
        let held: usize = chains.all().map(|chain| chain.held()).sum();
        assert_eq!(chains.held, held);
    }
}
