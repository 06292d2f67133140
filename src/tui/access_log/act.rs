//! What the keys do on this page.

use crossterm::event::{KeyCode, KeyEvent};

use super::seen::LogSeen;
use super::window::{PRESETS, Window};
use super::{AccessLog, LogPane, There, narrow, next_by, next_order};
use crate::access_log::traffic::By;
use crate::lanes::visible::visible;
use crate::store::LineFilter;
use crate::tui::Exit;
use crate::tui::access_log::line_text::written;
use crate::tui::keymap::Action;
use crate::tui::message::{Effect, LoggedRequest};
use crate::tui::prompt::Prompt;
use crate::tui::screenful::Screenful;
use crate::tui::state::{Overlay, Page, State};
use crate::tui::view;

/// Does what is asked for, where this page does it otherwise than the others; `None` where it does not.
pub(in crate::tui) fn act(state: &mut State, action: Action, seen: &Screenful) -> Option<Vec<Effect>> {
    let page = view::access_log::page_height(state, seen);
    match action {
        Action::Down => go(state, 1, true, seen),
        Action::Up => go(state, 1, false, seen),
        Action::HalfDown => go(state, (page / 2).max(1), true, seen),
        Action::HalfUp => go(state, (page / 2).max(1), false, seen),
        Action::PageDown => go(state, page, true, seen),
        Action::PageUp => go(state, page, false, seen),
        Action::First => go(state, usize::MAX, false, seen),
        Action::Last => go(state, usize::MAX, true, seen),
        Action::NextPane => focus(state, state.log.pane.step(1)),
        Action::PreviousPane => focus(state, state.log.pane.step(3)),
        Action::NextFinding => cause(state, true, &seen.log),
        Action::PreviousFinding => cause(state, false, &seen.log),
        Action::Open => return Some(narrow_by_row(state, &seen.log)),
        Action::Back => return back(state),
        Action::Leave if state.log.there == There::Alone => return Some(vec![Effect::Quit(Exit::Quit)]),
        Action::HideScanners => {
            state.log.hide_scanners = !state.log.hide_scanners;
            return Some(look(state));
        }
        Action::Filter => state.overlay = Some(Overlay::LineFilter(Prompt::of_lines(&state.log.typed))),
        Action::Window => state.overlay = Some(Overlay::Window(Prompt::plain(&state.log.window.text))),
        Action::Export => return Some(vec![Effect::ExportLog]),
        Action::CopyFix => return Some(copy_fix(state, &seen.log)),
        Action::CopyLine => return Some(copy_line(state, &seen.log)),
        Action::Link => return Some(link(state, &seen.log)),
        Action::Try => try_route(state, &seen.log),
        _ => return switch(state, action, &seen.log),
    }
    Some(Vec::new())
}

/// The switches, each with a key of its own.
fn switch(state: &mut State, action: Action, seen: &LogSeen) -> Option<Vec<Effect>> {
    let log = &mut state.log;
    match action {
        Action::Group => (log.by, log.top, log.pane) = (next_by(log.by), None, LogPane::Tops),
        Action::Sort => (log.order, log.top, log.client) = (next_order(log.order), None, None),
        Action::Follow if log.follows() => log.line = seen.line(log).map(|line| line.number),
        Action::Follow => (log.line, log.frozen) = (None, false),
        Action::Pause => {
            log.frozen = !log.frozen;
            log.line = if log.frozen { seen.line(log).map(|line| line.number) } else { None };
        }
        Action::Raw => log.raw = !log.raw,
        Action::Unread => {
            log.unread = !log.unread;
            (log.unread_cursor, log.pane) = (0, LogPane::Lines);
        }
        Action::Zoom => log.zoomed = !log.zoomed,
        Action::Evidence => {
            state.evidence = !state.evidence;
            state.log.scroll = 0;
        }
        _ => return None,
    }
    Some(Vec::new())
}

/// Has the logs read anew through what is asked for now.
fn look(state: &mut State) -> Vec<Effect> {
    let effects = state.log.look();
    let limits = state.log.limits();
    state.notice = Some(limits.map_or_else(|| "all lines".to_owned(), |limits| visible(limits.as_bytes())));
    effects
}

/// The way back: out of what is open on the page, then what was added to the filter, one by one. `None` where the page itself
/// is to be left.
fn back(state: &mut State) -> Option<Vec<Effect>> {
    let log = &mut state.log;
    if log.zoomed {
        log.zoomed = false;
    } else if log.unread {
        log.unread = false;
    } else if log.take_off().is_some() {
        return Some(look(state));
    } else if log.there == There::Beside {
        return None;
    }
    Some(Vec::new())
}

fn focus(state: &mut State, pane: LogPane) {
    state.log.pane = pane;
}

