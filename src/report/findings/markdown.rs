//! The causes as Markdown that can be put into an issue as it is: a table, then each cause whole.

use std::io::{self, Write};

use super::{Found, asked, counted, symptoms, title};
use crate::lanes::visible::visible;
use crate::report::markdown::{code, prose, whole};
use crate::report::{Style, words};
use crate::store::CauseRow;

/// Writes the document.
pub(super) fn write(found: &Found<'_>, style: &Style, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "# hopscope findings\n")?;
    if found.causes.is_empty() {
        return writeln!(out, "Nothing wrong was found in {}.", counted(found.seen, "request"));
    }
    writeln!(out, "{} in {}.\n", counted(found.causes.len() as u64, "cause"), counted(found.seen, "request"))?;
    writeln!(out, "| code | cause | severity | requests | state |\n| --- | --- | --- | --- | --- |")?;
    for row in &found.causes {
        let finding = &row.finding;
        let (severity, state) = (finding.severity.word(), row.state.word());
        writeln!(out, "| {} | {} | {severity} | {} | {state} |", finding.code, prose(&title(finding)), row.count)?;
    }
    if found.dropped > 0 {
        writeln!(out, "\nAnd {} more, not kept.", found.dropped)?;
    }
    found.causes.iter().try_for_each(|row| section(row, style, out))
}

fn section(row: &CauseRow, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let finding = &row.finding;
    let time = |micros| words::time(micros).to_zoned(style.zone.clone()).strftime("%F %T %Z").to_string();
    writeln!(out, "\n## {} {}\n", finding.code, prose(&title(finding)))?;
    writeln!(
        out,
        "{}, {} to {}, for example #{}: {}. Confidence {}.\n",
        counted(row.count, "request"),
        time(row.first),
        time(row.last),
        row.example.0,
        code(&visible(asked(row, style).as_bytes())),
        finding.confidence.word()
    )?;
    whole(out, finding, style)?;
    symptoms(row, style).map_or(Ok(()), |symptoms| writeln!(out, "- Follows from it: {symptoms}"))
}
