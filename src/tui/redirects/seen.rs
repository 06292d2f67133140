//! What the Redirects page shows, copied out of the store.

use std::sync::{Arc, PoisonError, RwLock};

use super::Redirects;
use crate::diagnosis::{Finding, Severity};
use crate::exchange::ExchangeId;
use crate::lanes::{self, Lanes, Setup};
use crate::redirect::{Chain, Hop, Remark, remarks};
use crate::remedy::After;
use crate::store::{Entry, Store};

/// A line of the list.
#[derive(Clone, Debug)]
pub(in crate::tui) struct ChainLine {
    pub(in crate::tui) chain: Arc<Chain>,
    /// The cause that was found for it: how bad, its code and its title.
    pub(in crate::tui) cause: Option<(Severity, &'static str, &'static str)>,
    pub(in crate::tui) broken: bool,
}

/// The chosen chain.
#[derive(Debug)]
pub(in crate::tui) struct SeenChain {
    pub(in crate::tui) chain: Arc<Chain>,
    /// One for each hop of the chain.
    pub(in crate::tui) hops: Vec<SeenHop>,
    /// The chosen hop.
    pub(in crate::tui) at: usize,
    /// What becomes of a hop with all fixes of what was found on it: of the chosen one, or of the first that goes wrong.
    pub(in crate::tui) predicted: Option<Predicted>,
}

impl SeenChain {
    /// What becomes of the chosen hop with all fixes.
    pub(in crate::tui) fn after(&self) -> Option<&After> {
        self.predicted.as_ref().filter(|predicted| predicted.hop == self.at).map(|predicted| &*predicted.after)
    }
}

/// What becomes of a hop with all fixes of what was found on it.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Predicted {
    /// The hop, counted from 0.
    pub(in crate::tui) hop: usize,
    pub(in crate::tui) after: Arc<After>,
}

/// A hop with its exchange, as far as that is still kept.
#[derive(Debug)]
pub(in crate::tui) struct SeenHop {
    pub(in crate::tui) known: Option<(Entry, Lanes)>,
    pub(in crate::tui) remarks: Vec<Remark>,
}

impl SeenHop {
    /// What was found.
    pub(in crate::tui) fn findings(&self) -> &[Finding] {
        self.known.as_ref().map_or(&[], |(entry, _)| &entry.findings)
    }
}

/// All of it.
#[derive(Debug, Default)]
pub(in crate::tui) struct RedirectsSeen {
    /// The chains that are shown.
    pub(in crate::tui) lines: Vec<ChainLine>,
    /// Where the chosen one stands among them.
    pub(in crate::tui) cursor: usize,
    pub(in crate::tui) chosen: Option<SeenChain>,
    /// How many chains there are, how many of them are circles, how many are broken.
    pub(in crate::tui) counts: (usize, usize, usize),
    /// How many were let go.
    pub(in crate::tui) let_go: u64,
    /// What the lines were made from: the store's revision, and whether circles alone are shown.
    of: Option<(u64, bool)>,
    /// What was predicted last, and from what: thinking a request through once more is not for every frame.
    after: Option<(Subject, Option<Arc<After>>)>,
}

/// What a prediction rests on: an exchange, as it was at a revision, and the set-up.
type Subject = (ExchangeId, u64, Arc<Setup>);

