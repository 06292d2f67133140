//! The forms that a path has on its way through a proxy. Each is a type of its own, so that none is taken for another:
//! which form a rule compares, and which one it writes, is where proxies differ.
//!
//! ```text
//! exchange::Target (raw) ─▶ Decoded ─▶ Normal (matched) ─▶ … rules … ─▶ SentTarget
//! ```
//!
//! How one is made of the other is each program's own affair.

use std::ops::Deref;

/// A path with its escapes decoded: any bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Decoded(pub Vec<u8>);

/// A decoded path with dot segments resolved and slashes merged, as far as the program does so: what its rules compare.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Normal(pub Vec<u8>);

/// A request target as it is sent on: path and query, escaped as the program escapes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SentTarget(pub Vec<u8>);

impl Deref for Decoded {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Deref for Normal {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Deref for SentTarget {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
