//! # PX01 in a log
//!
//! Everything below a prefix is 404, and the same paths answer without it: the prefix reaches an app that does not know it.
//! A log does not show what the app was asked for, so this is never sure; a moved site, whose old folder is still asked for,
//! looks alike. It takes three routes, or the user's or the configuration's word for the prefix.

use std::collections::BTreeMap;

use crate::access_log::traffic::{Fault, Sign};
use crate::diagnosis::fact::Ground;
use crate::diagnosis::log::case::{LogCase, real};
use crate::diagnosis::log::prefixes::{answers, is_below};
use crate::diagnosis::log::takes::Takes;
use crate::diagnosis::log::told::{Evidence, Told, many};
use crate::diagnosis::rule::Parts;
use crate::diagnosis::{Confidence, shown};
use crate::lanes::Source;

/// Routes that have to answer without the prefix.
const ROUTES: usize = 3;
/// Lines.
const LINES: u64 = 6;

pub(super) fn check(case: &LogCase<'_>) -> Vec<Told> {
    let mut below = BTreeMap::<&[u8], Vec<Sign<'_, Fault>>>::new();
    for fault in case.faults_of(&[404]) {
        for cut in memchr::memchr_iter(b'/', fault.key).skip(1).take(3) {
            let (prefix, rest) = fault.key.split_at(cut);
            let works = rest.len() > 1 && case.traffic.route(rest).is_some_and(|route| answers(route.classes) > 0);
            if works && !prefix.contains(&b'{') && !prefix.ends_with(b"/") && !is_below(rest, prefix) {
                below.entry(prefix).or_default().push(fault);
            }
        }
    }
    below.retain(|prefix, faults| is_unknown(case, prefix, faults));
    below.into_iter().map(|(prefix, faults)| told(case, prefix, &faults)).collect()
}

/// True if enough speaks for the prefix, and nothing below it ever answered.
fn is_unknown(case: &LogCase<'_>, prefix: &[u8], faults: &[Sign<'_, Fault>]) -> bool {
    let lines: u64 = faults.iter().map(real).sum();
    let enough = faults.len() >= ROUTES && lines >= LINES || case.is_given(prefix);
    let by_proxy = case.traffic.tells_upstream() && faults.iter().all(|fault| fault.facts.by_app == 0);
    enough && !by_proxy && !case.traffic.routes().any(|route| is_below(route.key, prefix) && answers(route.classes) > 0)
}

fn told(case: &LogCase<'_>, prefix: &[u8], faults: &[Sign<'_, Fault>]) -> Told {
    let p = shown::bytes(prefix);
    let lines = faults.iter().map(real).sum();
    let evidence = faults.iter().fold(Evidence::default(), |evidence, fault| {
        evidence.and(real(fault), fault.seen, fault.facts.clients, &fault.facts.lines)
    });
    let first = faults.iter().max_by_key(|fault| real(fault)).map_or(&b""[..], |fault| fault.key);
    let rest = first.get(prefix.len()..).unwrap_or_default();
    let why = format!(
        "Nothing below {p} is found, and the same paths answer without it ({}): the prefix reaches an app that does not \
         know it.",
        shown::bytes(rest),
    );
    let parts = Parts::new(Confidence::Medium, why)
        .about(p.clone())
        .known(
            Source::Seen,
            Ground::Answer,
            None,
            format!(
                "{} below {p} on {}: 404, and no success",
                many(lines, "request"),
                many(faults.len() as u64, "route")
            ),
        )
        .known(Source::Seen, Ground::Neighbour, None, format!("{} answers", shown::bytes(rest)))
        .missing("the path that the app was asked for: a tap, or the server's own log")
        .fix([
            format!("{}  +  uvicorn --root-path {p}", case.proxy.strip(&p)),
            format!("or {}  +  the app's own root_path", case.proxy.keep(&p)),
        ])
        .not(format!(
            "uvicorn --root-path {p} with the prefix kept: uvicorn puts it before a path that has it already"
        ));
    let parts = case.exchange_known(case.route_known(parts, first), first, 404);
    Told::new(parts, evidence, Takes::routes(&[404], faults.iter().map(|fault| fault.key)))
}
