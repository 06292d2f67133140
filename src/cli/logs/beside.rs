//! Access logs beside taps: the dashboard of a live run has the page of the logs too.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use jiff::tz::TimeZone;

use super::super::Failure;
use super::args::OrderName;
use super::face::{LogControls, Watching};
use super::reader::{Reading, Work};
use super::sources::{Source, found_out};
use crate::report::Style;
use crate::settings::{Format, Settings};
use crate::store::{LogView, Surroundings};
use crate::tail::Input;
use crate::tui::Logs;

/// The logs of the proxy that the taps stand around.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(in crate::cli) struct BesideArgs {
    /// Also follow this access log: the dashboard shows it as page 4, and a line leads to its request. May be repeated
    #[arg(long, value_name = "FILE")]
    access_log: Vec<PathBuf>,
}

impl BesideArgs {
    /// What was meant.
    ///
    /// # Errors
    /// There is no dashboard to show it on.
    pub(in crate::cli) fn add_to(&self, settings: Settings) -> Result<Settings, Failure> {
        if !self.access_log.is_empty() && settings.output.format != Format::Tui {
            return Err(Failure::usage("--access-log is for the dashboard; without one hopscope logs reads a log"));
        }
        Ok(Settings { access_logs: self.access_log.clone(), ..settings })
    }
}

/// Logs that are followed beside a live run.
pub(in crate::cli) struct Followed {
    reading: Reading,
    style: Style,
    surroundings: Arc<Surroundings>,
}

impl Followed {
    /// Starts to follow them; `None` if there are none.
    ///
    /// # Errors
    /// A log has a format that is not known, or there is no thread to be had.
    pub(in crate::cli) fn start(settings: &Settings) -> Result<Option<Self>, Failure> {
        let (logs, output) = (&settings.access_logs, &settings.output);
        if logs.is_empty() {
            return Ok(None);
        }
        let source = |path: &PathBuf| {
            let (format, name) = (found_out(path)?, path.display().to_string());
            Ok(Source { input: Input::named(path.clone()), name, format })
        };
        let sources: Vec<Source> = logs.iter().map(source).collect::<Result<_, Failure>>()?;
        let work = Work { sources, follow: true, history: false, state: None, watched: true, survey: false };
        let setup = &settings.setup;
        let gateway = setup.gateway.clone().map(Arc::new);
        let surroundings = Arc::new(Surroundings { prefixes: setup.prefixes.clone(), gateway });
        let view = LogView { surroundings: Arc::clone(&surroundings), ..LogView::default() };
        let (reading, _) = Reading::start(work, view, Box::new(Watching::quiet()))?;
        let style = Style {
            redact: output.redact,
            ascii: output.ascii,
            zone: TimeZone::system(),
            color: false,
            predicted: false,
            evidence: false,
        };
        Ok(Some(Self { reading, style, surroundings }))
    }

    /// What the dashboard shows of them.
    pub(in crate::cli) fn shown(&self) -> Logs {
        let (book, changed) = (Arc::clone(&self.reading.book), self.reading.changed.clone());
        Logs { book, changed, filter: String::new(), span: (None, None), alone: false }
    }

    /// What its keys can ask of them.
    pub(in crate::cli) fn controls(&self) -> LogControls {
        LogControls::new(&self.reading, self.style.clone(), OrderName::Count, Arc::clone(&self.surroundings))
    }

    /// Ends it.
    ///
    /// # Errors
    /// Why a log could not be read to the end.
    pub(in crate::cli) fn finish(self) -> Result<(), Failure> {
        self.reading.finish().map(drop)
    }
}
