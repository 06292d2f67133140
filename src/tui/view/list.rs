//! The list of requests: columns that fit the width and what is in them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::places::{Places, Shape};
use super::{frame_pane, start};
use crate::lanes::visible::visible;
use crate::tui::row::{AppPath, Row, bracketed};
use crate::tui::screenful::Screenful;
use crate::tui::state::{Pane, State};
use crate::tui::text::{Run, Runs, cut_end, cut_middle, pad, pad_left, paint, run, width_of};
use crate::tui::theme::Tone;

/// Widths of the columns in cells; 0 for one that is not shown.
struct Columns {
    number: usize,
    time: usize,
    method: usize,
    original: usize,
    app: usize,
    status: usize,
    by: usize,
    millis: usize,
    finding: usize,
}

impl Columns {
    /// Time goes first where there is little room, then milliseconds, then who answered, then the app's path.
    fn of(width: usize, rows: &[Row]) -> Self {
        let widest = |cell: fn(&Row) -> usize, least: usize, most: usize| {
            rows.iter().map(cell).max().unwrap_or(0).clamp(least, most)
        };
        let number = widest(|row| row.number.len(), 3, 7);
        let method = widest(|row| row.method.chars().count(), 4, 7);
        let status = widest(|row| if row.app_status.is_some() { 7 } else { 3 }, 3, 7);
        let mut columns = Self { number, time: 0, method, original: 0, app: 0, status, by: 0, millis: 0, finding: 0 };
        let optional = |shown: bool, cells: usize| if shown { cells } else { 0 };
        columns.by = optional(width >= 60, widest(|row| row.by.width(), 9, 10));
        columns.millis = optional(width >= 86, 5);
        columns.time = optional(width >= 104, 8);
        let gaps = [columns.by, columns.millis, columns.time].iter().filter(|width| **width > 0).count();
        // The mark; a blank after number, method, status and both paths; one before the frame.
        let fixed = 2 + number + method + status + columns.by + columns.millis + columns.time + 7 + gaps;
        let rest = width.saturating_sub(fixed);
        let wanted = [
            widest(|row| whole_width(&row.prefix, &row.original), 14, usize::MAX),
            widest(app_width, 14, usize::MAX),
            widest(|row| row.finding.text.width() + 1, 18, usize::MAX),
        ];
        let wanted = if width >= 56 { wanted } else { [wanted[0], 0, wanted[2]] };
        [columns.original, columns.app, columns.finding] = share(rest, wanted);
        columns
    }

    fn heads(&self) -> String {
        let mut text = format!("  {} ", pad_left("#", self.number));
        let mut column = |width: usize, name: &str, right: bool| {
            if width > 0 {
                text += &if right { pad_left(name, width) } else { pad(name, width) };
                text.push(' ');
            }
        };
        column(self.time, "TIME", false);
        column(self.method, "METH", false);
        column(self.original, if self.original >= 26 { "ORIGINAL PATH client→proxy" } else { "ORIGINAL PATH" }, false);
        column(self.app, if self.app >= 18 { "APP PATH proxy→app" } else { "APP PATH" }, false);
        column(self.status, "ST", false);
        column(self.by, "BY", false);
        column(self.millis, "MS", true);
        text + " FINDING"
    }
}

/// Cells that a path keeps when the finding wants more than is there.
const PATH: usize = 22;

/// Shares `room` among both paths and the finding. Each gets what it wants, rounded up where that fits, so that columns do
/// not stir with every line that scrolls by. Where it does not fit, long paths give way first, then the widest. What is
/// over goes to the finding.
fn share(room: usize, wanted: [usize; 3]) -> [usize; 3] {
    let rounded = wanted.map(|cells| cells.div_ceil(6) * 6);
    let [mut original, mut app, mut finding] =
        if rounded.iter().sum::<usize>() <= room { rounded } else { wanted.map(|cells| cells.min(room)) };
    while original + app + finding > room {
        if original.max(app) > PATH && original >= app || original >= app.max(finding) {
            original -= 1;
        } else if app > PATH || app >= finding {
            app -= 1;
        } else {
            finding -= 1;
        }
    }
    [original, app, room - original - app]
}

/// Cells of `[/api/v1]/docs`.
fn whole_width(prefix: &str, rest: &str) -> usize {
    prefix.width() + rest.width() + if prefix.is_empty() { 0 } else { 2 }
}

fn app_width(row: &Row) -> usize {
    match &row.app {
        AppPath::Path(path) => path.width(),
        AppPath::NeverReached => NOT_REACHED.len(),
        AppPath::Unknown => 1,
    }
}

/// What stands in place of the app's path where there is none.
const NOT_REACHED: &str = "(never reached app)";

