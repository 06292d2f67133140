//! The choice of what to copy.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{frame_pane, paint_lines, wipe};
use crate::tui::copy::MENU;
use crate::tui::state::State;
use crate::tui::text::{Runs, run};
use crate::tui::theme::Tone;

pub(super) fn draw(buffer: &mut Buffer, body: Rect, state: &State) {
    let lines: Vec<Runs> =
        MENU.iter().map(|(key, what, _)| vec![run(Tone::Key, format!("{key}  ")), run(Tone::Text, *what)]).collect();
    let (width, height) = (36, 2 + u16::try_from(lines.len()).unwrap_or(5));
    let place = centred(body, width, height);
    wipe(buffer, place);
    let secrets = if state.reveal { "with secrets" } else { "secrets hidden" };
    let title = vec![run(Tone::Title, "Copy")];
    frame_pane(buffer, place, state, true, &title, &vec![run(Tone::Dim, secrets)]);
    paint_lines(buffer, place, state, &lines, 0);
}

/// A box of this size in the middle of a region, or as much of it as fits.
pub(super) fn centred(body: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(body.width), height.min(body.height));
    Rect::new(body.x + (body.width - width) / 2, body.y + (body.height - height) / 2, width, height)
}
