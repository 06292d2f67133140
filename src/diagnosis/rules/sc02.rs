//! # SC02: a scanner path was answered
//!
//! ## What it says
//! A file that should be nobody else's was given out: settings with passwords, the folder of the version control system,
//! the source of a script.
//!
//! ## Why it happens
//! A folder is served as it is, by `StaticFiles` or by the proxy's `root`, and holds more than was meant: the checkout of
//! the project rather than the folder with its public files.
//!
//! ## How it is told from its neighbours
//! - `SC01`: it was refused.
//! - A single-page app answers every path with its page, and an API with JSON: then nothing was given out. Nor is it this
//!   where a script was run, or where who asked has a cookie, a login, or came from a page of the same host.
//! - Where the body was not kept, or is compressed, its type alone speaks: then it is not sure.
//!
//! ## Example
//! ```text
//! GET /.env   200 text/plain by uvicorn   SECRET_KEY=…
//! ```
//!
//! ## Fix
//! Serve a folder that holds nothing but public files, refuse hidden files at the proxy, and change every password and key
//! that was in it.
//!
//! ## Not
//! A list of the addresses that ask: the file has been read, and the next reader has another.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::scanner::{self, Sought};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Confidence, Ground, Severity, shown};
use crate::exchange::{Half, ResponseHead};
use crate::lanes::{Lanes, Source};

pub(in crate::diagnosis) const RULE: Rule = Rule {
    code: "SC02",
    title: "a scanner path was answered",
    severity: Severity::Warn,
    source: include_str!("sc02.rs"),
    check,
};

/// True for an answer that this rule has to look at.
pub(in crate::diagnosis) fn is_suspect(lanes: &Lanes) -> bool {
    let answered = matches!(lanes.answer.status, Some(200 | 206));
    answered && Sought::file(&lanes.original.path).is_some()
}

fn check(case: &Case<'_>) -> Answer {
    if !is_suspect(case.lanes) || case.lanes.original.method == "HEAD" {
        return Answer::No;
    }
    let Some((sought, outer)) = scanner::sought(case).zip(case.exchange.outer()) else { return Answer::No };
    let Some(head) = outer.response.as_ref() else { return Answer::No };
    let kept = [Some(outer), case.app()].into_iter().flatten().find(|half| !half.response_body.kept.is_empty());
    let read = kept.filter(|_| head.get("content-encoding").is_none());
    let given = match read {
        Some(half) => sought.is_in(&half.response_body.kept),
        None => outer.response_body.total > 0 && is_plain_file(head),
    };
    if given { Answer::Yes(parts(case, sought, read)) } else { Answer::No }
}

fn parts(case: &Case<'_>, sought: Sought, read: Option<&Half>) -> Parts {
    let (path, proxy) = (shown::bytes(&case.lanes.original.path), Proxy::of(case));
    let why = format!("{path}, {}, was given to somebody who only asked for it.", sought.word());
    let parts = Parts::new(Confidence::High, why).about(sought.word()).fact(
        case,
        Source::Seen,
        Ground::Client,
        format!("{path} was asked for without cookie, login or page"),
    );
    let parts = match read {
        Some(_) => parts.fact(case, Source::Seen, Ground::Answer, format!("the body reads like {}", sought.word())),
        None => parts.answer_seen(case).missing("the body, which was not kept or is compressed"),
    };
    parts
        .fix([
            "serve a folder of its own that holds nothing but public files".to_owned(),
            proxy.refuse_hidden().to_owned(),
            "change every password and key that was in it: whoever looks for such files has read it".to_owned(),
        ])
        .not("a list of the addresses that ask: the file has been read, and the next reader has another")
}

/// True if the type is one that files without a known ending have, and scripts that are not run.
fn is_plain_file(head: &ResponseHead) -> bool {
    let Some(kind) = head.get("content-type") else { return true };
    let types: [&[u8]; 3] = [b"text/plain", b"application/octet-stream", b"application/x-httpd-php"];
    types.iter().any(|one| kind.get(..one.len()).is_some_and(|begins| begins.eq_ignore_ascii_case(one)))
}
