//! The reading end: one thread that takes what was observed, many at a time.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::mpsc;

use super::{Ledger, Losses, Observed};

/// How many observations are taken at once. What a batch holds is on top of the store's bound until the next one.
const BATCH: usize = 128;
/// How long the next batch may gather: the data path then wakes the recorder a few hundred times a second at most, and not
/// for every exchange. What comes after a pause is taken at once.
const GATHER: Duration = Duration::from_millis(4);

/// The reading end of the channel.
#[derive(Debug)]
pub struct Recorder {
    receiver: mpsc::Receiver<Observed>,
    ledger: Arc<Ledger>,
}

impl Recorder {
    pub(super) fn new(receiver: mpsc::Receiver<Observed>, ledger: Arc<Ledger>) -> Self {
        Self { receiver, ledger }
    }

    /// Hands every batch to `sink`, with the losses so far, until the data path is gone or `sink` answers `false`. At the
    /// data path's end an empty batch tells the last losses. Blocks; must not be called on an async runtime's thread.
    pub fn run(mut self, mut sink: impl FnMut(Vec<Observed>, Losses) -> bool) {
        loop {
            let mut batch = Vec::new();
            if self.receiver.blocking_recv_many(&mut batch, BATCH) == 0 {
                sink(batch, self.ledger.losses());
                return;
            }
            let (taken, bytes) = (batch.len(), batch.iter().map(Observed::body_bytes).sum());
            if !sink(batch, self.ledger.losses()) {
                return;
            }
            self.ledger.body_bytes.fetch_sub(bytes, Ordering::Relaxed);
            if taken < BATCH {
                std::thread::sleep(GATHER);
            }
        }
    }
}
