//! CONCLUSIONS: from candidates to fixes that were tried.
//!
//! This room exists so that no fix is printed that does not help. What the rules suggest, and a small search beside them, is
//! applied to the models of proxy, server and app; the broken request and the session's recent ones are thought through
//! again; and only what mends the broken and breaks none is left, the smallest change first.
//!
//! ```text
//! finding + candidates ─▶ set-up with a candidate applied ─▶ recent requests again ─▶ lanes, findings ─▶ mended? broken?
//! ```

mod after;
mod applied;
mod by_hand;
mod candidates;
mod diff;
mod location;
mod paper;
pub mod proof;
mod proxy_words;
mod recent;
mod replay;
mod search;
mod seen;
mod together;
mod wording;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

pub use after::After;
pub use applied::Fixed;
pub use paper::{mend_pair, mend_run};
pub use together::{Together, Wanted, together};

use crate::diagnosis::{Cause, Finding, Follows};
use crate::exchange::Exchange;
use crate::lanes::Setup;
use recent::Recent;
use search::Found;

/// Causes whose fixes are looked for, until something is learned of the set-up.
const MOST_CAUSES: usize = 256;
/// How many of them may have the same code: what a cause is about may come from requests, and a search takes as long as a
/// hundred of these.
const MOST_OF_A_CODE: usize = 32;

/// The session's recent requests, and the fixes that were found for its causes.
#[derive(Debug, Default)]
pub struct Remedies {
    recent: Recent,
    /// What was found for a cause and the candidates of its rule, and how many shapes of requests had been seen by then:
    /// with twice as many it is worth looking again.
    found: HashMap<(Cause, u64), (Found, usize)>,
}

impl Remedies {
    /// Remembers a finished request, to try fixes on.
    pub fn remember(&mut self, exchange: &Arc<Exchange>) {
        self.recent.remember(exchange);
    }

    /// Tries the candidates of an exchange's findings, and puts what is left of them in their place. A cause is searched
    /// once; its other requests get what was found. Where there are too many causes, the fixes of those that come last are
    /// told as their rules word them, untried.
    pub fn mend(&mut self, findings: &mut [Finding], exchange: &Arc<Exchange>, setup: &Setup) {
        let codes: Vec<&'static str> = findings.iter().map(|finding| finding.code).collect();
        for finding in findings {
            if matches!(finding.follows, Some(Follows::Exchange(..))) {
                continue;
            }
            let key = (finding.cause(), candidates(finding));
            let shapes = self.recent.shapes();
            match self.found.get(&key) {
                Some((found, searched)) if shapes < 2 * (*searched).max(1) => finding.fix = found.fixes(finding),
                None if !self.has_room(finding.code) => self.spare(finding, &key.0),
                _ => {
                    let found = search::search(finding, &codes, exchange, setup, &self.recent);
                    finding.fix = found.fixes(finding);
                    self.found.insert(key, (found, shapes));
                }
            }
        }
    }

    /// True if a cause more of this code may be searched.
    fn has_room(&self, code: &str) -> bool {
        let alike = self.found.keys().filter(|(cause, _)| cause.code == code).count();
        self.found.len() < MOST_CAUSES && alike < MOST_OF_A_CODE
    }

    /// Gives a finding its fixes without a search: those found for its cause by other candidates, or what its rule says.
    fn spare(&self, finding: &mut Finding, cause: &Cause) {
        match self.found.iter().find(|((known, _), _)| known == cause) {
            Some((_, (found, _))) => finding.fix = found.fixes(finding),
            None => finding.fix.retain(|fix| !fix.line.is_empty()),
        }
    }

    /// What becomes of an exchange with the first fix of every cause that it shows; `None` if none of them was found to help,
    /// or the models do not know.
    pub fn after_all(&self, findings: &[Finding], exchange: &Arc<Exchange>, setup: &Setup) -> Option<After> {
        after::all(findings, exchange, setup, &self.recent)
    }

    /// Forgets what was found: what is known of the set-up has changed.
    pub fn forget(&mut self) {
        self.found.clear();
    }
}

/// What the rule suggests, to be compared: a cause that is said of two prefixes has two fixes.
fn candidates(finding: &Finding) -> u64 {
    let mut hasher = DefaultHasher::new();
    for fix in finding.fix.iter().filter(|fix| !fix.changes.is_empty()) {
        fix.changes.hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests;
