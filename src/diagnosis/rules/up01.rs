//! # UP01: upstream down
//!
//! ## What it says
//! The proxy reached for the app and got no answer that it could use: 502, 503 or 504 with the proxy's own page. Or the
//! address in front of which hopscope stands refuses connections.
//!
//! ## Why it happens
//! The app is not running, listens on another address or port (127.0.0.1 inside a container is that container alone), died
//! while it answered, or takes longer than the proxy waits. A name in the proxy's configuration may resolve to nothing, or to
//! an address of yesterday.
//!
//! ## How it is told from its neighbours
//! - `NG07`: no rule takes the path. `HAProxy` answers 503 to both: at once where it has no rule, after a second or more where
//!   its server refuses.
//! - A 502 to 504 that the app itself sent came through the proxy, and is the app's affair. So are limits: nginx answers 503
//!   to too many requests.
//!
//! ## Example
//! ```text
//! GET /api/v1/items   502 by nginx   nothing reached the app   connecting to 127.0.0.1:8000: Connection refused
//! ```
//!
//! Apache answers 500 to a name that it cannot look up, and makes one itself of `ProxyPass /p/ http://host:8000`, whose
//! target lacks the final slash: `host:8000items`.
//!
//! ## Fix
//! Start the app, or mend the address that the proxy sends to; in containers `--host 0.0.0.0` and the service's name. Where
//! it answers too late, let the proxy wait longer, or the app answer sooner.
//!
//! ## Not
//! Retries, or a larger timeout everywhere: an address where nobody listens stays one.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Confidence, Ground, Severity, shown};
use crate::exchange::{Answered, Ending, Half, Phase};
use crate::lanes::{Author, Source};

pub(super) const RULE: Rule =
    Rule { code: "UP01", title: "upstream down", severity: Severity::Error, source: include_str!("up01.rs"), check };

/// `HAProxy` waits as long before it asks a server again that refused (`retries`), in microseconds.
const TRIED_AGAIN: u64 = 900_000;
/// nginx takes a head of this many bytes from an upstream unless told otherwise (one page).
const ONE_PAGE: usize = 4096;

fn check(case: &Case<'_>) -> Answer {
    if let Some(half) = case.app().filter(|app| app.answered == Answered::Hopscope) {
        return unreachable(case, half, "the app's server");
    }
    let Some(edge) = case.exchange.edge.as_deref() else { return Answer::No };
    if edge.answered == Answered::Hopscope && case.app().is_none() {
        return unreachable(case, edge, "the proxy");
    }
    let Author::Proxy(name) = &case.lanes.answer.by else { return Answer::No };
    let Some(status) = case.lanes.answer.status.filter(|status| is_of_upstream(case, name, *status)) else {
        return Answer::No;
    };
    Answer::Yes(match case.app() {
        Some(app) => given_up(case, status, edge, app),
        None => not_reached(case, status),
    })
}

/// True if this proxy says with the status that its upstream failed it.
fn is_of_upstream(case: &Case<'_>, proxy: &str, status: u16) -> bool {
    match (proxy, status) {
        (_, 502 | 504) => true,
        // Too many requests, by default.
        ("nginx", _) => false,
        // It answers so to a name that it cannot look up, and to a fault of its own.
        ("apache", 500) => case.app().is_none(),
        ("haproxy", 503) => case.lanes.answer.duration >= TRIED_AGAIN || case.app().is_some(),
        (_, 503) => true,
        _ => false,
    }
}

