//! # RD08: Location grows
//!
//! ## What it says
//! Each redirect leads to the last URL with something more in it: the prefix once more (`/p/p/p/x`), or the whole URL
//! within a parameter (`next=…next=…next=…`). It ends when the URL is too long, or the client gives up.
//!
//! ## Why it happens
//! The app redirects a path that it does not take for its own: to the path with its prefix, or to its login page with the
//! way back. What it redirects to comes back looking just as strange, because the proxy took the prefix off (or left it on)
//! again, so that not even the login page is known as such.
//!
//! ## How it is told from its neighbours
//! - `RD06`: the same URLs come again.
//! - `RD10`: the proxy adds the prefix, once.
//! - One step alone is no finding: a path may hold a word twice, and a login page may be asked for with a way back. It
//!   takes two in a row, or a URL that holds itself three times.
//!
//! ## Example
//! ```text
//! GET /login?next=/p/   302 /p/login?next=/login?next=/p/   302 /p/login?next=/p/login?next=/login?next=/p/
//! ```
//!
//! ## Fix
//! Let proxy and app agree on the prefix: keep it and tell the app, or strip it and tell the server (`uvicorn
//! --root-path`).
//!
//! ## Not
//! A longer limit for URLs: it only takes longer.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::session::{growth, hop};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Confidence, Fix, Ground, Severity, fix, shown};
use crate::gateway;
use crate::lanes::Source;
use crate::redirect::{HostVerdict, nesting};

pub(super) const RULE: Rule =
    Rule { code: "RD08", title: "Location grows", severity: Severity::Error, source: include_str!("rd08.rs"), check };

/// The time within which one redirect belongs to the one before, in microseconds.
const WINDOW: u64 = 10_000_000;
/// URLs within each other that no login needs.
const NESTED: usize = 3;

fn check(case: &Case<'_>) -> Answer {
    let Some(judged) = case.redirect().filter(|judged| judged.host == HostVerdict::Same) else { return Answer::No };
    let asked = case.asked();
    let Some(what) = growth(&asked, &judged.target) else { return Answer::No };
    let Some((client, this)) = case.client().zip(hop(case)) else { return Answer::No };
    let before = case
        .history
        .hops(client, case.now(), WINDOW)
        .find(|hop| hop.to == this.from && hop.grown.is_some() && hop.grown == this.grown)
        .map(|hop| hop.exchange);
    let why = format!(
        "The client asked {} and is sent to {}: {what} is in it once more, and the next redirect adds another.",
        shown::text(&asked.to_string()),
        shown::text(&judged.target.to_string()),
    );
    let parts = Parts::new(Confidence::High, why)
        .about(what.as_str())
        .fact(case, Source::Seen, Ground::Answer, format!("the redirect holds {what} once more than the request"))
        .fix(fixes(case))
        .not("a longer limit for URLs: it only takes longer");
    match before {
        Some(before) => {
            Answer::Yes(parts.fact_of(before, Source::Seen, format!("the redirect before added {what} too")))
        }
        None if nesting(&judged.target) >= NESTED => {
            Answer::Yes(parts.fact(case, Source::Seen, Ground::Client, "the URL that was asked for is nested already"))
        }
        None => Answer::Wait(parts.shared()),
    }
}

fn fixes(case: &Case<'_>) -> Vec<Fix> {
    let prefix = case.prefix();
    if prefix.is_empty() {
        return vec![Fix::advice(
            "let proxy and app agree on the prefix: what the app redirects to must be a path it knows",
        )];
    }
    if case.stripped().is_none() {
        return fix::for_prefix(case, prefix, false);
    }
    let keep = gateway::Change::Path { prefix: prefix.to_owned(), to: prefix.to_owned() };
    let mut fixes = fix::of_proxy(case, Proxy::of(case).keep(prefix), keep);
    fixes.push(Fix::advice(format!(
        "or let the app redirect to its own paths: the proxy takes {} off before it sees them",
        shown::text(prefix)
    )));
    fixes
}
