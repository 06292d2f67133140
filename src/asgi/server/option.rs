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
    /// middleware), or a dictionary that only a configuration file in Python can hold (gunicorn's).
    pub in_code: bool,
}

/// Why an option was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    /// The program has no such option.
    #[error("{program} has no option --{name}{who}; it has {own}", who = who(.name), own = own(*.program))]
    Unknown {
        /// The program.
        program: Program,
        /// What was given.
        name: String,
    },
    /// The option has no such value.
    #[error("{program}: --{name} cannot be {value:?}: {expected}")]
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

/// Its options as they are typed; what is set in code is marked.
fn own(program: Program) -> String {
    let shown = |option: &OwnOption| format!("--{}{}", option.name, if option.in_code { " (in code)" } else { "" });
    program.options().iter().map(shown).collect::<Vec<_>>().join(", ")
}

/// Who has an option of this name, for messages.
fn who(name: &str) -> String {
    let has = |program: &Program| program.options().iter().any(|option| option.name == name);
    let programs: Vec<_> = Program::ALL.into_iter().filter(has).map(Program::name).collect();
    match programs.as_slice() {
        [] => String::new(),
        [one] => format!(" ({one} has it)"),
        several => format!(" ({} have it)", several.join(", ")),
    }
}

/// Reads a switch.
pub(super) fn switch(value: &str) -> Result<bool, &'static str> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("say true or false"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Server;

    #[test]
    fn an_error_names_the_servers_own_options_and_who_has_the_other() {
        let mut server = Server::named("uvicorn").unwrap();
        let error = server.set("no-such", "1").unwrap_err().to_string();
        assert!(error.starts_with("uvicorn has no option --no-such; it has --root-path, "), "{error}");
        let error = server.set("http", "h12").unwrap_err().to_string();
        assert!(error.starts_with("uvicorn: --http cannot be \"h12\": say "), "{error}");
    }
}
