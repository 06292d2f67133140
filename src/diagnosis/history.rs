//! What is remembered between exchanges: a few compact facts per client and of the app, bounded in number.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use super::paths::Paths;
use super::rule::{Next, Step};
use super::scanner::Sought;
use super::step::{Came, Expected, Hop, Miss};
use super::{Cause, prefix};
use crate::exchange::ExchangeId;
use crate::lanes::{ForwardedField, Lanes, Rewrite, Setup, Source};

/// Clients remembered at once; the one silent for longest makes room.
const CLIENTS: usize = 512;
/// Redirects remembered per client.
const HOPS: usize = 32;
/// Open expectations per client.
const EXPECTED: usize = 8;
/// Failed requests remembered per client, for what is seen of their page only later.
const MISSES: usize = 16;
/// How long an expectation stands, in microseconds: a browser makes the next step within seconds.
const PATIENCE: u64 = 60_000_000;
/// Stripped parts remembered.
const STRIPPED: usize = 32;
/// Exchanges remembered that wait for the app's routes.
const WAITING: usize = 64;
/// Prefixes remembered with a first proof.
const PROOFS: usize = 32;
/// Findings held back until another exchange shows the same cause.
const HELD: usize = 64;
/// Paths remembered at which a websocket was opened.
const SOCKETS: usize = 16;

/// Facts of the recent past.
#[derive(Debug, Default)]
pub(super) struct History {
    clients: HashMap<IpAddr, Client>,
    carried: Vec<String>,
    /// Clients were seen to reach the app without a prefix.
    plain: bool,
    /// The app answered paths that came without the root path that its server puts before them.
    bare: bool,
    /// Parts of the path that a proxy took off and the app then answered.
    stripped: Vec<String>,
    /// Root paths that the app takes off, and with which it answered.
    rooted: Vec<String>,
    proofs: VecDeque<(String, u64)>,
    waiting: VecDeque<ExchangeId>,
    sockets: VecDeque<(Vec<u8>, ExchangeId)>,
    /// Which paths reached the app, and as what.
    pub(super) paths: Paths,
    held: VecDeque<(Cause, Expected)>,
    /// Some answer allowed a script of another origin.
    cors: bool,
    /// The app answers paths that end like scripts of another language.
    scripts: bool,
}

/// What is remembered of one client.
#[derive(Debug, Default)]
struct Client {
    last: u64,
    hops: VecDeque<Hop>,
    expected: VecDeque<Expected>,
    misses: VecDeque<Miss>,
}

impl History {
    /// The client's redirects that are younger than `window` microseconds, newest first.
    pub(super) fn hops(&self, client: IpAddr, now: u64, window: u64) -> impl Iterator<Item = &Hop> {
        let hops = self.clients.get(&client).map(|client| client.hops.iter().rev());
        hops.into_iter().flatten().take_while(move |hop| now.saturating_sub(hop.at) <= window)
    }

    /// Remembers a redirect.
    pub(super) fn add_hop(&mut self, client: IpAddr, hop: Hop) {
        push(&mut self.client(client, hop.at).hops, hop, HOPS);
    }

    /// Remembers what the client will ask for next.
    pub(super) fn expect(&mut self, client: IpAddr, expected: Expected) {
        push(&mut self.client(client, expected.at).expected, expected, EXPECTED);
    }

    /// Takes the expectation that this request meets. One of several paths is met alone; the others stay expected.
    pub(super) fn meet(&mut self, client: IpAddr, now: u64, came: &Came<'_>) -> Option<Expected> {
        let expected = &mut self.clients.get_mut(&client)?.expected;
        expected.retain(|one| now.saturating_sub(one.at) <= PATIENCE);
        let at = expected.iter().rposition(|one| one.next.as_ref().is_some_and(|next| came.is(next)))?;
        match expected.get_mut(at)?.next.as_mut().map(|next| &mut next.step) {
            Some(Step::Paths(paths) | Step::Astray(paths)) if paths.len() > 1 => {
                paths.retain(|expected| expected != came.path);
                expected.get(at).cloned()
            }
            // A page asks for many things.
            Some(Step::Outside(_)) => expected.get(at).cloned(),
            _ => expected.remove(at),
        }
    }

