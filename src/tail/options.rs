//! What is to be read, and how.

use std::path::PathBuf;

/// One log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A file, a link to one, or a pipe with a name. It may be compressed.
    File(PathBuf),
    /// Standard input, which may be compressed too.
    Stdin,
}

impl Input {
    /// As on the command line: `-` is standard input, all else is a path.
    pub fn named(name: PathBuf) -> Self {
        if name.as_os_str() == "-" { Self::Stdin } else { Self::File(name) }
    }

    /// True for what can only be read once and in order: standard input, a pipe with a name, as `<(zcat access.log.*.gz)` is
    /// one, a terminal.
    pub fn is_read_once(&self) -> bool {
        match self {
            Self::Stdin => true,
            // Of what is not there yet a file may come.
            Self::File(path) => path.metadata().is_ok_and(|data| !data.is_file() && !data.is_dir()),
        }
    }
}

/// Where reading begins, for what no state is kept of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// With the first line.
    #[default]
    Beginning,
    /// So many bytes before the end of the live files together, at a line's start: what fills a first screen at once.
    Newest(u64),
    /// With what comes from now on.
    Now,
}

/// How to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Go on with what is written later, through every rotation. Otherwise the end of the files is the end.
    pub follow: bool,
    /// Read the rotated files too, oldest first: `access.log.2.gz`, `access.log.1`, `access.log`. With [`Start::Beginning`] only.
    pub history: bool,
    /// Where to begin.
    pub start: Start,
    /// Leave out what is surely before this time, in milliseconds since 1970 UTC: whole rotated files, and in a file that is
    /// not compressed everything before a place that a binary search finds. Lines up to a minute older still come: a log is
    /// not in strict order, so the caller filters those he reads. Needs a [`TimeOf`].
    pub since: Option<i64>,
    /// Leave out what is surely after this time, in the same way. Without effect while files are followed.
    pub until: Option<i64>,
    /// Where identities and offsets are kept from one run to the next. What it says goes before `start` and `history`.
    pub state: Option<PathBuf>,
}

/// Finds the time of a line: the number of its source, the line without its end; milliseconds since 1970 UTC. By it several
/// files are merged, and `since` and `until` are found.
pub type TimeOf = Box<dyn FnMut(usize, &[u8]) -> Option<i64> + Send>;

/// How far reading is, in bytes as they are on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Read so far.
    pub read: u64,
    /// All there is now. Streams are not in it.
    pub all: u64,
    /// True once everything there was had been handed on: from here on it is live.
    pub caught_up: bool,
}
