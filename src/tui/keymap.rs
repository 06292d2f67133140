//! The one table of keys: what a key does, how it is shown, what help says about it. The help screen and the bar at the
//! bottom are made from it, so they cannot tell anything else.

mod bindings;

use bindings::TABLES;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::access_log::There;
use super::state::{Page, State};

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Down,
    Up,
    First,
    Last,
    HalfDown,
    HalfUp,
    PageDown,
    PageUp,
    NextPane,
    PreviousPane,
    LaneRight,
    LaneLeft,
    Open,
    Console,
    Requests,
    Redirects,
    Routes,
    Findings,
    AccessLog,
    Group,
    Raw,
    Unread,
    HideScanners,
    Window,
    CopyLine,
    Link,
    Evidence,
    FilterByIt,
    Known,
    Export,
    Prove,
    Replay,
    Suppose,
    Circles,
    Compare,
    FollowChain,
    SaveChain,
    Try,
    WhatIfs,
    Servers,
    Source,
    Edit,
    Reload,
    Back,
    Leave,
    Interrupt,
    Quit,
    Filter,
    NextFinding,
    PreviousFinding,
    Follow,
    Zoom,
    Differences,
    Sort,
    CopyFix,
    CopyMenu,
    CopyChain,
    Pause,
    Clear,
    Reveal,
    Help,
    Theme,
    Redraw,
    Suspend,
    NextScene,
    PreviousScene,
    Scene(u8),
}

/// A key as the table writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A character without Ctrl.
    Char(char),
    /// A character with Ctrl.
    Ctrl(char),
    /// Any other key.
    Code(KeyCode),
}

impl Key {
    fn is(self, event: &KeyEvent) -> bool {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        match self {
            Self::Char(c) => !ctrl && event.code == KeyCode::Char(c),
            Self::Ctrl(c) => ctrl && event.code == KeyCode::Char(c),
            Self::Code(code) => event.code == code,
        }
    }

    /// How the key is written on screen.
    pub(super) fn label(self) -> String {
        match self {
            Self::Char(c) => c.to_string(),
            Self::Ctrl(c) => format!("^{c}"),
            Self::Code(KeyCode::Up) => "↑".to_owned(),
            Self::Code(KeyCode::Down) => "↓".to_owned(),
            Self::Code(KeyCode::Left) => "←".to_owned(),
            Self::Code(KeyCode::Right) => "→".to_owned(),
            Self::Code(KeyCode::PageUp) => "PgUp".to_owned(),
            Self::Code(KeyCode::PageDown) => "PgDn".to_owned(),
            Self::Code(KeyCode::BackTab) => "S-Tab".to_owned(),
            Self::Code(code) => code.to_string(),
        }
    }
}

/// Under which heading help shows a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Move,
    View,
    Act,
}

impl Group {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Move => "MOVE",
            Self::View => "VIEW",
            Self::Act => "ACT",
        }
    }
}

/// Where a binding is worth showing in the bar; the keys themselves work on all pages of their table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bar {
    /// Not in the bar.
    No,
    /// Where there is no way back: on the list of requests, and where there are logs and nothing else.
    List,
    /// In the detail view.
    Detail,
    /// Where there is a way back: anywhere else.
    Away,
    /// Wherever there is such a key.
    Here,
}

impl Bar {
    /// True if the bar has it now.
    pub(super) fn is_shown(self, state: &State) -> bool {
        let page = state.page;
        // Logs alone have one page, which is what the list is elsewhere: there is nothing behind it.
        let is_top = page == Page::Requests || page == Page::AccessLog && state.log.there == There::Alone;
        match self {
            Self::No => false,
            Self::List => is_top,
            Self::Detail => page.is_text(),
            Self::Away => !is_top,
            Self::Here => true,
        }
    }
}

/// On which pages the keys of a table are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    /// On all.
    Every,
    /// Where exchanges are shown.
    Traffic,
    /// On this one alone.
    Only(Page),
    /// On all but this one.
    Not(Page),
}

impl On {
    fn is_on(self, page: Page) -> bool {
        match self {
            Self::Every => true,
            Self::Traffic => page == Page::Requests || page.is_text(),
            Self::Only(one) => page == one,
            Self::Not(one) => page != one,
        }
    }
}

