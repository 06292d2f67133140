//! What was found as text: each finding begins with file and line, as compilers write it, so that editors can follow it.

use std::io::{self, Write};

use super::{Checked, Said};
use crate::diagnosis::{Confidence, Severity};
use crate::lanes::visible::visible;
use crate::report::{Style, text, words};

/// Lines that are not understood, and routers that are not tried, that are written out; more are counted.
const MOST: usize = 50;

/// Writes it all.
pub(super) fn write(checked: &Checked<'_>, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let gateway = checked.gateway;
    let files: Vec<String> = gateway.files.iter().map(|path| visible(path.to_string_lossy().as_bytes())).collect();
    writeln!(
        out,
        "{}: {}, {}, {}",
        listed(&files),
        checked.program(),
        counted(gateway.routers.len(), "router", "routers"),
        counted(gateway.listeners.len(), "listener", "listeners"),
    )?;
    let said = checked.said();
    said.iter().try_for_each(|said| finding(said, style, out))?;
    let doubts = gateway.not_understood.iter().map(ToString::to_string);
    list("Not understood: what rests on it is not predicted", doubts, out)?;
    let name = |index| checked.router(index).unwrap_or("a router");
    let untried = checked.untried().iter().map(|untried| format!("{}: {}", name(untried.router), untried.why));
    list("Not tried with the app's server", untried, out)?;
    writeln!(out)?;
    writeln!(out, "{}", summary(checked, &said))?;
    if let Some(first) = said.first() {
        writeln!(out, "What a code means and the way out: hopscope rules {}", first.code)?;
    }
    if checked.pair.is_none() {
        writeln!(
            out,
            "How the app's server is started is not known: with --server and its options the pair is checked too"
        )?;
    }
    Ok(())
}

/// The first file, and how many more there are.
fn listed(files: &[String]) -> String {
    match files {
        [] => "no file".to_owned(),
        [only] => only.clone(),
        [first, more @ ..] => format!("{first} and {}", counted(more.len(), "file more", "files more")),
    }
}

fn finding(said: &Said<'_>, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let place = said.place.map_or_else(|| "-".to_owned(), |place| visible(place.to_string().as_bytes()));
    let head = format!("{} {}", said.severity.word(), said.code);
    let unsure = if said.confidence == Confidence::Medium { " (confidence medium)" } else { "" };
    writeln!(
        out,
        "\n{place}: {} {}{unsure}",
        words::colored(&head, text::by_severity(said.severity), style),
        said.title
    )?;
    let mut row = |label: &str, sgr: &str, text: &str| {
        writeln!(out, "    {}  {}", words::colored(label, sgr, style), visible(text.as_bytes()))
    };
    if let Some(request) = said.request {
        let router = said.router.map(|router| format!(", taken by {router}")).unwrap_or_default();
        row("ASK", "2", &format!("{request}{router}"))?;
    }
    row("WHY", "2", said.what)?;
    for (index, fix) in said.fix.iter().enumerate() {
        row(if index == 0 { "FIX" } else { "   " }, "32", fix)?;
    }
    said.not.map_or(Ok(()), |not| row("NOT", "31", not))
}

/// A heading and lines below it; nothing if there are none.
fn list(heading: &str, lines: impl ExactSizeIterator<Item = String>, out: &mut impl Write) -> io::Result<()> {
    let more = lines.len().saturating_sub(MOST);
    for (index, line) in lines.take(MOST).enumerate() {
        if index == 0 {
            writeln!(out, "\n{heading}")?;
        }
        writeln!(out, "    {}", visible(line.as_bytes()))?;
    }
    if more > 0 { writeln!(out, "    … and {more} more") } else { Ok(()) }
}

/// `1 error, 2 warnings; 1 line is not understood`
fn summary(checked: &Checked<'_>, said: &[Said<'_>]) -> String {
    let of = |severity: Severity| said.iter().filter(|said| said.severity == severity).count();
    let counts = [
        (of(Severity::Error), "error", "errors"),
        (of(Severity::Warn), "warning", "warnings"),
        (of(Severity::Note), "note", "notes"),
    ];
    let counts = counts.iter().filter(|(count, ..)| *count > 0).map(|(count, one, many)| counted(*count, one, many));
    let counts: Vec<String> = counts.collect();
    let found = if counts.is_empty() { "nothing is wrong that can be seen".to_owned() } else { counts.join(", ") };
    match checked.gateway.not_understood.len() {
        0 => found,
        count => format!("{found}; {} not understood", counted(count, "line", "lines")),
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
