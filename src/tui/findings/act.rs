//! What the keys do on this page.

use crate::lanes::visible::visible;
use crate::store::{CauseRow, CauseState};
use crate::tui::keymap::Action;
use crate::tui::message::Effect;
use crate::tui::screenful::Screenful;
use crate::tui::state::{Page, State, read_filter};
use crate::tui::view;

/// Does what is asked for, where this page does it otherwise than the others; `None` where it does not.
pub(in crate::tui) fn act(state: &mut State, action: Action, seen: &Screenful) -> Option<Vec<Effect>> {
    let page = usize::from(state.size.1 / 4).max(1);
    match action {
        Action::Down => go(state, 1, true, seen),
        Action::Up => go(state, 1, false, seen),
        Action::First => choose(state, 0, seen),
        Action::Last => choose(state, usize::MAX, seen),
        Action::HalfDown => scroll(state, page / 2, true, seen),
        Action::HalfUp => scroll(state, page / 2, false, seen),
        Action::PageDown => scroll(state, page, true, seen),
        Action::PageUp => scroll(state, page, false, seen),
        Action::Export => return Some(vec![Effect::Export]),
        Action::Evidence => {
            state.evidence = !state.evidence;
            state.findings.scroll = 0;
        }
        Action::Open | Action::FilterByIt | Action::Known | Action::CopyFix => {
            let Some(row) = seen.findings.chosen() else {
                state.notice = Some("there is no cause here".to_owned());
                return Some(Vec::new());
            };
            return Some(on_row(state, action, row));
        }
        _ => return None,
    }
    Some(Vec::new())
}

/// Does something with the chosen cause.
fn on_row(state: &mut State, action: Action, row: &CauseRow) -> Vec<Effect> {
    state.findings.cause = Some(row.finding.cause());
    match action {
        Action::Open => state.show(row.example),
        Action::FilterByIt => filter(state, row.finding.code),
        Action::Known => return vec![Effect::Mark(row.finding.cause(), row.state != CauseState::Known)],
        _ => {
            let Some(fix) = row.finding.fix.first() else {
                state.notice = Some("nothing to copy here".to_owned());
                return Vec::new();
            };
            let text = visible(fix.line.as_bytes());
            state.notice = Some(format!("copied {} bytes by OSC 52", text.len()));
            return vec![Effect::Copy(text)];
        }
    }
    Vec::new()
}

/// So many lines up or down the list.
pub(in crate::tui) fn go(state: &mut State, lines: usize, down: bool, seen: &Screenful) {
    let cursor = seen.findings.cursor;
    choose(state, if down { cursor.saturating_add(lines) } else { cursor.saturating_sub(lines) }, seen);
}

/// Chooses a line of the list, or the last there is.
pub(in crate::tui) fn choose(state: &mut State, cursor: usize, seen: &Screenful) {
    let rows = &seen.findings.rows;
    let Some(row) = rows.get(cursor.min(rows.len().saturating_sub(1))) else { return };
    state.findings.cause = Some(row.finding.cause());
    state.findings.scroll = 0;
}

/// Scrolls the finding, not beyond its end.
pub(in crate::tui) fn scroll(state: &mut State, lines: usize, down: bool, seen: &Screenful) {
    let scroll = state.findings.scroll;
    let to = if down { scroll.saturating_add(lines) } else { scroll.saturating_sub(lines) };
    state.findings.scroll = to.min(view::findings::most_scroll(state, seen));
}

/// Shows all requests with findings of this code.
fn filter(state: &mut State, code: &str) {
    let text = format!("finding={code}");
    let Ok(filter) = read_filter(&text) else { return };
    state.listing.set_filter(filter);
    state.filter_error = None;
    state.page = Page::Requests;
    state.notice = Some(format!("filtered by {text}; / changes it"));
}
