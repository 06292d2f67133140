//! LIVE: the handle that the data path holds, and the recorder at the other end of the channel.
//!
//! This room exists so that observing can never slow down what is observed: a place is reserved before anything is kept,
//! a full channel costs one counter, and nothing here ever waits for a reader. What is lost is counted, by kind.
//!
//! ```text
//! data path: begin() ─ reserve a place ─▶ body pieces copied up to the cap ─▶ finish()
//!                                                                                │ bounded channel
//! recorder thread:                        sink(batch, losses) ◀─ many at once ─┘
//! ```

mod body;
mod recorder;

pub use body::BodyCapture;
pub use recorder::Recorder;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use tokio::sync::mpsc::{self, OwnedPermit};

use crate::exchange::Half;

/// Ties the two halves of an exchange together across the proxy between the taps; also the value of the id header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PairId(pub u64);

/// What one listener observed of one exchange. A long one is sent several times, the last time with no open half.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The same for every observation of the same exchange by the same listener; unique within a run.
    pub key: u64,
    /// The id that was added (edge) or found (app); `None` if there is no partner to expect, or it was lost between.
    pub pair: Option<PairId>,
    /// What the client's side saw.
    pub edge: Option<Box<Half>>,
    /// What the app's side saw. The stand-in gives both.
    pub app: Option<Box<Half>>,
}

impl Observed {
    fn body_bytes(&self) -> usize {
        // The stand-in's two halves share their bodies; counting one half counts them all.
        let half = self.edge.as_deref().or(self.app.as_deref());
        half.map_or(0, |half| half.request_body.kept.len() + half.response_body.kept.len())
    }
}

/// What was not recorded, counted since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// Exchanges that passed unrecorded because the recorder was behind.
    pub exchanges: u64,
    /// Bodies kept shorter than allowed because the recorder was behind.
    pub bodies: u64,
    /// Exchanges that passed unrecorded because recording was paused.
    pub paused: u64,
}

/// Bounds of what may wait between the data path and the recorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Exchanges in flight or waiting, at most.
    pub exchanges: usize,
    /// Bytes of bodies in flight or waiting, at most; beyond it bodies are not kept.
    pub body_bytes: usize,
    /// Bytes kept of one body, at most.
    pub body_cap: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { exchanges: 8192, body_bytes: 8 << 20, body_cap: 64 << 10 }
    }
}

/// State that both ends of the channel count in.
#[derive(Debug, Default)]
struct Ledger {
    lost_exchanges: AtomicU64,
    cut_bodies: AtomicU64,
    paused_exchanges: AtomicU64,
    body_bytes: AtomicUsize,
    paused: AtomicBool,
    next_key: AtomicU64,
}

impl Ledger {
    fn losses(&self) -> Losses {
        Losses {
            exchanges: self.lost_exchanges.load(Ordering::Relaxed),
            bodies: self.cut_bodies.load(Ordering::Relaxed),
            paused: self.paused_exchanges.load(Ordering::Relaxed),
        }
    }
}

/// The data path's end: cheap to clone, never waits.
#[derive(Clone, Debug)]
pub struct Capture {
    sender: mpsc::Sender<Observed>,
    ledger: Arc<Ledger>,
    bounds: Bounds,
}

/// A reserved place in the channel: what is finished with it cannot be lost.
#[derive(Debug)]
pub struct Place {
    permit: OwnedPermit<Observed>,
    capture: Capture,
    key: u64,
}

/// Pauses and resumes recording; traffic goes on either way.
#[derive(Clone, Debug)]
pub struct PauseSwitch {
    ledger: Arc<Ledger>,
}

impl PauseSwitch {
    /// Pauses (`true`) or resumes.
    pub fn set(&self, paused: bool) {
        self.ledger.paused.store(paused, Ordering::Relaxed);
    }
}

/// The two ends of a channel with these bounds.
pub fn channel(bounds: Bounds) -> (Capture, Recorder) {
    let (sender, receiver) = mpsc::channel(bounds.exchanges.max(1));
    let ledger = Arc::new(Ledger::default());
    (Capture { sender, ledger: Arc::clone(&ledger), bounds }, Recorder::new(receiver, ledger))
}

impl Capture {
    /// Reserves a place for one exchange, or counts why there is none: the exchange then passes unrecorded.
    pub fn begin(&self) -> Option<Place> {
        if self.ledger.paused.load(Ordering::Relaxed) {
            self.ledger.paused_exchanges.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let Ok(permit) = self.sender.clone().try_reserve_owned() else {
            self.ledger.lost_exchanges.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        let key = self.ledger.next_key.fetch_add(1, Ordering::Relaxed) + 1;
        Some(Place { permit, capture: self.clone(), key })
    }

    /// The switch that pauses recording.
    pub fn pause_switch(&self) -> PauseSwitch {
        PauseSwitch { ledger: Arc::clone(&self.ledger) }
    }
}

impl Place {
    /// The key that every observation of this exchange carries.
    pub fn key(&self) -> u64 {
        self.key
    }

    /// A capture for one body of this exchange; `length` is its length where known.
    pub fn body(&self, length: Option<u64>) -> BodyCapture {
        BodyCapture::new(&self.capture.ledger, self.capture.bounds, length)
    }

    /// Sends a snapshot of an exchange that goes on. Skipped without loss when the recorder is behind, because the end
    /// tells all: a snapshot takes none of the last places and no memory beyond the bounds, those are for endings.
    pub fn update(&self, snapshot: impl FnOnce() -> Observed) {
        let Capture { sender, ledger, bounds } = &self.capture;
        let behind = sender.capacity() < sender.max_capacity() / 2
            || ledger.body_bytes.load(Ordering::Relaxed) >= bounds.body_bytes;
        if behind {
            return;
        }
        if let Ok(permit) = sender.try_reserve() {
            let observed = snapshot();
            // The snapshot's copies of bodies are the recorder's to give back, like any other.
            ledger.body_bytes.fetch_add(observed.body_bytes(), Ordering::Relaxed);
            permit.send(observed);
        }
    }

    /// Sends the whole exchange into the reserved place.
    pub fn finish(self, observed: Observed) {
        self.permit.send(observed);
    }
}

#[cfg(test)]
mod tests;
