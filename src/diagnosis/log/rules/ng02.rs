//! # NG02 in a log
//!
//! A path with `//` is not found, and answers with one slash. The log shows the path as it came: so a client, or a hop before
//! this proxy, wrote it. That this proxy itself makes `//` of a clean path is not in its log.

use crate::diagnosis::fact::Ground;
use crate::diagnosis::log::case::{LogCase, real};
use crate::diagnosis::log::prefixes::answers;
use crate::diagnosis::log::takes::Takes;
use crate::diagnosis::log::told::{Evidence, Told, many};
use crate::diagnosis::rule::Parts;
use crate::diagnosis::{Confidence, Severity, shown};
use crate::lanes::Source;

/// Fewer are somebody's slip.
const LINES: u64 = 3;

pub(super) fn check(case: &LogCase<'_>) -> Vec<Told> {
    let (mut evidence, mut routes, mut first) = (Evidence::default(), Vec::new(), None);
    for fault in case.faults_of(&[404]).filter(|fault| memchr::memmem::find(fault.key, b"//").is_some()) {
        let single = single(fault.key);
        if case.traffic.route(&single).is_some_and(|route| answers(route.classes) > 0) {
            evidence = evidence.and(real(&fault), fault.seen, fault.facts.clients, &fault.facts.lines);
            routes.push(fault.key);
            first.get_or_insert((fault.key, single));
        }
    }
    let Some((wrong, right)) = first.filter(|_| evidence.count >= LINES) else { return Vec::new() };
    let why = format!(
        "{}{} asked for paths with // and got 404; with one slash the same answers.",
        many(evidence.count, "request"),
        evidence.of_clients(),
    );
    let parts = Parts::new(Confidence::Medium, why)
        .about("//")
        .severity(Severity::Warn)
        .known(Source::Seen, Ground::Answer, None, format!("{}: 404", shown::bytes(wrong)))
        .known(Source::Seen, Ground::Neighbour, None, format!("{} answers", shown::bytes(&right)))
        .missing("whether the client or a hop before this proxy wrote //: the log of that hop")
        .fix([
            "if a hop before this one writes it (nginx: a location without / at its end and a proxy_pass with one): make both \
             end alike"
                .to_owned(),
            "else the client: its base URL ends in /, and the path begins with one".to_owned(),
        ])
        .not("merging slashes in the app: paths that hold an encoded URL then change their meaning");
    let parts = case.exchange_known(case.route_known(parts, wrong), wrong, 404);
    vec![Told::new(parts, evidence, Takes::routes(&[404], routes))]
}

/// The path with each run of slashes as one.
fn single(path: &[u8]) -> Vec<u8> {
    let mut single = path.to_vec();
    single.dedup_by(|next, before| *next == b'/' && *before == b'/');
    single
}
