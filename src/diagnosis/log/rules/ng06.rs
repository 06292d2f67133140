//! # NG06 in a log
//!
//! What a page asks for is missing at the root and there below the prefix, and the page (`Referer`) is the prefix itself,
//! without a slash at its end: its relative links lead one level too high.

use crate::diagnosis::fact::Ground;
use crate::diagnosis::log::case::LogCase;
use crate::diagnosis::log::prefixes::{Way, evidence};
use crate::diagnosis::log::takes::Takes;
use crate::diagnosis::log::told::{Told, many};
use crate::diagnosis::rule::Parts;
use crate::diagnosis::{Confidence, Severity, shown};
use crate::lanes::Source;

pub(super) fn check(case: &LogCase<'_>) -> Vec<Told> {
    let mut all = Vec::new();
    for missing in &case.missing {
        let routes = missing.of(Way::MountPoint);
        let Some(first) = routes.first() else { continue };
        let (p, wrong) = (shown::bytes(missing.prefix), shown::bytes(first.route));
        let evidence = evidence(&routes);
        let why = format!(
            "The page {p}, opened without a slash at its end, asks for {wrong}, one level too high: its relative links need \
             {p}/.",
        );
        let parts = Parts::new(Confidence::High, why)
            .about(p.clone())
            .severity(Severity::Warn)
            .known(Source::Seen, Ground::Client, None, format!("Referer: {p}, {}", many(evidence.count, "request")))
            .known(
                Source::Seen,
                Ground::Neighbour,
                None,
                format!("{p}{wrong} was answered {}", many(first.answered, "time")),
            )
            .fix([
                format!("redirect {p} to {p}/ at the proxy (nginx: location = {p} {{ return 308 {p}/; }})"),
                format!("or the app: <base href=\"{p}/\"> in its pages"),
            ])
            .not("a rule for each of these files at the root: the next app below a prefix has the same names");
        let parts = case.exchange_known(case.route_known(parts, missing.prefix), first.route, 404);
        all.push(Told::new(parts, evidence, Takes::routes(&[404], routes.iter().map(|route| route.route))));
    }
    all
}
