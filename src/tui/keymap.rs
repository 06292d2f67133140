//! The one table of keys: what a key does, how it is shown, what help says about it. The help screen and the bar at the
//! bottom are made from it, so they cannot tell anything else.

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

const fn line(group: Group, keys: &'static [(Key, Action)], help: &'static str) -> Binding {
    Binding { group, keys, help, bar: Bar::No, word: "", only: Only::Any, on: On::Every }
}

const fn barred(
    group: Group,
    keys: &'static [(Key, Action)],
    help: &'static str,
    bar: Bar,
    word: &'static str,
) -> Binding {
    Binding { group, keys, help, bar, word, only: Only::Any, on: On::Every }
}

const fn demo(group: Group, keys: &'static [(Key, Action)], help: &'static str) -> Binding {
    Binding { group, keys, help, bar: Bar::List, word: "scene", only: Only::Demo, on: On::Every }
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
    )
    .traffic(),
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
    )
    .traffic(),
    barred(
        Group::Move,
        &[(Char('n'), Action::NextFinding), (Char('N'), Action::PreviousFinding)],
        "next, previous finding",
        Bar::Both,
        "finding",
    )
    .traffic(),
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
    barred(Group::View, &[(Code(KeyCode::Enter), Action::Open)], "heads, bodies, frames", Bar::List, "detail")
        .traffic(),
    barred(Group::View, &[(Char('o'), Action::Console)], "output of the command", Bar::List, "output")
        .only(Only::Command)
        .traffic(),
    line(
        Group::View,
        &[
            (Char('1'), Action::Requests),
            (Char('2'), Action::Redirects),
            (Char('3'), Action::Routes),
            (Char('5'), Action::Findings),
        ],
        "requests, … findings",
    )
    .only(Only::NoDemo),
    line(
        Group::View,
        &[
            (Code(KeyCode::F(2)), Action::Redirects),
            (Code(KeyCode::F(3)), Action::Routes),
            (Code(KeyCode::F(5)), Action::Findings),
        ],
        "redirects, routes, findings",
    )
    .only(Only::Demo),
    barred(
        Group::Move,
        &[
            (Char('h'), Action::LaneLeft),
            (Char('l'), Action::LaneRight),
            (Code(KeyCode::Left), Action::LaneLeft),
            (Code(KeyCode::Right), Action::LaneRight),
        ],
        "hop",
        Bar::Redirects,
        "hop",
    )
    .redirects(),
    barred(
        Group::Move,
        &[(Char('n'), Action::NextFinding), (Char('N'), Action::PreviousFinding)],
        "next, previous broken chain",
        Bar::Redirects,
        "broken",
    )
    .redirects(),
    barred(Group::View, &[(Char('o'), Action::Circles)], "loops only", Bar::Redirects, "loops").redirects(),
    barred(Group::View, &[(Code(KeyCode::Enter), Action::Open)], "the hop's request", Bar::Redirects, "open")
        .redirects(),
    barred(Group::Act, &[(Char('y'), Action::CopyFix)], "copy the fix (OSC 52)", Bar::Redirects, "copy fix")
        .redirects(),
    barred(Group::Act, &[(Char('Y'), Action::CopyChain)], "copy the chain", Bar::Redirects, "copy chain").redirects(),
    line(Group::View, &[(Char('u'), Action::Reveal)], "show, hide secrets").redirects(),
    barred(Group::View, &[(Code(KeyCode::Enter), Action::Open)], "its example", Bar::Findings, "example").findings(),
    barred(Group::View, &[(Char('f'), Action::FilterByIt)], "its requests", Bar::Findings, "requests").findings(),
    barred(Group::View, &[(Char('e'), Action::Evidence)], "evidence first", Bar::Findings, "evidence").findings(),
    line(Group::View, &[(Char('u'), Action::Reveal)], "show, hide secrets").findings(),
    barred(Group::Act, &[(Char('K'), Action::Known)], "known, or new again", Bar::Findings, "known").findings(),
    barred(Group::Act, &[(Char('y'), Action::CopyFix)], "copy the fix (OSC 52)", Bar::Findings, "copy fix").findings(),
    barred(Group::Act, &[(Char('w'), Action::Export)], "write them to a file", Bar::Findings, "write").findings(),
    line(Group::View, &[(Char('e'), Action::Evidence)], "what a finding rests on").traffic(),
    line(Group::View, &[(Char('w'), Action::Suppose)], "what if: set up otherwise").traffic(),
    barred(
        Group::View,
        &[(Char('t'), Action::Try), (Code(KeyCode::Enter), Action::Try)],
        "try a URL: nothing is sent",
        Bar::Routes,
        "try",
    )
    .routes(),
    barred(Group::View, &[(Char('w'), Action::WhatIfs)], "what-ifs alone", Bar::Routes, "what-ifs").routes(),
    barred(Group::View, &[(Char('m'), Action::Servers)], "what each server does", Bar::Routes, "servers").routes(),
    barred(Group::View, &[(Char('s'), Action::Source)], "lines of the router", Bar::Routes, "source")
        .routes()
        .only(Only::Files),
    barred(Group::Act, &[(Char('E'), Action::Edit)], "edit them in $EDITOR", Bar::Routes, "edit")
        .routes()
        .only(Only::Files),
    barred(Group::Act, &[(Char('R'), Action::Reload)], "read the files again", Bar::Routes, "reload")
        .routes()
        .only(Only::Files),
    barred(Group::View, &[(Char('/'), Action::Filter)], "filter, live", Bar::List, "filter").traffic(),
    barred(Group::View, &[(Char('f'), Action::Follow)], "follow the newest", Bar::List, "follow").traffic(),
    barred(Group::View, &[(Char('z'), Action::Zoom)], "zoom the pane", Bar::List, "zoom").traffic(),
    line(Group::View, &[(Char('D'), Action::Differences)], "show only differences").traffic(),
    line(Group::View, &[(Char('s'), Action::Sort)], "sort").traffic(),
    barred(Group::View, &[(Char('u'), Action::Reveal)], "show, hide secrets", Bar::Detail, "secrets").traffic(),
    line(Group::View, &[(Char('t'), Action::Theme)], "theme").traffic(),
    barred(Group::Act, &[(Char('y'), Action::CopyFix)], "copy the fix (OSC 52)", Bar::Both, "copy fix").traffic(),
    barred(Group::Act, &[(Char('Y'), Action::CopyMenu)], "copy as curl, URL, …", Bar::Detail, "copy as").traffic(),
    line(Group::Act, &[(Char('p'), Action::Pause)], "pause recording"),
    line(Group::Act, &[(Char('C'), Action::Clear)], "clear the list").traffic(),
    line(Group::Act, &[(Ctrl('l'), Action::Redraw), (Ctrl('z'), Action::Suspend)], "redraw, suspend"),
    barred(Group::Act, &[(Char('?'), Action::Help), (Code(KeyCode::F(1)), Action::Help)], "help", Bar::Both, "help"),
    barred(
        Group::Act,
        &[(Char('q'), Action::Leave), (Code(KeyCode::Esc), Action::Back)],
        "back; q at the top quits",
        Bar::Away,
        "back",
    ),
    barred(Group::Act, &[(Char('Q'), Action::Quit), (Ctrl('c'), Action::Interrupt)], "quit", Bar::List, "quit"),
];

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
