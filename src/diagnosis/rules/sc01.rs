//! # SC01: scanner path
//!
//! ## What it says
//! Somebody looks for files and programs that careless hosts give out: `.env`, `.git`, `wp-admin`, `*.php`. Nobody here has
//! them, and the refusal is right.
//!
//! ## Why it happens
//! Every address on the internet is tried by programs that look for known holes, within minutes of its first certificate.
//! They do not know what runs there.
//!
//! ## How it is told from its neighbours
//! - `NG07`, `PX01` and the other faults of a path are not said of such a request: nothing is to be mended so that it works.
//! - `SC02`: it was answered.
//! - A request with a cookie or a login, or of a page of the same host, is somebody's who uses the app. Nor is it this
//!   where the app has a route for the path, or was seen to serve scripts of that kind; nor below `/.well-known/`.
//!
//! ## Example
//! ```text
//! GET /wp-login.php   404 by the app
//! GET /.git/config    404 by nginx
//! ```
//!
//! ## Fix
//! Nothing has to be changed. To keep it away from the app and its logs, refuse hidden files at the proxy.
//!
//! ## Not
//! A rule that passes these paths on to the app, and a list of the addresses that ask: tomorrow it is others.

use super::ng07;
use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::scanner::{self, Sought};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Confidence, Ground, Severity, shown};
use crate::lanes::Source;

pub(in crate::diagnosis) const RULE: Rule =
    Rule { code: "SC01", title: "scanner path", severity: Severity::Note, source: include_str!("sc01.rs"), check };

fn check(case: &Case<'_>) -> Answer {
    let Some(sought) = scanner::sought(case).filter(|&sought| is_refused(case) && !is_served(case, sought)) else {
        return Answer::No;
    };
    let path = shown::bytes(&case.lanes.original.path);
    let why = format!(
        "{path} is what scanners ask every host for, {}. Nobody here has it, and that is right: it says nothing about the \
         proxy or the app.",
        sought.word(),
    );
    let proxy = Proxy::of(case);
    Answer::Yes(
        Parts::new(Confidence::High, why)
            .about("what scanners look for")
            .fact(case, Source::Seen, Ground::Client, format!("{path} was asked for without cookie, login or page"))
            .answer_seen(case)
            .fix([format!("nothing has to be changed; to keep it from the app, {}", proxy.refuse_hidden())])
            .not("a rule that passes such paths on, or a list of the addresses that ask: tomorrow it is others"),
    )
}

/// True if the client got nothing.
fn is_refused(case: &Case<'_>) -> bool {
    case.lanes.answer.status.is_some_and(|status| (400..500).contains(&status)) || ng07::is_unrouted(case)
}

/// True if the app is one that has such paths.
fn is_served(case: &Case<'_>, sought: Sought) -> bool {
    let has_route = std::str::from_utf8(&case.lanes.original.path).is_ok_and(|path| case.has_route(path));
    has_route || sought == Sought::Script && case.history.serves_scripts()
}
