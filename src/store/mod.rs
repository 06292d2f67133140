//! What is kept: exchanges with their findings, bounded by count and by bytes, oldest let go first, every loss counted.
//!
//! This room exists so that a long session costs no more than it was told it may, and so that every face reads the same
//! entries. The recorder is the only writer.
//!
//! ```text
//! Observed ─▶ Pairing: which exchange? ─▶ slot replaced or added ─▶ finished? lanes, chains, findings ─▶ bounds kept
//! ```

mod causes;
mod chains;
mod filter;
mod learned;
mod log_book;
mod pairing;
mod plain;
mod proving;
#[cfg(test)]
mod tests;

pub use causes::{Asked, CauseRow, CauseState};
pub use chains::Chains;
pub use filter::Requests;
pub use log_book::{
    Fed, Known, LineFilter, LogBook, LogLine, LogSource, LogView, Progress, Surroundings, UnreadLine, UnreadLines,
};
pub use proving::{ProofState, Proving};

use std::collections::VecDeque;
use std::sync::Arc;

pub use crate::capture::Losses;
pub use crate::filter::FilterError;

use crate::capture::{Observed, PairId};
use crate::diagnosis::{Finding, Session, Severity, is_plain};
use crate::exchange::{Exchange, ExchangeId, Pairing};
use crate::lanes::{self, Setup};
use crate::remedy::{After, Remedies};

use causes::Causes;
use pairing::{Pairs, Place};
use plain::Plain;

/// A filter of requests.
pub type Filter = crate::filter::Filter<Requests>;

/// Bounds of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Exchanges kept at most.
    pub count: usize,
    /// Bytes held by them at most.
    pub bytes: usize,
}

/// One exchange and what was concluded about it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What was observed.
    pub exchange: Arc<Exchange>,
    /// What was concluded, the primary finding first.
    pub findings: Arc<[Finding]>,
    /// The store's revision when this entry last changed.
    pub revision: u64,
}

impl Entry {
    /// True if its cause is broken, not only unusual: a primary finding of severity error.
    fn is_error(&self) -> bool {
        self.findings.iter().any(|finding| finding.primary && finding.severity == Severity::Error)
    }
}

/// What the status line says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Exchanges seen in all.
    pub seen: u64,
    /// Exchanges still open.
    pub open: u64,
    /// Exchanges let go to keep the bounds.
    pub evicted: u64,
    /// Exchanges with a primary finding of severity error, since the start or the last [`Store::clear`].
    pub errors: u64,
    /// Exchanges with any finding, since the start or the last [`Store::clear`].
    pub found: u64,
    /// Bytes held now.
    pub held: usize,
    /// What the data path could not hand over.
    pub lost: Losses,
}

/// An entry and what its bookkeeping needs.
#[derive(Debug)]
struct Slot {
    entry: Entry,
    /// Bytes of the exchange, as last counted.
    held: usize,
    /// The id its first half came with.
    pair: Option<PairId>,
}

impl Slot {
    fn id(&self) -> ExchangeId {
        self.entry.exchange.id
    }
}

/// The store.
#[derive(Debug)]
pub struct Store {
    /// Ids rise from front to back, so one is found by binary search.
    slots: VecDeque<Slot>,
    pairs: Pairs,
    session: Session,
    remedies: Remedies,
    causes: Causes,
    plain: Plain,
    chains: Chains,
    setup: Setup,
    /// The set-up as the faces hold it: made anew when something was learned, so that judging never copies it.
    published: Arc<Setup>,
    counts: Counts,
    revision: u64,
    limits: Limits,
    no_findings: Arc<[Finding]>,
}

impl Store {
    /// An empty store.
    pub fn new(setup: Setup, limits: Limits) -> Self {
        Self {
            slots: VecDeque::new(),
            pairs: Pairs::new(&setup.taps),
            session: Session::default(),
            remedies: Remedies::default(),
            causes: Causes::default(),
            plain: Plain::default(),
            chains: Chains::default(),
            published: Arc::new(setup.clone()),
            setup,
            counts: Counts::default(),
            revision: 0,
            limits,
            no_findings: Arc::from([]),
        }
    }

    /// Takes in a batch of observations: pairs halves, computes findings, lets old entries go. Gives the ids of the
    /// entries that are new or changed, in the order they changed.
    ///
    /// Entries that changed in this batch are spared when old ones are let go, so each id given can be looked up until
    /// the next batch.
    pub fn absorb(&mut self, batch: Vec<Observed>, lost: Losses) -> Vec<ExchangeId> {
        if !batch.is_empty() || lost != self.counts.lost {
            self.revision += 1;
        }
        self.counts.lost = lost;
        let mut changed = Vec::with_capacity(batch.len());
        for observed in batch.into_iter().filter(|observed| observed.edge.is_some() || observed.app.is_some()) {
            let index = self.put(observed, &mut changed);
            self.judge(index, &mut changed);
        }
        self.keep_bounds();
        changed
    }