    /// True if something is expected of the client that asked for this exchange, or of others.
    pub(super) fn awaits(&self, exchange: ExchangeId) -> bool {
        let mut expected = self.clients.values().flat_map(|client| &client.expected);
        expected.any(|one| one.exchange == exchange) || self.held.iter().any(|(_, one)| one.exchange == exchange)
    }

    /// Remembers a request that failed.
    pub(super) fn add_miss(&mut self, client: IpAddr, miss: Miss) {
        push(&mut self.client(client, miss.at).misses, miss, MISSES);
    }

    /// True if the client asked for so many different paths in vain, as far as that is remembered.
    pub(super) fn missed_often(&self, client: IpAddr, enough: usize) -> bool {
        let mut different: Vec<&[u8]> = Vec::with_capacity(enough);
        let misses = self.clients.get(&client).map(|client| client.misses.iter());
        misses.into_iter().flatten().any(|miss| {
            if !different.contains(&miss.path.as_slice()) {
                different.push(&miss.path);
            }
            different.len() >= enough
        })
    }

    /// The client's requests that failed and would have met `next`, which is known only now: a stream is seen whole when it
    /// ends, long after what it led to.
    pub(super) fn missed(&self, client: IpAddr, at: u64, next: &Next) -> impl Iterator<Item = &Miss> {
        let misses = self.clients.get(&client).map(|client| client.misses.iter());
        misses.into_iter().flatten().filter(move |miss| miss.at >= at && miss.at - at <= PATIENCE).filter(|miss| {
            matches!(next.step, Step::Paths(_) | Step::Astray(_) | Step::Outside(_)) && miss.came().is(next)
        })
    }

    /// Holds a finding back until another exchange shows the same cause.
    pub(super) fn hold(&mut self, cause: Cause, expected: Expected) {
        push(&mut self.held, (cause, expected), HELD);
    }

    /// Takes what was held back for this cause, and is not older than a minute.
    pub(super) fn release(&mut self, cause: &Cause, now: u64) -> Vec<Expected> {
        self.held.retain(|(_, one)| now.saturating_sub(one.at) <= PATIENCE);
        let (taken, kept): (VecDeque<_>, _) =
            std::mem::take(&mut self.held).into_iter().partition(|(held, _)| held == cause);
        self.held = kept;
        taken.into_iter().map(|(_, expected)| expected).collect()
    }

    /// Notes that an answer allowed a script of another origin.
    pub(super) fn note_cors(&mut self, allowed: bool) {
        self.cors |= allowed;
    }

    /// True if answers were seen that allow scripts of other origins.
    pub(super) fn allows_origins(&self) -> bool {
        self.cors
    }

    /// Notes that the app answers below a prefix it was not told of: its routes carry the prefix themselves.
    pub(super) fn note_carried(&mut self, lanes: &Lanes, setup: &Setup) {
        let well = lanes.answer.app_status.is_some_and(|status| (200..400).contains(&status));
        let Some(view) = lanes.scope.view.as_ref().filter(|view| well && view.scope.root_path.is_empty()) else {
            return;
        };
        for known in &setup.prefixes {
            if prefix::below_text(&view.scope.path, known).is_some() && !self.carries(known) {
                self.carried.push(known.clone());
            }
        }
    }

    /// True if the app was seen to answer below `prefix` without being told of it.
    pub(super) fn carries(&self, prefix: &str) -> bool {
        self.carried.iter().any(|known| known == prefix)
    }

