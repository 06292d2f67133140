//! LIVE: sockets. Listens, reads and writes HTTP/1, passes everything on, and hands what it saw to [`crate::capture`].
//!
//! This room exists to be left in the path: it must change nothing, wait for nobody and forget nothing. The heads' own
//! bytes go on, in their order, case and repetition; that is why HTTP/1 is framed here and not by hyper, which normalises
//! the very things that are looked for (see [`head`] and [`readiness`]). hyper serves where hopscope is an end and not a
//! hop, and is where HTTP/2 will come in beside [`connection`]; TLS will wrap the sockets that `listen` hands over, as it
//! wraps those to upstreams.
//!
//! ```text
//! listen ─▶ connection ─▶ forward ─▶ upstream
//!              │ head         │ framing, frames      one task, one loop for each client connection
//!              │              │ stand_in, reply      what a proxy does by itself, as its model says
//!              └──────────────┴─▶ recording ─▶ capture
//! ```

mod buffer;
mod connection;
mod failure;
mod forward;
mod frames;
mod framing;
mod head;
mod listen;
mod pair_id;
mod payload;
mod pending;
mod readiness;
mod recording;
mod reply;
mod socket;
mod stand_in;
mod tls;
mod upstream;

pub use connection::Limits;
pub use listen::{BindError, Running, Tap, TapRole, bind, start};
pub use stand_in::StandIn;
