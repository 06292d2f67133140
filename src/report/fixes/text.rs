//! Fixes as text: a block for each cause, and under a fix that was tried a table of before and after.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr as _;

use super::{LeftOut, ShownFixes, ToMend, TriedFix};
use crate::lanes::visible::visible;
use crate::remedy::proof::{Became, Came, Compared, Proof};
use crate::report::findings::{counted, title};
use crate::report::{Style, text, words};

/// Requests of a table; what is wrong goes first.
const MOST_ROWS: usize = 12;

/// Writes all of it.
pub(super) fn write(shown: &ShownFixes, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let how = if shown.seen { "sent to the app" } else { "thought through" };
    writeln!(out, "{} {how}", counted(shown.requests as u64, "request"))?;
    for LeftOut { count, why } in &shown.left_out {
        writeln!(out, "{count} left out: {}", visible(why.as_bytes()))?;
    }
    if shown.causes.is_empty() {
        return writeln!(out, "nothing wrong was found");
    }
    shown.causes.iter().try_for_each(|cause| block(cause, style, out))
}

fn block(cause: &ToMend, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let finding = &cause.finding;
    let name = format!("{} {}", finding.code, title(finding));
    let name = words::colored(&name, text::by_severity(finding.severity), style);
    let asked = format!("{} {}", visible(&cause.asked.method), words::url(&cause.asked.target, style));
    writeln!(out, "\n{name}  {}, e.g. {asked}", counted(cause.count, "request"))?;
    text::verdict(out, finding, style, "")?;
    cause.tried.iter().try_for_each(|tried| trial(cause, tried, style, out))
}

/// What came of trying a fix.
fn trial(cause: &ToMend, tried: &TriedFix, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let which = if cause.finding.fix.len() > 1 { format!(" {}", tried.fix + 1) } else { String::new() };
    let head = format!("fix{which}:");
    match &tried.outcome {
        Err(why) => writeln!(out, "  {head} not tried: {}", visible(why.as_bytes())),
        Ok(proof) => {
            match &proof.outcome {
                Ok(said) => writeln!(
                    out,
                    "  {head} {}: {}",
                    words::colored("proven", "32", style),
                    visible(said.said().as_bytes())
                )?,
                Err(why) => writeln!(
                    out,
                    "  {head} {}: {}",
                    words::colored("not proven", "31", style),
                    visible(why.as_bytes())
                )?,
            }
            table(proof, style, out)
        }
    }
}

fn table(proof: &Proof, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let mut rows: Vec<&Compared> = proof.requests.iter().collect();
    // What matters first, else as they came.
    rows.sort_by_key(|row| matches!(row.became, Became::Kept | Became::Beside | Became::Unknown));
    let more = rows.len().saturating_sub(MOST_ROWS);
    rows.truncate(MOST_ROWS);
    let asked = |row: &Compared| format!("{} {}", visible(&row.method), words::url(&row.target, style));
    let came = |came: &Option<Came>| came.as_ref().map_or_else(|| "?".to_owned(), |came| told(came, style));
    let cells: Vec<[String; 3]> = rows.iter().map(|row| [asked(row), came(&row.before), came(&row.after)]).collect();
    let width =
        |column: usize| cells.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0);
    let (first, second, third) = (width(0), width(1), width(2));
    let arrow = if style.ascii { "->" } else { "→" };
    for (row, [asked, before, after]) in rows.iter().zip(&cells) {
        let pad = |text: &str, width: usize| format!("{text}{}", " ".repeat(width.saturating_sub(text.width())));
        let (asked, before, after) = (pad(asked, first), pad(before, second), pad(after, third));
        let became = words::colored(row.became.word(), of_became(row.became), style);
        writeln!(out, "    {asked}  {before}  {arrow}  {after}  {became}")?;
    }
    if more > 0 { writeln!(out, "    and {more} more") } else { Ok(()) }
}

/// `404 PX01`, `307 to /items/`
fn told(came: &Came, style: &Style) -> String {
    let status = came.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let location = came.location.iter().map(|location| format!("to {}", words::url(location, style)));
    let codes = came.codes.iter().map(|code| (*code).to_owned());
    std::iter::once(status).chain(location).chain(codes).collect::<Vec<_>>().join(" ")
}

const fn of_became(became: Became) -> &'static str {
    match became {
        Became::Mended => "32",
        Became::StillWrong | Became::Broken => "31",
        Became::Kept | Became::Beside | Became::Unknown => "2",
    }
}
