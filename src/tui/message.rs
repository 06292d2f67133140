//! What can happen to the screen, and what the screen can cause. [`update`](super::update::update) turns the one into the other.

use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseEvent};

use super::Exit;
use crate::diagnosis::Cause;
use crate::exchange::ExchangeId;
use crate::gateway::Place;
use crate::redirect::Chain;

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
    /// Read the proxy's configuration again.
    Reload,
}
