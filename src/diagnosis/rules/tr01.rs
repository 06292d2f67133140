//! # TR01: proxy not trusted
//!
//! ## What it says
//! The proxy sends `X-Forwarded-*`, and the server ignores it, because the proxy's address is not in its trust list. The app
//! sees the proxy as its client, and http where the client used https.
//!
//! ## Why it happens
//! uvicorn believes 127.0.0.1 (and `::1` since 0.53) unless told otherwise. In containers, and across machines, the proxy has
//! another address.
//!
//! ## How it is told from its neighbours
//! - `RD02` and `RD06` follow from it, when a redirect shows it.
//! - A trusted peer that sends a value uvicorn cannot use is not this: lane 2 says so beside the header.
//! - On loopback with the default list there is nothing to find.
//! - An app tap connects from this machine and so may be trusted where the proxy is not. Then this is a warning about the
//!   set-up without the tap, and says so.
//!
//! ## Example
//! ```text
//! peer 172.18.0.3   X-Forwarded-Proto: https   forwarded-allow-ips 127.0.0.1,::1   scope scheme http
//! ```
//!
//! ## Fix
//! `--forwarded-allow-ips` with the proxy's address or network, or `FORWARDED_ALLOW_IPS` in the environment.
//!
//! ## Not
//! `--forwarded-allow-ips '*'` on a port that others can reach: anyone can then choose the client's address and scheme.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::{Confidence, Severity, shown};
use crate::lanes::Change;

pub(super) const RULE: Rule =
    Rule { code: "TR01", title: "proxy not trusted", severity: Severity::Warn, source: include_str!("tr01.rs"), check };

/// The headers that the server would read.
const READ: [&str; 2] = ["x-forwarded-proto", "x-forwarded-for"];

fn check(case: &Case<'_>) -> Answer {
    let forwarded = &case.lanes.forwarded;
    let sent: Vec<&str> = READ
        .into_iter()
        .filter(|name| case.field(name).is_some_and(|f| f.value.is_some() && f.change != Change::Same))
        .collect();
    if sent.is_empty() || !case.setup.server.reads_forwarded() {
        return Answer::No;
    }
    let stated = case.setup.server.stated;
    match (&forwarded.trust, &forwarded.without_tap) {
        (Some(verdict), Some(proxy)) if !verdict.trusted && proxy.trusted => {
            let peer = forwarded.peer.map(|peer| peer.to_string()).unwrap_or_default();
            let why = format!(
                "{} not used: {}. It is this tap's own address; the proxy itself would be believed.",
                names(&sent),
                shown::text(&verdict.why),
            );
            let mut parts = parts(Confidence::High, why, &peer);
            parts.fix.insert(0, "hopscope tap without --tap-source".to_owned());
            Answer::Yes(parts)
        }
        (Some(verdict), _) if !verdict.trusted => {
            let why = format!("{} not used: {}. {}", names(&sent), shown::text(&verdict.why), consequence(case));
            let peer = forwarded.peer.map_or_else(|| "<the proxy's address>".to_owned(), |peer| peer.to_string());
            Answer::Yes(parts(if stated { Confidence::High } else { Confidence::Medium }, why, &peer))
        }
        (_, Some(verdict)) if !verdict.trusted => {
            let peer = case.app().map(|half| half.peer.ip().to_string()).unwrap_or_default();
            let why = format!(
                "{} used here only because this tap stands between and is trusted. Without the tap: {}.",
                names(&sent),
                shown::text(&verdict.why),
            );
            Answer::Yes(parts(Confidence::Medium, why, &peer))
        }
        _ => Answer::No,
    }
}

fn names(sent: &[&str]) -> String {
    let proper = |name: &&str| if *name == "x-forwarded-proto" { "X-Forwarded-Proto" } else { "X-Forwarded-For" };
    let list: Vec<_> = sent.iter().map(proper).collect();
    format!("{} {}", list.join(" and "), if list.len() > 1 { "are" } else { "is" })
}

/// What the app gets wrong by it.
fn consequence(case: &Case<'_>) -> String {
    let sent = case.forwarded("x-forwarded-proto").map(shown::bytes);
    let scheme = case.view().map(|view| view.scope.scheme());
    // A websocket has schemes of its own for the same two things; some proxies send those.
    let sent = sent.map(|sent| match (scheme, sent.as_str()) {
        (Some("ws" | "wss"), "http") => "ws".to_owned(),
        (Some("ws" | "wss"), "https") => "wss".to_owned(),
        _ => sent,
    });
    match (sent, scheme) {
        (Some(sent), Some(scheme)) if sent != scheme => format!("The app sees {scheme}, not {sent}."),
        _ => "The app sees the proxy's address as its client.".to_owned(),
    }
}

fn parts(confidence: Confidence, why: String, peer: &str) -> Parts {
    Parts::new(confidence, why)
        .fix([
            format!("uvicorn --forwarded-allow-ips {peer}  (or FORWARDED_ALLOW_IPS={peer}; a network such as 172.18.0.0/16 works since 0.31)"),
        ])
        .not("--forwarded-allow-ips '*' where others reach the port: anyone can then forge client and scheme")
}
