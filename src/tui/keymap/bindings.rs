//! Every key there is, page by page.

use crossterm::event::KeyCode;

use super::Key::{self, Char, Code, Ctrl};
use super::{Action, Bar, Binding, Group, On, Only};

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

/// Every key there is.
pub(in crate::tui) const BINDINGS: &[Binding] = &[
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
    barred(Group::Act, &[(Char('x'), Action::Prove)], "prove the fix on the app", Bar::Findings, "prove").findings(),
    line(Group::Act, &[(Char('x'), Action::Prove)], "prove the fix on the app").traffic(),
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
