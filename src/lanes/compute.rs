//! From an exchange and the set-up to the lanes.

use super::{Answer, Forwarded, Lanes, Original, Rewritten, ScopeLane, Setup};
use crate::exchange::{Exchange, TapId};

/// Computes the four lanes. Pure: the same exchange and set-up give the same lanes.
pub fn compute(exchange: &Exchange, setup: &Setup) -> Lanes {
    let setup = &*setup.at(exchange);
    // The rewrite first: what was stripped is a prefix of the original.
    let rewritten = Rewritten::of(exchange, setup);
    let original = Original::of(exchange, setup, &rewritten);
    Lanes {
        forwarded: Forwarded::of(exchange, setup, &original),
        scope: ScopeLane::of(exchange, setup),
        answer: Answer::of(exchange, setup),
        tap: exchange.outer().map_or(TapId(0), |half| half.tap),
        original,
        rewritten,
    }
}
