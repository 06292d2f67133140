//! What the Access log page shows, copied out of the log book: taken under one short lock, kept as long as it does not
//! change.

use std::collections::HashMap;
use std::ops::Range;

use jiff::tz::TimeZone;

use super::marks::Marks;
use super::{AccessLog, LogPane};
use crate::access_log::format::Clock;
use crate::access_log::traffic::{Bucket, By, Classes, GarbageKind, Order, Row, Sign, Times, Visitor, bucket_width};
use crate::access_log::{AgentClass, Record, Sought, UnreadReason};
use crate::diagnosis::log::{self, LogCause};
use crate::store::{LogBook, Progress, UnreadLine};

/// Rows of a top that are copied.
const ROWS: usize = 200;

/// Paths that were given out and should not have been, at most.
const THROUGH: usize = 20;

/// How the traffic went.
#[derive(Clone, Debug, Default)]
pub(in crate::tui) struct Series {
    /// A bucket for each cell, oldest first.
    pub(in crate::tui) buckets: Vec<Bucket>,
    /// How wide they are, in seconds.
    pub(in crate::tui) width: i64,
    /// The same of the last minute, a second each.
    pub(in crate::tui) minute: Vec<Bucket>,
}

/// A client, and who that is.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Client {
    pub(in crate::tui) row: Row,
    pub(in crate::tui) scans: bool,
    pub(in crate::tui) is_private: bool,
    /// What a scanner asked for first, and of what kind that was.
    pub(in crate::tui) asked: Option<Vec<u8>>,
    pub(in crate::tui) kinds: Vec<Sought>,
    pub(in crate::tui) agents: Vec<AgentClass>,
    pub(in crate::tui) code: Option<&'static str>,
}

/// A path that was given out and should not have been.
#[derive(Clone, Debug)]
pub(in crate::tui) struct GotThrough {
    pub(in crate::tui) path: Vec<u8>,
    pub(in crate::tui) count: u64,
    pub(in crate::tui) status: u16,
    pub(in crate::tui) sizes: (u64, u64),
    pub(in crate::tui) from: Vec<Vec<u8>>,
}

/// A row of a top, and the code of its cause.
pub(in crate::tui) type Marked = (Row, Option<&'static str>);

/// A line, copied.
#[derive(Clone, Debug, Default)]
pub(in crate::tui) struct Line {
    pub(in crate::tui) number: u64,
    pub(in crate::tui) raw: Vec<u8>,
    pub(in crate::tui) time: Option<i64>,
    pub(in crate::tui) client: Vec<u8>,
    /// Empty if what was sent is no request; then `target` is what was sent.
    pub(in crate::tui) method: Vec<u8>,
    pub(in crate::tui) target: Vec<u8>,
    pub(in crate::tui) path: Vec<u8>,
    pub(in crate::tui) protocol: Vec<u8>,
    pub(in crate::tui) status: u16,
    pub(in crate::tui) bytes: Option<u64>,
    pub(in crate::tui) referer: Vec<u8>,
    pub(in crate::tui) host: Option<Vec<u8>>,
    pub(in crate::tui) duration: Option<u32>,
    pub(in crate::tui) code: Option<&'static str>,
}

/// Statuses that say something of the proxy rather than of the app.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::tui) struct Odd {
    /// The connection was closed without an answer.
    pub(in crate::tui) closed: u64,
    /// The client had left.
    pub(in crate::tui) left: u64,
    /// Nothing was sent.
    pub(in crate::tui) empty: u64,
}

/// The status and the route that most of a class of faults are of.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Worst {
    pub(in crate::tui) status: u16,
    pub(in crate::tui) count: u64,
    pub(in crate::tui) route: Vec<u8>,
}

