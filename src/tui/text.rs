//! Text on its way to the screen: pieces with a meaning, and how they are cut, padded and wrapped to a width in cells.

use ratatui::buffer::Buffer;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::theme::{ThemeName, Tone};

/// A piece of text with one meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) text: String,
    pub(super) tone: Tone,
}

/// One line of the screen.
pub(super) type Runs = Vec<Run>;

/// A piece of text.
pub(super) fn run(tone: Tone, text: impl Into<String>) -> Run {
    Run { text: text.into(), tone }
}

/// How many cells a line takes.
pub(super) fn width_of(runs: &[Run]) -> usize {
    runs.iter().map(|run| run.text.width()).sum()
}

/// Writes a line, cut with `…` at `width` cells. Gives the cells used.
pub(super) fn paint(buffer: &mut Buffer, (x, y): (u16, u16), width: u16, runs: &[Run], theme: ThemeName) -> u16 {
    let area = *buffer.area();
    if y < area.top() || y >= area.bottom() || x >= area.right() {
        return 0;
    }
    let room = usize::from(width.min(area.right() - x));
    let too_long = width_of(runs) > room;
    let mut used = 0;
    for run in runs {
        let left = room - used;
        let text = if too_long { cut_runs_end(&run.text, left, run, runs) } else { run.text.clone() };
        buffer.set_stringn(x.saturating_add(cells(used)), y, &text, left, theme.style(run.tone));
        used += text.width().min(left);
        if used >= room {
            break;
        }
    }
    cells(used)
}

/// Cuts `text` to what is left of its line; the last run only fills its room to the brim without an ellipsis if it fits.
fn cut_runs_end(text: &str, left: usize, this: &Run, runs: &[Run]) -> String {
    let is_last = runs.last().is_some_and(|last| std::ptr::eq(last, this));
    if text.width() < left || (is_last && text.width() == left) { text.to_owned() } else { cut_end(text, left) }
}

/// A count of cells as the buffer counts them.
pub(super) fn cells(n: usize) -> u16 {
    u16::try_from(n).unwrap_or(u16::MAX)
}

/// The longest head of `text` that fits.
fn head(text: &str, width: usize) -> &str {
    let mut used = 0;
    let fits = |c: char, used: &mut usize| {
        *used += c.width().unwrap_or(0);
        *used <= width
    };
    let end = text.char_indices().find(|(_, c)| !fits(*c, &mut used)).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default()
}

/// The longest tail of `text` that fits.
fn tail(text: &str, width: usize) -> &str {
    let mut used = 0;
    let mut start = text.len();
    for (at, c) in text.char_indices().rev() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        start = at;
    }
    text.get(start..).unwrap_or_default()
}

/// `text` in at most `width` cells, the end cut.
pub(super) fn cut_end(text: &str, width: usize) -> String {
    match width {
        _ if text.width() <= width => text.to_owned(),
        0 => String::new(),
        _ => format!("{}…", head(text, width - 1)),
    }
}

/// `text` in at most `width` cells, the middle cut; the end gets the larger part, because paths differ at the end.
pub(super) fn cut_middle(text: &str, width: usize) -> String {
    match width {
        _ if text.width() <= width => text.to_owned(),
        0 => String::new(),
        _ => {
            let front = (width - 1) / 3;
            format!("{}…{}", head(text, front), tail(text, width - 1 - front))
        }
    }
}

/// `text` in exactly `width` cells: cut at the end or filled with blanks.
pub(super) fn pad(text: &str, width: usize) -> String {
    let mut cut = cut_end(text, width);
    cut.extend(std::iter::repeat_n(' ', width.saturating_sub(cut.width())));
    cut
}

/// `text` in exactly `width` cells, blanks before it.
pub(super) fn pad_left(text: &str, width: usize) -> String {
    let cut = cut_end(text, width);
    let blanks = " ".repeat(width.saturating_sub(cut.width()));
    blanks + &cut
}

/// Lines of at most `width` cells, broken at blanks where there are some. At least one line.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut rest = text;
    while rest.width() > width {
        // A character wider than the line still has to go somewhere.
        let fitting = head(rest, width);
        let fitting = if fitting.is_empty() { head(rest, 2) } else { fitting };
        let whole_word = rest.get(fitting.len()..).is_some_and(|after| after.starts_with(' '));
        let end = match fitting.rfind(' ') {
            Some(blank) if !whole_word && blank * 2 > fitting.len() => blank,
            _ => fitting.len(),
        };
        let (line, after) = rest.split_at_checked(end.max(1)).unwrap_or((rest, ""));
        lines.push(line.trim_end().to_owned());
        rest = after.trim_start_matches(' ');
    }
    if !rest.is_empty() || lines.is_empty() {
        lines.push(rest.to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_keep_their_end() {
        assert_eq!(cut_middle("/api/v1/static/css/app.css", 16), "/api/…ss/app.css");
        assert_eq!(cut_end("/api/v1", 4), "/ap…");
        assert_eq!(cut_end("/api", 4), "/api");
        assert_eq!(pad("日本", 5), "日本 ");
        assert_eq!(pad("日本", 3), "日…");
        assert_eq!(pad_left("7", 3), "  7");
    }

    #[test]
    fn lines_break_at_blanks() {
        assert_eq!(wrap("the app knows only /docs", 12), ["the app", "knows only", "/docs"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), [""]);
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_asked(text in "\\PC{0,40}", width in 0usize..30) {
            prop_assert!(cut_end(&text, width).width() <= width);
            prop_assert!(cut_middle(&text, width).width() <= width);
            prop_assert_eq!(pad(&text, width).width(), width);
        }

        #[test]
        fn wrapping_loses_only_blanks(text in "[a-z日 ]{0,60}", width in 1usize..20) {
            let joined: String = wrap(&text, width).concat();
            prop_assert_eq!(joined.replace(' ', ""), text.replace(' ', ""));
        }
    }
}
