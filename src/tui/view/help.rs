//! Help: every key, from the table; the filter language; the legend of signs. Typing searches it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::menu::centred;
use super::{frame_pane, paint_lines, wipe};
use crate::tui::keymap::{self, Binding, Group};
use crate::tui::state::{Page, State};
use crate::tui::text::{Runs, pad, run, width_of};
use crate::tui::theme::Tone;

/// Cells of a column of keys.
const COLUMN: usize = 37;
/// Cells for the keys themselves.
const KEYS: usize = 11;

/// The signs, below the keys of the right column.
const LEGEND: [(&str, &str); 6] = [
    ("✓ ✗ ·", "believed, not, never read"),
    ("+ - ≠", "added, removed, differs"),
    ("! ✗", "look here, broken"),
    ("▶ ↳ ~", "chosen, follows, guessed"),
    ("[/api/v1]", "the public prefix"),
    ("^^^^", "the part that is meant"),
];

/// What stands below the columns: a heading or a blank, and a text.
const TEXTS: [(&str, &str); 7] = [
    ("FILTER", "status>=400  path~^/api  method=POST  finding=PX*  by=traefik"),
    ("", "header.x-forwarded-proto=http  ms>500  ws  sse  open  & | ! ( )"),
    ("", "any other word is looked for in paths and findings"),
    ("SOURCE", "seen on the wire, rule of the proxy, derived from a model"),
    ("", "derived? where the server is in doubt: the end of lane 4 says why"),
    ("MOUSE", "click selects, wheel scrolls; hold Shift to mark text"),
    ("", "for copying in tmux: set -g set-clipboard on"),
];

/// The same of log lines.
const LOG_TEXTS: [(&str, &str); 5] = [
    ("FILTER", "status>=400  path~^/api  client=10.0.0.0/8  ms>500  agent~curl"),
    ("", "finding=PX*  scanner  bot  garbage  retried  & | ! ( )"),
    ("", "any other word is looked for in what was asked for"),
    ("MOUSE", "click selects, wheel scrolls, drawing over the plots is a span"),
    ("", "of time; hold Shift to mark text"),
];

/// What stands below the columns on the page that is open.
fn texts(state: &State) -> &'static [(&'static str, &'static str)] {
    if state.page == Page::AccessLog { &LOG_TEXTS } else { &TEXTS }
}

pub(super) fn draw(buffer: &mut Buffer, body: Rect, state: &State, search: &str, scroll: usize) {
    let lines = if search.is_empty() { all(state) } else { found(state, search) };
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let place = centred(body, 78, height);
    // A rim of a cell or two would only confuse.
    let place = if body.width < place.width + 8 { body } else { place };
    wipe(buffer, place);
    let typed = if search.is_empty() { "(type to search)".to_owned() } else { format!("search: {search}") };
    let title = vec![run(Tone::Title, "Help  "), run(Tone::Dim, typed)];
    let note = vec![run(Tone::Key, "Esc"), run(Tone::Dim, " closes")];
    frame_pane(buffer, place, state, true, &title, &note);
    paint_lines(buffer, place, state, &lines, scroll);
}

fn line_of(binding: &Binding) -> Runs {
    let first = |count: usize| -> String {
        binding.keys.iter().take(count).map(|(key, _)| key.label()).collect::<Vec<_>>().join(" ")
    };
    let keys = Some(first(4)).filter(|keys| keys.chars().count() < KEYS).unwrap_or_else(|| first(2));
    entry(&keys, binding.help)
}

fn entry(keys: &str, text: &str) -> Runs {
    vec![run(Tone::Key, pad(keys, KEYS)), run(Tone::Text, text)]
}

/// Two columns of keys and signs, then the texts.
fn all(state: &State) -> Vec<Runs> {
    let group = |group: Group| {
        let keys = keymap::here(state).filter(move |binding| binding.group == group).map(line_of);
        std::iter::once(vec![run(Tone::Title, group.word())]).chain(keys)
    };
    let legend = LEGEND.iter().map(|(sign, text)| entry(sign, text));
    let left: Vec<Runs> = group(Group::Move).chain(group(Group::Act)).collect();
    let right: Vec<Runs> = group(Group::View).chain([vec![run(Tone::Title, "SIGNS")]]).chain(legend).collect();
    let blank = Vec::new();
    let mut lines: Vec<Runs> = (0..left.len().max(right.len()))
        .map(|index| beside(left.get(index).unwrap_or(&blank), right.get(index).unwrap_or(&blank)))
        .collect();
    lines.extend(texts(state).iter().map(text_line));
    lines
}

fn beside(left: &Runs, right: &Runs) -> Runs {
    let gap = COLUMN.saturating_sub(width_of(left)) + 1;
    left.iter().cloned().chain([run(Tone::Text, " ".repeat(gap))]).chain(right.iter().cloned()).collect()
}

fn text_line((heading, text): &(&str, &str)) -> Runs {
    vec![run(Tone::Title, pad(heading, 8)), run(Tone::Text, *text)]
}

/// The lines that hold what is searched for.
fn found(state: &State, search: &str) -> Vec<Runs> {
    let search = search.to_lowercase();
    let has = |runs: &Runs| {
        let text: String = runs.iter().map(|run| run.text.as_str()).collect();
        text.to_lowercase().contains(&search)
    };
    let mut lines: Vec<Runs> = keymap::here(state)
        .map(line_of)
        .chain(LEGEND.iter().map(|(sign, text)| entry(sign, text)))
        .chain(texts(state).iter().map(text_line))
        .filter(has)
        .collect();
    if lines.is_empty() {
        lines.push(vec![run(Tone::Warn, "nothing of that name")]);
    }
    lines
}