pub(super) fn draw(buffer: &mut Buffer, places: &Places, state: &State, seen: &Screenful) {
    let place = places.list;
    if place.is_empty() {
        return;
    }
    let focused = state.focus == Pane::List;
    frame_pane(buffer, place, state, focused, &title(state), &note(state));
    let inner = Rect::new(place.x + 1, place.y + 1, place.width.saturating_sub(2), place.height.saturating_sub(2));
    if seen.rows.is_empty() {
        start::draw(buffer, inner, state, seen);
        return;
    }
    let columns = Columns::of(usize::from(inner.width), &seen.rows);
    let theme = state.look.theme;
    paint(buffer, (inner.x, inner.y), inner.width, &[run(Tone::Dim, columns.heads())], theme);
    let lines = (inner.y + 1..inner.bottom()).zip(&seen.rows);
    for (y, row) in lines {
        let selected = state.selected == Some(row.id);
        let runs = cells_of(row, &columns, selected);
        if selected {
            let text: String = runs.iter().map(|run| run.text.as_str()).collect();
            let line = [run(Tone::Selected, pad(text.trim_end(), usize::from(inner.width)))];
            paint(buffer, (inner.x, y), inner.width, &line, theme);
        } else {
            paint(buffer, (inner.x, y), inner.width, &runs, theme);
        }
    }
    if places.shape == Shape::Small {
        let note = [run(Tone::Warn, " the lanes need 80x24 or more ")];
        paint(buffer, (place.x + 1, place.bottom().saturating_sub(1)), place.width.saturating_sub(2), &note, theme);
    }
}

fn title(state: &State) -> Runs {
    let mut runs = vec![run(Tone::Title, "Requests")];
    let filter = state.listing.filter_text();
    if state.filter_error.is_some() {
        runs.push(run(Tone::Bad, "  ✗ "));
        runs.push(run(Tone::Dim, format!("filter: {}", visible(filter.as_bytes()))));
    } else if !filter.is_empty() {
        runs.push(run(Tone::Dim, "  filter: "));
        runs.push(run(Tone::Prefix, visible(filter.as_bytes())));
    }
    if state.listing.waiting() > 0 {
        runs.push(run(Tone::Dim, format!("  {} to go", state.listing.waiting())));
    }
    runs
}

fn note(state: &State) -> Runs {
    let count = format!("{}/{}", state.listing.shown().len(), state.listing.total());
    vec![run(Tone::Text, count), run(Tone::Dim, format!("  sort: {} ▼", state.listing.sort().word()))]
}

/// A run filled with blanks to a width.
fn cell(tone: Tone, text: &str, width: usize) -> Run {
    run(tone, pad(text, width))
}

fn cells_of(row: &Row, columns: &Columns, selected: bool) -> Runs {
    let mut runs = vec![run(Tone::Focus, if selected { "▶ " } else { "  " })];
    let guessed = row.number.starts_with('~');
    let mut place = |width: usize, cell: Runs| {
        if width > 0 {
            let used = width_of(&cell);
            runs.extend(cell);
            runs.push(run(Tone::Text, " ".repeat(width.saturating_sub(used) + 1)));
        }
    };
    let quiet = if row.open { Tone::Dim } else { Tone::Text };
    let number_tone = if guessed { Tone::Warn } else { Tone::Dim };
    place(columns.number, vec![run(number_tone, pad_left(&row.number, columns.number))]);
    place(columns.time, vec![cell(Tone::Dim, &row.time, columns.time)]);
    place(columns.method, vec![cell(quiet, &row.method, columns.method)]);
    place(columns.original, original_cell(row, columns.original));
    place(columns.app, vec![app_cell(row, columns.app)]);
    place(columns.status, status_cell(row));
    place(columns.by, vec![cell(quiet, &row.by, columns.by)]);
    place(columns.millis, vec![run(Tone::Dim, pad_left(&row.millis, columns.millis))]);
    place(columns.finding, vec![Run { text: format!(" {}", row.finding.text), tone: row.finding.tone }]);
    runs
}

/// `[/api/v1]/docs`; the rest gives way, and the prefix only where it would leave less than a third to the rest.
fn original_cell(row: &Row, width: usize) -> Runs {
    if whole_width(&row.prefix, &row.original) <= width {
        return bracketed(&row.prefix, &row.original);
    }
    let brackets = if row.prefix.is_empty() { 0 } else { 2 };
    let prefix = cut_middle(&row.prefix, (width * 2 / 3).saturating_sub(brackets));
    let rest = width.saturating_sub(prefix.width() + brackets);
    bracketed(&prefix, &cut_middle(&row.original, rest))
}

fn app_cell(row: &Row, width: usize) -> Run {
    match &row.app {
        AppPath::Path(path) => run(Tone::Text, cut_middle(path, width)),
        AppPath::NeverReached if width < 19 => run(Tone::Dim, cut_end("(not reached)", width)),
        AppPath::NeverReached => run(Tone::Dim, NOT_REACHED),
        AppPath::Unknown => run(Tone::Dim, "?"),
    }
}

/// `404`, or `404≠307` where the app gave another.
fn status_cell(row: &Row) -> Runs {
    let mut runs = vec![run(row.tone, row.status.clone())];
    if let Some(app) = &row.app_status {
        runs.push(run(Tone::Changed, format!("≠{app}")));
    }
    runs
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::all_fits(74, [20, 14, 28], [24, 18, 32])]
    #[case::as_it_is_where_rounding_does_not_fit(74, [25, 19, 30], [25, 19, 30])]
    #[case::a_long_path_gives_way_to_the_finding(74, [60, 19, 30], [25, 19, 30])]
    #[case::both_paths(74, [60, 60, 30], [22, 22, 30])]
    #[case::then_the_widest(49, [60, 40, 31], [16, 16, 17])]
    #[case::no_room(0, [14, 14, 18], [0, 0, 0])]
    fn columns_share_the_room(#[case] room: usize, #[case] wanted: [usize; 3], #[case] got: [usize; 3]) {
        assert_eq!(share(room, wanted), got);
    }
}