/// All of it.
#[derive(Debug, Default)]
pub(in crate::tui) struct LogSeen {
    pub(in crate::tui) sources: Vec<String>,
    pub(in crate::tui) progress: Progress,
    /// What is read was asked for, and the book has nothing of it yet: what stands here is older.
    pub(in crate::tui) waiting: bool,
    pub(in crate::tui) total: u64,
    pub(in crate::tui) classes: Classes,
    pub(in crate::tui) times: Option<Times>,
    pub(in crate::tui) span: Option<(i64, i64)>,
    pub(in crate::tui) series: Series,
    pub(in crate::tui) tops: Vec<Marked>,
    pub(in crate::tui) clients: Vec<Client>,
    pub(in crate::tui) through: Vec<GotThrough>,
    pub(in crate::tui) odd: Odd,
    /// Of 4xx and of 5xx, where there are some.
    pub(in crate::tui) worst: Vec<Worst>,
    pub(in crate::tui) causes: Vec<LogCause>,
    pub(in crate::tui) unread: u64,
    pub(in crate::tui) reasons: Vec<(UnreadReason, u64)>,
    pub(in crate::tui) unread_lines: Vec<UnreadLine>,
    /// The lines on screen, oldest first.
    pub(in crate::tui) lines: Vec<Line>,
    /// The numbers of the lines that are kept.
    pub(in crate::tui) kept: Range<u64>,
    of: Option<Of>,
    /// The code on the row that had the focus.
    code: Option<&'static str>,
}

/// What the tables were made from.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Of {
    revision: u64,
    lines: u64,
    by: By,
    order: Order,
    cells: usize,
    unread: bool,
}

/// How much room there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::tui) struct Room {
    /// Cells of a plot.
    pub(in crate::tui) cells: usize,
    /// Lines of the log on screen.
    pub(in crate::tui) lines: usize,
}

impl LogSeen {
    /// Brings it up to date with the book. While a book is read anew and has nothing yet, the old one stays.
    pub(in crate::tui) fn refresh(&mut self, book: &LogBook, asked: &mut AccessLog, room: Room) {
        self.progress = book.progress;
        let (lines, unread) = (book.traffic().lines(), book.unread().count());
        let reading = self.progress.partial || !self.progress.following && self.progress.read == 0;
        self.waiting = lines + unread == 0 && self.total + self.unread > 0 && reading;
        if self.waiting {
            return;
        }
        let (by, order, cells) = (asked.by, asked.order, room.cells);
        let of = Of { revision: book.revision(), lines, by, order, cells, unread: asked.unread };
        let same_but_news =
            self.of.as_ref().is_some_and(|old| (old.by, old.order, old.unread) == (by, order, of.unread));
        if self.of.as_ref() != Some(&of) && !(asked.frozen && same_but_news) {
            self.copy_tables(book, &of);
            self.of = Some(of);
        }
        self.copy_lines(book, asked, room.lines);
        self.tell_cause(asked);
    }

    /// The cause of the row that has the focus is the chosen one, once the focus is there. Of lines only where they stand
    /// still.
    fn tell_cause(&mut self, asked: &mut AccessLog) {
        let moves = asked.pane == LogPane::Lines && asked.follows();
        let code = self.focused_code(asked).filter(|_| !moves);
        if code != self.code && code.is_some() {
            let cause = self.causes.iter().find(|cause| Some(cause.finding.code) == code);
            asked.cause = cause.map(|cause| cause.finding.cause()).or_else(|| asked.cause.take());
            asked.scroll = 0;
        }
        self.code = code;
    }

    fn copy_tables(&mut self, book: &LogBook, of: &Of) {
        let traffic = book.traffic();
        self.sources = book.sources().iter().map(|source| source.name.clone()).collect();
        self.total = of.lines;
        self.classes = traffic.classes();
        self.times = traffic.times();
        self.span = traffic.span();
        self.series = series(book, of.cells);
        let marks = Marks::of(book);
        let tops = traffic.top(of.by, of.order, ROWS).into_iter();
        self.tops = tops.map(|row| (marks.code(of.by, &row.key), row)).map(|(code, row)| (row, code)).collect();
        let order = if of.order == Order::Time { Order::Count } else { of.order };
        let rows = traffic.top(By::Client, order, ROWS).into_iter();
        self.clients = rows.map(|row| client(traffic.visitor(&row.key), row, &marks)).collect();
        self.through = book
            .given_out()
            .into_iter()
            .take(THROUGH)
            .map(|path| GotThrough {
                path: path.key.to_vec(),
                count: path.count,
                status: path.facts.status,
                sizes: path.facts.sizes,
                from: path.facts.addresses.iter().map(<[u8]>::to_vec).collect(),
            })
            .collect();
        let empty = traffic.garbage().find(|garbage| garbage.kind == GarbageKind::Empty);
        self.odd = Odd {
            closed: traffic.status(444),
            left: traffic.status(499),
            empty: empty.map_or(0, |garbage| garbage.count),
        };
        self.worst = [4, 5].into_iter().filter_map(|class| worst(book, class)).collect();
        self.causes = book.causes().to_vec();
        self.unread = book.unread().count();
        self.reasons = book.unread().by_reason().collect();
        self.unread_lines = if of.unread { book.unread().lines().rev().cloned().collect() } else { Vec::new() };
    }

