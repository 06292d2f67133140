//! # RD01 and RD02 in a log
//!
//! Only where `Location` is logged (`$sent_http_location`), and the host that was asked for: a redirect to a host that only
//! machines behind the proxy can use, or from https to http. A redirect from http to https is health.

use crate::access_log::traffic::{Redirect, Sign};
use crate::diagnosis::fact::Ground;
use crate::diagnosis::log::case::LogCase;
use crate::diagnosis::log::takes::Takes;
use crate::diagnosis::log::told::{Evidence, Told, many};
use crate::diagnosis::rule::Parts;
use crate::diagnosis::{Confidence, Severity, shown};
use crate::lanes::Source;
use crate::redirect::{Asked, HostVerdict, Judged, SchemeVerdict, Url, judge};

/// Redirects of one kind, and what is wrong with the first.
struct Found<'a> {
    signs: Vec<Sign<'a, Redirect>>,
    first: Judged,
    evidence: Evidence,
}

impl Found<'_> {
    /// Which paths redirect.
    fn paths(&self) -> String {
        let first = self.signs.first().map_or_else(String::new, |sign| shown::bytes(sign.key));
        match self.signs.len() {
            0 | 1 => format!("{first} redirects"),
            paths => format!("{first} and {} redirect", many(paths as u64 - 1, "other path")),
        }
    }
}

pub(super) fn internal(case: &LogCase<'_>) -> Vec<Told> {
    let Some(found) = find(case, |judged| matches!(judged.host, HostVerdict::Internal(_))) else { return Vec::new() };
    let host = shown::text(&found.first.target.host);
    let why = format!(
        "{} to {host}, a host that clients cannot reach: the app builds its redirects from the name by which the proxy calls \
         it.",
        found.paths(),
    );
    let fix = [case.proxy.pass_host()];
    let not = "the host's name written into the app: the next name breaks it again";
    vec![told(case, &found, host, why, &fix, not)]
}

pub(super) fn downgraded(case: &LogCase<'_>) -> Vec<Told> {
    let wrong = |judged: &Judged| judged.scheme == SchemeVerdict::Downgraded && judged.host == HostVerdict::Same;
    let Some(found) = find(case, wrong) else { return Vec::new() };
    let why = format!(
        "{} from https to http on the same host: the app does not know that it is behind https.",
        found.paths(),
    );
    let fix = [
        case.proxy.send_scheme(),
        "uvicorn: --forwarded-allow-ips with the proxy's address, so that it is believed".into(),
    ];
    let not = "a redirect back to https alone: it hides the fault for a GET, and a POST loses its body";
    vec![told(case, &found, "https".to_owned(), why, &fix, not)]
}

fn find<'a>(case: &LogCase<'a>, wrong: impl Fn(&Judged) -> bool) -> Option<Found<'a>> {
    let (mut signs, mut first, mut evidence) = (Vec::new(), None, Evidence::default());
    for sign in case.traffic.redirects() {
        let Some(judged) = judged(&sign).filter(&wrong) else { continue };
        evidence = evidence.of(sign, sign.facts.clients, &sign.facts.lines);
        first.get_or_insert(judged);
        signs.push(sign);
    }
    signs.sort_by_key(|sign| std::cmp::Reverse(sign.count));
    Some(Found { signs, first: first?, evidence })
}

/// Its `Location` against what was asked for; `None` if the log does not say both. A scheme that is not logged is taken to be
/// that of the redirect.
fn judged(sign: &Sign<'_, Redirect>) -> Option<Judged> {
    let facts = sign.facts;
    let location = facts.location.as_deref()?;
    let host = facts.host.as_deref().and_then(|host| std::str::from_utf8(host).ok())?;
    let scheme = match facts.scheme.as_deref() {
        Some(b"https") => "https",
        Some(b"http") => "http",
        _ if location.starts_with(b"https:") => "https",
        _ => "http",
    };
    let mut base = Url::absolute(format!("{scheme}://{host}/").as_bytes())?;
    base.path = sign.key.to_vec();
    judge(&Asked { url: base, prefix: "", internal: &[] }, location)
}

fn told(case: &LogCase<'_>, found: &Found<'_>, about: String, why: String, fix: &[String], not: &str) -> Told {
    let first = found.signs.first();
    let path = first.map_or(&b""[..], |sign| sign.key);
    let location = first.and_then(|sign| sign.facts.location.as_deref()).unwrap_or_default();
    let by_app: u64 = found.signs.iter().map(|sign| sign.facts.by_app).sum();
    let mut parts = Parts::new(Confidence::High, why).about(about).severity(Severity::Error).known(
        Source::Seen,
        Ground::Answer,
        None,
        format!("{}: Location {}", shown::bytes(path), shown::bytes(location)),
    );
    if let Some(host) = first.and_then(|sign| sign.facts.host.as_deref()) {
        parts = parts.known(Source::Seen, Ground::Client, None, format!("{} was asked for", shown::bytes(host)));
    }
    parts = match by_app {
        0 if case.traffic.tells_upstream() => {
            parts.known(Source::Seen, Ground::Forwarded, None, "the proxy wrote them itself")
        }
        0 => parts.missing("whether the proxy or the app wrote the redirect: log $upstream_status"),
        _ => parts.known(Source::Seen, Ground::Forwarded, None, "an upstream wrote them"),
    };
    let parts = case.route_known(parts, path).fix(fix.iter().cloned()).not(not);
    Told::new(parts, found.evidence.clone(), Takes::paths(&REDIRECTS, found.signs.iter().map(|sign| sign.key)))
}

/// Statuses that lead elsewhere.
pub(super) const REDIRECTS: [u16; 5] = [301, 302, 303, 307, 308];
