//! What the keys do on this page.

use super::RedirectsSeen;
use super::chain_text::{copied, hops};
use super::fix_text::causes;
use crate::lanes::visible::visible;
use crate::tui::keymap::Action;
use crate::tui::message::Effect;
use crate::tui::screenful::Screenful;
use crate::tui::state::State;

/// Does what is asked for, where this page does it otherwise than the others; `None` where it does not.
pub(in crate::tui) fn act(state: &mut State, action: Action, seen: &Screenful) -> Option<Vec<Effect>> {
    let shown = &seen.redirects;
    let cursor = shown.cursor;
    match action {
        Action::Down => choose(state, shown, cursor + 1),
        Action::Up => choose(state, shown, cursor.saturating_sub(1)),
        Action::First => choose(state, shown, 0),
        Action::Last => {
            choose(state, shown, usize::MAX);
            // From here on the newest, whichever that is.
            state.redirects.chain = None;
        }
        Action::HalfDown | Action::PageDown => scroll(state, shown, true),
        Action::HalfUp | Action::PageUp => scroll(state, shown, false),
        Action::LaneRight => hop(state, shown, true),
        Action::LaneLeft => hop(state, shown, false),
        Action::NextFinding => broken(state, shown, true),
        Action::PreviousFinding => broken(state, shown, false),
        Action::Circles => {
            state.redirects.circles = !state.redirects.circles;
            let said = if state.redirects.circles { "loops only" } else { "all chains" };
            state.notice = Some(said.to_owned());
        }
        Action::Open => open(state, shown),
        Action::CopyFix => return Some(copy(state, first_fix(shown))),
        Action::CopyChain => {
            let text = shown.chosen.as_ref().map(|chosen| copied(chosen, state.reveal));
            return Some(copy(state, text));
        }
        _ => return None,
    }
    Some(Vec::new())
}

/// Lines that a page key scrolls the hops.
const PAGE: usize = 4;

fn scroll(state: &mut State, shown: &RedirectsSeen, down: bool) {
    let width = usize::from(state.size.0.saturating_sub(4));
    let last = shown.chosen.as_ref().map_or(0, |chosen| hops(chosen, width, state.reveal).len().saturating_sub(1));
    let scroll = state.redirects.scroll;
    state.redirects.scroll = if down { (scroll + PAGE).min(last) } else { scroll.saturating_sub(PAGE) };
}

fn choose(state: &mut State, shown: &RedirectsSeen, cursor: usize) {
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
fn broken(state: &mut State, shown: &RedirectsSeen, next: bool) {
    let lines = shown.lines.iter().enumerate();
    let found = if next {
        lines.skip(shown.cursor + 1).find(|(_, line)| line.broken)
    } else {
        lines.take(shown.cursor).rev().find(|(_, line)| line.broken)
    };
    if let Some((index, _)) = found {
        choose(state, shown, index);
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
