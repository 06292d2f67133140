//! # RD03 and RD05 in a log
//!
//! A path is redirected, and the same client then asks for it with the slash put on or taken off: it happens on every call if
//! clients come this way again and again. Once for each visitor is how browsers find a page. If what was sent with another method comes back as GET, it is RD05: the body is lost.

use super::locations::REDIRECTS;
use crate::access_log::traffic::{Redirect, Sign};
use crate::diagnosis::fact::Ground;
use crate::diagnosis::log::case::LogCase;
use crate::diagnosis::log::takes::Takes;
use crate::diagnosis::log::told::{Evidence, Told, many};
use crate::diagnosis::rule::Parts;
use crate::diagnosis::{Confidence, shown};
use crate::lanes::Source;

/// Times that each client came this way, on average, and times in all.
const EACH: u64 = 3;
const TIMES: u64 = 6;
/// More clients than this are not told apart; then all that the log has are taken to have come.
const MOST_CLIENTS: u32 = 150;

pub(super) fn check(case: &LogCase<'_>) -> Vec<Told> {
    let mut found: Vec<_> = case.traffic.redirects().filter(|sign| is_habit(case, sign) && !loses_body(sign)).collect();
    found.sort_by_key(|sign| (std::cmp::Reverse(sign.facts.slash), sign.key));
    let Some(first) = found.first() else { return Vec::new() };
    let evidence = found.iter().fold(Evidence::default(), |evidence, sign| {
        evidence.and(sign.facts.slash, sign.seen, sign.facts.clients, &sign.facts.lines)
    });
    let (path, right) = (shown::bytes(first.key), shown::bytes(&other(first.key)));
    let more = match found.len() {
        1 => String::new(),
        paths => format!(", and {} like it", many(paths as u64 - 1, "path")),
    };
    let why =
        format!("{path} was redirected to {right}{more} {}: each call is made twice.", many(evidence.count, "time"));
    let parts = Parts::new(Confidence::High, why)
        .about(if found.len() == 1 { right.clone() } else { "a slash at the end".to_owned() })
        .known(
            Source::Seen,
            Ground::Answer,
            None,
            format!("{path}: {} {}", first.facts.status, many(first.count, "time")),
        )
        .known(
            Source::Seen,
            Ground::Neighbour,
            None,
            format!("{right} asked for by the same client right behind it {}", many(first.facts.slash, "time")),
        )
        .fix([
            format!("the client: call {right}"),
            "or the app: redirect_slashes=False, and a route for each form".to_owned(),
        ])
        .not("a rewrite in the proxy that adds slashes: it breaks the routes that have none");
    let parts = case.exchange_known(parts, first.key, first.facts.status);
    vec![Told::new(parts, evidence, Takes::paths(&REDIRECTS, found.iter().map(|sign| sign.key)))]
}

pub(super) fn method_lost(case: &LogCase<'_>) -> Vec<Told> {
    let mut found: Vec<_> = case.traffic.redirects().filter(loses_body).collect();
    found.sort_by_key(|sign| (std::cmp::Reverse(sign.facts.method_lost), sign.key));
    let Some(first) = found.first() else { return Vec::new() };
    let evidence = found.iter().fold(Evidence::default(), |evidence, sign| {
        evidence.and(sign.facts.method_lost, sign.seen, sign.facts.clients, &sign.facts.lines)
    });
    let (path, right) = (shown::bytes(first.key), shown::bytes(&other(first.key)));
    let why = format!(
        "What was sent to {path} was redirected to {right} with {} and came back as GET without its body {}.",
        first.facts.status,
        many(evidence.count, "time"),
    );
    let parts = Parts::new(Confidence::High, why)
        .about(right.clone())
        .known(Source::Seen, Ground::Answer, None, format!("{path}: {}", first.facts.status))
        .known(Source::Seen, Ground::Neighbour, None, format!("GET {right} by the same client right behind it"))
        .fix([
            format!("the client: call {right}"),
            "or redirect with 307 or 308: these keep method and body".to_owned(),
        ])
        .not("a route for GET on that path: the body is lost all the same");
    let parts = case.exchange_known(case.route_known(parts, first.key), first.key, first.facts.status);
    vec![Told::new(parts, evidence, Takes::paths(&[301, 302, 303], found.iter().map(|sign| sign.key)))]
}

/// True if clients come this way on every call.
fn is_habit(case: &LogCase<'_>, sign: &Sign<'_, Redirect>) -> bool {
    let facts = sign.facts;
    if facts.slash < TIMES || sign.slash_percent() < 50 {
        return false;
    }
    let about = facts.clients.about();
    let clients = if about <= MOST_CLIENTS { u64::from(about.max(1)) } else { case.traffic.clients() };
    facts.slash >= EACH * clients
}

/// Where the path before and behind differ by the slash alone, a GET is no answer to a form.
fn loses_body(sign: &Sign<'_, Redirect>) -> bool {
    let facts = sign.facts;
    matches!(facts.status, 301..=303) && facts.method_lost >= 2 && facts.again == 0 && facts.slash > 0
}

/// The path with its last slash put on or taken off.
fn other(path: &[u8]) -> Vec<u8> {
    match path {
        [shorter @ .., b'/'] => shorter.to_vec(),
        _ => [path, b"/"].concat(),
    }
}
