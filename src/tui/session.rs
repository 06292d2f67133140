//! What the terminal face is given, and what it gives back.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, RwLock};

use tokio::sync::{mpsc, watch};

use super::Look;
use crate::diagnosis::Cause;
use crate::exchange::ExchangeId;
use crate::redirect::Chain;
use crate::store::{LogBook, LogView, Store};

/// Everything the terminal face needs for one run.
pub struct Session {
    /// What is shown; only ever read here.
    pub store: Arc<RwLock<Store>>,
    /// Ticks with the store's revision; the only thing beside keys that wakes the face.
    pub changed: watch::Receiver<u64>,
    /// What the terminal's title says.
    pub title: String,
    /// Shown above everything, e.g. that a tap listens on more than loopback.
    pub warning: Option<String>,
    /// The filter to start with; empty for none.
    pub filter: String,
    /// Colours, signs, mouse.
    pub look: Look,
    /// What keys can ask of the rest of the program.
    pub controls: Box<dyn Controls>,
    /// The demo's scenes, when this is the demo.
    pub scenes: Option<Scenes>,
    /// What a command that hopscope started writes, when it did.
    pub console: Option<Console>,
    /// The logs that are read, where some are.
    pub logs: Option<Logs>,
    /// What comes of what the controls began, a sentence each; `None` where they begin nothing.
    pub news: Option<mpsc::Receiver<String>>,
}

/// The logs that are read.
pub struct Logs {
    /// What they come to; only ever read here.
    pub book: Arc<RwLock<LogBook>>,
    /// Ticks with the book's revision.
    pub changed: watch::Receiver<u64>,
    /// The filter that they are read through; empty for none.
    pub filter: String,
    /// From when on they are read, and until before when, milliseconds since 1970; `None` for no bound.
    pub span: (Option<i64>, Option<i64>),
    /// There is nothing else: no tap, and no page but theirs.
    pub alone: bool,
}

/// The last lines of a command's output: visible text, the newest last.
pub type Lines = Arc<Mutex<VecDeque<String>>>;

/// The output of the command that hopscope started, which must not write over the screen.
#[derive(Clone, Debug)]
pub struct Console {
    /// The command.
    pub command: String,
    /// The file that has all of it.
    pub log: String,
    /// What it wrote last.
    pub lines: Lines,
    /// Ticks when there is more.
    pub changed: watch::Receiver<u64>,
}

/// What keys can ask of the rest of the program. None of these may block.
pub trait Controls {
    /// Records traffic, or lets it pass unrecorded.
    fn record(&mut self, on: bool);
    /// Lets every finished exchange go.
    fn clear(&mut self);
    /// Changes to a scene, counted from 0; asked for only if the session has scenes.
    fn scene(&mut self, index: usize);
    /// Reads the proxy's configuration again; asked for only where there is one.
    fn reload(&mut self) {}
    /// Marks a cause as known, or as new again.
    fn mark(&mut self, cause: &Cause, known: bool);
    /// Begins to prove the first fix of a cause on the running app; what comes of it is told by the store. Gives what is
    /// being done, a sentence.
    ///
    /// # Errors
    /// A sentence that says why it cannot be proven here.
    fn prove(&mut self, cause: &Cause) -> Result<String, String>;
    /// Begins to send the request of an exchange once more, through the tap that saw it. Gives what is being done, a
    /// sentence; what comes of it is in [`Session::news`].
    ///
    /// # Errors
    /// A sentence that says why it cannot be sent here.
    fn replay(&mut self, exchange: ExchangeId) -> Result<String, String>;
    /// Begins to follow a chain anew, through the tap that saw it. Gives what is being done, a sentence; what comes of it is
    /// in [`Session::news`].
    ///
    /// # Errors
    /// A sentence that says why it cannot be followed here.
    fn follow(&mut self, chain: &Chain) -> Result<String, String>;
    /// Has the logs read anew, and only what of them is wanted; asked for only where there are logs.
    ///
    /// # Errors
    /// A sentence that says why they cannot be.
    fn look(&mut self, view: LogView) -> Result<(), String> {
        let _ = view;
        Err("no log is read".to_owned())
    }
    /// Writes down what the logs come to.
    ///
    /// # Errors
    /// A sentence that says why it could not.
    fn export_log(&mut self) -> Result<Exported, String> {
        Err("no log is read".to_owned())
    }
    /// Writes the causes down.
    ///
    /// # Errors
    /// A sentence that says why it could not.
    fn export(&mut self) -> Result<Exported, String>;
}

/// The causes, written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exported {
    /// In this file.
    File(PathBuf),
    /// As this text, for a new file.
    Text(String),
}

/// The demo's scenes.
#[derive(Clone, Debug)]
pub struct Scenes {
    /// In the order of their keys, `1` first.
    pub list: Vec<Scene>,
    /// Which one plays, counted from 0; the demo may move on by itself.
    pub current: watch::Receiver<usize>,
}

/// One scene of the demo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// A few words, e.g. `prefix kept`.
    pub title: String,
    /// One line: what is set up and what to look at.
    pub about: String,
}

/// Why the face ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The user quit.
    Quit,
    /// Ctrl-C, as a key or as SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
    /// The terminal went away, or SIGHUP said so.
    TerminalClosed,
}
