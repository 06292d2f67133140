//! FACTS: one request and its response, as observed at one or two places.
//!
//! This room exists so that what was *observed* and what is *concluded* can never be confused: nothing in here is
//! computed from a model, and nothing outside may change it. Heads are kept as the bytes that were on the wire (order,
//! case and repetition included), because every later question is about exactly those bytes.
//!
//! ```text
//! Exchange ─┬─ edge: Half   what the client sent and got back        (edge tap, or the stand-in's client side)
//!           └─ app:  Half   what the app's server got and answered   (app tap, or the stand-in's upstream side)
//! Half     ─── request head, body · response head, body · peers · times · how it ended · websocket tunnel
//!              the probe's answer, where one was asked
//! ```

mod body;
mod half;
mod head;
pub mod probe;
mod sample;
mod target;
mod tunnel;

pub use body::{Body, Cut, Framing};
pub use half::{Answered, ConnectionId, Ending, Exchange, ExchangeId, Half, Pairing, Phase, Side, TapId, Times};
pub use head::{Field, Fields, HeadError, RequestHead, ResponseHead, Version};
pub use sample::Sample;
pub use target::{Target, TargetForm};
pub use tunnel::{Flow, Frame, Tunnel};
