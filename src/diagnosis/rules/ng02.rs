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
use crate::diagnosis::{Confidence, Severity, shown};
use crate::exchange::Half;
use crate::exchange::Target;

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
    let prefix = sent.and_then(|sent| sent.strip_suffix(out.get(1..)?)).map_or_else(|| "/api".to_owned(), shown::bytes);
    let fix = match proxy {
        Proxy::Nginx | Proxy::Unknown => {
            format!("nginx: location {prefix}/ {{ proxy_pass http://app/; }} (both end in /)")
        }
        proxy => format!("{}: replace {prefix}/, slash included, by /", proxy.name()),
    };
    let confidence = if sent.is_some() { Confidence::High } else { Confidence::Medium };
    Answer::Yes(
        Parts::new(confidence, why)
            .fix([fix])
            .not("merging slashes in the app: the proxy's rule still has no boundary"),
    )
}

fn doubled(path: &[u8]) -> bool {
    path.windows(2).any(|pair| pair == b"//")
}
