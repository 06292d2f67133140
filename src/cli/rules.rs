//! `hopscope rules`: what each finding means.

use std::io::{self, ErrorKind, Write};

use clap::Args;

use super::{Exit, Failure};
use crate::diagnosis::pages::{self, Found, Page};
use crate::settings::FailOn;

const EXAMPLES: &str = "\
EXAMPLES
  What is there to find, and where: in requests (seen, or only thought through), in the
  configuration of a proxy by `hopscope check`, or in both?
    hopscope rules

  What does it mean, and what is the way out?
    hopscope rules NG01";

/// List the findings, or explain one
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
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
        let line = |page: &Page| {
            format!("{}  {:<5}  {:<13}  {}\n", page.code, page.severity.word(), page.found.word(), page.title)
        };
        return Ok(pages::all().iter().map(line).collect());
    };
    pages::find(code).map(|page| page.document()).ok_or_else(|| Failure::usage(unknown(code)))
}

fn unknown(code: &str) -> String {
    format!("there is no finding {code:?}: `hopscope rules` lists them all")
}

/// Reads what a check of a configuration fails on; a code has to be one that there is.
///
/// # Errors
/// A sentence that says what would be right.
pub(super) fn fail_on(text: &str) -> Result<FailOn, String> {
    let fail_on = FailOn::parse(text)?;
    match &fail_on {
        FailOn::Code(code) if pages::find(code).is_none() => Err(unknown(code)),
        _ => Ok(fail_on),
    }
}

/// Reads what a run with requests fails on; a code has to be one that requests can show.
///
/// # Errors
/// A sentence that says what would be right.
pub(super) fn fail_on_requests(text: &str) -> Result<FailOn, String> {
    let fail_on = fail_on(text)?;
    match &fail_on {
        FailOn::Code(code) if pages::find(code).is_some_and(|page| page.found == Found::Configuration) => {
            Err(format!("{code} is found in a proxy's configuration: hopscope check FILE --fail-on {code}"))
        }
        _ => Ok(fail_on),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_explained_and_all_are_listed() {
        let list = text(None).unwrap();
        assert_eq!(list.lines().count(), pages::all().len());
        for page in pages::all() {
            assert!(list.contains(page.title), "{list}");
            assert!(text(Some(&page.code.to_lowercase())).unwrap().contains(page.title));
        }
        assert_eq!(text(Some("PX99")).unwrap_err().exit, Exit::Usage);
    }

    #[test]
    fn a_run_fails_on_codes_that_it_can_meet() {
        let code = |code: &str| Ok(FailOn::Code(code.to_owned()));
        assert_eq!((fail_on("cd02"), fail_on("px01")), (code("CD02"), code("PX01")));
        assert_eq!((fail_on_requests("ng01"), fail_on_requests("warn")), (code("NG01"), Ok(FailOn::Warn)));
        assert!(fail_on("PX99").unwrap_err().contains("hopscope rules"));
        assert!(fail_on_requests("CD02").unwrap_err().contains("hopscope check"));
    }
}
