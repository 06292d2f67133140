//! # PX05 in a log
//!
//! `/openapi.json` is not found at the root, and the `Referer` is the docs page below a prefix. Where that page's folder is not
//! known to the log but from the `Referer`, one fact is missing.

use crate::diagnosis::fact::Ground;
use crate::diagnosis::log::case::{LogCase, page, real};
use crate::diagnosis::log::prefixes::{answers, docs_of};
use crate::diagnosis::log::takes::Takes;
use crate::diagnosis::log::told::{Evidence, Told, many};
use crate::diagnosis::rule::Parts;
use crate::diagnosis::{Confidence, shown};
use crate::lanes::Source;

const SCHEMA: &[u8] = b"/openapi.json";

pub(super) fn check(case: &LogCase<'_>) -> Vec<Told> {
    let Some(fault) = case.traffic.fault(SCHEMA, 404).filter(|fault| real(fault) > 0) else { return Vec::new() };
    let pages: Vec<Vec<u8>> = fault.facts.referers.iter().filter_map(page).collect();
    let Some(docs) = pages.iter().find(|page| docs_of(page).is_some_and(|prefix| !prefix.is_empty())) else {
        return Vec::new();
    };
    let Some(prefix) = docs_of(docs) else { return Vec::new() };
    let (p, docs_page) = (shown::bytes(prefix), shown::bytes(docs));
    let evidence = Evidence::default().and(fault.facts.referred, fault.seen, fault.facts.clients, &fault.facts.lines);
    let why = format!(
        "The page {docs_page} loads its schema from /openapi.json, without {p}, and that is not found: the app does not know \
         its public prefix.",
    );
    let parts = Parts::new(Confidence::High, why).about(p.clone()).known(
        Source::Seen,
        Ground::Client,
        None,
        format!("/openapi.json was asked for by {docs_page} {}", many(fault.facts.referred, "time")),
    );
    let served = case.traffic.route(docs).filter(|route| answers(route.classes) > 0);
    let parts = match served {
        Some(route) => {
            let what = format!("{docs_page} was served {}", many(answers(route.classes), "time"));
            parts.known(Source::Seen, Ground::Neighbour, None, what)
        }
        None => parts.missing("the docs page itself, which is not in this log"),
    };
    let parts = parts
        .fix([
            format!("as the proxy strips {p}: uvicorn --root-path {p}"),
            format!("with another server: {}  +  its root path {p}", case.proxy.keep(&p)),
        ])
        .not(format!("openapi_url=\"{p}/openapi.json\": it moves the file too, to {p}{p}/openapi.json"));
    let parts = case.exchange_known(case.route_known(parts, SCHEMA), SCHEMA, 404);
    vec![Told::new(parts, evidence, Takes::paths(&[404], [SCHEMA]))]
}
