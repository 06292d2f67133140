//! # PX06: page escapes the prefix
//!
//! ## What it says
//! A page was served below the prefix and sends its reader out of it: scripts, styles, forms or calls that begin with `/`
//! go to the root of the host. There the proxy has no rule, or another app answers.
//!
//! ## Why it happens
//! The page was built for an app that lives at `/`: its addresses are written into the front end when that is built, or
//! made by an app that does not know its prefix. A proxy that strips the prefix from requests changes no page.
//!
//! ## How it is told from its neighbours
//! - `PX05`: the address is that of the docs page's schema.
//! - `PX07`: a redirect leaves the prefix, not a page.
//! - `NG06`: relative addresses that go wrong because the page was opened without its final slash.
//! - An address outside of the prefix that is answered is no finding: many sites share pictures and pages among apps. It is
//!   waited whether the browser's next request fails, and a failing request says by its `Referer` where it came from.
//!
//! ## Example
//! ```text
//! GET /notes/ → 200 <script src="/assets/index.js">      GET /assets/index.js (Referer …/notes/) → 404 by the proxy
//! ```
//! Seen in pbogre/jetlog#70, dullage/flatnotes#71, mlflow/mlflow#597, gradio-app/gradio#9822, traefik/traefik#3876.
//!
//! ## Fix
//! The app's own setting for a base path, which is named where the app is known (Gradio, Streamlit, `MLflow`, Grafana, Vite,
//! …). Addresses made by `url_for` follow the root path. Else: the proxy sends these paths to the app too, or the app gets a
//! host name of its own.
//!
//! ## Not
//! Rewriting pages on their way (`sub_filter`): it misses what scripts put together, and breaks compressed pages.

use crate::diagnosis::body::{By, Kind};
use crate::diagnosis::case::Case;
use crate::diagnosis::known_apps::KnownApp;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Confidence, Fix, Ground, Severity, fix, prefix, shown};
use crate::exchange::Target;
use crate::gateway;
use crate::lanes::{Author, Source};

pub(super) const RULE: Rule = Rule {
    code: "PX06",
    title: "page escapes the prefix",
    severity: Severity::Error,
    source: include_str!("px06.rs"),
    check,
};

/// Addresses of one page that are waited for at most.
const MOST_AWAITED: usize = 64;
/// What browsers and crawlers ask for at the root of any host, and what asks for a schema (`PX05`).
const NOT_OF_A_PAGE: [&str; 7] = [
    "/favicon.ico",
    "/robots.txt",
    "/apple-touch-icon.png",
    "/apple-touch-icon-precomposed.png",
    "/openapi.json",
    "/swagger.json",
    "/sw.js",
];

/// An address that leads out of the prefix.
struct Escape {
    path: Vec<u8>,
    /// Written with a host, as `url_for` does.
    absolute: bool,
}

fn check(case: &Case<'_>) -> Answer {
    if case.failed() { failed_request(case) } else { page(case) }
}

/// A page that names such addresses: the next request tells whether anybody answers there.
fn page(case: &Case<'_>) -> Answer {
    if case.status() != Some(200) || case.body().kind != Kind::Html {
        return Answer::No;
    }
    let guessed = guess(case);
    let prefix = match case.prefix() {
        "" => guessed.as_str(),
        known => known,
    };
    let escapes = if prefix.is_empty() { Vec::new() } else { escapes(case, prefix) };
    let Some(first) = escapes.first() else { return Answer::No };
    let (p, page, to) = (shown::text(prefix), shown::bytes(&case.lanes.original.path), shown::bytes(&first.path));
    let others = match escapes.len() {
        1 => String::new(),
        n => format!(" and {} more", n - 1),
    };
    let why = format!("{page} was served below {p}, but the page loads {to}{others} from the root of the host.");
    let fixes = fixes(case, prefix, &first.path, escapes.iter().any(|escape| escape.absolute));
    let paths = escapes.into_iter().map(|escape| escape.path).collect();
    let parts = Parts::new(Confidence::High, why)
        .about(prefix)
        .path_seen(case)
        .fact(case, Source::Seen, Ground::Answer, format!("the page names {to}"))
        .missing("whether anybody answers there")
        .fix(fixes)
        .not(NOT);
    Answer::Wait(parts.next_astray(paths, Some(case.lanes.original.path.clone())))
}

/// What may be the prefix of a page that was seen by the client's side alone: its folder, if an app made it. Other requests,
/// of which the proxy knows nothing, tell.
fn guess(case: &Case<'_>) -> String {
    let by_app = matches!(case.lanes.answer.by, Author::App(_) | Author::Server(_));
    let path = std::str::from_utf8(&case.lanes.original.path).ok().filter(|_| by_app && case.outgoing().is_none());
    let folder = path.and_then(|path| path.split('/').nth(1).filter(|first| path.len() > first.len() + 1));
    folder.map_or_else(String::new, |first| format!("/{first}"))
}

