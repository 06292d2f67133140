//! The first lines: where the taps stand, whether it is live, the counts, and what was lost.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr as _;

use super::places::Places;
use crate::lanes::visible::visible;
use crate::tui::access_log::{self, There};
use crate::tui::screenful::Screenful;
use crate::tui::state::{Overlay, Page, State};
use crate::tui::text::{Run, Runs, cells, cut_end, paint, run, width_of};
use crate::tui::theme::Tone;

pub(super) fn draw(buffer: &mut Buffer, places: &Places, state: &State, seen: &Screenful) {
    let theme = state.look.theme;
    let place = places.header;
    let mut name = vec![run(Tone::Title, " hopscope ")];
    name.extend(tabs(state, seen, place.width >= 110));
    let facts = match state.page {
        Page::AccessLog => access_log::facts(&seen.log, &state.log),
        _ => facts(state, seen),
    };
    let facts = fitting(facts, usize::from(place.width).saturating_sub(width_of(&name) + 1));
    let facts_width = cells(width_of(&facts)).min(place.width);
    paint(buffer, (place.x, place.y), place.width, &name, theme);
    let x = place.right().saturating_sub(facts_width);
    paint(buffer, (x, place.y), facts_width, &facts, theme);
    let room = place.width.saturating_sub(facts_width).saturating_sub(cells(width_of(&name)) + 2);
    let room = if room < LEAST_TAPS || state.page == Page::AccessLog { 0 } else { room };
    paint(buffer, (place.x + cells(width_of(&name)) + 1, place.y), room, &taps(seen), theme);
    if let Some(warning) = state.warned() {
        let line = vec![run(Tone::Bad, " ! "), run(Tone::Warn, visible(warning.as_bytes()))];
        paint(buffer, (places.warning.x, places.warning.y), places.warning.width, &line, theme);
    }
    draw_scene(buffer, places, state);
}

/// Cells below which the taps are left out: a cut address says nothing.
const LEAST_TAPS: u16 = 12;

/// ` [1 Requests]  2 Redirects  3 Routes  5 Findings(3) `: the pages and their keys, and how many causes are open; digits
/// choose scenes in the demo.
fn tabs(state: &State, seen: &Screenful, wide: bool) -> Runs {
    let tab = |name: &str, chosen: bool| {
        if chosen { run(Tone::Focus, format!("[{name}]")) } else { run(Tone::Dim, format!(" {name} ")) }
    };
    let log = if wide { "4 Access log" } else { "4 Log" };
    if state.log.there == There::Alone {
        return vec![tab("Access log", true)];
    }
    let demo = !state.scenes.is_empty();
    let requests = match (demo, wide) {
        (true, _) => "Requests",
        (false, true) => "1 Requests",
        (false, false) => "1 Req",
    };
    let redirects = match (demo, wide) {
        (true, _) => "F2 Redirects",
        (false, true) => "2 Redirects",
        (false, false) => "2 Redir",
    };
    let routes = if demo { "F3 Routes" } else { "3 Routes" };
    let findings = match (demo, wide) {
        (true, _) => "F5 Findings",
        (false, true) => "5 Findings",
        (false, false) => "5 Find",
    };
    let findings = match seen.open_causes {
        0 => findings.to_owned(),
        open => format!("{findings}({open})"),
    };
    let elsewhere = matches!(state.page, Page::Routes | Page::Redirects | Page::Findings | Page::AccessLog);
    let mut tabs = vec![
        tab(requests, !elsewhere),
        tab(redirects, state.page == Page::Redirects),
        tab(routes, state.page == Page::Routes),
    ];
    if state.log.there == There::Beside {
        tabs.push(tab(log, state.page == Page::AccessLog));
    }
    tabs.push(tab(&findings, state.page == Page::Findings));
    tabs
}