    /// Puts an observation in its place and gives the index of that slot.
    fn put(&mut self, observed: Observed, changed: &mut Vec<ExchangeId>) -> usize {
        let place = self.pairs.place(&observed, |id| Some(&*find(&self.slots, id)?.1.entry.exchange));
        match place {
            Place::Known(id, pairing) => match find(&self.slots, id) {
                Some((index, _)) => self.join(index, observed, pairing, changed),
                // Not reached: the pairs forget an exchange when it is let go.
                None => self.add(observed, changed),
            },
            Place::New => self.add(observed, changed),
        }
    }

    /// A new exchange at the end.
    fn add(&mut self, observed: Observed, changed: &mut Vec<ExchangeId>) -> usize {
        self.counts.seen += 1;
        let id = ExchangeId(self.counts.seen);
        self.pairs.added(id, &observed);
        let both = observed.edge.is_some() && observed.app.is_some();
        let pairing = if both { Pairing::StandIn } else { Pairing::Lone };
        let exchange = Exchange { id, edge: observed.edge, app: observed.app, pairing };
        let held = exchange.held();
        self.counts.held += held;
        self.counts.open += u64::from(!exchange.is_finished());
        let entry = Entry { exchange: Arc::new(exchange), findings: self.no_findings.clone(), revision: self.revision };
        self.slots.push_back(Slot { entry, held, pair: observed.pair });
        changed.push(id);
        self.slots.len() - 1
    }

    /// Newer or further halves for an exchange that is there.
    fn join(
        &mut self,
        index: usize,
        observed: Observed,
        pairing: Option<Pairing>,
        changed: &mut Vec<ExchangeId>,
    ) -> usize {
        let Some(slot) = self.slots.get_mut(index) else { return index };
        self.pairs.joined(slot.id(), slot.pair, &observed, pairing);
        let was_open = !slot.entry.exchange.is_finished();
        let exchange = Arc::make_mut(&mut slot.entry.exchange);
        if observed.edge.is_some() && observed.app.is_some() {
            exchange.pairing = Pairing::StandIn;
        }
        exchange.edge = observed.edge.or(exchange.edge.take());
        exchange.app = observed.app.or(exchange.app.take());
        exchange.pairing = pairing.unwrap_or(exchange.pairing);
        let held = exchange.held();
        let is_open = !exchange.is_finished();
        self.counts.held = self.counts.held - slot.held + held;
        self.counts.open = self.counts.open + u64::from(is_open) - u64::from(was_open);
        slot.held = held;
        touch(&mut slot.entry, self.revision, changed);
        index
    }

    /// Draws conclusions about a finished exchange, and about earlier ones that it completes.
    fn judge(&mut self, index: usize, changed: &mut Vec<ExchangeId>) {
        let Some(slot) = self.slots.get(index) else { return };
        if !slot.entry.exchange.is_finished() {
            return;
        }
        let shape = self.plain.shape(&slot.entry.exchange);
        let goes_on = self.chains.may_go_on(&slot.entry.exchange);
        let plain = self.plain.knows(shape) && slot.entry.findings.is_empty();
        if plain && !self.causes.is_empty() {
            self.causes.went_well(&slot.entry.exchange);
        }
        if plain && !goes_on {
            return;
        }
        let exchange = slot.entry.exchange.clone();
        let lanes = lanes::compute(&exchange, &self.setup);
        if goes_on || lanes.answer.location.is_some() {
            self.chains.observe(&exchange, &lanes, &self.setup);
        }
        if plain {
            return;
        }
        let updates = self.session.observe(&exchange, &lanes, &mut self.setup);
        if self.setup.prefixes != self.published.prefixes {
            self.publish_setup();
        } else if is_plain(&lanes) && updates.is_empty() && !self.session.awaits(exchange.id) {
            self.plain.remember(shape);
        }
        // Seen again with a half that came late: what was concluded without it no longer counts.
        if !updates.iter().any(|update| update.exchange == exchange.id) {
            self.conclude(exchange.id, Vec::new(), changed);
        }
        self.remedies.remember(&exchange);
        if updates.is_empty() && is_plain(&lanes) {
            self.causes.went_well(&exchange);
        }
        for update in updates {
            self.conclude(update.exchange, update.findings, changed);
        }
    }

    /// What was concluded about the set-up changes what follows from it.
    fn publish_setup(&mut self) {
        self.published = Arc::new(self.setup.clone());
        self.plain.forget();
        self.remedies.forget();
    }

