//! What the reader of logs is told.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What [`Tail::next`](super::Tail::next) gives.
#[derive(Debug)]
pub enum Event<'a> {
    /// Whole lines of one source, in order, each once. Only a line longer than a chunk comes in pieces.
    Chunk {
        /// The number of the source: its place among the inputs.
        source: usize,
        /// The lines, with their ends.
        bytes: &'a [u8],
    },
    /// Something happened that the user should be able to see.
    Note(Note),
    /// There was nothing in the given time.
    Idle,
    /// There will be nothing any more.
    End,
}

/// Something that happened to a file. Its text names the file as it is; making it safe for a terminal is the face's part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The name leads to another file now; the old one is read to its end.
    Rotated(PathBuf),
    /// The file was emptied. Where the rest of it was found, if a copy had it.
    Truncated {
        /// The file.
        path: PathBuf,
        /// The copy that had what was unread.
        recovered: Option<PathBuf>,
    },
    /// A rotated file is read that was never seen at its name: reading was more than one rotation behind.
    CaughtUp(PathBuf),
    /// There is no such file now; it is waited for.
    Gone(PathBuf),
    /// It is there again, or for the first time.
    Back(PathBuf),
    /// It cannot be read, and why. What can be read goes on.
    Unreadable(PathBuf, String),
    /// It is compressed: read to its end, and not followed.
    NotFollowed(PathBuf),
    /// The state that was kept fits no file: reading begins as it would without.
    StateUnfit {
        /// The log.
        path: PathBuf,
        /// The file with the state.
        state: PathBuf,
    },
    /// Changes are not told by the system; they are seen by looking four times a second.
    Polling(String),
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rotated(path) => write!(f, "{} was rotated", path.display()),
            Self::Truncated { path, recovered: None } => {
                write!(f, "{} was truncated; no copy holds what may have been unread", path.display())
            }
            Self::Truncated { path, recovered: Some(copy) } => {
                write!(f, "{} was truncated; its rest is read from {}", path.display(), copy.display())
            }
            Self::CaughtUp(path) => write!(f, "{} was rotated before it was seen; it is read now", path.display()),
            Self::Gone(path) => write!(f, "{} is not there; waiting for it", path.display()),
            Self::Back(path) => write!(f, "{} is there", path.display()),
            Self::Unreadable(path, why) => write!(f, "{}: {why}", path.display()),
            Self::NotFollowed(path) => write!(f, "{} is compressed, so it is read but not followed", path.display()),
            Self::StateUnfit { path, state } => {
                let (path, state) = (path.display(), state.display());
                write!(f, "what {state} says of {path} fits no file there; it is read as for the first time")
            }
            Self::Polling(why) => write!(f, "changes of the logs are looked for four times a second: {why}"),
        }
    }
}

/// Why reading cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum TailError {
    /// There is no such file.
    #[error("{}: no such file; to wait for it, follow it (-f)", .0.display())]
    Missing(PathBuf),
    /// It is a folder.
    #[error("{} is a directory; name a log in it{}", .0.display(), example(.1.as_deref()))]
    Directory(PathBuf, Option<PathBuf>),
    /// It cannot be read.
    #[error("{}: {}", .0.display(), .1)]
    Unreadable(PathBuf, String),
    /// The state is none of ours, or cannot be read or written.
    #[error("{}: {}", .0.display(), .1)]
    State(PathBuf, String),
}

impl TailError {
    /// The error for a file that could not be opened.
    pub(super) fn of(path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing(path.to_owned()),
            io::ErrorKind::IsADirectory => Self::Directory(path.to_owned(), a_log_in(path)),
            _ => Self::Unreadable(path.to_owned(), why(error)),
        }
    }
}

/// What is wrong with a file, and the way out where there is one.
pub(super) fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "permission denied; read it as root or as a member of its group (ls -l names it, often adm)".to_owned()
        }
        io::ErrorKind::IsADirectory => "is a directory; name a log in it".to_owned(),
        _ => error.to_string(),
    }
}

fn example(log: Option<&Path>) -> String {
    log.map_or_else(String::new, |log| format!(", e.g. {}", log.display()))
}

/// A file in the folder that is a log by its name.
fn a_log_in(folder: &Path) -> Option<PathBuf> {
    let logs = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    logs.filter(|path| path.extension().is_some_and(|end| end == "log") && path.is_file()).min()
}
