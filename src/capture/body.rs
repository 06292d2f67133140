//! Keeping the first bytes of a body while it passes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::{Bounds, Ledger};
use crate::exchange::{Body, Cut, Framing};

/// Copies a body's first bytes, up to a cap and up to what the channel may hold in all.
#[derive(Debug)]
pub struct BodyCapture {
    kept: Vec<u8>,
    total: u64,
    cut: Cut,
    expected: usize,
    bounds: Bounds,
    ledger: Arc<Ledger>,
}

impl BodyCapture {
    pub(super) fn new(ledger: &Arc<Ledger>, bounds: Bounds, length: Option<u64>) -> Self {
        let expected = length.map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX).min(bounds.body_cap));
        Self { kept: Vec::new(), total: 0, cut: Cut::No, expected, bounds, ledger: Arc::clone(ledger) }
    }

    /// Takes note of payload bytes that passed.
    pub fn pass(&mut self, payload: &[u8]) {
        self.total += payload.len() as u64;
        if self.cut != Cut::No || payload.is_empty() {
            return;
        }
        let room = self.bounds.body_cap.saturating_sub(self.kept.len());
        let Some(piece) = payload.get(..payload.len().min(room)) else { return };
        let waiting = self.ledger.body_bytes.load(Ordering::Relaxed);
        if waiting.saturating_add(piece.len()) > self.bounds.body_bytes {
            self.cut = Cut::Behind;
            self.ledger.cut_bodies.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if self.kept.is_empty() {
            // One allocation of the right size where the length is known: no growing, no slack in the store.
            self.kept.reserve_exact(self.expected.max(piece.len()));
        }
        self.kept.extend_from_slice(piece);
        self.ledger.body_bytes.fetch_add(piece.len(), Ordering::Relaxed);
        if piece.len() < payload.len() {
            self.cut = Cut::AtCap;
        }
    }

    /// The body so far; this goes on capturing.
    pub fn snapshot(&self, framing: Framing) -> Body {
        Body {
            kept: Bytes::copy_from_slice(&self.kept),
            total: self.total,
            cut: self.cut,
            framing,
            trailers: Box::default(),
        }
    }

    /// The body as it ended.
    pub fn finish(&mut self, framing: Framing, trailers: &[u8]) -> Body {
        let mut kept = std::mem::take(&mut self.kept);
        kept.shrink_to_fit();
        Body { kept: kept.into(), total: self.total, cut: self.cut, framing, trailers: trailers.into() }
    }
}

impl Drop for BodyCapture {
    fn drop(&mut self) {
        // What was never finished is never seen by the recorder, so it is given back here.
        self.ledger.body_bytes.fetch_sub(self.kept.len(), Ordering::Relaxed);
    }
}
