//! # PX06 in a log
//!
//! Pages below a prefix (their `Referer` says so) ask for scripts, styles and the like at the root, and these are not found.
//! Sure where the same answers below the prefix. Where it was never asked for there, the host must have nothing of the kind
//! outside of the prefix: a dead link to a picture is no escaped prefix.

use crate::access_log::traffic::{Fault, Sign};
use crate::diagnosis::fact::Ground;
use crate::diagnosis::log::case::{LogCase, real};
use crate::diagnosis::log::prefixes::{self, Missing, Way, evidence};
use crate::diagnosis::log::takes::Takes;
use crate::diagnosis::log::told::{Evidence, Told, many};
use crate::diagnosis::rule::Parts;
use crate::diagnosis::{Confidence, shown};
use crate::lanes::Source;

pub(super) fn check(case: &LogCase<'_>) -> Vec<Told> {
    let known = case.missing.iter().filter_map(|missing| of_prefix(case, missing));
    let strays = prefixes::strays(case);
    let guessed = strays.iter().map(|(folder, faults)| of_folder(case, folder, faults));
    known.chain(guessed).collect()
}

/// The same is there, below the prefix.
fn of_prefix(case: &LogCase<'_>, missing: &Missing<'_>) -> Option<Told> {
    let routes = missing.of(Way::Page);
    let first = routes.first()?;
    let right = shown::bytes(first.right.unwrap_or_default());
    let parts = Parts::new(Confidence::High, String::new()).known(
        Source::Seen,
        Ground::Neighbour,
        None,
        format!("{right} was answered {}", many(first.answered, "time")),
    );
    let wrong: Vec<&[u8]> = routes.iter().map(|route| route.route).collect();
    Some(told(case, missing.prefix, &wrong, parts, evidence(&routes)))
}

fn of_folder(case: &LogCase<'_>, folder: &[u8], faults: &[Sign<'_, Fault>]) -> Told {
    let evidence = faults.iter().fold(Evidence::default(), |evidence, fault| {
        evidence.and(real(fault), fault.seen, fault.facts.clients, &fault.facts.lines)
    });
    let missing =
        format!("whether {}{} is there", shown::bytes(folder), shown::bytes(faults.first().map_or(b"", |f| f.key)));
    let parts = Parts::new(Confidence::Medium, String::new()).missing(missing);
    let wrong: Vec<&[u8]> = faults.iter().map(|fault| fault.key).collect();
    told(case, folder, &wrong, parts, evidence)
}

fn told(case: &LogCase<'_>, prefix: &[u8], wrong: &[&[u8]], parts: Parts, evidence: Evidence) -> Told {
    let p = shown::bytes(prefix);
    let first = wrong.first().copied().unwrap_or_default();
    let why = format!(
        "Pages below {p} ask for {} at the root of the host, without {p}, and {} found: they were built for /.",
        shown::bytes(first),
        if wrong.len() > 1 { format!("neither it nor {} more are", wrong.len() - 1) } else { "it is not".to_owned() },
    );
    let count = evidence.count;
    let mut parts = Parts { why, ..parts }
        .about(p.clone())
        .known(
            Source::Seen,
            Ground::Client,
            None,
            format!("{} with a page below {p} as Referer, 404", many(count, "request")),
        )
        .fix([
            format!("the app or its front end: set its base path to {p} (base href, publicPath, the app's own option)"),
            "or give it a host name of its own".to_owned(),
        ])
        .not("a rule for each of these paths at the root: the next app below a prefix has the same names");
    parts = case.exchange_known(case.route_known(parts, first), first, 404);
    Told::new(parts, evidence, Takes::routes(&[404], wrong.iter().copied()))
}
