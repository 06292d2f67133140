//! # LG02: errors climb
//!
//! ## What it says
//! In a stretch of the log 4xx or 5xx are several times what they are in the rest of it. It says when that began and ended, and
//! which status, route, client or upstream makes most of it.
//!
//! ## Why it happens
//! A release, an upstream that went down, a client that was changed, a limit that was reached; or somebody who tries passwords.
//!
//! ## How it is told from its neighbours
//! - `UP01` names the upstream that fails; where 502 to 504 make most of the climb, this follows from it.
//! - Scanners make climbs of 4xx, too: that is `SC01`, and not said here.
//! - A share that is bad all the time is no climb.
//!
//! ## Example
//! ```text
//! 5xx: 8.4 % from 2026-05-25 14:24 to 15:07 UTC, 0.1 % else; most of it 502 on /api/v1/items/{id}
//! ```
//!
//! ## Fix
//! Look at what changed when it began, first at the route or the upstream that is named.
//!
//! ## Not
//! Waiting for it to pass: a climb that has ended comes again with what caused it.

use crate::access_log::traffic::{Classes, Fault, Sign};
use crate::diagnosis::fact::Ground;
use crate::diagnosis::log::case::{LogCase, real};
use crate::diagnosis::log::climb::Climb;
use crate::diagnosis::log::clock;
use crate::diagnosis::log::takes::Takes;
use crate::diagnosis::log::told::{Evidence, Told, many};
use crate::diagnosis::pages::{Found, Page};
use crate::diagnosis::rule::Parts;
use crate::diagnosis::{Confidence, Severity, shown};
use crate::lanes::Source;

pub(in crate::diagnosis) const PAGE: Page = Page {
    code: "LG02",
    title: "errors climb",
    severity: Severity::Warn,
    found: Found::Logs,
    source: include_str!("lg02.rs"),
};

pub(super) fn check(case: &LogCase<'_>) -> Vec<Told> {
    let climbs = case.climbs.iter().flatten();
    climbs.filter(|climb| climb.class == 5 || !is_of_scanners(case, climb)).map(|climb| told(case, climb)).collect()
}

/// True if clients that scan make half of it.
fn is_of_scanners(case: &LogCase<'_>, climb: &Climb) -> bool {
    let overlaps =
        |seen: Option<(i64, i64)>| seen.is_some_and(|(from, until)| from < climb.until && until >= climb.from);
    let refused: u64 = case.scanners.iter().filter(|one| overlaps(one.seen)).map(|one| of_class(one.classes, 4)).sum();
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    let most = refused as f64 * 2.0 >= climb.excess();
    most
}

fn of_class(classes: Classes, class: usize) -> u64 {
    classes.get(class).copied().unwrap_or(0)
}

fn told(case: &LogCase<'_>, climb: &Climb) -> Told {
    let class = climb.class;
    let when = clock::span(climb.from, climb.until);
    let going = if climb.lasts { ", and goes on" } else { "" };
    let shares = format!("{:.1} % {when}{going}, {:.1} % else", climb.share() * 100.0, climb.usual * 100.0);
    let faults = faults(case, climb);
    let most = faults.first().map(|fault| {
        let route = if fault.key.is_empty() { "requests that are none".to_owned() } else { shown::bytes(fault.key) };
        format!("{} on {route}", fault.facts.status)
    });
    let first = most.as_ref().map_or_else(String::new, |most| format!("; most of it is {most}"));
    let why = format!("{class}xx climbed to {shares}{first}.");
    let severity = if class == 5 { Severity::Error } else { Severity::Warn };
    let count = climb.count;
    let mut parts = Parts::new(Confidence::High, why).about(format!("{class}xx")).severity(severity).known(
        Source::Seen,
        Ground::Answer,
        None,
        format!("{} of {} with {class}xx {when}", count, many(climb.lines, "request")),
    );
    let usual = format!("{:.2} % in the rest of the log", climb.usual * 100.0);
    parts = parts.known(Source::Seen, Ground::Neighbour, None, usual);
    for what in makers(case, climb, &faults) {
        parts = parts.known(Source::Seen, Ground::Forwarded, None, what);
    }
    let evidence = faults
        .iter()
        .fold(Evidence::default(), |evidence, fault| evidence.and(0, None, fault.facts.clients, &fault.facts.lines));
    let evidence = Evidence { count, seen: Some((climb.from, climb.until)), ..evidence };
    let parts = parts
        .fix([format!(
            "what changed at {} UTC: a release, a restart, a new client or a limit",
            clock::minute(climb.from)
        )])
        .not("waiting for it to pass: a climb that has ended comes again with what caused it");
    let takes = Takes { class: u16::try_from(class).ok(), span: Some((climb.from, climb.until)), ..Takes::default() };
    Told::new(parts, evidence, takes).follows(cause(case, &faults))
}

