//! The one place that changes the state: a message in, effects out. Pure: no terminal, no store, no clock.

mod typing;

use crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};

use super::Exit;
use super::copy::{Copy, MENU};
use super::findings;
use super::keymap::{Action, action};
use super::listing::Sort;
use super::message::{Effect, Message};
use super::prompt::Prompt;
use super::redirects;
use super::routing::Panel;
use super::screenful::Screenful;
use super::state::{Overlay, Page, Pane, State};
use super::view;
use super::view::places::{Places, Shape};
use super::what_if;
use crate::gateway::Place;
use crate::lanes::visible::visible;
use crate::remedy::proof::hindrance;

/// Lines that one turn of the wheel scrolls.
const WHEEL: usize = 3;

/// Applies a message. `seen` is what the last frame showed.
pub(super) fn update(state: &mut State, message: Message, seen: &Screenful) -> Vec<Effect> {
    match message {
        Message::Key(key) => {
            state.notice = None;
            let asked = state.asked.clone();
            let effects = key_pressed(state, key, seen);
            // Only the very next key is an answer.
            if asked.is_some() && state.asked == asked {
                state.asked = None;
            }
            effects
        }
        Message::Mouse(mouse) => {
            mouse_used(state, mouse, seen);
            Vec::new()
        }
        Message::Paste(text) => {
            typing::paste(state, &text);
            Vec::new()
        }
        Message::Resize(width, height) => {
            state.size = (width, height);
            Vec::new()
        }
        Message::Changed => Vec::new(),
        Message::Scene(index) => {
            state.scene = index;
            Vec::new()
        }
        Message::Suspend => vec![Effect::Suspend],
        Message::End(exit) => vec![Effect::Quit(exit)],
    }
}

fn key_pressed(state: &mut State, key: KeyEvent, seen: &Screenful) -> Vec<Effect> {
    // These work whatever is open.
    match action(&key, state) {
        Some(Action::Interrupt) => return vec![Effect::Quit(Exit::Interrupted)],
        Some(Action::Suspend) => return vec![Effect::Suspend],
        Some(Action::Redraw) => return vec![Effect::Redraw],
        _ => {}
    }
    match state.overlay.take() {
        Some(Overlay::Filter(prompt)) => {
            typing::filter(state, prompt, key);
            Vec::new()
        }
        Some(Overlay::Help { search, scroll }) => {
            typing::help(state, search, scroll, key);
            Vec::new()
        }
        Some(Overlay::CopyMenu) => {
            let choice = MENU.iter().find(|(letter, ..)| key.code == KeyCode::Char(*letter));
            choice.map_or_else(Vec::new, |(_, _, what)| copy(state, *what, seen))
        }
        Some(Overlay::Url(prompt)) => {
            typing::url(state, prompt, key);
            Vec::new()
        }
        Some(Overlay::WhatIf(what_if)) => {
            what_if::key(state, what_if, key);
            Vec::new()
        }
        // Any key closes it, and edit edits.
        Some(Overlay::Excerpt(excerpt)) => match action(&key, state) {
            Some(Action::Edit) => vec![Effect::Edit(excerpt.place)],
            _ => Vec::new(),
        },
        None => action(&key, state).map_or_else(Vec::new, |action| act(state, action, seen)),
    }
}

