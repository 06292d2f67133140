//! Logs that are moved, copied, emptied, replaced and compressed under the reader: no line lost, none twice.
//!
//! The reader is looked at by hand, at moments that the test names, so that each case is one row of events.

#![cfg(test)]

#[path = "tail/behind.rs"]
mod behind;
#[path = "tail/history.rs"]
mod history;
#[path = "tail/log.rs"]
mod log;
#[path = "tail/rotation.rs"]
mod rotation;
#[path = "tail/state.rs"]
mod state;
#[path = "tail/window.rs"]
mod window;
#[path = "tail/writer.rs"]
mod writer;
