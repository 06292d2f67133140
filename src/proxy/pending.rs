//! Bytes to be written, and how far they have been.

use std::io;

use super::socket::Socket;

/// What goes out before the body at hand: heads, and bodies that had to be written anew.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub bytes: Vec<u8>,
    written: usize,
}

impl Pending {
    /// Nothing yet, in a buffer that may have room from before.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, written: 0 }
    }

    /// What is not yet written.
    pub(super) fn rest(&self) -> &[u8] {
        self.bytes.get(self.written..).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.written == self.bytes.len()
    }

    /// Writes once, without waiting, these bytes and `body` behind them; gives how much of both went.
    pub(super) fn write(&self, body: &[u8], stream: &impl Socket) -> io::Result<usize> {
        match (self.rest(), body) {
            // One piece needs no list of pieces: the system takes it faster.
            (head, []) => stream.try_write(head),
            ([], body) => stream.try_write(body),
            (head, body) => stream.try_write_vectored(&[io::IoSlice::new(head), io::IoSlice::new(body)]),
        }
    }

    /// Takes note of `count` written bytes; gives how many of them were beyond these.
    pub(super) fn wrote(&mut self, count: usize) -> usize {
        let own = count.min(self.bytes.len() - self.written);
        self.written += own;
        if self.is_empty() {
            self.clear();
        }
        count - own
    }

    /// Forgets all of it.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.written = 0;
    }
}
