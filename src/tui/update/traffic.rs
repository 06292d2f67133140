//! The keys of the pages that show exchanges: the requests, the detail of one, the output of the command.

use crate::remedy::proof::is_harmless;
use crate::tui::copy::Copy;
use crate::tui::keymap::Action;
use crate::tui::listing::Sort;
use crate::tui::message::Effect;
use crate::tui::screenful::Screenful;
use crate::tui::state::{Overlay, Page, Pane, State};
use crate::tui::view;
use crate::tui::view::places::{Places, Shape};
use crate::tui::what_if;

/// Does what is asked for, where these pages do it otherwise than the others; `None` where they do not.
pub(super) fn act(state: &mut State, action: Action, seen: &Screenful) -> Option<Vec<Effect>> {
    let page = page_height(state);
    match action {
        Action::Down => go(state, 1, true, seen),
        Action::Up => go(state, 1, false, seen),
        Action::HalfDown => scroll(state, page / 2, true, seen),
        Action::HalfUp => scroll(state, page / 2, false, seen),
        Action::PageDown => scroll(state, page, true, seen),
        Action::PageUp => scroll(state, page, false, seen),
        Action::First => first(state),
        Action::Last => last(state, seen),
        Action::NextPane => focus(state, state.focus.step(1)),
        Action::PreviousPane => focus(state, state.focus.step(5)),
        Action::LaneRight => focus(state, beside(state.focus, true)),
        Action::LaneLeft => focus(state, beside(state.focus, false)),
        Action::NextFinding => finding(state, true),
        Action::PreviousFinding => finding(state, false),
        Action::Open => open(state),
        Action::Console => console(state),
        Action::Suppose => what_if::open(state, seen),
        Action::CopyFix => return Some(copy(state, Copy::Fix, seen)),
        Action::CopyMenu => state.overlay = seen.chosen.as_ref().map(|_| Overlay::CopyMenu),
        Action::Replay => return Some(replay(state, seen)),
        Action::Clear => return Some(vec![Effect::Clear]),
        Action::Follow if state.follow => state.unfollow(),
        Action::Follow => state.follow = true,
        Action::Zoom => state.zoomed = !state.zoomed,
        Action::Differences => state.differences = !state.differences,
        Action::Evidence => {
            state.evidence = !state.evidence;
            state.pane_scroll = 0;
        }
        Action::Sort => state.listing.set_sort(state.listing.sort().next()),
        Action::Theme => {
            state.look.theme = state.look.theme.next();
            state.notice = Some(format!("theme {}", state.look.theme.word()));
        }
        _ => return None,
    }
    Some(Vec::new())
}

/// Has the selected request sent once more.
fn replay(state: &mut State, seen: &Screenful) -> Vec<Effect> {
    match &seen.chosen {
        Some(chosen) if is_harmless(&chosen.entry.exchange) => vec![Effect::Replay(chosen.entry.exchange.id)],
        Some(_) => {
            state.notice = Some("only GET and HEAD are sent again".to_owned());
            Vec::new()
        }
        None => Vec::new(),
    }
}

/// Lines of a page: of the detail view, or of the list.
fn page_height(state: &State) -> usize {
    let places = Places::of(state);
    let lines = if state.page.is_text() { places.body.height.saturating_sub(2) } else { places.list_lines() };
    usize::from(lines).max(1)
}

/// So many lines up or down: in the detail view it scrolls, else it selects.
pub(super) fn go(state: &mut State, lines: usize, down: bool, seen: &Screenful) {
    if state.page.is_text() {
        scroll_detail(state, lines, down, seen);
    } else {
        select(state, if down { state.cursor.saturating_add(lines) } else { state.cursor.saturating_sub(lines) });
    }
}

