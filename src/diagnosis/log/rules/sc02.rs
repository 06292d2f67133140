//! # SC02 in a log
//!
//! A file that should be nobody else's was answered 200 with a body. A page that answers every path (a single-page app, or an
//! error page sent as 200) has one size on all of them, and gave nothing out: three such paths of one size, or the size of
//! the home page, are that. What only a program of another language answers is no finding on a host that is written in it.

use std::collections::BTreeMap;

use crate::access_log::Sought;
use crate::access_log::traffic::{Sign, Through};
use crate::diagnosis::fact::Ground;
use crate::diagnosis::log::case::LogCase;
use crate::diagnosis::log::prefixes::answers;
use crate::diagnosis::log::takes::Takes;
use crate::diagnosis::log::told::{Evidence, Told, many};
use crate::diagnosis::rule::Parts;
use crate::diagnosis::{Confidence, Severity, shown};
use crate::lanes::Source;

/// So many paths of one size are one page.
const ALIKE: usize = 3;

pub(super) fn check(case: &LogCase<'_>) -> Vec<Told> {
    let given: Vec<_> = case.traffic.through().filter(|through| through.facts.sought.is_some()).collect();
    let mut sizes = BTreeMap::<u64, usize>::new();
    for (low, high) in given.iter().map(|through| through.facts.sizes) {
        *sizes.entry(low).or_default() += usize::from(low == high);
    }
    let home = home(case);
    let is_page = |through: &Sign<'_, Through>| {
        let (low, high) = through.facts.sizes;
        low == high && (home == Some(low) || sizes.get(&low).is_some_and(|&paths| paths >= ALIKE))
    };
    let spoken = speaks_other(case);
    let mut found: Vec<_> = given.into_iter().filter(|through| !is_page(through)).collect();
    found.retain(|through| through.facts.sought.is_some_and(|sought| is_given_out(sought, spoken)));
    found.sort_by_key(|through| (std::cmp::Reverse(through.count), through.key));
    found.iter().map(|through| told(case, through)).collect()
}

/// The size of the home page, if it has but one.
fn home(case: &LogCase<'_>) -> Option<u64> {
    let home = case.traffic.route(b"/")?;
    let [_, _, answered, ..] = home.classes;
    (answered == home.count && answered > 0 && home.bytes % answered == 0).then(|| home.bytes / answered)
}

/// True if others than scanners are given scripts or programs of another language here.
fn speaks_other(case: &LogCase<'_>) -> bool {
    case.traffic.sought().any(|asked| {
        let is_other = asked.facts.sought.is_some_and(|sought| matches!(sought, Sought::Script | Sought::Program));
        let asked_by_scanners: u64 =
            case.scanners.iter().filter(|client| client.facts.asked.as_deref() == Some(asked.key)).count() as u64;
        is_other && answers(asked.classes) > 0 && u64::from(asked.facts.clients.about()) > asked_by_scanners + 1
    })
}

const fn is_given_out(sought: Sought, spoken: bool) -> bool {
    match sought {
        Sought::Script => !spoken,
        _ => sought.is_file(),
    }
}

fn told(case: &LogCase<'_>, through: &Sign<'_, Through>) -> Told {
    let path = shown::bytes(through.key);
    let sought = through.facts.sought.map_or("", Sought::word);
    let facts = through.facts;
    let (low, high) = facts.sizes;
    let size = if low == high { format!("{low} bytes") } else { format!("{low} to {high} bytes") };
    let evidence = Evidence::default().of(*through, facts.clients, &facts.lines);
    let why = format!("{path}, {sought}, was given out {}: {} with {size}.", many(through.count, "time"), facts.status);
    let addresses: Vec<String> = facts.addresses.iter().map(shown::bytes).collect();
    let refused = case.traffic.sought().filter(|asked| asked.key != through.key && answers(asked.classes) == 0).count();
    let mut parts = Parts::new(Confidence::High, why)
        .about(path.clone())
        .severity(Severity::Error)
        .known(Source::Seen, Ground::Answer, None, format!("{path}: {} with {size}", facts.status))
        .known(Source::Seen, Ground::Client, None, format!("asked for by {}", addresses.join(", ")));
    parts = if refused > 0 {
        let what =
            format!("{} that scanners seek refused, so this is no page for every path", many(refused as u64, "path"));
        parts.known(Source::Seen, Ground::Neighbour, None, what)
    } else {
        parts.missing("what was in the body: ask for it yourself")
    };
    let parts = parts
        .fix([
            "serve a folder of its own that holds nothing but public files".to_owned(),
            case.proxy.refuse_hidden().to_owned(),
            "change every password and key that was in it: whoever looks for such files has read it".to_owned(),
        ])
        .not("a list of the addresses that ask: the file has been read, and the next reader has another");
    let parts = case.exchange_known(case.route_known(parts, through.key), through.key, facts.status);
    Told::new(parts, evidence, Takes::paths(&[200, 206], [through.key]))
}
