//! # RD07: redirect works by accident
//!
//! ## What it says
//! The app's redirect lacks the public prefix, and the client gets it right all the same: nginx put the prefix back on its
//! way. That ends the day somebody passes `Host` on.
//!
//! ## Why it happens
//! While `Host` is left at nginx's default the app builds `http://127.0.0.1:8000/items/`, and nginx's default
//! `proxy_redirect` replaces just that by `http://example.com/api/v1/`. With `proxy_set_header Host $http_host` the app
//! builds `http://example.com/items/`, which nginx leaves alone: `PX07`.
//!
//! ## How it is told from its neighbours
//! - `PX07`: the client gets the redirect without the prefix.
//! - `RD10`: the app knows the prefix, and nginx puts it there a second time.
//! - `HO01`: Host is replaced; this says what that hides. Without a prefix there is nothing to hide.
//! - A redirect that is mended on purpose (`proxy_redirect / /api/v1/;`, Caddy's `header_down`, Apache's
//!   `ProxyPassReverse`) is no finding.
//!
//! ## Example
//! ```text
//! Location at the app http://127.0.0.1:8000/items/   at the client http://example.com/api/v1/items/
//! ```
//!
//! ## Fix
//! First the app's side (`uvicorn --root-path /api/v1`), and with it `proxy_set_header Host $http_host;`. One without the
//! other breaks it.
//!
//! ## Not
//! `proxy_set_header Host $http_host;` alone: the redirect loses its prefix.

use crate::asgi::server::RootPathUse;
use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change, Confidence, Fix, Ground, Severity, prefix, shown};
use crate::gateway;
use crate::lanes::Source;
use crate::redirect::{HostVerdict, Judged, PortVerdict, PrefixVerdict, SchemeVerdict};

pub(super) const RULE: Rule = Rule {
    code: "RD07",
    title: "redirect works by accident",
    severity: Severity::Warn,
    source: include_str!("rd07.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let Some((sent, got)) = case.redirect_before_proxy().zip(case.redirect()) else { return Answer::No };
    let Some((_, host)) = case.replaced_host() else { return Answer::No };
    if !matches!(Proxy::of(case), Proxy::Nginx | Proxy::Unknown) {
        return Answer::No;
    }
    let public = case.prefix();
    let lacks = !public.is_empty() && prefix::below(&sent.target.path, public).is_none();
    if !(is_right(&got) && lacks && case.names_host_at_app(&sent)) {
        return Answer::No;
    }
    let (p, host) = (shown::text(public), shown::bytes(host));
    let (at_app, at_client) = (shown::text(&sent.target.to_string()), shown::text(&got.target.to_string()));
    let why = format!(
        "The app redirects to {at_app}, without {p}. It becomes {at_client} only because the app got Host {host}, which nginx's \
         default proxy_redirect looks for."
    );
    Answer::Yes(
        Parts::new(Confidence::High, why)
            .about(p)
            .fact(case, Source::Seen, Ground::Answer, format!("{at_app} left the app, {at_client} came to the client"))
            .fact(case, Source::Seen, Ground::Forwarded, format!("the app got Host {host}, not the client's"))
            .fix([both(case, public)])
            .not("proxy_set_header Host $http_host; alone: the redirect then loses its prefix (PX07)"),
    )
}

fn is_right(got: &Judged) -> bool {
    got.prefix == PrefixVerdict::Kept
        && got.host == HostVerdict::Same
        && got.port == PortVerdict::Same
        && got.scheme != SchemeVerdict::Downgraded
}

/// The app's side and Host together.
fn both(case: &Case<'_>, public: &str) -> Fix {
    let (proxy, server) = (Proxy::of(case), &case.setup.server);
    let words = ServerWords(server);
    let root = Change::Server(server.program().root_path_option().to_owned(), Some(public.to_owned()));
    let host = Change::Proxy(gateway::Change::PassHost);
    let told = words.with_root(public);
    match (server.root_path_use(), told) {
        (RootPathUse::BeforePath, Some(told)) => {
            Fix::candidate(format!("{told}  +  {}", proxy.pass_host()), [root, host])
        }
        (RootPathUse::Alone, Some(told)) => {
            let keep = gateway::Change::Path { prefix: public.to_owned(), to: public.to_owned() };
            let line = format!("{}  +  {told}  +  {}", proxy.keep(public), proxy.pass_host());
            Fix::candidate(line, [Change::Proxy(keep), root, host])
        }
        _ => Fix::advice(format!("{}  +  {}", proxy.keep(public), proxy.pass_host())),
    }
}
