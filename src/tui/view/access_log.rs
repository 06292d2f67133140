//! The Access log page: plots, tops and clients, the lines, the chosen cause.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};

use super::places::{Places, Shape};
use super::table::Table;
use super::{frame_pane, inner_width, paint_lines};
use crate::access_log::traffic::Order;
use crate::lanes::visible::visible;
use crate::tui::access_log::{self as log, LABEL, LogPane, Room};
use crate::tui::finding_text::whole;
use crate::tui::row::severity_tone;
use crate::tui::screenful::Screenful;
use crate::tui::state::State;
use crate::tui::text::{Runs, cut_end, paint, run, width_of, wrap};
use crate::tui::theme::Tone;

/// Cells of the notes beside the plots.
const NOTE_WIDE: usize = 50;
const NOTE_NARROW: usize = 30;

/// Where everything stands; what is not shown is empty.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::tui) struct LogPlaces {
    /// What somebody got who should not: a line above all.
    loud: Rect,
    series: Rect,
    tops: Rect,
    clients: Rect,
    lines: Rect,
    verdict: Rect,
}

impl LogPlaces {
    /// The places for a state.
    pub(in crate::tui) fn of(state: &State, seen: &Screenful) -> Self {
        let Places { body, shape, .. } = Places::of(state);
        let [loud, body] =
            Layout::vertical([Constraint::Length(u16::from(!seen.log.through.is_empty())), Constraint::Fill(1)])
                .areas(body);
        let empty = Self { loud, ..Self::default() };
        if state.log.zoomed || shape == Shape::Small {
            return empty.whole(body, state.log.pane);
        }
        let height = body.height;
        let (series, verdict) = match shape {
            Shape::Wide => (5, (height * 2 / 9).clamp(5, 9)),
            _ if height >= 26 => (5, 6),
            _ => (4, 5),
        };
        let [series, middle, lines, verdict] = Layout::vertical([
            Constraint::Length(series),
            Constraint::Fill(5),
            Constraint::Fill(6),
            Constraint::Length(verdict),
        ])
        .areas(body);
        let beside = Self { series, lines, verdict, ..empty };
        match (shape, state.log.pane) {
            (Shape::Wide, _) => {
                let [tops, clients] = Layout::horizontal([Constraint::Fill(1); 2]).areas(middle);
                Self { tops, clients, ..beside }
            }
            (_, LogPane::Clients) => Self { clients: middle, ..beside },
            _ => Self { tops: middle, ..beside },
        }
    }

    fn whole(self, body: Rect, pane: LogPane) -> Self {
        match pane {
            LogPane::Tops => Self { tops: body, ..self },
            LogPane::Clients => Self { clients: body, ..self },
            LogPane::Lines => Self { lines: body, ..self },
            LogPane::Verdict => Self { verdict: body, ..self },
        }
    }

    fn pane(&self, pane: LogPane) -> Rect {
        match pane {
            LogPane::Tops => self.tops,
            LogPane::Clients => self.clients,
            LogPane::Lines => self.lines,
            LogPane::Verdict => self.verdict,
        }
    }

    /// The pane at a place of the screen.
    pub(in crate::tui) fn pane_at(&self, column: u16, row: u16) -> Option<LogPane> {
        let panes = [LogPane::Tops, LogPane::Clients, LogPane::Lines, LogPane::Verdict];
        panes.into_iter().find(|pane| self.pane(*pane).contains((column, row).into()))
    }

    /// True on the blocks of the plots.
    pub(in crate::tui) fn is_plot(&self, column: u16, row: u16) -> bool {
        let first = self.first_cell();
        let behind = first.saturating_add(u16::try_from(self.cells()).unwrap_or(u16::MAX));
        self.series.contains((column, row).into()) && (first..behind).contains(&column)
    }