/// hopscope itself found nobody, or was left without an answer.
fn unreachable(case: &Case<'_>, half: &Half, who: &str) -> Answer {
    let at = half.upstream.map(|(to, _)| to.to_string());
    let named = case.setup.taps.get(usize::from(half.tap.0)).map(|tap| tap.upstream.clone());
    let address = shown::text(&at.or(named).unwrap_or_default());
    let (happened, missing) = match &half.ending {
        Ending::NoUpstream(reason) => (format!("{who} cannot be reached at {address}: {}", shown::text(reason)), None),
        Ending::UpstreamGone(Phase::Wait | Phase::Connect, reason) => {
            let why = "the server's own log: it hung up without a word";
            (format!("{who} at {address} hung up before it answered ({})", shown::text(reason)), Some(why))
        }
        Ending::TimedOut(Phase::Wait | Phase::Connect) => (format!("{who} at {address} did not answer in time"), None),
        _ => return Answer::No,
    };
    let why =
        format!("{}{}.", happened.get(..1).unwrap_or_default().to_uppercase(), happened.get(1..).unwrap_or_default());
    let fix = if who == "the proxy" {
        format!("start the proxy, or point the edge tap elsewhere than {address}")
    } else {
        listen(case, &address)
    };
    let mut parts = Parts::new(Confidence::High, why)
        .about(address)
        .known(Source::Seen, Ground::Server, None, happened)
        .answer_seen(case)
        .fix([fix])
        .not("retries, or a larger timeout: an address where nobody listens stays one");
    parts.missing = missing.map(str::to_owned);
    Answer::Yes(parts)
}

/// How to make the app listen where it is asked.
fn listen(case: &Case<'_>, address: &str) -> String {
    let server = ServerWords(&case.setup.server);
    format!(
        "start the app there ({} on {address}), or mend the address; in a container it must listen on 0.0.0.0",
        server.name()
    )
}

/// Nothing came out behind the proxy.
fn not_reached(case: &Case<'_>, status: u16) -> Parts {
    let proxy = Proxy::of(case);
    let seen =
        if case.never_reached() { "nothing came to where the app is expected" } else { "the app's side was not seen" };
    let why = format!(
        "{} answered {status} by itself: it reached for its upstream and found nobody, or no answer; {seen}.",
        proxy.name_first(),
    );
    let mut parts = Parts::new(Confidence::High, why)
        .about(proxy.name())
        .answer_seen(case)
        .fix([format!(
            "mend the address that {} sends to ({}), or start what should listen there",
            proxy.name(),
            proxy.upstream()
        )])
        .fix(["the proxy's error log names the address and the reason"])
        .not("retries, or a larger timeout: an address where nobody listens stays one");
    if status == 500 {
        parts = parts
            .missing("Apache's error log: \"DNS lookup failure\" there, or another fault of its configuration")
            .fix(["Apache: ProxyPass /path/ http://host:port/, both with a final slash: without it the path becomes a part of \
                   the host's name"]);
    }
    if case.never_reached() {
        parts = parts.fact(case, Source::Seen, Ground::Forwarded, "no request came out behind the proxy");
    } else if status != 500 {
        parts = parts.missing("whether the request came out behind the proxy: a tap before the app");
    }
    parts
}

/// The app was asked, and the proxy did not wait for its answer, or could not use it.
fn given_up(case: &Case<'_>, status: u16, edge: &Half, app: &Half) -> Parts {
    let proxy = Proxy::of(case);
    let head = app.response.as_ref().map_or(0, |head| head.as_bytes().len());
    let seconds = edge.times.ended / 1_000_000;
    let (why, fact, fix) = if status == 504 || app.response.is_none() && matches!(app.ending, Ending::ClientGone(_)) {
        let why = format!("{} waited {seconds} s for the app and gave up with {status}.", proxy.name_first());
        (why, "the app had the request and had not answered".to_owned(), proxy.wait_longer().to_owned())
    } else if app.response.is_none() {
        let why =
            format!("The app's server took the request and hung up without an answer: {} says {status}.", proxy.name());
        (
            why,
            "the app's server got the request and sent nothing back".to_owned(),
            "the server's own log: a crash, or a worker that was killed".to_owned(),
        )
    } else {
        let why = format!(
            "The app answered {}, and {} says {status}: it could not use that answer.",
            app.status().unwrap_or_default(),
            proxy.name(),
        );
        let fix =
            if head > ONE_PAGE { proxy.larger_heads() } else { "the proxy's error log says what it did not like" };
        (why, format!("the app's answer has a head of {head} bytes"), fix.to_owned())
    };
    Parts::new(Confidence::High, why)
        .about(proxy.name())
        .fact(case, Source::Seen, Ground::Forwarded, fact)
        .answer_seen(case)
        .fix([fix])
        .not("retries: what the app has begun is then done twice")
}
