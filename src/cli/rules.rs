//! `hopscope rules`: what each finding means.

use std::io::{self, ErrorKind, Write};

use clap::Args;

use super::{Exit, Failure};
use crate::diagnosis::Rule;
use crate::diagnosis::rules::{ALL, find};

/// List the findings, or explain one
#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    /// The finding's code, e.g. PX01; without one all are listed
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

/// Prints the list, or one document.
pub(super) fn run(args: &RulesArgs) -> Result<Exit, Failure> {
    let text = text(args.code.as_deref())?;
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::unreadable(error)),
        Ok(()) | Err(_) => Ok(Exit::Fine),
    }
}

fn text(code: Option<&str>) -> Result<String, Failure> {
    let Some(code) = code else {
        let line = |rule: &Rule| format!("{}  {:<5}  {}\n", rule.code, rule.severity.word(), rule.title);
        return Ok(ALL.iter().map(line).collect::<Vec<_>>().concat());
    };
    let unknown = || Failure::usage(format!("there is no finding {code:?}: `hopscope rules` lists them all"));
    find(code).map(Rule::document).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_explained_and_all_are_listed() {
        let list = text(None).unwrap();
        assert_eq!(list.lines().count(), ALL.len());
        for rule in ALL {
            assert!(list.contains(rule.title), "{list}");
            assert!(text(Some(&rule.code.to_lowercase())).unwrap().contains(rule.title));
        }
        assert_eq!(text(Some("PX99")).unwrap_err().exit, Exit::Usage);
    }
}
