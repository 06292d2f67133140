//! # RD10: Location gets the prefix twice
//!
//! ## What it says
//! The app's redirect is right, prefix and all, and the proxy puts the prefix before it once more: the client is sent to
//! `/p/p/items/`.
//!
//! ## Why it happens
//! Two places mend the same thing. nginx's default `proxy_redirect` (and Apache's `ProxyPassReverse`) replaces the
//! upstream's address by the public one with the prefix; that is right as long as the app does not know the prefix. A
//! server with a root path does. Or a patch for the app's redirects (`proxy_redirect / /p/;`, `header_down Location`) was
//! left in place after the app was told its prefix.
//!
//! ## How it is told from its neighbours
//! - `HO01`: while Host is replaced the app's redirect is one that nginx's default looks for; then that is the cause.
//! - `PX02`: the path of the request was doubled; it is what the client's next request looks like.
//! - `RD08`: the app itself adds the prefix, at every hop once more.
//!
//! ## Example
//! ```text
//! Location at the app /p/items/   at the client /p/p/items/   next: GET /p/p/items/ 404
//! ```
//!
//! ## Fix
//! Pass Host on, so that nginx finds nothing to replace; or `proxy_redirect off;`. Caddy: no `header_down Location`.
//!
//! ## Not
//! Taking the root path off the server: slash redirects are right then, and docs and links lose the prefix.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change, Confidence, Fix, Ground, Severity, prefix, shown};
use crate::gateway;
use crate::lanes::Source;
use crate::redirect::PrefixVerdict;

pub(super) const RULE: Rule = Rule {
    code: "RD10",
    title: "Location gets the prefix twice",
    severity: Severity::Error,
    source: include_str!("rd10.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let Some((sent, got)) = case.redirect_before_proxy().zip(case.redirect()) else { return Answer::No };
    let public = case.prefix();
    let rest = prefix::below(&sent.target.path, public);
    let once = rest.is_some_and(|rest| prefix::below(rest, public).is_none());
    if got.prefix != PrefixVerdict::Doubled || !once {
        return Answer::No;
    }
    let p = shown::text(public);
    let (at_app, at_client) = (shown::bytes(&sent.target.path), shown::bytes(&got.target.path));
    let proxy = Proxy::of(case);
    let why = format!(
        "The app redirects to {at_app}, which has {p}; {} puts {p} before it once more: {at_client}.",
        proxy.name()
    );
    Answer::Yes(
        Parts::new(Confidence::High, why)
            .about(p)
            .fact(case, Source::Seen, Ground::Answer, format!("{at_app} left the app, {at_client} came to the client"))
            .known(Source::Derived, Ground::Server, None, format!("the app knows {}", shown::text(public)))
            .fix(fixes(case, proxy))
            .not("taking the root path off the server: docs and links lose the prefix then")
            .next(got.target.path, None),
    )
}

fn fixes(case: &Case<'_>, proxy: Proxy) -> Vec<Fix> {
    let pass = Fix::candidate(proxy.pass_host(), [Change::Proxy(gateway::Change::PassHost)]);
    let line = match proxy {
        Proxy::Nginx | Proxy::Unknown => "nginx: proxy_redirect off; in the same location",
        Proxy::Apache => "Apache: no ProxyPassReverse for this path, and ProxyPreserveHost On",
        Proxy::Caddy => "Caddy: delete the header_down Location line",
        Proxy::Haproxy => "HAProxy: delete the http-response replace-header Location line",
        Proxy::Traefik | Proxy::StandIn => "take out what changes Location on its way back",
    };
    let leave = Fix::candidate(line, [Change::Proxy(gateway::Change::LeaveLocation)]);
    let replaced = case.replaced_host().is_some();
    [Some(pass).filter(|_| replaced), Some(leave)].into_iter().flatten().collect()
}
