//! One cause: what is known of it, and what it was seen on.

use std::collections::BTreeMap;

use crate::diagnosis::Finding;
use crate::exchange::{Exchange, ExchangeId};
use crate::store::Proving;

/// Bytes of a request's target that are kept of an example.
const MOST_TARGET: usize = 1024;

/// One cause, and what came of it.
#[derive(Clone, Debug)]
pub struct CauseRow {
    /// The finding that names it, of the latest exchange that was surest of it.
    pub finding: Finding,
    /// The exchange of that finding.
    pub example: ExchangeId,
    /// What that exchange asked for.
    pub asked: Asked,
    /// Exchanges that it is the cause of.
    pub count: u64,
    /// Findings that follow from it, by their codes.
    pub symptoms: BTreeMap<&'static str, u64>,
    /// When it was first seen, in microseconds since 1970-01-01 UTC.
    pub first: u64,
    /// When it was last seen.
    pub last: u64,
    /// What became of it.
    pub state: CauseState,
    /// What came of proving its first fix on the running app, or how far that is.
    pub proving: Option<Proving>,
    /// The requests that it was seen on last, as hashes of what was asked for.
    pub(super) requests: Vec<u64>,
}

/// What a request asked for, bytes as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The method.
    pub method: Vec<u8>,
    /// The target, a very long one cut.
    pub target: Vec<u8>,
}

impl Asked {
    pub(super) fn of(exchange: &Exchange) -> Self {
        exchange.outer().map_or_else(Self::default, |half| {
            let target = half.request.target();
            let kept = target.get(..MOST_TARGET).unwrap_or(target);
            Self { method: half.request.method().to_vec(), target: kept.to_vec() }
        })
    }
}

/// What became of a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CauseState {
    /// Seen, and not marked as known.
    New,
    /// The user knows of it.
    Known,
    /// A request that it stood behind was made again and went well.
    Gone,
}

impl CauseState {
    /// The word on screen and in exports.
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Known => "known",
            Self::Gone => "gone",
        }
    }
}
