//! # RD06: redirect loop
//!
//! ## What it says
//! The client is sent in a circle: the same URL was redirected three times within seconds, and the redirects lead back to
//! it.
//!
//! ## Why it happens
//! Proxy and app undo each other: the proxy strips a prefix that the app redirects back to; or TLS ends before the app,
//! which takes every request for http and redirects to the very https URL that was asked for.
//!
//! ## How it is told from its neighbours
//! - A page that redirects to itself once, to set a cookie, ends on the second request.
//! - `RD03`: the same redirect again and again, but its target answers.
//! - `TR01`, `RD02`: why the app does not see https; then they are the cause.
//!
//! ## Example
//! ```text
//! GET https://example.com/ → 307 https://example.com/   X-Forwarded-Proto not believed   (three times)
//! ```
//!
//! ## Fix
//! Keep the prefix or stop the app from redirecting to it; let the app believe `X-Forwarded-Proto`.
//!
//! ## Not
//! Clearing the browser's cookies: the circle is between proxy and app.

use crate::diagnosis::case::Case;
use crate::diagnosis::history::Hop;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::session::hop;
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Confidence, Fix, Severity, fix, shown};

pub(super) const RULE: Rule =
    Rule { code: "RD06", title: "redirect loop", severity: Severity::Error, source: include_str!("rd06.rs"), check };

/// The time within which the laps are counted, in microseconds.
const WINDOW: u64 = 10_000_000;
/// Laps that make it a loop, this one counted.
const LAPS: usize = 3;
/// Longest circle that is looked for.
const LONGEST: usize = 8;

fn check(case: &Case<'_>) -> Answer {
    let Some((client, this)) = case.client().zip(hop(case)) else { return Answer::No };
    let recent: Vec<&Hop> = case.history.hops(client, case.now(), WINDOW).collect();
    let laps = 1 + recent.iter().filter(|hop| hop.from == this.from && hop.to == this.to).count();
    let Some(length) = circle(&recent, &this).filter(|_| laps >= LAPS) else { return Answer::No };
    let url = shown::text(&case.asked().to_string());
    let mut why = match length {
        1 => format!("{url} is redirected to itself, {laps} times within seconds."),
        _ => format!("{url} comes back to itself after {length} redirects, {laps} times within seconds."),
    };
    let mut fixes: Vec<Fix> = Vec::new();
    let https_unseen = case.asked().scheme == "https" && case.view().is_some_and(|view| view.scope.scheme() == "http");
    if https_unseen {
        why.push_str(" The app takes the request for http, so it redirects to https again.");
        let line = match case.lanes.forwarded.peer {
            Some(peer) if case.forwarded("x-forwarded-proto").is_some() => {
                ServerWords(&case.setup.server).believe(&peer.to_string())
            }
            _ => Proxy::of(case).send_scheme(),
        };
        fixes.push(Fix::advice(line));
    } else if let Some((prefix, _)) = case.stripped() {
        why.push_str(" The proxy strips the prefix and the app redirects back to it.");
        fixes.extend(fix::for_prefix(case, prefix, true));
    } else {
        fixes.push(Fix::advice("find the two hops that redirect to each other, and take one of the redirects out"));
    }
    Answer::Yes(
        Parts::new(Confidence::High, why)
            .fix(fixes)
            .not("clearing the browser's cookies: the circle is between proxy and app"),
    )
}

/// How many redirects lead from here back to here.
fn circle(recent: &[&Hop], this: &Hop) -> Option<usize> {
    let mut at = this.to;
    for length in 1..=LONGEST {
        if at == this.from {
            return Some(length);
        }
        at = recent.iter().find(|hop| hop.from == at)?.to;
    }
    None
}
