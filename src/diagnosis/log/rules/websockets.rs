//! # WS01 and WS02 in a log
//!
//! A path that by its name, or by an earlier 101, is a websocket's is never switched: 403 is how ASGI servers refuse one that
//! no route takes (WS01); 400 and 426, and 404 by an app that took it for plain HTTP, come of an `Upgrade` that was dropped on
//! the way (WS02). A log does not hold the `Upgrade`, so neither is sure, unless 426 says it.

use crate::access_log::traffic::{Fault, Sign};
use crate::diagnosis::fact::Ground;
use crate::diagnosis::log::case::{LogCase, real};
use crate::diagnosis::log::takes::Takes;
use crate::diagnosis::log::told::{Evidence, Told, many};
use crate::diagnosis::rule::Parts;
use crate::diagnosis::{Confidence, shown};
use crate::lanes::Source;

/// Whole segments that name a websocket.
const NAMES: [&[u8]; 8] =
    [b"ws", b"wss", b"websocket", b"websockets", b"web-socket", b"graphql-ws", b"ws-endpoint", b"cable"];
/// Ends of paths that apps are known to have.
const KNOWN: [&[u8]; 3] = [b"/_stcore/stream", b"/channels", b"/gradio_api/queue/join"];
/// Fewer are somebody's try with a browser.
const LINES: u64 = 3;

pub(super) fn refused(case: &LogCase<'_>) -> Vec<Told> {
    find(case, &[403]).into_iter().map(|faults| told_refused(case, &faults)).collect()
}

pub(super) fn dropped(case: &LogCase<'_>) -> Vec<Told> {
    find(case, &[400, 404, 426]).into_iter().map(|faults| told_dropped(case, &faults)).collect()
}

/// All that fail with these statuses, as one.
fn find<'a>(case: &LogCase<'a>, statuses: &'static [u16]) -> Option<Vec<Sign<'a, Fault>>> {
    let mut found: Vec<_> = case.faults_of(statuses).filter(|fault| is_websocket(case, fault)).collect();
    found.sort_by_key(|fault| (std::cmp::Reverse(real(fault)), fault.key));
    Some(found).filter(|found| !found.is_empty())
}

/// True for a path that is a websocket's and has no success of any kind, unless a prefix is what it lacks.
fn is_websocket(case: &LogCase<'_>, fault: &Sign<'_, Fault>) -> bool {
    let is_gets = fault.facts.methods.iter().all(|method| method == b"GET");
    if real(fault) < LINES || !is_gets || !is_named(fault.key) {
        return false;
    }
    let route = case.traffic.route(fault.key);
    let never = route.is_some_and(|route| {
        let [_, switched, answered, ..] = route.classes;
        switched + answered + route.facts.switched == 0
    });
    let of_prefix = case.missing.iter().any(|one| one.routes.iter().any(|(route, _)| route.route == fault.key))
        || case.doubled.iter().any(|one| one.routes.iter().any(|route| route.route == fault.key));
    never && !of_prefix
}

fn is_named(route: &[u8]) -> bool {
    KNOWN.iter().any(|end| route.ends_with(end)) || route.split(|&byte| byte == b'/').any(|part| NAMES.contains(&part))
}

fn evidence(faults: &[Sign<'_, Fault>]) -> Evidence {
    faults.iter().fold(Evidence::default(), |evidence, fault| {
        evidence.and(real(fault), fault.seen, fault.facts.clients, &fault.facts.lines)
    })
}

fn first<'a>(faults: &[Sign<'a, Fault>]) -> (&'a [u8], u16) {
    faults.first().map_or((b"", 0), |fault| (fault.key, fault.facts.status))
}

fn told_refused(case: &LogCase<'_>, faults: &[Sign<'_, Fault>]) -> Told {
    let ((path, status), evidence) = (first(faults), evidence(faults));
    let p = shown::bytes(path);
    let why = format!(
        "{p}, a websocket's path by its name, was refused with 403 {} and never opened: the app has no websocket route there, \
         which ASGI servers answer with 403, or refuses who asks.",
        many(evidence.count, "time"),
    );
    let parts = Parts::new(Confidence::Medium, why)
        .about(p.clone())
        .known(Source::Seen, Ground::Answer, None, format!("{p}: 403, and no 101"))
        .missing(
            "whether the app refused it before accept, or has no such route: its own log, or the same path over HTTP",
        )
        .fix(["mend the path (a lost or doubled prefix), or add the websocket route".to_owned()])
        .not("looking for a login: 403 is what a path without a route gets, too");
    let parts = case.exchange_known(case.route_known(parts, path), path, status);
    Told::new(parts, evidence, Takes::routes(&[403], faults.iter().map(|fault| fault.key)))
}

fn told_dropped(case: &LogCase<'_>, faults: &[Sign<'_, Fault>]) -> Told {
    let ((path, status), evidence) = (first(faults), evidence(faults));
    let p = shown::bytes(path);
    let wanted = faults.iter().any(|fault| fault.facts.status == 426);
    let why = format!(
        "{p}, a websocket's path by its name, was answered {status} {} and never switched: the request came to the app without \
         its Upgrade.",
        many(evidence.count, "time"),
    );
    let mut parts = Parts::new(Confidence::High, why).about(p.clone()).known(
        Source::Seen,
        Ground::Answer,
        None,
        format!("{p}: {status}, and no 101"),
    );
    if wanted {
        parts = parts.known(Source::Rule, Ground::Server, None, "426 is said to a request without Upgrade");
    } else {
        parts = parts.missing("whether Upgrade was sent and passed on: a tap, or $http_upgrade in the log");
    }
    let parts =
        parts.fix([case.proxy.upgrade().to_owned()]).not("longer timeouts: the connection was never a websocket");
    let parts = case.exchange_known(case.route_known(parts, path), path, status);
    Told::new(parts, evidence, Takes::routes(&[400, 404, 426], faults.iter().map(|fault| fault.key)))
}