fn act(state: &mut State, action: Action, seen: &Screenful) -> Vec<Effect> {
    if state.page == Page::Redirects
        && let Some(effects) = redirects::act(state, action, seen)
    {
        return effects;
    }
    if state.page == Page::Findings
        && let Some(effects) = findings::act(state, action, seen)
    {
        return effects;
    }
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
        Action::Requests => state.page = Page::Requests,
        Action::Routes => state.page = Page::Routes,
        Action::Redirects => state.page = Page::Redirects,
        Action::Findings => state.page = Page::Findings,
        // Of the Redirects and the Findings page alone.
        Action::Circles | Action::CopyChain | Action::FilterByIt | Action::Known | Action::Export => {}
        Action::Prove => return prove(state, seen),
        Action::Suppose => what_if::open(state, seen),
        Action::Try => state.overlay = Some(Overlay::Url(Prompt::new(&state.routing.url))),
        Action::WhatIfs => panel(state, Panel::WhatIfs),
        Action::Servers => panel(state, Panel::Servers),
        Action::Source => return with_place(state, seen, Effect::Excerpt),
        Action::Edit => return with_place(state, seen, Effect::Edit),
        Action::Reload => return vec![Effect::Reload],
        Action::Leave if at_top(state) => return vec![Effect::Quit(Exit::Quit)],
        Action::Leave | Action::Back => back(state),
        Action::Quit => return vec![Effect::Quit(Exit::Quit)],
        Action::Filter => {
            state.page = Page::Requests;
            state.overlay = Some(Overlay::Filter(Prompt::new(state.listing.filter_text())));
        }
        Action::Help => state.overlay = Some(Overlay::Help { search: String::new(), scroll: 0 }),
        Action::CopyFix => return copy(state, Copy::Fix, seen),
        Action::CopyMenu => state.overlay = seen.chosen.as_ref().map(|_| Overlay::CopyMenu),
        Action::Pause => {
            state.recording = !state.recording;
            return vec![Effect::Record(state.recording)];
        }
        Action::Clear => return vec![Effect::Clear],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],
        Action::Interrupt => return vec![Effect::Quit(Exit::Interrupted)],
        Action::Scene(index) => return scene(state, usize::from(index)),
        Action::NextScene => return scene(state, state.scene + 1),
        Action::PreviousScene => return state.scene.checked_sub(1).map_or_else(Vec::new, |index| scene(state, index)),
        Action::Follow
        | Action::Zoom
        | Action::Differences
        | Action::Evidence
        | Action::Sort
        | Action::Reveal
        | Action::Theme => toggle(state, action),
    }
    Vec::new()
}

/// Asks whether the first fix is to be proven; asked for a second time, it is.
fn prove(state: &mut State, seen: &Screenful) -> Vec<Effect> {
    let finding = match state.page {
        Page::Findings => seen.findings.chosen().map(|row| &row.finding),
        _ => seen.chosen.as_ref().and_then(|chosen| chosen.entry.findings.iter().find(|finding| finding.primary)),
    };
    let Some((finding, fix)) = finding.and_then(|finding| Some((finding, finding.first_to_try()?))) else {
        state.notice = Some("there is no fix here that can be tried".to_owned());
        return Vec::new();
    };
    let cause = finding.cause();
    if let Some(why) = hindrance(fix, false) {
        state.notice = Some(format!("{}: {why}", finding.code));
    } else if state.asked.take().as_ref() == Some(&cause) {
        return vec![Effect::Prove(cause)];
    } else {
        let line = visible(fix.line.as_bytes());
        state.notice = Some(format!("x again sends recorded GET and HEAD requests to the app, as if: {line}"));
        state.asked = Some(cause);
    }
    Vec::new()
}

fn toggle(state: &mut State, action: Action) {
    match action {
        Action::Follow if state.follow => state.unfollow(),
        Action::Follow => state.follow = true,
        Action::Zoom => state.zoomed = !state.zoomed,
        Action::Differences => state.differences = !state.differences,
        Action::Evidence => {
            state.evidence = !state.evidence;
            state.pane_scroll = 0;
        }
        Action::Sort => state.listing.set_sort(state.listing.sort().next()),
        Action::Reveal => {
            state.reveal = !state.reveal;
            state.notice = Some(if state.reveal { "secrets are shown" } else { "secrets are hidden" }.to_owned());
        }
        Action::Theme => {
            state.look.theme = state.look.theme.next();
            state.notice = Some(format!("theme {}", state.look.theme.word()));
        }
        _ => {}
    }
}

/// Lines of a page: of the detail view, or of the list.
fn page_height(state: &State) -> usize {
    let places = Places::of(state);
    match state.page {
        Page::Detail | Page::Console => usize::from(places.body.height.saturating_sub(2)).max(1),
        Page::Requests => usize::from(places.list_lines()).max(1),
        Page::Routes | Page::Redirects | Page::Findings => usize::from(places.body.height / 2).max(1),
    }
}

/// A line up or down: in the detail view it scrolls, else it selects.
fn go(state: &mut State, lines: usize, down: bool, seen: &Screenful) {
    if state.page.is_text() {
        scroll_detail(state, lines, down, seen);
    } else if state.page == Page::Findings {
        findings::go(state, lines, down, seen);
    } else if state.page == Page::Redirects {
        redirects::act(state, if down { Action::Down } else { Action::Up }, seen);
    } else if state.page == Page::Routes {
        let cursor = state.routing.cursor;
        choose(state, if down { cursor.saturating_add(lines) } else { cursor.saturating_sub(lines) }, seen);
    } else {
        select(state, if down { state.cursor.saturating_add(lines) } else { state.cursor.saturating_sub(lines) });
    }
}

