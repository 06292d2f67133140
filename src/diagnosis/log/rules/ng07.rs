//! # NG07 in a log
//!
//! Paths are not found that answer below a prefix: whoever asks leaves the prefix out, and no rule takes the path without it
//! to where it would be found. The prefix is learned from the routes that answer, or given. Who wrote the 404, the proxy
//! without a rule or an app that got the path, shows only where the upstream is logged.
//!
//! Scanners' and crawlers' 404s are not counted. `/login` may well be missing where `/admin/login` is not: without a page that
//! leads there, and without anybody's word for the prefix, it takes three routes.

use super::pages_that_led;
use crate::access_log::traffic::PrefixRoute;
use crate::diagnosis::fact::Ground;
use crate::diagnosis::log::case::LogCase;
use crate::diagnosis::log::prefixes::{Missing, Way, evidence};
use crate::diagnosis::log::takes::Takes;
use crate::diagnosis::log::told::{Evidence, Told, many};
use crate::diagnosis::rule::Parts;
use crate::diagnosis::{Confidence, Severity, shown};
use crate::lanes::Source;

/// Fewer lines are a warning.
const LINES: u64 = 5;

pub(super) fn check(case: &LogCase<'_>) -> Vec<Told> {
    case.missing.iter().filter_map(|missing| told(case, missing)).collect()
}

fn told(case: &LogCase<'_>, missing: &Missing<'_>) -> Option<Told> {
    let routes = missing.of(Way::Asked);
    let first = *routes.first()?;
    let (p, wrong) = (shown::bytes(missing.prefix), shown::bytes(first.route));
    let evidence = evidence(&routes);
    let pages = pages_that_led(&routes);
    let from = pages.first().map_or_else(String::new, |page| format!(", most of them from the page {page}"));
    let why = format!(
        "{}{} lacked the prefix {p} and got 404{from}: {wrong} is not there, {} is.",
        many(evidence.count, "request"),
        evidence.of_clients(),
        shown::bytes(first.right.unwrap_or_default()),
    );
    let mut parts = Parts::new(Confidence::High, why).about(p.clone());
    if evidence.count < LINES {
        parts = parts.severity(Severity::Warn);
    }
    parts = said(parts, missing, &routes, &evidence, &pages);
    parts = author(case, parts, &routes);
    let asks = pages.first().map_or_else(|| "whoever asks".to_owned(), |page| format!("what the page {page} asks for"));
    let parts = parts
        .fix([
            format!("{asks}: put {p} before its paths (its base URL, or the servers of the schema)"),
            format!("or, if {p} is not meant to be public: {}", case.proxy.add_rule(&wrong)),
        ])
        .not("a rule that takes everything: it hides the lost prefix, and the app gets paths of its neighbours");
    let path = first.fault.paths.iter().next().unwrap_or(first.route);
    let parts = case.exchange_known(case.route_known(parts, path), path, 404);
    Some(Told::new(parts, evidence, Takes::routes(&[404], routes.iter().map(|route| route.route))))
}

fn said(
    parts: Parts,
    missing: &Missing<'_>,
    routes: &[PrefixRoute<'_>],
    evidence: &Evidence,
    pages: &[String],
) -> Parts {
    let answered: u64 = routes.iter().map(|route| route.answered).sum();
    let p = shown::bytes(missing.prefix);
    let what =
        format!("{} without {p} on {}: 404", many(evidence.count, "request"), many(routes.len() as u64, "route"));
    let mut parts = parts.known(Source::Seen, Ground::Answer, None, what).known(
        Source::Seen,
        Ground::Neighbour,
        None,
        format!("the same below {p}: answered {}", many(answered, "time")),
    );
    if missing.is_given {
        parts = parts.known(Source::Rule, Ground::Proxy, None, format!("{p} is a public prefix, as given"));
    }
    if !pages.is_empty() {
        parts = parts.known(Source::Seen, Ground::Client, None, format!("Referer: {}", pages.join(", ")));
    }
    parts
}

/// Who wrote the 404.
fn author(case: &LogCase<'_>, parts: Parts, routes: &[PrefixRoute<'_>]) -> Parts {
    if !case.traffic.tells_upstream() {
        return parts.missing("whether the proxy or the app wrote the 404: log $upstream_status");
    }
    let by_app: u64 = routes.iter().map(|route| route.fault.by_app).sum();
    let what = if by_app == 0 {
        format!("no upstream was asked: {} answered by itself", case.proxy.name())
    } else {
        format!("an upstream was asked {}, and had no such route", many(by_app, "time"))
    };
    parts.known(Source::Seen, Ground::Forwarded, None, what)
}
