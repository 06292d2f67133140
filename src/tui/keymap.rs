//! The one table of keys: what a key does, how it is shown, what help says about it. The help screen and the bar at the
//! bottom are made from it, so they cannot tell anything else.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::state::State;

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
    /// On both.
    Both,
}

/// In which runs a key is worth telling of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Only {
    /// In all.
    Any,
    /// In the demo, which has scenes.
    Demo,
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
}

impl Binding {
    /// True if there is such a key in this run.
    pub(super) fn is_here(&self, state: &State) -> bool {
        match self.only {
            Only::Any => true,
            Only::Demo => !state.scenes.is_empty(),
            Only::Command => state.console.is_some(),
        }
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

const fn line(group: Group, keys: &'static [(Key, Action)], help: &'static str) -> Binding {
    Binding { group, keys, help, bar: Bar::No, word: "", only: Only::Any }
}

const fn barred(
    group: Group,
    keys: &'static [(Key, Action)],
    help: &'static str,
    bar: Bar,
    word: &'static str,
) -> Binding {
    Binding { group, keys, help, bar, word, only: Only::Any }
}

const fn demo(group: Group, keys: &'static [(Key, Action)], help: &'static str) -> Binding {
    Binding { group, keys, help, bar: Bar::List, word: "scene", only: Only::Demo }
}

use Key::{Char, Code, Ctrl};

/// Every key there is.
pub(super) const BINDINGS: &[Binding] = &[
    barred(
        Group::Move,
        &[
            (Char('j'), Action::Down),
            (Char('k'), Action::Up),
            (Code(KeyCode::Down), Action::Down),
            (Code(KeyCode::Up), Action::Up),
        ],
        "line",
        Bar::Both,
        "move",
    ),
    line(
        Group::Move,
        &[
            (Char('g'), Action::First),
            (Char('G'), Action::Last),
            (Code(KeyCode::Home), Action::First),
            (Code(KeyCode::End), Action::Last),
        ],
        "first, last",
    ),
    line(Group::Move, &[(Ctrl('d'), Action::HalfDown), (Ctrl('u'), Action::HalfUp)], "half page"),
    line(Group::Move, &[(Code(KeyCode::PageDown), Action::PageDown), (Code(KeyCode::PageUp), Action::PageUp)], "page"),
    line(
        Group::Move,
        &[(Code(KeyCode::Tab), Action::NextPane), (Code(KeyCode::BackTab), Action::PreviousPane)],
        "next, previous pane",
    ),
    barred(
        Group::Move,
        &[
            (Char('h'), Action::LaneLeft),
            (Char('l'), Action::LaneRight),
            (Code(KeyCode::Left), Action::LaneLeft),
            (Code(KeyCode::Right), Action::LaneRight),
        ],
        "lane",
        Bar::List,
        "lane",
    ),
    barred(
        Group::Move,
        &[(Char('n'), Action::NextFinding), (Char('N'), Action::PreviousFinding)],
        "next, previous finding",
        Bar::Both,
        "finding",
    ),
    demo(
        Group::Move,
        &[
            (Char('['), Action::PreviousScene),
            (Char(']'), Action::NextScene),
            (Char('1'), Action::Scene(0)),
            (Char('2'), Action::Scene(1)),
            (Char('3'), Action::Scene(2)),
            (Char('4'), Action::Scene(3)),
            (Char('5'), Action::Scene(4)),
            (Char('6'), Action::Scene(5)),
            (Char('7'), Action::Scene(6)),
            (Char('8'), Action::Scene(7)),
            (Char('9'), Action::Scene(8)),
        ],
        "scene of the demo",
    ),
    barred(Group::View, &[(Code(KeyCode::Enter), Action::Open)], "heads, bodies, frames", Bar::List, "detail"),
    Binding {
        only: Only::Command,
        ..barred(Group::View, &[(Char('o'), Action::Console)], "output of the command", Bar::List, "output")
    },
    barred(Group::View, &[(Char('/'), Action::Filter)], "filter, live", Bar::List, "filter"),
    barred(Group::View, &[(Char('f'), Action::Follow)], "follow the newest", Bar::List, "follow"),
    barred(Group::View, &[(Char('z'), Action::Zoom)], "zoom the pane", Bar::List, "zoom"),
    line(Group::View, &[(Char('D'), Action::Differences)], "show only differences"),
    line(Group::View, &[(Char('s'), Action::Sort)], "sort"),
    barred(Group::View, &[(Char('u'), Action::Reveal)], "show, hide secrets", Bar::Detail, "secrets"),
    line(Group::View, &[(Char('t'), Action::Theme)], "theme"),
    barred(Group::Act, &[(Char('y'), Action::CopyFix)], "copy the fix (OSC 52)", Bar::Both, "copy fix"),
    barred(Group::Act, &[(Char('Y'), Action::CopyMenu)], "copy as curl, URL, …", Bar::Detail, "copy as"),
    line(Group::Act, &[(Char('p'), Action::Pause)], "pause recording"),
    line(Group::Act, &[(Char('C'), Action::Clear)], "clear the list"),
    line(Group::Act, &[(Ctrl('l'), Action::Redraw), (Ctrl('z'), Action::Suspend)], "redraw, suspend"),
    barred(Group::Act, &[(Char('?'), Action::Help), (Code(KeyCode::F(1)), Action::Help)], "help", Bar::Both, "help"),
    barred(
        Group::Act,
        &[(Char('q'), Action::Leave), (Code(KeyCode::Esc), Action::Back)],
        "back; q at the top quits",
        Bar::Detail,
        "back",
    ),
    barred(Group::Act, &[(Char('Q'), Action::Quit), (Ctrl('c'), Action::Interrupt)], "quit", Bar::List, "quit"),
];

/// What a key asks for.
pub(super) fn action(event: &KeyEvent) -> Option<Action> {
    BINDINGS.iter().flat_map(|binding| binding.keys).find(|(key, _)| key.is(event)).map(|(_, action)| *action)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_has_two_meanings() {
        let mut seen: Vec<Key> = Vec::new();
        for (key, _) in BINDINGS.iter().flat_map(|binding| binding.keys) {
            assert!(!seen.contains(key), "{key:?} is bound twice");
            seen.push(*key);
        }
    }

    #[test]
    fn a_control_key_is_not_its_letter() {
        let ctrl_d = KeyEvent::new(KeyCode::Char('d'), KeyModifiers::CONTROL);
        let plain_d = KeyEvent::new(KeyCode::Char('d'), KeyModifiers::NONE);
        assert_eq!(action(&ctrl_d), Some(Action::HalfDown));
        assert_eq!(action(&plain_d), None);
    }

    #[test]
    fn every_bar_entry_has_a_word() {
        assert!(BINDINGS.iter().all(|binding| (binding.bar == Bar::No) == binding.word.is_empty()));
    }
}
