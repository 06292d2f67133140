//! # WS04: websocket scheme or prefix lost
//!
//! ## What it says
//! A page of this host opened a websocket outside of the public prefix. No rule of the proxy takes that path, and the
//! app never heard of it. Or the handshake came, and the app sees another scheme than `wss`.
//!
//! ## Why it happens
//! The page builds the URL by itself, `ws://` + host + `/ws`, and does not know the prefix that it is served under; or its
//! setting for the base path is not set. Pages, scripts and pictures may work all the same.
//!
//! Traefik sends `X-Forwarded-Proto: wss` with a handshake. uvicorn before 0.28 makes another scheme of it, and what compares
//! `Origin` with the app's own URL then refuses, or builds `ws://` URLs.
//!
//! ## How it is told from its neighbours
//! - `NG07`: the same without a websocket; here it follows from this.
//! - `WS01`, `WS02`: the handshake reached the app, and was not taken for one, or found no route.
//! - `TR01`, `TR03`: the scheme was not believed, or not sent; here it was, and is misread.
//!
//! Seen in streamlit/streamlit#429, pallets/quart#221, Kludex/uvicorn#2258.
//!
//! ## Example
//! ```text
//! page https://example.com/app/   GET /stream  Upgrade: websocket  Origin: https://example.com   404 by the proxy
//! ```
//!
//! ## Fix
//! The app's base path (Streamlit `server.baseUrlPath`, Gradio `root_path`, Jupyter `base_url`); in one's own page a URL
//! relative to `location.pathname`, and `wss` where the page came by https. For the scheme: uvicorn 0.28 or later.
//!
//! ## Not
//! A rule of the proxy for `/ws` beside the prefix: two apps on one host cannot both have it.

use crate::asgi::Release;
use crate::asgi::server::Program;
use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::{Confidence, Ground, Severity, prefix, shown};
use crate::lanes::{Author, ForwardedField, Lanes, Source};
use crate::redirect::{Url, split_port};

pub(in crate::diagnosis) const RULE: Rule = Rule {
    code: "WS04",
    title: "websocket scheme or prefix lost",
    severity: Severity::Error,
    source: include_str!("ws04.rs"),
    check,
};

/// Since when uvicorn reads `wss` as what it says.
const READS_WSS: Release = Release::new(0, 28, 0);

fn check(case: &Case<'_>) -> Answer {
    if loses_scheme(case.lanes) { misread(case) } else { outside(case) }
}

/// True if the server was told `wss`, believed it, and made another scheme of it.
pub(in crate::diagnosis) fn loses_scheme(lanes: &Lanes) -> bool {
    let told = |field: &ForwardedField| {
        field.name.eq_ignore_ascii_case("x-forwarded-proto") && field.value.as_deref() == Some(b"wss")
    };
    let believed = lanes.forwarded.trust.as_ref().is_some_and(|verdict| verdict.trusted);
    let scheme = lanes.scope.view.as_ref().map(|view| view.scope.scheme());
    let other = matches!(scheme, Some(scheme) if scheme != "wss");
    lanes.original.websocket && believed && other && lanes.forwarded.fields.iter().any(told)
}

/// A release of uvicorn that makes another scheme of `wss`.
fn misread(case: &Case<'_>) -> Answer {
    let server = &case.setup.server;
    if server.program() != Program::Uvicorn || server.version >= READS_WSS {
        return Answer::No;
    }
    let scheme = case.view().map(|view| shown::text(view.scope.scheme())).unwrap_or_default();
    let why = format!(
        "The proxy sent X-Forwarded-Proto: wss, and the app sees {scheme}: uvicorn {} does not know the word.",
        server.version,
    );
    let opened = case.status() == Some(101);
    Answer::Yes(
        Parts::new(if server.stated { Confidence::High } else { Confidence::Medium }, why)
            .about("scheme")
            .severity(if opened { Severity::Warn } else { Severity::Error })
            .fact(case, Source::Seen, Ground::Forwarded, "the app's server got X-Forwarded-Proto: wss")
            .known(Source::Derived, Ground::Server, None, format!("uvicorn {} makes {scheme} of it", server.version))
            .fix(["uvicorn 0.28 or later, which reads wss as wss"])
            .not("a list of origins that holds the http URL as well: it lets pages in that came without TLS"),
    )
}

/// A handshake outside of the prefix.
fn outside(case: &Case<'_>) -> Answer {
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
