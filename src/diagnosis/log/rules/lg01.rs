//! # LG01 of a log
//!
//! Said where another cause could not be settled for what the log leaves out, and only then.

use crate::access_log::traffic::{By, Order};
use crate::diagnosis::fact::Ground;
use crate::diagnosis::log::LogCause;
use crate::diagnosis::log::case::LogCase;
use crate::diagnosis::log::takes::Takes;
use crate::diagnosis::log::told::{Evidence, Told};
use crate::diagnosis::rule::Parts;
use crate::diagnosis::{Confidence, Severity};
use crate::lanes::Source;

/// What a log may lack, and how the variables begin that say it.
const FIELDS: [(&str, &str); 5] = [
    ("the host", "$host"),
    ("the time it took", "$request_time"),
    ("the upstream's answer", "$upstream_"),
    ("where redirects lead", "$sent_http_location"),
    ("the upgrade that was asked for", "$http_upgrade"),
];

/// What this log lacks, if one of the causes needs it.
pub(in crate::diagnosis::log) fn lacking(case: &LogCase<'_>, causes: &[LogCause]) -> Option<LogCause> {
    let needs = |cause: &LogCause, variable: &str| {
        cause.finding.missing.as_ref().is_some_and(|missing| missing.contains(variable))
    };
    let lacking: Vec<(&str, &str)> = FIELDS
        .into_iter()
        .filter(|&(what, variable)| is_lacking(case, what) && causes.iter().any(|cause| needs(cause, variable)))
        .collect();
    let in_need = |cause: &&LogCause| lacking.iter().any(|(_, variable)| needs(cause, variable));
    let mut codes: Vec<&str> = causes.iter().filter(in_need).map(|cause| cause.finding.code).collect();
    codes.dedup();
    if codes.is_empty() {
        return None;
    }
    let lacks: Vec<&str> = lacking.iter().map(|(what, _)| *what).collect();
    let (lacks, codes) = (lacks.join(", "), codes.join(", "));
    let why = format!("The log does not say {lacks}: {codes} cannot be settled from it.");
    let parts = Parts::new(Confidence::High, why)
        .about("access log")
        .severity(Severity::Note)
        .known(Source::Seen, Ground::Answer, None, format!("no line has {lacks}"))
        .known(Source::Seen, Ground::Neighbour, None, format!("needed for {codes}"))
        .fix(["a log_format that says it: hopscope logs --print-log-format"])
        .not("$request_body, $http_authorization or $http_cookie in it: the log then holds what people log in with");
    let evidence = Evidence { count: case.lines, ..Evidence::default() };
    Told::new(parts, evidence, Takes::default()).cause("LG01")
}

/// True if no line says this.
fn is_lacking(case: &LogCase<'_>, what: &str) -> bool {
    let traffic = case.traffic;
    match what {
        "the host" => traffic.top(By::Host, Order::Count, 1).is_empty(),
        "the time it took" => traffic.times().is_none(),
        "the upstream's answer" => !traffic.tells_upstream(),
        "where redirects lead" => traffic.redirects().all(|sign| sign.facts.location.is_none()),
        _ => true,
    }
}
