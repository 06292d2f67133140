//! The causes that the session's findings come down to: a thousand requests with one fault are one row.
//!
//! ```text
//! findings of an exchange ─▶ those that follow from nothing: their causes, counted ─▶ rows, worst and newest first
//!                         └▶ those that follow from one: its symptoms
//! ```

mod row;

pub use row::{Asked, CauseRow, CauseState};

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{BuildHasher as _, RandomState};

use super::{Entry, Proving, Slot, Store, find};
use crate::diagnosis::{Cause, Finding, Follows};
use crate::exchange::{Exchange, ExchangeId};

/// Causes kept at most. What they are about may come from requests, so that a client could make up any number.
const MOST: usize = 256;
/// Causes that can be known at most.
const MOST_KNOWN: usize = 4096;

impl Store {
    /// Causes that can be known at most.
    pub const MOST_KNOWN: usize = MOST_KNOWN;

    /// The causes that the findings come down to: those that are not gone first, then the worst first.
    pub fn causes(&self) -> Vec<&CauseRow> {
        self.causes.rows()
    }

    /// Causes that were seen and are not listed, because there are too many.
    pub fn causes_dropped(&self) -> u64 {
        self.causes.dropped()
    }

    /// How many causes are neither known nor gone.
    pub fn open_causes(&self) -> usize {
        self.causes.open()
    }

    /// True if the cause that this finding of an entry comes down to is known.
    pub fn is_known(&self, entry: &Entry, finding: &Finding) -> bool {
        self.causes.is_known(finding, &entry.findings, |id, code| cause_of(&self.slots, id, code))
    }

    /// Marks a cause as known, or as new again. Beyond [`Store::MOST_KNOWN`] none is.
    pub fn mark_cause(&mut self, cause: &Cause, known: bool) {
        self.causes.mark(cause, known);
        self.revision += 1;
    }

    /// Counts what is now concluded about an exchange towards its causes.
    pub(super) fn count_causes(&mut self, index: usize, findings: &[Finding]) {
        let Some(slot) = self.slots.get(index) else { return };
        let cause_of = |id, code| cause_of(&self.slots, id, code);
        self.causes.conclude(&slot.entry.exchange, &slot.entry.findings, findings, cause_of);
    }
}

/// The cause that a finding on an exchange names, if both are still kept.
fn cause_of(slots: &VecDeque<Slot>, id: ExchangeId, code: &str) -> Option<Cause> {
    let (_, slot) = find(slots, id)?;
    slot.entry.findings.iter().find(|finding| finding.code == code).map(Finding::cause)
}

/// Requests remembered per cause, to see when they go well.
const REQUESTS: usize = 8;

/// All causes.
#[derive(Debug, Default)]
pub(super) struct Causes {
    rows: BTreeMap<Cause, CauseRow>,
    known: BTreeSet<Cause>,
    /// Causes that found no room.
    dropped: u64,
    hashing: RandomState,
}

impl Causes {
    /// The rows: those that are not gone first, the worst first, the most frequent first.
    pub(super) fn rows(&self) -> Vec<&CauseRow> {
        let mut rows: Vec<&CauseRow> = self.rows.values().collect();
        rows.sort_by_key(|row| {
            let order = (row.finding.severity, row.count, row.last);
            (row.state == CauseState::Gone, std::cmp::Reverse(order))
        });
        rows
    }

    /// Causes that found no room.
    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How many are neither known nor gone.
    pub(super) fn open(&self) -> usize {
        self.rows.values().filter(|row| row.state == CauseState::New).count()
    }

