//! CONCLUSIONS: from candidates to fixes that were tried.
//!
//! This room exists so that no fix is printed that does not help. What the rules suggest, and a small search beside them, is
//! applied to the models of proxy, server and app; the broken request and the session's recent ones are thought through
//! again; and only what mends the broken and breaks none is left, the smallest change first.
//!
//! ```text
//! finding + candidates ─▶ set-up with a candidate applied ─▶ recent requests again ─▶ lanes, findings ─▶ mended? broken?
//! ```

mod applied;
mod by_hand;
mod candidates;
mod diff;
mod location;
mod proxy_words;
mod recent;
mod replay;
mod search;
mod seen;
mod wording;

use std::collections::HashMap;
use std::sync::Arc;

pub use applied::Fixed;

use crate::diagnosis::{Cause, Finding, Fix, Follows};
use crate::exchange::Exchange;
use crate::lanes::Setup;
use recent::Recent;

/// Causes whose fixes are remembered; beyond it all are looked for again.
const MOST_CAUSES: usize = 256;

/// The session's recent requests, and the fixes that were found for its causes.
#[derive(Debug, Default)]
pub struct Remedies {
    recent: Recent,
    found: HashMap<Cause, Found>,
}

/// What was found for a cause.
#[derive(Debug)]
struct Found {
    fixes: Vec<Fix>,
    /// Shapes of requests that had been seen by then: with twice as many it is worth looking again.
    shapes: usize,
}

impl Remedies {
    /// Remembers a finished request, to try fixes on.
    pub fn remember(&mut self, exchange: &Arc<Exchange>) {
        self.recent.remember(exchange);
    }

    /// Tries the candidates of an exchange's findings, and puts what is left of them in their place. A cause is searched
    /// once; its other requests get what was found.
    pub fn mend(&mut self, findings: &mut [Finding], exchange: &Arc<Exchange>, setup: &Setup) {
        for finding in findings {
            if matches!(finding.follows, Some(Follows::Exchange(..))) {
                continue;
            }
            let cause = finding.cause();
            let shapes = self.recent.shapes();
            if let Some(found) = self.found.get(&cause).filter(|found| shapes < 2 * found.shapes.max(1)) {
                finding.fix.clone_from(&found.fixes);
                continue;
            }
            finding.fix = search::search(finding, exchange, setup, &self.recent);
            if self.found.len() == MOST_CAUSES {
                self.found.clear();
            }
            self.found.insert(cause, Found { fixes: finding.fix.clone(), shapes });
        }
    }

    /// Forgets what was found: what is known of the set-up has changed.
    pub fn forget(&mut self) {
        self.found.clear();
    }
}