/// Pages: of the detail view, of the focused lane, or of the list.
fn scroll(state: &mut State, lines: usize, down: bool, seen: &Screenful) {
    if state.page.is_text() || state.focus == Pane::List {
        go(state, lines.max(1), down, seen);
        return;
    }
    let (height, total) = pane_lines(state, seen);
    let step = (height / 2).max(1);
    let to = if down { state.pane_scroll + step } else { state.pane_scroll.saturating_sub(step) };
    state.pane_scroll = to.min(total.saturating_sub(height));
}

/// The lines that the focused lane or verdict has room for, and the lines it has.
fn pane_lines(state: &State, seen: &Screenful) -> (usize, usize) {
    let places = Places::of(state);
    let place = match state.focus {
        Pane::List => places.list,
        Pane::Lane(n) => places.lanes.get(usize::from(n)).copied().unwrap_or_default(),
        Pane::Verdict => places.verdict,
    };
    (usize::from(place.height.saturating_sub(2)), view::pane_text(state, seen, state.focus, place).len())
}

fn scroll_detail(state: &mut State, lines: usize, down: bool, seen: &Screenful) {
    let most = seen.detail.len().saturating_sub(page_height(state));
    let to = if down { state.detail_scroll.saturating_add(lines) } else { state.detail_scroll.saturating_sub(lines) };
    state.detail_scroll = to.min(most);
}

pub(super) fn select(state: &mut State, cursor: usize) {
    state.unfollow();
    state.select(cursor);
}

fn first(state: &mut State) {
    if state.page.is_text() {
        state.detail_scroll = 0;
    } else {
        select(state, 0);
    }
}

/// The end; on the list this also follows what comes.
fn last(state: &mut State, seen: &Screenful) {
    if state.page.is_text() {
        scroll_detail(state, usize::MAX, true, seen);
    } else {
        select(state, usize::MAX);
        state.follow = state.listing.sort() == Sort::Time;
    }
}

pub(super) fn focus(state: &mut State, pane: Pane) {
    if state.page == Page::Requests && Places::of(state).shape != Shape::Small {
        state.focus = pane;
        state.pane_scroll = 0;
    }
}

/// The lane beside; from the list, the first one.
fn beside(pane: Pane, right: bool) -> Pane {
    match (pane, right) {
        (Pane::Lane(n), true) => Pane::Lane((n + 1).min(3)),
        (Pane::Lane(n), false) => n.checked_sub(1).map_or(Pane::List, Pane::Lane),
        (Pane::List | Pane::Verdict, true) => Pane::Lane(0),
        (Pane::List | Pane::Verdict, false) => Pane::List,
    }
}

/// The next or previous exchange with a finding.
fn finding(state: &mut State, next: bool) {
    let shown = state.listing.shown();
    let found = if next {
        shown.iter().enumerate().skip(state.cursor + 1).find(|(_, shown)| shown.found)
    } else {
        shown.iter().enumerate().take(state.cursor).rev().find(|(_, shown)| shown.found)
    };
    match found.map(|(index, _)| index) {
        Some(index) => select(state, index),
        None => state.notice = Some(if next { "no further finding" } else { "no earlier finding" }.to_owned()),
    }
}

fn open(state: &mut State) {
    if state.selected.is_some() {
        state.unfollow();
        state.page = Page::Detail;
        state.detail_scroll = 0;
    }
}

/// The output of the command, from its end back; the same key closes it.
fn console(state: &mut State) {
    if state.page == Page::Console {
        state.page = Page::Requests;
    } else if state.console.is_some() {
        state.page = Page::Console;
        // Brought within the text when that is known.
        state.detail_scroll = usize::MAX;
    }
}

pub(super) fn copy(state: &mut State, what: Copy, seen: &Screenful) -> Vec<Effect> {
    let Some(text) = seen.chosen.as_ref().and_then(|chosen| what.text(chosen, state.reveal)) else {
        state.notice = Some("nothing to copy here".to_owned());
        return Vec::new();
    };
    if what == Copy::File {
        return vec![Effect::Save(text)];
    }
    state.notice =
        Some(format!("copied {} bytes by OSC 52; if your terminal takes none, Y w writes a file", text.len()));
    vec![Effect::Copy(text)]
}
