//! What upstreams did, and what the client never saw of it: a request that was passed on to the next one.

use super::Hit;
use super::rows::{Order, Row, Timing};
use super::signs::Few;
use super::table::{Table, kept};
use super::tally::class;
use super::times::Histogram;
use super::{Keys, Line as Seen};
use crate::access_log::record::{self, seconds};

/// What is known of one upstream.
#[derive(Clone, Debug, Default)]
pub struct Upstream {
    /// Requests that it did not answer well, and that were passed on to the next.
    pub passed_on: u64,
    /// Of these, how many the client got a 2xx or 3xx for: the log's status hides them.
    pub hidden: u64,
    /// Requests that it gave no status for.
    pub silent: u64,
    /// Some lines of requests that were passed on.
    pub lines: Few,
    times: Histogram,
}

/// What one line says of its upstreams together.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attempts {
    /// How long all took, microseconds.
    pub(super) took: Option<u32>,
    /// True if one was passed on to the next, and that ended well.
    pub(super) hidden: bool,
}

/// The upstreams by address.
#[derive(Clone, Debug)]
pub(super) struct Upstreams {
    pub(super) table: Table<Upstream>,
    /// Lines that name one.
    pub(super) lines: u64,
}

impl Upstreams {
    pub(super) const fn bounded(bound: u16) -> Self {
        Self { table: Table::bounded(bound), lines: 0 }
    }

    /// Counts what a line says.
    pub(super) fn absorb(&mut self, line: &Seen<'_>, keys: &Keys) -> Attempts {
        let upstream = &line.record.upstream;
        let Some(addresses) = upstream.addr.or(upstream.status) else { return Attempts::default() };
        self.lines += 1;
        if upstream.addr.is_some() && memchr::memchr(b' ', addresses).is_none() {
            let took = upstream.took.or_else(|| seconds(upstream.response_time?));
            self.one(addresses, upstream.status.unwrap_or_default(), took, None, line, keys);
            return Attempts { took, hidden: false };
        }
        self.several(upstream, line, keys)
    }

    fn several(&mut self, upstream: &record::Upstream<'_>, line: &Seen<'_>, keys: &Keys) -> Attempts {
        let ended_well = matches!(line.hit.class, 2 | 3);
        let mut statuses = tries(upstream.status.unwrap_or_default());
        let mut times = tries(upstream.response_time.unwrap_or_default());
        let mut attempts = Attempts { took: upstream.time(), hidden: false };
        for (address, passed_on) in tries(upstream.addr.or(upstream.status).unwrap_or_default()) {
            let status = statuses.next().map_or(&b""[..], |(status, _)| status);
            let took = times.next().and_then(|(time, _)| seconds(time));
            attempts.hidden |= passed_on && ended_well;
            if upstream.addr.is_some() {
                self.one(address, status, took, passed_on.then_some(ended_well), line, keys);
            }
        }
        attempts
    }

    /// Counts what one upstream did; `passed_on` says whether it ended well elsewhere.
    fn one(
        &mut self,
        address: &[u8],
        status: &[u8],
        took: Option<u32>,
        passed_on: Option<bool>,
        line: &Seen<'_>,
        keys: &Keys,
    ) {
        let status = number(status);
        let (slot, _) = self.table.enter(keys.of(address), || (kept(address), Upstream::default(), ()));
        // The bytes are counted for who answered in the end.
        let bytes = if passed_on.is_none() { line.hit.bytes } else { 0 };
        let hit = Hit { class: status.map_or(0, class), bytes, ..line.hit };
        self.table.count(slot, &hit);
        let Some(upstream) = self.table.facts_mut(slot) else { return };
        upstream.silent += u64::from(status.is_none());
        if let Some(took) = took {
            upstream.times.add(took);
        }
        if let Some(ended_well) = passed_on {
            upstream.passed_on += 1;
            upstream.hidden += u64::from(ended_well);
            upstream.lines.add_line(line.raw);
        }
    }

    pub(super) fn top(&self, order: Order, count: usize) -> Vec<Row> {
        self.table.top(order, count, |entry| Timing { own: Some(&entry.facts().times), upstream: None })
    }
}

/// The elements of a list of `$upstream_*`, and whether the request was passed on from it to the next one of its group (`, `). What begins
/// behind ` : ` is another group: an internal redirect, not a retry.
fn tries(list: &[u8]) -> impl Iterator<Item = (&[u8], bool)> {
    let mut rest = Some(list);
    std::iter::from_fn(move || {
        let list = rest?;
        let cut = memchr::memchr_iter(b' ', list).find_map(|at| match (list.get(..at)?, list.get(at + 1..)?) {
            ([before @ .., b','], behind) => Some((before, behind, true)),
            (before, [b':', b' ', behind @ ..]) => Some((before, behind, false)),
            _ => None,
        });
        let (element, behind, passed_on) = cut.map_or((list, None, false), |(one, rest, on)| (one, Some(rest), on));
        rest = behind;
        Some((element, passed_on))
    })
}

fn number(status: &[u8]) -> Option<u16> {
    let [hundreds, tens, ones] = status else { return None };
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u16::from(byte - b'0'));
    Some(digit(hundreds)? * 100 + digit(tens)? * 10 + digit(ones)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_taken_apart_as_nginx_puts_them_together() {
        let all = |list: &'static str| {
            let tries = tries(list.as_bytes());
            tries.map(|(one, on)| (std::str::from_utf8(one).unwrap(), on)).collect::<Vec<_>>()
        };
        assert_eq!(all("10.0.0.1:80"), [("10.0.0.1:80", false)]);
        assert_eq!(all("unix:/run/a, b:80 : [::1]:9"), [("unix:/run/a", true), ("b:80", false), ("[::1]:9", false)]);
        assert_eq!(all("-, 0.001"), [("-", true), ("0.001", false)]);
        assert_eq!(all(""), [("", false)]);
    }
}
