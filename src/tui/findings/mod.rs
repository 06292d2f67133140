//! The Findings page: a line for each cause that the session's findings come down to, and the finding of the chosen one
//! whole.
//!
//! What it shows is copied out of the store in `seen`, once for each revision, and written out in `text`.

mod act;
mod seen;
mod text;

pub(super) use act::{act, choose, go, scroll};
pub(super) use seen::FindingsSeen;
pub(super) use text::{causes, nothing, verdict};

use crate::diagnosis::Cause;

/// What the page remembers between two frames.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Findings {
    /// The chosen cause; `None` for the first, whichever that is.
    pub(super) cause: Option<Cause>,
    /// How far its finding is scrolled.
    pub(super) scroll: usize,
}
