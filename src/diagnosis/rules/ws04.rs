//! # WS04: websocket URL without the prefix
//!
//! ## What it says
//! A page of this host opened a websocket outside of the public prefix. No rule of the proxy takes that path, and the
//! app never heard of it.
//!
//! ## Why it happens
//! The page builds the URL by itself, `ws://` + host + `/ws`, and does not know the prefix that it is served under; or its
//! setting for the base path is not set. Pages, scripts and pictures may work all the same.
//!
//! ## How it is told from its neighbours
//! - `NG07`: the same without a websocket; here it follows from this.
//! - `WS01`, `WS02`: the handshake reached the app.
//!
//! Seen in streamlit/streamlit#429, pallets/quart#221.
//!
//! ## Example
//! ```text
//! page https://example.com/app/   GET /stream  Upgrade: websocket  Origin: https://example.com   404 by the proxy
//! ```
//!
//! ## Fix
//! The app's base path (Streamlit `server.baseUrlPath`, Gradio `root_path`, Jupyter `base_url`); in one's own page a URL
//! relative to `location.pathname`, and `wss` where the page came by https.
//!
//! ## Not
//! A rule of the proxy for `/ws` beside the prefix: two apps on one host cannot both have it.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::{Confidence, Ground, Severity, prefix, shown};
use crate::lanes::{Author, Source};
use crate::redirect::{Url, split_port};

pub(super) const RULE: Rule = Rule {
    code: "WS04",
    title: "websocket URL without the prefix",
    severity: Severity::Error,
    source: include_str!("ws04.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let Some(edge) = case.exchange.edge.as_deref().filter(|edge| edge.request.is_websocket()) else {
        return Answer::No;
    };
    let by_proxy = matches!(case.lanes.answer.by, Author::Proxy(_) | Author::Hopscope);
    let unreached =
        case.app().is_none() && by_proxy && case.status().is_some_and(|status| (200..500).contains(&status));
    if !unreached || !is_own_page(edge.request.get("origin"), edge.request.get("host")) {
        return Answer::No;
    }
    let path = case.lanes.original.path.as_slice();
    let known: Vec<&str> = case.setup.prefixes.iter().map(String::as_str).filter(|known| !known.is_empty()).collect();
    let Some(nearest) = known.first().filter(|_| known.iter().all(|known| prefix::below(path, known).is_none())) else {
        return Answer::No;
    };
    let (path, nearest) = (shown::bytes(path), shown::text(nearest));
    let why = format!(
        "A page of this host opened a websocket at {path}, outside of {nearest}: the proxy has no rule for it, and the app \
         never got it.",
    );
    Answer::Yes(
        Parts::new(Confidence::High, why)
            .about(nearest.clone())
            .fact(
                case,
                Source::Seen,
                Ground::Client,
                format!("a page of the same host asked for {path}, without {nearest}"),
            )
            .answer_seen(case)
            .fix([format!(
                "the page: open the websocket at {nearest}{path}; an app with a setting for its base path: {nearest}"
            )])
            .not("a rule of the proxy for this path beside the prefix: two apps on one host cannot both have it"),
    )
}

/// True if the page that opened it came from the same host.
fn is_own_page(origin: Option<&[u8]>, host: Option<&[u8]>) -> bool {
    let Some((origin, host)) = origin.and_then(Url::absolute).zip(host) else { return false };
    split_port(host).0.eq_ignore_ascii_case(origin.host.as_bytes())
}
