//! # PX07: Location loses the prefix
//!
//! ## What it says
//! The app answered with a redirect whose path lacks the public prefix. The client follows it to the root of the host,
//! where the proxy has no rule, or another app answers.
//!
//! ## Why it happens
//! The app builds the redirect from the path that it sees. The proxy stripped the prefix, and the server did not put it
//! back, which only uvicorn's `--root-path` does. Any other `root_path` does not help: Starlette builds slash redirects from
//! `path`.
//!
//! ## How it is told from its neighbours
//! - A redirect that leaves the prefix on purpose (to a login page of another app): only a slash redirect, or one to a
//!   known route, is called a fault at once; of any other it is waited whether the next request fails.
//! - `RD01`, `RD02`: host or scheme is wrong as well; they are listed beside it.
//! - A proxy that mended the Location on its way: what the client got is right, and it is no finding.
//!
//! ## Example
//! ```text
//! in /api/v1/items   out /items   307 Location: http://example.com/items/      next: GET /items/ → 404 by the proxy
//! ```
//!
//! ## Fix
//! `uvicorn --root-path /api/v1`; with another server, keep the prefix and tell it. Where the app cannot be changed, nginx
//! can mend it: `proxy_redirect / /api/v1/;`.
//!
//! ## Not
//! `FastAPI(root_path=…)` with a proxy that strips: the docs work then, slash redirects still lose the prefix.

use crate::asgi::server::RootPathUse;
use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change, Confidence, Fix, Ground, Severity, fix, shown};
use crate::gateway;
use crate::lanes::Source;
use crate::redirect::{HostVerdict, Judged, PrefixVerdict};

pub(super) const RULE: Rule = Rule {
    code: "PX07",
    title: "Location loses the prefix",
    severity: Severity::Error,
    source: include_str!("px07.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let Some(judged) = case.redirect() else { return Answer::No };
    if judged.prefix != PrefixVerdict::Lost {
        return shortened(case, &judged).map_or(Answer::No, Answer::Wait);
    }
    let target = String::from_utf8_lossy(&judged.target.path).into_owned();
    let routed = case.has_route(&target);
    let stripped = case.stripped();
    let sure = judged.slash.is_some() && stripped.is_some_and(|(_, seen)| seen);
    let parts = parts(case, &judged, if sure { Confidence::High } else { Confidence::Medium })
        .next(judged.target.path.clone(), None);
    if judged.slash.is_some() || routed { Answer::Yes(parts) } else { Answer::Wait(parts) }
}

/// Only the client's side is seen, and no prefix is known: a slash redirect as routers write it (Starlette 307, Django 301)
/// that leads to the end of the path that was asked for. If that path fails too, what is missing before it is the prefix.
fn shortened(case: &Case<'_>, judged: &Judged) -> Option<Parts> {
    let by_router = matches!(case.status(), Some(301 | 307)) && judged.host == HostVerdict::Same;
    if case.outgoing().is_some() || !case.prefix().is_empty() || !by_router {
        return None;
    }
    let bare = |path: &[u8]| path.strip_suffix(b"/").map(<[u8]>::to_vec);
    let (asked, target) = (case.incoming(), judged.target.path.as_slice());
    let prefix = match (bare(asked), bare(target)) {
        (None, Some(tail)) if tail.len() > 1 => asked.strip_suffix(tail.as_slice()),
        (Some(asked_bare), None) if target.len() > 1 => asked.get(..asked_bare.strip_suffix(target)?.len()),
        _ => None,
    };
    let prefix = std::str::from_utf8(prefix?).ok().filter(|prefix| prefix.len() > 1)?;
    let (p, from, to) = (shown::text(prefix), shown::bytes(asked), shown::bytes(target));
    let why = format!(
        "The client asked for {from} and is sent to {to}, without {p}, where nobody answers: the app built it from the path it \
         sees, which has no prefix.",
    );
    let parts = Parts::new(Confidence::Medium, why)
        .about(prefix)
        .path_seen(case)
        .fact(case, Source::Seen, Ground::Answer, format!("Location leads to {to}"))
        .missing("the client's next request, or a tap before the app")
        .fix(fix::for_prefix(case, prefix, true))
        .not(format!("{} behind a proxy that strips: slash redirects still lose the prefix", useless(case, &p)));
    Some(parts.next(target.to_vec(), None))
}

fn parts(case: &Case<'_>, judged: &Judged, confidence: Confidence) -> Parts {
    let prefix = case.prefix();
    let p = shown::text(prefix);
    let mut why = format!(
        "The client asked for {} and is sent to {}, without {p}: the app built it from the path it sees, {}.",
        shown::bytes(&case.lanes.original.path),
        shown::bytes(&judged.target.path),
        case.view().map_or_else(|| "which has no prefix".to_owned(), |view| shown::text(&view.scope.path)),
    );
    if !matches!(case.lanes.original.method.as_str(), "GET" | "HEAD") {
        why.push_str(" Its body goes to the wrong place too, or is lost.");
    }
    let mut fixes = fix::for_prefix(case, prefix, case.stripped().is_some());
    if Proxy::of(case) == Proxy::Nginx {
        let mend = Change::Proxy(gateway::Change::MendLocation(prefix.to_owned()));
        fixes.push(Fix::candidate(format!("or as a patch, nginx: proxy_redirect / {p}/;"), [mend]));
    }
    Parts::new(confidence, why)
        .about(prefix)
        .path_seen(case)
        .fact(case, Source::Seen, Ground::Answer, format!("Location leads to {}", shown::bytes(&judged.target.path)))
        .scope_known(case)
        .fix(fixes)
        .fix(untried(case, prefix))
        .not(not(case, &p))
}

/// What is right with any framework, where this one's redirects are not modelled and nothing can be tried.
fn untried(case: &Case<'_>, prefix: &str) -> Option<Fix> {
    is_another_framework(case).then(|| fix::clean_pair(case, prefix))
}

/// True for an app that is neither Starlette's nor FastAPI's: known to be another's, or it adds the slash by a 301, for which
/// Starlette has 307 and FastAPI as well.
fn is_another_framework(case: &Case<'_>) -> bool {
    let adds_slash = case.status() == Some(301) && case.redirect().is_some_and(|judged| judged.slash.is_some());
    let scope = case.lanes.scope.outcome.as_ref().and_then(|outcome| outcome.scope());
    adds_slash || scope.is_some_and(|scope| case.setup.app.other_route(scope).is_some())
}

fn not(case: &Case<'_>, prefix: &str) -> String {
    if is_another_framework(case) {
        return "a rewrite of Location at the proxy alone: links in pages and callbacks still lose the prefix"
            .to_owned();
    }
    format!("{} behind a proxy that strips: slash redirects still lose the prefix", useless(case, prefix))
}

/// The settings that do not mend it.
fn useless(case: &Case<'_>, prefix: &str) -> String {
    let app = format!("FastAPI(root_path=\"{prefix}\")");
    match ServerWords(&case.setup.server).with_root(prefix) {
        Some(server) if case.setup.server.root_path_use() == RootPathUse::Alone => format!("{server}, or {app},"),
        _ => app,
    }
}