/// Pages: of the detail view, of the focused lane, or of the list.
fn scroll(state: &mut State, lines: usize, down: bool, seen: &Screenful) {
    if state.page == Page::Routes {
        let scroll = state.routing.scroll;
        let to = if down { scroll.saturating_add(lines / 2) } else { scroll.saturating_sub(lines / 2) };
        state.routing.scroll = to.min(view::routes::panel_lines(state, seen).saturating_sub(1));
        return;
    }
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

fn select(state: &mut State, cursor: usize) {
    state.unfollow();
    state.select(cursor);
}

fn first(state: &mut State) {
    match state.page {
        Page::Detail | Page::Console => state.detail_scroll = 0,
        Page::Requests => select(state, 0),
        Page::Routes => state.routing.cursor = 0,
        Page::Redirects | Page::Findings => {}
    }
}

/// The end; on the list this also follows what comes.
fn last(state: &mut State, seen: &Screenful) {
    match state.page {
        Page::Detail | Page::Console => scroll_detail(state, usize::MAX, true, seen),
        Page::Requests => {
            select(state, usize::MAX);
            state.follow = state.listing.sort() == Sort::Time;
        }
        Page::Routes => choose(state, usize::MAX, seen),
        Page::Redirects | Page::Findings => {}
    }
}

/// Chooses a router, or the last one there is.
fn choose(state: &mut State, cursor: usize, seen: &Screenful) {
    let last = seen.routes.as_ref().map_or(0, |routes| routes.lines.len().saturating_sub(1));
    state.routing.cursor = cursor.min(last);
    state.routing.scroll = 0;
}

/// Shows a panel of the Routes page; asked for again, the trial.
fn panel(state: &mut State, panel: Panel) {
    state.routing.panel = if state.routing.panel == panel { Panel::Trial } else { panel };
    state.routing.scroll = 0;
}

/// Something to do with the line of the chosen router.
fn with_place(state: &mut State, seen: &Screenful, effect: impl FnOnce(Place) -> Effect) -> Vec<Effect> {
    let chosen = seen.routes.as_ref().and_then(|routes| routes.lines.get(state.routing.cursor));
    let Some(place) = chosen.and_then(|line| line.place.clone()) else {
        state.notice = Some("no line of a file says this".to_owned());
        return Vec::new();
    };
    vec![effect(place)]
}

fn focus(state: &mut State, pane: Pane) {
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

/// True where `q` leaves the program.
fn at_top(state: &State) -> bool {
    state.page == Page::Requests && !state.zoomed
}

fn back(state: &mut State) {
    if state.page == Page::Routes && state.routing.panel != Panel::Trial {
        panel(state, state.routing.panel);
    } else if state.page != Page::Requests {
        state.page = Page::Requests;
    } else if state.zoomed {
        state.zoomed = false;
    } else if state.evidence {
        state.evidence = false;
    } else {
        state.focus = Pane::List;
        state.pane_scroll = 0;
    }
}

fn scene(state: &mut State, index: usize) -> Vec<Effect> {
    if index >= state.scenes.len() {
        return Vec::new();
    }
    state.follow = true;
    vec![Effect::Scene(index)]
}

fn copy(state: &mut State, what: Copy, seen: &Screenful) -> Vec<Effect> {
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

fn mouse_used(state: &mut State, mouse: MouseEvent, seen: &Screenful) {
    if state.overlay.is_some() {
        return;
    }
    match mouse.kind {
        MouseEventKind::ScrollDown => go(state, WHEEL, true, seen),
        MouseEventKind::ScrollUp => go(state, WHEEL, false, seen),
        MouseEventKind::Down(MouseButton::Left) => clicked(state, mouse.column, mouse.row),
        _ => {}
    }
}

fn clicked(state: &mut State, column: u16, line: u16) {
    let places = Places::of(state);
    let Some(pane) = places.pane_at(column, line) else { return };
    focus(state, pane);
    // Above the first line stand the frame and the column heads.
    let first = places.list.y + 2;
    if pane == Pane::List && (first..first + places.list_lines()).contains(&line) {
        let index = state.top + usize::from(line - first);
        if index < state.listing.shown().len() {
            select(state, index);
        }
    }
}
