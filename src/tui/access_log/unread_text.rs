//! The lines that could not be read: why, and where each first differs from its format.

use std::borrow::Cow;

use super::AccessLog;
use super::line_text::written;
use super::seen::LogSeen;
use super::top_text::chosen;
use crate::lanes::secrets::redact_url;
use crate::lanes::visible::visible;
use crate::tui::text::{Runs, pad, pad_left, run};
use crate::tui::theme::Tone;

/// Cells of the reason.
const REASON: usize = 28;

/// Bytes before the column that differs that are shown at least.
const BEFORE: usize = 24;

/// The table: its head, then a line for each, newest first.
pub(in crate::tui) fn unread(seen: &LogSeen, asked: &AccessLog, width: usize, reveal: bool) -> Vec<Runs> {
    let reason = if width >= 100 { REASON } else { 0 };
    let head = if reason > 0 { pad("WHY", reason) } else { String::new() };
    let mut table = vec![vec![run(Tone::Dim, format!("   COL {head}LINE, from where it differs"))]];
    let cursor = asked.unread_cursor.min(seen.unread_lines.len().saturating_sub(1));
    for (index, unread) in seen.unread_lines.iter().enumerate() {
        let column = unread.unread.column;
        let mut line = vec![
            run(Tone::Focus, if index == cursor { "▶" } else { " " }),
            run(Tone::Text, format!("{} ", pad_left(&(column + 1).to_string(), 5))),
        ];
        if reason > 0 {
            line.push(run(Tone::Warn, pad(unread.unread.reason.text(), reason)));
        }
        line.extend(differing(&unread.line, column, width.saturating_sub(7 + reason), reveal));
        table.push(if index == cursor { marked(line) } else { line });
    }
    if seen.unread_lines.is_empty() {
        table.push(chosen(vec![run(Tone::Good, "  ✓ every line could be read")], false, width));
    }
    table
}

/// The line up to where it differs, the first byte that does, and the rest. What stands far before it is left out. A word with
/// a secret in it is marked whole, because half of one would show the other half.
fn differing(line: &[u8], column: usize, width: usize, reveal: bool) -> Runs {
    let column = column.min(line.len());
    let (before, from) = line.split_at_checked(column).unwrap_or((line, &[]));
    let word_start = memchr::memrchr(b' ', before).map_or(0, |at| at + 1);
    let word_end = memchr::memchr(b' ', from).map_or(line.len(), |at| column + at);
    let start = if column < width / 2 { 0 } else { word_start.saturating_sub(BEFORE) };
    let start = memchr::memchr(b' ', line.get(start..word_start).unwrap_or_default())
        .map_or(word_start, |at| if start == 0 { 0 } else { start + at + 1 });
    let part = |from: usize, to: usize| line.get(from..to).unwrap_or_default();
    let cut = if start > 0 { "…" } else { "" };
    let word = part(word_start, word_end);
    let ahead = run(Tone::Dim, format!("{cut}{}", written(part(start, word_start), reveal)));
    let behind = run(Tone::Text, written(part(word_end, line.len()), reveal));
    if !reveal && matches!(redact_url(word), Cow::Owned(_)) {
        return vec![ahead, run(Tone::Bad, visible(&redact_url(word))), behind];
    }
    let at = match part(column, column + 1) {
        [] => "⏎".to_owned(),
        byte => visible(byte),
    };
    let (left, right) = (part(word_start, column), part(column + 1, word_end.max(column + 1)));
    vec![ahead, run(Tone::Dim, visible(left)), run(Tone::Bad, at), run(Tone::Text, visible(right)), behind]
}

/// The chosen one, with what differs still to be seen.
fn marked(line: Runs) -> Runs {
    let tone = |tone| if tone == Tone::Bad { Tone::Bad } else { Tone::Selected };
    line.into_iter().map(|piece| run(tone(piece.tone), piece.text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &str, column: usize, width: usize) -> (String, String) {
        let runs = differing(line.as_bytes(), column, width, false);
        let marked = runs.iter().filter(|run| run.tone == Tone::Bad).map(|run| run.text.as_str()).collect();
        (runs.iter().map(|run| run.text.as_str()).collect(), marked)
    }

    #[test]
    fn the_byte_that_differs_is_marked() {
        assert_eq!(text("1.2.3.4 - x", 10, 80), ("1.2.3.4 - x".to_owned(), "x".to_owned()));
        assert_eq!(text("1.2.3.4", 7, 80).1, "⏎");
        let long = format!("{} here", "word ".repeat(40));
        assert_eq!(text(&long, long.len() - 4, 60).0, "…word word word word  here");
    }

    #[test]
    fn half_a_secret_is_not_shown() {
        let line = "GET /a?token=s3cret-value&x=1 HTTP";
        let (shown, marked) = text(line, 16, 80);
        assert!(!shown.contains("cret") && !shown.contains("value"), "{shown}");
        assert!(marked.contains("token=***"), "{marked}");
    }
}
