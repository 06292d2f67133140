//! FACE: the same facts without a screen: text, JSON lines, Markdown.
//!
//! This room exists so that scripts, tests and issue texts read what the dashboard shows. Whatever arrived from outside
//! is made visible before it is written, and credentials are hidden unless told otherwise. A line is on its way as soon as
//! its exchange has ended; a closed pipe is a quiet end.

mod blocks;
mod chains;
mod check;
mod findings;
mod fixes;
mod line;
mod logs;
mod markdown;
mod sarif;
#[cfg(test)]
pub(crate) mod schema;
mod servers;
#[cfg(test)]
mod tests;
mod text;
mod way;
mod words;

pub use chains::{ChainFormat, ShownChain, Verdict, chain};
pub use check::{CheckFormat, Checked, Said, check};
pub use findings::{Found, findings, known};
pub use fixes::{FixesFormat, LeftOut, ShownFixes, ToMend, TriedFix, fixes};
pub use logs::{Country, LogFormat, ShownLogs, log_cause, log_cause_line, log_findings, log_line, logs};
pub use servers::servers;

use std::io::{self, ErrorKind, Write};
use std::ops::ControlFlow;

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::dry_run::Way;
use crate::lanes::{Lanes, Provenance, Setup};
use crate::settings::{Color, Format};
use crate::store::Losses;
use crate::store::{Counts, Entry};

/// How things are written.
#[derive(Clone, Debug)]
pub struct Style {
    /// Hide credentials.
    pub redact: bool,
    /// Signs in ASCII only.
    pub ascii: bool,
    /// The time zone of the clock in text and Markdown; JSON has UTC.
    pub zone: TimeZone,
    /// Colours in text: only in what hopscope writes itself, and only beside words that say the same.
    pub color: bool,
    /// The answer was not seen but follows from the models (`explain`).
    pub predicted: bool,
    /// Show in text what each finding rests on, and each fix as a diff.
    pub evidence: bool,
}

/// Whether text is to have colours: as `--color` says, and if that leaves it open, on a terminal that knows colours and
/// unless `NO_COLOR` is set and not empty (<https://no-color.org>). `env` looks up a variable.
pub fn wants_color(color: Color, terminal: bool, env: impl Fn(&str) -> Option<String>) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            let no_color = env("NO_COLOR").is_some_and(|value| !value.is_empty());
            terminal && !no_color && env("TERM").is_none_or(|term| term != "dumb")
        }
    }
}

/// One exchange as the faces in this room are shown it.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// What was observed and concluded.
    pub entry: &'a Entry,
    /// Its lanes.
    pub lanes: &'a Lanes,
    /// The set-up it ran through.
    pub setup: &'a Setup,
    /// The way through the proxy by its configuration, where that was thought through.
    pub way: Option<&'a Way>,
}

/// Writes exchanges in one format.
#[derive(Debug)]
pub struct Report<W> {
    format: Format,
    style: Style,
    out: W,
    begun: bool,
    /// How the server was known when text last said so.
    known: Provenance,
    /// What text has told whole.
    told: text::Told,
}

impl<W: Write> Report<W> {
    /// A report to `out`. The dashboard is no report: its format is written as text.
    pub fn new(format: Format, style: Style, out: W) -> Self {
        Self { format, style, out, begun: false, known: Provenance::default(), told: text::Told::default() }
    }

    /// True if nothing is written at all, so that lanes need not be computed for it.
    pub fn is_silent(&self) -> bool {
        self.format == Format::Silent
    }

    /// Writes one exchange and sees it on its way. `Break` if nobody reads any more.
    ///
    /// # Errors
    /// Whatever the writer fails with, a closed pipe excepted.
    pub fn exchange(&mut self, shown: Shown<'_>) -> io::Result<ControlFlow<()>> {
        let begun = std::mem::replace(&mut self.begun, true);
        let written = match self.format {
            Format::Silent => Ok(()),
            Format::Jsonl => line::write(&mut self.out, shown, &self.style),
            Format::Markdown => markdown::write(&mut self.out, shown, &self.style, !begun),
            Format::Text | Format::Tui => self.text(shown),
        };
        quiet_end(written.and_then(|()| self.out.flush()))
    }

    /// A line for the exchange, below one that says how the server is known where that has changed.
    fn text(&mut self, shown: Shown<'_>) -> io::Result<()> {
        let known = shown.setup.provenance_at(&shown.entry.exchange);
        if self.known != *known {
            self.known = known.clone();
            text::known(&mut self.out, known, &self.style)?;
        }
        text::write(&mut self.out, shown, &self.style, &mut self.told)
    }

    /// Writes one exchange with all that is known of it: the four lanes one below the other, response and verdict.
    ///
    /// # Errors
    /// Whatever the writer fails with, a closed pipe excepted.
    pub fn explain(&mut self, shown: Shown<'_>) -> io::Result<ControlFlow<()>> {
        match self.format {
            Format::Text | Format::Tui => {
                let written = text::explain(&mut self.out, shown, &self.style);
                quiet_end(written.and_then(|()| self.out.flush()))
            }
            Format::Jsonl | Format::Markdown | Format::Silent => self.exchange(shown),
        }
    }

    /// Writes what stands at the end: in text the list of causes; in a report to be kept what was lost, which the other
    /// formats leave to stderr.
    ///
    /// # Errors
    /// Whatever the writer fails with, a closed pipe excepted.
    pub fn finish(&mut self, counts: Counts, found: &Found<'_>) -> io::Result<ControlFlow<()>> {
        let written = match (self.format, losses(counts.lost)) {
            (Format::Text, _) => findings::list(&mut self.out, found, &self.style),
            (Format::Markdown, Some(losses)) => writeln!(self.out, "\n{losses}"),
            _ => Ok(()),
        };
        quiet_end(written.and_then(|()| self.out.flush()))
    }
}

/// What passed and was not recorded, in one sentence; `None` if nothing was lost.
pub fn losses(lost: Losses) -> Option<String> {
    let parts = [
        (lost.exchanges, "exchanges passed unrecorded because recording was behind"),
        (lost.paused, "exchanges passed unrecorded because recording was paused"),
        (lost.bodies, "bodies were kept shorter because recording was behind"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
    let parts: Vec<_> = parts.collect();
    (!parts.is_empty()).then(|| format!("{}.", parts.join("; ")))
}

/// Pretty JSON, with nothing in it that a terminal obeys.
fn pretty(out: &mut impl Write, value: &Value) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    text.lines().try_for_each(|line| writeln!(out, "{}", line::escaped(line)))
}

/// A reader that went away is no failure.
fn quiet_end(written: io::Result<()>) -> io::Result<ControlFlow<()>> {
    match written {
        Ok(()) => Ok(ControlFlow::Continue(())),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(ControlFlow::Break(())),
        Err(error) => Err(error),
    }
}
