//! The report for people: a summary, how it went over time, the causes, the tops.

use std::io::{self, Write};

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use super::digest::{
    Digest, Top, classes, counted, from_to, grouped, no_cause, order, raw, share, shortened, shown_key, size, times,
};
use super::plot::spark;
use crate::access_log::Format;
use crate::access_log::sought::Sought;
use crate::access_log::traffic::{Bucket, Row};
use crate::diagnosis::Severity;
use crate::diagnosis::log::LogCause;
use crate::lanes::visible::visible;
use crate::report::{Style, text, words};

/// Columns of the plots.
const PLOT: usize = 60;

/// Characters of a key at most; of a line that is shown as it was written.
const KEY: usize = 100;
const RAW: usize = 200;

/// Unread lines that are shown.
const UNREAD: usize = 5;

/// Paths that somebody got who should not.
const THROUGH: usize = 10;

/// Writes the report.
pub(super) fn write(digest: &Digest<'_>, style: &Style, out: &mut impl Write) -> io::Result<()> {
    for line in summary(digest, style) {
        writeln!(out, "{line}")?;
    }
    let plots = plots(digest, style);
    if !plots.is_empty() {
        writeln!(out)?;
    }
    plots.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    causes(digest, style, out)?;
    let signs = signs(digest);
    if !signs.is_empty() {
        writeln!(out)?;
    }
    signs.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    for Top { heading, rows, .. } in &digest.tops {
        writeln!(out, "\n{}", words::colored(&format!("{heading}, {}", order(digest.order)), "1", style))?;
        table(rows).iter().try_for_each(|line| writeln!(out, "{line}"))?;
    }
    unread(digest, style, out)
}

/// What was read, and what it comes to, in a few lines.
pub(super) fn summary(digest: &Digest<'_>, style: &Style) -> Vec<String> {
    let book = digest.book;
    let traffic = book.traffic();
    let mut lines: Vec<String> = book
        .sources()
        .iter()
        .flat_map(|source| {
            let (name, format) = (visible(source.name.as_bytes()), visible(source.format_name().as_bytes()));
            let warning = source.format.as_ref().and_then(Format::warning);
            let warning = warning.map(|warning| format!("warning: {}", visible(warning.as_bytes())));
            let format = format!("{name}: {} ({})", shortened(&format, KEY), visible(source.chosen.as_bytes()));
            [Some(format), warning].into_iter().flatten()
        })
        .collect();
    if let Some(filter) = &book.view().filter {
        lines.push(format!("only lines that pass {}", visible(filter.text().as_bytes())));
    }
    let span = digest.span().map(|span| format!(", {}", from_to(span, style))).unwrap_or_default();
    let part = if book.progress.read < book.progress.all { " so far" } else { "" };
    let read = size(book.bytes());
    lines.push(format!("{} in {read} read{part}{span}", counted(traffic.lines(), "line")));
    if traffic.lines() == 0 {
        return lines;
    }
    lines.push(format!(
        "{}; {}; {} sent",
        classes(traffic.classes()),
        counted(traffic.clients(), "client"),
        size(traffic.bytes())
    ));
    let statuses: Vec<String> =
        digest.statuses.iter().map(|(status, count)| format!("{status} {}", grouped(*count))).collect();
    if !statuses.is_empty() {
        lines.push(statuses.join("  "));
    }
    if let Some(all) = traffic.times() {
        lines.push(format!("took {}", times(all)));
    }
    lines
}

/// How it went over time: lines, and the shares of 4xx and 5xx.
pub(super) fn plots(digest: &Digest<'_>, style: &Style) -> Vec<String> {
    let Some((width, buckets)) = digest.series(1, PLOT) else { return Vec::new() };
    let all = |bucket: &Bucket| bucket.classes.iter().sum::<u64>();
    let class = |bucket: &Bucket, class: usize| bucket.classes.get(class).copied().unwrap_or_default();
    let most = buckets.iter().map(all).max().unwrap_or_default();
    let mut lines = vec![format!(
        "lines  {}  most {} in {}",
        spark(&buckets.iter().map(all).collect::<Vec<_>>(), most, style.ascii),
        grouped(most),
        span_word(width)
    )];
    for (name, index) in [("4xx", 4), ("5xx", 5)] {
        let counts: Vec<u64> = buckets.iter().map(|bucket| class(bucket, index)).collect();
        let peak = buckets.iter().zip(&counts).max_by_key(|(_, count)| **count);
        let note = peak.filter(|(_, count)| **count > 0).map_or_else(
            || "none".to_owned(),
            |(bucket, count)| {
                let clock = at(bucket.start).to_zoned(style.zone.clone()).strftime("%F %T");
                format!("most {} ({}) at {clock}", grouped(*count), share(*count, all(bucket)))
            },
        );
        let top = counts.iter().copied().max().unwrap_or_default();
        lines.push(format!("{name}    {}  {note}", spark(&counts, top, style.ascii)));
    }
    lines
}

/// Who looked for holes, and what they got.
pub(super) fn signs(digest: &Digest<'_>) -> Vec<String> {
    let (clients, lines) = digest.scanned;
    let mut signs = Vec::new();
    if clients > 0 {
        let (clients, lines) = (counted(clients, "client"), counted(lines, "line"));
        let through =
            if digest.through.is_empty() { "; no file that should be nobody else's was given out" } else { "" };
        signs.push(format!("scanners: {clients}, {lines}{through}"));
    }
    for path in digest.through.iter().take(THROUGH) {
        let key = shortened(&visible(path.key), KEY);
        let what = path.facts.sought.map_or("", Sought::word);
        let from: Vec<String> = path.facts.addresses.iter().map(visible).collect();
        let (least, most) = path.facts.sizes;
        let sizes = if least == most { size(most) } else { format!("{} to {}", size(least), size(most)) };
        let (count, status) = (counted(path.count, "line"), path.facts.status);
        signs.push(format!("GOT THROUGH  {key}  {status}, {count}, {sizes}: {what}; from {}", from.join(", ")));
    }
    for (count, what) in [(digest.missing, "want of a prefix"), (digest.doubled, "a prefix that is there twice")] {
        if count > 0 {
            let are = if count == 1 { "is" } else { "are" };
            signs.push(format!("{} {are} 404 for {what}", counted(count, "line")));
        }
    }
    signs
}

