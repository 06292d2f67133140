//! What one frame shows, copied out of the store: taken under two short locks, kept as long as it does not change.
//!
//! Lanes are computed for the lines on screen and the selected exchange only, and once per revision.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::access_log::LogSeen;
use super::detail;
use super::findings::FindingsSeen;
use super::redirects::RedirectsSeen;
use super::routing::RoutesSeen;
use super::row::Row;
use super::session::Console;
use super::state::{Overlay, Page, State};
use super::text::{Runs, run};
use super::theme::Tone;
use super::view::access_log::LogPlaces;
use super::view::places::Places;
use super::what_if::Supposing;
use crate::exchange::ExchangeId;
use crate::lanes::{self, Lanes, Setup};
use crate::store::{Counts, Entry, LogBook, Store};

/// How many waiting entries the filter sees per frame.
const PORTION: usize = 512;

/// The selected exchange.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    pub(super) entry: Entry,
    pub(super) lanes: Lanes,
    /// True if it was not seen but is thought through, set up otherwise.
    pub(super) supposed: bool,
}

/// What a frame shows beside the state.
#[derive(Debug)]
pub(super) struct Screenful {
    /// The lines of the list that are on screen.
    pub(super) rows: Vec<Row>,
    pub(super) chosen: Option<Chosen>,
    /// The same set up otherwise, while somebody tries that.
    pub(super) supposing: Option<Supposing>,
    pub(super) counts: Counts,
    pub(super) setup: Arc<Setup>,
    /// The detail view of the selected exchange, or the command's output; empty unless one of them is open.
    pub(super) detail: Vec<Runs>,
    detail_of: Option<DetailOf>,
    /// The Routes page; `None` until it is looked at.
    pub(super) routes: Option<RoutesSeen>,
    /// The Redirects page, as it was when it was last looked at.
    pub(super) redirects: RedirectsSeen,
    /// The Findings page, as it was when it was last looked at.
    pub(super) findings: FindingsSeen,
    /// The Access log page, as it was when it was last looked at.
    pub(super) log: LogSeen,
    /// How many causes are neither known nor gone.
    pub(super) open_causes: usize,
    /// Lines made before, by exchange: the revision they were made from, and the line.
    made: HashMap<ExchangeId, (u64, Row)>,
    /// Whether they were made with secrets shown.
    made_with: bool,
}

/// What the detail view was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DetailOf {
    id: ExchangeId,
    revision: u64,
    width: usize,
    reveal: bool,
}

impl Screenful {
    /// An empty one.
    pub(super) fn new(setup: Arc<Setup>) -> Self {
        Self {
            rows: Vec::new(),
            chosen: None,
            supposing: None,
            counts: Counts::default(),
            setup,
            detail: Vec::new(),
            detail_of: None,
            routes: None,
            redirects: RedirectsSeen::default(),
            findings: FindingsSeen::default(),
            log: LogSeen::default(),
            open_causes: 0,
            made: HashMap::new(),
            made_with: false,
        }
    }

    /// The request whose lanes and verdict are shown, and its set-up: as it was seen, or as it is supposed to be.
    pub(super) fn subject(&self) -> Option<(&Chosen, &Setup)> {
        match self.supposing.as_ref().and_then(|supposing| supposing.outcome.as_ref()) {
            Some((chosen, setup)) => Some((chosen, setup)),
            None => Some((self.chosen.as_ref()?, &self.setup)),
        }
    }

    /// Brings list, selection and copies up to date with the store.
    pub(super) fn refresh(&mut self, store: &RwLock<Store>, state: &mut State) {
        let setup = {
            let store = store.read().unwrap_or_else(PoisonError::into_inner);
            state.listing.sync(&store);
            store.setup().clone()
        };
        state.contradiction = Some(setup.warnings().collect::<Vec<_>>().join("; ")).filter(|text| !text.is_empty());
        state.hear(setup.reread.as_ref());
        state.listing.judge(PORTION, &setup);
        let height = usize::from(Places::of(state).list_lines());
        state.settle(height);

        let (entries, chosen, counts) = {
            let store = store.read().unwrap_or_else(PoisonError::into_inner);
            state.hear_of_proof(&store);
            let on_screen = state.listing.shown().iter().skip(state.top).take(height);
            self.open_causes = store.open_causes();
            if state.page == Page::Findings {
                self.findings.refresh(&store, &state.findings);
            }
            let entries: Vec<Entry> = on_screen.filter_map(|shown| store.get(shown.id).cloned()).collect();
            (entries, state.selected.and_then(|id| store.get(id).cloned()), store.counts())
        };
        self.counts = counts;
        // By value: while the old one is held here, the store makes a new one with every batch, most often an equal one.
        if *setup != *self.setup || self.made_with != state.reveal {
            self.made.clear();
            self.setup = setup;
            self.made_with = state.reveal;
            self.chosen = None;
        }
        self.route(state);
        if state.page == Page::Redirects {
            self.redirects.refresh(store, &self.setup, state.redirects);
        }
        self.make_rows(&entries, state);
        self.choose(chosen);
        self.suppose(state);
        // What the command writes comes from elsewhere: see `read_console`.
        if state.page != Page::Console {
            let before = (self.detail_of.map(|of| of.id), self.detail.len());
            self.make_detail(state);
            self.stay_at_the_end(before, state);
        }
    }

