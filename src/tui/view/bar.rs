//! The last line: the keys that matter here, the filter being typed, or what just happened.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use unicode_width::UnicodeWidthStr;

use crate::tui::keymap;
use crate::tui::prompt::Prompt;
use crate::tui::state::{Overlay, State};
use crate::tui::text::{Runs, cells, paint, run, width_of};
use crate::tui::theme::Tone;

/// Draws the bar; gives the place of the cursor if something is being typed.
pub(super) fn draw(buffer: &mut Buffer, place: Rect, state: &State) -> Option<Position> {
    let (line, cursor) = match (&state.overlay, &state.notice) {
        (Some(Overlay::Filter(prompt) | Overlay::LineFilter(prompt)), _) => {
            let column = cells(prompt.left.width()).saturating_add(2).min(place.width.saturating_sub(1));
            (typing(prompt, state), Some(Position::new(place.x + column, place.y)))
        }
        (Some(Overlay::Url(prompt)), _) => {
            let column = cells(prompt.left.width()).saturating_add(6).min(place.width.saturating_sub(1));
            (typing_url(prompt), Some(Position::new(place.x + column, place.y)))
        }
        (Some(Overlay::Window(prompt)), _) => {
            let column = cells(prompt.left.width()).saturating_add(7).min(place.width.saturating_sub(1));
            (typing_window(prompt, state), Some(Position::new(place.x + column, place.y)))
        }
        (Some(Overlay::WhatIf(_)), _) => (supposing(), None),
        (_, Some(notice)) => (vec![run(Tone::Good, format!(" {notice}"))], None),
        _ => (keys(state, usize::from(place.width)), None),
    };
    paint(buffer, (place.x, place.y), place.width, &line, state.look.theme);
    cursor.filter(|_| !place.is_empty())
}

/// ` /status>=300   ✗ unknown field …`, or what may follow.
fn typing(prompt: &Prompt, state: &State) -> Runs {
    let tone = if state.filter_error.is_some() { Tone::Bad } else { Tone::Text };
    let mut line = vec![run(Tone::Key, " /"), run(tone, prompt.text()), run(Tone::Text, "   ")];
    if let Some(error) = &state.filter_error {
        line.push(run(Tone::Bad, format!("✗ {error}")));
    } else {
        let next = prompt.completions();
        if next.is_empty() || prompt.left.is_empty() {
            line.push(run(Tone::Dim, "Enter keeps it, Esc drops it, Tab completes, ↑ recalls"));
        } else {
            line.push(run(Tone::Dim, format!("Tab {}", next.iter().take(8).cloned().collect::<Vec<_>>().join("  "))));
        }
    }
    line
}

/// ` Time: 15m   ✗ …`
fn typing_window(prompt: &Prompt, state: &State) -> Runs {
    let told = match &state.filter_error {
        Some(error) => run(Tone::Bad, format!("   ✗ {error}")),
        None => run(Tone::Dim, "   ↑ ↓ 15m 1h 6h 24h all, before the newest line; or 14:00..14:30; Enter takes it"),
    };
    vec![run(Tone::Key, " Time: "), run(Tone::Text, prompt.text()), told]
}

/// ` URL: /api/v1/docs`
fn typing_url(prompt: &Prompt) -> Runs {
    vec![
        run(Tone::Key, " URL: "),
        run(Tone::Text, prompt.text()),
        run(Tone::Dim, "   a path or a whole URL; Enter keeps it, Esc drops it, empty follows the router"),
    ]
}

/// The keys of the what-ifs.
fn supposing() -> Runs {
    let key = |key: &str, text: &str| [run(Tone::Key, format!(" {key}")), run(Tone::Dim, format!(" {text} "))];
    [key("↑/↓", "field"), key("Space", "strip, keep, as seen"), key("Esc", "back to what was seen")].concat()
}

/// As many keys as fit, help and the way out always among them.
fn keys(state: &State, width: usize) -> Runs {
    let all: Vec<_> = keymap::here(state)
        .filter(|binding| binding.bar.is_shown(state))
        .map(|binding| (binding.bar_label(), binding.word))
        .collect();
    let runs_of =
        |(label, word): &(String, &str)| vec![run(Tone::Key, label.clone()), run(Tone::Dim, format!(" {word}  "))];
    let kept = 2.min(all.len());
    let (front, back) = all.split_at(all.len() - kept);
    let tail: Runs = back.iter().flat_map(runs_of).collect();
    let mut line = vec![run(Tone::Text, " ")];
    for entry in front {
        let runs = runs_of(entry);
        if width_of(&line) + width_of(&runs) + width_of(&tail) > width {
            break;
        }
        line.extend(runs);
    }
    line.extend(tail);
    line
}
