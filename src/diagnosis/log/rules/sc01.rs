//! # SC01 in a log
//!
//! Who asks for what scanners seek, how many they are, and what they are after, in one note. Requests that are none (TLS on a
//! plain port, other protocols) belong to it; so does a path that nobody else asks for and one of them was given: it may be a
//! page like any other, so it is named and not judged.

use std::collections::BTreeMap;

use crate::access_log::Sought;
use crate::access_log::traffic::Spread;
use crate::diagnosis::fact::Ground;
use crate::diagnosis::log::case::LogCase;
use crate::diagnosis::log::prefixes::answers;
use crate::diagnosis::log::takes::Takes;
use crate::diagnosis::log::told::{Evidence, Told, many};
use crate::diagnosis::rule::Parts;
use crate::diagnosis::{Confidence, shown};
use crate::lanes::Source;

/// Paths that anybody may ask a host for first.
const ORDINARY: [&[u8]; 5] = [b"/", b"/robots.txt", b"/favicon.ico", b"/sitemap.xml", b"/index.html"];

pub(super) fn check(case: &LogCase<'_>) -> Vec<Told> {
    let mut kinds = BTreeMap::<Sought, u64>::new();
    let mut evidence = Evidence::default();
    for asked in case.traffic.sought() {
        if let Some(sought) = asked.facts.sought {
            *kinds.entry(sought).or_default() += asked.count;
        }
        evidence = evidence.of(asked, asked.facts.clients, &asked.facts.lines);
    }
    if evidence.count == 0 && case.scanners.is_empty() {
        return Vec::new();
    }
    let by_scanners: u64 = case.scanners.iter().map(|client| client.count).sum();
    let mut kinds: Vec<(Sought, u64)> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let kinds: Vec<String> = kinds.iter().take(5).map(|(kind, count)| format!("{} ({count})", kind.word())).collect();
    let what = if kinds.is_empty() { "whatever is there".to_owned() } else { kinds.join(", ") };
    let scanners = case.scanners.len() as u64;
    let (looked, came) = (many(evidence.count, "request"), many(by_scanners, "request"));
    let who = many(scanners, "client");
    let seen = match (evidence.count, scanners) {
        (_, 0) => format!("{looked} looked for {what}"),
        (0, _) => format!("{came} came from {who} that asked for little but what scanners look for"),
        _ => format!("{looked} looked for {what}; {came} came from {who} that asked for little else"),
    };
    let why = format!("{seen}. It says nothing about the proxy or the app.");
    let mut parts = Parts::new(Confidence::High, why)
        .about("what scanners look for")
        .known(Source::Seen, Ground::Client, None, format!("{} for {what}", many(evidence.count, "request")))
        .known(Source::Seen, Ground::Neighbour, None, named(case));
    for (what, _) in unheard(case).into_iter().take(3) {
        parts = parts.known(Source::Seen, Ground::Answer, None, what);
    }
    for garbage in case.traffic.garbage() {
        evidence = evidence.and(0, garbage.seen, Spread::default(), garbage.lines);
        let what = format!("{} of no HTTP: {}", many(garbage.count, "request"), garbage.kind.word());
        parts = parts.known(Source::Seen, Ground::Client, None, what);
    }
    evidence.count = evidence.count.max(by_scanners);
    let parts = parts
        .fix([format!("nothing has to be changed; to keep it from the app, {}", case.proxy.refuse_hidden())])
        .not("a rule that passes such paths on, or a list of the addresses that ask: tomorrow it is others");
    vec![Told::new(parts, evidence, Takes::scans(case.scanners.iter().map(|client| client.key)))]
}

/// Who they are.
fn named(case: &LogCase<'_>) -> String {
    let named: Vec<String> = case
        .scanners
        .iter()
        .take(6)
        .map(|client| {
            let missing = client.facts.missing.about();
            let found = if missing > 0 { format!(", about {missing} paths not found") } else { String::new() };
            format!("{} ({}{found})", shown::bytes(client.key), many(client.count, "request"))
        })
        .collect();
    match (named.is_empty(), case.scanners.len().saturating_sub(named.len())) {
        (true, _) => "no client asks for that alone".to_owned(),
        (_, 0) => named.join(", "),
        (_, more) => format!("{} and {more} more", named.join(", ")),
    }
}

/// What one of them was given and nobody else ever asked for.
fn unheard(case: &LogCase<'_>) -> Vec<(String, u64)> {
    let mut all: Vec<(String, u64)> = case
        .traffic
        .through()
        .filter(|through| through.facts.sought.is_none() && !ORDINARY.contains(&through.key))
        .filter(|through| case.traffic.route(through.key).is_some_and(|route| answers(route.classes) <= through.count))
        .map(|through| {
            let (_, bytes) = through.facts.sizes;
            let what = format!(
                "a scanner was given {} ({} bytes), which nobody else asks for",
                shown::bytes(through.key),
                bytes
            );
            (what, bytes)
        })
        .collect();
    all.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    all
}