/// So many lines up or down in the pane that has the focus.
pub(super) fn go(state: &mut State, lines: usize, down: bool, seen: &Screenful) {
    let moved = |cursor: usize| if down { cursor.saturating_add(lines) } else { cursor.saturating_sub(lines) };
    let log = &state.log;
    match log.pane {
        LogPane::Tops => choose(state, moved(seen.log.top_cursor(log)), seen),
        LogPane::Clients => choose(state, moved(seen.log.client_cursor(log)), seen),
        LogPane::Lines if log.unread => choose(state, moved(log.unread_cursor), seen),
        LogPane::Lines => go_lines(state, lines, down, &seen.log),
        LogPane::Verdict => {
            state.log.scroll = moved(log.scroll).min(view::access_log::most_scroll(state, seen));
        }
    }
}

/// Lines are gone to by their numbers: most of them are not on screen. At the newest it follows again.
fn go_lines(state: &mut State, lines: usize, down: bool, seen: &LogSeen) {
    let Some(at) = seen.line(&state.log).map(|line| line.number) else { return };
    let lines = u64::try_from(lines).unwrap_or(u64::MAX);
    let to = if down { at.saturating_add(lines) } else { at.saturating_sub(lines) };
    let newest = seen.kept.end.saturating_sub(1);
    let follows = down && to >= newest && !state.log.frozen;
    state.log.line = (!follows).then(|| to.clamp(seen.kept.start, newest.max(seen.kept.start)));
}

/// Chooses a row of the pane that has the focus, or the last there is; of lines the one that stands so far down the screen.
pub(super) fn choose(state: &mut State, index: usize, seen: &Screenful) {
    let log = &mut state.log;
    let seen = &seen.log;
    let within = |count: usize| index.min(count.saturating_sub(1));
    match log.pane {
        LogPane::Tops => log.top = seen.tops.get(within(seen.tops.len())).map(|(row, _)| row.key.clone()),
        LogPane::Clients => {
            log.client = seen.clients.get(within(seen.clients.len())).map(|client| client.row.key.clone());
        }
        LogPane::Lines if log.unread => log.unread_cursor = within(seen.unread_lines.len()),
        LogPane::Lines => log.line = seen.lines.get(within(seen.lines.len())).map(|line| line.number),
        LogPane::Verdict => {}
    }
}

/// The next or the previous cause.
fn cause(state: &mut State, next: bool, seen: &LogSeen) {
    let at = seen.cause_cursor(&state.log);
    let to = if next { at + 1 } else { at.wrapping_sub(1) };
    match seen.causes.get(to) {
        Some(cause) => (state.log.cause, state.log.scroll) = (Some(cause.finding.cause()), 0),
        None => state.notice = Some(if next { "no further cause" } else { "no earlier cause" }.to_owned()),
    }
}

/// Filters everything by the row that has the focus.
fn narrow_by_row(state: &mut State, seen: &LogSeen) -> Vec<Effect> {
    let log = &state.log;
    let step = match log.pane {
        LogPane::Tops => seen.tops.get(seen.top_cursor(log)).and_then(|(row, _)| narrow::of_row(log.by, &row.key)),
        LogPane::Clients => {
            seen.clients.get(seen.client_cursor(log)).and_then(|client| narrow::of_row(By::Client, &client.row.key))
        }
        LogPane::Lines if log.unread => None,
        LogPane::Lines => seen.line(log).and_then(|line| match line.code {
            Some(code) => Some(format!("finding={code}")),
            None if line.path.is_empty() => Some("garbage".to_owned()),
            None => narrow::of_row(By::Path, &line.path),
        }),
        LogPane::Verdict => seen.cause(log).map(|cause| format!("finding={}", cause.finding.code)),
    };
    match step {
        Some(step) if log.steps.contains(&step) => {
            state.notice = Some(visible(format!("it is filtered by {step} already; Esc takes that off").as_bytes()));
            Vec::new()
        }
        Some(step) => {
            state.log.steps.push(step);
            look(state)
        }
        None => {
            state.notice = Some("nothing here to filter by".to_owned());
            Vec::new()
        }
    }
}

fn copied(state: &mut State, text: Option<String>) -> Vec<Effect> {
    let Some(text) = text else {
        state.notice = Some("nothing to copy here".to_owned());
        return Vec::new();
    };
    state.notice = Some(format!("copied {} bytes by OSC 52", text.len()));
    vec![Effect::Copy(text)]
}

fn copy_fix(state: &mut State, seen: &LogSeen) -> Vec<Effect> {
    let fix = seen.cause(&state.log).and_then(|cause| cause.finding.fix.first());
    copied(state, fix.map(|fix| visible(fix.line.as_bytes())))
}

