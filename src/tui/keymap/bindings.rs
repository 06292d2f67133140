//! Every key there is, page by page. Help and bar show them in this order.

use crossterm::event::KeyCode;

use super::Key::{self, Char, Code, Ctrl};
use super::{Action, Bar, Binding, Group, On, Only};
use crate::tui::state::Page;

/// All keys, and the pages that they are for.
pub(super) const TABLES: &[(On, &[Binding])] = &[
    (On::Every, FIRST),
    (On::Not(Page::AccessLog), ENDS),
    (On::Only(Page::AccessLog), LOG_ENDS),
    (On::Every, PAGES),
    (On::Traffic, TRAFFIC),
    (On::Only(Page::Redirects), REDIRECTS),
    (On::Only(Page::Routes), ROUTES),
    (On::Only(Page::Findings), FINDINGS),
    (On::Only(Page::AccessLog), ACCESS_LOG),
    (On::Not(Page::AccessLog), PAUSE),
    (On::Every, LAST),
];

const ENTER: Key = Code(KeyCode::Enter);

const SIDEWAYS: &[(Key, Action)] = &[
    (Char('h'), Action::LaneLeft),
    (Char('l'), Action::LaneRight),
    (Code(KeyCode::Left), Action::LaneLeft),
    (Code(KeyCode::Right), Action::LaneRight),
];

const NEXT: &[(Key, Action)] = &[(Char('n'), Action::NextFinding), (Char('N'), Action::PreviousFinding)];

/// One that is in help alone.
const fn line(group: Group, keys: &'static [(Key, Action)], help: &'static str) -> Binding {
    Binding { group, keys, help, bar: Bar::No, word: "", only: Only::Any }
}

/// One that is in the bar too, wherever it is there.
const fn barred(group: Group, keys: &'static [(Key, Action)], help: &'static str, word: &'static str) -> Binding {
    Binding { group, keys, help, bar: Bar::Here, word, only: Only::Any }
}

impl Binding {
    const fn bar(self, bar: Bar) -> Self {
        Self { bar, ..self }
    }
}

/// On every page, before the page's own.
const FIRST: &[Binding] = &[barred(
    Group::Move,
    &[
        (Char('j'), Action::Down),
        (Char('k'), Action::Up),
        (Code(KeyCode::Down), Action::Down),
        (Code(KeyCode::Up), Action::Up),
    ],
    "line",
    "move",
)];

const ENDS: &[Binding] = &[line(
    Group::Move,
    &[
        (Char('g'), Action::First),
        (Char('G'), Action::Last),
        (Code(KeyCode::Home), Action::First),
        (Code(KeyCode::End), Action::Last),
    ],
    "first, last",
)];

/// Where `g` groups.
const LOG_ENDS: &[Binding] = &[line(
    Group::Move,
    &[(Code(KeyCode::Home), Action::First), (Char('G'), Action::Last), (Code(KeyCode::End), Action::Last)],
    "first, last",
)];

/// On every page, after the ends.
const PAGES: &[Binding] = &[
    line(Group::Move, &[(Ctrl('d'), Action::HalfDown), (Ctrl('u'), Action::HalfUp)], "half page"),
    line(Group::Move, &[(Code(KeyCode::PageDown), Action::PageDown), (Code(KeyCode::PageUp), Action::PageUp)], "page"),
    barred(
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
        "scene",
    )
    .bar(Bar::List)
    .only(Only::Demo),
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
    .only(Only::Pages),
    line(Group::View, &[(Char('4'), Action::AccessLog)], "access log").only(Only::LogsBeside),
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
];

/// Where exchanges are shown.
const TRAFFIC: &[Binding] = &[
    line(
        Group::Move,
        &[(Code(KeyCode::Tab), Action::NextPane), (Code(KeyCode::BackTab), Action::PreviousPane)],
        "next, previous pane",
    ),
    barred(Group::Move, SIDEWAYS, "lane", "lane").bar(Bar::List),
    barred(Group::Move, NEXT, "next, previous finding", "finding"),
    barred(Group::View, &[(ENTER, Action::Open)], "heads, bodies, frames", "detail").bar(Bar::List),
    barred(Group::View, &[(Char('o'), Action::Console)], "output of the command", "output")
        .bar(Bar::List)
        .only(Only::Command),
    line(Group::View, &[(Char('e'), Action::Evidence)], "what a finding rests on"),
    line(Group::View, &[(Char('w'), Action::Suppose)], "what if: set up otherwise"),
    barred(Group::View, &[(Char('/'), Action::Filter)], "filter, live", "filter").bar(Bar::List),
    barred(Group::View, &[(Char('f'), Action::Follow)], "follow the newest", "follow").bar(Bar::List),
    barred(Group::View, &[(Char('z'), Action::Zoom)], "zoom the pane", "zoom").bar(Bar::List),
    line(Group::View, &[(Char('D'), Action::Differences)], "show only differences"),
    line(Group::View, &[(Char('s'), Action::Sort)], "sort"),
    barred(Group::View, &[(Char('u'), Action::Reveal)], "show, hide secrets", "secrets").bar(Bar::Detail),
    line(Group::View, &[(Char('t'), Action::Theme)], "theme"),
    line(Group::Act, &[(Char('x'), Action::Prove)], "prove the fix on the app"),
    line(Group::Act, &[(Char('r'), Action::Replay)], "send it again: GET, HEAD"),
    barred(Group::Act, &[(Char('y'), Action::CopyFix)], "copy the fix (OSC 52)", "copy fix"),
    barred(Group::Act, &[(Char('Y'), Action::CopyMenu)], "copy as curl, URL, …", "copy as").bar(Bar::Detail),
    line(Group::Act, &[(Char('C'), Action::Clear)], "clear the list"),
];

