//! How a server was started, read from what the system says of its process: its command line, its environment, and the
//! files that these name.
//!
//! ```text
//! argv ─▶ python: which launcher? ─▶ grammar: its options ─┐
//! environment, config files ───────────────────────────────┴▶ one file per launcher: which of them counts ─▶ Started
//! ```
//!
//! This room exists so that nobody need be told what is already written down. It is pure: the caller reads the process and
//! the files. What is written in code cannot be read without running it; that is said, never guessed.

mod beside;
mod daphne;
mod fastapi;
mod files;
mod grammar;
mod granian;
mod gunicorn;
mod hypercorn;
mod python;
mod started;
mod uvicorn;

use std::collections::BTreeMap;

use python::{Launcher, Runs, runs};

pub use beside::{Setting, beside, with_options, words};
pub use started::{Installed, Origin, Said, Started, installed_server};

/// What the system says of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Its command line.
    pub argv: Vec<String>,
    /// Its environment as it was when it started.
    pub environment: BTreeMap<String, String>,
}

impl Process {
    fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str)
    }
}

/// Gives the text of a file that the process was told to read, by the path it was told, relative to where it was started; or
/// why it cannot be read.
pub type ReadFile<'a> = &'a dyn Fn(&str) -> Result<String, String>;

/// What a process turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A server, and how it was started.
    Started(Box<Started>),
    /// A child that serves for its parent and was given no command line of its own.
    Child,
    /// A Python program of the user's, by the name it was given: which server it starts, and how, stands in its code.
    Code(String),
    /// A process that shows a title in place of its command line.
    Titled,
    /// Something else.
    Other,
}

/// Reads how `process` was started. `file` is asked only for files that the process itself was told to read.
pub fn read(process: &Process, file: ReadFile<'_>) -> Reading {
    let (launcher, arguments) = match runs(&process.argv) {
        Runs::Launcher(launcher, arguments) => (launcher, arguments),
        Runs::Script(name) => return Reading::Code(name.to_owned()),
        Runs::Child => return Reading::Child,
        Runs::Titled => return Reading::Titled,
        Runs::Other => return Reading::Other,
    };
    let started = match launcher {
        Launcher::Uvicorn => uvicorn::read(arguments, process, file),
        Launcher::Fastapi => fastapi::read(arguments, process, file),
        Launcher::Gunicorn => gunicorn::read(arguments, process, file),
        Launcher::Hypercorn => hypercorn::read(arguments, file),
        Launcher::Daphne => daphne::read(arguments),
        Launcher::Granian => granian::read(arguments, process),
    };
    Reading::Started(Box::new(started))
}

#[cfg(test)]
mod tests;
