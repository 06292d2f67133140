//! The verdict pane.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{frame_pane, inner_width, mark_more, paint_lines, pane_text, what};
use crate::tui::screenful::Screenful;
use crate::tui::state::{Pane, State};
use crate::tui::text::run;
use crate::tui::theme::Tone;
use crate::tui::verdict_text;

pub(super) fn draw(buffer: &mut Buffer, place: Rect, state: &State, seen: &Screenful) {
    if place.is_empty() {
        return;
    }
    let focused = state.focus == Pane::Verdict;
    let (title, note) = match seen.subject() {
        None => (vec![run(Tone::Title, "Verdict")], Vec::new()),
        Some((chosen, _)) => {
            let note = chosen.entry.findings.first().map_or_else(Vec::new, |finding| {
                vec![
                    run(Tone::Dim, format!("confidence {}  ", finding.confidence.word())),
                    run(Tone::Key, "e"),
                    run(Tone::Dim, if state.evidence { " fixes  " } else { " evidence  " }),
                    run(Tone::Key, "y"),
                    run(Tone::Dim, " copy fix"),
                ]
            });
            (verdict_text::title(chosen), note)
        }
    };
    frame_pane(buffer, place, state, focused, &title, &note);
    if focused {
        paint_lines(buffer, place, state, &pane_text(state, seen, Pane::Verdict, place), state.pane_scroll);
    } else if let Some((chosen, setup)) = seen.subject() {
        let room = (inner_width(place), usize::from(place.height.saturating_sub(2)));
        let (lines, cut) = verdict_text::fitted(chosen, setup, room, what(state));
        paint_lines(buffer, place, state, &lines, 0);
        if cut {
            mark_more(buffer, place, state);
        }
    }
}