    /// Copies the lines on screen. The chosen line stays chosen where a book took the place of another, which numbers its
    /// lines anew.
    fn copy_lines(&mut self, book: &LogBook, asked: &mut AccessLog, height: usize) {
        let kept = book.kept();
        if let Some(number) = asked.line {
            let before = self.lines.iter().find(|line| line.number == number).map(|line| line.raw.as_slice());
            asked.line = stays(book, number, before);
        }
        let height = u64::try_from(height).unwrap_or(u64::MAX).max(1);
        let bottom = match asked.line {
            None => kept.end,
            Some(line) => asked.bottom.clamp(line.saturating_add(1), line.saturating_add(height)),
        };
        asked.bottom = bottom.max(kept.start.saturating_add(height)).min(kept.end);
        let shown = asked.bottom.saturating_sub(height).max(kept.start)..asked.bottom;
        let mut clocks: HashMap<usize, Clock> = HashMap::new();
        self.lines.clear();
        for (number, (source, raw)) in shown.clone().zip(book.lines(shown)) {
            let clock = clocks.entry(source).or_default();
            let line = match book.read(source, raw, clock) {
                Ok(record) => line(&record, log::code_of(&record, book.causes())),
                Err(_) => Line::default(),
            };
            self.lines.push(Line { number, raw: raw.to_vec(), ..line });
        }
        self.kept = kept;
    }

    /// Where the chosen row of the tops stands.
    pub(in crate::tui) fn top_cursor(&self, asked: &AccessLog) -> usize {
        let chosen = |(row, _): &Marked| asked.top.as_ref() == Some(&row.key);
        self.tops.iter().position(chosen).unwrap_or(0)
    }

    /// Where the chosen client stands.
    pub(in crate::tui) fn client_cursor(&self, asked: &AccessLog) -> usize {
        let chosen = |client: &Client| asked.client.as_ref() == Some(&client.row.key);
        self.clients.iter().position(chosen).unwrap_or(0)
    }

    /// Where the chosen line stands, among those on screen.
    pub(in crate::tui) fn line_cursor(&self, asked: &AccessLog) -> usize {
        let last = self.lines.len().saturating_sub(1);
        asked.line.and_then(|number| self.lines.iter().position(|line| line.number == number)).unwrap_or(last)
    }

    /// The chosen line.
    pub(in crate::tui) fn line(&self, asked: &AccessLog) -> Option<&Line> {
        self.lines.get(self.line_cursor(asked))
    }

    /// The chosen unread line.
    pub(in crate::tui) fn unread_line(&self, asked: &AccessLog) -> Option<&UnreadLine> {
        self.unread_lines.get(asked.unread_cursor.min(self.unread_lines.len().saturating_sub(1)))
    }

    /// Where the chosen cause stands: the one that was chosen, else the worst.
    pub(in crate::tui) fn cause_cursor(&self, asked: &AccessLog) -> usize {
        let chosen = |cause: &LogCause| asked.cause.as_ref().is_some_and(|chosen| cause.finding.cause() == *chosen);
        self.causes.iter().position(chosen).unwrap_or(0)
    }

    /// The chosen cause.
    pub(in crate::tui) fn cause(&self, asked: &AccessLog) -> Option<&LogCause> {
        self.causes.get(self.cause_cursor(asked))
    }

