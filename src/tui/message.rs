//! What can happen to the screen, and what the screen can cause. [`update`](super::update::update) turns the one into the other.

use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseEvent};

use super::Exit;
use crate::diagnosis::Cause;
use crate::exchange::{ExchangeId, Half};
use crate::gateway::Place;
use crate::redirect::Chain;
use crate::store::{Entry, Store};

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse was clicked or its wheel turned.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal is now this many columns wide and lines high.
    Resize(u16, u16),
    /// The store changed.
    Changed,
    /// The demo plays this scene, counted from 0.
    Scene(usize),
    /// What came of something that was asked for, a sentence.
    Told(String),
    /// Somebody asked the program to suspend (SIGTSTP).
    Suspend,
    /// Somebody asked the program to end.
    End(Exit),
}

/// A request as a log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LoggedRequest {
    pub(super) method: Vec<u8>,
    pub(super) target: Vec<u8>,
    pub(super) status: u16,
    /// When it ended, milliseconds since 1970.
    pub(super) time: i64,
}

/// How far the clocks of a log and of a tap may be apart, in milliseconds. Most logs tell whole seconds.
const APART: u64 = 2000;

impl LoggedRequest {
    /// The exchange that it is of: the same method, target and status on one side of the proxy, the nearest in time.
    pub(super) fn find(&self, store: &Store) -> Option<ExchangeId> {
        let is_it = |half: &&Half| {
            half.request.method() == self.method
                && half.request.target() == self.target
                && half.status() == Some(self.status)
        };
        let ended = |half: &Half| half.times.started.saturating_add(half.times.ended) / 1000;
        let apart = |half: &Half| ended(half).abs_diff(u64::try_from(self.time).unwrap_or(0));
        let near = |entry: &Entry| {
            let halves = [&entry.exchange.edge, &entry.exchange.app].into_iter().flatten().map(|half| &**half);
            halves.filter(is_it).map(apart).min().filter(|apart| *apart <= APART)
        };
        let found = store.entries().filter_map(|entry| Some((near(entry)?, entry.exchange.id)));
        found.min_by_key(|(apart, _)| *apart).map(|(_, id)| id)
    }
}

/// Something to do that is not a change of the screen's own state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Leave.
    Quit(Exit),
    /// Put this text on the clipboard.
    Copy(String),
    /// Write this text to a new file, and say which.
    Save(String),
    /// Give the terminal back and stop until continued.
    Suspend,
    /// Let every finished exchange go.
    Clear,
    /// Record traffic, or stop recording.
    Record(bool),
    /// Play this scene, counted from 0.
    Scene(usize),
    /// Draw every cell anew.
    Redraw,
    /// Show the lines around this one.
    Excerpt(Place),
    /// Give the terminal to the user's editor, at this line, until it ends.
    Edit(Place),
    /// Mark a cause as known, or as new again.
    Mark(Cause, bool),
    /// Prove the first fix of a cause on the running app.
    Prove(Cause),
    /// Send the request of an exchange once more, through the tap that saw it.
    Replay(ExchangeId),
    /// Follow a chain anew, from its first URL.
    Follow(Arc<Chain>),
    /// Write the causes down.
    Export,
    /// Write down what the logs come to.
    ExportLog,
    /// Read the logs anew, through this filter and of this span of time, milliseconds since 1970.
    Look { filter: String, since: Option<i64>, until: Option<i64> },
    /// Show the exchange that a line of a log is of.
    Link(LoggedRequest),
    /// Read the proxy's configuration again.
    Reload,
}
