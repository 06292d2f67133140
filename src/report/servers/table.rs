//! A table that fits the terminal: cells are wrapped at blanks, the widest column first.

use unicode_width::UnicodeWidthStr;

/// Between two columns.
const GAP: usize = 2;
/// A column is not made narrower than its longest word, up to this.
const LONGEST_WORD: usize = 30;

/// The rows as text of at most `width` columns; the first is the head.
pub(super) fn text(rows: &[Vec<String>], width: usize) -> String {
    let widths = widths(rows, width);
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let wrapped: Vec<Vec<String>> = row.iter().zip(&widths).map(|(cell, width)| wrap(cell, *width)).collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or_default();
        for line in 0..height {
            let cells = wrapped.iter().zip(&widths).map(|(cell, width)| {
                let part = cell.get(line).map_or("", String::as_str);
                format!("{part}{}", " ".repeat(width.saturating_sub(part.width()) + GAP))
            });
            text.push_str(cells.collect::<String>().trim_end());
            text.push('\n');
        }
        if index == 0 {
            let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            text.push_str(&rule.join("  "));
            text.push('\n');
        }
    }
    text
}

/// The rows as a table of Markdown.
pub(super) fn markdown(rows: &[Vec<String>]) -> String {
    let line = |row: &Vec<String>| {
        let cells: Vec<_> = row.iter().map(|cell| cell.trim().replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let columns = rows.first().map_or(0, Vec::len);
    let rule = format!("|{}\n", " --- |".repeat(columns));
    let mut lines = rows.iter().map(line);
    lines.next().into_iter().chain([rule]).chain(lines).collect()
}

/// What each column takes: its widest cell, less where that is too much for all of them.
fn widths(rows: &[Vec<String>], width: usize) -> Vec<usize> {
    let columns = rows.first().map_or(0, Vec::len);
    let cells = |column: usize| rows.iter().filter_map(move |row| row.get(column));
    let widest = |column| cells(column).map(|cell| cell.width()).max().unwrap_or_default();
    let longest_word = |column| cells(column).map(|cell| longest_word(cell)).max().unwrap_or_default();
    // What it takes, and what it must have.
    let mut widths: Vec<(usize, usize)> =
        (0..columns).map(|n| (widest(n), longest_word(n).min(LONGEST_WORD))).collect();
    let room = width.saturating_sub(GAP * columns.saturating_sub(1));
    while widths.iter().map(|(takes, _)| takes).sum::<usize>() > room {
        let Some((takes, _)) = widths.iter_mut().filter(|(takes, least)| takes > least).max() else { break };
        *takes -= 1;
    }
    widths.into_iter().map(|(takes, _)| takes).collect()
}

/// The columns that the longest word of a cell takes, with the blanks before it.
fn longest_word(cell: &str) -> usize {
    let indent = cell.len() - cell.trim_start().len();
    indent + cell.split_whitespace().map(UnicodeWidthStr::width).max().unwrap_or_default()
}

/// `text` in lines of at most `width` columns, broken at blanks; a word that is longer keeps a line for itself. Blanks at
/// the beginning stay, before every line.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let indent = text.len() - text.trim_start().len();
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.width() + 1 + word.width() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("{}{word}", " ".repeat(indent))),
        }
    }
    lines
}