    /// Notes that the app takes this root path off what it is asked for, and answers.
    pub(super) fn note_rooted(&mut self, lanes: &Lanes) {
        let well = lanes.answer.app_status.is_some_and(|status| (200..400).contains(&status));
        let Some(view) = lanes.scope.view.as_ref().filter(|view| well && view.route_path != view.scope.path) else {
            return;
        };
        let root = view.scope.root_path.trim_end_matches('/');
        if self.rooted.len() < STRIPPED && !self.answers_below(root) {
            self.rooted.push(root.to_owned());
        }
    }

    /// True if the app was seen to answer what is left of a path without its root path.
    pub(super) fn answers_below(&self, root: &str) -> bool {
        self.rooted.iter().any(|known| known == root)
    }

    /// Notes that a client reached the app by the app's own path: no prefix stands between them.
    pub(super) fn note_plain(&mut self, lanes: &Lanes) {
        let well = lanes.answer.app_status.is_some_and(|status| (200..300).contains(&status));
        let seen = lanes.original.source == Source::Seen && lanes.rewritten.rewrite == Rewrite::Kept;
        let told = lanes.scope.view.as_ref().is_none_or(|view| !view.scope.root_path.is_empty());
        self.plain |= well && seen && !told && lanes.original.prefix.is_empty();
    }

    /// Notes that a path without the server's root path was answered well, where only the app's side was seen: what sends it
    /// takes that path off.
    pub(super) fn note_bare(&mut self, lanes: &Lanes, setup: &Setup) {
        let root = setup.server.root_path.trim_end_matches('/');
        let well = lanes.answer.app_status.is_some_and(|status| (200..300).contains(&status));
        let alone = lanes.rewritten.rewrite == Rewrite::Unknown && !root.is_empty();
        // Whoever asks the app itself writes whatever path he likes.
        let named = |field: &ForwardedField| field.value.is_some() && !field.name.eq_ignore_ascii_case("host");
        let by_proxy = lanes.original.http_version == "1.0" || lanes.forwarded.fields.iter().any(named);
        let outgoing = lanes.rewritten.outgoing.as_deref();
        self.bare |= well && alone && by_proxy && outgoing.is_some_and(|path| prefix::below(path, root).is_none());
    }

    /// True if the app was seen to answer paths that came without its server's root path.
    pub(super) fn comes_bare(&self) -> bool {
        self.bare
    }

    /// Notes that the app has paths that end like scripts of another language.
    pub(super) fn note_script(&mut self, lanes: &Lanes) {
        let well = lanes.answer.status.is_some_and(|status| (200..400).contains(&status));
        self.scripts |= well && Sought::file(&lanes.original.path) == Some(Sought::Script);
    }

    /// True if the app was seen to have such paths.
    pub(super) fn serves_scripts(&self) -> bool {
        self.scripts
    }

    /// Notes that the app answers what is left of a path when this part is taken off.
    pub(super) fn note_stripped(&mut self, lanes: &Lanes) {
        let well = lanes.answer.app_status.is_some_and(|status| (200..300).contains(&status));
        if let Rewrite::Stripped(part) = &lanes.rewritten.rewrite
            && well
            && self.stripped.len() < STRIPPED
            && !self.works_without(part)
        {
            self.stripped.push(part.clone());
        }
    }

    /// True if the app was seen to answer what was left of a path without this part.
    pub(super) fn works_without(&self, part: &str) -> bool {
        self.stripped.iter().any(|known| known == part)
    }

    /// True if clients were seen to reach the app without a prefix.
    pub(super) fn is_plain(&self) -> bool {
        self.plain
    }

    /// Notes where a websocket was opened.
    pub(super) fn note_socket(&mut self, lanes: &Lanes, exchange: ExchangeId) {
        let path = &lanes.original.path;
        let opened = lanes.original.websocket && lanes.answer.status == Some(101);
        if opened && self.sockets.iter().all(|(known, _)| known != path) {
            push(&mut self.sockets, (path.clone(), exchange), SOCKETS);
        }
    }