/// `edge :9998 → :9999   app :8001 → :8000`
fn taps(seen: &Screenful) -> Runs {
    let mut runs = Vec::new();
    for tap in &seen.setup.taps {
        if !runs.is_empty() {
            runs.push(run(Tone::Dim, "   "));
        }
        let listen = tap.listen.to_string();
        let upstream = visible(tap.upstream.as_bytes());
        runs.push(run(Tone::Text, format!("{} {}", tap.kind.word(), near(&listen))));
        runs.push(run(Tone::Dim, format!(" → {}", near(&upstream))));
    }
    runs
}

/// What is on this machine by its port alone: `http://127.0.0.1:9999/` → `:9999`.
fn near(place: &str) -> &str {
    let place = place.strip_prefix("http://").unwrap_or(place).trim_end_matches('/');
    let port = ["127.0.0.1", "localhost", "[::1]"].iter().find_map(|here| place.strip_prefix(here));
    port.filter(|port| port.starts_with(':')).unwrap_or(place)
}

/// A fact, and how soon it goes where there is little room: the greater, the sooner; 0 never does.
type Ranked = (u8, Run);

/// `● LIVE  follow  42 req  3 ✗  dropped 5`
fn facts(state: &State, seen: &Screenful) -> Vec<Ranked> {
    if matches!(state.overlay, Some(Overlay::WhatIf(_))) {
        return vec![(0, run(Tone::Warn, "what-if: nothing is sent"))];
    }
    let counts = &seen.counts;
    let mut facts = vec![(0, if state.recording { run(Tone::Good, "● LIVE") } else { run(Tone::Warn, "‖ PAUSED") })];
    let mut say = |rank: u8, tone: Tone, text: String| facts.push((rank, run(tone, text)));
    match state.news() {
        0 if state.follow => say(4, Tone::Text, "follow".to_owned()),
        0 => {}
        news => say(2, Tone::Focus, format!("+{news} new")),
    }
    say(1, Tone::Text, format!("{} req", counts.seen));
    if counts.open > 0 {
        say(3, Tone::Dim, format!("{} open", counts.open));
    }
    say(0, if counts.errors > 0 { Tone::Bad } else { Tone::Dim }, format!("{} ✗", counts.errors));
    if counts.evicted > 0 {
        say(5, Tone::Dim, format!("{} let go", counts.evicted));
    }
    if counts.lost.exchanges > 0 {
        say(0, Tone::Bad, format!("dropped {}", counts.lost.exchanges));
    }
    if counts.lost.bodies > 0 {
        say(0, Tone::Bad, format!("bodies cut {}", counts.lost.bodies));
    }
    if counts.lost.paused > 0 {
        say(1, Tone::Warn, format!("{} not recorded", counts.lost.paused));
    }
    facts
}

/// The facts that fit, two blanks between them and one behind.
fn fitting(mut facts: Vec<Ranked>, room: usize) -> Runs {
    let width = |facts: &[Ranked]| facts.iter().map(|(_, run)| run.text.width() + 2).sum::<usize>().saturating_sub(1);
    while width(&facts) > room {
        let Some(last) = facts.iter().map(|(rank, _)| *rank).max().filter(|rank| *rank > 0) else { break };
        facts.retain(|(rank, _)| *rank != last);
    }
    let spaced = facts.into_iter().enumerate().flat_map(|(index, (_, fact))| {
        let gap = run(fact.tone, if index == 0 { "" } else { "  " });
        [gap, fact]
    });
    spaced.chain([run(Tone::Text, " ")]).collect()
}

/// ` demo  [ 2/6 prefix kept ]  what to look at`
fn draw_scene(buffer: &mut Buffer, places: &Places, state: &State) {
    let Some(scene) = state.scenes.get(state.scene) else { return };
    let place = places.scene;
    let line = vec![
        run(Tone::Key, format!(" {}/{} ", state.scene + 1, state.scenes.len())),
        run(Tone::Title, format!("{}  ", scene.title)),
        run(Tone::Text, cut_end(&scene.about, usize::from(place.width))),
    ];
    paint(buffer, (place.x, place.y), place.width, &line, state.look.theme);
}
