//! The dashboard's `x`: the first fix of a cause, proven in the background with recorded requests.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError};

use super::engine::{SharedStore, Teller};
use crate::diagnosis::{Cause, Finding};
use crate::exchange::{Exchange, Half};
use crate::lanes::Setup;
use crate::probe::prove::send;
use crate::remedy::proof::{Claim, MOST_SENT, hindrance, is_harmless, prove};
use crate::store::{Entry, ProofState, Proving, Store};

/// What a proof needs, copied out of the store.
struct Matter {
    cause: Cause,
    finding: Finding,
    found: Arc<[Finding]>,
    exchange: Arc<Exchange>,
    others: Vec<Arc<Exchange>>,
    setup: Arc<Setup>,
    /// Where the app's server is.
    app: SocketAddr,
}

/// Starts the proof in a thread of its own, which tells the store how far it is. Gives what is being done, a sentence.
///
/// # Errors
/// A sentence that says why it cannot be proven here.
pub(super) fn start(cause: &Cause, store: &SharedStore, teller: &Arc<Teller>) -> Result<String, String> {
    let matter = Matter::of(cause, &store.read().unwrap_or_else(PoisonError::into_inner))?;
    let said = format!("proving with {} requests to {}", matter.others.len() + 1, matter.app);
    let teller = Arc::clone(teller);
    let thread = std::thread::Builder::new().name("hopscope-prove".to_owned()).spawn(move || matter.prove(&teller));
    thread.map(|_| said).map_err(|error| format!("cannot start the proof: {error}"))
}

impl Matter {
    fn of(cause: &Cause, store: &Store) -> Result<Self, String> {
        let has = |entry: &&Entry| entry.findings.iter().any(|finding| finding.cause() == *cause);
        let harmless =
            || store.entries().rev().filter(|entry| entry.exchange.is_finished() && is_harmless(&entry.exchange));
        let entry = harmless().find(has).ok_or("no GET or HEAD request of this cause is kept: others are not sent")?;
        let finding = entry.findings.iter().find(|finding| finding.cause() == *cause);
        let finding = finding.ok_or("the cause is gone")?.clone();
        let fix = finding.first_to_try().ok_or("it has no fix that can be tried")?;
        if let Some(why) = hindrance(fix, false) {
            return Err(why.to_owned());
        }
        let at_app = |entry: &Entry| entry.exchange.app.as_deref().and_then(|half| half.upstream);
        let (app, _) = at_app(entry)
            .or_else(|| store.entries().rev().find_map(at_app))
            .ok_or("no request was seen to come to the app: where it is, is not known")?;
        // Those of the same cause first, then healthy ones; of what is asked for twice the newest.
        let mut known = HashSet::new();
        let mut is_new = |entry: &&Entry| {
            let head = entry.exchange.outer().map(|half| &half.request);
            head.is_some_and(|head| known.insert((head.method().to_vec(), head.target().to_vec())))
        };
        is_new(&entry);
        let alike = harmless().filter(has).filter(&mut is_new).take(MOST_SENT / 2).map(|entry| &entry.exchange);
        let mut others: Vec<Arc<Exchange>> = alike.cloned().collect();
        let healthy = harmless().filter(|entry| entry.findings.is_empty()).filter(&mut is_new);
        others.extend(healthy.take(MOST_SENT - 1 - others.len()).map(|entry| Arc::clone(&entry.exchange)));
        Ok(Self {
            cause: cause.clone(),
            found: Arc::clone(&entry.findings),
            exchange: Arc::clone(&entry.exchange),
            setup: Arc::clone(store.setup()),
            finding,
            others,
            app,
        })
    }

    fn prove(self, teller: &Teller) {
        let Some(fix) = self.finding.first_to_try() else { return };
        let tell = |state| {
            let proving = Proving { changes: fix.changes.clone(), state };
            teller.tell(|store| store.prove_cause(&self.cause, proving));
        };
        let claim = Claim {
            finding: &self.finding,
            found: &self.found,
            fix,
            exchange: &self.exchange,
            others: &self.others,
            setup: &self.setup,
        };
        let mut sent = 0;
        let proof = prove(&claim, &mut |_, half: &Half| {
            tell(ProofState::Running(sent));
            sent += 1;
            send(half, self.app).map_err(|error| error.to_string())
        });
        tell(match proof {
            Ok(proof) => ProofState::Done(Arc::new(proof)),
            Err(why) => ProofState::Failed(why),
        });
    }
}
