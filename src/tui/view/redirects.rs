//! The Redirects page: the chains, the hops of the chosen one, what to change.
//!
//! ```text
//! ┌ redirect chains ──────────┐
//! ├ chain 1: its hops ────────┤   takes what the others leave
//! ├ fix in this order ────────┤
//! └───────────────────────────┘
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

use super::{frame_pane, inner_width, paint_lines};
use crate::lanes::visible::visible;
use crate::tui::redirects::{self, RedirectsSeen};
use crate::tui::screenful::Screenful;
use crate::tui::state::State;
use crate::tui::text::{Runs, cells, run};
use crate::tui::theme::Tone;

pub(super) fn draw(buffer: &mut Buffer, body: Rect, state: &State, seen: &Screenful) {
    let shown = &seen.redirects;
    let width = inner_width(body);
    let Some(chosen) = &shown.chosen else {
        frame_pane(buffer, body, state, true, &title(state), &note(shown));
        paint_lines(buffer, body, state, &nothing(state, shown), 0);
        return;
    };
    let fixes = redirects::fixes(chosen, width);
    let list = cells(shown.lines.len() + 3).clamp(4, (body.height / 4).max(4));
    let below = cells(fixes.len() + 2).clamp(3, (body.height / 4).max(3));
    let [list, chain, fix] =
        Layout::vertical([Constraint::Length(list), Constraint::Fill(1), Constraint::Length(below)]).areas(body);
    draw_list(buffer, list, state, shown);

    let mut name = vec![run(Tone::Title, format!("Chain {}", chosen.chain.number))];
    if chosen.chain.times > 1 {
        name.push(run(Tone::Text, format!("  seen {} times, here the last", chosen.chain.times)));
    }
    name.extend(wanted(seen));
    frame_pane(buffer, chain, state, false, &name, &vec![run(Tone::Key, "←/→"), run(Tone::Dim, " hop")]);
    let lines = redirects::hops(chosen, width, state.reveal);
    paint_lines(buffer, chain, state, &lines, state.redirects.scroll);

    let note = vec![run(Tone::Key, "y"), run(Tone::Dim, " copy")];
    frame_pane(buffer, fix, state, false, &vec![run(Tone::Title, "Fix in this order")], &note);
    paint_lines(buffer, fix, state, &fixes, 0);
}

fn draw_list(buffer: &mut Buffer, place: Rect, state: &State, shown: &RedirectsSeen) {
    frame_pane(buffer, place, state, true, &title(state), &note(shown));
    let table = redirects::chains(shown, inner_width(place), state.reveal);
    let (head, lines) = table.split_at(1.min(table.len()));
    // The head stays; the chosen chain is always in sight.
    let room = usize::from(place.height.saturating_sub(3)).max(1);
    let first = (shown.cursor + 1).saturating_sub(room);
    let lines: Vec<Runs> = head.iter().chain(lines.iter().skip(first).take(room)).cloned().collect();
    paint_lines(buffer, place, state, &lines, 0);
}

fn title(state: &State) -> Runs {
    let mut title = vec![run(Tone::Title, "Redirect chains")];
    if state.redirects.circles {
        title.push(run(Tone::Warn, "  loops only"));
    }
    title
}

/// `4 chains  1 loop  2 broken`
fn note(shown: &RedirectsSeen) -> Runs {
    let (chains, circles, broken) = shown.counts;
    let counted = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let mut note = vec![run(Tone::Text, counted(chains, "chain", "chains"))];
    if circles > 0 {
        note.push(run(Tone::Bad, format!("  {}", counted(circles, "loop", "loops"))));
    }
    if broken > 0 {
        note.push(run(Tone::Bad, format!("  {broken} broken")));
    }
    if shown.let_go > 0 {
        note.push(run(Tone::Dim, format!("  {} let go", shown.let_go)));
    }
    note
}

/// The URL that redirects have to stay below.
fn wanted(seen: &Screenful) -> Runs {
    let Some(first) = seen.redirects.chosen.as_ref().and_then(|chosen| chosen.chain.hops().first()) else {
        return Vec::new();
    };
    let told = seen.setup.public.is_some();
    let port = first.url.port.map(|port| format!(":{port}")).unwrap_or_default();
    let url = format!("{}://{}{port}{}", first.url.scheme, first.url.host, first.prefix);
    let mut runs = vec![run(Tone::Dim, "   want "), run(Tone::Prefix, visible(url.as_bytes()))];
    if told {
        runs.push(run(Tone::Dim, " (--public-url)"));
    }
    runs
}

fn nothing(state: &State, shown: &RedirectsSeen) -> Vec<Runs> {
    let said = match (state.redirects.circles, shown.counts.0) {
        (true, 1..) => "No chain is a loop.",
        _ => "No redirect was seen yet.",
    };
    let follow = vec![
        run(Tone::Text, "hopscope follow URL"),
        run(Tone::Dim, " sends a request and goes the whole way, through this tap with --through"),
    ];
    vec![vec![run(Tone::Dim, said)], follow]
}
