//! # UP03 in a log
//!
//! 413 without an upstream is the proxy's own limit; one that an upstream sent is the app's, and no finding. A log without the
//! upstream cannot tell them apart.

use crate::diagnosis::fact::Ground;
use crate::diagnosis::log::case::{LogCase, real};
use crate::diagnosis::log::takes::Takes;
use crate::diagnosis::log::told::{Evidence, Told, many};
use crate::diagnosis::rule::Parts;
use crate::diagnosis::{Confidence, shown};
use crate::lanes::Source;

pub(super) fn check(case: &LogCase<'_>) -> Vec<Told> {
    let mut found: Vec<_> = case.faults_of(&[413]).filter(|fault| fault.facts.by_app == 0).collect();
    found.sort_by_key(|fault| (std::cmp::Reverse(real(fault)), fault.key));
    let Some(first) = found.first() else { return Vec::new() };
    let evidence = found.iter().fold(Evidence::default(), |evidence, fault| {
        evidence.and(real(fault), fault.seen, fault.facts.clients, &fault.facts.lines)
    });
    let route = shown::bytes(first.key);
    let why = format!(
        "{} sent to {route}{} {} refused with 413: the body was larger than what is let through.",
        many(evidence.count, "request"),
        if found.len() > 1 { " and other routes" } else { "" },
        if evidence.count == 1 { "was" } else { "were" },
    );
    let parts = Parts::new(Confidence::High, why).about(route.clone()).known(
        Source::Seen,
        Ground::Answer,
        None,
        format!("{} × 413", evidence.count),
    );
    let parts = if case.traffic.tells_upstream() {
        parts.known(Source::Seen, Ground::Forwarded, None, "no upstream was asked")
    } else {
        parts.missing("whether the proxy or the app refused it: log $upstream_status")
    };
    let parts = parts
        .fix([case.proxy.body_limit(None)])
        .not("no limit at all for the whole server: anybody may then fill its disk");
    let parts = case.exchange_known(case.route_known(parts, first.key), first.key, 413);
    vec![Told::new(parts, evidence, Takes::routes(&[413], found.iter().map(|fault| fault.key)))]
}
