//! # PX02: prefix doubled
//!
//! ## What it says
//! The path that the app sees starts with the prefix twice. No route takes it: 404 (403 to a websocket handshake).
//!
//! ## Why it happens
//! Since 0.26 uvicorn puts `--root-path` before the path of every request, because it takes the proxy to have stripped the
//! prefix. If the proxy keeps it, it is there twice. No other server does that; with any of them it comes of two hops that
//! each add it, of a link built with a base URL that already has it, and of a redirect that adds it again.
//!
//! ## How it is told from its neighbours
//! - A word may be repeated on purpose (`/auth/auth/login` behind a proxy that strips `/auth`): if the proxy was seen to
//!   strip, what is left is the app's own path.
//! - `PX12`: the same request without any mark of a proxy is one to the app's own port.
//! - `PX03`: the two root paths differ, so the path does not start with the app's.
//!
//! ## Example
//! ```text
//! in  /api/v1/items   out /api/v1/items   uvicorn --root-path /api/v1   scope path /api/v1/api/v1/items   404
//! ```
//!
//! ## Fix
//! Strip the prefix at the proxy; or drop `--root-path` and let the app set `root_path` itself.
//!
//! ## Not
//! Routes with the prefix in their own paths: they answer, and every link that is built from them is wrong.

use crate::diagnosis::case::{Case, Miss};
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::{Confidence, Severity, fix, prefix, shown};
use crate::gateway::Gateway;
use crate::lanes::Rewrite;

pub(super) const RULE: Rule =
    Rule { code: "PX02", title: "prefix doubled", severity: Severity::Error, source: include_str!("px02.rs"), check };

fn check(case: &Case<'_>) -> Answer {
    let Some(miss) = case.miss() else { return Answer::No };
    match by_server(case, miss).or_else(|| on_the_wire(case, miss)) {
        Some(parts) => Answer::Yes(parts),
        None if case.routes().is_none() && miss == Miss::Seen && doubled_by_proxy(case) => Answer::NeedsRoutes,
        None => Answer::No,
    }
}

/// True if the proxy put before the path what it began with.
fn doubled_by_proxy(case: &Case<'_>) -> bool {
    let Rewrite::Added(part) = &case.lanes.rewritten.rewrite else { return false };
    prefix::below(case.incoming(), part.trim_end_matches('/')).is_some()
}

/// The server puts its root path before a path that has it already.
fn by_server(case: &Case<'_>, miss: Miss) -> Option<Parts> {
    let root = case.setup.server.root_path.trim_end_matches('/');
    if case.stripped().is_some() || !case.server_adds_root() {
        return None;
    }
    let scope = case.lanes.scope.outcome.as_ref()?.scope()?;
    let once = prefix::below_text(&scope.path, root)?;
    let rest = prefix::below_text(once, root)?;
    prefix::below(case.outgoing()?, root)?;
    let kept = case.lanes.rewritten.rewrite == Rewrite::Kept;
    // What sends other paths without the prefix takes it off: a path that begins alike is then the app's own.
    if !kept && case.history.comes_bare() && !case.has_route(rest) {
        return None;
    }
    let sure = miss == Miss::Seen && (kept || case.has_route(rest) || prefix::has_segments(root));
    let (server, p) = (ServerWords(&case.setup.server), shown::text(root));
    let why = format!(
        "The path came with {p} still before it, and {} put {} {p} before that: the app sees {}.",
        server.name(),
        server.root_option(),
        shown::text(&scope.path),
    );
    let parts = Parts::new(if sure { Confidence::High } else { Confidence::Medium }, why).about(root);
    let parts = parts.path_seen(case).scope_known(case).answer_seen(case);
    let whole = whole_prefix(case, root, once);
    Some(parts.fix(fix::for_prefix(case, whole.as_deref().unwrap_or(root), false)).not(NOT))
}

/// The prefix of `path`, if the root path is only its beginning: by the proxy's rules, or by the route that is left.
fn whole_prefix(case: &Case<'_>, root: &str, path: &str) -> Option<String> {
    let rest = prefix::below_text(path, root)?;
    let ruled =
        case.setup.gateway.iter().flat_map(Gateway::prefixes).chain(case.setup.prefixes.iter().map(String::as_str));
    let ruled =
        ruled.map(|known| known.trim_end_matches('/')).filter(|known| prefix::below_text(path, known).is_some());
    let longest = ruled.max_by_key(|known| known.len());
    if let Some(known) = longest.filter(|known| prefix::below_text(known, root).is_some_and(|more| !more.is_empty())) {
        return Some(known.to_owned());
    }
    let more = prefix::cuts(rest).find(|(_, below)| case.has_route(below)).filter(|_| !case.has_route(rest));
    more.map(|(more, _)| format!("{root}{more}"))
}

/// The prefix came twice on the wire.
fn on_the_wire(case: &Case<'_>, miss: Miss) -> Option<Parts> {
    let asked = String::from_utf8_lossy(case.incoming());
    let out = String::from_utf8_lossy(case.outgoing()?);
    let by_client = prefix::repeated(&asked);
    let (prefix, rest) = by_client.or_else(|| prefix::repeated(&out))?;
    let routed = case.has_route(rest) && !case.has_route(prefix);
    let known = case.setup.prefixes.iter().any(|known| known == prefix);
    // One word that comes twice is seldom a prefix; it takes a known prefix or a known route to call it one.
    let as_asked = by_client.is_none() && doubled_by_proxy(case) && case.has_route(&asked);
    if !(routed || as_asked || known && prefix::has_segments(prefix)) {
        return None;
    }
    let p = shown::text(prefix);
    let (why, fixes) = if by_client.is_some() {
        (
            format!("The client itself asked for {}, with {p} twice.", shown::text(&asked)),
            vec![format!(
                "the client: a base URL and a path that both hold {p}; leave it out of one (see where the link came from)"
            )],
        )
    } else {
        (
            format!(
                "{} went in and {} came out: a proxy added {p} to a path that had it.",
                shown::text(&asked),
                shown::text(&out)
            ),
            vec![format!("the proxy: take out the rule that adds {p}")],
        )
    };
    let sure = miss == Miss::Seen && (as_asked || routed && known);
    let parts = Parts::new(if sure { Confidence::High } else { Confidence::Medium }, why).about(prefix);
    let parts = parts.path_seen(case).answer_seen(case).prefix_known(case, prefix).route_known(case, rest);
    Some(parts.fix(fixes).not(NOT))
}

const NOT: &str = "routes with the prefix in their own paths: they answer, but every link built from them is wrong";
