//! # PX14: path handed out inside a body lacks the mount
//!
//! ## What it says
//! The app handed out an address inside of a body (the `endpoint` event of an MCP server, a link in JSON) that lacks the
//! prefix or mount below which it was asked. The client used it, and nobody answered there.
//!
//! ## Why it happens
//! A library builds the address from its own setting, not from the path it was asked by: MCP's SSE transport is given
//! `/messages/` and says so to the client, wherever the app is mounted. Where it heeds `root_path`, nobody sets one.
//!
//! ## How it is told from its neighbours
//! - `PX06`: the address is in a page.
//! - `PX07`: it is in a redirect.
//! - Addresses that are answered, or that nobody asks for, are no finding.
//!
//! ## Example
//! ```text
//! GET /tools/sse → event: endpoint, data: /messages/?session_id=…      POST /messages/?session_id=… → 404
//! ```
//! Seen in modelcontextprotocol/python-sdk#412, #540, #748, PrefectHQ/fastmcp#415.
//!
//! ## Fix
//! The library's option for its mount (`FastMCP(…, mount_path="/tools")`, `SseServerTransport("/tools/messages/")`), or the
//! root path of the app, where the library heeds it.
//!
//! ## Not
//! A rule of the proxy for `/messages/`: the next app below the same host hands out the same path.

use crate::diagnosis::body::{By, Kind};
use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::{Confidence, Fix, Ground, Severity, fix, prefix, shown};
use crate::lanes::Source;

pub(super) const RULE: Rule = Rule {
    code: "PX14",
    title: "path handed out inside a body lacks the mount",
    severity: Severity::Error,
    source: include_str!("px14.rs"),
    check,
};

/// Links of one answer that are waited for at most.
const MOST_AWAITED: usize = 64;

fn check(case: &Case<'_>) -> Answer {
    if case.status() != Some(200) {
        return Answer::No;
    }
    match case.body().kind {
        Kind::Events => endpoint(case),
        Kind::Json if case.body().servers.is_none() => links(case),
        _ => Answer::No,
    }
}

/// The address that an event stream hands out. Below what it should be is known of the prefix, else of the stream's own path.
fn endpoint(case: &Case<'_>) -> Answer {
    let Some(endpoint) = &case.body().endpoint else { return Answer::No };
    let mount = match case.prefix() {
        "" => parent(&case.lanes.original.path),
        prefix => prefix.to_owned(),
    };
    let Some(to) = case.asked().resolve(endpoint.as_bytes()) else { return Answer::No };
    if mount.is_empty() || prefix::below(&to.path, &mount).is_some() {
        return Answer::No;
    }
    let (m, e, stream) = (shown::text(&mount), shown::text(endpoint), shown::bytes(&case.lanes.original.path));
    let bare = e.split('?').next().unwrap_or_default().to_owned();
    let why = format!("The stream {stream} tells the client to send its messages to {bare}, without {m}.");
    let by_library = Fix::advice(format!(
        "the app: FastMCP(…, mount_path=\"{m}\"), or SseServerTransport(\"{m}{bare}\") where it is made by hand"
    ));
    // The server's root path asks for no change of code; what the library is given by hand is wrong at the next prefix.
    let by_root = (!case.prefix().is_empty()).then(|| fix::clean_pair(case, &mount));
    let fixes: Vec<Fix> = by_root.into_iter().chain([by_library]).collect();
    let parts = Parts::new(Confidence::High, why)
        .about(mount)
        .path_seen(case)
        .fact(case, Source::Seen, Ground::Answer, format!("event: endpoint says {bare}"))
        .missing("whether anybody answers there")
        .fix(fixes)
        .not(format!("a rule of the proxy for {bare}: the next app on the same host hands out the same path"));
    Answer::Wait(parts.next(to.path, None))
}

/// Links in JSON that leave the prefix.
fn links(case: &Case<'_>) -> Answer {
    let (prefix, asked) = (case.prefix(), case.asked());
    if prefix.is_empty() {
        return Answer::No;
    }
    let mut paths = Vec::new();
    for address in case.body().addresses.iter().filter(|address| address.by == By::Value) {
        let Some(to) = asked.resolve(address.url.as_bytes()) else { continue };
        let here = to.host == asked.host && to.effective_port() == asked.effective_port();
        if here && to.path != b"/" && prefix::below(&to.path, prefix).is_none() && paths.len() < MOST_AWAITED {
            paths.push(to.path);
        }
    }
    let Some(first) = paths.first() else { return Answer::No };
    let (p, to, path) = (shown::text(prefix), shown::bytes(first), shown::bytes(&asked.path));
    let why = format!("The answer to {path} hands out {to}, without {p}, and the client asked for it.");
    let parts = Parts::new(Confidence::High, why)
        .about(prefix)
        .path_seen(case)
        .fact(case, Source::Seen, Ground::Answer, format!("the answer names {to}"))
        .missing("whether anybody asks there")
        .fix([fix::clean_pair(case, prefix)])
        .fix([Fix::advice("the app: make links with url_for(), which follows the root path")])
        .not("rewriting answers on their way: it breaks compressed ones and everything signed");
    Answer::Wait(parts.next_any(paths, None))
}

/// What stands before the last segment, without the slash; empty for one segment.
fn parent(path: &[u8]) -> String {
    let at = path.iter().rposition(|&b| b == b'/').unwrap_or(0);
    String::from_utf8_lossy(path.get(..at).unwrap_or_default()).into_owned()
}
