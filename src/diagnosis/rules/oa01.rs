//! # OA01: login's way back is wrong
//!
//! ## What it says
//! The app sends the client to a login and names, in `redirect_uri` or the like, where it is to come back to: by http, on a
//! host that only machines behind the proxy know, or without the public prefix. The login refuses it, or sends the client
//! nowhere.
//!
//! ## Why it happens
//! The URL is built with `request.url_for`, from the same scheme, Host and root path as redirects: what makes those wrong
//! makes this wrong, and shows only after the password was typed.
//!
//! ## How it is told from its neighbours
//! - `TR01`, `HO01`: the header was sent and not believed, or Host was replaced; then that is the cause.
//! - `RD01`, `RD02`, `PX07`: the redirect itself leads to the wrong place.
//! - A way back to another public host, or to a port of the client's own machine (a front end in development), is meant.
//! - A path alone (`next=/items`) is the app's own matter until the client comes back by it and fails.
//!
//! ## Example
//! ```text
//! 302 Location: https://idp.example.com/authorize?…&redirect_uri=http://app:8000/callback
//! ```
//!
//! ## Fix
//! As for `RD02`, `HO01` and `PX07`: let the server believe `X-Forwarded-Proto`, pass Host on, tell the app its prefix.
//!
//! ## Not
//! Registering the wrong URL with the identity provider: codes then go by http, or to a host that is not there.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::scheme::Unseen;
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change, Confidence, Ground, Severity, fix, shown};
use crate::gateway;
use crate::lanes::Source;
use crate::redirect::{Asked, Callback, HostVerdict, Internal, PrefixVerdict, SchemeVerdict, Url, callbacks, internal};

pub(super) const RULE: Rule = Rule {
    code: "OA01",
    title: "login's way back is wrong",
    severity: Severity::Error,
    source: include_str!("oa01.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let Some(judged) = case.redirect() else { return Answer::No };
    let asked = Asked { url: case.asked(), prefix: case.prefix(), internal: &case.internal() };
    for callback in callbacks(&asked, &judged) {
        let whole = Url::absolute(&callback.value).is_some();
        let Some(part) = wrong(case, &asked.url, &callback) else { continue };
        let parts = parts(case, &callback, part);
        if whole {
            return Answer::Yes(parts);
        }
        if part == Part::Prefix {
            return Answer::Wait(parts.next(callback.judged.target.path.clone(), None));
        }
    }
    Answer::No
}

/// A part of the URL that is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Scheme,
    Host,
    Prefix,
}

/// The part that is wrong; the host first, because on another one nothing else counts.
fn wrong(case: &Case<'_>, asked: &Url, callback: &Callback) -> Option<Part> {
    let judged = &callback.judged;
    let outside = internal(&asked.host).is_none();
    let from_host = case.names_host_at_app(judged) && judged.target.host != asked.host;
    match judged.host {
        HostVerdict::Internal(Internal::Upstream) => Some(Part::Host),
        HostVerdict::Internal(_) if outside || from_host => Some(Part::Host),
        HostVerdict::Other if from_host => Some(Part::Host),
        HostVerdict::Same if judged.scheme == SchemeVerdict::Downgraded => Some(Part::Scheme),
        HostVerdict::Same if judged.prefix == PrefixVerdict::Lost => Some(Part::Prefix),
        _ => None,
    }
}

fn parts(case: &Case<'_>, callback: &Callback, part: Part) -> Parts {
    let (name, url) = (shown::bytes(&callback.name), shown::text(&callback.judged.target.to_string()));
    let what = match part {
        Part::Scheme => "by http, and the client came by https".to_owned(),
        Part::Host => "on a host that is not the client's".to_owned(),
        Part::Prefix => format!("without {}", shown::text(case.prefix())),
    };
    let why = format!("The client is to come back to {url} ({name}): {what}.");
    let parts = Parts::new(Confidence::High, why)
        .about(match part {
            Part::Scheme => "scheme",
            Part::Host => "host",
            Part::Prefix => "prefix",
        })
        .fact(case, Source::Seen, Ground::Answer, format!("{name} is {url}"))
        .not("registering this URL with the identity provider: the login then leads there for good");
    match part {
        Part::Scheme => {
            let unseen = Unseen::of(case);
            let reason = unseen.reason.clone();
            let mut parts = unseen.onto(case, parts);
            parts.why = format!("{} {reason}", parts.why);
            parts
        }
        Part::Host => {
            let host = case.app().and_then(|half| half.request.get("host")).map(shown::bytes);
            let pass = fix::change(case, Proxy::of(case).pass_host(), [Change::Proxy(gateway::Change::PassHost)]);
            match host {
                Some(host) => parts.fact(case, Source::Seen, Ground::Forwarded, format!("the app got Host {host}")),
                None => parts.missing("the Host that the app got"),
            }
            .fix([pass])
        }
        Part::Prefix => {
            let stripped = case.stripped();
            let parts = match stripped {
                Some((prefix, true)) => {
                    parts.fact(case, Source::Seen, Ground::Forwarded, format!("{} was taken off", shown::text(prefix)))
                }
                _ => parts.missing("what the proxy took off"),
            };
            parts.fix([fix::clean_pair(case, case.prefix())])
        }
    }
}
