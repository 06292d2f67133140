//! What of the logs is wanted: a filter, a span of time, and what an earlier look found.

use std::collections::HashSet;
use std::sync::Arc;

use super::LineFilter;
use super::language::{LineField, LineFlag};
use super::line::LogLine;
use crate::access_log::Traffic;
use crate::access_log::traffic::{Sign, client_key};
use crate::diagnosis::log::LogCause;
use crate::gateway::Gateway;

/// What is wanted.
#[derive(Clone, Debug, Default)]
pub struct LogView {
    /// Only lines that pass.
    pub filter: Option<LineFilter>,
    /// Only from this time on, milliseconds since 1970 UTC.
    pub since: Option<i64>,
    /// Only until before this time.
    pub until: Option<i64>,
    /// What an earlier look at all lines found; without it lines are judged by what was found so far.
    pub known: Known,
    /// What is known besides the logs.
    pub surroundings: Arc<Surroundings>,
}

/// What is known besides the logs, and makes their causes surer.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Public prefixes, as the user gave them.
    pub prefixes: Vec<String>,
    /// The configuration of the proxy that writes the logs.
    pub gateway: Option<Arc<Gateway>>,
}

/// What a look at all lines finds that one line does not say.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The causes.
    pub causes: Vec<LogCause>,
    /// The clients that look for holes, as [`client_key`] names them.
    pub scanners: HashSet<Vec<u8>>,
}

impl Known {
    /// What these lines, and the causes found in them, come to.
    pub(super) fn of(traffic: &Traffic, causes: &[LogCause]) -> Self {
        let scanners = traffic.visitors().filter(Sign::scans).map(|client| client.key.to_vec());
        Self { causes: causes.to_vec(), scanners: scanners.collect() }
    }

    /// True if this client looks for holes.
    pub(super) fn scans(&self, client: &[u8]) -> bool {
        !self.scanners.is_empty() && self.scanners.contains(&*client_key(client))
    }
}

impl LogView {
    /// True if every line is wanted.
    pub fn is_all(&self) -> bool {
        self.filter.as_ref().is_none_or(LineFilter::is_empty) && self.since.is_none() && self.until.is_none()
    }

    /// True if it cannot be decided without a look at all lines first.
    pub fn needs_known(&self) -> bool {
        let needs = |filter: &LineFilter| {
            filter.asks(&LineField::Finding) || filter.asks_flag(|flag| matches!(flag, LineFlag::Scanner))
        };
        self.filter.as_ref().is_some_and(needs)
    }

    /// True if it asks for the cause of a line, which no line says by itself.
    pub fn needs_causes(&self) -> bool {
        self.filter.as_ref().is_some_and(|filter| filter.asks(&LineField::Finding))
    }

    /// Whether a line is wanted. One without a time is never too old or too new.
    pub(super) fn wants(&self, line: &LogLine<'_>) -> bool {
        let too_old = |time| self.since.is_some_and(|since| time < since);
        let too_new = |time| self.until.is_some_and(|until| time >= until);
        !line.record.time.is_some_and(|time| too_old(time) || too_new(time))
            && self.filter.as_ref().is_none_or(|filter| filter.passes(line))
    }
}