    /// Another path at which a websocket was opened, one of the two being the other with a prefix, or but for a final slash.
    pub(super) fn socket_like(&self, path: &[u8]) -> Option<(&[u8], ExchangeId)> {
        let bare = |path: &'_ [u8]| path.len() - path.iter().rev().take_while(|&&byte| byte == b'/').count();
        let asked = path.get(..bare(path)).filter(|asked| !asked.is_empty())?;
        let like = self.sockets.iter().find(|(known, _)| {
            let known_bare = known.get(..bare(known)).unwrap_or_default();
            known != path && !known_bare.is_empty() && (known_bare.ends_with(asked) || asked.ends_with(known_bare))
        });
        like.map(|(known, exchange)| (known.as_slice(), *exchange))
    }

    /// Notes that one path shows `prefix` to be a prefix; true once two different paths do.
    pub(super) fn prove(&mut self, prefix: &str, path: u64) -> bool {
        if let Some((_, first)) = self.proofs.iter().find(|(known, _)| known == prefix) {
            return *first != path;
        }
        push(&mut self.proofs, (prefix.to_owned(), path), PROOFS);
        false
    }

    /// Remembers that an exchange waits for the app's routes.
    pub(super) fn wait(&mut self, exchange: ExchangeId) {
        if !self.waiting.contains(&exchange) {
            push(&mut self.waiting, exchange, WAITING);
        }
    }

    /// Forgets that it waits.
    pub(super) fn no_longer_waits(&mut self, exchange: ExchangeId) {
        self.waiting.retain(|&id| id != exchange);
    }

    /// The exchanges that wait for the app's routes, oldest first.
    pub(super) fn waiting(&self) -> impl ExactSizeIterator<Item = ExchangeId> {
        self.waiting.iter().copied()
    }

    fn client(&mut self, address: IpAddr, now: u64) -> &mut Client {
        if self.clients.len() >= CLIENTS && !self.clients.contains_key(&address) {
            let oldest = self.clients.iter().min_by_key(|(_, client)| client.last).map(|(&address, _)| address);
            if let Some(oldest) = oldest {
                self.clients.remove(&oldest);
            }
        }
        let client = self.clients.entry(address).or_default();
        client.last = client.last.max(now);
        client
    }
}