    /// The cell of the plots in a column of the screen, or the nearest.
    pub(in crate::tui) fn cell(&self, column: u16) -> usize {
        usize::from(column.saturating_sub(self.first_cell())).min(self.cells().saturating_sub(1))
    }

    fn first_cell(&self) -> u16 {
        self.series.x.saturating_add(2).saturating_add(u16::try_from(LABEL).unwrap_or(0))
    }

    fn cells(&self) -> usize {
        let width = inner_width(self.series);
        let note = if width >= 110 { NOTE_WIDE } else { NOTE_NARROW };
        width.saturating_sub(LABEL + note)
    }

    /// How much of the book the screen has room for.
    pub(in crate::tui) fn room(&self) -> Room {
        Room { cells: self.cells(), lines: usize::from(self.lines.height.saturating_sub(3)) }
    }
}

pub(super) fn draw(buffer: &mut Buffer, state: &State, seen: &Screenful) {
    let places = LogPlaces::of(state, seen);
    if let Some(line) = log::loud(&seen.log, usize::from(places.loud.width)) {
        paint(buffer, (places.loud.x, places.loud.y), places.loud.width, &line, state.look.theme);
    }
    draw_series(buffer, &places, state, seen);
    draw_tops(buffer, &places, state, seen);
    draw_clients(buffer, &places, state, seen);
    draw_lines(buffer, &places, state, seen);
    draw_verdict(buffer, places.verdict, state, seen);
}

fn key(key: &str, word: &str) -> Runs {
    vec![run(Tone::Key, key), run(Tone::Dim, format!(" {word}"))]
}

fn draw_series(buffer: &mut Buffer, places: &LogPlaces, state: &State, seen: &Screenful) {
    let place = places.series;
    let text = state.log.window_text().map_or_else(|| "all of it".to_owned(), |text| format!("only {text}"));
    let note = match log::reading(&seen.log) {
        Some(reading) => vec![run(Tone::Warn, reading)],
        // Where there is no room for a plot of each, the shares stand here.
        None if place.height < 5 => vec![run(Tone::Dim, log::shares(&seen.log))],
        None => vec![run(Tone::Dim, format!("1 block = {}", log::span_word(seen.log.series.width)))],
    };
    // How far reading is matters more than all of the span.
    let room = usize::from(place.width).saturating_sub(width_of(&note) + 16);
    let title = vec![run(Tone::Title, "Traffic"), run(Tone::Dim, format!("  {}", cut_end(&text, room)))];
    frame_pane(buffer, place, state, false, &title, &note);
    let room = (places.cells(), usize::from(place.height.saturating_sub(2)));
    let drawn = state.log.drawn.map(|(from, to)| (places.cell(from), places.cell(to)));
    paint_lines(buffer, place, state, &log::series(&seen.log, &state.zone, room, drawn), 0);
}

/// The table of the pane that has the focus.
pub(in crate::tui) fn table(state: &State, places: &LogPlaces, seen: &Screenful) -> Table {
    let asked = &state.log;
    let (cursor, count) = match asked.pane {
        LogPane::Tops => (seen.log.top_cursor(asked), seen.log.tops.len()),
        LogPane::Clients => (seen.log.client_cursor(asked), seen.log.clients.len()),
        LogPane::Lines if asked.unread => (asked.unread_cursor, seen.log.unread_lines.len()),
        LogPane::Lines => (0, seen.log.lines.len()),
        LogPane::Verdict => (0, 0),
    };
    Table::new(client_rows(places, asked.pane, seen), cursor, count)
}

/// The pane, less what stands below its rows.
fn client_rows(places: &LogPlaces, pane: LogPane, seen: &Screenful) -> Rect {
    let place = places.pane(pane);
    if pane != LogPane::Clients {
        return place;
    }
    let notes = u16::try_from(seen.log.notes().len()).unwrap_or(0);
    // Where there is hardly room for the rows, they go before the notes.
    let height = if place.height > notes + 6 { place.height - notes } else { place.height };
    Rect { height, ..place }
}

