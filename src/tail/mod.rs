//! LIVE: files that grow. Follows logs through rotation without losing a line or reading one twice.
//!
//! This room exists because a log is renamed, copied, truncated, replaced and compressed while it is read, and because the
//! usual follower loses lines each time. It knows bytes and files; what the bytes mean is `access_log`'s, and a caller that
//! wants lines by their time says how a line's time is found ([`TimeOf`]).
//!
//! ```text
//! notify on the folder + a look every 250 ms ─▶ Source: its files, oldest first, the live one last
//!    ─▶ Part: one file, known by device, inode, its first bytes and those before the offset ─▶ chunks of whole lines
//! ```
//!
//! What makes it exact, and where it comes from:
//!
//! - nginx writes on to the renamed file until it is told to reopen: the old file stays open until the new one has
//!   something and the old one was silent for a second.
//! - A truncated file that has grown past its old length looks like one that was appended to. After each read, and before
//!   its bytes count, the first bytes and those before the offset are compared with what they were.
//! - What was unread when a file was copied and truncated is in the copy only; what was rotated twice between two looks is
//!   in a file that was never seen at its name. Both are found by their first bytes, compressed or not.
//! - Chunks end at line ends, so offsets are those of lines, and two files never run into one line.
//! - Files are read with `pread` into a buffer that is used again, not mapped: a mapping of a file that shrinks kills.

mod decode;
mod event;
mod family;
mod follow;
mod options;
mod part;
mod print;
mod search;
mod source;
mod state;
mod stream;
mod watch;

pub use event::{Event, Note, TailError};
pub use follow::{Stopper, Tail};
pub use options::{Input, Options, Progress, Start, TimeOf};
