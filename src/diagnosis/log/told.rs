//! What a rule tells of a log: a finding's parts, the lines that show it, and how to know such a line again.

use std::collections::BTreeSet;

use super::LogCause;
use super::takes::Takes;
use crate::access_log::traffic::{Few, Sign, Spread};
use crate::diagnosis::Finding;
use crate::diagnosis::pages;
use crate::diagnosis::rule::Parts;

/// Lines kept of one cause.
const LINES: usize = 8;

/// Lines kept of each of several signs.
const OF_EACH: usize = 2;

/// A cause that a rule found.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) parts: Parts,
    pub(super) evidence: Evidence,
    pub(super) takes: Takes,
    pub(super) follows: Option<&'static str>,
}

/// How many lines show it, whose, when, and some of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    pub(super) count: u64,
    pub(super) clients: Spread,
    pub(super) seen: Option<(i64, i64)>,
    pub(super) lines: BTreeSet<Vec<u8>>,
}

impl Evidence {
    /// With these lines too.
    pub(super) fn and(mut self, count: u64, seen: Option<(i64, i64)>, clients: Spread, lines: &Few) -> Self {
        self.count += count;
        self.clients = self.clients.and(clients);
        self.seen = match (self.seen, seen) {
            (Some((first, last)), Some((from, until))) => Some((first.min(from), last.max(until))),
            (known, new) => known.or(new),
        };
        for line in lines.iter().take(OF_EACH) {
            if self.lines.len() < LINES {
                self.lines.insert(line.to_vec());
            }
        }
        self
    }

    /// With the lines of a sign.
    pub(super) fn of<T>(self, sign: Sign<'_, T>, clients: Spread, lines: &Few) -> Self {
        self.and(sign.count, sign.seen, clients, lines)
    }

    /// About how many clients it came from. It is an estimate, so it may be above what there can be at most.
    fn about_clients(&self) -> u32 {
        self.clients.about().min(u32::try_from(self.count).unwrap_or(u32::MAX))
    }

    /// About how many clients it came from, a few words behind what is counted; empty if that is not known.
    pub(super) fn of_clients(&self) -> String {
        match self.about_clients() {
            0 => String::new(),
            1 => " from 1 client".to_owned(),
            many @ 2..=200 => format!(" from about {many} clients"),
            _ => " from more than 200 clients".to_owned(),
        }
    }
}

impl Told {
    pub(super) const fn new(parts: Parts, evidence: Evidence, takes: Takes) -> Self {
        Self { parts, evidence, takes, follows: None }
    }

    /// Pointing to its cause.
    pub(super) fn follows(self, code: Option<&'static str>) -> Self {
        Self { follows: code.or(self.follows), ..self }
    }

    /// The cause, with the code's own title, and its severity where the rule says no other. `None` if the code has no page.
    pub(super) fn cause(self, code: &'static str) -> Option<LogCause> {
        let page = pages::find(code)?;
        let confidence = self.parts.confidence();
        let parts = self.parts;
        let finding = Finding {
            code,
            title: page.title,
            severity: parts.severity.unwrap_or(page.severity),
            why: parts.why,
            about: parts.about,
            facts: parts.facts,
            missing: parts.missing,
            fix: parts.fix,
            not: parts.not,
            confidence,
            primary: true,
            follows: self.follows.map(crate::diagnosis::Follows::Code),
        };
        Some(LogCause {
            finding,
            count: self.evidence.count,
            clients: self.evidence.about_clients(),
            seen: self.evidence.seen,
            lines: self.evidence.lines.into_iter().collect(),
            takes: self.takes,
        })
    }
}

/// `1 request`, `12 requests`.
pub(super) fn many(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
