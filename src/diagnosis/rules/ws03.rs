//! # WS03: origin does not match
//!
//! ## What it says
//! The app refused a websocket because the page's `Origin` is not the host that the app sees.
//!
//! ## Why it happens
//! Browsers send `Origin` with every websocket and no CORS check, so that many apps compare it with `Host` by themselves
//! (Tornado: Streamlit and Jupyter; engine.io; Django channels). Where the proxy replaces `Host`, or drops its port, the
//! two differ for every visitor.
//!
//! ## How it is told from its neighbours
//! - `HO01`: the proxy replaced `Host`; then this follows from it.
//! - `WS01`: the app has no route for the path. A refusal without words can be either; where a websocket was opened under a
//!   like path, it is that.
//! - A websocket that is accepted although the origins differ is no finding.
//!
//! Seen in jupyterhub/jupyter-server-proxy#248, streamlit/streamlit#964 and #1234, kubeflow/kubeflow#7658.
//!
//! ## Example
//! ```text
//! Origin: https://example.com   Host at the app: 127.0.0.1:8501   403
//! ```
//!
//! ## Fix
//! Pass the client's Host on, port and all; or list the origin in the app (`allowed_origins`, `cors_allowed_origins`,
//! `server.corsAllowedOrigins`, `--trusted-origins`).
//!
//! ## Not
//! Taking `Origin` off at the proxy, or allowing `*`: any page could then open websockets with the visitor's cookies.

use memchr::memmem;

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change, Confidence, Fix, Ground, Severity, shown};
use crate::exchange::Half;
use crate::gateway;
use crate::lanes::Source;
use crate::redirect::{Url, default_port, split_port};

pub(super) const RULE: Rule = Rule {
    code: "WS03",
    title: "origin does not match",
    severity: Severity::Error,
    source: include_str!("ws03.rs"),
    check,
};

/// What apps say when they refuse an origin: Tornado `websocket.py`, python-engineio `base_server.py`.
const REFUSALS: [&[u8]; 2] = [b"Cross origin websockets not allowed", b"is not an accepted origin"];

fn check(case: &Case<'_>) -> Answer {
    let Some(half) = case.exchange.inner() else { return Answer::No };
    let Some(origin) = half.request.get("origin") else { return Answer::No };
    let says_so = says_so(half);
    let refused = half.request.is_websocket() && case.status() == Some(403);
    if !(says_so || refused && differs(half, origin)) {
        return Answer::No;
    }
    if !says_so && case.history.socket_like(&case.lanes.original.path).is_some() {
        return Answer::No;
    }
    let host = half.request.get("host").unwrap_or_default();
    let sent = case.exchange.edge.as_deref().and_then(|edge| edge.request.get("host"));
    let (origin_text, host_text) = (shown::bytes(origin), shown::bytes(host));
    let place = if case.app().is_some() { "the app sees Host" } else { "the request has Host" };
    let why = format!("The page's origin is {origin_text}, and {place} {host_text}: the app refused the websocket.");
    let mut parts = Parts::new(Confidence::High, why)
        .about(format!("{origin_text} {host_text}"))
        .fact(case, Source::Seen, Ground::Client, format!("Origin: {origin_text}"))
        .fact(case, Source::Seen, Ground::Forwarded, format!("Host: {host_text}"))
        .not("Origin taken off at the proxy, or every origin allowed: any page could then use the visitor's cookies");
    if says_so {
        parts = parts.fact(case, Source::Seen, Ground::Answer, "the app says that it does not accept the origin");
    } else {
        parts = parts.missing("what the app compares Origin with; a route that is missing says 403 too");
    }
    if sent.is_some_and(|sent| sent != host) {
        let line = Proxy::of(case).pass_host();
        parts = parts.fix([Fix::candidate(line, [Change::Proxy(gateway::Change::PassHost)])]);
    }
    Answer::Yes(parts.fix([format!("the app: {origin_text} among its allowed origins")]))
}

/// True if the body gives the origin as the reason.
fn says_so(half: &Half) -> bool {
    let refused = half.status().is_some_and(|status| matches!(status, 400 | 403));
    refused && REFUSALS.iter().any(|words| memmem::find(&half.response_body.kept, words).is_some())
}

/// True if the origin names another host or port than `Host` does.
fn differs(half: &Half, origin: &[u8]) -> bool {
    let Some((origin, host)) = Url::absolute(origin).zip(half.request.get("host")) else { return false };
    let (name, port) = split_port(host);
    let default = default_port(&origin.scheme);
    !name.eq_ignore_ascii_case(origin.host.as_bytes()) || port.or(default) != origin.port.or(default)
}
