//! What is kept of a proof: how far it is, and what came of it. A fix that is proven for a cause is so for all its requests.

use std::sync::Arc;

use super::{Store, touch};
use crate::diagnosis::{Cause, Change, Finding, Standing};
use crate::remedy::proof::Proof;

/// The proof of a cause's fix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proving {
    /// Which fix: its changes.
    pub changes: Vec<Change>,
    /// How far it is.
    pub state: ProofState,
}

/// How far a proof is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofState {
    /// So many requests have been sent.
    Running(usize),
    /// It could not be tried, a sentence.
    Failed(String),
    /// It was tried.
    Done(Arc<Proof>),
}

impl Proving {
    /// True once nothing more comes.
    pub const fn is_over(&self) -> bool {
        !matches!(self.state, ProofState::Running(_))
    }

    /// In a few words, for a line of notices.
    pub fn said(&self) -> String {
        match &self.state {
            ProofState::Running(sent) => format!("proving: {sent} requests sent"),
            ProofState::Failed(why) => format!("not tried: {why}"),
            ProofState::Done(proof) => match &proof.outcome {
                Ok(trial) => format!("proven: {}", trial.said()),
                Err(why) => format!("not proven: {why}"),
            },
        }
    }

    /// Sets the standing of the fix that was proven.
    pub(super) fn give(&self, finding: &mut Finding) {
        let ProofState::Done(proof) = &self.state else { return };
        let Ok(trial) = &proof.outcome else { return };
        let same = finding.fix.iter_mut().find(|fix| !fix.changes.is_empty() && fix.changes == self.changes);
        if let Some(fix) = same {
            fix.standing = Standing::Proven(trial.clone());
        }
    }
}

impl Store {
    /// Notes how far the proof of a cause's fix is, on the cause and on all its requests. Nothing happens if there is no such
    /// cause any more.
    pub fn prove_cause(&mut self, cause: &Cause, proving: Proving) {
        self.revision += 1;
        let proven = proving.is_over();
        if !self.causes.prove(cause, proving) || !proven {
            return;
        }
        let mut changed = Vec::new();
        for slot in &mut self.slots {
            if slot.entry.findings.iter().all(|finding| finding.cause() != *cause) {
                continue;
            }
            let mut findings = slot.entry.findings.to_vec();
            self.causes.give_proofs(&mut findings);
            slot.entry.findings = findings.into();
            touch(&mut slot.entry, self.revision, &mut changed);
        }
    }
}