/// In which runs a key is worth telling of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Only {
    /// In all.
    Any,
    /// In the demo, which has scenes.
    Demo,
    /// Where digits choose pages: not in the demo, where they choose scenes, nor where there are logs and nothing else.
    Pages,
    /// Where logs are read beside the taps.
    LogsBeside,
    /// Where the proxy has files.
    Files,
    /// Where hopscope started a command.
    Command,
}

/// One line of help: keys that belong together, what they do, and what the bar says of the first of them.
#[derive(Debug)]
pub(super) struct Binding {
    pub(super) group: Group,
    /// Each key with its action.
    pub(super) keys: &'static [(Key, Action)],
    /// What help says.
    pub(super) help: &'static str,
    /// Where the bar shows it.
    pub(super) bar: Bar,
    /// What the bar says: one word.
    pub(super) word: &'static str,
    /// In which runs there is such a key.
    only: Only,
}

impl Binding {
    /// True if there is such a key in this run.
    fn is_in(&self, state: &State) -> bool {
        match self.only {
            Only::Any => true,
            Only::Demo => !state.scenes.is_empty(),
            Only::Pages => state.scenes.is_empty() && state.log.there != There::Alone,
            Only::LogsBeside => state.log.there == There::Beside,
            Only::Command => state.console.is_some(),
            Only::Files => state.configured,
        }
    }

    /// The same, in such runs alone.
    const fn only(self, only: Only) -> Self {
        Self { only, ..self }
    }

    /// The keys as the bar shows them: one for each of its first two actions, `j/k`.
    pub(super) fn bar_label(&self) -> String {
        let Some((first, action)) = self.keys.first() else { return String::new() };
        match self.keys.iter().find(|(_, other)| other != action) {
            Some((second, _)) => format!("{}/{}", first.label(), second.label()),
            None => first.label(),
        }
    }
}

/// The keys there are in this run and on this page.
pub(super) fn here(state: &State) -> impl Iterator<Item = &'static Binding> {
    let tables = TABLES.iter().filter(|(on, _)| on.is_on(state.page));
    tables.flat_map(|(_, bindings)| *bindings).filter(|binding| binding.is_in(state))
}

/// What a key asks for, in this run and on this page.
pub(super) fn action(event: &KeyEvent, state: &State) -> Option<Action> {
    here(state).flat_map(|binding| binding.keys).find(|(key, _)| key.is(event)).map(|(_, action)| *action)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = (On, &'static Binding)> {
        TABLES.iter().flat_map(|(on, bindings)| bindings.iter().map(|binding| (*on, binding)))
    }

    /// Bindings that may be there at the same time.
    fn together((on, one): &(On, &Binding), (other_on, other): &(On, &Binding)) -> bool {
        let apart = |one: On, other: On| match (one, other) {
            (On::Only(one), On::Only(other)) => one != other,
            (On::Only(one), On::Not(other)) => one == other,
            (On::Traffic, On::Only(_)) => true,
            _ => false,
        };
        let demo = [one.only, other.only];
        let never_in_demo = |only: &Only| matches!(only, Only::Pages | Only::LogsBeside);
        let runs = !(demo.contains(&Only::Demo) && demo.iter().any(never_in_demo));
        runs && !apart(*on, *other_on) && !apart(*other_on, *on)
    }

    #[test]
    fn no_key_has_two_meanings() {
        for (index, one) in all().enumerate() {
            let others = all().skip(index + 1).filter(|other| together(&one, other));
            for (key, _) in others.flat_map(|(_, other)| other.keys) {
                assert!(!one.1.keys.iter().any(|(known, _)| known == key), "{key:?} is bound twice");
            }
            for (at, (key, _)) in one.1.keys.iter().enumerate() {
                assert!(!one.1.keys.iter().skip(at + 1).any(|(known, _)| known == key), "{key:?} is bound twice");
            }
        }
    }

    #[test]
    fn a_control_key_is_not_its_letter() {
        let ctrl_d = KeyEvent::new(KeyCode::Char('d'), KeyModifiers::CONTROL);
        let plain_d = KeyEvent::new(KeyCode::Char('d'), KeyModifiers::NONE);
        assert!(Key::Ctrl('d').is(&ctrl_d) && !Key::Char('d').is(&ctrl_d));
        assert!(Key::Char('d').is(&plain_d) && !Key::Ctrl('d').is(&plain_d));
    }

    #[test]
    fn every_bar_entry_has_a_word() {
        assert!(all().all(|(_, binding)| (binding.bar == Bar::No) == binding.word.is_empty()));
    }
}
