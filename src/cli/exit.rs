//! How a run ended, for the shell.

use std::fmt;
use std::process::ExitCode;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well; also if the reader of the output went away.
    Fine,
    /// There were findings that `--fail-on` asks for.
    Findings,
    /// The command line is wrong.
    Usage,
    /// Could not listen, or not reach the upstream.
    Unreachable,
    /// Could not read the input, or not write the output.
    Unreadable,
    /// Ctrl-C.
    Interrupted,
    /// The command of `hopscope run` ended by itself, with this code.
    Command(u8),
}

impl Exit {
    /// The number for the shell.
    pub const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Findings => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::Unreadable => 4,
            Self::Interrupted => 130,
            Self::Command(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why a run could not do what it was asked to.
#[derive(Debug)]
pub struct Failure {
    /// What the shell is told.
    pub exit: Exit,
    /// What the user is told.
    pub error: anyhow::Error,
}

impl Failure {
    /// The command line asks for something that cannot be.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, error: anyhow::Error::msg(message.into()) }
    }

    /// An input could not be read or an output not be written.
    pub fn unreadable(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Unreadable, error: error.into() }
    }

    /// Listening failed, or the upstream could not be reached.
    pub fn unreachable(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Unreachable, error: error.into() }
    }
}

/// The error and its causes on one line.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.error)
    }
}
