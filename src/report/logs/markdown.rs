//! The report as Markdown that can be put into an issue as it is.

use std::io::{self, Write};

use super::digest::{Digest, Top, counted, from_to, grouped, no_cause, order, raw, shortened};
use super::text::{plots, signs, summary, table};
use crate::diagnosis::log::LogCause;
use crate::report::markdown::{code, longest_run, prose, whole};
use crate::report::{Style, findings};
use crate::store::LogBook;

/// Rows of a table; the rest is in the other formats.
const ROWS: usize = 10;

/// Characters of a line of a log.
const RAW: usize = 300;

/// Writes the report.
pub(super) fn write(digest: &Digest<'_>, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let plain = Style { color: false, ..style.clone() };
    writeln!(out, "# hopscope logs\n")?;
    let mut lines = summary(digest, &plain);
    lines.push(String::new());
    lines.extend(plots(digest, &plain));
    lines.push(String::new());
    lines.extend(signs(digest));
    fenced(lines.join("\n").trim_end(), out)?;
    causes(digest.book, &plain, out)?;
    for Top { heading, rows, .. } in &digest.tops {
        writeln!(out, "\n## {heading}, {}\n", order(digest.order))?;
        fenced(&table(rows.get(..ROWS).unwrap_or(rows)).join("\n"), out)?;
    }
    Ok(())
}

/// The causes alone.
pub(super) fn causes_alone(book: &LogBook, style: &Style, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "# hopscope findings\n\n{} read.", counted(book.traffic().lines(), "line"))?;
    causes(book, style, out)
}

/// A table of the causes, and a section for each.
fn causes(book: &LogBook, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let causes = book.causes();
    if causes.is_empty() {
        return writeln!(out, "\n{}", no_cause(book));
    }
    writeln!(out, "\n| code | cause | severity | lines |\n| --- | --- | --- | --- |")?;
    for cause in causes {
        let (finding, title) = (&cause.finding, prose(&findings::title(&cause.finding)));
        writeln!(out, "| {} | {title} | {} | {} |", finding.code, finding.severity.word(), grouped(cause.count))?;
    }
    causes.iter().try_for_each(|cause| section(cause, style, out))
}

fn section(cause: &LogCause, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let finding = &cause.finding;
    let seen = cause.seen.map(|span| format!(", {}", from_to(span, style))).unwrap_or_default();
    writeln!(out, "\n## {} {}\n", finding.code, prose(&findings::title(finding)))?;
    writeln!(out, "{}{seen}. Confidence {}.\n", counted(cause.count, "line"), finding.confidence.word())?;
    whole(out, finding, style)?;
    for line in &cause.lines {
        writeln!(out, "- Line: {}", code(&shortened(&raw(line, style), RAW)))?;
    }
    Ok(())
}

/// A block that nothing in the text ends.
fn fenced(text: &str, out: &mut impl Write) -> io::Result<()> {
    let fence = "`".repeat(longest_run(text).max(2) + 1);
    writeln!(out, "{fence}text\n{text}\n{fence}")
}
