//! The Findings page: the causes above, the finding of the chosen one below.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

use super::places::Places;
use super::table::Table;
use super::{frame_pane, inner_width, paint_lines};
use crate::store::CauseState;
use crate::tui::findings;
use crate::tui::row::severity_tone;
use crate::tui::screenful::Screenful;
use crate::tui::state::State;
use crate::tui::text::{Runs, run};
use crate::tui::theme::Tone;

pub(super) fn draw(buffer: &mut Buffer, body: Rect, state: &State, seen: &Screenful) {
    let [list, verdict] = split(body, seen);
    draw_list(buffer, list, state, seen);
    draw_verdict(buffer, verdict, state, seen);
}

/// The list has a line for each cause, but leaves more than half to the finding.
fn split(body: Rect, seen: &Screenful) -> [Rect; 2] {
    if seen.findings.rows.is_empty() {
        return [body, Rect::ZERO];
    }
    let lines = u16::try_from(seen.findings.rows.len()).unwrap_or(u16::MAX);
    let height = lines.saturating_add(3).min((body.height * 2 / 5).max(5));
    Layout::vertical([Constraint::Length(height), Constraint::Fill(1)]).areas(body)
}

fn draw_list(buffer: &mut Buffer, place: Rect, state: &State, seen: &Screenful) {
    let shown = &seen.findings;
    frame_pane(buffer, place, state, true, &vec![run(Tone::Title, "Findings")], &note(seen));
    if shown.rows.is_empty() {
        paint_lines(buffer, place, state, &findings::nothing(seen.counts.seen), 0);
        return;
    }
    let table = findings::causes(shown, &state.zone, inner_width(place), state.reveal);
    paint_lines(buffer, place, state, &in_pane(place, seen).in_sight(&table), 0);
}

fn in_pane(place: Rect, seen: &Screenful) -> Table {
    Table::new(place, seen.findings.cursor, seen.findings.rows.len())
}

/// Where the causes stand.
pub(in crate::tui) fn table(state: &State, seen: &Screenful) -> Table {
    let [list, _] = split(Places::of(state).body, seen);
    in_pane(list, seen)
}

/// `2 new  1 known  1 gone`
fn note(seen: &Screenful) -> Runs {
    let states = [(CauseState::New, Tone::Bad), (CauseState::Known, Tone::Dim), (CauseState::Gone, Tone::Good)];
    let count = |state: CauseState| seen.findings.rows.iter().filter(|row| row.state == state).count();
    let parts = states.into_iter().map(|(state, tone)| (count(state), state, tone)).filter(|(count, ..)| *count > 0);
    let runs = parts.enumerate().map(|(index, (count, state, tone))| {
        let gap = if index == 0 { "" } else { "  " };
        run(tone, format!("{gap}{count} {}", state.word()))
    });
    runs.collect()
}

fn draw_verdict(buffer: &mut Buffer, place: Rect, state: &State, seen: &Screenful) {
    let Some(row) = seen.findings.chosen().filter(|_| !place.is_empty()) else { return };
    let finding = &row.finding;
    let title = vec![run(severity_tone(finding.severity), format!("{} {}", finding.code, finding.title))];
    let evidence = if state.evidence { " fixes first" } else { " evidence first" };
    let note = vec![
        run(Tone::Dim, format!("confidence {}  ", finding.confidence.word())),
        run(Tone::Key, "e"),
        run(Tone::Dim, format!("{evidence}  ")),
        run(Tone::Key, "y"),
        run(Tone::Dim, " copy fix"),
    ];
    frame_pane(buffer, place, state, false, &title, &note);
    paint_lines(buffer, place, state, &lines(state, seen, inner_width(place)), state.findings.scroll);
}

fn lines(state: &State, seen: &Screenful, width: usize) -> Vec<Runs> {
    let row = seen.findings.chosen();
    row.map(|row| findings::verdict(row, &state.zone, width, state.evidence, state.reveal)).unwrap_or_default()
}

/// How far the finding can be scrolled.
pub(in crate::tui) fn most_scroll(state: &State, seen: &Screenful) -> usize {
    let [_, place] = split(Places::of(state).body, seen);
    lines(state, seen, inner_width(place)).len().saturating_sub(usize::from(place.height.saturating_sub(2)))
}
