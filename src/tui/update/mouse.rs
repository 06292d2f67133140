//! The mouse: a click selects, the wheel scrolls what is below it. The Access log page has a mouse of its own.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

use super::traffic;
use crate::tui::message::Effect;
use crate::tui::screenful::Screenful;
use crate::tui::state::{Page, Pane, State};
use crate::tui::view::places::Places;
use crate::tui::view::table::Table;
use crate::tui::{access_log, findings, redirects, routing, view};

/// Lines that one turn of the wheel scrolls.
const WHEEL: usize = 3;

/// Does what was done with the mouse. What is open on top of the page leaves it alone.
pub(super) fn used(state: &mut State, mouse: MouseEvent, seen: &Screenful) -> Vec<Effect> {
    if state.overlay.is_some() {
        return Vec::new();
    }
    if state.page == Page::AccessLog {
        return access_log::used(state, mouse, seen);
    }
    let at = (mouse.column, mouse.row);
    match mouse.kind {
        MouseEventKind::ScrollDown => turned(state, at, true, seen),
        MouseEventKind::ScrollUp => turned(state, at, false, seen),
        MouseEventKind::Down(MouseButton::Left) => clicked(state, at, seen),
        _ => {}
    }
    Vec::new()
}

/// The table of a page that has one; the list of requests has panes beside it, and is no such table.
fn table(state: &State, seen: &Screenful) -> Option<Table> {
    match state.page {
        Page::Requests | Page::Detail | Page::Console | Page::AccessLog => None,
        Page::Redirects => Some(view::redirects::table(state, seen)),
        Page::Routes => Some(view::routes::table(state, seen)),
        Page::Findings => Some(view::findings::table(state, seen)),
    }
}

/// On a table the wheel goes from line to line; beside it, it scrolls the text.
fn turned(state: &mut State, (column, row): (u16, u16), down: bool, seen: &Screenful) {
    let on_table = table(state, seen).is_some_and(|table| table.contains(column, row));
    let turn = match (state.page, on_table) {
        (Page::Requests | Page::Detail | Page::Console | Page::AccessLog, _) => traffic::go,
        (Page::Redirects, true) => redirects::go,
        (Page::Redirects, false) => redirects::scroll,
        (Page::Routes, true) => routing::go,
        (Page::Routes, false) => routing::scroll,
        (Page::Findings, true) => findings::go,
        (Page::Findings, false) => findings::scroll,
    };
    turn(state, WHEEL, down, seen);
}

fn clicked(state: &mut State, (column, row): (u16, u16), seen: &Screenful) {
    if let Some(table) = table(state, seen) {
        let Some(line) = table.line_at(column, row) else { return };
        match state.page {
            Page::Requests | Page::Detail | Page::Console | Page::AccessLog => {}
            Page::Redirects => redirects::choose(state, line, seen),
            Page::Routes => routing::choose(state, line, seen),
            Page::Findings => findings::choose(state, line, seen),
        }
        return;
    }
    let places = Places::of(state);
    let Some(pane) = places.pane_at(column, row) else { return };
    traffic::focus(state, pane);
    // Above the first line stand the frame and the column heads.
    let first = places.list.y + 2;
    if pane == Pane::List && (first..first + places.list_lines()).contains(&row) {
        let index = state.top + usize::from(row - first);
        if index < state.listing.shown().len() {
            traffic::select(state, index);
        }
    }
}
