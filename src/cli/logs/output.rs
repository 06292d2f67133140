//! What is written while logs are read, and at their end.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, Write};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use jiff::tz::TimeZone;

use super::super::Failure;
use super::alert::Alerts;
use super::args::{FormatName, ShownArgs};
use super::reader::Sink;
use crate::access_log::traffic::By;
use crate::diagnosis::Cause;
use crate::lanes::visible::visible;
use crate::report::{Country, LogFormat, ShownLogs, Style, log_cause_line, log_findings, log_line, logs, wants_color};
use crate::settings::{Color, FindingsFile, Format};
use crate::store::{Fed, LogBook};
use crate::tail::Note;

/// Where everything is written.
type Out = Box<dyn Write + Send>;

/// Causes that are told as they appear, at most.
const MOST_TOLD: usize = 1024;

/// What is written. Shared between the reader, which writes lines, and the end of the run, which writes the report.
#[derive(Clone)]
pub(super) struct Output(Arc<Mutex<Writing>>);

struct Writing {
    out: Out,
    format: FormatName,
    style: Style,
    /// The names of the sources.
    names: Vec<String>,
    /// Causes are told as they appear.
    live: bool,
    told: BTreeSet<Cause>,
    alerts: Option<Alerts>,
    failed: Option<io::Error>,
}

/// How things are written, as the flags say.
pub(super) fn style(args: &ShownArgs) -> Style {
    let terminal = args.output.is_none() && io::stdout().is_terminal();
    Style {
        redact: !args.no_redact,
        ascii: args.ascii,
        zone: TimeZone::system(),
        color: wants_color(Color::Auto, terminal, |name| std::env::var(name).ok()),
        predicted: false,
        evidence: args.verbose,
    }
}

impl Output {
    /// Opens what is written to.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn new(
        args: &ShownArgs,
        format: FormatName,
        names: Vec<String>,
        live: bool,
        alerts: Alerts,
    ) -> Result<Self, Failure> {
        let out: Out = match &args.output {
            Some(path) => {
                let file = File::create(path).with_context(|| format!("--output {}: cannot write", path.display()));
                Box::new(BufWriter::with_capacity(64 << 10, file.map_err(Failure::unreadable)?))
            }
            None => Box::new(BufWriter::with_capacity(64 << 10, io::stdout())),
        };
        let style = style(args);
        let writing =
            Writing { out, format, style, names, live, told: BTreeSet::new(), alerts: Some(alerts), failed: None };
        Ok(Self(Arc::new(Mutex::new(writing))))
    }

    /// For the reader.
    pub(super) fn sink(&self) -> Box<dyn Sink> {
        let wants_lines = self.with(|writing| writing.format == FormatName::Jsonl);
        Box::new(Live { writing: self.clone(), wants_lines })
    }

    /// Writes the report, if the format is one of a report.
    ///
    /// # Errors
    /// The output cannot be written; a closed pipe is a quiet end.
    pub(super) fn finish(&self, book: &LogBook, args: &ShownArgs, country: Option<Country<'_>>) -> Result<(), Failure> {
        self.with(|writing| {
            if let Some(error) = writing.failed.take() {
                return quiet(Err(error));
            }
            let by: Vec<By> = args.by.iter().map(|by| by.by()).collect();
            let shown = ShownLogs { book, top: usize::from(args.top), order: args.sort.order(), by: &by, country };
            let written = match log_format(writing.format) {
                Some(format) => logs(shown, format, &writing.style, &mut writing.out),
                None => writing.out.flush(),
            };
            quiet(written)
        })
    }

    /// Writes the causes to the file of `--findings`.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn write_findings(&self, book: &LogBook, file: &FindingsFile) -> Result<(), Failure> {
        let style = self.with(|writing| Style { color: false, evidence: true, ..writing.style.clone() });
        let run = match self.with(|writing| writing.format) {
            FormatName::Jsonl => Format::Jsonl,
            _ => Format::Text,
        };
        let format = file.format(run, true);
        let Some(path) = &file.path else {
            return quiet(log_findings(book, format, &style, &mut io::stdout().lock()));
        };
        let mut out = File::create(path)
            .map(BufWriter::new)
            .with_context(|| format!("--findings {}: cannot write", path.display()))
            .map_err(Failure::unreadable)?;
        quiet(log_findings(book, format, &style, &mut out))
    }

    /// Waits for those who are told of causes.
    pub(super) fn end_alerts(&self) {
        // Not while the lock is held.
        let alerts = self.with(|writing| writing.alerts.take());
        if let Some(alerts) = alerts {
            alerts.finish();
        }
    }

    fn with<T>(&self, write: impl FnOnce(&mut Writing) -> T) -> T {
        write(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The format of a report; `None` for what is written line by line, or not at all.
const fn log_format(format: FormatName) -> Option<LogFormat> {
    match format {
        FormatName::Text | FormatName::Tui => Some(LogFormat::Text),
        FormatName::Md => Some(LogFormat::Markdown),
        FormatName::Html => Some(LogFormat::Html),
        FormatName::Json => Some(LogFormat::Json),
        FormatName::Jsonl | FormatName::Silent => None,
    }
}

fn quiet(written: io::Result<()>) -> Result<(), Failure> {
    match written {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write the report").map_err(Failure::unreadable)
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

impl Writing {
    /// Notes that nobody reads, or that nothing can be written.
    fn check(&mut self, written: io::Result<()>) -> ControlFlow<()> {
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn concluded(&mut self, book: &LogBook) -> io::Result<()> {
        if let Some(alerts) = &mut self.alerts {
            alerts.tell(book.causes());
        }
        if !self.live || self.format != FormatName::Text {
            return Ok(());
        }
        for cause in book.causes() {
            if self.told.len() < MOST_TOLD && self.told.insert(cause.finding.cause()) {
                log_cause_line(cause, &self.style, &mut self.out)?;
            }
        }
        self.out.flush()
    }
}

/// The reader's side.
struct Live {
    writing: Output,
    wants_lines: bool,
}

impl Sink for Live {
    fn wants_lines(&self) -> bool {
        self.wants_lines
    }

    fn line(&mut self, fed: Fed<'_>) -> ControlFlow<()> {
        self.writing.with(|writing| {
            let name = writing.names.get(fed.source()).map_or("", String::as_str);
            let written = log_line(fed, name, &writing.style, &mut writing.out);
            writing.check(written)
        })
    }

    fn concluded(&mut self, book: &LogBook) -> ControlFlow<()> {
        self.writing.with(|writing| {
            let written = writing.concluded(book);
            writing.check(written)
        })
    }

    fn settled(&mut self) -> ControlFlow<()> {
        self.writing.with(|writing| {
            let written = writing.out.flush();
            writing.check(written)
        })
    }

    fn note(&mut self, note: &Note) {
        // Nobody reads: nothing to be done about it.
        let _ = writeln!(io::stderr(), "hopscope: {}", visible(note.to_string().as_bytes()));
    }
}
