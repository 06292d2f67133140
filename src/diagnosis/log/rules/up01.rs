//! # UP01 in a log
//!
//! 502 and 504 are a proxy's word for an upstream that failed it; 503 is that of every proxy but nginx, which says it to too
//! many requests. Who failed shows only where the upstream is logged. A steady 500 is the app's own affair, and no finding.

use crate::access_log::traffic::{Fault, Sign};
use crate::diagnosis::fact::Ground;
use crate::diagnosis::log::case::LogCase;
use crate::diagnosis::log::clock;
use crate::diagnosis::log::takes::Takes;
use crate::diagnosis::log::told::{Evidence, Told, many};
use crate::diagnosis::rule::Parts;
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Confidence, Severity, shown};
use crate::lanes::Source;

/// Fewer are a warning: a restart has as many.
const LINES: u64 = 5;

pub(super) fn check(case: &LogCase<'_>) -> Vec<Told> {
    let found = faults(case);
    let tells = case.traffic.tells_upstream();
    // The table of routes may have had no room for all; the statuses are exact. But not each 503 is one.
    let count = |status: u16| match status {
        503 if tells => found.iter().filter(|f| f.facts.status == 503).map(|f| f.count.saturating_sub(f.error)).sum(),
        503 if found.iter().all(|fault| fault.facts.status != 503) => 0,
        _ => case.traffic.status(status),
    };
    let counts = [502, 503, 504].map(|status| (status, count(status)));
    let Some(first) = found.first() else { return Vec::new() };
    let evidence = found
        .iter()
        .fold(Evidence::default(), |evidence, fault| evidence.of(*fault, fault.facts.clients, &fault.facts.lines));
    let evidence = Evidence { count: counts.iter().map(|(_, count)| count).sum(), ..evidence };
    let said: Vec<String> =
        counts.iter().filter(|(_, count)| *count > 0).map(|(status, count)| format!("{count} × {status}")).collect();
    let when = when(case, &found).map_or_else(String::new, |when| format!(", most of them {when}"));
    let why = format!(
        "{}{} got no answer of an upstream{when}: {} {}.",
        many(evidence.count, "request"),
        evidence.of_clients(),
        case.proxy.name(),
        meaning(&counts),
    );
    let mut parts = Parts::new(Confidence::High, why).known(
        Source::Seen,
        Ground::Answer,
        None,
        format!("{}; most on {}", said.join(", "), shown::bytes(first.key)),
    );
    parts = who(case, parts, evidence.count);
    if evidence.count < LINES {
        parts = parts.severity(Severity::Warn);
    }
    let late = counts.iter().any(|&(status, own)| status == 504 && own * 2 >= evidence.count);
    let mut fix = vec![
        "the app's own log at that time: whether it ran, and what it did".to_owned(),
        format!("the address that {} sends to ({}), and what listens there", case.proxy.name(), case.proxy.upstream()),
    ];
    if late {
        fix.insert(0, format!("answer sooner; or let it wait longer: {}", case.proxy.wait_longer()));
    }
    let parts =
        parts.fix(fix).not("retries, or a larger timeout everywhere: an address where nobody listens stays one");
    let path = first.facts.paths.iter().next().unwrap_or(first.key);
    let parts = case.exchange_known(case.route_known(parts, path), path, first.facts.status);
    let takes = Takes::routes(&[502, 503, 504], found.iter().map(|fault| fault.key));
    vec![Told::new(parts, evidence, takes)]
}

/// What counts, most lines first.
fn faults<'a>(case: &LogCase<'a>) -> Vec<Sign<'a, Fault>> {
    let tells = case.traffic.tells_upstream();
    let all = case.traffic.faults().filter(|fault| match fault.facts.status {
        502 | 504 => true,
        // Too many requests, unless an upstream said it.
        503 => fault.facts.by_app > 0 || !tells && case.proxy != Proxy::Nginx,
        _ => false,
    });
    let mut all: Vec<_> = all.collect();
    let alone = all.iter().all(|fault| fault.facts.status == 503);
    // An app may well say 503 itself.
    all.retain(|_| !alone || !tells && case.proxy != Proxy::Unknown);
    all.sort_by_key(|fault| (std::cmp::Reverse(fault.count), fault.key, fault.facts.status));
    all
}

/// The climb that holds most of them.
fn when(case: &LogCase<'_>, found: &[Sign<'_, Fault>]) -> Option<String> {
    let [_, climb] = &case.climbs;
    let climb = climb.as_ref()?;
    let within = |fault: &&Sign<'_, Fault>| fault.facts.worst.is_some_and(|(minute, _)| climb.holds(minute));
    let (all, own): (u64, u64) =
        (found.iter().map(|f| f.count).sum(), found.iter().filter(within).map(|f| f.count).sum());
    (own * 2 >= all).then(|| format!("from {}", clock::span(climb.from, climb.until)))
}

fn meaning(counts: &[(u16, u64)]) -> &'static str {
    match counts.iter().max_by_key(|(_, count)| *count).map(|(status, _)| status) {
        Some(502) => "found nobody, was hung up on, or got what is no answer",
        Some(504) => "waited for an answer that did not come in time",
        _ => "had no upstream that was ready",
    }
}

/// Which upstream failed.
fn who(case: &LogCase<'_>, parts: Parts, count: u64) -> Parts {
    let failed = |classes: crate::access_log::traffic::Classes| classes[5];
    let mut upstreams: Vec<_> = case.traffic.upstreams().filter(|one| failed(one.classes) > 0).collect();
    upstreams.sort_by_key(|one| (std::cmp::Reverse(failed(one.classes)), one.key));
    let Some(worst) = upstreams.first() else {
        return if case.traffic.tells_upstream() {
            let what = format!("{} was answered by no upstream", many(count, "request"));
            parts.about("no upstream").known(Source::Seen, Ground::Forwarded, None, what)
        } else {
            parts
                .about("the upstream")
                .missing("which upstream failed, and how: log $upstream_addr and $upstream_status")
        };
    };
    let all: u64 = upstreams.iter().map(|one| failed(one.classes)).sum();
    let named: Vec<String> = upstreams
        .iter()
        .take(4)
        .map(|one| format!("{} ({} of {})", shown::bytes(one.key), failed(one.classes), one.count))
        .collect();
    let known = case.traffic.upstreams().count();
    let alone = known > 1 && failed(worst.classes) * 10 >= all * 8;
    let about = if alone || known == 1 { shown::bytes(worst.key) } else { "all upstreams".to_owned() };
    parts.about(about).known(Source::Seen, Ground::Forwarded, None, format!("failed: {}", named.join(", ")))
}
