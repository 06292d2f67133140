//! MODEL: access logs. `log_format` → compiled format → record → bounded aggregates.
//!
//! This room exists so that a line that was logged yesterday is read by the same rules as one that is logged now, whatever
//! format it has, and so that a day of traffic costs no more memory than a minute. It has no file, clock or terminal: bytes
//! come in, what they say comes out.
//!
//! ```text
//! bytes ─▶ Lines: whole lines ─▶ Format::read: a borrowed Record, or why not ─▶ Traffic: counts, series, tops, signs
//! ```
//!
//! Source of nginx's rules: `ngx_http_log_module.c`, `ngx_string.c`, `ngx_http_upstream.c`, 1.22.1.

pub mod agents;
mod digits;
mod escape;
pub mod format;
mod lines;
mod record;
pub mod routes;
mod search;
pub mod sought;
pub mod traffic;

pub use agents::AgentClass;
pub use escape::Escape;
pub use format::{Detected, Format, FormatError, Undetected, Unread, UnreadReason};
pub use lines::{LONGEST, Lines};
pub use record::{Record, Request, Upstream, elements, seconds};
pub use sought::Sought;
pub use traffic::Traffic;
