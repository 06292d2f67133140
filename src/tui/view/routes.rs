//! The Routes page: routers, the tried URL with its what-ifs, the servers.
//!
//! ```text
//! wide:  ┌ routers, checks ┬ try a URL, what-ifs ┐      narrow: ┌ routers ──────────────┐
//!        ├ servers ────────┴─────────────────────┤              ├ try a URL, or servers ┤
//!        └───────────────────────────────────────┘              └───────────────────────┘
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

use super::places::Places;
use super::table::Table;
use super::{frame_pane, inner_width, paint_lines, wipe};
use crate::lanes::visible::visible;
use crate::tui::routing::{self, Excerpt, Panel, RoutesSeen};
use crate::tui::screenful::Screenful;
use crate::tui::state::State;
use crate::tui::text::{Runs, run};
use crate::tui::theme::Tone;

/// Lines of the servers' table with its frame.
const SERVERS: u16 = 17;
/// The least height at which it stands below the rest.
const TALL: u16 = 33;

pub(super) fn draw(buffer: &mut Buffer, body: Rect, state: &State, seen: &Screenful) {
    let Some(routes) = &seen.routes else { return };
    let Panes { list, panel, below } = Panes::of(body, state, routes);
    routers(buffer, list, state, seen, routes);
    match state.routing.panel {
        Panel::Servers => servers(buffer, panel, state, routes),
        Panel::Trial | Panel::WhatIfs => trial(buffer, panel, state, seen, routes),
    }
    if let Some(place) = below {
        servers(buffer, place, state, routes);
    }
}

/// The parts of the page.
struct Panes {
    list: Rect,
    panel: Rect,
    below: Option<Rect>,
}

impl Panes {
    fn of(body: Rect, state: &State, routes: &RoutesSeen) -> Self {
        let wide = body.width >= 110;
        let (above, below) = if wide && body.height >= TALL && state.routing.panel != Panel::Servers {
            let [above, below] = Layout::vertical([Constraint::Fill(1), Constraint::Length(SERVERS)]).areas(body);
            (above, Some(below))
        } else {
            (body, None)
        };
        let [list, panel] = if wide {
            Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(above)
        } else {
            let lines = u16::try_from(routes.lines.len()).unwrap_or(u16::MAX);
            let height = lines.saturating_add(3).clamp(4, (above.height / 3).max(4));
            Layout::vertical([Constraint::Length(height), Constraint::Fill(1)]).areas(above)
        };
        Self { list, panel, below }
    }
}

/// Where the routers stand.
pub(in crate::tui) fn table(state: &State, seen: &Screenful) -> Table {
    let Some(routes) = &seen.routes else { return Table::default() };
    in_pane(Panes::of(Places::of(state).body, state, routes).list, state, routes)
}

fn in_pane(place: Rect, state: &State, routes: &RoutesSeen) -> Table {
    let last = routes.lines.len().saturating_sub(1);
    Table::new(place, state.routing.cursor.min(last), routes.lines.len())
}

fn routers(buffer: &mut Buffer, place: Rect, state: &State, seen: &Screenful, routes: &RoutesSeen) {
    frame_pane(buffer, place, state, true, &title(seen), &note(seen));
    let width = inner_width(place);
    let height = usize::from(place.height.saturating_sub(2));
    if routes.lines.is_empty() {
        paint_lines(buffer, place, state, &nothing(seen), 0);
        return;
    }
    let cursor = state.routing.cursor.min(routes.lines.len() - 1);
    let table = routing::routers(routes, cursor, width);
    let mut shown = in_pane(place, state, routes).in_sight(&table);
    let left = height.saturating_sub(shown.len() + 1);
    let checks = routing::checks(routes, width, left);
    if !checks.is_empty() {
        shown.push(Vec::new());
        shown.extend(checks);
    } else if seen.setup.gateway.is_none() && left > 1 {
        shown.push(Vec::new());
        shown.extend(unknown_proxy());
    }
    paint_lines(buffer, place, state, &shown, 0);
}

/// `Routers  nginx.conf +2 files`
fn title(seen: &Screenful) -> Runs {
    let mut title = vec![run(Tone::Title, "Routers")];
    if let Some(gateway) = &seen.setup.gateway
        && let Some((first, more)) = gateway.files.split_first()
    {
        let name = first.file_name().unwrap_or(first.as_os_str()).to_string_lossy();
        title.push(run(Tone::Text, format!("  {}", visible(name.as_bytes()))));
        if !more.is_empty() {
            title.push(run(Tone::Dim, format!(" +{}", more.len())));
        }
    }
    title
}

