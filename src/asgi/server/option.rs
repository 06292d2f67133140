//! A server's own options, by the server's own names.

use super::Program;

/// One option of a server that has a say in the scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnOption {
    /// The long name without dashes, e.g. `root-path`. For what is set in code, a name of the same kind.
    pub name: &'static str,
    /// What it takes, e.g. `PATH`; a switch takes `true` or `false`.
    pub value: &'static str,
    /// One line: what it does, and its default.
    pub about: &'static str,
    /// True if it is no option of the command line but a wrapper in the user's code (hypercorn's and granian's proxy
    /// middleware).
    pub in_code: bool,
}

/// Why an option was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// The program has no such option.
    #[error("{program} has no option {name}; it has {own}", own = own(*.program))]
    Unknown {
        /// The program.
        program: Program,
        /// What was given.
        name: String,
    },
    /// The option has no such value.
    #[error("{program}: {name} cannot be {value:?}: {expected}")]
    Value {
        /// The program.
        program: Program,
        /// The option.
        name: String,
        /// What was given.
        value: String,
        /// What it should have been.
        expected: &'static str,
    },
}

fn own(program: Program) -> String {
    program.options().iter().map(|option| format!("--{}", option.name)).collect::<Vec<_>>().join(", ")
}

/// Reads a switch.
pub(super) fn switch(value: &str) -> Result<bool, &'static str> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("say true or false"),
    }
}
