//! What a file is known again by.
//!
//! This file exists because neither name nor inode says which log a file is: names move at each rotation, a freed inode is
//! given to the next file, and a copy or a compressed file has another one. The first bytes stay: they hold the time of the
//! first request.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;

use serde::{Deserialize, Serialize};

/// How many bytes are looked at: more than one line of most logs.
pub(super) const LENGTH: usize = 256;

/// The place of a file on this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }
}

/// A stretch of bytes, for recognising it: kept instead of the bytes, since those are other people's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Print {
    length: usize,
    hash: u64,
}

impl Print {
    /// The print of these bytes: FNV-1a, which is the same in every release and on every machine.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let hash = bytes
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        Self { length: bytes.len(), hash }
    }

    /// True if the bytes begin with what it was made of. What was made of nothing begins nothing.
    pub(super) fn begins(self, bytes: &[u8]) -> bool {
        self.length > 0 && bytes.get(..self.length).is_some_and(|bytes| Self::of(bytes) == self)
    }

    /// How many bytes it was made of.
    pub(super) const fn length(self) -> usize {
        self.length
    }
}
