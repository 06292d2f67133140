//! What is typed or pasted while something is open that takes text: the filter, the URL to try, a search in help.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::store::LineFilter;
use crate::tui::prompt::Prompt;
use crate::tui::state::{Overlay, State, read_filter};
use crate::tui::what_if;

/// Text pasted into what is open.
pub(super) fn paste(state: &mut State, text: &str) {
    match &mut state.overlay {
        Some(Overlay::Filter(prompt)) => {
            prompt.paste(text);
            filter_typed(state);
        }
        Some(Overlay::Url(prompt)) => {
            prompt.paste(text);
            state.routing.url = prompt.text();
        }
        Some(Overlay::LineFilter(prompt)) => {
            prompt.paste(text);
            state.filter_error = LineFilter::parse(&prompt.text()).err().map(|error| error.to_string());
        }
        Some(Overlay::Window(prompt)) => prompt.paste(text),
        Some(Overlay::WhatIf(what_if)) => what_if::paste(what_if, text),
        _ => {}
    }
}

/// Typing the URL to try; what comes of it is computed with every key.
pub(super) fn url(state: &mut State, mut prompt: Prompt, key: KeyEvent) {
    match key.code {
        KeyCode::Esc => state.routing.url.clone_from(&prompt.before),
        KeyCode::Enter => {}
        // There is nothing to complete or to recall.
        KeyCode::Tab | KeyCode::Up | KeyCode::Down => state.overlay = Some(Overlay::Url(prompt)),
        _ => {
            prompt.edit(key, &[]);
            state.routing.url = prompt.text();
            state.overlay = Some(Overlay::Url(prompt));
        }
    }
}

/// Typing in the filter. Every change takes effect at once if it can be read; if not, the last good one stays.
pub(super) fn filter(state: &mut State, mut prompt: Prompt, key: KeyEvent) {
    match key.code {
        KeyCode::Esc => {
            state.listing.set_filter(read_filter(&prompt.before).unwrap_or_default());
            state.filter_error = None;
        }
        KeyCode::Enter if state.filter_error.is_none() => {
            let text = prompt.text();
            if !text.trim().is_empty() && state.history.last() != Some(&text) {
                state.history.push(text);
            }
        }
        _ => {
            prompt.edit(key, &state.history);
            state.overlay = Some(Overlay::Filter(prompt));
            filter_typed(state);
        }
    }
}

fn filter_typed(state: &mut State) {
    let Some(Overlay::Filter(prompt)) = &state.overlay else { return };
    let text = prompt.text();
    match read_filter(&text) {
        Ok(filter) => {
            state.filter_error = None;
            if text != state.listing.filter_text() {
                state.listing.set_filter(filter);
            }
        }
        Err(error) => state.filter_error = Some(error),
    }
}

/// Typing in help searches it.
pub(super) fn help(state: &mut State, mut search: String, mut scroll: usize, key: KeyEvent) {
    match key.code {
        KeyCode::Esc | KeyCode::Enter | KeyCode::Char('?') | KeyCode::F(1) => return,
        KeyCode::Down => scroll += 1,
        KeyCode::Up => scroll = scroll.saturating_sub(1),
        KeyCode::PageDown => scroll += 10,
        KeyCode::PageUp => scroll = scroll.saturating_sub(10),
        KeyCode::Backspace => drop(search.pop()),
        KeyCode::Char(c) if !key.modifiers.contains(KeyModifiers::CONTROL) => search.push(c),
        _ => {}
    }
    state.overlay = Some(Overlay::Help { search, scroll: scroll.min(40) });
}
