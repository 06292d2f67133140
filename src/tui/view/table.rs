//! A pane with a table: its head stays, and the chosen line is always in sight. Drawing and the mouse both ask here.

use ratatui::layout::Rect;

use crate::tui::text::Runs;

/// Where the lines of a table stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::tui) struct Table {
    /// The pane, with its frame.
    pub(super) place: Rect,
    /// The line that stands below the head, counted from 0.
    first: usize,
    /// How many lines there are.
    count: usize,
}

impl Table {
    /// A table of so many lines in a pane, its chosen line in sight.
    pub(super) fn new(place: Rect, cursor: usize, count: usize) -> Self {
        Self { place, first: (cursor + 1).saturating_sub(room(place)), count }
    }

    /// The head, and the lines that are in sight.
    pub(super) fn in_sight(&self, table: &[Runs]) -> Vec<Runs> {
        let (head, lines) = table.split_at(1.min(table.len()));
        head.iter().chain(lines.iter().skip(self.first).take(room(self.place))).cloned().collect()
    }

    /// True if a place of the screen is in its pane.
    pub(in crate::tui) fn contains(&self, column: u16, line: u16) -> bool {
        self.place.contains((column, line).into())
    }

    /// The line of the table at a place of the screen.
    pub(in crate::tui) fn line_at(&self, column: u16, line: u16) -> Option<usize> {
        // Above the first line stand the frame and the column heads.
        let below = usize::from(line.checked_sub(self.place.y.saturating_add(2))?);
        let index = self.first + below;
        (self.contains(column, line) && below < room(self.place) && index < self.count).then_some(index)
    }
}

/// How many lines a pane shows: its height less frame and head.
fn room(place: Rect) -> usize {
    usize::from(place.height.saturating_sub(3)).max(1)
}