/// A request that failed outside of the prefix, made by a page below it.
fn failed_request(case: &Case<'_>) -> Answer {
    let path = case.lanes.original.path.as_slice();
    let Some((prefix, page)) = came_from(case).filter(|_| case.app().is_none() && !is_noise(path)) else {
        return Answer::No;
    };
    let (p, page, to) = (shown::text(prefix), shown::bytes(page), shown::bytes(path));
    let why = format!(
        "{to} was asked for by {page}, a page below {p}: the page's address leads out of the prefix, to the root of the \
         host.",
    );
    let parts = Parts::new(Confidence::High, why)
        .about(prefix)
        .fact(case, Source::Seen, Ground::Client, format!("Referer names {page}; {to} is not below {p}"))
        .answer_seen(case)
        .fix(fixes(case, prefix, path, false))
        .not(NOT);
    Answer::Yes(parts)
}

/// The known prefix that the page lies below which asked for this, where the request itself lies below none.
fn came_from<'a>(case: &Case<'a>) -> Option<(&'a str, &'a [u8])> {
    let referer = Target::new(case.lanes.original.referer.as_deref()?);
    let host = case.exchange.outer()?.request.get("host")?;
    if referer.authority() != Some(host) {
        return None;
    }
    let rules = case.setup.gateway.iter().flat_map(gateway::Gateway::prefixes);
    let known: Vec<&str> = case.setup.prefixes.iter().map(String::as_str).chain(rules).collect();
    let path = case.lanes.original.path.as_slice();
    if known.iter().any(|known| prefix::below(path, known).is_some()) {
        return None;
    }
    // A page at the bare prefix has its relative addresses looked for beside it: that is NG06.
    let above =
        known.into_iter().filter(|known| prefix::below(referer.path(), known).is_some_and(|rest| !rest.is_empty()));
    above.max_by_key(|known| known.len()).map(|prefix| (prefix, referer.path()))
}

/// The addresses that a browser asks for by itself, or sends a form to, and that lie outside of the prefix on this host.
fn escapes(case: &Case<'_>, prefix: &str) -> Vec<Escape> {
    let (asked, body) = (case.asked(), case.body());
    let base = body.base.as_ref().and_then(|base| asked.resolve(base.as_bytes())).unwrap_or_else(|| asked.clone());
    let mut found: Vec<Escape> = Vec::new();
    for address in body.addresses.iter().filter(|address| matches!(address.by, By::Load | By::Form)) {
        // A relative address goes wrong for another reason (NG06).
        let absolute = address.url.starts_with("//") || address.url.contains("://");
        if !absolute && !address.url.starts_with('/') {
            continue;
        }
        let Some(to) = base.resolve(address.url.as_bytes()) else { continue };
        let here = to.host == asked.host && to.effective_port() == asked.effective_port();
        let outside = prefix::below(&to.path, prefix).is_none() && !is_noise(&to.path) && to.path != b"/";
        if here && outside && found.len() < MOST_AWAITED && !found.iter().any(|known| known.path == to.path) {
            found.push(Escape { path: to.path, absolute });
        }
    }
    found
}

fn is_noise(path: &[u8]) -> bool {
    path.starts_with(b"/.well-known/") || NOT_OF_A_PAGE.iter().any(|noise| noise.as_bytes() == path)
}

/// The app's own setting first; where its addresses follow the root path, that; then the proxy.
fn fixes(case: &Case<'_>, prefix: &str, path: &[u8], by_root_path: bool) -> Vec<Fix> {
    let mut fixes = Vec::new();
    let known = KnownApp::of(case);
    if let Some(app) = known {
        fixes.push(Fix::advice(app.setting(prefix)));
        fixes.extend(app.trap(prefix).map(Fix::advice));
    }
    if by_root_path {
        fixes.extend(fix::for_prefix(case, prefix, case.stripped().is_some()));
    }
    let p = shown::text(prefix);
    if known.is_none() {
        fixes.push(Fix::advice(format!(
            "the app: its own setting for a base path = {p}/; in templates url_for() and the server's root path, in a front \
             end the base that it is built with (vite build --base={p}/)"
        )));
    }
    let first = String::from_utf8_lossy(path);
    if let Some(first) = first.split('/').nth(1).filter(|first| !first.is_empty()) {
        // Which request it mends is not the page's own, so nothing can be tried on that.
        fixes.push(Fix::advice(format!(
            "or for these paths a rule of their own: {}",
            Proxy::of(case).add_rule(&format!("/{first}"))
        )));
    }
    fixes.push(Fix::advice("or give the app a host name of its own, without a prefix"));
    fixes
}

const NOT: &str =
    "rewriting pages on their way (sub_filter): it misses what scripts put together, and breaks compressed pages";