/// The faults of this class that were worst within the climb, most lines first.
fn faults<'a>(case: &LogCase<'a>, climb: &Climb) -> Vec<Sign<'a, Fault>> {
    let minute = |fault: &Sign<'_, Fault>| fault.facts.worst.map(|(minute, _)| minute);
    // A minute may begin before a bucket of seconds does.
    let within = |minute: i64| climb.from - 60_000 < minute && minute < climb.until;
    let mut all: Vec<_> = case
        .traffic
        .faults()
        .filter(|fault| usize::from(fault.facts.status / 100) == climb.class && minute(fault).is_some_and(within))
        .filter(|fault| climb.class == 5 || real(fault) > 0)
        .collect();
    all.sort_by_key(|fault| (std::cmp::Reverse(fault.facts.worst.map_or(0, |(_, count)| count)), fault.key));
    all
}

/// What makes most of it: by status and route, by upstream, by client.
fn makers(case: &LogCase<'_>, climb: &Climb, faults: &[Sign<'_, Fault>]) -> Vec<String> {
    let mut all = Vec::new();
    let worst: Vec<String> = faults
        .iter()
        .take(3)
        .filter_map(|fault| {
            let (minute, count) = fault.facts.worst?;
            let route = if fault.key.is_empty() { "no path".to_owned() } else { shown::bytes(fault.key) };
            Some(format!("{} on {route} ({count} in the minute from {})", fault.facts.status, clock::minute(minute)))
        })
        .collect();
    if !worst.is_empty() {
        all.push(format!("worst: {}", worst.join(", ")));
    }
    if climb.class == 5 {
        let failed = |classes: Classes| of_class(classes, 5);
        let all_failed: u64 = case.traffic.upstreams().map(|one| failed(one.classes)).sum();
        let most = case.traffic.upstreams().max_by_key(|one| failed(one.classes));
        let alone = most.filter(|one| failed(one.classes) * 10 >= all_failed * 6 && all_failed > 0);
        all.extend(alone.map(|one| {
            format!("{} gave {} of {all_failed} 5xx of all upstreams", shown::bytes(one.key), failed(one.classes))
        }));
    } else if let Some(client) = case.refused.filter(|client| of_class(client.classes, 4) * 2 >= climb.count) {
        let refused = of_class(client.classes, 4);
        all.push(format!("{} was refused {}", shown::bytes(client.key), many(refused, "time")));
    }
    all
}

/// The cause that makes most of it, if it is one.
fn cause(case: &LogCase<'_>, faults: &[Sign<'_, Fault>]) -> Option<&'static str> {
    let weight = |fault: &Sign<'_, Fault>| fault.facts.worst.map_or(0, |(_, count)| count);
    let all: u64 = faults.iter().map(weight).sum();
    let most = |is: &dyn Fn(&Sign<'_, Fault>) -> bool| {
        let own: u64 = faults.iter().filter(|fault| is(fault)).map(weight).sum();
        own * 2 > all
    };
    let is_missing = |fault: &Sign<'_, Fault>| {
        fault.facts.status == 404
            && case
                .missing
                .iter()
                .any(|one| one.of(crate::diagnosis::log::prefixes::Way::Asked).iter().any(|r| r.route == fault.key))
    };
    let is_doubled = |fault: &Sign<'_, Fault>| {
        fault.facts.status == 404 && case.doubled.iter().any(|one| one.routes.iter().any(|r| r.route == fault.key))
    };
    if most(&|fault| matches!(fault.facts.status, 502 | 504)) {
        Some("UP01")
    } else if most(&is_missing) {
        Some("NG07")
    } else if most(&is_doubled) {
        Some("PX02")
    } else {
        None
    }
}
