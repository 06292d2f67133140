//! What a report says, whatever its format: numbers and rows, not yet words.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Country, ShownLogs};
use crate::access_log::traffic::{Bucket, By, Classes, Order, Row, Times, bucket_width};
use crate::access_log::traffic::{PrefixFault, Sign, Through, Visitor};
use crate::access_log::{Traffic, UnreadReason};
use crate::lanes::visible::visible;
use crate::report::{Style, words};
use crate::store::LogBook;

/// The tops that help most, in the order in which they are read.
const TOPS: [By; 7] = [By::Route, By::Path, By::Client, By::AgentClass, By::Agent, By::Referer, By::Upstream];

/// All there are, for programs.
const ALL: [By; 9] =
    [By::Path, By::Route, By::Client, By::Method, By::Host, By::Referer, By::Agent, By::AgentClass, By::Upstream];

/// Scanners, and paths that they got, at most.
const SCANNERS: usize = 100;

/// The digest.
pub(super) struct Digest<'a> {
    pub(super) book: &'a LogBook,
    pub(super) tops: Vec<Top>,
    /// Lines by status, lowest first.
    pub(super) statuses: Vec<(u16, u64)>,
    pub(super) order: Order,
    /// Clients that look for holes, the busiest first.
    pub(super) scanners: Vec<Sign<'a, Visitor>>,
    /// How many there are, and their lines.
    pub(super) scanned: (u64, u64),
    /// Paths that were given out and should not have been, the most often asked for first.
    pub(super) through: Vec<Sign<'a, Through>>,
    /// 404s for want of a prefix, and for one that is there twice.
    pub(super) missing: u64,
    pub(super) doubled: u64,
}

/// The first rows of a table.
pub(super) struct Top {
    /// Its name in JSON.
    pub(super) name: &'static str,
    /// Its heading.
    pub(super) heading: &'static str,
    pub(super) rows: Vec<Row>,
}

impl<'a> Digest<'a> {
    /// The digest, with all tops if they are for a program.
    pub(super) fn of(shown: ShownLogs<'a>, all: bool) -> Self {
        let traffic = shown.book.traffic();
        let usual = if all { &ALL[..] } else { &TOPS[..] };
        let by = if shown.by.is_empty() { usual } else { shown.by };
        let top =
            |by: &By| Top { name: word(*by), heading: heading(*by), rows: traffic.top(*by, shown.order, shown.top) };
        let countries = shown.country.map(|country| countries(traffic, country, shown));
        let status = |row: Row| Some((std::str::from_utf8(&row.key).ok()?.parse().ok()?, row.count));
        let mut statuses: Vec<(u16, u64)> =
            traffic.top(By::Status, Order::Count, usize::MAX).into_iter().filter_map(status).collect();
        statuses.sort_unstable();
        let mut scanners: Vec<_> = traffic.visitors().filter(Sign::scans).collect();
        scanners.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.key.cmp(b.key)));
        let scanned = (scanners.len() as u64, scanners.iter().map(|client| client.count).sum());
        scanners.truncate(SCANNERS);
        let mut through = shown.book.given_out();
        through.truncate(SCANNERS);
        let prefixes = traffic.prefixes();
        let lines = |fault| prefixes.iter().filter(|prefix| prefix.fault == fault).map(|prefix| prefix.lines).sum();
        Self {
            scanners,
            scanned,
            through,
            missing: lines(PrefixFault::Missing),
            doubled: lines(PrefixFault::Doubled),
            book: shown.book,
            tops: by.iter().map(top).chain(countries).filter(|top| !top.rows.is_empty()).collect(),
            statuses,
            order: shown.order,
        }
    }

    /// The first and the last time.
    pub(super) fn span(&self) -> Option<(i64, i64)> {
        self.book.traffic().span()
    }

    /// Buckets over the whole span, `most` at most and none narrower than `least` seconds, and their width in seconds.
    pub(super) fn series(&self, least: i64, most: usize) -> Option<(i64, Vec<Bucket>)> {
        let (first, last) = self.span()?;
        let width = bucket_width((first, last), least, most)?;
        let from = first.div_euclid(width * 1000) * width * 1000;
        Some((width, self.book.traffic().series(from, last + 1, width * 1000)))
    }

    /// Lines that were counted or could not be read.
    pub(super) fn seen(&self) -> u64 {
        self.book.traffic().lines() + self.book.unread().count()
    }
}

/// What is said where there is no cause. Without lines, or with none that could be read, nothing is known, good or bad.
pub(super) fn no_cause(book: &LogBook) -> &'static str {
    match book.traffic().lines() {
        0 => "There is no line to judge by: whether something is wrong is not known.",
        _ => "No cause was found.",
    }
}