fn at(millis: i64) -> Timestamp {
    super::digest::time(millis)
}

/// `1 s`, `15 min`, `6 h`, `1 d`
pub(super) fn span_word(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86400),
    }
}

fn causes(digest: &Digest<'_>, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let causes = digest.book.causes();
    let lines = digest.book.traffic().lines();
    if causes.is_empty() && lines == 0 {
        return writeln!(out, "\n{}", no_cause(digest.book));
    }
    if causes.is_empty() {
        return writeln!(out, "\n{} no cause found", if style.ascii { "ok" } else { "✓" });
    }
    writeln!(out, "\n{} in {}", counted(causes.len() as u64, "cause"), counted(lines, "line"))?;
    for cause in causes {
        headline(cause, style, out)?;
        writeln!(out, "      {}", visible(cause.finding.why.as_bytes()))?;
        first_fix(cause, style, out)?;
        for line in cause.lines.iter().take(if style.evidence { usize::MAX } else { 1 }) {
            writeln!(out, "      {}", shortened(&raw(line, style), RAW))?;
        }
    }
    Ok(())
}

/// Writes a cause: `✗ PX02 ×214  doubled prefix (/api/v1)  2026-11-20 09:01:12 to 09:15:02 UTC`, and its first fix below.
///
/// # Errors
/// Whatever the writer fails with.
pub fn cause_line(cause: &LogCause, style: &Style, out: &mut impl Write) -> io::Result<()> {
    headline(cause, style, out)?;
    first_fix(cause, style, out)
}

fn headline(cause: &LogCause, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let finding = &cause.finding;
    let sign = match (finding.severity, style.ascii) {
        (Severity::Error, false) => "✗",
        (Severity::Error, true) => "X",
        (Severity::Warn, _) => "!",
        (Severity::Note, _) => "~",
    };
    let times = if style.ascii { "x" } else { "×" };
    let name = format!("{sign} {} {times}{}", finding.code, grouped(cause.count));
    let title = crate::report::findings::title(finding);
    let seen = cause.seen.map(|span| format!("  {}", from_to(span, style))).unwrap_or_default();
    writeln!(out, "  {}  {title}{seen}", words::colored(&name, text::by_severity(finding.severity), style))
}

fn first_fix(cause: &LogCause, style: &Style, out: &mut impl Write) -> io::Result<()> {
    match cause.finding.fix.first() {
        Some(fix) => {
            let fix = visible(fix.to_string().as_bytes());
            writeln!(out, "      {} {fix}", words::colored("FIX", "32", style))
        }
        None => Ok(()),
    }
}

/// The rows of a top, in columns. Columns that no row has are left out.
pub(super) fn table(rows: &[Row]) -> Vec<String> {
    let has_times = rows.iter().any(|row| row.times.is_some());
    let cells = |row: &Row| {
        let class = |class: usize| row.classes.get(class).map_or_else(String::new, |count| grouped(*count));
        let count = if row.error > 0 {
            format!("{} (-{})", grouped(row.count), grouped(row.error))
        } else {
            grouped(row.count)
        };
        let mut cells = vec![count, class(2), class(3), class(4), class(5), size(row.bytes)];
        if has_times {
            cells.push(row.times.map_or_else(|| "-".to_owned(), |times| words::millis(u64::from(times.p95))));
        }
        (cells, shown_key(row, KEY))
    };
    let mut names: Vec<String> = ["LINES", "2xx", "3xx", "4xx", "5xx", "SENT"].map(str::to_owned).to_vec();
    if has_times {
        names.push("p95".to_owned());
    }
    let all: Vec<(Vec<String>, String)> =
        std::iter::once((names, String::new())).chain(rows.iter().map(cells)).collect();
    let width = |column: usize| all.iter().filter_map(|(cells, _)| cells.get(column)).map(|cell| cell.width()).max();
    let widths: Vec<usize> = (0..6 + usize::from(has_times)).map(|column| width(column).unwrap_or_default()).collect();
    all.iter()
        .map(|(cells, key)| {
            let padded: Vec<String> =
                cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}")).collect();
            format!("  {}  {key}", padded.join("  ")).trim_end().to_owned()
        })
        .collect()
}

/// The lines that could not be read.
fn unread(digest: &Digest<'_>, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let unread = digest.book.unread();
    let cut: u64 = digest.book.sources().iter().map(crate::store::LogSource::cut).sum();
    if cut > 0 {
        writeln!(out, "\nlonger than 64 KiB, and read as far as that: {}", counted(cut, "line"))?;
    }
    if unread.count() == 0 {
        return Ok(());
    }
    let reasons: Vec<String> =
        unread.by_reason().map(|(why, count)| format!("{} {}", grouped(count), why.text())).collect();
    writeln!(out, "\n{} could not be read: {}", counted(unread.count(), "line"), reasons.join(", "))?;
    for line in unread.lines().rev().take(UNREAD) {
        let what = raw(&line.line, style);
        writeln!(
            out,
            "  {}, from column {}: {}",
            line.unread.reason.text(),
            line.unread.column + 1,
            shortened(&what, RAW)
        )?;
    }
    Ok(())
}