fn draw_tops(buffer: &mut Buffer, places: &LogPlaces, state: &State, seen: &Screenful) {
    let (place, asked) = (places.tops, &state.log);
    let mut title = vec![run(Tone::Title, format!("Top {}", log::by_word(asked.by)))];
    if place.width >= 50 {
        title.push(run(Tone::Text, "  "));
        title.extend([key("g", "group  "), key("s", "sort")].concat());
    }
    let note = vec![run(Tone::Dim, order_word(asked.order))];
    frame_pane(buffer, place, state, asked.pane == LogPane::Tops, &title, &note);
    let rows = log::tops(&seen.log, asked, inner_width(place), state.reveal);
    let table = Table::new(place, seen.log.top_cursor(asked), seen.log.tops.len());
    paint_lines(buffer, place, state, &table.in_sight(&rows), 0);
}

const fn order_word(order: Order) -> &'static str {
    match order {
        Order::Count => "most lines first",
        Order::Errors => "4xx and 5xx first",
        Order::Bytes => "most bytes first",
        Order::Time => "slowest first",
    }
}

fn draw_clients(buffer: &mut Buffer, places: &LogPlaces, state: &State, seen: &Screenful) {
    let (place, asked) = (places.clients, &state.log);
    let word = if asked.hide_scanners { "show scanners" } else { "hide scanners" };
    let focused = asked.pane == LogPane::Clients;
    frame_pane(buffer, place, state, focused, &vec![run(Tone::Title, "Clients")], &key("h", word));
    let rows = client_rows(places, LogPane::Clients, seen);
    let lines = log::clients(&seen.log, asked, inner_width(place));
    let table = Table::new(rows, seen.log.client_cursor(asked), seen.log.clients.len());
    let mut shown = table.in_sight(&lines);
    if rows.height < place.height {
        shown.resize(usize::from(rows.height.saturating_sub(2)), Vec::new());
        shown.extend(seen.log.notes());
    }
    paint_lines(buffer, place, state, &shown, 0);
}

fn draw_lines(buffer: &mut Buffer, places: &LogPlaces, state: &State, seen: &Screenful) {
    let (place, asked) = (places.lines, &state.log);
    let focused = asked.pane == LogPane::Lines;
    if asked.unread {
        let reasons: Vec<String> =
            seen.log.reasons.iter().map(|(reason, count)| format!("{count} {}", reason.text())).collect();
        let mut title = vec![run(Tone::Title, "Unread lines")];
        if !reasons.is_empty() {
            title.push(run(Tone::Warn, format!("  {}", reasons.join(", "))));
        }
        frame_pane(buffer, place, state, focused, &title, &key("U", "back"));
        let rows = log::unread(&seen.log, asked, inner_width(place), state.reveal);
        let table = Table::new(place, asked.unread_cursor, seen.log.unread_lines.len());
        paint_lines(buffer, place, state, &table.in_sight(&rows), 0);
        return;
    }
    let note = match (asked.frozen, asked.follows()) {
        (true, _) => vec![run(Tone::Warn, "frozen "), run(Tone::Key, "p")],
        (false, true) => vec![run(Tone::Good, "follow ON "), run(Tone::Key, "f")],
        (false, false) => vec![run(Tone::Dim, "follow off "), run(Tone::Key, "f")],
    };
    let filter = asked.filter();
    let mut title = vec![run(Tone::Title, "Lines")];
    if !filter.is_empty() {
        let room = usize::from(place.width).saturating_sub(40);
        title.push(run(Tone::Warn, format!("  filter: {}", cut_end(&visible(filter.as_bytes()), room))));
    }
    frame_pane(buffer, place, state, focused, &title, &note);
    let lines = log::lines(&seen.log, asked, &state.zone, inner_width(place), state.reveal);
    paint_lines(buffer, place, state, &lines, 0);
}

