//! # NG01: glued path
//!
//! ## What it says
//! The proxy replaced the matched part of the path by text without a final slash, so the last word of that text and the
//! first segment of the rest became one word that no route has.
//!
//! ## Why it happens
//! `location /glue/ { proxy_pass http://app/app; }`: nginx puts `/app` in the place of `/glue/`, slash included.
//!
//! ## How it is told from its neighbours
//! - `NG02`: the other way round; a slash too many.
//! - A prefix rule without a boundary that took a sibling (`/nosl` took `/noslash`) is another fault: nothing was glued.
//! - A rewrite that glues on purpose answers; only a 404 behind it is a finding.
//!
//! ## Example
//! ```text
//! in /glue/items   out /appitems   404
//! ```
//!
//! ## Fix
//! End both alike: `location /glue/ { proxy_pass http://app/app/; }`; or strip, `proxy_pass http://app/;`, where the app is
//! told of the prefix.
//!
//! ## Not
//! A route `/appitems` in the app.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change, Confidence, Fix, Ground, Severity, shown};
use crate::gateway;
use crate::lanes::Source;

pub(in crate::diagnosis) const RULE: Rule =
    Rule { code: "NG01", title: "glued path", severity: Severity::Error, source: include_str!("ng01.rs"), check };

fn check(case: &Case<'_>) -> Answer {
    let paths = case.lanes.rewritten.incoming.as_deref().zip(case.outgoing());
    let glued = paths.and_then(|(incoming, outgoing)| glued(incoming, outgoing));
    let (Some((matched, target, rest)), Some(404)) = (glued, case.status()) else { return Answer::No };
    let (matched, target, rest) = (shown::bytes(matched), shown::bytes(target), shown::bytes(rest));
    let why = format!(
        "{matched}{rest} went in and {target}{rest} came out: {} put {target} in the place of {matched}, and the slash \
         between was lost.",
        Proxy::of(case).name(),
    );
    let line = match Proxy::of(case) {
        Proxy::Nginx | Proxy::Unknown => format!("nginx: location {matched} {{ proxy_pass http://app{target}/; }}"),
        proxy => format!("{}: end the replacement with a slash, {target}/", proxy.name()),
    };
    let prefix = matched.trim_end_matches('/').to_owned();
    let put = |to: &str| Change::Proxy(gateway::Change::Path { prefix: prefix.clone(), to: to.to_owned() });
    let slash = Fix::candidate(line, [put(&target)]);
    // Who is told of this very prefix wants nothing else in its place.
    let told = [&case.setup.server.root_path, &case.setup.app.root_path];
    let strip = told.iter().any(|root| root.trim_end_matches('/') == prefix);
    let strip = strip.then(|| Fix::candidate(Proxy::of(case).strip(&prefix), [put("")]));
    Answer::Yes(
        Parts::new(Confidence::High, why)
            .about(prefix.clone())
            .fact(case, Source::Seen, Ground::Client, format!("{matched}{rest} was asked for"))
            .fact(case, Source::Seen, Ground::Forwarded, format!("{target}{rest} reached the app"))
            .fix(strip.into_iter().chain([slash]))
            .not(format!("a route {target}{rest} in the app")),
    )
}

/// The matched part, what took its place, and the rest of the path that both have, if no slash is left between.
fn glued<'a>(incoming: &'a [u8], outgoing: &'a [u8]) -> Option<(&'a [u8], &'a [u8], &'a [u8])> {
    let common = incoming.iter().rev().zip(outgoing.iter().rev()).take_while(|(a, b)| a == b).count();
    let (matched, rest) = incoming.split_at_checked(incoming.len().checked_sub(common)?)?;
    let (target, _) = outgoing.split_at_checked(outgoing.len().checked_sub(common)?)?;
    let is_glued = matched.len() > 1 && matched.ends_with(b"/") && target.len() > 1 && !target.ends_with(b"/");
    (is_glued && !rest.is_empty() && !rest.starts_with(b"/")).then_some((matched, target, rest))
}

#[cfg(test)]
mod tests {
    use super::glued;

    #[test]
    fn only_a_lost_slash_is_glue() {
        for (incoming, outgoing, found) in [
            ("/glue/items", "/appitems", true),
            ("/glue/a/b", "/appa/b", true),
            ("/strip/items", "/items", false),
            ("/a/items", "/b/items", false),
            ("/noslash", "/ash", false),
            ("/p/", "/", false),
        ] {
            assert_eq!(glued(incoming.as_bytes(), outgoing.as_bytes()).is_some(), found, "{incoming} {outgoing}");
        }
    }
}
