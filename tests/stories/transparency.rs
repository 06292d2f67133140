//! A tap is transparent: what goes in comes out, byte for byte where HTTP allows, and what is ambiguous goes nowhere.
//!
//! A raw client on one side, a raw server on the other, and between them nothing but hopscope.

mod endings;
mod framing;
mod heads;
mod refusals;
mod volume;

use std::net::SocketAddr;

use crate::support::hopscope::Hopscope;
use crate::support::upstream::Upstream;

/// A lone edge tap before this upstream.
fn tap(upstream: &Upstream) -> (Hopscope, SocketAddr) {
    Hopscope::edge(upstream.address(), &[])
}