impl RedirectsSeen {
    /// Brings it up to date.
    pub(in crate::tui) fn refresh(&mut self, store: &RwLock<Store>, setup: &Arc<Setup>, asked: Redirects) {
        let entries = {
            let store = store.read().unwrap_or_else(PoisonError::into_inner);
            let of = Some((store.revision(), asked.circles));
            if self.of != of {
                self.of = of;
                self.make_lines(&store, asked.circles);
            }
            let last = self.lines.len().saturating_sub(1);
            let same = |line: &ChainLine| Some(line.chain.number) == asked.chain;
            self.cursor = self.lines.iter().position(same).unwrap_or(last);
            let hops = self.lines.get(self.cursor).map(|line| line.chain.hops()).unwrap_or_default();
            hops.iter().map(|hop| store.get(hop.exchange).cloned()).collect::<Vec<_>>()
        };
        let chain = self.lines.get(self.cursor).map(|line| Arc::clone(&line.chain));
        self.chosen = chain.map(|chain| {
            let pairs = chain.hops().iter().zip(entries);
            let hops: Vec<_> = pairs.map(|(hop, entry)| seen_hop(hop, entry, setup)).collect();
            let last = hops.len().saturating_sub(1);
            let wrong = first_wrong(&chain, &hops);
            let at = asked.hop.unwrap_or(wrong).min(last);
            let predicted = self.predict(store, setup, &hops, [at, wrong]);
            SeenChain { chain, hops, at, predicted }
        });
    }

    /// Thinks the first of these hops with a finding through once more, with all its fixes.
    fn predict(
        &mut self,
        store: &RwLock<Store>,
        setup: &Arc<Setup>,
        hops: &[SeenHop],
        of: [usize; 2],
    ) -> Option<Predicted> {
        let hop = of.into_iter().find(|hop| hops.get(*hop).is_some_and(|hop| !hop.findings().is_empty()))?;
        let (entry, _) = hops.get(hop)?.known.as_ref()?;
        let subject = (entry.exchange.id, entry.revision, Arc::clone(setup));
        let after = match self.after.take() {
            Some((known, after)) if known == subject => after,
            _ => store.read().unwrap_or_else(PoisonError::into_inner).after_all(entry.exchange.id).map(Arc::new),
        };
        self.after = Some((subject, after.clone()));
        Some(Predicted { hop, after: after? })
    }

    fn make_lines(&mut self, store: &Store, circles: bool) {
        let all: Vec<ChainLine> = store.chains().all().map(|chain| line(chain, store)).collect();
        let is_circle = |line: &&ChainLine| line.chain.circle().is_some();
        self.counts = (all.len(), all.iter().filter(is_circle).count(), all.iter().filter(|line| line.broken).count());
        self.let_go = store.chains().let_go();
        self.lines = all.into_iter().filter(|line| !circles || is_circle(&line)).collect();
    }
}

fn line(chain: &Arc<Chain>, store: &Store) -> ChainLine {
    let mut cause: Option<(Severity, &'static str, &'static str)> = None;
    for hop in chain.hops() {
        let findings = store.get(hop.exchange).map(|entry| &*entry.findings).unwrap_or_default();
        for finding in findings.iter().filter(|finding| finding.primary) {
            // Of two that are equally bad the earlier one.
            if cause.is_none_or(|(severity, ..)| finding.severity > severity) {
                cause = Some((finding.severity, finding.code, finding.title));
            }
        }
    }
    let broken = chain.is_broken() || cause.is_some_and(|(severity, ..)| severity == Severity::Error);
    ChainLine { chain: Arc::clone(chain), cause, broken }
}

fn seen_hop(hop: &Hop, entry: Option<Entry>, setup: &Setup) -> SeenHop {
    let half = entry.as_ref().and_then(|entry| entry.exchange.outer());
    let heads = half.and_then(|half| Some((&half.request, half.response.as_ref()?)));
    let remarks = heads
        .zip(hop.sent.as_ref())
        .map_or_else(Vec::new, |((request, response), sent)| remarks(&hop.asked(), sent, request, response));
    let known = entry.map(|entry| (lanes::compute(&entry.exchange, setup), entry)).map(|(lanes, entry)| (entry, lanes));
    SeenHop { known, remarks }
}

/// The first hop with something wrong; the first of all if there is none.
fn first_wrong(chain: &Chain, hops: &[SeenHop]) -> usize {
    let wrong = |(hop, seen): (&Hop, &SeenHop)| {
        let found = seen.findings().iter().any(|finding| finding.primary);
        found || hop.faults().iter().any(|fault| fault.sure) || seen.remarks.iter().any(|remark| remark.wrong)
    };
    chain.hops().iter().zip(hops).position(wrong).unwrap_or(0)
}
