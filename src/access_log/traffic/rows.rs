//! What tops and series are made of, and how rows are put in order.

use std::cmp::Reverse;

use super::Classes;
use super::table::{Entry, Table};
use super::tally::Tally;
use super::times::Histogram;

/// What is counted by one key: a path, a client, a host …
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// The key, bytes as they were before they were escaped; of a very long one the first.
    pub key: Vec<u8>,
    /// Its lines. With an `error` it may be that much less.
    pub count: u64,
    /// By how much `count` may be too high, because the table was full when the key came.
    pub error: u64,
    /// By class of status. Of an upstream: of the status that it gave.
    pub classes: Classes,
    /// Bytes sent.
    pub bytes: u64,
    /// How long they took; `None` if the log does not say, or for keys other than routes and upstreams.
    pub times: Option<Times>,
    /// How long the upstreams took, all that were asked together; of routes.
    pub upstream_times: Option<Times>,
    /// The first and the last time, milliseconds since 1970.
    pub seen: Option<(i64, i64)>,
}

/// How long requests took, in microseconds. But for `max` they are right within 1 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Half took no longer.
    pub p50: u32,
    /// 90 of 100 took no longer.
    pub p90: u32,
    /// 95 of 100 took no longer.
    pub p95: u32,
    /// 99 of 100.
    pub p99: u32,
    /// The longest.
    pub max: u32,
}

/// Of what there are tops.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum By {
    /// The path as asked for, without its query.
    Path,
    /// The path with what varies replaced: `/items/{id}`.
    Route,
    /// The client's address; IPv6 by its /64.
    Client,
    /// The method.
    Method,
    /// The host.
    Host,
    /// The referer, without its query.
    Referer,
    /// The user agent.
    Agent,
    /// The class of user agent: browser, crawler, tool, scanner, monitor …
    AgentClass,
    /// The upstream that answered.
    Upstream,
    /// The status.
    Status,
}

/// In which order tops come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// Most lines first.
    #[default]
    Count,
    /// Most 4xx and 5xx first.
    Errors,
    /// Most bytes first.
    Bytes,
    /// Slowest (p95) first.
    Time,
}

/// One bucket of the series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Its beginning, milliseconds since 1970.
    pub start: i64,
    /// Lines by class of status.
    pub classes: Classes,
    /// Bytes sent.
    pub bytes: u64,
    /// Lines that say how long they took.
    pub timed: u64,
    /// How long these took together, microseconds.
    pub took: u64,
    /// The longest of them, microseconds.
    pub slowest: u32,
}

/// The histograms of a key: of its lines, and of their upstreams.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Timing<'a> {
    pub(super) own: Option<&'a Histogram>,
    pub(super) upstream: Option<&'a Histogram>,
}

impl<T, H> Table<T, H> {
    /// The first `count` keys in this order; those that weigh the same by lines, then by key.
    pub(super) fn top<'a>(
        &'a self,
        order: Order,
        count: usize,
        timing: impl Fn(Entry<'a, T, H>) -> Timing<'a>,
    ) -> Vec<Row> {
        let weigh = |entry: Entry<'a, T, H>| {
            let p95 = || timing(entry).own.and_then(Histogram::times).map(|times| times.p95);
            let weight = weight(order, entry.count(), entry.classes(), entry.bytes(), p95);
            (Reverse((weight, entry.count())), entry)
        };
        let before = |one: &(Reverse<(u64, u64)>, Entry<'_, T, H>), other: &(Reverse<(u64, u64)>, Entry<'_, T, H>)| {
            one.0.cmp(&other.0).then_with(|| one.1.key().cmp(other.1.key()))
        };
        let mut entries: Vec<_> = self.iter().map(weigh).collect();
        if count < entries.len() {
            entries.select_nth_unstable_by(count, before);
            entries.truncate(count);
        }
        entries.sort_unstable_by(before);
        entries.into_iter().map(|(_, entry)| row(entry, timing(entry))).collect()
    }
}

fn row<T, H>(entry: Entry<'_, T, H>, timing: Timing<'_>) -> Row {
    Row {
        key: entry.key().to_vec(),
        count: entry.count(),
        error: entry.error(),
        classes: entry.classes(),
        bytes: entry.bytes(),
        times: timing.own.and_then(Histogram::times),
        upstream_times: timing.upstream.and_then(Histogram::times),
        seen: entry.seen(),
    }
}

/// The first `count` of a few keys that are always counted exactly.
pub(super) fn top_exact<'a>(keys: impl Iterator<Item = (&'a [u8], &'a Tally)>, order: Order, count: usize) -> Vec<Row> {
    let row = |(key, tally): (&[u8], &Tally)| Row {
        key: key.to_vec(),
        count: tally.lines(),
        classes: tally.classes,
        bytes: tally.bytes,
        seen: tally.seen(),
        ..Row::default()
    };
    let mut rows: Vec<Row> = keys.filter(|(_, tally)| tally.lines() > 0).map(row).collect();
    rows.sort_by_key(|row| Reverse((weight(order, row.count, row.classes, row.bytes, || None), row.count)));
    rows.truncate(count);
    rows
}

fn weight(order: Order, count: u64, classes: Classes, bytes: u64, p95: impl FnOnce() -> Option<u32>) -> u64 {
    let [_, _, _, _, refused, failed] = classes;
    match order {
        Order::Count => count,
        Order::Errors => refused + failed,
        Order::Bytes => bytes,
        Order::Time => p95().map_or(0, |time| u64::from(time) + 1),
    }
}
