//! # RD06 and RD08 in a log
//!
//! One client asks for the same path, or for two in turn, and is redirected each time, several times a second: a browser in a
//! circle. If each target is longer than the last, it is RD08: `next=…next=…`. Whoever polls a path that is redirected, and
//! does not follow, comes more slowly.

use super::locations::REDIRECTS;
use crate::access_log::traffic::{Redirect, Sign};
use crate::diagnosis::fact::Ground;
use crate::diagnosis::log::case::LogCase;
use crate::diagnosis::log::takes::Takes;
use crate::diagnosis::log::told::{Evidence, Told, many};
use crate::diagnosis::rule::Parts;
use crate::diagnosis::{Confidence, shown};
use crate::lanes::Source;

/// Redirects in a circle that are no second try.
const CIRCLE: u32 = 5;
/// From one to the next, milliseconds on average, and what a clock of whole seconds adds.
const PACE: i64 = 400;
const CLOCK: i64 = 1000;

pub(super) fn circles(case: &LogCase<'_>) -> Vec<Told> {
    let found = find(case, false);
    let Some(first) = found.first().copied() else { return Vec::new() };
    let (lines, took) = first.facts.longest;
    let path = shown::bytes(first.key);
    let evidence = evidence(&found);
    let why =
        format!("{path} redirects in a circle: one client was sent round {lines} times within {} s.", took / 1000 + 1);
    let parts = parts(case, first, why)
        .fix([
            "if the proxy strips a prefix that the app redirects to: keep it at the proxy, or take serve-from-sub-path off"
                .to_owned(),
            format!("if it is http and https in turn: {}", case.proxy.send_scheme()),
        ])
        .not("a cleared cookie or cache: the next visitor goes round again");
    vec![Told::new(parts, evidence, Takes::paths(&REDIRECTS, found.iter().map(|sign| sign.key)))]
}

pub(super) fn growing(case: &LogCase<'_>) -> Vec<Told> {
    let found = find(case, true);
    let Some(first) = found.first().copied() else { return Vec::new() };
    let path = shown::bytes(first.key);
    let why = format!(
        "{path} redirects to itself with a target that grows each time ({}): it takes its own login page, or its own prefix, \
         for somebody else's.",
        many(u64::from(first.facts.longest.0), "redirect"),
    );
    let parts = parts(case, first, why)
        .fix([
            "the app's public prefix must be what it is reached by: its base path, or uvicorn --root-path with a proxy that \
             strips",
            "the login page must be open to who is not logged in, under the path that it has behind the proxy",
        ])
        .not("a longer limit for URLs: it ends in 414 a little later");
    let evidence = evidence(&found);
    vec![Told::new(parts, evidence, Takes::paths(&REDIRECTS, found.iter().map(|sign| sign.key)))]
}

fn find<'a>(case: &LogCase<'a>, growing: bool) -> Vec<Sign<'a, Redirect>> {
    let mut found: Vec<_> = case
        .traffic
        .redirects()
        .filter(|sign| is_circle(sign.facts) && (sign.facts.growing * 2 >= sign.facts.looped) == growing)
        .collect();
    found.sort_by_key(|sign| (std::cmp::Reverse(sign.facts.looped), sign.key));
    found
}

fn is_circle(redirect: &Redirect) -> bool {
    let (lines, took) = redirect.longest;
    redirect.looped > 0 && lines >= CIRCLE && took <= i64::from(lines) * PACE + CLOCK
}

fn evidence(found: &[Sign<'_, Redirect>]) -> Evidence {
    found.iter().fold(Evidence::default(), |evidence, sign| {
        evidence.and(sign.facts.looped, sign.seen, sign.facts.clients, &sign.facts.lines)
    })
}

fn parts(case: &LogCase<'_>, sign: Sign<'_, Redirect>, why: String) -> Parts {
    let facts = sign.facts;
    let parts = Parts::new(Confidence::High, why).about(shown::bytes(sign.key)).known(
        Source::Seen,
        Ground::Answer,
        None,
        format!("{} on {} in circles", many(facts.looped, "redirect"), shown::bytes(sign.key)),
    );
    let parts = match facts.location.as_deref() {
        Some(location) => {
            parts.known(Source::Seen, Ground::Neighbour, None, format!("Location: {}", shown::bytes(location)))
        }
        None => parts.missing("where it leads: log $sent_http_location"),
    };
    case.exchange_known(case.route_known(parts, sign.key), sign.key, facts.status)
}
