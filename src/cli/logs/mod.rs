//! `hopscope logs`: reads and follows access logs, and says what matters in them.
//!
//! ```text
//! flags ─▶ sources: which logs, by which formats ─▶ reader thread: tail ─▶ filling ─▶ log book
//!                                                     └▶ output: lines, causes, alerts; at the end the report
//! ```

mod alert;
mod args;
mod beside;
mod face;
mod filling;
mod geoip;
mod nginx_conf;
mod output;
mod print_format;
mod reader;
mod sources;
#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Arc, PoisonError};

use clap::Args;
use jiff::Zoned;

use super::headless::fails;
use super::signals::Signals;
use super::{Exit, Failure};
use crate::lanes::visible::visible;
use crate::report::Country;
use crate::settings::When;
use crate::store::{LogBook, LogView};
pub(super) use beside::{BesideArgs, Followed};
pub(super) use face::LogControls;

use alert::Alerts;
use args::{AlertArgs, EXAMPLES, FormatName, LinesArgs, ShownArgs, WhichArgs};
use geoip::Countries;
use output::{Output, style};
use reader::{Reading, Work};
use sources::{Source, sources};

/// Read and follow access logs, and say what matters in them
///
/// What gets the traffic, whether 4xx and 5xx climb and why, who is scanning and whether anyone got through, which 404s come
/// from a missing or doubled prefix, which redirects are wrong. Any log format of nginx, from nginx.conf, by name, as text, or
/// found out; logs of Traefik and Caddy. Nothing leaves this machine.
#[derive(Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct LogsArgs {
    #[command(flatten)]
    which: WhichArgs,
    #[command(flatten)]
    lines: LinesArgs,
    #[command(flatten)]
    shown: ShownArgs,
    #[command(flatten)]
    alerts: AlertArgs,
}

/// Reads until the end of the logs, or until told to stop, and reports.
pub(super) fn run(args: &LogsArgs) -> Result<Exit, Failure> {
    if args.which.print_log_format {
        return print_format::print();
    }
    // Before anything long is begun, so that an early interrupt still gets the report so far.
    let mut signals = Signals::install()?;
    let countries = args.shown.geoip.as_deref().map(Countries::open).transpose()?;
    let sources = sources(&args.which)?;
    let view = args.view();
    if let Some(once) = sources.iter().find(|source| source.input.is_read_once())
        && view.needs_causes()
    {
        return Err(Failure::usage(format!(
            "--filter finding: which lines belong to a cause is known when all of them were read, and {} can be read only once; \
             write it to a file first",
            once.name
        )));
    }
    let format = args.format();
    if format == FormatName::Tui {
        drop(signals);
        return face::run(args, sources);
    }
    announce(&sources);
    let alerts = Alerts::new(&args.alerts, &style(&args.shown), false)?;
    let names = sources.iter().map(|source| source.name.clone()).collect();
    let output = Output::new(&args.shown, format, names, args.which.follow, alerts)?;
    let work = args.work(sources, format);
    let (reading, done) = Reading::start(work, view, output.sink())?;
    let ended = signals.wait(None, done, std::future::pending());
    let book = reading.finish()?;
    let book = book.read().unwrap_or_else(PoisonError::into_inner);
    let country = countries.as_ref().map(|countries| |client: &[u8]| countries.of(client));
    output.finish(&book, &args.shown, country.as_ref().map(|country| country as Country<'_>))?;
    if let Some(file) = &args.shown.findings {
        output.write_findings(&book, file)?;
    }
    output.end_alerts();
    Ok(if ended == Exit::Interrupted { ended } else { args.exit(&book) })
}

impl LogsArgs {
    /// Without a word about the format it is the dashboard where a person sits: stdout is a terminal that can draw, the
    /// keyboard is not what is read, and nothing goes to a file.
    fn format(&self) -> FormatName {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let person = self.shown.output.is_none() && !dumb && io::stdout().is_terminal();
        let unsaid = if person { FormatName::Tui } else { FormatName::Text };
        self.shown.format.unwrap_or(unsaid)
    }

    fn work(&self, sources: Vec<Source>, format: FormatName) -> Work {
        Work {
            sources,
            follow: self.which.follow,
            history: self.which.history,
            state: self.which.state.clone(),
            watched: format == FormatName::Tui,
            survey: format == FormatName::Jsonl && !self.which.follow,
        }
    }

    fn view(&self) -> LogView {
        let now = Zoned::now();
        let lines = &self.lines;
        let millis = |when: When| when.millis(&now);
        LogView {
            filter: lines.filter.clone(),
            since: lines.since.map(millis),
            until: lines.until.map(millis),
            surroundings: Arc::new(self.which.surroundings()),
            ..LogView::default()
        }
    }

    fn exit(&self, book: &LogBook) -> Exit {
        let fails = |fail_on| book.causes().iter().any(|cause| fails(&cause.finding, fail_on));
        if self.shown.fail_on.as_ref().is_some_and(fails) { Exit::Findings } else { Exit::Fine }
    }
}

/// Says on stderr what is read and how, for those who watch; and what a format cannot read, for everybody.
fn announce(sources: &[Source]) {
    let mut err = io::stderr().lock();
    for warning in sources.iter().filter_map(Source::warning) {
        // Nobody reads: nothing to be done about it.
        let _ = writeln!(err, "hopscope: {}", visible(warning.as_bytes()));
    }
    if !io::stderr().is_terminal() {
        return;
    }
    for source in sources {
        let how = source.format.as_ref().map_or_else(
            || "its first lines will tell the format".to_owned(),
            |chosen| format!("{} ({})", chosen.format.name(), chosen.how),
        );
        // Nobody reads: nothing to be done about it.
        let _ = writeln!(err, "hopscope: {}: {}", visible(source.name.as_bytes()), visible(how.as_bytes()));
    }
}
