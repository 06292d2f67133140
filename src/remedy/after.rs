//! What becomes of a request once all that is wrong with it is mended.
//!
//! This file exists because each fix is judged for its own cause alone: a redirect that has the wrong host and the wrong
//! scheme is right only with both.

use std::sync::Arc;

use super::applied::Fixed;
use super::recent::Recent;
use super::replay::replay;
use super::search::others;
use super::seen::Seen;
use crate::diagnosis::{Change, Finding, Fix, Standing};
use crate::exchange::Exchange;
use crate::lanes::Setup;

/// A request after all fixes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    /// The codes of the findings whose fixes were made, causes first.
    pub codes: Vec<&'static str>,
    /// What was changed, each change once.
    pub changes: Vec<Change>,
    /// The status that the client gets; `None` if it is not known.
    pub status: Option<u16>,
    /// `Location` as the client gets it.
    pub location: Option<Vec<u8>>,
    /// The codes of what is still wrong.
    pub left: Vec<&'static str>,
}

/// With the first fix of every finding that follows from no other.
pub(super) fn all(findings: &[Finding], exchange: &Arc<Exchange>, setup: &Setup, recent: &Recent) -> Option<After> {
    let causes = findings.iter().filter(|finding| finding.follows.is_none());
    let helps = |fix: &&Fix| matches!(fix.standing, Standing::Predicted(_) | Standing::Proven(_));
    let (mut codes, mut changes) = (Vec::new(), Vec::<Change>::new());
    for (finding, fix) in causes.filter_map(|finding| Some((finding, finding.fix.iter().find(helps)?))) {
        codes.push(finding.code);
        for change in &fix.changes {
            if !changes.contains(change) {
                changes.push(change.clone());
            }
        }
    }
    if changes.is_empty() {
        return None;
    }
    let mut learning = setup.clone();
    let seen = Seen::new(exchange, &mut learning);
    let fixed = Fixed::new(&changes, exchange, setup).ok()?;
    let again = replay(&seen, setup, &fixed, &others(&seen, recent, setup, &mut learning))?;
    Some(After {
        codes,
        changes,
        status: again.status,
        location: again.lanes.answer.location.filter(|_| again.status.is_some()),
        left: again.findings.iter().map(|finding| finding.code).collect(),
    })
}
