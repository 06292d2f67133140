//! What an access log shows to be wrong.
//!
//! This module exists so that the same causes have the same codes whether a request was seen live or only logged. A log says
//! less than a tap: what it cannot tell is said, and confidence is high only where two independent facts agree.
//!
//! ```text
//! Traffic + LogContext ─▶ LogCase: scanners, prefixes, climbs ─▶ rules ─▶ causes, the worst first, followers last
//! ```

mod case;
mod climb;
mod clock;
mod context;
mod prefixes;
pub(super) mod rules;
mod takes;
mod told;

use std::cmp::Reverse;

pub use context::{FindExchange, LogContext, writer};

use super::{Finding, Follows, Severity, order};
use crate::access_log::{Record, Traffic};
use case::LogCase;
use takes::{Looked, Takes};

/// A cause that a log shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogCause {
    /// The finding: code, what it is about, why, the facts, the fix. One that follows from another points to its code.
    pub finding: Finding,
    /// How many lines show it.
    pub count: u64,
    /// How many clients are hit, about: no more than some 250 are told apart. 0 where that does not matter.
    pub clients: u32,
    /// The times of the first and the last of them, milliseconds since 1970.
    pub seen: Option<(i64, i64)>,
    /// Some of these lines, as they were written.
    pub lines: Vec<Vec<u8>>,
    takes: Takes,
}

impl LogCause {
    /// A cause with nothing but its finding: no line is taken for it.
    pub fn of(finding: Finding) -> Self {
        Self { finding, count: 0, clients: 0, seen: None, lines: Vec::new(), takes: Takes::default() }
    }

    /// True if this line is one of those that it was concluded from. Where several causes take a line, [`code_of`] says
    /// which goes first.
    pub fn takes(&self, record: &Record<'_>) -> bool {
        self.takes.takes(&mut Looked::at(record))
    }
}

/// True if one of these causes is that this path was given out and should not have been.
pub fn gave_out(causes: &[LogCause], path: &[u8]) -> bool {
    causes.iter().any(|cause| cause.finding.code == "SC02" && cause.takes.paths.contains(path))
}

/// The causes that these lines come to, the worst first, and nothing known besides them.
pub fn causes(traffic: &Traffic) -> Vec<LogCause> {
    causes_in(traffic, &LogContext::default())
}

/// The causes that these lines come to with what is known besides them: first what got through to whom it should not, then by
/// severity and by lines; what follows from another cause comes behind all that does not.
pub fn causes_in(traffic: &Traffic, context: &LogContext<'_>) -> Vec<LogCause> {
    let case = LogCase::of(traffic, context);
    let mut causes: Vec<LogCause> = rules::ALL
        .iter()
        .flat_map(|rule| (rule.check)(&case).into_iter().filter_map(|told| told.cause(rule.code)))
        .collect();
    causes.extend(rules::lacking(&case, &causes));
    follow(&mut causes);
    causes.sort_by_key(|cause| {
        let finding = &cause.finding;
        let got_through = finding.code == "SC02" && finding.severity == Severity::Error;
        (finding.follows.is_some(), !got_through, Reverse(finding.severity), Reverse(cause.count))
    });
    causes
}

/// Points what is about the same as its cause to it, and raises the cause to what follows.
fn follow(causes: &mut [LogCause]) {
    let known: Vec<(&'static str, String)> =
        causes.iter().map(|cause| (cause.finding.code, cause.finding.about.clone())).collect();
    for cause in causes.iter_mut() {
        let finding = &mut cause.finding;
        let alike: Vec<&'static str> =
            known.iter().filter(|(_, about)| *about == finding.about).map(|&(code, _)| code).collect();
        if finding.follows.is_none() {
            finding.follows = order::cause(finding.code, &alike).map(Follows::Code);
        }
        finding.primary = finding.follows.is_none();
    }
}

/// The codes that a log can show, in the order of the catalogue.
pub fn codes() -> impl Iterator<Item = &'static str> {
    rules::ALL.iter().map(|rule| rule.code).chain(["LG01"])
}

/// The code of the cause that a line belongs to, of several the first.
pub fn code_of(record: &Record<'_>, causes: &[LogCause]) -> Option<&'static str> {
    let mut line = Looked::at(record);
    causes.iter().find(|cause| cause.takes.takes(&mut line)).map(|cause| cause.finding.code)
}