/// The program and its release, and how much of its configuration is not understood.
fn note(seen: &Screenful) -> Runs {
    let Some(gateway) = &seen.setup.gateway else { return Vec::new() };
    let release = gateway.release.map(|release| format!(" {release}")).unwrap_or_default();
    let mut note = Vec::new();
    if !gateway.not_understood.is_empty() {
        note.push(run(Tone::Warn, format!("{} not understood  ", gateway.not_understood.len())));
    }
    note.push(run(Tone::Dim, format!("{}{release}", gateway.proxy)));
    note
}

fn nothing(seen: &Screenful) -> Vec<Runs> {
    if seen.setup.gateway.is_some() {
        return vec![vec![run(Tone::Warn, "The configuration has no router.")]];
    }
    let mut lines = vec![vec![run(Tone::Dim, "No prefix was seen yet.")]];
    lines.extend(unknown_proxy());
    lines
}

fn unknown_proxy() -> Vec<Runs> {
    vec![vec![
        run(Tone::Warn, "! "),
        run(Tone::Text, "tap --from FILE"),
        run(Tone::Dim, " shows the proxy's own routers here"),
    ]]
}

fn trial(buffer: &mut Buffer, place: Rect, state: &State, seen: &Screenful, routes: &RoutesSeen) {
    let title = vec![run(Tone::Title, "Try a URL")];
    let note = vec![run(Tone::Dim, "computed, nothing is sent")];
    frame_pane(buffer, place, state, false, &title, &note);
    let width = inner_width(place);
    let what_ifs = routing::what_ifs(routes, state.look.ascii);
    let lines = if state.routing.panel == Panel::WhatIfs {
        let url = routing::trial(routes, &seen.setup, width).into_iter().take(1);
        url.chain([Vec::new()]).chain(what_ifs).collect()
    } else {
        let mut lines = routing::trial(routes, &seen.setup, width);
        // The blank gives way where the table would not fit.
        if lines.len() + what_ifs.len() < usize::from(place.height.saturating_sub(2)) {
            lines.push(Vec::new());
        }
        lines.extend(what_ifs);
        lines
    };
    paint_lines(buffer, place, state, &lines, state.routing.scroll);
}

fn servers(buffer: &mut Buffer, place: Rect, state: &State, routes: &RoutesSeen) {
    let title =
        vec![run(Tone::Title, "Servers with the prefix "), run(Tone::Prefix, visible(routes.servers.0.as_bytes()))];
    let note = vec![run(Tone::Dim, "computed by their models")];
    frame_pane(buffer, place, state, false, &title, &note);
    let lines = routing::servers(routes, inner_width(place));
    let scroll = if state.routing.panel == Panel::Servers { state.routing.scroll } else { 0 };
    paint_lines(buffer, place, state, &lines, scroll);
}

/// The lines of the panel that scrolls, to know where its end is.
pub(in crate::tui) fn panel_lines(state: &State, seen: &Screenful) -> usize {
    let Some(routes) = &seen.routes else { return 0 };
    let width = usize::from(state.size.0.saturating_sub(4));
    match state.routing.panel {
        Panel::Servers => routing::servers(routes, width).len(),
        Panel::Trial | Panel::WhatIfs => {
            routing::trial(routes, &seen.setup, width).len() + routing::what_ifs(routes, state.look.ascii).len() + 1
        }
    }
}

/// The lines around the one that a router stands on.
pub(super) fn excerpt(buffer: &mut Buffer, body: Rect, state: &State, excerpt: &Excerpt) {
    let lines: Vec<Runs> = match &excerpt.lines {
        Err(why) => vec![vec![run(Tone::Warn, format!("cannot be read: {}", visible(why.as_bytes())))]],
        Ok(lines) => lines
            .iter()
            .map(|(number, text)| {
                let here = *number == excerpt.place.line;
                let mark = if here { "▶" } else { " " };
                let tone = if here { Tone::Title } else { Tone::Text };
                vec![run(Tone::Focus, mark), run(Tone::Dim, format!("{number:>5} ")), run(tone, text.clone())]
            })
            .collect(),
    };
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let place = super::menu::centred(body, body.width.saturating_sub(4).min(110), height);
    wipe(buffer, place);
    let title = vec![run(Tone::Title, visible(excerpt.place.to_string().as_bytes()))];
    let note = vec![run(Tone::Key, "E"), run(Tone::Dim, " edits, "), run(Tone::Key, "Esc"), run(Tone::Dim, " closes")];
    frame_pane(buffer, place, state, true, &title, &note);
    paint_lines(buffer, place, state, &lines, 0);
}
