//! The four lanes, side by side or as lines.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::places::{Places, Shape};
use super::{frame_pane, inner_width, paint_lines, pane_text};
use crate::tui::lane_text::{TITLES, source_tone, source_word, stacked};
use crate::tui::screenful::Screenful;
use crate::tui::state::{Pane, State};
use crate::tui::text::{cells, paint, run, width_of};
use crate::tui::theme::Tone;

pub(super) fn draw(buffer: &mut Buffer, places: &Places, state: &State, seen: &Screenful) {
    if places.shape == Shape::Stacked && !state.zoomed {
        let [place, ..] = places.lanes;
        draw_stacked(buffer, place, state, seen);
        return;
    }
    for (n, place) in (0..).zip(places.lanes) {
        if !place.is_empty() {
            draw_lane(buffer, place, n, state, seen);
        }
    }
}

fn draw_lane(buffer: &mut Buffer, place: Rect, n: u8, state: &State, seen: &Screenful) {
    let focused = state.focus == Pane::Lane(n);
    let name = TITLES.get(usize::from(n)).copied().unwrap_or_default();
    let title = vec![run(Tone::Dim, format!("{} ", n + 1)), run(Tone::Title, name)];
    let note = seen.subject().map_or_else(Vec::new, |(chosen, setup)| {
        let word = source_word(&chosen.lanes, setup, n);
        // `seen+rule` gives way to `seen` where there is no room.
        let fits = width_of(&title) + word.len() + 7 <= usize::from(place.width);
        let word = if fits { &word } else { word.split('+').next().unwrap_or_default() };
        vec![run(source_tone(&chosen.lanes, setup, n), word)]
    });
    frame_pane(buffer, place, state, focused, &title, &note);
    let mut lines = pane_text(state, seen, Pane::Lane(n), place);
    if lines.is_empty() && state.differences && seen.chosen.is_some() {
        lines.push(vec![run(Tone::Dim, "no difference")]);
    }
    paint_lines(buffer, place, state, &lines, if focused { state.pane_scroll } else { 0 });
}

fn draw_stacked(buffer: &mut Buffer, place: Rect, state: &State, seen: &Screenful) {
    let focused = matches!(state.focus, Pane::Lane(_));
    let Some((chosen, setup)) = seen.subject() else {
        frame_pane(buffer, place, state, focused, &vec![run(Tone::Title, "Lanes")], &Vec::new());
        return;
    };
    let title = vec![run(Tone::Title, format!("#{} lanes", chosen.entry.exchange.id.0))];
    let note = vec![run(Tone::Key, "←/→"), run(Tone::Dim, " lane  "), run(Tone::Key, "z"), run(Tone::Dim, " zoom")];
    frame_pane(buffer, place, state, focused, &title, &note);
    let width = inner_width(place);
    let inside = place.y + 1..place.bottom().saturating_sub(1);
    for (n, (y, (mut line, source))) in inside.zip(stacked(chosen, setup, width, state.reveal)).enumerate() {
        if state.focus == Pane::Lane(u8::try_from(n).unwrap_or(u8::MAX))
            && let Some(label) = line.first_mut()
        {
            label.tone = Tone::Selected;
        }
        let source_width = cells(source.chars().count());
        let room = cells(width).saturating_sub(if source.is_empty() { 0 } else { source_width + 1 });
        paint(buffer, (place.x + 2, y), room, &line, state.look.theme);
        let tone = source_tone(&chosen.lanes, setup, u8::try_from(n).unwrap_or(3));
        let x = place.right().saturating_sub(source_width + 2);
        paint(buffer, (x, y), source_width, &[run(tone, source)], state.look.theme);
    }
}
