//! The one place that changes the state: a message in, effects out. Pure: no terminal, no store, no clock.

mod mouse;
mod traffic;
mod typing;

use crossterm::event::{KeyCode, KeyEvent};

use super::Exit;
use super::access_log;
use super::copy::MENU;
use super::findings;
use super::keymap::{Action, action};
use super::message::{Effect, Message};
use super::prompt::Prompt;
use super::redirects;
use super::routing;
use super::screenful::Screenful;
use super::state::{Overlay, Page, Pane, State};
use super::what_if;
use crate::lanes::visible::visible;
use crate::remedy::proof::hindrance;

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
        Message::Mouse(mouse) => mouse::used(state, mouse, seen),
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
        Message::Told(said) => {
            state.notice = Some(visible(said.as_bytes()));
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
            choice.map_or_else(Vec::new, |(_, _, what)| traffic::copy(state, *what, seen))
        }
        Some(Overlay::Url(prompt)) => {
            typing::url(state, prompt, key);
            Vec::new()
        }
        Some(Overlay::LineFilter(prompt)) => access_log::typed(state, prompt, key),
        Some(Overlay::Window(prompt)) => access_log::window_typed(state, prompt, key, seen),
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
    let own = match state.page {
        Page::Requests | Page::Detail | Page::Console => traffic::act(state, action, seen),
        Page::Redirects => redirects::act(state, action, seen),
        Page::Routes => routing::act(state, action, seen),
        Page::Findings => findings::act(state, action, seen),
        Page::AccessLog => access_log::act(state, action, seen),
    };
    own.unwrap_or_else(|| anywhere(state, action, seen))
}

/// What keys do on every page that does not do it otherwise.
fn anywhere(state: &mut State, action: Action, seen: &Screenful) -> Vec<Effect> {
    match action {
        Action::Requests => state.page = Page::Requests,
        Action::Routes => state.page = Page::Routes,
        Action::Redirects => state.page = Page::Redirects,
        Action::Findings => state.page = Page::Findings,
        Action::AccessLog => state.page = Page::AccessLog,
        Action::Prove => return prove(state, seen),
        Action::Leave if at_top(state) => return vec![Effect::Quit(Exit::Quit)],
        Action::Leave | Action::Back => back(state),
        Action::Quit => return vec![Effect::Quit(Exit::Quit)],
        Action::Filter => {
            state.page = Page::Requests;
            state.overlay = Some(Overlay::Filter(Prompt::new(state.listing.filter_text())));
        }
        Action::Help => state.overlay = Some(Overlay::Help { search: String::new(), scroll: 0 }),
        Action::Reveal => {
            state.reveal = !state.reveal;
            state.notice = Some(if state.reveal { "secrets are shown" } else { "secrets are hidden" }.to_owned());
        }
        Action::Pause => {
            state.recording = !state.recording;
            return vec![Effect::Record(state.recording)];
        }
        Action::Scene(index) => return scene(state, usize::from(index)),
        Action::NextScene => return scene(state, state.scene + 1),
        Action::PreviousScene => return state.scene.checked_sub(1).map_or_else(Vec::new, |index| scene(state, index)),
        // Of a page that is not shown: there is no key for it.
        _ => {}
    }
    Vec::new()
}

/// Asks whether the first fix is to be proven; asked for a second time, it is.
fn prove(state: &mut State, seen: &Screenful) -> Vec<Effect> {
    let finding = match state.page {
        Page::Findings => seen.findings.chosen().map(|row| &row.finding),
        Page::Redirects => seen.redirects.chosen.as_ref().and_then(redirects::to_prove),
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

/// True where `q` leaves the program.
fn at_top(state: &State) -> bool {
    state.page == Page::Requests && !state.zoomed
}

fn back(state: &mut State) {
    if state.page != Page::Requests {
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
