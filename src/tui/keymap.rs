//! The one table of keys: what a key does, how it is shown, what help says about it. The help screen and the bar at the
//! bottom are made from it, so they cannot tell anything else.

mod bindings;

pub(super) use bindings::BINDINGS;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

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
    Evidence,
    FilterByIt,
    Known,
    Export,
    Prove,
    Suppose,
    Circles,
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

/// Where a binding is worth showing in the bar; the keys themselves work everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bar {
    /// Not in the bar.
    No,
    /// On the list.
    List,
    /// In the detail view.
    Detail,
    /// On the routes.
    Routes,
    /// On the redirects.
    Redirects,
    /// On the findings.
    Findings,
    /// Where there is a way back: anywhere but on the list.
    Away,
    /// Wherever there is such a key.
    Both,
}

/// On which pages there is such a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum On {
    /// On all.
    Every,
    /// Where exchanges are shown.
    Traffic,
    /// On the routes.
    Routes,
    /// On the redirects.
    Redirects,
    /// On the findings.
    Findings,
}

/// In which runs a key is worth telling of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Only {
    /// In all.
    Any,
    /// In the demo, which has scenes.
    Demo,
    /// In all but the demo, where digits choose scenes.
    NoDemo,
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
    pub(super) only: Only,
    /// On which pages.
    pub(super) on: On,
}

impl Binding {
    /// True if there is such a key in this run, on this page.
    pub(super) fn is_here(&self, state: &State) -> bool {
        let run = match self.only {
            Only::Any => true,
            Only::Demo => !state.scenes.is_empty(),
            Only::NoDemo => state.scenes.is_empty(),
            Only::Command => state.console.is_some(),
            Only::Files => state.configured,
        };
        let page = match self.on {
            On::Every => true,
            On::Traffic => !matches!(state.page, Page::Routes | Page::Redirects | Page::Findings),
            On::Routes => state.page == Page::Routes,
            On::Redirects => state.page == Page::Redirects,
            On::Findings => state.page == Page::Findings,
        };
        run && page
    }

    /// The same, on the pages of exchanges alone.
    const fn traffic(self) -> Self {
        Self { on: On::Traffic, ..self }
    }

    /// The same, on the Routes page alone.
    const fn routes(self) -> Self {
        Self { on: On::Routes, ..self }
    }

    /// The same, on the Redirects page alone.
    const fn redirects(self) -> Self {
        Self { on: On::Redirects, ..self }
    }

    /// The same, on the Findings page alone.
    const fn findings(self) -> Self {
        Self { on: On::Findings, ..self }
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

/// What a key asks for, in this run and on this page.
pub(super) fn action(event: &KeyEvent, state: &State) -> Option<Action> {
    let here = BINDINGS.iter().filter(|binding| binding.is_here(state));
    here.flat_map(|binding| binding.keys).find(|(key, _)| key.is(event)).map(|(_, action)| *action)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bindings that may be there at the same time.
    fn together(one: &Binding, other: &Binding) -> bool {
        let pages = one.on == other.on || one.on == On::Every || other.on == On::Every;
        let demo = [one.only, other.only];
        pages && !(demo.contains(&Only::Demo) && demo.contains(&Only::NoDemo))
    }

    #[test]
    fn no_key_has_two_meanings() {
        for (index, one) in BINDINGS.iter().enumerate() {
            let others = BINDINGS.iter().skip(index + 1).filter(|other| together(one, other));
            for (key, _) in others.flat_map(|other| other.keys) {
                assert!(!one.keys.iter().any(|(known, _)| known == key), "{key:?} is bound twice");
            }
            for (at, (key, _)) in one.keys.iter().enumerate() {
                assert!(!one.keys.iter().skip(at + 1).any(|(known, _)| known == key), "{key:?} is bound twice");
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
        assert!(BINDINGS.iter().all(|binding| (binding.bar == Bar::No) == binding.word.is_empty()));
    }
}
