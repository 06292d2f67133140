//! Answers that are no success, by route and status; and answers that should have been none.

use super::{Few, Spread};
use crate::access_log::agents::AgentClass;
use crate::access_log::sought::Sought;
use crate::access_log::traffic::Line;

const MINUTE: i64 = 60_000;

/// 4xx and 5xx of one status on one route. Requests for what scanners seek are not among the 4xx.
#[derive(Clone, Debug, Default)]
pub struct Fault {
    /// The status.
    pub status: u16,
    /// Lines where an upstream gave a status: the app answered, or another hop behind. The others are the proxy's own
    /// answers, if [`Traffic::tells_upstream`](super::super::Traffic::tells_upstream).
    pub by_app: u64,
    /// Lines of clients that scan.
    pub scanned: u64,
    /// Lines of crawlers and monitors, by their own word, that are no scan: they follow links of years ago.
    pub crawled: u64,
    /// Lines that name a page (`Referer`).
    pub referred: u64,
    /// The minute with the most of them: its beginning, milliseconds since 1970, and how many.
    pub worst: Option<(i64, u64)>,
    minute: (i64, u64),
    /// How many clients, about.
    pub clients: Spread,
    /// Some methods.
    pub methods: Few,
    /// Some paths, without query.
    pub paths: Few,
    /// Some pages that led there.
    pub referers: Few,
    /// What upstreams answered, as written, if that is logged.
    pub upstream_statuses: Few,
    /// Some lines.
    pub lines: Few,
}

impl Fault {
    pub(in crate::access_log::traffic) fn absorb(&mut self, line: &Line<'_>, scans: bool) {
        let record = line.record;
        self.status = record.status;
        self.scanned += u64::from(scans);
        let crawls = matches!(line.agent, AgentClass::Crawler | AgentClass::AiCrawler | AgentClass::Monitor);
        self.crawled += u64::from(crawls && !scans);
        if let Some(status) = record.upstream.status {
            self.by_app += u64::from(status.iter().any(u8::is_ascii_digit));
            self.upstream_statuses.add(status);
        }
        if let Some(referer) = record.referer.filter(|referer| !referer.is_empty()) {
            self.referred += 1;
            self.referers.add(referer);
        }
        self.clients.add(line.client_mark);
        self.methods.add(record.request.method);
        self.paths.add(line.path);
        self.lines.add_line(line.raw);
        if let Some(time) = line.hit.time() {
            self.in_minute(time.div_euclid(MINUTE).saturating_mul(MINUTE));
        }
    }

    fn in_minute(&mut self, minute: i64) {
        if self.minute.0 == minute {
            self.minute.1 += 1;
        } else {
            self.minute = (minute, 1);
        }
        if self.worst.is_none_or(|(_, count)| self.minute.1 > count) {
            self.worst = Some(self.minute);
        }
    }
}

/// A path that should not exist, answered 2xx with a body.
#[derive(Clone, Debug, Default)]
pub struct Through {
    /// What it is after; `None` for a path that nobody but a client that scans had asked for.
    pub sought: Option<Sought>,
    /// The status, of the first.
    pub status: u16,
    /// The fewest and the most bytes. A page that answers every path has one size on all of them.
    pub sizes: (u64, u64),
    /// How many clients, about.
    pub clients: Spread,
    /// Some of them.
    pub addresses: Few,
    /// Some lines.
    pub lines: Few,
}

impl Through {
    pub(in crate::access_log::traffic) fn absorb(&mut self, line: &Line<'_>, sought: Option<Sought>) {
        let bytes = line.hit.bytes;
        if self.status == 0 {
            (self.sought, self.status, self.sizes) = (sought, line.record.status, (bytes, bytes));
        }
        self.sizes = (self.sizes.0.min(bytes), self.sizes.1.max(bytes));
        self.clients.add(line.client_mark);
        self.addresses.add(line.record.client);
        self.lines.add_line(line.raw);
    }
}
