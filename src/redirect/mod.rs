//! MODEL: a `Location` against the URL the client asked for and the public URL: scheme, host, port, prefix, each judged.
//!
//! This room exists because a redirect is wrong only in relation to where the client is; rules, lanes and the screen must
//! judge it alike.
//!
//! ```text
//! Asked { url, prefix, internal } + Location ── Url::resolve ──▶ target ── judge ──▶ Judged { scheme, host, port, … }
//! ```

mod authority;
mod host;
mod judge;
mod public;
mod url;

pub use authority::split_port;
pub use host::{Internal, internal};
pub use judge::{Asked, HostVerdict, Judged, PortVerdict, PrefixVerdict, SchemeVerdict, Slash, judge};
pub use public::PublicUrl;
pub use url::{Url, default_port};
