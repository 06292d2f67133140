//! Bringing the halves of an exchange together.
//!
//! Between an edge tap and an app tap stands a proxy that hopscope knows nothing of. The edge tap adds an id header, the
//! app tap takes it off again: that settles it. Some proxies drop headers they do not know; then method, path and time
//! have to do, and the pair is marked as guessed. An app half that fits no edge half is an exchange of its own: somebody
//! called the proxy, or the app, past the edge tap.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};

use percent_encoding::percent_decode;

use crate::capture::{Observed, PairId};
use crate::exchange::{Ending, Exchange, ExchangeId, Half, Pairing, Side, TapId, Target};
use crate::lanes::{Tap, TapKind};

/// How many of the newest edge halves without an app half a guess may choose from. More than that many at once in
/// flight behind a proxy that drops the id header, and the oldest stay alone.
const CANDIDATES: usize = 1024;

/// Where an observation belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// To this exchange: as its partner, paired so, or (`None`) as newer facts about a half that is there.
    Known(ExchangeId, Option<Pairing>),
    /// To none so far.
    New,
}

/// What is known of halves whose partner, or whose end, is still to come.
#[derive(Debug)]
pub(super) struct Pairs {
    /// Observations that had an open half, by their key.
    running: HashMap<u64, ExchangeId>,
    /// Halves that wait for their partner, and which side they are.
    waiting: HashMap<PairId, (ExchangeId, Side)>,
    /// Edge halves without an app half, oldest first.
    candidates: VecDeque<ExchangeId>,
    /// App taps that ids get through to: what comes there without one came past the edge tap.
    reached: HashSet<TapId>,
    /// There are both edge taps and app taps.
    two_sided: bool,
}

impl Pairs {
    /// For these listeners.
    pub(super) fn new(taps: &[Tap]) -> Self {
        let has = |kind| taps.iter().any(|tap| tap.kind == kind);
        Self {
            running: HashMap::new(),
            waiting: HashMap::new(),
            candidates: VecDeque::new(),
            reached: HashSet::new(),
            two_sided: has(TapKind::Edge) && has(TapKind::App),
        }
    }

    /// Where `observed` belongs. `look` gives the exchange of an id.
    pub(super) fn place<'a>(&self, observed: &Observed, look: impl Fn(ExchangeId) -> Option<&'a Exchange>) -> Place {
        if let Some(&id) = self.running.get(&observed.key) {
            return Place::Known(id, None);
        }
        let Some((side, half)) = single(observed) else { return Place::New };
        if let Some(pair) = observed.pair {
            return match self.waiting.get(&pair) {
                Some(&(id, there)) if there != side => Place::Known(id, Some(Pairing::ById)),
                _ => Place::New,
            };
        }
        if side == Side::Edge || !self.two_sided || self.reached.contains(&half.tap) {
            return Place::New;
        }
        self.guess(half, look).map_or(Place::New, |id| Place::Known(id, Some(Pairing::Guessed)))
    }

    /// The newest edge half that `app` can come from. A path that was stripped whole arrives as `/`, which fits
    /// everything, so that is the second choice.
    fn guess<'a>(&self, app: &Half, look: impl Fn(ExchangeId) -> Option<&'a Exchange>) -> Option<ExchangeId> {
        let out = decoded_path(app);
        let mut second = None;
        for &id in self.candidates.iter().rev() {
            let Some(edge) = look(id).and_then(|exchange| exchange.edge.as_deref()) else { continue };
            if edge.request.method() != app.request.method() || !spans(edge, app.times.started) {
                continue;
            }
            let came = decoded_path(edge);
            if came.ends_with(&out) || out.ends_with(&came) {
                return Some(id);
            }
            if *out == *b"/" {
                second = second.or(Some(id));
            }
        }
        second
    }

    /// `observed` became the exchange `id`.
    pub(super) fn added(&mut self, id: ExchangeId, observed: &Observed) {
        self.follow(id, observed);
        let (Some((side, _)), Some(pair)) = (single(observed), observed.pair) else { return };
        self.waiting.entry(pair).or_insert((id, side));
        if self.two_sided && side == Side::Edge {
            self.candidates.push_back(id);
            if self.candidates.len() > CANDIDATES {
                self.candidates.pop_front();
            }
        }
    }

    /// `observed` went to the exchange `id`, whose first half came with `pair`; `how` tells a partner's arrival.
    pub(super) fn joined(&mut self, id: ExchangeId, pair: Option<PairId>, observed: &Observed, how: Option<Pairing>) {
        self.follow(id, observed);
        if how.is_none() {
            return;
        }
        if let (Some(Pairing::ById), Some(app)) = (how, &observed.app) {
            self.reached.insert(app.tap);
        }
        self.settle(id, pair);
    }

    /// The exchange `id` was let go; `open` if it still had an open half.
    pub(super) fn forget(&mut self, id: ExchangeId, pair: Option<PairId>, open: bool) {
        self.settle(id, pair);
        if open {
            self.running.retain(|_, running| *running != id);
        }
    }

    /// Nothing more is waited for on behalf of `id`.
    fn settle(&mut self, id: ExchangeId, pair: Option<PairId>) {
        let Some(pair) = pair else { return };
        if self.waiting.get(&pair).is_some_and(|(waiting, _)| *waiting == id) {
            self.waiting.remove(&pair);
        }
        // Ids rise from front to back.
        if let Ok(index) = self.candidates.binary_search(&id) {
            self.candidates.remove(index);
        }
    }

    /// Remembers an observation that will come again, forgets one that was the last.
    fn follow(&mut self, id: ExchangeId, observed: &Observed) {
        if observed.edge.iter().chain(&observed.app).any(|half| half.ending == Ending::Open) {
            self.running.insert(observed.key, id);
        } else {
            self.running.remove(&observed.key);
        }
    }
}

/// The only half of an observation; `None` if it has both, as the stand-in gives them.
fn single(observed: &Observed) -> Option<(Side, &Half)> {
    match (&observed.edge, &observed.app) {
        (Some(edge), None) => Some((Side::Edge, edge)),
        (None, Some(app)) => Some((Side::App, app)),
        _ => None,
    }
}

/// True if `moment` (microseconds since 1970) lies within what `half` lasted.
fn spans(half: &Half, moment: u64) -> bool {
    let ended = half.times.started.saturating_add(half.times.ended);
    moment >= half.times.started && (half.ending == Ending::Open || moment <= ended)
}

/// The path less its percent signs, because some proxies decode it on the way (nginx with a URI in `proxy_pass`).
fn decoded_path(half: &Half) -> Cow<'_, [u8]> {
    percent_decode(Target::new(half.request.target()).path()).into()
}