    /// Replaces the findings of an exchange.
    fn conclude(&mut self, id: ExchangeId, mut findings: Vec<Finding>, changed: &mut Vec<ExchangeId>) {
        let Ok(index) = self.slots.binary_search_by_key(&id, Slot::id) else { return };
        let Some(slot) = self.slots.get_mut(index) else { return };
        self.remedies.mend(&mut findings, &slot.entry.exchange, &self.setup);
        self.causes.give_proofs(&mut findings);
        self.count_causes(index, &findings);
        let Some(slot) = self.slots.get_mut(index) else { return };
        if *slot.entry.findings == *findings {
            return;
        }
        let before = (slot.entry.is_error(), !slot.entry.findings.is_empty());
        slot.entry.findings = findings.into();
        let after = (slot.entry.is_error(), !slot.entry.findings.is_empty());
        // Saturating, because an entry kept over a `clear` is no longer counted.
        self.counts.errors = (self.counts.errors + u64::from(after.0)).saturating_sub(u64::from(before.0));
        self.counts.found = (self.counts.found + u64::from(after.1)).saturating_sub(u64::from(before.1));
        touch(&mut slot.entry, self.revision, changed);
    }

    /// Lets the oldest finished entries go until the bounds are kept; an open one goes only where nothing else is left.
    /// What changed in the current batch stays.
    fn keep_bounds(&mut self) {
        let mut from = 0;
        while self.slots.len() > self.limits.count || self.counts.held > self.limits.bytes {
            let settled = |slot: &Slot| slot.entry.revision != self.revision;
            let finished = |slot: &Slot| settled(slot) && slot.entry.exchange.is_finished();
            let next = self.slots.iter().skip(from).position(finished).map(|index| index + from);
            // All before `from` is open or new, so the next search can begin there.
            from = next.unwrap_or(self.slots.len());
            let Some(index) = next.or_else(|| self.slots.iter().position(settled)) else { return };
            self.evict(index);
        }
    }

    fn evict(&mut self, index: usize) {
        let Some(slot) = self.slots.remove(index) else { return };
        self.counts.evicted += 1;
        self.let_go(&slot);
    }

    /// Takes a removed slot out of every count and index.
    fn let_go(&mut self, slot: &Slot) {
        let open = !slot.entry.exchange.is_finished();
        self.counts.held -= slot.held;
        self.counts.open -= u64::from(open);
        self.pairs.forget(slot.id(), slot.pair, open);
    }

    /// The entries, in the order in which they were first heard of.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.slots.iter().map(|slot| &slot.entry)
    }

    /// One entry.
    pub fn get(&self, id: ExchangeId) -> Option<&Entry> {
        find(&self.slots, id).map(|(_, slot)| &slot.entry)
    }

    /// What becomes of an exchange with all fixes of what was found on it; `None` if none is known that helps, or the models do
    /// not know what follows.
    pub fn after_all(&self, id: ExchangeId) -> Option<After> {
        let entry = self.get(id)?;
        self.remedies.after_all(&entry.findings, &entry.exchange, &self.setup)
    }

    /// The set-up as it is known now (prefixes and routes are learned).
    pub fn setup(&self) -> &Arc<Setup> {
        &self.published
    }

    /// Grows by one with every batch that changed something.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The chains of redirects.
    pub fn chains(&self) -> &Chains {
        &self.chains
    }

    /// The counts.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Lets every finished entry go (the user's `C`); open ones stay.
    pub fn clear(&mut self) {
        let (gone, kept) = std::mem::take(&mut self.slots)
            .into_iter()
            .partition::<VecDeque<_>, _>(|slot| slot.entry.exchange.is_finished());
        self.slots = kept;
        for slot in &gone {
            self.let_go(slot);
        }
        self.causes.clear();
        self.chains.clear();
        self.counts.errors = 0;
        self.counts.found = 0;
        self.revision += 1;
    }

    /// Begins again with another set-up (the demo's next scene): entries and what was learned go, numbers and causes go on.
    pub fn begin_again(&mut self, setup: Setup) {
        let counts = Counts { seen: self.counts.seen, ..Counts::default() };
        let causes = std::mem::take(&mut self.causes);
        *self = Self { counts, causes, revision: self.revision + 1, ..Self::new(setup, self.limits) };
    }
}

/// A slot and its index.
fn find(slots: &VecDeque<Slot>, id: ExchangeId) -> Option<(usize, &Slot)> {
    let index = slots.binary_search_by_key(&id, Slot::id).ok()?;
    Some((index, slots.get(index)?))
}

/// Marks an entry as changed in this revision, naming it once per batch.
fn touch(entry: &mut Entry, revision: u64, changed: &mut Vec<ExchangeId>) {
    if entry.revision != revision {
        entry.revision = revision;
        changed.push(entry.exchange.id);
    }
}
