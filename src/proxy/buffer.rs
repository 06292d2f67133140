//! Bytes read from a socket and not yet passed on.

use std::io;

use super::socket::Socket;

/// What a connection starts with: room for any usual head.
const SMALL: usize = 8 << 10;
/// What it grows to under large bodies: fewer system calls for each of their bytes.
const LARGE: usize = 256 << 10;

/// A read buffer: filled at the end, taken from the front, its room growing with what passes through it.
#[derive(Debug)]
pub(super) struct Buffer {
    room: Vec<u8>,
    start: usize,
    end: usize,
}

impl Buffer {
    pub(super) fn new() -> Self {
        Self { room: vec![0; SMALL], start: 0, end: 0 }
    }

    /// What was read and not yet taken.
    pub(super) fn bytes(&self) -> &[u8] {
        self.room.get(self.start..self.end).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Takes `count` bytes from the front.
    pub(super) fn take(&mut self, count: usize) {
        self.start = self.end.min(self.start + count);
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Reads once what is there, without waiting. `Ok(0)` is the end of the stream.
    pub(super) fn read(&mut self, stream: &impl Socket) -> io::Result<usize> {
        if self.end == self.room.len() {
            self.make_room();
        }
        let space = self.room.get_mut(self.end..).unwrap_or_default();
        let (wanted, count) = (space.len(), stream.try_read(space)?);
        self.end += count;
        if count < wanted {
            stream.drained();
        } else if self.room.len() < LARGE {
            // It came faster than we took it: a larger read next time.
            self.room.resize(self.room.len() * 2, 0);
        }
        Ok(count)
    }

    /// Gives back what a large body needed.
    pub(super) fn shrink(&mut self) {
        if self.room.len() > SMALL && self.end - self.start <= SMALL {
            let bytes = self.bytes().to_vec();
            self.end = bytes.len();
            self.start = 0;
            self.room = bytes;
            self.room.resize(SMALL, 0);
        }
    }

    fn make_room(&mut self) {
        if self.start > 0 {
            self.room.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        } else {
            self.room.resize(self.room.len() * 2, 0);
        }
    }
}
