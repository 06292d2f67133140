//! Plain text: one line for an exchange, indented lines for what was concluded about it.

use std::collections::HashMap;
use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::blocks::{Block, blocks, number};
use super::{Shown, Style, words};
use crate::diagnosis::{Cause, Confidence, Finding, Severity};
use crate::exchange::ExchangeId;
use crate::lanes::visible::visible;
use crate::lanes::{Provenance, Rewrite};

/// Writes how the server is known, on one line, and what to be wary of below it.
pub(super) fn known(out: &mut impl Write, provenance: &Provenance, style: &Style) -> io::Result<()> {
    let known: Vec<String> = provenance.lines().map(|(what, from)| format!("{what} ({from})")).collect();
    writeln!(out, "{}  {}", words::colored("SERVER", "2", style), visible(known.join(", ").as_bytes()))?;
    for doubt in provenance.doubts() {
        writeln!(out, "    {}  {}", words::colored("!", "33", style), visible(doubt.as_bytes()))?;
    }
    Ok(())
}

/// Causes that are remembered; beyond it all are told again.
const MOST_TOLD: usize = 256;

/// The causes that were told whole, so that a thousand requests with one fault do not tell it a thousand times.
#[derive(Debug, Default)]
pub(super) struct Told(HashMap<Cause, (ExchangeId, Vec<String>, Confidence)>);

impl Told {
    /// The exchange whose finding named this cause and the same way out of it; this one is noted where there is none.
    fn before(&mut self, finding: &Finding, id: ExchangeId) -> Option<ExchangeId> {
        let cause = finding.cause();
        // On how many requests a fix was checked is no news.
        let fixes = || finding.fix.iter().map(|fix| &fix.line);
        let same = |told: &&(ExchangeId, Vec<String>, Confidence)| {
            told.0 != id && !told.1.is_empty() && fixes().eq(&told.1) && told.2 == finding.confidence
        };
        if let Some((first, ..)) = self.0.get(&cause).filter(same) {
            return Some(*first);
        }
        if self.0.len() >= MOST_TOLD {
            self.0.clear();
        }
        self.0.insert(cause, (id, fixes().cloned().collect(), finding.confidence));
        None
    }
}

/// Writes an exchange as a line, and its findings below it: a cause that was told before by its name alone, unless all is
/// asked for.
pub(super) fn write(out: &mut impl Write, shown: Shown<'_>, style: &Style, told: &mut Told) -> io::Result<()> {
    let answer = &shown.lanes.answer;
    let exchange = &shown.entry.exchange;
    let clock = words::started(exchange).to_zoned(style.zone.clone()).strftime("%H:%M:%S%.3f");
    let status = answer.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
    writeln!(
        out,
        "{clock} {:>6} {:<7} {} {:>8} {:<9} {}",
        number(exchange.id),
        visible(shown.lanes.original.method.as_bytes()),
        words::colored(&format!("{status:>3}"), by_status(answer.status), style),
        words::millis(answer.duration),
        visible(answer.by.word().as_bytes()),
        way(shown, style),
    )?;
    for fault in words::model_differs(&shown.lanes.scope, style) {
        writeln!(out, "    {}  {}", words::colored("MODEL", "33", style), visible(fault.as_bytes()))?;
    }
    let id = exchange.id;
    findings(out, &shown.entry.findings, style, |finding| told.before(finding, id).filter(|_| !style.evidence))
}

/// Green, cyan, yellow, red, by the status's class; red as well where nobody answered.
const fn by_status(status: Option<u16>) -> &'static str {
    match status {
        Some(100..300) => "32",
        Some(300..400) => "36",
        Some(400..500) => "33",
        _ => "31",
    }
}

/// Red and yellow for what is wrong.
pub(super) const fn by_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "1;31",
        Severity::Warn => "1;33",
        Severity::Note => "1",
    }
}

/// The URL, and what became of its path; how it ended, if not well.
fn way(shown: Shown<'_>, style: &Style) -> String {
    let lane = &shown.lanes.rewritten;
    let arrow = if style.ascii { "->" } else { "→" };
    let mut parts = vec![words::original_url(shown, style)];
    match (&lane.rewrite, &lane.outgoing) {
        (Rewrite::NeverReached, _) => parts.push(format!("{arrow} (never reached the app)")),
        (Rewrite::Kept | Rewrite::Stripped(_) | Rewrite::Added(_) | Rewrite::Replaced, Some(path)) => {
            parts.push(format!("{arrow} {}", words::path(path)));
        }
        (Rewrite::Unknown, _) | (_, None) => {}
    }
    if let Some(location) = &shown.lanes.answer.location {
        parts.push(format!(" Location: {}", words::url(location, style)));
    }
    match words::ending(&shown.entry.exchange) {
        ("complete", _) => {}
        (how, Some(detail)) => parts.push(format!(" [{how}: {detail}]")),
        (how, None) => parts.push(format!(" [{how}]")),
    }
    parts.join(" ")
}

