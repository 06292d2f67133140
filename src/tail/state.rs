//! What is kept from one run to the next: which files were read, and how far.
//!
//! A run that starts again finds each file by what it begins with, wherever rotation has moved it meanwhile, reads on at its
//! offset, and reads whole what had not been there. Kept are prints of bytes, not the bytes.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::event::{TailError, why};
use super::print::{FileId, Print};

/// Of the shape below.
const VERSION: u32 = 1;

/// The state of all logs that were ever read with it, by their paths.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct State {
    version: u32,
    pub(super) logs: BTreeMap<String, LogState>,
}

/// The state of one log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LogState {
    /// The files that were being read, oldest first.
    pub(super) parts: Vec<Place>,
    /// The files that were read or left out.
    pub(super) known: Vec<Print>,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// Where the file was. It tells two empty files apart; others are known by their bytes.
    pub(super) id: FileId,
    /// Of its first bytes.
    pub(super) beginning: Print,
    /// How much of it was handed on.
    pub(super) offset: u64,
    /// Of the bytes before the offset.
    pub(super) mark: Print,
}

impl Default for State {
    fn default() -> Self {
        Self { version: VERSION, logs: BTreeMap::new() }
    }
}

impl State {
    /// The name under which a log's state is kept.
    pub(super) fn key(log: &Path) -> String {
        std::path::absolute(log).unwrap_or_else(|_| log.to_owned()).to_string_lossy().into_owned()
    }

    /// Reads it; a file that does not exist yet is an empty state.
    pub(super) fn load(path: &Path) -> Result<Self, TailError> {
        let fault = |what: String| TailError::State(path.to_owned(), what);
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(fault(format!("the state cannot be read: {}", why(&error)))),
        };
        let state: Self = serde_json::from_slice(&text).map_err(|error| {
            fault(format!("is not the state of a log ({error}); name another file, or remove it to begin anew"))
        })?;
        if state.version != VERSION {
            return Err(fault(format!(
                "holds a state of version {}, and this program writes version {VERSION}; remove it to begin anew",
                state.version
            )));
        }
        Ok(state)
    }

    /// Writes it beside its place and moves it there, so that it is whole or the one before.
    pub(super) fn save(&self, path: &Path) -> Result<(), TailError> {
        self.write(path)
            .map_err(|error| TailError::State(path.to_owned(), format!("the state cannot be written: {}", why(&error))))
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let text = serde_json::to_vec(self)?;
        let beside = beside(path);
        let mut file = File::create(&beside)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    }
}

/// Where it is written first: on the same file system, and another for each process.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    PathBuf::from(name)
}
