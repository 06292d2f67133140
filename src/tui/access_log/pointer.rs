//! The mouse on this page: a click selects, the wheel scrolls, and drawing over the plots chooses a span of time.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::{LogPane, act};
use crate::tui::message::Effect;
use crate::tui::screenful::Screenful;
use crate::tui::state::State;
use crate::tui::view::access_log::{LogPlaces, table};

/// Lines that one turn of the wheel scrolls.
const WHEEL: usize = 3;

/// Does what was done with the mouse.
pub(in crate::tui) fn used(state: &mut State, mouse: MouseEvent, seen: &Screenful) -> Vec<Effect> {
    let (column, row) = (mouse.column, mouse.row);
    let places = LogPlaces::of(state, seen);
    match mouse.kind {
        MouseEventKind::ScrollDown | MouseEventKind::ScrollUp => {
            if let Some(pane) = places.pane_at(column, row) {
                state.log.pane = pane;
                act::go(state, WHEEL, mouse.kind == MouseEventKind::ScrollDown, seen);
            }
        }
        MouseEventKind::Down(MouseButton::Left) if places.is_plot(column, row) => {
            state.log.drawn = Some((column, column));
        }
        MouseEventKind::Down(MouseButton::Left) => clicked(state, &places, (column, row), seen),
        MouseEventKind::Drag(MouseButton::Left) => {
            if let Some((_, to)) = &mut state.log.drawn {
                *to = column;
            }
        }
        MouseEventKind::Up(MouseButton::Left) => return let_go(state, &places, seen),
        _ => {}
    }
    Vec::new()
}

fn clicked(state: &mut State, places: &LogPlaces, (column, row): (u16, u16), seen: &Screenful) {
    let Some(pane) = places.pane_at(column, row) else { return };
    state.log.pane = pane;
    if pane == LogPane::Verdict {
        return;
    }
    if let Some(line) = table(state, places, seen).line_at(column, row) {
        act::choose(state, line, seen);
    }
}

/// A click on a plot alone chooses nothing: a cell is too small a span to be meant.
fn let_go(state: &mut State, places: &LogPlaces, seen: &Screenful) -> Vec<Effect> {
    let Some((from, to)) = state.log.drawn.take().filter(|(from, to)| from != to) else { return Vec::new() };
    let last = seen.log.series.buckets.len().saturating_sub(1);
    let cell = |column: u16| places.cell(column).min(last);
    act::drag(state, (cell(from), cell(to)), seen)
}