const REDIRECTS: &[Binding] = &[
    barred(Group::Move, SIDEWAYS, "hop", "hop"),
    barred(Group::Move, NEXT, "next, previous broken chain", "broken"),
    barred(Group::View, &[(ENTER, Action::Open)], "the hop's request", "open"),
    barred(Group::View, &[(Char('c'), Action::Compare)], "app, client, all fixes", "compare"),
    barred(Group::View, &[(Char('o'), Action::Circles)], "loops only", "loops"),
    line(Group::View, &[(Char('u'), Action::Reveal)], "show, hide secrets"),
    barred(Group::Act, &[(Char('x'), Action::Prove)], "prove the fix on the app", "prove"),
    barred(Group::Act, &[(Char('t'), Action::FollowChain)], "follow it anew: GET, HEAD", "follow"),
    barred(Group::Act, &[(Char('r'), Action::Replay)], "send the hop again", "replay"),
    barred(Group::Act, &[(Char('y'), Action::CopyFix)], "copy the fix (OSC 52)", "copy fix"),
    barred(Group::Act, &[(Char('Y'), Action::CopyChain)], "copy the chain", "copy chain"),
    barred(Group::Act, &[(Char('w'), Action::SaveChain)], "write it to a file", "write"),
];

const ROUTES: &[Binding] = &[
    barred(Group::View, &[(Char('t'), Action::Try), (ENTER, Action::Try)], "try a URL: sends nothing", "try"),
    barred(Group::View, &[(Char('w'), Action::WhatIfs)], "what-ifs alone", "what-ifs"),
    barred(Group::View, &[(Char('m'), Action::Servers)], "what each server does", "servers"),
    barred(Group::View, &[(Char('s'), Action::Source)], "lines of the router", "source").only(Only::Files),
    barred(Group::Act, &[(Char('E'), Action::Edit)], "edit them in $EDITOR", "edit").only(Only::Files),
    barred(Group::Act, &[(Char('R'), Action::Reload)], "read the files again", "reload").only(Only::Files),
];

const FINDINGS: &[Binding] = &[
    barred(Group::View, &[(ENTER, Action::Open)], "its example", "example"),
    barred(Group::View, &[(Char('f'), Action::FilterByIt)], "its requests", "requests"),
    barred(Group::View, &[(Char('e'), Action::Evidence)], "evidence first", "evidence"),
    line(Group::View, &[(Char('u'), Action::Reveal)], "show, hide secrets"),
    barred(Group::Act, &[(Char('K'), Action::Known)], "known, or new again", "known"),
    barred(Group::Act, &[(Char('y'), Action::CopyFix)], "copy the fix (OSC 52)", "copy fix"),
    barred(Group::Act, &[(Char('w'), Action::Export)], "write them to a file", "write"),
    barred(Group::Act, &[(Char('x'), Action::Prove)], "prove the fix on the app", "prove"),
];

const ACCESS_LOG: &[Binding] = &[
    barred(
        Group::Move,
        &[(Code(KeyCode::Tab), Action::NextPane), (Code(KeyCode::BackTab), Action::PreviousPane)],
        "next, previous pane",
        "pane",
    ),
    line(Group::Move, NEXT, "next, previous cause"),
    barred(Group::View, &[(Char('/'), Action::Filter)], "filter", "filter"),
    barred(Group::View, &[(Char('f'), Action::Follow)], "follow the newest", "follow"),
    line(Group::View, &[(Char('g'), Action::Group)], "group: routes, paths, …"),
    line(Group::View, &[(Char('s'), Action::Sort)], "sort"),
    barred(Group::View, &[(Char('h'), Action::HideScanners)], "hide, show scanners", "scanners"),
    barred(Group::View, &[(Char('T'), Action::Window)], "span of time", "time"),
    barred(Group::View, &[(ENTER, Action::Open)], "filter by the row", "filter by it"),
    line(Group::View, &[(Code(KeyCode::Backspace), Action::Back)], "take the last filter off"),
    line(Group::View, &[(Char('U'), Action::Unread)], "unread lines"),
    line(Group::View, &[(Char('r'), Action::Raw)], "lines as written"),
    line(Group::View, &[(Char('p'), Action::Pause)], "freeze, let go"),
    line(Group::View, &[(Char('z'), Action::Zoom)], "zoom the pane"),
    line(Group::View, &[(Char('e'), Action::Evidence)], "evidence first"),
    line(Group::View, &[(Char('u'), Action::Reveal)], "show, hide secrets"),
    line(Group::View, &[(Char('l'), Action::Link)], "the line's request").only(Only::LogsBeside),
    line(Group::View, &[(Char('t'), Action::Try)], "the line's route").only(Only::LogsBeside),
    line(Group::Act, &[(Char('y'), Action::CopyFix), (Char('Y'), Action::CopyLine)], "copy the fix, the line"),
    barred(Group::Act, &[(Char('x'), Action::Export)], "write a report to a file", "export"),
];

const PAUSE: &[Binding] = &[line(Group::Act, &[(Char('p'), Action::Pause)], "pause recording")];

/// On every page, after the page's own.
const LAST: &[Binding] = &[
    line(Group::Act, &[(Ctrl('l'), Action::Redraw), (Ctrl('z'), Action::Suspend)], "redraw, suspend"),
    barred(Group::Act, &[(Char('?'), Action::Help), (Code(KeyCode::F(1)), Action::Help)], "help", "help"),
    barred(
        Group::Act,
        &[(Char('q'), Action::Leave), (Code(KeyCode::Esc), Action::Back)],
        "back; q at the top quits",
        "back",
    )
    .bar(Bar::Away),
    barred(Group::Act, &[(Char('Q'), Action::Quit), (Ctrl('c'), Action::Interrupt)], "quit", "quit").bar(Bar::List),
];
