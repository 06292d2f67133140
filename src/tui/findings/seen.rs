//! What the Findings page shows, copied out of the store.

use super::Findings;
use crate::store::{CauseRow, Store};

/// The causes.
#[derive(Debug, Default)]
pub(in crate::tui) struct FindingsSeen {
    /// In the order of the store: those that are not gone first, then the worst first.
    pub(in crate::tui) rows: Vec<CauseRow>,
    /// Where the chosen one stands.
    pub(in crate::tui) cursor: usize,
    /// Causes that found no room.
    pub(in crate::tui) dropped: u64,
    /// The store's revision that this is of.
    of: Option<u64>,
}

impl FindingsSeen {
    /// Brings it up to date.
    pub(in crate::tui) fn refresh(&mut self, store: &Store, asked: &Findings) {
        let of = Some(store.revision());
        if self.of != of {
            self.of = of;
            self.rows = store.causes().into_iter().cloned().collect();
            self.dropped = store.causes_dropped();
        }
        let last = self.rows.len().saturating_sub(1);
        let is_chosen = |row: &CauseRow| asked.cause.as_ref().is_some_and(|cause| row.finding.cause() == *cause);
        self.cursor = match &asked.cause {
            None => 0,
            // One that is gone from the list leaves its place to the next.
            Some(_) => self.rows.iter().position(is_chosen).unwrap_or(self.cursor.min(last)),
        };
    }

    /// The chosen one.
    pub(in crate::tui) fn chosen(&self) -> Option<&CauseRow> {
        self.rows.get(self.cursor)
    }
}
