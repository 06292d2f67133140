//! What the command that hopscope started writes: the screen is not its own.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{frame_pane, paint_lines};
use crate::lanes::visible::visible;
use crate::tui::screenful::Screenful;
use crate::tui::state::State;
use crate::tui::text::run;
use crate::tui::theme::Tone;

pub(super) fn draw(buffer: &mut Buffer, place: Rect, state: &State, seen: &Screenful) {
    let Some((command, log)) = &state.console else { return };
    let title = vec![run(Tone::Dim, "output of "), run(Tone::Title, visible(command.as_bytes()))];
    let note = vec![run(Tone::Dim, "all of it: "), run(Tone::Text, visible(log.as_bytes()))];
    frame_pane(buffer, place, state, true, &title, &note);
    paint_lines(buffer, place, state, &seen.detail, state.detail_scroll);
}
