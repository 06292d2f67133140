//! Drawing: from the state and one screenful to cells. Nothing in here changes anything or takes a lock.

pub(super) mod access_log;
mod bar;
mod console;
mod detail;
pub(super) mod findings;
mod header;
mod help;
mod lanes;
mod list;
mod menu;
pub(super) mod places;
pub(super) mod redirects;
pub(super) mod routes;
mod start;
pub(super) mod table;
mod verdict;
mod what_if;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::lane_text;
use super::screenful::Screenful;
use super::state::{Overlay, Page, Pane, State};
use super::text::{Runs, cells, paint, run, width_of};
use super::theme::{Tone, to_ascii};
use super::verdict_text::{self, What};
use places::{Places, Shape};

/// One frame.
///
/// ```text
/// ┌ header ───────────────────────────────┐   taps, live or paused, counts, losses
/// │ warning, scene                        │   only when there is one
/// ├ list ─────────────────────────────────┤   Requests page; the Detail page takes all of
/// ├ lane 1 ┬ lane 2 ┬ lane 3 ┬ lane 4 ────┤   this as one pane
/// ├ verdict ──────────────────────────────┤
/// └ bar ──────────────────────────────────┘   keys, the filter being typed, what just happened
/// ```
///
/// Help and the copy menu stand on top.
pub(super) fn draw(frame: &mut Frame<'_>, state: &State, seen: &Screenful) {
    let places = Places::of(state);
    let buffer = frame.buffer_mut();
    header::draw(buffer, &places, state, seen);
    match state.page {
        Page::Detail => detail::draw(buffer, places.body, state, seen),
        Page::Console => console::draw(buffer, places.body, state, seen),
        Page::Routes => routes::draw(buffer, places.body, state, seen),
        Page::Redirects => redirects::draw(buffer, places.body, state, seen),
        Page::Findings => findings::draw(buffer, places.body, state, seen),
        Page::AccessLog => access_log::draw(buffer, state, seen),
        Page::Requests => {
            list::draw(buffer, &places, state, seen);
            lanes::draw(buffer, &places, state, seen);
            verdict::draw(buffer, places.verdict, state, seen);
        }
    }
    let mut cursor = bar::draw(buffer, places.bar, state);
    match &state.overlay {
        Some(Overlay::Help { search, scroll }) => help::draw(buffer, places.body, state, search, *scroll),
        Some(Overlay::CopyMenu) => menu::draw(buffer, places.body, state),
        Some(Overlay::Excerpt(excerpt)) => routes::excerpt(buffer, places.body, state, excerpt),
        Some(Overlay::WhatIf(what_if)) => cursor = what_if::draw(buffer, places.list, state, seen, what_if),
        Some(Overlay::Filter(_) | Overlay::Url(_) | Overlay::LineFilter(_) | Overlay::Window(_)) | None => {}
    }
    if state.look.ascii {
        to_ascii(buffer);
    }
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

/// The text of a lane or of the verdict, for the width of its place.
pub(super) fn pane_text(state: &State, seen: &Screenful, pane: Pane, place: Rect) -> Vec<Runs> {
    let Some((chosen, setup)) = seen.subject() else { return Vec::new() };
    let width = inner_width(place);
    match pane {
        Pane::List => Vec::new(),
        Pane::Verdict => verdict_text::lines(chosen, setup, width, what(state)),
        Pane::Lane(n) => lane_text::lane(n, chosen, setup, width, state.reveal)
            .into_iter()
            .filter(|line| !state.differences || line.differs)
            .map(|line| line.runs)
            .collect(),
    }
}

/// What of a verdict is shown.
fn what(state: &State) -> What {
    What { brief: is_brief(state), evidence: state.evidence, reveal: state.reveal }
}

/// True where the stacked lanes stand above the verdict and already say what came back.
fn is_brief(state: &State) -> bool {
    Places::of(state).shape == Shape::Stacked && !state.zoomed
}

/// Cells for text inside a frame with a blank at either side.
fn inner_width(place: Rect) -> usize {
    usize::from(place.width.saturating_sub(4))
}

/// A frame with a title at its left and a note at its right.
fn frame_pane(buffer: &mut Buffer, place: Rect, state: &State, focused: bool, title: &Runs, note: &Runs) {
    let place = place.intersection(*buffer.area());
    if place.width < 2 || place.height < 2 {
        return;
    }
    let theme = state.look.theme;
    let style = theme.style(if focused { Tone::Focus } else { Tone::Border });
    let (left, right, top, bottom) = (place.left(), place.right() - 1, place.top(), place.bottom() - 1);
    for x in left..=right {
        for y in [top, bottom] {
            put(buffer, x, y, '─', style);
        }
    }
    for y in top..=bottom {
        for x in [left, right] {
            put(buffer, x, y, '│', style);
        }
    }
    for (x, y, corner) in [(left, top, '┌'), (right, top, '┐'), (left, bottom, '└'), (right, bottom, '┘')] {
        put(buffer, x, y, corner, style);
    }
    frame_titles(buffer, place, state, title, note);
}

/// Title and note on the upper border; the note gives way where there is no room.
fn frame_titles(buffer: &mut Buffer, place: Rect, state: &State, title: &Runs, note: &Runs) {
    let theme = state.look.theme;
    let room = place.width.saturating_sub(2);
    let spaced = |runs: &Runs| {
        let mut spaced = vec![run(Tone::Text, " ")];
        spaced.extend(runs.iter().cloned());
        spaced.push(run(Tone::Text, " "));
        spaced
    };
    let title_width = if title.is_empty() { 0 } else { cells(width_of(title)).saturating_add(2).min(room) };
    let note_width = cells(width_of(note)).saturating_add(2);
    let mut write = |x: u16, width: u16, runs: &Runs| {
        wipe(buffer, Rect::new(x, place.y, width, 1));
        paint(buffer, (x, place.y), width, &spaced(runs), theme);
    };
    write(place.x + 1, title_width, title);
    if !note.is_empty() && title_width.saturating_add(note_width) <= room {
        write(place.right().saturating_sub(note_width + 1), note_width, note);
    }
}

fn put(buffer: &mut Buffer, x: u16, y: u16, sign: char, style: ratatui::style::Style) {
    if let Some(cell) = buffer.cell_mut(Position::new(x, y)) {
        cell.set_char(sign).set_style(style);
    }
}

/// Blanks a region, so that what stood below does not show through.
fn wipe(buffer: &mut Buffer, place: Rect) {
    for position in place.intersection(*buffer.area()).positions() {
        if let Some(cell) = buffer.cell_mut(position) {
            cell.reset();
        }
    }
}

/// Writes lines into a frame from `scroll` on, held within the text; marks the frame if some are out of sight below.
fn paint_lines(buffer: &mut Buffer, place: Rect, state: &State, lines: &[Runs], scroll: usize) {
    let height = usize::from(place.height.saturating_sub(2));
    let start = scroll.min(lines.len().saturating_sub(height));
    let width = cells(inner_width(place));
    for (y, line) in (place.y.saturating_add(1)..).zip(lines.iter().skip(start).take(height)) {
        paint(buffer, (place.x.saturating_add(2), y), width, line, state.look.theme);
    }
    if lines.len() > start + height {
        mark_more(buffer, place, state);
    }
}

/// Marks a frame: there is more than it shows.
fn mark_more(buffer: &mut Buffer, place: Rect, state: &State) {
    if place.height > 2 && place.width > 4 {
        put(buffer, place.right() - 3, place.bottom() - 1, '↓', state.look.theme.style(Tone::Key));
    }
}