/// Adds at the end and lets the oldest go where the bound is reached.
fn push<T>(ring: &mut VecDeque<T>, item: T, bound: usize) {
    if ring.len() >= bound {
        ring.pop_front();
    }
    ring.push_back(item);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u32) -> IpAddr {
        IpAddr::from(n.to_be_bytes())
    }

    fn came<'a>(path: &'a [u8], page: Option<&'a [u8]>) -> Came<'a> {
        Came { path, page, cookie: None, failed: true, redirected: false, astray: false }
    }

    #[test]
    fn each_kind_of_step() {
        let page = Some(&b"/app"[..]);
        for (step, path, referer, cookie, met) in [
            (Step::Paths(vec![b"/x".to_vec()]), "/x", "", "", true),
            (Step::Astray(vec![b"/x".to_vec()]), "/x", "", "", false),
            (Step::Outside("/app".to_owned()), "/x.js", "/app", "", true),
            (Step::Outside("/app".to_owned()), "/app/x.js", "/app", "", false),
            (Step::Outside("/app".to_owned()), "/x.js", "/other", "", false),
            (Step::Outside("/app".to_owned()), "/x.js", "", "", false),
            (Step::WithoutCookie { name: b"s".to_vec(), then: None }, "/x", "/app", "a=1", true),
            (Step::WithoutCookie { name: b"s".to_vec(), then: None }, "/x", "/app", "s=2", false),
            (Step::WithoutCookie { name: b"s".to_vec(), then: None }, "/x", "", "", false),
            (Step::WithoutCookie { name: b"s".to_vec(), then: Some(b"/x".to_vec()) }, "/x", "", "", true),
        ] {
            let next = Next { step, referer: page.map(<[u8]>::to_vec) };
            let sent = |text: &'static str| Some(text.as_bytes()).filter(|text| !text.is_empty());
            let came = Came { cookie: sent(cookie), ..came(path.as_bytes(), sent(referer)) };
            assert_eq!(came.is(&next), met, "{next:?} {came:?}");
        }
    }

    #[test]
    fn clients_and_hops_are_bounded() {
        let mut history = History::default();
        for n in 0..2_000 {
            let hop = Hop { exchange: ExchangeId(1), at: u64::from(n), from: 1, to: 2, slash: None, grown: None };
            history.add_hop(address(n), hop);
            history.add_hop(address(0), hop);
        }
        assert_eq!(history.clients.len(), CLIENTS);
        assert_eq!(history.hops(address(0), 2_000, u64::MAX).count(), HOPS);
        assert_eq!(history.hops(address(1), 2_000, u64::MAX).count(), 0, "the oldest made room");
    }

    #[test]
    fn an_expectation_is_met_once_in_time_and_from_its_page() {
        let expected = |at| Expected {
            exchange: ExchangeId(1),
            at,
            next: Some(Next {
                step: Step::Paths(vec![b"/openapi.json".to_vec()]),
                referer: Some(b"/api/docs".to_vec()),
            }),
            code: "PX05",
            said: Vec::new(),
            held: None,
        };
        let from = |referer| came(b"/openapi.json", referer);
        let mut history = History::default();
        history.expect(address(1), expected(0));
        assert!(history.meet(address(1), 5, &from(Some(b"/other"))).is_none());
        assert!(history.meet(address(2), 5, &from(None)).is_none());
        assert!(history.meet(address(1), 5, &Came { failed: false, ..from(None) }).is_none());
        assert!(history.meet(address(1), 5, &from(Some(b"/api/docs"))).is_some());
        assert!(history.meet(address(1), 5, &from(Some(b"/api/docs"))).is_none(), "met once");
        history.expect(address(1), expected(0));
        assert!(history.meet(address(1), PATIENCE + 1, &from(None)).is_none(), "too late");
    }

    #[test]
    fn of_several_paths_each_is_met_once() {
        let step = Step::Paths(vec![b"/a.js".to_vec(), b"/b.css".to_vec()]);
        let next = Some(Next { step, referer: None });
        let expected = Expected { exchange: ExchangeId(7), at: 0, next, code: "PX06", said: Vec::new(), held: None };
        let mut history = History::default();
        history.expect(address(1), expected);
        let mut meets = |path: &[u8]| history.meet(address(1), 5, &came(path, None)).is_some();
        assert_eq!((meets(b"/b.css"), meets(b"/b.css"), meets(b"/a.js")), (true, false, true));
        assert!(!history.awaits(ExchangeId(7)), "nothing is left to come");
    }

    #[test]
    fn what_failed_before_it_was_expected_is_found() {
        let next = Next { step: Step::Paths(vec![b"/messages/".to_vec()]), referer: None };
        let mut history = History::default();
        for n in 0..100_u32 {
            let (path, said) = (format!("/{n}").into_bytes(), Vec::new());
            history.add_miss(
                address(1),
                Miss { exchange: ExchangeId(1), at: 10, path, referer: None, astray: false, said },
            );
        }
        let miss = Miss {
            exchange: ExchangeId(2),
            at: 10,
            path: b"/messages/".to_vec(),
            referer: None,
            astray: false,
            said: Vec::new(),
        };
        history.add_miss(address(1), miss);
        let missed =
            |client, at| history.missed(address(client), at, &next).map(|miss| miss.exchange.0).collect::<Vec<_>>();
        assert_eq!((missed(1, 0), missed(1, 11), missed(2, 0)), (vec![2], vec![], vec![]));
        assert_eq!(history.clients.get(&address(1)).unwrap().misses.len(), MISSES);
    }

    #[test]
    fn a_prefix_is_proven_by_two_different_paths() {
        let mut history = History::default();
        assert!(!history.prove("/api", 1));
        assert!(!history.prove("/api", 1));
        assert!(history.prove("/api", 2));
    }
}