fn draw_verdict(buffer: &mut Buffer, place: Rect, state: &State, seen: &Screenful) {
    let focused = state.log.pane == LogPane::Verdict;
    let Some(cause) = seen.log.cause(&state.log) else {
        frame_pane(buffer, place, state, focused, &vec![run(Tone::Title, "Causes")], &Vec::new());
        paint_lines(buffer, place, state, &wrapped_nothing(state, seen, inner_width(place)), 0);
        return;
    };
    let finding = &cause.finding;
    let count = seen.log.causes.len();
    let at = seen.log.cause_cursor(&state.log) + 1;
    let name = run(severity_tone(finding.severity), format!("{} {}", finding.code, finding.title));
    let dim = |text: String| run(Tone::Dim, text);
    let titles = [log::seen_text(cause, &state.zone), log::count_text(cause)]
        .map(|seen| vec![name.clone(), dim(format!("  {seen}"))]);
    let next = [vec![dim(format!("{at}/{count} "))], key("n", "next")].concat();
    let keys = [next.clone(), vec![dim("  ".to_owned())], key("Enter", "filter  "), key("y", "copy")].concat();
    // The time of it matters more than keys, and that there are others more than the time.
    let ways = [(0, &keys), (0, &next), (1, &keys), (1, &next)];
    let fits = |(title, note): &(usize, &Runs)| {
        titles.get(*title).is_some_and(|title| width_of(title) + width_of(note) + 6 <= usize::from(place.width))
    };
    let (title, note) = ways.into_iter().find(fits).unwrap_or((1, &next));
    let title = titles.get(title).cloned().unwrap_or_default();
    frame_pane(buffer, place, state, focused, &title, note);
    paint_lines(buffer, place, state, &verdict(state, seen, inner_width(place)), state.log.scroll);
}

/// Why there is no cause, and where there is no line why not.
fn nothing(state: &State, seen: &Screenful) -> (Tone, String) {
    let log = &seen.log;
    match (log.total, log.unread, state.log.limits()) {
        (0, ..) if log::reading(log).is_some() => (Tone::Dim, "no line yet: it is still being read".to_owned()),
        (0, 1.., _) => (Tone::Warn, "no line could be read: U shows where they differ from the format".to_owned()),
        (0, 0, Some(limits)) => {
            (Tone::Warn, format!("no line passes ({}): Backspace takes it off", visible(limits.as_bytes())))
        }
        (0, 0, None) if log.progress.following => (Tone::Dim, "no line yet: what is written appears here".to_owned()),
        (0, 0, None) => (Tone::Dim, "no line yet: there is nothing in it".to_owned()),
        (1, ..) => (Tone::Good, "✓ no cause found in 1 line".to_owned()),
        (lines, ..) => (Tone::Good, format!("✓ no cause found in {lines} lines")),
    }
}

fn wrapped_nothing(state: &State, seen: &Screenful, width: usize) -> Vec<Runs> {
    let (tone, text) = nothing(state, seen);
    wrap(&text, width).into_iter().map(|line| vec![run(tone, line)]).collect()
}

fn verdict(state: &State, seen: &Screenful, width: usize) -> Vec<Runs> {
    let cause = seen.log.cause(&state.log);
    cause.map(|cause| whole(&cause.finding, width, state.evidence)).unwrap_or_default()
}

/// How far the finding can be scrolled.
pub(in crate::tui) fn most_scroll(state: &State, seen: &Screenful) -> usize {
    let place = LogPlaces::of(state, seen).verdict;
    verdict(state, seen, inner_width(place)).len().saturating_sub(usize::from(place.height.saturating_sub(2)))
}

/// Lines of a page of the pane that has the focus.
pub(in crate::tui) fn page_height(state: &State, seen: &Screenful) -> usize {
    let place = LogPlaces::of(state, seen).pane(state.log.pane);
    usize::from(place.height.saturating_sub(3)).max(1)
}
