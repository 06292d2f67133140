//! What the keys do on this page.

use super::Panel;
use crate::gateway::Place;
use crate::tui::keymap::Action;
use crate::tui::message::Effect;
use crate::tui::prompt::Prompt;
use crate::tui::screenful::Screenful;
use crate::tui::state::{Overlay, State};
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
        Action::Try => state.overlay = Some(Overlay::Url(Prompt::new(&state.routing.url))),
        Action::WhatIfs => panel(state, Panel::WhatIfs),
        Action::Servers => panel(state, Panel::Servers),
        Action::Back | Action::Leave if state.routing.panel != Panel::Trial => panel(state, Panel::Trial),
        Action::Source => return Some(with_place(state, seen, Effect::Excerpt)),
        Action::Edit => return Some(with_place(state, seen, Effect::Edit)),
        Action::Reload => return Some(vec![Effect::Reload]),
        _ => return None,
    }
    Some(Vec::new())
}

/// So many lines up or down the list.
pub(in crate::tui) fn go(state: &mut State, lines: usize, down: bool, seen: &Screenful) {
    let cursor = state.routing.cursor;
    choose(state, if down { cursor.saturating_add(lines) } else { cursor.saturating_sub(lines) }, seen);
}

/// Scrolls the panel, not beyond its end.
pub(in crate::tui) fn scroll(state: &mut State, lines: usize, down: bool, seen: &Screenful) {
    let scroll = state.routing.scroll;
    let to = if down { scroll.saturating_add(lines) } else { scroll.saturating_sub(lines) };
    state.routing.scroll = to.min(view::routes::panel_lines(state, seen).saturating_sub(1));
}

/// Chooses a router, or the last one there is.
pub(in crate::tui) fn choose(state: &mut State, cursor: usize, seen: &Screenful) {
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