    /// True if the cause that a finding comes down to is known. `all` are those of its exchange.
    pub(super) fn is_known(
        &self,
        finding: &Finding,
        all: &[Finding],
        cause_of: impl Fn(ExchangeId, &'static str) -> Option<Cause>,
    ) -> bool {
        if self.known.is_empty() {
            return false;
        }
        self.known.contains(&symptom_of(finding, all, &cause_of).unwrap_or_else(|| finding.cause()))
    }

    /// True if nothing was found so far, so that nothing can go well again.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Marks a cause as known, or as new again. One that was not seen so far is known from the start.
    pub(super) fn mark(&mut self, cause: &Cause, known: bool) {
        self.known.remove(cause);
        if known && self.known.len() < MOST_KNOWN {
            self.known.insert(cause.clone());
        }
        if let Some(row) = self.rows.get_mut(cause).filter(|row| row.state != CauseState::Gone) {
            row.state = if known { CauseState::Known } else { CauseState::New };
        }
    }

    /// Notes what is concluded about an exchange now, in place of what was concluded before.
    pub(super) fn conclude(
        &mut self,
        exchange: &Exchange,
        before: &[Finding],
        now: &[Finding],
        cause_of: impl Fn(ExchangeId, &'static str) -> Option<Cause>,
    ) {
        for finding in before {
            self.forget_one(finding, before, &cause_of);
        }
        for finding in now {
            match symptom_of(finding, now, &cause_of) {
                Some(cause) => {
                    if let Some(row) = self.rows.get_mut(&cause) {
                        *row.symptoms.entry(finding.code).or_default() += 1;
                    }
                }
                None => self.count(exchange, finding),
            }
        }
    }

    /// Notes that an exchange went well: what stood behind the same request before is gone.
    pub(super) fn went_well(&mut self, exchange: &Exchange) {
        let Some(request) = self.request(exchange) else { return };
        let began = exchange.outer().map_or(0, |half| half.times.started);
        for row in self.rows.values_mut().filter(|row| row.last < began && row.requests.contains(&request)) {
            row.state = CauseState::Gone;
        }
    }

    /// Forgets the rows, but not which causes are known.
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.dropped = 0;
    }

    /// Notes how far the proof of a cause's fix is. False if there is no such cause any more.
    pub(super) fn prove(&mut self, cause: &Cause, proving: Proving) -> bool {
        let Some(row) = self.rows.get_mut(cause) else { return false };
        proving.give(&mut row.finding);
        row.proving = Some(proving);
        true
    }

    /// Gives findings of causes with a proven fix what is known of it.
    pub(super) fn give_proofs(&self, findings: &mut [Finding]) {
        for finding in findings {
            if let Some(proving) = self.rows.get(&finding.cause()).and_then(|row| row.proving.as_ref()) {
                proving.give(finding);
            }
        }
    }

    /// Forgets what was proven: server or proxy are others now.
    pub(super) fn forget_proofs(&mut self) {
        self.rows.values_mut().for_each(|row| row.proving = None);
    }

    fn count(&mut self, exchange: &Exchange, finding: &Finding) {
        let cause = finding.cause();
        let began = exchange.outer().map_or(0, |half| half.times.started);
        let request = self.request(exchange);
        if self.rows.len() >= MOST && !self.rows.contains_key(&cause) {
            self.dropped += 1;
            return;
        }
        let state = if self.known.contains(&cause) { CauseState::Known } else { CauseState::New };
        let row = self.rows.entry(cause).or_insert_with(|| CauseRow {
            finding: finding.clone(),
            example: exchange.id,
            asked: Asked::of(exchange),
            count: 0,
            symptoms: BTreeMap::new(),
            first: began,
            last: began,
            state,
            proving: None,
            requests: Vec::new(),
        });
        row.count += 1;
        row.first = row.first.min(began);
        row.last = row.last.max(began);
        row.state = state;
        if let Some(request) = request.filter(|request| !row.requests.contains(request)) {
            if row.requests.len() >= REQUESTS {
                row.requests.remove(0);
            }
            row.requests.push(request);
        }
        if (finding.severity, finding.confidence) >= (row.finding.severity, row.finding.confidence) {
            row.finding = finding.clone();
            row.example = exchange.id;
            row.asked = Asked::of(exchange);
        }
    }

    fn forget_one(
        &mut self,
        finding: &Finding,
        all: &[Finding],
        cause_of: &impl Fn(ExchangeId, &'static str) -> Option<Cause>,
    ) {
        if let Some(cause) = symptom_of(finding, all, cause_of) {
            let Some(row) = self.rows.get_mut(&cause) else { return };
            if let Some(count) = row.symptoms.get_mut(finding.code) {
                *count = count.saturating_sub(1);
            }
            row.symptoms.retain(|_, count| *count > 0);
            return;
        }
        let cause = finding.cause();
        let Some(row) = self.rows.get_mut(&cause) else { return };
        row.count = row.count.saturating_sub(1);
        if row.count == 0 {
            self.rows.remove(&cause);
        }
    }

    /// What was asked for, as one number; `None` if nothing was.
    fn request(&self, exchange: &Exchange) -> Option<u64> {
        let head = &exchange.outer()?.request;
        Some(self.hashing.hash_one((head.method(), head.target(), head.get("host"))))
    }
}

/// The cause that a finding follows from, over as many steps as there are findings at most.
fn symptom_of(
    finding: &Finding,
    all: &[Finding],
    cause_of: &impl Fn(ExchangeId, &'static str) -> Option<Cause>,
) -> Option<Cause> {
    let mut above = finding;
    for _ in all {
        match above.follows.as_ref() {
            Some(Follows::Code(code)) => above = all.iter().find(|other| other.code == *code)?,
            Some(Follows::Exchange(id, code)) => {
                return cause_of(*id, code).or_else(|| Some(Cause { code, about: String::new() }));
            }
            None => break,
        }
    }
    (above.code != finding.code).then(|| above.cause())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{Confidence, Severity};
    use crate::exchange::{Sample, Side};

    fn exchange(id: u64, path: &str) -> Exchange {
        let request = format!("GET {path} HTTP/1.1\nHost: h");
        Sample::new(Side::Edge, &request).unwrap().with(|half| half.times.started = id).alone(id)
    }

    fn finding(code: &'static str, follows: Option<Follows>) -> Finding {
        Finding {
            code,
            title: "",
            severity: Severity::Error,
            why: String::new(),
            about: "/p".to_owned(),
            facts: Vec::new(),
            missing: None,
            fix: Vec::new(),
            not: None,
            confidence: Confidence::High,
            primary: follows.is_none(),
            follows,
        }
    }

    fn told(causes: &Causes) -> Vec<(&'static str, u64, u64, CauseState)> {
        let row = |row: &&CauseRow| (row.finding.code, row.count, row.symptoms.values().sum(), row.state);
        causes.rows().iter().map(row).collect()
    }

    #[test]
    fn a_thousand_requests_with_one_fault_are_one_row() {
        let mut causes = Causes::default();
        for id in 1..=1000 {
            let symptom = finding("RD03", Some(Follows::Code("PX07")));
            let now = [finding("PX07", None), symptom];
            causes.conclude(&exchange(id, &format!("/p/{id}")), &[], &now, |_, _| None);
        }
        assert_eq!(told(&causes), [("PX07", 1000, 1000, CauseState::New)]);
        let row = causes.rows()[0];
        assert_eq!((row.first, row.last, row.example, row.requests.len()), (1, 1000, ExchangeId(1000), REQUESTS));
    }

    #[test]
    fn what_is_concluded_anew_replaces_what_was() {
        let (mut causes, one) = (Causes::default(), exchange(1, "/p/a"));
        let (first, second) = ([finding("PX01", None)], [finding("PX02", None)]);
        causes.conclude(&one, &[], &first, |_, _| None);
        causes.conclude(&one, &first, &second, |_, _| None);
        assert_eq!(told(&causes), [("PX02", 1, 0, CauseState::New)]);
        causes.conclude(&one, &second, &[], |_, _| None);
        assert_eq!(told(&causes), []);
    }

    #[test]
    fn a_request_that_goes_well_again_takes_its_cause_away_until_it_is_back() {
        let mut causes = Causes::default();
        let now = [finding("PX01", None)];
        causes.conclude(&exchange(1, "/p/a"), &[], &now, |_, _| None);
        causes.went_well(&exchange(2, "/p/b"));
        assert_eq!(told(&causes)[0].3, CauseState::New, "another request");
        causes.went_well(&exchange(3, "/p/a"));
        assert_eq!(told(&causes)[0].3, CauseState::Gone);
        causes.mark(&now[0].cause(), true);
        causes.conclude(&exchange(4, "/p/a"), &[], &now, |_, _| None);
        assert_eq!(told(&causes)[0].3, CauseState::Known);
    }

    #[test]
    fn what_follows_from_a_known_cause_is_known() {
        let mut causes = Causes::default();
        let all = [finding("PX07", None), finding("RD03", Some(Follows::Code("PX07"))), finding("PX01", None)];
        causes.mark(&all[0].cause(), true);
        let known = |causes: &Causes| all.each_ref().map(|finding| causes.is_known(finding, &all, |_, _| None));
        assert_eq!(known(&causes), [true, true, false]);
        causes.conclude(&exchange(1, "/p/a"), &[], &all, |_, _| None);
        assert_eq!((causes.rows().len(), causes.open()), (2, 1));
        causes.mark(&all[0].cause(), false);
        assert_eq!((known(&causes), causes.open()), ([false; 3], 2));
    }

    #[test]
    fn causes_are_bounded_and_counted_beyond() {
        let mut causes = Causes::default();
        for id in 0..300 {
            let made_up = Finding { about: id.to_string(), ..finding("PX01", None) };
            causes.conclude(&exchange(id, "/"), &[], &[made_up], |_, _| None);
        }
        assert_eq!((causes.rows().len(), causes.dropped()), (MOST, 300 - MOST as u64));
    }
}
