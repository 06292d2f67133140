//! All that the screen remembers between two frames, exchanges excepted.

use jiff::tz::TimeZone;

use super::access_log::AccessLog;
use super::findings::Findings;
use super::listing::{Listing, Shown, Sort};
use super::prompt::Prompt;
use super::redirects::Redirects;
use super::routing::{Excerpt, Routing};
use super::session::Scene;
use super::theme::Look;
use super::what_if::WhatIf;
use crate::diagnosis::Cause;
use crate::exchange::ExchangeId;
use crate::lanes::Reread;
use crate::lanes::visible::visible;
use crate::store::{Filter, Store};

/// What fills the body of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// The list, the lanes, the verdict.
    Requests,
    /// Heads and bodies of the selected exchange.
    Detail,
    /// What the command that hopscope started writes.
    Console,
    /// The proxy's routers, and a URL to try.
    Routes,
    /// The chains of redirects.
    Redirects,
    /// The causes that the findings come down to.
    Findings,
    /// What access logs come to.
    AccessLog,
}

impl Page {
    /// True if it is one scrolled text.
    pub(super) const fn is_text(self) -> bool {
        matches!(self, Self::Detail | Self::Console)
    }
}

/// A part of the Requests page that can have the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pane {
    List,
    /// Lane 1 to 4, counted from 0.
    Lane(u8),
    Verdict,
}

impl Pane {
    /// In the order of Tab.
    const ALL: [Self; 6] = [Self::List, Self::Lane(0), Self::Lane(1), Self::Lane(2), Self::Lane(3), Self::Verdict];

    /// The pane `steps` further round.
    pub(super) fn step(self, steps: usize) -> Self {
        let at = Self::ALL.iter().position(|pane| *pane == self).unwrap_or(0);
        Self::ALL.into_iter().cycle().nth(at + steps).unwrap_or(Self::List)
    }
}

/// What is open on top of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Overlay {
    /// The filter being typed.
    Filter(Prompt),
    /// Help, with what was typed to search it and how far it is scrolled.
    Help { search: String, scroll: usize },
    /// The choice of what to copy.
    CopyMenu,
    /// The URL to try being typed.
    Url(Prompt),
    /// The filter of log lines being typed.
    LineFilter(Prompt),
    /// The span of time of the logs being typed.
    Window(Prompt),
    /// Lines of the proxy's configuration.
    Excerpt(Excerpt),
    /// What is supposed of the selected request.
    WhatIf(Box<WhatIf>),
}

/// Reads a filter; blank text is none.
pub(super) fn read_filter(text: &str) -> Result<Option<Filter>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    Filter::parse(text).map(Some).map_err(|error| error.to_string())
}

/// The state of the screen.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, each with a key of its own")]
pub(super) struct State {
    /// Columns and lines.
    pub(super) size: (u16, u16),
    pub(super) look: Look,
    /// The zone that times are shown in.
    pub(super) zone: TimeZone,
    pub(super) warning: Option<String>,
    /// What the set-up and the traffic do not agree about.
    pub(super) contradiction: Option<String>,
    pub(super) scenes: Vec<Scene>,
    /// The command that hopscope started, and the file with its output.
    pub(super) console: Option<(String, String)>,
    pub(super) scene: usize,
    /// True if the proxy is known by files of its own.
    pub(super) configured: bool,

    pub(super) page: Page,
    pub(super) overlay: Option<Overlay>,
    pub(super) routing: Routing,
    pub(super) redirects: Redirects,
    pub(super) findings: Findings,
    pub(super) log: AccessLog,
    pub(super) listing: Listing,
    pub(super) selected: Option<ExchangeId>,
    /// Where in the list the selected one stands.
    pub(super) cursor: usize,
    /// The first line of the list on screen.
    pub(super) top: usize,
    pub(super) follow: bool,
    /// The newest exchange when following ended.
    pub(super) left_at: ExchangeId,
    pub(super) focus: Pane,
    pub(super) zoomed: bool,
    /// How far the focused lane or the verdict is scrolled.
    pub(super) pane_scroll: usize,
    /// How far the detail view or the command's output is scrolled.
    pub(super) detail_scroll: usize,
    /// Show only what differs.
    pub(super) differences: bool,
    /// Show what a finding rests on rather than what to do.
    pub(super) evidence: bool,
    /// Show secrets.
    pub(super) reveal: bool,
    pub(super) recording: bool,
    /// What is wrong with the filter as it is typed.
    pub(super) filter_error: Option<String>,
    /// Filters used before, newest last.
    pub(super) history: Vec<String>,
    /// What just happened, until the next key.
    pub(super) notice: Option<String>,
    /// The cause whose fix is proven if the key is pressed again.
    pub(super) asked: Option<Cause>,
    /// The cause whose fix is being proven, until it is told what came of it.
    pub(super) proving: Option<Cause>,
    /// How often the proxy's configuration had been read when that was last told.
    reread: u64,
}

