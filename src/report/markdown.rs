//! A Markdown report that can be put into an issue as it is.

use std::io::{self, Write};

use super::blocks::{blocks, number};
use super::{Shown, Style, text, words};
use crate::diagnosis::Finding;
use crate::lanes::visible::visible;

/// Writes an exchange as a section; the first one goes below the report's heading.
pub(super) fn write(out: &mut impl Write, shown: Shown<'_>, style: &Style, first: bool) -> io::Result<()> {
    if first {
        writeln!(out, "# hopscope report")?;
    }
    let answer = &shown.lanes.answer;
    let number = if style.predicted { String::new() } else { format!("{} ", number(shown.entry.exchange.id)) };
    let method = visible(shown.lanes.original.method.as_bytes());
    let asked = code(&format!("{method} {}", words::original_url(shown, style)));
    match answer.status {
        Some(status) => writeln!(out, "\n## {number}{asked}: {status} by {}\n", prose(answer.by.word()))?,
        None => writeln!(out, "\n## {number}{asked}: no answer\n")?,
    }
    let mut lanes = Vec::new();
    text::lanes(&mut lanes, &blocks(shown, style))?;
    let lanes = String::from_utf8_lossy(&lanes);
    let fence = "`".repeat(longest_run(&lanes).max(2) + 1);
    writeln!(out, "{fence}text\n{lanes}{fence}")?;
    shown.entry.findings.iter().try_for_each(|finding| conclusion(out, finding, style))
}

fn conclusion(out: &mut impl Write, finding: &Finding, style: &Style) -> io::Result<()> {
    let follows = words::follows(finding);
    let note = follows.clone().unwrap_or_else(|| format!("confidence {}", finding.confidence.word()));
    writeln!(out, "\n**{} {}** ({note})", finding.code, prose(finding.title))?;
    // Its why and fix are its cause's, which are written there.
    if !finding.primary && follows.is_some() {
        return Ok(());
    }
    writeln!(out)?;
    whole(out, finding, style)
}

/// Why, what it rests on, what to change and what not to do, a list.
pub(super) fn whole(out: &mut impl Write, finding: &Finding, style: &Style) -> io::Result<()> {
    writeln!(out, "- Why: {}", prose(&finding.why))?;
    for fact in &finding.facts {
        writeln!(out, "- Evidence ({}): {}", prose(&words::known_by(fact, style)), prose(&fact.what))?;
    }
    if let Some(missing) = &finding.missing {
        writeln!(out, "- What would settle it: {}", prose(missing))?;
    }
    for fix in &finding.fix {
        writeln!(out, "- Fix: {}", prose(&fix.to_string()))?;
        if let Some(diff) = &fix.diff {
            let lines: Vec<String> = words::diff(diff).collect();
            let fence = fence(&lines.concat());
            writeln!(out, "\n  {fence}diff")?;
            lines.iter().try_for_each(|line| writeln!(out, "  {line}"))?;
            writeln!(out, "  {fence}\n")?;
        }
    }
    if let Some(not) = &finding.not {
        writeln!(out, "- Not: {}", prose(not))?;
    }
    Ok(())
}

/// A fence that nothing in the text ends.
fn fence(text: &str) -> String {
    "`".repeat(longest_run(text).max(2) + 1)
}

/// Text that Markdown leaves alone: nothing in it starts markup or HTML.
pub(super) fn prose(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in visible(text.as_bytes()).chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '&' => safe.push_str("&amp;"),
            '*' | '_' | '`' | '[' | ']' | '\\' | '|' | '~' => {
                safe.push('\\');
                safe.push(c);
            }
            c => safe.push(c),
        }
    }
    safe
}

/// A code span around any text.
pub(super) fn code(text: &str) -> String {
    let fence = "`".repeat(longest_run(text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// The longest run of backticks.
pub(super) fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_starts_markup() {
        assert_eq!(prose("a <b> *c* [d](e) `f` g_h"), "a &lt;b> \\*c\\* \\[d\\](e) \\`f\\` g\\_h");
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("`a``b`"), "``` `a``b` ```");
    }
}
