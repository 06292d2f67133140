//! # PX05: docs page asks for openapi.json without the prefix
//!
//! ## What it says
//! The docs page was served below the prefix, but it tells the browser to load `/openapi.json` from the root of the host.
//! There the proxy has no rule, or another app, and the page says "Failed to load API definition".
//!
//! ## Why it happens
//! The page asks for `root_path` plus `/openapi.json`. A proxy that strips the prefix leaves the app with no sign of it,
//! unless the server (`--root-path`, granian's `--url-path-prefix`) or the app is told.
//!
//! ## How it is told from its neighbours
//! - `PX01`: the docs page itself is 404.
//! - The page asks below the prefix, and the app has the file there for itself (`openapi_url="/api/v1/openapi.json"`): what
//!   is left of the path behind a proxy that strips is not there. The app answers 404, and the docs page sent the browser.
//! - `PX12`: the page was opened on the app's own port; then it is the prefix in the page that leads nowhere.
//! - A docs page that names the right address is no finding, whatever the flags say; nor is one whose schema is found at
//!   the root (`docs_url="/api/docs"`).
//!
//! ## Example
//! ```text
//! GET /api/v1/docs → 200, url: '/openapi.json'      GET /openapi.json (Referer …/api/v1/docs) → 404 by the proxy
//! ```
//!
//! ## Fix
//! `uvicorn --root-path /api/v1`, as the proxy strips it. With another server: its root path, and keep the prefix at the
//! proxy. Behind API Gateway, whose stage is such a prefix, `FastAPI(root_path="/prod")`.
//!
//! ## Not
//! `openapi_url="/api/v1/openapi.json"`: it moves the file as well, so below the prefix it is at `/api/v1/api/v1/…`.

use crate::asgi::server::RootPathUse;
use crate::diagnosis::case::{Case, Miss};
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Confidence, Fix, Ground, Severity, fix, prefix, shown};
use crate::lanes::Source;

pub(super) const RULE: Rule = Rule {
    code: "PX05",
    title: "docs page asks for openapi.json without the prefix",
    severity: Severity::Error,
    source: include_str!("px05.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    if let Some(parts) = moved(case) {
        return Answer::Yes(parts);
    }
    // A predicted answer has no content type; a schema or a picture has another one.
    let html = case.lanes.answer.content_type.as_deref().is_none_or(|kind| kind.starts_with("text/html"));
    let page = case.lanes.original.path.as_slice();
    let named_like_one = page.ends_with(b"/docs") || page.ends_with(b"/redoc");
    if !html || case.status() != Some(200) || !named_like_one && case.body().schema.is_none() {
        return Answer::No;
    }
    let (prefix, seen) = match case.stripped() {
        Some((prefix, seen)) => (prefix.to_owned(), seen),
        // Only the client's side was seen: what stands before /docs may be a prefix; the next request will tell.
        None if case.outgoing().is_none() => match parent(page) {
            Some(parent) => (parent, false),
            None => return Answer::No,
        },
        None => return Answer::No,
    };
    let named = case.body().schema.as_deref();
    let asks = named.or_else(|| case.view().map(|view| view.openapi_url.as_str())).unwrap_or_default();
    if !asks.starts_with('/') || prefix::below_text(asks, &prefix).is_some() {
        return Answer::No;
    }
    let parts = parts(case, &prefix, asks, named.is_some()).next(asks.as_bytes().to_vec(), Some(page.to_vec()));
    let certain = case.stripped().is_some() && (named.is_some() || seen && case.setup.server.stated);
    if certain { Answer::Yes(parts) } else { Answer::Wait(parts) }
}

/// The docs page sent the browser to its schema below the prefix, and the app has nothing where the prefix is stripped: its
/// file was moved below the prefix too.
fn moved(case: &Case<'_>) -> Option<Parts> {
    let (part, true) = case.stripped()? else { return None };
    let (asked, out) = (std::str::from_utf8(case.incoming()).ok()?, std::str::from_utf8(case.outgoing()?).ok()?);
    let referer = case.exchange.outer()?.request.get("referer")?;
    let page = referer.split(|&b| b == b'?' || b == b'#').next()?;
    let by_docs = page.ends_with(b"/docs") || page.ends_with(b"/redoc");
    let untold = case.setup.server.root_path.is_empty() && case.setup.app.root_path.is_empty();
    let missed = case.miss() == Some(Miss::Seen) && case.is_router_page() && !case.lanes.original.websocket;
    if !(by_docs && out.as_bytes().ends_with(b".json") && untold && missed) {
        return None;
    }
    let (p, a, o) = (shown::text(part), shown::text(asked), shown::text(out));
    let why = format!(
        "The docs page loads its schema from {a}; the proxy strips {p}, and the app has no {o}: it looks like openapi_url= \
         was given the prefix, which moves the file as well.",
    );
    let told = ServerWords(&case.setup.server).with_root(part);
    let told = told.filter(|_| case.setup.server.root_path_use() == RootPathUse::BeforePath);
    let told = told.unwrap_or_else(|| {
        let root =
            ServerWords(&case.setup.server).with_root(part).unwrap_or_else(|| format!("FastAPI(root_path=\"{p}\")"));
        format!("{}  +  {root}", Proxy::of(case).keep(part))
    });
    Some(
        Parts::new(Confidence::Medium, why)
            .about(part)
            .path_seen(case)
            .answer_seen(case)
            .fact(case, Source::Seen, Ground::Client, "the docs page sent the browser there")
            .missing("the app's openapi_url")
            .fix([Fix::advice(format!("FastAPI() without openapi_url=\"{a}\"  +  {told}"))])
            .not(format!(
                "openapi_url=\"{p}{a}\", or another place of the file: what the page asks for is stripped again"
            )),
    )
}

fn parts(case: &Case<'_>, prefix: &str, asks: &str, named: bool) -> Parts {
    let (p, page) = (shown::text(prefix), shown::bytes(&case.lanes.original.path));
    let asks = shown::text(asks);
    let why = format!(
        "{page} was served, but the page loads its schema from {asks}, without {p}: the app does not know its public prefix.",
    );
    let parts = Parts::new(Confidence::High, why).about(prefix).path_seen(case);
    let parts = if named {
        parts.fact(case, Source::Seen, Ground::Answer, format!("the page names {asks}"))
    } else {
        parts.scope_known(case).missing("the page's own text, or the browser's next request")
    };
    let parts = if case.stripped().is_none_or(|(_, seen)| !seen) && named {
        parts.missing("the browser's next request, or a tap on the other side of the proxy")
    } else {
        parts
    };
    parts
        .fix(stage(case, prefix))
        .fix(fix::for_prefix(case, prefix, true))
        .not(format!("openapi_url=\"{p}/openapi.json\": it moves the file too, to {p}{p}/openapi.json"))
}

/// Behind API Gateway there is no server to be told, and the stage is in no path that the app gets.
fn stage(case: &Case<'_>, prefix: &str) -> Option<Fix> {
    let p = shown::text(prefix);
    let line =
        format!("the app: FastAPI(root_path=\"{p}\"): API Gateway strips its stage, and Mangum sets no root path");
    case.lanes.original.host.contains(".execute-api.").then(|| Fix::advice(line))
}

/// What stands before `/docs`.
fn parent(page: &[u8]) -> Option<String> {
    let at = page.iter().rposition(|&b| b == b'/').filter(|&at| at > 0)?;
    page.get(..at).map(|parent| String::from_utf8_lossy(parent).into_owned())
}
