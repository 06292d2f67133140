//! The detail view: one scrolled text.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{frame_pane, paint_lines};
use crate::tui::screenful::Screenful;
use crate::tui::state::State;
use crate::tui::text::run;
use crate::tui::theme::Tone;

pub(super) fn draw(buffer: &mut Buffer, place: Rect, state: &State, seen: &Screenful) {
    let title = match &seen.chosen {
        Some(chosen) => vec![run(Tone::Title, format!("#{} heads and bodies", chosen.entry.exchange.id.0))],
        None => vec![run(Tone::Title, "let go: no longer kept")],
    };
    let height = usize::from(place.height.saturating_sub(2));
    let last = (state.detail_scroll + height).min(seen.detail.len());
    let secrets = if state.reveal { "secrets shown" } else { "secrets hidden, u shows" };
    let note = vec![
        run(Tone::Dim, format!("{secrets}   ")),
        run(Tone::Text, format!("{}-{last}/{}", state.detail_scroll + 1, seen.detail.len())),
    ];
    frame_pane(buffer, place, state, true, &title, &note);
    paint_lines(buffer, place, state, &seen.detail, state.detail_scroll);
}
