//! The Access log page: how the traffic went, what gets it, who asks, the newest lines, and the causes that they show.
//!
//! What it shows is copied out of the log book in `seen`, one screenful at a time, and written out by the `*_text` files. A
//! filter or a span of time is never applied here: the reader is asked to read the logs anew through it.

mod act;
mod line_text;
mod marks;
mod narrow;
mod pointer;
mod seen;
mod series_text;
mod top_text;
mod unread_text;
mod window;

pub(super) use act::{act, typed, window_typed};
pub(super) use line_text::lines;
pub(super) use pointer::used;
pub(super) use seen::{LogSeen, Room};
pub(super) use series_text::{LABEL, count_text, facts, reading, seen_text, series, shares, span_word};
pub(super) use top_text::{by_word, clients, loud, tops};
pub(super) use unread_text::unread;

use jiff::tz::TimeZone;

use super::message::Effect;
use crate::access_log::traffic::{By, Order};
use crate::diagnosis::Cause;
use window::Window;

/// Whether logs are read, and whether there is anything else to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum There {
    /// No log is read.
    #[default]
    No,
    /// Beside the taps.
    Beside,
    /// There are logs and nothing else.
    Alone,
}

/// A part of the page that can have the focus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LogPane {
    /// What gets the traffic.
    #[default]
    Tops,
    /// Who asks.
    Clients,
    /// The lines, or those that could not be read.
    Lines,
    /// The chosen cause.
    Verdict,
}

impl LogPane {
    /// In the order of Tab.
    const ALL: [Self; 4] = [Self::Tops, Self::Clients, Self::Lines, Self::Verdict];

    fn step(self, steps: usize) -> Self {
        let at = Self::ALL.iter().position(|pane| *pane == self).unwrap_or(0);
        Self::ALL.into_iter().cycle().nth(at + steps).unwrap_or_default()
    }
}

/// What the page remembers between two frames.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches, each with a key of its own")]
pub(super) struct AccessLog {
    pub(super) there: There,
    pub(super) pane: LogPane,
    pub(super) zoomed: bool,
    /// Of what there are tops, and in which order.
    pub(super) by: By,
    pub(super) order: Order,
    /// The keys of the chosen rows; `None` for the first, whichever that is.
    pub(super) top: Option<Vec<u8>>,
    pub(super) client: Option<Vec<u8>>,
    /// The chosen cause; `None` for the worst.
    pub(super) cause: Option<Cause>,
    /// The number of the chosen line; `None` follows the newest.
    pub(super) line: Option<u64>,
    /// The number behind the last line on screen.
    pub(super) bottom: u64,
    /// Lines as they were written.
    pub(super) raw: bool,
    /// Nothing moves until it is let go.
    pub(super) frozen: bool,
    /// The lines that could not be read are shown in place of those that could.
    pub(super) unread: bool,
    /// The chosen one of these, counted from the newest.
    pub(super) unread_cursor: usize,
    pub(super) hide_scanners: bool,
    /// The filter as it was typed.
    pub(super) typed: String,
    /// What was added to it row by row.
    pub(super) steps: Vec<String>,
    pub(super) window: Window,
    /// How far the finding is scrolled.
    pub(super) scroll: usize,
    /// From which to which column of the plots the mouse was drawn.
    pub(super) drawn: Option<(u16, u16)>,
    /// Filters typed before, newest last.
    pub(super) history: Vec<String>,
}

impl Default for AccessLog {
    fn default() -> Self {
        Self {
            there: There::No,
            pane: LogPane::Tops,
            zoomed: false,
            by: By::Route,
            order: Order::Count,
            top: None,
            client: None,
            cause: None,
            line: None,
            bottom: 0,
            raw: false,
            frozen: false,
            unread: false,
            unread_cursor: 0,
            hide_scanners: false,
            typed: String::new(),
            steps: Vec::new(),
            window: Window::default(),
            scroll: 0,
            drawn: None,
            history: Vec::new(),
        }
    }
}

impl AccessLog {
    /// The whole filter: what was typed, what was added to it, and no scanners where they are hidden.
    pub(super) fn filter(&self) -> String {
        let typed = self.typed.trim();
        let alone = self.steps.is_empty() && !self.hide_scanners;
        let typed = match typed {
            "" => None,
            _ if alone => Some(typed.to_owned()),
            _ => Some(format!("({typed})")),
        };
        let scanners = self.hide_scanners.then(|| "!scanner".to_owned());
        let parts: Vec<String> = typed.into_iter().chain(self.steps.iter().cloned()).chain(scanners).collect();
        parts.join(" & ")
    }

    /// Has everything read anew through the filter and the span of time.
    fn look(&mut self) -> Vec<Effect> {
        self.line = None;
        let (since, until) = (self.window.since, self.window.until);
        vec![Effect::Look { filter: self.filter(), since, until }]
    }

    /// Takes off what was added last: a row, hidden scanners, what was typed, the span of time. `None` if nothing was.
    fn take_off(&mut self) -> Option<Vec<Effect>> {
        if self.steps.pop().is_some() {
        } else if self.hide_scanners {
            self.hide_scanners = false;
        } else if !self.typed.trim().is_empty() {
            self.typed.clear();
        } else if self.window != Window::default() {
            self.window = Window::default();
        } else {
            return None;
        }
        Some(self.look())
    }

    /// The filter and the span of time of the beginning, and nothing else.
    pub(super) fn begin_with(&mut self, filter: &str, span: (Option<i64>, Option<i64>), zone: &TimeZone) {
        (self.typed, self.hide_scanners, self.window) = (filter.to_owned(), false, Window::given(span, zone));
        self.steps.clear();
    }

    /// What keeps lines away, in words; `None` if nothing does.
    pub(super) fn limits(&self) -> Option<String> {
        match (self.filter().as_str(), self.window.text.as_str()) {
            ("", "") => None,
            ("", window) => Some(format!("only {window}")),
            (filter, "") => Some(format!("filtered by {filter}")),
            (filter, window) => Some(format!("filtered by {filter}, only {window}")),
        }
    }

    /// True while the newest line is the chosen one.
    pub(super) const fn follows(&self) -> bool {
        self.line.is_none()
    }
}

/// The next top.
const fn next_by(by: By) -> By {
    match by {
        By::Route => By::Path,
        By::Path => By::Status,
        By::Status => By::Host,
        By::Host => By::Referer,
        By::Referer => By::AgentClass,
        By::AgentClass => By::Agent,
        By::Agent => By::Method,
        By::Method => By::Upstream,
        By::Upstream | By::Client => By::Route,
    }
}

/// The next order.
const fn next_order(order: Order) -> Order {
    match order {
        Order::Count => Order::Errors,
        Order::Errors => Order::Bytes,
        Order::Bytes => Order::Time,
        Order::Time => Order::Count,
    }
}
