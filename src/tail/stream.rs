//! What cannot be looked into, only waited for: standard input, and pipes with a name.
//!
//! A thread of its own reads it, because a read of a pipe blocks and nothing else may. It is at most two pieces ahead; one
//! that waits for a writer that never comes ends with the process.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

use super::decode;

/// What is read at once.
const PIECE: usize = 128 << 10;

/// A stream, as far as it has come.
#[derive(Debug)]
pub(super) struct Stream {
    pieces: Receiver<io::Result<Vec<u8>>>,
    current: Vec<u8>,
    at: usize,
}

impl Stream {
    /// Reads standard input; `wake` is told of every piece.
    pub(super) fn stdin(wake: SyncSender<()>) -> io::Result<Self> {
        Self::start(|| Ok(Box::new(io::stdin()) as Box<dyn Read + Send>), wake)
    }

    /// Reads a pipe. Opening one waits for its writer, so the thread does it.
    pub(super) fn pipe(path: PathBuf, wake: SyncSender<()>) -> io::Result<Self> {
        Self::start(move || Ok(Box::new(File::open(path)?) as Box<dyn Read + Send>), wake)
    }

    fn start(
        open: impl FnOnce() -> io::Result<Box<dyn Read + Send>> + Send + 'static,
        wake: SyncSender<()>,
    ) -> io::Result<Self> {
        let (sender, pieces) = sync_channel(1);
        std::thread::Builder::new().name("hopscope-stream".to_owned()).spawn(move || {
            if let Err(error) = pump(open, &sender, &wake) {
                // Nobody waits for it any more.
                let _ = sender.send(Err(error));
            }
            drop(sender);
            let _ = wake.try_send(());
        })?;
        Ok(Self { pieces, current: Vec::new(), at: 0 })
    }

    /// Takes what has come: `None` if nothing has, `Some(0)` at the end.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        if self.at == self.current.len() {
            match self.pieces.try_recv() {
                Ok(piece) => (self.current, self.at) = (piece?, 0),
                Err(TryRecvError::Empty) => return Ok(None),
                Err(TryRecvError::Disconnected) => return Ok(Some(0)),
            }
        }
        let mut rest = self.current.get(self.at..).unwrap_or_default();
        let count = rest.read(buffer)?;
        self.at += count;
        Ok(Some(count))
    }
}

fn pump(
    open: impl FnOnce() -> io::Result<Box<dyn Read + Send>>,
    pieces: &SyncSender<io::Result<Vec<u8>>>,
    wake: &SyncSender<()>,
) -> io::Result<()> {
    let mut from = decode::stream(open()?)?;
    let mut buffer = vec![0; PIECE];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let piece = buffer.get(..count).unwrap_or_default().to_vec();
        if pieces.send(Ok(piece)).is_err() {
            return Ok(());
        }
        // A waker that is full has not been heard yet.
        let _ = wake.try_send(());
    }
}
