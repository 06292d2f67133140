//! The fixes of several causes in the proxy's files at once.
//!
//! This file exists because each fix is tried on the set-up as it is. Where they are written together, a later one meets
//! files that have changed meanwhile, and what mended alone must still mend beside the others.
//!
//! ```text
//! files ─▶ with fix A ─▶ with A and B ─▶ …   after each: are the requests of all of them mended? if not, without this one
//! ```

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::applied::Fixed;
use super::replay::replay;
use super::seen::Seen;
use crate::diagnosis::{Change, Finding, Fix};
use crate::exchange::Exchange;
use crate::gateway::Gateway;
use crate::lanes::Setup;

/// A fix that is to be made.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// What it mends.
    pub finding: &'a Finding,
    /// The fix.
    pub fix: &'a Fix,
    /// A request that shows it.
    pub exchange: &'a Arc<Exchange>,
}

/// What is left of several fixes when they are made together.
#[derive(Clone, Debug)]
pub struct Together {
    /// The proxy with its files changed.
    pub gateway: Gateway,
    /// The files that changed.
    pub files: BTreeSet<Arc<Path>>,
    /// Which fixes are in them, by their places in what was wanted.
    pub made: Vec<usize>,
    /// Which fixes would change files and are not in them: beside the others they do not mend, or cannot be written.
    pub left: Vec<usize>,
}

/// Makes the fixes one after another, in this order, each only if all that were made so far still mend. `None` if none of them
/// changes the proxy's files.
pub fn together(wanted: &[Wanted<'_>], setup: &Setup) -> Option<Together> {
    let mut learning = setup.clone();
    let seen: Vec<Seen> = wanted.iter().map(|one| Seen::new(one.exchange, &mut learning)).collect();
    let (mut made, mut left) = (Vec::new(), Vec::new());
    let mut files = BTreeSet::new();
    let mut so_far: Option<(Fixed, Vec<Change>)> = None;
    for (index, one) in wanted.iter().enumerate() {
        let Some(alone) = amended(Fixed::new(&one.fix.changes, one.exchange, setup)) else { continue };
        let next = match &so_far {
            None => Some(alone),
            Some((before, done)) => {
                let new: Vec<Change> = one.fix.changes.iter().filter(|new| !done.contains(new)).cloned().collect();
                amended(before.and(&new, one.exchange))
            }
        };
        let mends = |fixed: &Fixed, index: usize| {
            let again = seen.get(index).and_then(|subject| replay(subject, setup, fixed, &seen));
            let code = wanted.get(index).map(|one| one.finding.code);
            again.is_some_and(|again| again.findings.iter().all(|finding| Some(finding.code) != code))
        };
        // What mends alone needs no second look; the models may know less of it than the app that proved it.
        let all_mend = |next: &Fixed| made.is_empty() || made.iter().chain([&index]).all(|made| mends(next, *made));
        let Some(next) = next.filter(all_mend) else {
            left.push(index);
            continue;
        };
        files.extend(next.amended.iter().flat_map(|amended| &amended.edits).map(|edit| Arc::clone(&edit.place.file)));
        let mut done = so_far.map(|(_, done)| done).unwrap_or_default();
        done.extend(one.fix.changes.iter().cloned());
        so_far = Some((next, done));
        made.push(index);
    }
    let gateway = so_far?.0.amended?.gateway;
    Some(Together { gateway, files, made, left })
}

/// What changes files of the proxy.
fn amended(fixed: Result<Fixed, String>) -> Option<Fixed> {
    fixed.ok().filter(|fixed| fixed.amended.as_ref().is_some_and(|amended| !amended.edits.is_empty()))
}
