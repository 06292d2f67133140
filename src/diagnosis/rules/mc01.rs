//! # MC01: mixed content
//!
//! ## What it says
//! A page that was asked for by https holds `http://` addresses of the same host. Browsers block the scripts and styles
//! among them, and ask before they send a form; the links lead back to http.
//!
//! ## Why it happens
//! The app builds whole URLs (`request.url_for`, static files in a template, links to the next page in JSON) from the
//! scheme that it sees. TLS ends before it, and it learns of https from `X-Forwarded-Proto` alone.
//!
//! ## How it is told from its neighbours
//! - `TR01`: the header was sent and not believed; it is the cause, and this follows from it.
//! - `RD02`: the same in a redirect.
//! - Addresses of other hosts or ports are no finding, nor are links in a page of an app that does see https: somebody
//!   wrote them.
//!
//! ## Example
//! ```text
//! GET https://example.com/   <link href="http://example.com/static/style.css">
//! ```
//!
//! ## Fix
//! As for `RD02`: let the proxy send `X-Forwarded-Proto`, and the server believe it.
//!
//! ## Not
//! `Content-Security-Policy: upgrade-insecure-requests`: it mends what browsers load, and neither forms to elsewhere, links
//! in JSON nor redirects.

use crate::diagnosis::body::{Address, By};
use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::scheme::Unseen;
use crate::diagnosis::{Confidence, Ground, Severity, shown};
use crate::lanes::Source;
use crate::redirect::Url;

pub(super) const RULE: Rule =
    Rule { code: "MC01", title: "mixed content", severity: Severity::Error, source: include_str!("mc01.rs"), check };

fn check(case: &Case<'_>) -> Answer {
    let asked = case.asked();
    let Some(worst) = worst(case) else { return Answer::No };
    let loaded = worst.by == By::Load;
    let unseen = Unseen::of(case);
    let url = shown::text(&worst.url);
    let consequence = if loaded { "browsers refuse to load it" } else { "who follows it is back on http" };
    let why = format!(
        "{} was asked for by https and holds {url}: {consequence}. {}",
        shown::bytes(&case.lanes.original.path),
        unseen.reason,
    );
    let plain = case.view().is_some_and(|view| view.scope.scheme() == "http");
    let parts = Parts::new(if plain { Confidence::High } else { Confidence::Medium }, why)
        .severity(if loaded { Severity::Error } else { Severity::Warn })
        .about(shown::text(&asked.host))
        .fact(case, Source::Seen, Ground::Answer, format!("the body holds {url}"))
        .not("Content-Security-Policy: upgrade-insecure-requests: redirects and links in JSON stay http");
    Answer::Yes(unseen.onto(case, parts))
}

/// The address of the host itself by http that does most harm in the answer to a request by https: what is loaded, then
/// what is followed.
pub(super) fn worst<'a>(case: &Case<'a>) -> Option<&'a Address> {
    let asked = case.asked();
    let well = case.lanes.answer.status.is_some_and(|status| status < 400);
    if asked.scheme != "https" || !well {
        return None;
    }
    let sees_https = case.view().is_some_and(|view| view.scope.scheme() == "https");
    let own = |address: &&Address| is_own_by_http(&asked, &address.url) && (address.by == By::Load || !sees_https);
    case.body().addresses.iter().filter(own).min_by_key(|address| address.by != By::Load)
}

/// True for a plain http address of the host that was asked.
fn is_own_by_http(asked: &Url, address: &str) -> bool {
    Url::absolute(address.as_bytes()).is_some_and(|url| {
        url.scheme == "http"
            && url.host == asked.host
            && (url.port.is_none() || url.port == Some(80) || url.port == asked.port)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_host_by_http_counts() {
        let asked = Url::absolute(b"https://example.com:8443/").unwrap();
        for (address, own) in [
            ("http://example.com/x.css", true),
            ("http://EXAMPLE.com:8443/x.css", true),
            ("http://example.com:3000/x.css", false),
            ("https://example.com/x.css", false),
            ("http://cdn.example.com/x.css", false),
            ("//example.com/x.css", false),
            ("/x.css", false),
        ] {
            assert_eq!(is_own_by_http(&asked, address), own, "{address}");
        }
    }
}