/// The countries that clients asked from.
fn countries(traffic: &Traffic, country: Country<'_>, shown: ShownLogs<'_>) -> Top {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for client in traffic.visitors() {
        let name = country(client.key).unwrap_or_else(|| "unknown".to_owned());
        let row = rows.entry(name).or_default();
        row.count += client.count;
        row.error += client.error;
        row.bytes += client.bytes;
        row.classes.iter_mut().zip(client.classes).for_each(|(sum, count)| *sum += count);
        row.seen = match (row.seen, client.seen) {
            (Some((first, last)), Some((from, to))) => Some((first.min(from), last.max(to))),
            (seen, other) => seen.or(other),
        };
    }
    let mut rows: Vec<Row> = rows.into_iter().map(|(name, row)| Row { key: name.into_bytes(), ..row }).collect();
    let errors = |row: &Row| row.classes.iter().skip(4).sum::<u64>();
    rows.sort_by_key(|row| match shown.order {
        Order::Errors => Reverse(errors(row)),
        Order::Bytes => Reverse(row.bytes),
        Order::Count | Order::Time => Reverse(row.count),
    });
    rows.truncate(shown.top);
    Top { name: "country", heading: "Countries", rows }
}

/// The word for a top, in JSON.
const fn word(by: By) -> &'static str {
    match by {
        By::Path => "path",
        By::Route => "route",
        By::Client => "client",
        By::Method => "method",
        By::Host => "host",
        By::Referer => "referer",
        By::Agent => "agent",
        By::AgentClass => "agent_class",
        By::Upstream => "upstream",
        By::Status => "status",
    }
}

/// The heading of a top.
const fn heading(by: By) -> &'static str {
    match by {
        By::Path => "Paths",
        By::Route => "Routes",
        By::Client => "Clients",
        By::Method => "Methods",
        By::Host => "Hosts",
        By::Referer => "Referers",
        By::Agent => "User agents",
        By::AgentClass => "Kinds of user agents",
        By::Upstream => "Upstreams",
        By::Status => "Statuses",
    }
}

/// What an order is called.
pub(super) const fn order(order: Order) -> &'static str {
    match order {
        Order::Count => "most lines first",
        Order::Errors => "most 4xx and 5xx first",
        Order::Bytes => "most bytes first",
        Order::Time => "slowest first",
    }
}

/// Why a line could not be read, as a name in JSON.
pub(super) const fn reason_name(reason: UnreadReason) -> &'static str {
    match reason {
        UnreadReason::Partial => "partial",
        UnreadReason::Literal => "literal",
        UnreadReason::Status => "status",
        UnreadReason::Time => "time",
        UnreadReason::Json => "json",
        UnreadReason::Empty => "empty",
    }
}

/// Milliseconds since 1970 UTC as a time.
pub(super) fn time(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or_default()
}

/// A time for people.
pub(super) fn clock(millis: i64, style: &Style) -> String {
    time(millis).to_zoned(style.zone.clone()).strftime("%F %T %Z").to_string()
}

/// From when to when, the day only once where it is one; a time if it is all within a second.
pub(super) fn from_to((first, last): (i64, i64), style: &Style) -> String {
    let zoned = |millis| time(millis).to_zoned(style.zone.clone());
    let (from, to) = (zoned(first), zoned(last));
    if first.div_euclid(1000) == last.div_euclid(1000) {
        return clock(first, style);
    }
    let end = if from.date() == to.date() { "%T %Z" } else { "%F %T %Z" };
    format!("{} to {}", from.strftime("%F %T"), to.strftime(end))
}

/// `1,234,567`
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 line`, `1,234 lines`
pub(super) fn counted(count: u64, one: &str) -> String {
    format!("{} {one}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// `8.1 GB`
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let (mut tenths, mut unit) = (bytes / 100, 0);
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    let unit = UNITS.get(unit).copied().unwrap_or_default();
    if tenths < 1000 { format!("{}.{} {unit}", tenths / 10, tenths % 10) } else { format!("{} {unit}", tenths / 10) }
}

/// `4.4 %` of a whole.
pub(super) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    let tenths = u128::from(part) * 1000 / u128::from(whole);
    if tenths == 0 && part > 0 { "<0.1 %".to_owned() } else { format!("{}.{} %", tenths / 10, tenths % 10) }
}

/// How long requests took, in words.
pub(super) fn times(times: Times) -> String {
    let ms = |micros: u32| words::millis(u64::from(micros));
    format!("p50 {}, p95 {}, p99 {}, longest {}", ms(times.p50), ms(times.p95), ms(times.p99), ms(times.max))
}

/// How the answers divide, in words: `2xx 75.6 %, 4xx 6.7 %`.
pub(super) fn classes(classes: Classes) -> String {
    let all = classes.iter().sum();
    let named = ["no status", "1xx", "2xx", "3xx", "4xx", "5xx"].iter().zip(classes);
    let parts: Vec<String> =
        named.filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name} {}", share(count, all))).collect();
    parts.join(", ")
}

/// The key of a row, made visible and not longer than fits on a line.
pub(super) fn shown_key(row: &Row, longest: usize) -> String {
    let text = if row.key.is_empty() { "(none)".to_owned() } else { visible(&row.key) };
    shortened(&text, longest)
}

/// A text with its end left out if it is long.
pub(super) fn shortened(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    text.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}

/// A line as it was written, its escapes undone and credentials in its URLs hidden; made visible.
pub(super) fn raw(line: &[u8], style: &Style) -> String {
    let pieces: Vec<String> = line.split(|&byte| byte == b' ').map(|piece| words::url(piece, style)).collect();
    pieces.join(" ")
}
