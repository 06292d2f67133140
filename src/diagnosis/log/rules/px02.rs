//! # PX02 in a log
//!
//! A path has its prefix twice and is not found; with the prefix once it answers, or, less surely, nobody asked. A log shows the path as it came to its
//! proxy: then a client, a page or a hop before this one put the prefix there twice. That the proxy or the server behind it
//! doubles a path that came with one prefix is not in the log.

use super::pages_that_led;
use crate::access_log::traffic::Prefix;
use crate::diagnosis::fact::Ground;
use crate::diagnosis::log::case::LogCase;
use crate::diagnosis::log::prefixes::{answers_once, evidence};
use crate::diagnosis::log::takes::Takes;
use crate::diagnosis::log::told::{Told, many};
use crate::diagnosis::rule::Parts;
use crate::diagnosis::{Confidence, shown};
use crate::lanes::Source;

pub(super) fn check(case: &LogCase<'_>) -> Vec<Told> {
    case.doubled.iter().map(|prefix| told(case, prefix)).collect()
}

fn told(case: &LogCase<'_>, prefix: &Prefix<'_>) -> Told {
    let p = shown::bytes(prefix.prefix);
    let evidence = evidence(&prefix.routes);
    let pages = pages_that_led(&prefix.routes);
    let from = pages.first().map_or_else(String::new, |page| format!(", most of them from the page {page}"));
    let first = prefix.routes.first();
    let wrong = first.map_or(&b""[..], |route| route.route);
    let answering = prefix.routes.iter().filter(|route| route.answered > 0).max_by_key(|route| route.lines);
    let why = format!(
        "{}{} asked for paths with {p} twice and got 404{from}: something puts the prefix before a path that has it already.",
        many(prefix.lines, "request"),
        evidence.of_clients(),
    );
    let answers = answers_once(prefix);
    let confidence = if answers { Confidence::High } else { Confidence::Medium };
    let mut parts = Parts::new(confidence, why).about(p.clone()).known(
        Source::Seen,
        Ground::Answer,
        None,
        format!(
            "{}: 404, as {} more",
            shown::bytes(wrong),
            many(prefix.routes.len().saturating_sub(1) as u64, "route")
        ),
    );
    if let Some((route, right)) = answering.and_then(|route| Some((route, route.right?))) {
        let what = format!("{} was answered {} times", shown::bytes(right), route.answered);
        parts = parts.known(Source::Seen, Ground::Neighbour, None, what);
    }
    if !answers {
        parts = parts
            .missing(format!("none of it was asked for with {p} once: whether it answers there is not in this log"));
    }
    if !pages.is_empty() {
        parts = parts.known(Source::Seen, Ground::Client, None, format!("Referer: {}", pages.join(", ")));
    }
    let builder = pages.first().map_or_else(|| "what builds these URLs".to_owned(), |page| format!("the page {page}"));
    let parts = parts
        .fix([
            format!("{builder}: its base URL ends in {p}, and the paths begin with it; take it off one of them"),
            format!(
                "if a hop before this proxy adds {p}: strip it there, or drop --root-path at what builds the links"
            ),
        ])
        .not(format!("a rule for {p}{p}: it hides the fault, and the next link has the prefix three times"));
    let path = first.and_then(|route| route.fault.paths.iter().next()).unwrap_or(wrong);
    let parts = case.exchange_known(case.route_known(parts, path), path, 404);
    Told::new(parts, evidence, Takes::routes(&[404], prefix.routes.iter().map(|route| route.route)))
}