    /// Brings the Access log page up to date, where it is what is shown.
    pub(super) fn refresh_log(&mut self, book: &RwLock<LogBook>, state: &mut State) {
        if state.page == Page::AccessLog {
            let book = book.read().unwrap_or_else(PoisonError::into_inner);
            let room = LogPlaces::of(state, self).room();
            self.log.refresh(&book, &mut state.log, room);
            // What was got through takes a line of its own.
            let now = LogPlaces::of(state, self).room();
            if now != room {
                self.log.refresh(&book, &mut state.log, now);
            }
        }
    }

    /// Brings the command's output up to date, where it is what is shown.
    pub(super) fn read_console(&mut self, console: &Console, state: &mut State) {
        if state.page != Page::Console {
            return;
        }
        let height = usize::from(Places::of(state).body.height.saturating_sub(2));
        let at_the_end = state.detail_scroll.saturating_add(height) >= self.detail.len();
        let lines = console.lines.lock().unwrap_or_else(PoisonError::into_inner);
        self.detail = lines.iter().map(|line| vec![run(Tone::Text, line.clone())]).collect();
        drop(lines);
        let most = self.detail.len().saturating_sub(height);
        state.detail_scroll = if at_the_end { most } else { state.detail_scroll.min(most) };
        self.detail_of = None;
    }

    /// Brings the Routes page up to date, where it is what is shown.
    fn route(&mut self, state: &mut State) {
        state.configured = self.setup.gateway.as_ref().is_some_and(|gateway| !gateway.files.is_empty());
        if state.page != Page::Routes {
            return;
        }
        let seen = RoutesSeen::refreshed(self.routes.take(), &self.setup, &state.routing);
        let last = seen.lines.len().saturating_sub(1);
        self.routes = Some(if state.routing.cursor > last {
            state.routing.cursor = last;
            RoutesSeen::refreshed(Some(seen), &self.setup, &state.routing)
        } else {
            seen
        });
    }

    fn make_rows(&mut self, entries: &[Entry], state: &State) {
        let mut before = std::mem::take(&mut self.made);
        self.rows.clear();
        for entry in entries {
            let id = entry.exchange.id;
            let row = match before.remove(&id) {
                Some((revision, row)) if revision == entry.revision => row,
                _ => Row::new(entry, &lanes::compute(&entry.exchange, &self.setup), &state.zone, state.reveal),
            };
            self.rows.push(row.clone());
            self.made.insert(id, (entry.revision, row));
        }
    }

    fn choose(&mut self, chosen: Option<Entry>) {
        let same = |now: &Entry, before: &Chosen| {
            now.exchange.id == before.entry.exchange.id && now.revision == before.entry.revision
        };
        self.chosen = match (chosen, self.chosen.take()) {
            (Some(entry), Some(before)) if same(&entry, &before) => Some(before),
            (Some(entry), _) => {
                Some(Chosen { lanes: lanes::compute(&entry.exchange, &self.setup), entry, supposed: false })
            }
            (None, _) => None,
        };
    }

    /// Brings what is supposed up to date, where somebody supposes something.
    fn suppose(&mut self, state: &State) {
        let before = self.supposing.take();
        if let (Some(Overlay::WhatIf(what_if)), Some(chosen)) = (&state.overlay, &self.chosen) {
            self.supposing = Supposing::refreshed(before, what_if, chosen, &self.setup);
        }
    }

    /// Whoever reads the end of what still grows (an event stream, a websocket) sees what is added.
    fn stay_at_the_end(&self, (id, lines): (Option<ExchangeId>, usize), state: &mut State) {
        let height = usize::from(Places::of(state).body.height.saturating_sub(2));
        let at_the_end = state.detail_scroll > 0 && state.detail_scroll + height >= lines;
        if at_the_end && id.is_some() && self.detail_of.map(|of| of.id) == id {
            state.detail_scroll = self.detail.len().saturating_sub(height);
        }
    }

    fn make_detail(&mut self, state: &State) {
        let wanted = self.chosen.as_ref().filter(|_| state.page == Page::Detail).map(|chosen| DetailOf {
            id: chosen.entry.exchange.id,
            revision: chosen.entry.revision,
            width: usize::from(state.size.0.saturating_sub(4)),
            reveal: state.reveal,
        });
        if wanted == self.detail_of && (wanted.is_some() || self.detail.is_empty()) {
            return;
        }
        self.detail = match (&self.chosen, wanted) {
            (Some(chosen), Some(of)) => detail::lines(&chosen.entry, &self.setup, of.width, of.reveal),
            _ => Vec::new(),
        };
        self.detail_of = wanted;
    }
}
