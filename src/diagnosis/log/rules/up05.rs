//! # UP05: retry hidden behind a success
//!
//! ## What it says
//! A request failed at one upstream and was passed on to the next, which answered it well. The client got its answer late, and
//! the log's own status says 200: nobody sees that an upstream is ill.
//!
//! ## Why it happens
//! nginx passes a request on when an upstream of the group refuses the connection, hangs up or does not answer in time
//! (`proxy_next_upstream`). One member is not running, restarts again and again, or closes connections that are kept open sooner
//! than the proxy does.
//!
//! ## How it is told from its neighbours
//! - `UP01`: no upstream answered, and the client was told so.
//! - An internal redirect (`X-Accel-Redirect`) asks a second upstream too, and is written with ` : ` in the list; a retry with
//!   `, `.
//! - It shows only where `$upstream_addr` or `$upstream_status` is logged.
//!
//! ## Example
//! ```text
//! "GET /items/ HTTP/1.1" 200 … ua="10.0.0.1:8000, 10.0.0.2:8000" us="502, 200"
//! ```
//!
//! ## Fix
//! Look at the upstream that is first in these lists: its own log, its restarts, its address. Where it closes idle connections
//! too soon, let the app keep them longer than the proxy does (`uvicorn --timeout-keep-alive 75`).
//!
//! ## Not
//! `proxy_next_upstream off` while an upstream is ill: clients then get the failures. Nor `non_idempotent`: what the first
//! upstream has begun is then done twice.

use crate::access_log::traffic::Spread;
use crate::diagnosis::fact::Ground;
use crate::diagnosis::log::case::LogCase;
use crate::diagnosis::log::takes::Takes;
use crate::diagnosis::log::told::{Evidence, Told, many};
use crate::diagnosis::pages::{Found, Page};
use crate::diagnosis::rule::Parts;
use crate::diagnosis::{Confidence, Severity, shown};
use crate::lanes::Source;

pub(in crate::diagnosis) const PAGE: Page = Page {
    code: "UP05",
    title: "retry hidden behind a success",
    severity: Severity::Warn,
    found: Found::Logs,
    source: include_str!("up05.rs"),
};

/// Fewer, or fewer than one in so many lines, are a note.
const LINES: u64 = 5;
const ONE_IN: u64 = 1000;

pub(super) fn check(case: &LogCase<'_>) -> Vec<Told> {
    let mut routes: Vec<_> = case.traffic.routes().filter(|route| route.facts.hidden_retries > 0).collect();
    routes.sort_by_key(|route| (std::cmp::Reverse(route.facts.hidden_retries), route.key));
    let Some(first) = routes.first() else { return Vec::new() };
    let evidence = routes.iter().fold(Evidence::default(), |evidence, route| {
        evidence.and(route.facts.hidden_retries, route.seen, Spread::default(), &route.facts.retried_lines)
    });
    let mut upstreams: Vec<_> = case.traffic.upstreams().filter(|one| one.facts.hidden > 0).collect();
    upstreams.sort_by_key(|one| (std::cmp::Reverse(one.facts.hidden), one.key));
    let worst = upstreams.first().filter(|one| one.facts.hidden * 2 > evidence.count || upstreams.len() == 1);
    let about = worst.map_or_else(|| "several upstreams".to_owned(), |one| shown::bytes(one.key));
    let why = format!(
        "{} failed at {about} before another upstream answered {}: the status in the log hides it.",
        many(evidence.count, "request"),
        if evidence.count == 1 { "it" } else { "them" },
    );
    let named: Vec<String> =
        upstreams.iter().take(4).map(|one| format!("{} ({})", shown::bytes(one.key), one.facts.hidden)).collect();
    let mut parts = Parts::new(Confidence::High, why).about(about).known(
        Source::Seen,
        Ground::Answer,
        None,
        format!("{} with a success, most on {}", many(evidence.count, "request"), shown::bytes(first.key)),
    );
    parts = if named.is_empty() {
        parts.missing("which upstream failed: log $upstream_addr")
    } else {
        parts.known(Source::Seen, Ground::Forwarded, None, format!("passed on by {}", named.join(", ")))
    };
    if evidence.count < LINES || evidence.count * ONE_IN < case.lines {
        parts = parts.severity(Severity::Note);
    }
    let parts = parts
        .fix([
            "the log of the upstream that failed: whether it restarts, refuses, or hangs up",
            "if it hangs up on connections that are kept open: uvicorn --timeout-keep-alive 75, longer than the proxy's own",
        ])
        .not("proxy_next_upstream off while it is ill: clients then get the failures");
    vec![Told::new(parts, evidence, Takes { retried: true, ..Takes::default() })]
}
