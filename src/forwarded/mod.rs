//! MODEL: `X-Forwarded-*`, `Forwarded`, `X-Real-IP`: which headers they are, lists in them, who is trusted to send them.
//!
//! This room exists because the server, the proxy and the screen must agree on what a forwarding header is and who may
//! be believed; each reads it from here.

mod address;
mod client;
mod names;
mod proto;
pub(crate) mod python;
mod trust;

pub use address::{ip_network, is_ip_address};
pub use client::{Chosen, Client, ClientRule, choose, client};
pub use names::{NAMES, written_name};
pub use proto::{SCHEMES, SchemeRule, scheme, stripped};
pub(crate) use python::{int, strip};
pub use trust::{TrustList, Verdict};

/// Header bytes as Python's `bytes.decode("latin1")` gives them: one character per byte, never an error.
pub fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}
