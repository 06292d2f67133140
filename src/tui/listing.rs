//! The filtered, sorted list, kept up to date from what changed.
//!
//! Ten thousand entries may be in the store while two thousand a second arrive. So a sync only walks over ids and
//! revisions, and only what is new or changed is shown to the filter, a portion at a time, newest first: the keys stay
//! quick and the end of the list, where people look, is right at once.

use std::collections::HashMap;

use crate::diagnosis::Severity;
use crate::exchange::{ExchangeId, Half};
use crate::lanes::{self, Setup};
use crate::store::{Entry, Filter, Store};

/// The order of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sort {
    /// Oldest first.
    #[default]
    Time,
    /// Slowest first.
    Slowest,
    /// Highest status first.
    Status,
    /// Worst finding first.
    Worst,
}

impl Sort {
    /// What the list's title says.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Slowest => "slowest",
            Self::Status => "status",
            Self::Worst => "worst",
        }
    }

    /// The one after this, round and round.
    pub(super) const fn next(self) -> Self {
        match self {
            Self::Time => Self::Slowest,
            Self::Slowest => Self::Status,
            Self::Status => Self::Worst,
            Self::Worst => Self::Time,
        }
    }

    /// The larger, the further up.
    fn key(self, entry: &Entry) -> u64 {
        match self {
            Self::Time => 0,
            Self::Slowest => entry.exchange.outer().map_or(0, |half| half.times.ended),
            Self::Status => entry.exchange.outer().and_then(Half::status).map_or(0, u64::from),
            Self::Worst => entry.findings.first().map_or(0, |finding| {
                let badness = match finding.severity {
                    Severity::Error => 6,
                    Severity::Warn => 4,
                    Severity::Note => 2,
                };
                badness + u64::from(finding.primary)
            }),
        }
    }
}

/// What is remembered of an entry of the store.
#[derive(Clone, Copy, Debug)]
struct Known {
    id: ExchangeId,
    revision: u64,
    /// What the filter said; `None` until it was asked.
    passes: Option<bool>,
    found: bool,
    key: u64,
}

/// One line of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) id: ExchangeId,
    /// True if it has a finding.
    pub(super) found: bool,
}

/// The list.
#[derive(Debug)]
pub(super) struct Listing {
    /// One for each entry of the store, in its order.
    known: Vec<Known>,
    /// The other buffer, so that a sync allocates nothing.
    spare: Vec<Known>,
    /// Entries the filter has yet to see, oldest first.
    waiting: Vec<Entry>,
    shown: Vec<Shown>,
    revision: u64,
    filter: Option<Filter>,
    sort: Sort,
}

impl Listing {
    /// An empty list.
    pub(super) fn new(filter: Option<Filter>) -> Self {
        Self {
            known: Vec::new(),
            spare: Vec::new(),
            waiting: Vec::new(),
            shown: Vec::new(),
            revision: 0,
            filter,
            sort: Sort::default(),
        }
    }

    /// What is shown, top to bottom.
    pub(super) fn shown(&self) -> &[Shown] {
        &self.shown
    }

    /// The text of the filter in force.
    pub(super) fn filter_text(&self) -> &str {
        self.filter.as_ref().map_or("", Filter::text)
    }

    /// How many entries there are, shown or not.
    pub(super) fn total(&self) -> usize {
        self.known.len()
    }

    /// The order in force.
    pub(super) fn sort(&self) -> Sort {
        self.sort
    }

    /// How many entries the filter has yet to see.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Changes the filter, `None` showing everything; takes effect with the next sync.
    pub(super) fn set_filter(&mut self, filter: Option<Filter>) {
        self.filter = filter;
        self.revision = 0;
    }

    /// Changes the order; takes effect with the next sync.
    pub(super) fn set_sort(&mut self, sort: Sort) {
        self.sort = sort;
        self.revision = 0;
    }

    /// Takes over what changed in the store since last time. Cheap: called under the store's lock.
    ///
    /// Relies on one thing only: an entry whose revision is not newer than the last sync is one we know, and such entries
    /// keep their order. So whatever of `known` stands before it, and was not met, is gone.
    pub(super) fn sync(&mut self, store: &Store) {
        let everything = self.filter.is_none();
        let anew = self.revision == 0;
        if anew {
            self.waiting.clear();
        }
        std::mem::swap(&mut self.known, &mut self.spare);
        self.known.clear();
        let mut old = self.spare.iter().peekable();
        for entry in store.entries() {
            let id = entry.exchange.id;
            if entry.revision <= self.revision
                && let Some(known) = old.by_ref().find(|known| known.id == id)
            {
                self.known.push(*known);
                continue;
            }
            let before = old.next_if(|known| known.id == id);
            let passes = if everything { Some(true) } else { before.filter(|_| !anew).and_then(|known| known.passes) };
            self.known.push(Known {
                id,
                revision: entry.revision,
                passes,
                found: !entry.findings.is_empty(),
                key: self.sort.key(entry),
            });
            if !everything {
                self.waiting.push(entry.clone());
            }
        }
        self.revision = store.revision();
        self.drop_outdated();
    }

    /// Forgets waiting entries that have changed since or are gone, so that they can never outnumber the store.
    fn drop_outdated(&mut self) {
        if self.waiting.len() > self.known.len() {
            let current: HashMap<_, _> = self.known.iter().map(|known| (known.id, known.revision)).collect();
            self.waiting.retain(|entry| current.get(&entry.exchange.id) == Some(&entry.revision));
        }
    }

    /// Shows at most `portion` waiting entries to the filter, newest first, then makes the list.
    pub(super) fn judge(&mut self, portion: usize, setup: &Setup) {
        let start = self.waiting.len().saturating_sub(portion);
        // An entry that changed twice waits twice: a verdict counts only for the state it was made on.
        let verdicts: HashMap<(ExchangeId, u64), bool> = self
            .waiting
            .drain(start..)
            .map(|entry| {
                let lanes = lanes::compute(&entry.exchange, setup);
                let passes = self.filter.as_ref().is_none_or(|filter| filter.matches(&entry, &lanes));
                ((entry.exchange.id, entry.revision), passes)
            })
            .collect();
        let mut left = verdicts.len();
        for known in self.known.iter_mut().rev() {
            if left == 0 {
                break;
            }
            if let Some(passes) = verdicts.get(&(known.id, known.revision)) {
                known.passes = Some(*passes);
                left -= 1;
            }
        }
        self.arrange();
    }

    fn arrange(&mut self) {
        self.shown.clear();
        let passing = self.known.iter().filter(|known| known.passes == Some(true));
        if self.sort == Sort::Time {
            self.shown.extend(passing.map(|known| Shown { id: known.id, found: known.found }));
        } else {
            self.spare.clear();
            self.spare.extend(passing);
            self.spare.sort_by_key(|known| std::cmp::Reverse(known.key));
            self.shown.extend(self.spare.iter().map(|known| Shown { id: known.id, found: known.found }));
            self.spare.clear();
        }
    }
}
