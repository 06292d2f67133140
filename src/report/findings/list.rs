//! The short list that a run without a screen ends with: a line for each cause.

use std::io::{self, Write};

use super::{Found, counted, symptoms, times, title};
use crate::diagnosis::Severity;
use crate::lanes::visible::visible;
use crate::report::{Style, text, words};
use crate::store::{CauseRow, CauseState};

/// Writes the list; nothing where nothing was found.
pub(in crate::report) fn list(out: &mut impl Write, found: &Found<'_>, style: &Style) -> io::Result<()> {
    let count = found.causes.len() as u64 + found.dropped;
    if count == 0 {
        return Ok(());
    }
    writeln!(out, "\n{} in {}", counted(count, "cause"), counted(found.seen, "request"))?;
    found.causes.iter().try_for_each(|row| line(out, row, style))?;
    match found.dropped {
        0 => Ok(()),
        more => writeln!(out, "  and {more} more, not kept"),
    }
}

/// `✗ PX01 ×214  prefix kept, app not told (/api/v1)  FIX  Traefik: …`
fn line(out: &mut impl Write, row: &CauseRow, style: &Style) -> io::Result<()> {
    let finding = &row.finding;
    let name = format!("{} {} {}{}", sign(row, style.ascii), finding.code, times(style), row.count);
    let sgr = if row.state == CauseState::New { text::by_severity(finding.severity) } else { "2" };
    write!(out, "  {}  {}", words::colored(&name, sgr, style), title(finding))?;
    if row.state != CauseState::New {
        write!(out, "  [{}]", row.state.word())?;
    }
    if let Some(symptoms) = symptoms(row, style) {
        write!(out, "  causes {symptoms}")?;
    }
    match finding.fix.first().filter(|_| row.state != CauseState::Gone) {
        Some(fix) => {
            writeln!(out, "  {} {}", words::colored("FIX", "32", style), visible(fix.to_string().as_bytes()))
        }
        None => writeln!(out),
    }
}

/// What is new by how bad it is; what is known or gone by that.
const fn sign(row: &CauseRow, ascii: bool) -> &'static str {
    match (row.state, row.finding.severity, ascii) {
        (CauseState::Gone, _, false) => "✓",
        (CauseState::Gone, _, true) => "ok",
        (CauseState::Known, ..) => ".",
        (CauseState::New, Severity::Error, false) => "✗",
        (CauseState::New, Severity::Error, true) => "X",
        (CauseState::New, Severity::Warn, _) => "!",
        (CauseState::New, Severity::Note, _) => "~",
    }
}