/// The findings, a few lines each; what follows from another only names it, and so does one that was told `before`.
fn findings(
    out: &mut impl Write,
    findings: &[Finding],
    style: &Style,
    mut before: impl FnMut(&Finding) -> Option<ExchangeId>,
) -> io::Result<()> {
    let indent = "    ";
    for finding in findings {
        let follows = words::follows(finding);
        let sign = match (finding.primary, follows.is_some(), style.ascii) {
            (true, _, false) => "✗",
            (true, _, true) => "X",
            (false, true, false) => "↳",
            (false, true, true) => "->",
            (false, false, _) => "!",
        };
        let told = if follows.is_none() { before(finding) } else { None };
        let note = match (&follows, told) {
            (Some(follows), _) => follows.clone(),
            (None, Some(id)) => format!("as {}", number(id)),
            (None, None) => format!("confidence {}", finding.confidence.word()),
        };
        let name =
            words::colored(&format!("{sign} {} {}", finding.code, finding.title), by_severity(finding.severity), style);
        writeln!(out, "{indent}{name} ({note})")?;
        // Its why and fix are its cause's, which are written there.
        if told.is_some() || !finding.primary && follows.is_some() {
            continue;
        }
        verdict(out, finding, style, indent)?;
    }
    Ok(())
}

/// Why, what it rests on if that is asked for, what to change and what not to do.
pub(super) fn verdict(out: &mut impl Write, finding: &Finding, style: &Style, indent: &str) -> io::Result<()> {
    let row = |out: &mut dyn Write, head: &str, sgr: &str, text: &str| {
        writeln!(out, "{indent}  {}  {}", words::colored(head, sgr, style), visible(text.as_bytes()))
    };
    row(out, "WHY", "2", &finding.why)?;
    if style.evidence {
        let facts = finding.facts.iter().map(|fact| format!("{}: {}", words::known_by(fact, style), fact.what));
        let missing = finding.missing.iter().map(|missing| format!("missing: {missing}"));
        for (index, line) in facts.chain(missing).enumerate() {
            row(out, if index == 0 { "HOW" } else { "   " }, "2", &line)?;
        }
    }
    for (index, fix) in finding.fix.iter().enumerate() {
        row(out, if index == 0 { "FIX" } else { "   " }, "32", &fix.to_string())?;
        let diff = fix.diff.iter().filter(|_| style.evidence);
        for line in diff.flat_map(|diff| words::diff(diff)) {
            writeln!(out, "{indent}       {}", words::colored(&line, of_diff(&line), style))?;
        }
    }
    finding.not.iter().try_for_each(|not| row(out, "NOT", "31", not))
}

/// Green for what is added, red for what goes.
const fn of_diff(line: &str) -> &'static str {
    match line.as_bytes() {
        [b'+', ..] => "32",
        [b'-', ..] => "31",
        _ => "2",
    }
}

/// Writes the lanes one below the other, and the verdict.
pub(super) fn explain(out: &mut impl Write, shown: Shown<'_>, style: &Style) -> io::Result<()> {
    lanes(out, &blocks(shown, style))?;
    writeln!(out, "\nVerdict")?;
    if shown.entry.findings.is_empty() {
        let answered = shown.lanes.answer.status.is_some();
        let nothing = if answered { "nothing is wrong with it" } else { "nothing certain can be said" };
        return writeln!(out, "    {nothing}");
    }
    findings(out, &shown.entry.findings, style, |_| None)
}

/// Writes blocks with their labels aligned over all of them.
pub(super) fn lanes(out: &mut impl Write, blocks: &[Block]) -> io::Result<()> {
    let width = blocks.iter().flat_map(|block| &block.rows).map(|row| row.label.width()).max().unwrap_or_default();
    let head = blocks.iter().map(|block| block.title.width()).max().unwrap_or_default();
    for (index, block) in blocks.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{:<head$}  {}", block.title, block.source)?;
        for row in &block.rows {
            let pad = width.saturating_sub(row.label.width());
            let line = format!("  {} {}{:pad$}  {}", row.mark, row.label, "", row.value);
            writeln!(out, "{}", line.trim_end())?;
        }
    }
    Ok(())
}
