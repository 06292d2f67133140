//! What the keys do on this page.

use std::sync::Arc;

use super::RedirectsSeen;
use super::chain_text::{copied, plain};
use super::fix_text::{causes, fixes, prediction};
use super::seen::SeenHop;
use crate::lanes::visible::visible;
use crate::remedy::proof;
use crate::tui::keymap::Action;
use crate::tui::message::Effect;
use crate::tui::screenful::Screenful;
use crate::tui::state::State;
use crate::tui::view;

/// Does what is asked for, where this page does it otherwise than the others; `None` where it does not.
pub(in crate::tui) fn act(state: &mut State, action: Action, seen: &Screenful) -> Option<Vec<Effect>> {
    let shown = &seen.redirects;
    let page = usize::from(state.size.1 / 4).max(1);
    match action {
        Action::Down => go(state, 1, true, seen),
        Action::Up => go(state, 1, false, seen),
        Action::First => choose(state, 0, seen),
        Action::Last => {
            choose(state, usize::MAX, seen);
            // From here on the newest, whichever that is.
            state.redirects.chain = None;
        }
        Action::HalfDown => scroll(state, page / 2, true, seen),
        Action::HalfUp => scroll(state, page / 2, false, seen),
        Action::PageDown => scroll(state, page, true, seen),
        Action::PageUp => scroll(state, page, false, seen),
        Action::LaneRight => hop(state, shown, true),
        Action::LaneLeft => hop(state, shown, false),
        Action::NextFinding => broken(state, seen, true),
        Action::PreviousFinding => broken(state, seen, false),
        Action::Compare => {
            state.redirects.compare = !state.redirects.compare;
            state.redirects.scroll = 0;
        }
        Action::Back | Action::Leave if state.redirects.compare => state.redirects.compare = false,
        Action::Circles => {
            state.redirects.circles = !state.redirects.circles;
            let said = if state.redirects.circles { "loops only" } else { "all chains" };
            state.notice = Some(said.to_owned());
        }
        Action::Open => open(state, shown),
        Action::FollowChain => return Some(follow(state, shown)),
        Action::Replay => return Some(replay(state, shown)),
        Action::CopyFix => return Some(copy(state, first_fix(shown))),
        Action::CopyChain => {
            let text = shown.chosen.as_ref().map(|chosen| copied(chosen, state.reveal));
            return Some(copy(state, text));
        }
        Action::SaveChain => return Some(save(state, shown)),
        _ => return None,
    }
    Some(Vec::new())
}

/// So many lines up or down the list.
pub(in crate::tui) fn go(state: &mut State, lines: usize, down: bool, seen: &Screenful) {
    let cursor = seen.redirects.cursor;
    choose(state, if down { cursor.saturating_add(lines) } else { cursor.saturating_sub(lines) }, seen);
}

/// Scrolls the hops, not beyond their end.
pub(in crate::tui) fn scroll(state: &mut State, lines: usize, down: bool, seen: &Screenful) {
    let scroll = state.redirects.scroll;
    let to = if down { scroll.saturating_add(lines) } else { scroll.saturating_sub(lines) };
    state.redirects.scroll = to.min(view::redirects::most_scroll(state, seen));
}

/// Chooses a line of the list, or the last there is.
pub(in crate::tui) fn choose(state: &mut State, cursor: usize, seen: &Screenful) {
    let shown = &seen.redirects;
    let cursor = cursor.min(shown.lines.len().saturating_sub(1));
    let Some(line) = shown.lines.get(cursor) else { return };
    state.redirects.chain = Some(line.chain.number);
    state.redirects.hop = None;
    state.redirects.scroll = 0;
}

fn hop(state: &mut State, shown: &RedirectsSeen, right: bool) {
    let Some(chosen) = &shown.chosen else { return };
    let at = if right { chosen.at + 1 } else { chosen.at.saturating_sub(1) };
    // The chain stays chosen when a newer one comes.
    state.redirects.chain = Some(chosen.chain.number);
    state.redirects.hop = Some(at.min(chosen.hops.len().saturating_sub(1)));
}

/// The next or previous chain that goes wrong.
fn broken(state: &mut State, seen: &Screenful, next: bool) {
    let shown = &seen.redirects;
    let lines = shown.lines.iter().enumerate();
    let found = if next {
        lines.skip(shown.cursor + 1).find(|(_, line)| line.broken)
    } else {
        lines.take(shown.cursor).rev().find(|(_, line)| line.broken)
    };
    if let Some((index, _)) = found {
        choose(state, index, seen);
    } else {
        let said = if next { "no further broken chain" } else { "no earlier broken chain" };
        state.notice = Some(said.to_owned());
    }
}

/// Shows the chosen hop among the requests.
fn open(state: &mut State, shown: &RedirectsSeen) {
    let Some(chosen) = &shown.chosen else { return };
    let Some(hop) = chosen.chain.hops().get(chosen.at) else { return };
    state.show(hop.exchange);
}

/// Has the chain followed anew from its beginning.
fn follow(state: &mut State, shown: &RedirectsSeen) -> Vec<Effect> {
    let Some(chosen) = &shown.chosen else { return nothing(state) };
    match chosen.hops.first() {
        Some(first) if is_harmless(first) => vec![Effect::Follow(Arc::clone(&chosen.chain))],
        _ => refused(state),
    }
}

/// Has the request of the chosen hop sent once more.
fn replay(state: &mut State, shown: &RedirectsSeen) -> Vec<Effect> {
    let Some(chosen) = &shown.chosen else { return nothing(state) };
    match chosen.chain.hops().get(chosen.at).zip(chosen.hops.get(chosen.at)) {
        Some((hop, known)) if is_harmless(known) => vec![Effect::Replay(hop.exchange)],
        _ => refused(state),
    }
}

fn is_harmless(hop: &SeenHop) -> bool {
    hop.known.as_ref().is_some_and(|(entry, _)| proof::is_harmless(&entry.exchange))
}

fn refused(state: &mut State) -> Vec<Effect> {
    state.notice = Some("only GET and HEAD are sent again, while their request is kept".to_owned());
    Vec::new()
}

fn nothing(state: &mut State) -> Vec<Effect> {
    state.notice = Some("there is no chain here".to_owned());
    Vec::new()
}

/// The chain, and what to change, as Markdown.
fn save(state: &mut State, shown: &RedirectsSeen) -> Vec<Effect> {
    let Some(chosen) = &shown.chosen else { return nothing(state) };
    let fixes = fixes(chosen, usize::MAX).into_iter().chain(prediction(chosen, usize::MAX, state.reveal));
    let block = |text: String| format!("```text\n{text}```\n");
    let text = [block(copied(chosen, state.reveal)), "\nFix in this order\n\n".to_owned(), block(plain(fixes))];
    vec![Effect::Save(text.concat())]
}

fn first_fix(shown: &RedirectsSeen) -> Option<String> {
    let causes = causes(shown.chosen.as_ref()?);
    causes.iter().find_map(|finding| finding.fix.first()).map(|fix| visible(fix.line.as_bytes()))
}

fn copy(state: &mut State, text: Option<String>) -> Vec<Effect> {
    let Some(text) = text else {
        state.notice = Some("nothing to copy here".to_owned());
        return Vec::new();
    };
    state.notice = Some(format!("copied {} bytes by OSC 52", text.len()));
    vec![Effect::Copy(text)]
}
