//! # UP02: client left
//!
//! ## What it says
//! Whoever asked hung up before an answer came, after waiting for seconds. nginx logs it as 499.
//!
//! ## Why it happens
//! The app takes longer than the client, or a proxy or balancer before this place, waits. A browser hangs up as well when
//! its user goes elsewhere.
//!
//! ## How it is told from its neighbours
//! - `UP01`: a proxy gave up and said so, with 504.
//! - Streams and websockets end by somebody leaving; nor is a request that was dropped after a moment this.
//!
//! ## Example
//! ```text
//! GET /report   no answer, the client hung up after 60.0 s
//! ```
//!
//! ## Fix
//! Answer sooner, or at once with 202 and the work behind it; else let whoever waits wait longer.
//!
//! ## Not
//! A longer timeout at the app's server: it is not the one that gave up.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::{Confidence, Ground, Severity};
use crate::exchange::{Ending, Phase};
use crate::lanes::Source;

pub(super) const RULE: Rule =
    Rule { code: "UP02", title: "client left", severity: Severity::Note, source: include_str!("up02.rs"), check };

/// Less than this is a user who went elsewhere, in microseconds.
const PATIENT: u64 = 5_000_000;

fn check(case: &Case<'_>) -> Answer {
    let Some(outer) = case.exchange.outer() else { return Answer::No };
    let waited = outer.times.ended;
    if outer.ending != Ending::ClientGone(Phase::Wait) || waited < PATIENT || outer.request.is_websocket() {
        return Answer::No;
    }
    // A stream that the proxy holds back is another matter.
    if case.app().is_some_and(|app| app.response.is_some()) {
        return Answer::No;
    }
    let seconds = waited / 1_000_000;
    let who = if case.exchange.edge.is_some() { "The client" } else { "Whoever asks the app, a proxy most likely," };
    let why = format!("{who} hung up after {seconds} s without an answer.");
    Answer::Yes(
        Parts::new(Confidence::Medium, why)
            .about("no answer")
            .fact(case, Source::Seen, Ground::Client, format!("hung up after {seconds} s"))
            .missing("whether the app would have answered")
            .fix(["the app: answer sooner, or at once with 202; else let whoever waits wait longer"])
            .not("a longer timeout at the app's server: it is not the one that gave up"),
    )
}