    /// The code on the row that has the focus.
    pub(in crate::tui) fn focused_code(&self, asked: &AccessLog) -> Option<&'static str> {
        match asked.pane {
            LogPane::Tops => self.tops.get(self.top_cursor(asked))?.1,
            LogPane::Clients => self.clients.get(self.client_cursor(asked))?.code,
            LogPane::Lines if asked.unread => None,
            LogPane::Lines => self.line(asked)?.code,
            LogPane::Verdict => None,
        }
    }

    /// The span of time of a cell of the plots.
    pub(in crate::tui) fn span_of(&self, cell: usize) -> Option<(i64, i64)> {
        let bucket = self.series.buckets.get(cell)?;
        Some((bucket.start, bucket.start.saturating_add(self.series.width.saturating_mul(1000))))
    }
}

/// Where a line is that had this number; `None` if it is kept no more.
fn stays(book: &LogBook, number: u64, before: Option<&[u8]>) -> Option<u64> {
    let kept = book.kept();
    let Some(before) = before else { return kept.contains(&number).then_some(number) };
    let is = |(_, raw): (usize, &[u8])| raw == before;
    if book.lines(number..number.saturating_add(1)).next().is_some_and(is) {
        return Some(number);
    }
    let from_end = book.lines(kept.clone()).rev().position(is)?;
    kept.end.checked_sub(1 + u64::try_from(from_end).ok()?)
}

/// Buckets over the span, as many as there are cells at most.
fn series(book: &LogBook, cells: usize) -> Series {
    let traffic = book.traffic();
    let Some((first, last)) = traffic.span() else { return Series::default() };
    let (first, last) = (book.view().since.unwrap_or(first).min(last), last);
    let width = bucket_width((first, last), 1, cells).unwrap_or(604_800);
    let from = first.div_euclid(width * 1000) * width * 1000;
    let minute = last.div_euclid(1000) * 1000 - 59_000;
    Series {
        buckets: traffic.series(from, last.saturating_add(1), width * 1000),
        width,
        minute: traffic.series(minute.max(first), last.saturating_add(1), 1000),
    }
}

/// What most answers of this class are. A request without a route is nobody's fault here.
fn worst(book: &LogBook, class: u16) -> Option<Worst> {
    let faults = book.traffic().faults().filter(|fault| fault.facts.status / 100 == class && !fault.key.is_empty());
    let most = faults.max_by(|one, other| one.count.cmp(&other.count).then_with(|| other.key.cmp(one.key)))?;
    Some(Worst { status: most.facts.status, count: most.count, route: most.key.to_vec() })
}

fn client(visitor: Option<Sign<'_, Visitor>>, row: Row, marks: &Marks) -> Client {
    let facts = visitor.map(|visitor| visitor.facts);
    Client {
        scans: visitor.is_some_and(|visitor| visitor.scans()),
        is_private: facts.is_some_and(|facts| facts.is_private),
        asked: facts.and_then(|facts| facts.asked.as_deref()).map(<[u8]>::to_vec),
        kinds: facts.into_iter().flat_map(Visitor::kinds).collect(),
        agents: facts.into_iter().flat_map(Visitor::agents).collect(),
        code: marks.code(By::Client, &row.key),
        row,
    }
}

fn line(record: &Record<'_>, code: Option<&'static str>) -> Line {
    let decoded = |text: &[u8]| record.escape.decode(text).into_owned();
    let request = &record.request;
    let target = if request.method.is_empty() { request.line } else { request.target };
    Line {
        time: record.time,
        client: decoded(record.client),
        method: decoded(request.method),
        target: decoded(target),
        path: decoded(request.path()),
        protocol: decoded(request.protocol),
        status: record.status,
        bytes: record.bytes,
        referer: record.referer.map(decoded).unwrap_or_default(),
        host: record.host.map(decoded),
        duration: record.duration,
        code,
        ..Line::default()
    }
}

/// The time of a log as a clock.
pub(super) fn clock(millis: Option<i64>, zone: &TimeZone) -> String {
    let time = millis.and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok());
    time.map_or_else(|| "-".to_owned(), |time| time.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string())
}
