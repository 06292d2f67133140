//! # RD05: redirect loses method, body or login
//!
//! ## What it says
//! The client sent something, or said who it is, and is redirected in a way that makes it ask again without: the POST comes
//! back as a GET, or the next request has no `Authorization`.
//!
//! ## Why it happens
//! Browsers and most clients turn a POST into a GET on 301 and 302, and some turn every method into one. 307 and 308 keep
//! it. And all of them drop `Authorization` when scheme, host or port change.
//!
//! ## How it is told from its neighbours
//! - A POST that is answered with a redirect to another page (302, 303 after a form) is as meant: only a redirect to the
//!   very same page (a slash, https, another host) is one that should have repeated the request.
//! - `RD01`, `RD02`, `RD04`, `RD09`: the redirect leads to the wrong place as well; then that is the cause.
//! - A login that is dropped on the way to another host is no finding unless the client is then turned away.
//!
//! ## Example
//! ```text
//! POST /items   301 Location: /items/      next: GET /items/ 405
//! ```
//!
//! ## Fix
//! 308 in place of 301, 307 in place of 302 (nginx: `return 308 …`); or call the exact URL at once, so that there is no
//! redirect.
//!
//! ## Not
//! A GET route beside the POST route: it answers, and what was sent is still lost.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Confidence, Fix, Ground, Severity, shown};
use crate::lanes::Source;
use crate::redirect::{Authorization, HostVerdict, Judged, MethodAfter, authorization_after, method_after};

pub(super) const RULE: Rule = Rule {
    code: "RD05",
    title: "redirect loses method, body or login",
    severity: Severity::Error,
    source: include_str!("rd05.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let Some(judged) = case.any_redirect() else { return Answer::No };
    let Some(status) = case.lanes.answer.status else { return Answer::No };
    let method = case.lanes.original.method.as_str();
    let repeats = is_same_page(case, &judged);
    match method_after(status, method.as_bytes()) {
        // See Other asks for a GET, and nothing else is ever meant by it.
        MethodAfter::Get if repeats && status != 303 => Answer::Yes(method_lost(case, &judged, status, true)),
        MethodAfter::ClientsDiffer if repeats && method != "OPTIONS" => {
            Answer::Yes(method_lost(case, &judged, status, false))
        }
        _ => login_lost(case, &judged),
    }
}

/// True if the redirect leads to the page that was asked for, at most by another scheme, host, port or final slash.
fn is_same_page(case: &Case<'_>, judged: &Judged) -> bool {
    judged.slash.is_some()
        || (judged.target.path == case.lanes.original.path && judged.target.query == case.lanes.original.query)
}

fn method_lost(case: &Case<'_>, judged: &Judged, status: u16, by_all: bool) -> Parts {
    let method = shown::text(&case.lanes.original.method);
    let who =
        if by_all { "clients follow it with a GET" } else { "some clients (requests, httpx, Go) follow it with a GET" };
    let why = format!(
        "{method} {} is redirected to {} by {status}: {who}, and what was sent is lost.",
        shown::bytes(&case.lanes.original.path),
        shown::text(&judged.target.to_string()),
    );
    let keeping = if status == 301 { 308 } else { 307 };
    let by_proxy = case.proxy_redirect().is_some();
    let change = match Proxy::of(case) {
        Proxy::Nginx if by_proxy && judged.slash.is_some() => {
            let path = shown::bytes(&case.lanes.original.path);
            format!(
                "nginx: location = {path} {{ return {keeping} {}$is_args$args; }}",
                shown::bytes(&judged.target.path)
            )
        }
        Proxy::Nginx if by_proxy => format!("nginx: return {keeping} in place of return {status}"),
        proxy if by_proxy => format!("{}: redirect by {keeping} in place of {status}", proxy.name()),
        _ => format!("the app: redirect by {keeping} in place of {status}"),
    };
    let exact = Fix::advice(format!("the client: ask for {} at once", shown::text(&case.meant(judged).to_string())));
    let parts = Parts::new(if by_all { Confidence::High } else { Confidence::Medium }, why)
        .about(format!("method, {status}"))
        .severity(if by_all { Severity::Error } else { Severity::Warn })
        .fact(case, Source::Seen, Ground::Client, format!("{method} was sent"))
        .fact(case, Source::Seen, Ground::Answer, format!("{status} to the same page"))
        .fix([Fix::advice(change), exact])
        .not("a GET route beside the other: it answers, and what was sent is still lost");
    let parts = parts.next(judged.target.path.clone(), None);
    if by_all { parts } else { parts.missing("which client it is") }
}

/// `Authorization` that a client leaves off; told only if it is turned away for it.
fn login_lost(case: &Case<'_>, judged: &Judged) -> Answer {
    let has_login = case.exchange.outer().is_some_and(|half| half.request.get("authorization").is_some());
    let dropped = authorization_after(&case.asked(), &judged.target) == Authorization::Dropped;
    if !(has_login && dropped) || judged.host == HostVerdict::Other {
        return Answer::No;
    }
    let why = format!(
        "The client sent Authorization and is redirected from {} to {}: another scheme, host or port, where clients do not send it.",
        shown::text(&case.asked().to_string()),
        shown::text(&judged.target.to_string()),
    );
    Answer::Wait(
        Parts::new(Confidence::Medium, why)
            .about("login")
            .fact(case, Source::Seen, Ground::Client, "Authorization was sent")
            .fact(case, Source::Seen, Ground::Answer, "the redirect leaves scheme, host or port")
            .missing("the client's next request")
            .fix([
                Fix::advice(
                    "keep scheme, host and port in the redirect: pass Host and X-Forwarded-Proto on to the app",
                ),
                Fix::advice(format!("or the client: ask for {} at once", shown::bytes(&judged.target.path))),
            ])
            .not("a client that sends its login to every host it is redirected to: whoever writes the redirect gets it")
            .next(judged.target.path.clone(), None),
    )
}