impl State {
    /// The state to start with. A filter that cannot be read is shown as wrong, and nothing is filtered.
    pub(super) fn new(size: (u16, u16), look: Look, zone: TimeZone, filter: &str) -> Self {
        let (filter, filter_error) = match read_filter(filter) {
            Ok(filter) => (filter, None),
            Err(error) => (None, Some(error)),
        };
        Self {
            size,
            look,
            zone,
            warning: None,
            contradiction: None,
            scenes: Vec::new(),
            console: None,
            scene: 0,
            configured: false,
            page: Page::Requests,
            overlay: None,
            routing: Routing::default(),
            redirects: Redirects::default(),
            findings: Findings::default(),
            log: AccessLog::default(),
            listing: Listing::new(filter),
            selected: None,
            cursor: 0,
            top: 0,
            follow: true,
            left_at: ExchangeId(0),
            focus: Pane::List,
            zoomed: false,
            pane_scroll: 0,
            detail_scroll: 0,
            differences: false,
            evidence: false,
            reveal: false,
            recording: true,
            filter_error,
            history: Vec::new(),
            notice: None,
            asked: None,
            proving: None,
            reread: 0,
        }
    }

    /// Tells that the proxy's configuration was read again, once. What is wrong with it stands in the line of warnings.
    pub(super) fn hear(&mut self, reread: Option<&Reread>) {
        let Some(reread) = reread.filter(|reread| reread.number != self.reread) else { return };
        self.reread = reread.number;
        if !reread.failed {
            self.notice = Some(visible(reread.said.as_bytes()));
        }
    }

    /// Tells how far the proof is that was asked for, and what came of it, once.
    pub(super) fn hear_of_proof(&mut self, store: &Store) {
        let Some(cause) = &self.proving else { return };
        let rows = store.causes();
        let row = rows.iter().find(|row| row.finding.cause() == *cause);
        let Some(proving) = row.and_then(|row| row.proving.as_ref()) else { return };
        self.notice = Some(visible(proving.said().as_bytes()));
        if proving.is_over() {
            self.proving = None;
        }
    }

    /// What stands in the line of warnings.
    pub(super) fn warned(&self) -> Option<String> {
        let warnings: Vec<&str> = self.contradiction.iter().chain(&self.warning).map(String::as_str).collect();
        (!warnings.is_empty()).then(|| warnings.join("; "))
    }

    /// Selects the line at `cursor`, or the nearest there is.
    pub(super) fn select(&mut self, cursor: usize) {
        let shown = self.listing.shown();
        self.cursor = cursor.min(shown.len().saturating_sub(1));
        let selected = shown.get(self.cursor).map(|shown| shown.id);
        if selected != self.selected {
            self.selected = selected;
            self.pane_scroll = 0;
            self.detail_scroll = 0;
        }
    }

    /// Shows a request on its page, if it is in the list.
    pub(super) fn show(&mut self, id: ExchangeId) {
        match self.listing.shown().iter().position(|shown| shown.id == id) {
            Some(index) => {
                self.page = Page::Requests;
                self.unfollow();
                self.select(index);
            }
            None => self.notice = Some(format!("#{} is not in the list: filtered out, or let go", id.0)),
        }
    }

    /// Stops following: what comes from now on is counted as new.
    pub(super) fn unfollow(&mut self) {
        if self.follow {
            self.follow = false;
            self.left_at = self.newest();
        }
    }

    /// How many lines came in since following ended.
    pub(super) fn news(&self) -> usize {
        if self.follow { 0 } else { self.listing.shown().iter().rev().filter(|shown| shown.id > self.left_at).count() }
    }

    fn newest(&self) -> ExchangeId {
        self.listing.shown().iter().map(|shown| shown.id).max().unwrap_or(ExchangeId(0))
    }

    /// Brings selection and scroll in line with the list after it changed: the selected exchange stays selected, on the
    /// same line of the screen where that can be; when following, the newest is selected.
    pub(super) fn settle(&mut self, height: usize) {
        let line = self.cursor.saturating_sub(self.top);
        let shown = self.listing.shown();
        let last = shown.len().saturating_sub(1);
        let same = |index: usize, list: &[Shown]| list.get(index).map(|shown| shown.id) == self.selected;
        let cursor = if self.follow && self.selected.is_some() || self.selected.is_none() {
            self.newest_line(last)
        } else if same(self.cursor, shown) {
            self.cursor
        } else {
            let same_or_next =
                shown.iter().position(|shown| Some(shown.id) == self.selected).or_else(|| self.next_line());
            same_or_next.unwrap_or(self.cursor)
        };
        let moved = cursor != self.cursor;
        self.select(cursor);
        if moved && !self.follow {
            self.top = self.cursor.saturating_sub(line);
        }
        self.scroll_to_cursor(height);
    }

    /// Where the first one after a selected one that is gone stands, if the list is in the order of time.
    fn next_line(&self) -> Option<usize> {
        let in_order = self.listing.sort() == Sort::Time;
        self.listing.shown().iter().position(|shown| in_order && Some(shown.id) > self.selected)
    }

    /// Where the newest stands: last, unless sorted by something else than time.
    fn newest_line(&self, last: usize) -> usize {
        if self.listing.sort() == Sort::Time {
            return last;
        }
        let newest = self.newest();
        self.listing.shown().iter().position(|shown| shown.id == newest).unwrap_or(0)
    }

    /// Scrolls just so far that the cursor is on screen and no line is wasted.
    fn scroll_to_cursor(&mut self, height: usize) {
        let height = height.max(1);
        let most = self.listing.shown().len().saturating_sub(height);
        self.top = self.top.clamp((self.cursor + 1).saturating_sub(height), self.cursor).min(most);
    }
}
