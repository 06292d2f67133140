//! # UP04: event stream buffered
//!
//! ## What it says
//! The app began its event stream at once, and the client got the first of it much later: something between holds it back.
//!
//! ## Why it happens
//! nginx collects an upstream's answer before it passes it on (`proxy_buffering on`); compression collects it anywhere.
//! Events are small, so that nothing passes until a buffer is full or the stream ends.
//!
//! ## How it is told from its neighbours
//! - `UP01`: no answer at all.
//! - An app that itself begins late shows the same delay on both sides, and is no finding.
//!
//! ## Example
//! ```text
//! text/event-stream   head at the app after 4 ms   head at the client after 9.8 s, when the stream ended
//! ```
//!
//! ## Fix
//! nginx: `proxy_buffering off;` in the location, or the app sends `X-Accel-Buffering: no`. Caddy: `flush_interval -1`.
//! Traefik: no `buffering` middleware. Apache: `flushpackets=on`. No compression for
//! `text/event-stream`.
//!
//! ## Not
//! A longer `proxy_read_timeout`: the events still come in one burst.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Confidence, Ground, Severity};
use crate::exchange::{Ending, Half};
use crate::lanes::Source;

pub(super) const RULE: Rule = Rule {
    code: "UP04",
    title: "event stream buffered",
    severity: Severity::Error,
    source: include_str!("up04.rs"),
    check,
};

/// What a hop may take to pass a head on, in microseconds.
const HELD_BACK: u64 = 1_000_000;

fn check(case: &Case<'_>) -> Answer {
    let Some((edge, app)) = case.exchange.edge.as_deref().zip(case.app().filter(|app| is_stream(app))) else {
        return Answer::No;
    };
    let Some(began) = app.times.answered.map(|answered| app.times.started.saturating_add(answered)) else {
        return Answer::No;
    };
    let late = |at: u64| edge.times.started.saturating_add(at).saturating_sub(began);
    let (delay, what) = match edge.times.answered {
        Some(answered) => (late(answered), "the client got the first of it"),
        None if matches!(edge.ending, Ending::ClientGone(_) | Ending::TimedOut(_)) => {
            (late(edge.times.ended), "the client had got nothing of it")
        }
        None => return Answer::No,
    };
    if delay < HELD_BACK {
        return Answer::No;
    }
    let proxy = Proxy::of(case);
    let after = format!("{}.{} s", delay / 1_000_000, delay % 1_000_000 / 100_000);
    let why = format!("The app began its event stream, and {after} later {what}: the proxy holds it back.");
    Answer::Yes(
        Parts::new(Confidence::High, why)
            .about("text/event-stream")
            .fact(case, Source::Seen, Ground::Forwarded, "the app's answer began at once, as text/event-stream")
            .fact(case, Source::Seen, Ground::Answer, format!("{after} later {what}"))
            .fix([proxy.unbuffered(), "or the app: X-Accel-Buffering: no in the stream's head (nginx heeds it)"])
            .not("a longer read timeout: the events still come in one burst"),
    )
}

/// True if the app answered with an event stream.
fn is_stream(app: &Half) -> bool {
    let kind = app.response.as_ref().and_then(|head| head.get("content-type")).unwrap_or_default();
    kind.get(..17).is_some_and(|start| start.eq_ignore_ascii_case(b"text/event-stream"))
}
