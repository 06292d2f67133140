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

use super::places::Places;
use super::table::Table;
use super::{frame_pane, inner_width, paint_lines};
use crate::lanes::visible::visible;
use crate::tui::redirects::{self, RedirectsSeen, SeenChain};
use crate::tui::screenful::Screenful;
use crate::tui::state::State;
use crate::tui::text::{Runs, cells, run};
use crate::tui::theme::Tone;

pub(super) fn draw(buffer: &mut Buffer, body: Rect, state: &State, seen: &Screenful) {
    let shown = &seen.redirects;
    let Some(chosen) = &shown.chosen else {
        frame_pane(buffer, body, state, true, &title(state), &note(shown));
        paint_lines(buffer, body, state, &nothing(state, shown), 0);
        return;
    };
    let fixes = fixes(body, state, chosen);
    let [list, chain, fix] = split(body, shown, fixes.len());
    frame_pane(buffer, list, state, true, &title(state), &note(shown));
    let table = redirects::chains(shown, inner_width(list), state.reveal);
    paint_lines(buffer, list, state, &in_pane(list, shown).in_sight(&table), 0);

    let mut name = vec![run(Tone::Title, format!("Chain {}", chosen.chain.number))];
    if state.redirects.compare {
        name.push(run(Tone::Text, format!("  hop {} compared", chosen.at + 1)));
    } else if chosen.chain.times > 1 {
        name.push(run(Tone::Text, format!("  seen {} times, here the last", chosen.chain.times)));
    }
    name.extend(wanted(seen));
    frame_pane(buffer, chain, state, false, &name, &keys(chain.width >= 100));
    paint_lines(buffer, chain, state, &hops(chain, state, chosen), state.redirects.scroll);

    let note = vec![run(Tone::Key, "y"), run(Tone::Dim, " copy")];
    frame_pane(buffer, fix, state, false, &vec![run(Tone::Title, "Fix in this order")], &note);
    paint_lines(buffer, fix, state, &fixes, 0);
}

/// `t follow  r replay  ←/→ hop`
fn keys(wide: bool) -> Runs {
    let key = |key: &'static str, text: &'static str| [run(Tone::Key, key), run(Tone::Dim, text)];
    let hop = key("←/→", " hop");
    if wide { [key("t", " follow  "), key("r", " replay  "), hop].concat() } else { hop.to_vec() }
}

/// Chains, hops and fixes, of which there are so many lines.
fn split(body: Rect, shown: &RedirectsSeen, fixes: usize) -> [Rect; 3] {
    let list = cells(shown.lines.len() + 3).clamp(4, (body.height / 4).max(4));
    let below = cells(fixes + 2).clamp(3, most_fixes(body));
    Layout::vertical([Constraint::Length(list), Constraint::Fill(1), Constraint::Length(below)]).areas(body)
}

/// The greatest height of the pane with the fixes: a quarter, and a line for what is predicted.
fn most_fixes(body: Rect) -> u16 {
    (body.height / 4).max(3) + 1
}

/// What to change, and what comes of it, set off where there is room.
fn fixes(body: Rect, state: &State, chosen: &SeenChain) -> Vec<Runs> {
    let width = inner_width(body);
    let mut lines = redirects::fixes(chosen, width);
    if let Some(predicted) = redirects::prediction(chosen, width, state.reveal) {
        if lines.len() + 4 <= usize::from(most_fixes(body)) {
            lines.push(Vec::new());
        }
        lines.push(predicted);
    }
    lines
}

fn hops(place: Rect, state: &State, chosen: &SeenChain) -> Vec<Runs> {
    let width = inner_width(place);
    if state.redirects.compare {
        redirects::compare(chosen, width, state.reveal)
    } else {
        redirects::hops(chosen, width, state.reveal)
    }
}

fn in_pane(place: Rect, shown: &RedirectsSeen) -> Table {
    Table::new(place, shown.cursor, shown.lines.len())
}

/// The three panes as they stand now; `None` where no chain is chosen.
fn panes<'a>(state: &State, seen: &'a Screenful) -> Option<([Rect; 3], &'a SeenChain)> {
    let (body, chosen) = (Places::of(state).body, seen.redirects.chosen.as_ref()?);
    Some((split(body, &seen.redirects, fixes(body, state, chosen).len()), chosen))
}

/// Where the chains stand.
pub(in crate::tui) fn table(state: &State, seen: &Screenful) -> Table {
    panes(state, seen).map_or_else(Table::default, |([list, ..], _)| in_pane(list, &seen.redirects))
}

/// How far the hops can be scrolled.
pub(in crate::tui) fn most_scroll(state: &State, seen: &Screenful) -> usize {
    let Some(([_, place, _], chosen)) = panes(state, seen) else { return 0 };
    hops(place, state, chosen).len().saturating_sub(usize::from(place.height.saturating_sub(2)))
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
