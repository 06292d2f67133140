//! # CO01: CORS fails on a redirect
//!
//! ## What it says
//! A script of another origin asked, and the answer is a redirect that browsers do not let it follow. The console says
//! CORS; the cause is the redirect.
//!
//! ## Why it happens
//! Browsers follow no redirect of a preflight, and follow one of the request itself only if it has
//! `Access-Control-Allow-Origin`. An app-wide `CORSMiddleware` answers preflights before any redirect and puts the header
//! on slash redirects too. One that stands on a mounted app only does not, nor does a proxy that redirects by itself. A
//! redirect to another scheme, host or port makes a script's request to its own origin a foreign one.
//!
//! ## How it is told from its neighbours
//! - `RD01`, `RD02`, `RD04`, `PX07`, `RD09`: the redirect is wrong by itself; then that is the cause.
//! - Forms send `Origin` too and are not bound by CORS: where the browser says by `Sec-Fetch-Mode` that it is no script's
//!   request, or the origin is the page's own host, it is no finding.
//! - An app that allows nobody anyway: unless the app was seen to allow an origin, or the browser says that a script asks,
//!   nothing is said.
//!
//! ## Example
//! ```text
//! OPTIONS /items   Origin: https://www.example.com   Access-Control-Request-Method: PUT   307 Location: /items/
//! ```
//!
//! ## Fix
//! Take the redirect out: call the exact URL (`/items/`, by https, on the public host); or put `CORSMiddleware` around the
//! whole app.
//!
//! ## Not
//! `Access-Control-Allow-Origin` on the redirect alone: a preflight is not followed whatever it says.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::{Confidence, Fix, Ground, Severity, shown};
use crate::lanes::Source;
use crate::redirect::{Cors, HostVerdict, Judged, PortVerdict, SchemeVerdict, Url, cors};

pub(super) const RULE: Rule = Rule {
    code: "CO01",
    title: "CORS fails on a redirect",
    severity: Severity::Error,
    source: include_str!("co01.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let Some(judged) = case.any_redirect() else { return Answer::No };
    let Some(outer) = case.exchange.outer() else { return Answer::No };
    let Some(response) = &outer.response else { return Answer::No };
    let asked = case.asked();
    let by_script = outer.request.get("sec-fetch-mode") == Some(b"cors");
    // Behind a TLS end that does not say so, the page's own origin looks like another one.
    let own_host = outer.request.get("origin").and_then(Url::absolute).is_some_and(|origin| origin.host == asked.host);
    let what = match cors(&asked, &judged.target, &outer.request, response) {
        Cors::Preflight if !own_host => "browsers do not follow a redirect of a preflight",
        Cors::NoAllowOrigin if !own_host && (by_script || case.history.allows_origins()) => {
            "it has no Access-Control-Allow-Origin, so browsers do not follow it"
        }
        Cors::OtherAllowOrigin if !own_host => {
            "its Access-Control-Allow-Origin allows another origin, so browsers do not follow it"
        }
        Cors::LeavesOrigin | Cors::OriginBecomesNull if by_script && leads_astray(&judged) => {
            "it leaves the origin that the script asked, and nobody there expects it"
        }
        _ => return Answer::No,
    };
    Answer::Yes(parts(case, &judged, what))
}

/// True if it leads to another scheme, host or port by mistake.
fn leads_astray(judged: &Judged) -> bool {
    judged.scheme == SchemeVerdict::Downgraded
        || matches!(judged.host, HostVerdict::Internal(_))
        || judged.host == HostVerdict::Same && judged.port != PortVerdict::Same
}

fn parts(case: &Case<'_>, judged: &Judged, what: &str) -> Parts {
    let original = &case.lanes.original;
    let (target, meant) = (shown::text(&judged.target.to_string()), shown::text(&case.meant(judged).to_string()));
    let why = format!(
        "A script asks {} {} from another origin and is redirected to {target}: {what}.",
        shown::text(&original.method),
        shown::bytes(&original.path),
    );
    let cover = if case.proxy_redirect().is_some() {
        "or the proxy: no redirect of its own for this path"
    } else {
        "or the app: CORSMiddleware around the whole app, not on a mounted one; and a route for this form of the path"
    };
    Parts::new(Confidence::High, why)
        .about(judged.slash.map_or("redirect", |_| "slash"))
        .fact(case, Source::Seen, Ground::Client, "it has the Origin of another site, as a script's request has")
        .fact(case, Source::Seen, Ground::Answer, what)
        .fix([Fix::advice(format!("the script: ask for {meant} at once")), Fix::advice(cover)])
        .not("Access-Control-Allow-Origin on the redirect alone: a preflight is not followed whatever it says")
}
