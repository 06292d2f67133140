//! # NG02: double slash
//!
//! ## What it says
//! The path that reached the app holds `//` where the client sent one slash. Routes are compared as they are written, so
//! none takes it.
//!
//! ## Why it happens
//! `location /api { proxy_pass http://app/; }`: nginx puts `/` in the place of `/api`, and the rest starts with a slash too.
//! Envoy's `prefix_rewrite: /` on `prefix: /api` does the same.
//!
//! ## How it is told from its neighbours
//! - The client sent `//` itself: no fault of the proxy, and no finding.
//! - A double slash in the scope alone comes of a root path that ends in `/`, not of the proxy.
//! - `NG01`: a slash too few.
//!
//! ## Example
//! ```text
//! in /api/items   out //items   404
//! ```
//!
//! ## Fix
//! Let both end alike: `location /api/ { proxy_pass http://app/; }`.
//!
//! ## Not
//! Merging slashes in the app: the proxy still takes `/apiary` for `/api`.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change, Confidence, Fix, Ground, Severity, shown};
use crate::exchange::{Half, Target};
use crate::gateway;
use crate::lanes::Source;

pub(in crate::diagnosis) const RULE: Rule =
    Rule { code: "NG02", title: "double slash", severity: Severity::Error, source: include_str!("ng02.rs"), check };

fn check(case: &Case<'_>) -> Answer {
    let Some(out) = case.outgoing().filter(|out| doubled(out)) else { return Answer::No };
    let edge = case.exchange.edge.as_deref();
    let sent = edge.map(|half: &Half| Target::new(half.request.target()).path());
    if case.status() != Some(404) || sent.is_some_and(doubled) {
        return Answer::No;
    }
    let proxy = Proxy::of(case);
    let why = match sent {
        Some(sent) => format!(
            "{} went in and {} came out: {} replaced the matched part by /, and the rest starts with / too.",
            shown::bytes(sent),
            shown::bytes(out),
            proxy.name(),
        ),
        None => format!(
            "The app's server was asked for {}. Whether the client sent it so would settle it: watch the edge too.",
            shown::bytes(out)
        ),
    };
    let replaced = sent.and_then(|sent| replaced(sent, out));
    let (prefix, to) =
        replaced.map_or_else(|| ("/api".to_owned(), String::new()), |(a, b)| (shown::bytes(a), shown::bytes(b)));
    let line = match proxy {
        Proxy::Nginx | Proxy::Unknown => {
            format!("nginx: location {prefix}/ {{ proxy_pass http://app{to}/; }} (both end in /)")
        }
        proxy => format!("{}: replace {prefix}/, slash included, by {to}/", proxy.name()),
    };
    let fix = match replaced {
        Some(_) => Fix::candidate(line, [Change::Proxy(gateway::Change::Path { prefix: prefix.clone(), to })]),
        None => Fix::advice(line),
    };
    let parts = Parts::new(if sent.is_some() { Confidence::High } else { Confidence::Medium }, why)
        .fact(case, Source::Seen, Ground::Forwarded, format!("{} reached the app", shown::bytes(out)))
        .fix([fix])
        .not("merging slashes in the app: the proxy's rule still has no boundary");
    Answer::Yes(match sent {
        Some(sent) => {
            let about = if replaced.is_some() { prefix } else { String::new() };
            parts.about(about).fact(
                case,
                Source::Seen,
                Ground::Client,
                format!("{} was asked for, without a double slash", shown::bytes(sent)),
            )
        }
        None => parts.missing("what the client asked for"),
    })
}

/// The part of the path that was replaced, and what took its place, if that ends in a slash and the rest begins with one.
fn replaced<'a>(sent: &'a [u8], out: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = out.windows(2).position(|pair| pair == b"//")?;
    let (to, rest) = out.split_at_checked(at)?;
    let prefix = sent.strip_suffix(rest.get(1..)?)?;
    (!prefix.is_empty()).then_some((prefix, to))
}

fn doubled(path: &[u8]) -> bool {
    path.windows(2).any(|pair| pair == b"//")
}