fn copy_line(state: &mut State, seen: &LogSeen) -> Vec<Effect> {
    let log = &state.log;
    let raw = if log.unread {
        seen.unread_line(log).map(|unread| unread.line.as_slice())
    } else {
        seen.line(log).map(|line| line.raw.as_slice())
    };
    let text = raw.map(|raw| written(raw, state.reveal));
    copied(state, text)
}

/// Shows the exchange that the chosen line is of.
fn link(state: &mut State, seen: &LogSeen) -> Vec<Effect> {
    let line = seen.line(&state.log).filter(|line| !line.method.is_empty());
    let request = line.and_then(|line| {
        let (method, target, status) = (line.method.clone(), line.target.clone(), line.status);
        Some(LoggedRequest { method, target, status, time: line.time? })
    });
    let Some(request) = request else {
        state.notice = Some("this line does not say which request it is of".to_owned());
        return Vec::new();
    };
    vec![Effect::Link(request)]
}

/// Shows which route takes the path of the chosen line.
fn try_route(state: &mut State, seen: &LogSeen) {
    let Some(line) = seen.line(&state.log).filter(|line| !line.method.is_empty()) else {
        state.notice = Some("this line is of no request".to_owned());
        return;
    };
    let host = line.host.as_deref().filter(|host| !host.is_empty() && *host != b"_");
    let target = String::from_utf8_lossy(&line.target);
    state.routing.url = match host {
        Some(host) if target.starts_with('/') => format!("http://{}{target}", String::from_utf8_lossy(host)),
        _ => target.into_owned(),
    };
    state.page = Page::Routes;
}

/// Typing the filter. It takes effect with Enter, because the logs are read anew for it.
pub(in crate::tui) fn typed(state: &mut State, mut prompt: Prompt, key: KeyEvent) -> Vec<Effect> {
    match key.code {
        KeyCode::Esc => state.filter_error = None,
        KeyCode::Enter if state.filter_error.is_none() => {
            let text = prompt.text();
            if !text.trim().is_empty() && state.log.history.last() != Some(&text) {
                state.log.history.push(text.clone());
            }
            if state.log.typed != text {
                state.log.typed = text;
                return look(state);
            }
        }
        _ => {
            prompt.edit(key, &state.log.history);
            state.filter_error = LineFilter::parse(&prompt.text()).err().map(|error| error.to_string());
            state.overlay = Some(Overlay::LineFilter(prompt));
        }
    }
    Vec::new()
}

/// Typing the span of time; the arrows go through those that are asked for most.
pub(in crate::tui) fn window_typed(
    state: &mut State,
    mut prompt: Prompt,
    key: KeyEvent,
    seen: &Screenful,
) -> Vec<Effect> {
    let newest = seen.log.span.map_or(0, |(_, newest)| newest);
    let text = prompt.text();
    match key.code {
        KeyCode::Esc => state.filter_error = None,
        KeyCode::Enter => match Window::parse(&text, newest, &state.zone) {
            Ok(window) => {
                state.filter_error = None;
                state.log.window = window;
                return look(state);
            }
            Err(error) => {
                state.filter_error = Some(error);
                state.overlay = Some(Overlay::Window(prompt));
            }
        },
        code => {
            match code {
                KeyCode::Up | KeyCode::Down | KeyCode::Tab => {
                    prompt = Prompt::plain(preset(&text, code == KeyCode::Up));
                }
                _ => prompt.edit(key, &[]),
            }
            state.filter_error = Window::parse(&prompt.text(), newest, &state.zone).err();
            state.overlay = Some(Overlay::Window(prompt));
        }
    }
    Vec::new()
}

/// The span of time before or after this one.
fn preset(text: &str, before: bool) -> &'static str {
    let count = PRESETS.len();
    let at = PRESETS.iter().position(|preset| *preset == text);
    let to = match (at, before) {
        (Some(at), false) => at + 1,
        (Some(at), true) => at + count - 1,
        (None, false) => 0,
        (None, true) => count - 1,
    };
    PRESETS.get(to % count).copied().unwrap_or_default()
}

/// Looks at the span of time that was drawn over, from cell to cell of the plots.
pub(super) fn drag(state: &mut State, (from, to): (usize, usize), seen: &Screenful) -> Vec<Effect> {
    let (Some((since, _)), Some((_, until))) = (seen.log.span_of(from.min(to)), seen.log.span_of(from.max(to))) else {
        return Vec::new();
    };
    state.log.window = Window::between(since, until, &state.zone);
    look(state)
}

impl AccessLog {
    /// What stands in the title of the plots: the span of time, if one was chosen.
    pub(in crate::tui) fn window_text(&self) -> Option<String> {
        (!self.window.text.is_empty()).then(|| visible(self.window.text.as_bytes()))
    }
}
