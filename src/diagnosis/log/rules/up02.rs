//! # UP02 in a log
//!
//! 499, nginx's word for a client that hung up before the answer. A few are people who went elsewhere: that is a note. How long
//! they waited shows only where the time is logged.

use crate::diagnosis::fact::Ground;
use crate::diagnosis::log::case::LogCase;
use crate::diagnosis::log::takes::Takes;
use crate::diagnosis::log::told::{Evidence, Told, many};
use crate::diagnosis::rule::Parts;
use crate::diagnosis::{Confidence, Severity, shown};
use crate::lanes::Source;

/// Fewer are nobody's concern.
const LINES: u64 = 10;
/// One request in so many is too much.
const ONE_IN: u64 = 50;

pub(super) fn check(case: &LogCase<'_>) -> Vec<Told> {
    let mut found: Vec<_> = case.traffic.faults().filter(|fault| fault.facts.status == 499).collect();
    found.sort_by_key(|fault| (std::cmp::Reverse(fault.count), fault.key));
    let evidence = found
        .iter()
        .fold(Evidence::default(), |evidence, fault| evidence.of(*fault, fault.facts.clients, &fault.facts.lines));
    let Some(first) = found.first().filter(|_| evidence.count >= LINES) else { return Vec::new() };
    let route = shown::bytes(first.key);
    let why = format!(
        "{}{} were given up before the answer came, most on {route}.",
        many(evidence.count, "request"),
        evidence.of_clients(),
    );
    let mut parts = Parts::new(Confidence::Medium, why).about("no answer").known(
        Source::Seen,
        Ground::Answer,
        None,
        format!("{} × 499, {} of them on {route}", evidence.count, first.count),
    );
    parts = match case.traffic.route_times(first.key) {
        (Some(times), _) => {
            let what = format!("{route} takes {} ms at the 95th percentile", times.p95 / 1000);
            parts.known(Source::Seen, Ground::Neighbour, None, what).missing("whether the app would have answered")
        }
        _ => parts.missing("how long each had waited: log $request_time"),
    };
    if evidence.count * ONE_IN >= case.lines {
        parts = parts.severity(Severity::Warn);
    }
    let parts = parts
        .fix(["the app: answer sooner, or at once with 202; else let whoever waits wait longer"])
        .not("a longer timeout at the app's server: it is not the one that gave up");
    let parts = case.exchange_known(case.route_known(parts, first.key), first.key, 499);
    vec![Told::new(parts, evidence, Takes { statuses: vec![499], ..Takes::default() })]
}
