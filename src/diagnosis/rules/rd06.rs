//! # RD06: redirect loop
//!
//! ## What it says
//! The client is sent in a circle: the same URL was redirected three times within seconds, and the redirects lead back to
//! it.
//!
//! ## Why it happens
//! Proxy and app undo each other: the proxy strips a prefix that the app redirects back to; or TLS ends before the app,
//! which takes every request for http and redirects to the very https URL that was asked for. A proxy that does not believe
//! the hop before it does the same by its own redirect to https.
//!
//! ## How it is told from its neighbours
//! - A page that redirects to itself once, to set a cookie, ends on the second request.
//! - `RD03`: the same redirect again and again, but its target answers.
//! - `TR01`, `RD02`: why the app does not see https; then they are the cause.
//! - `RD08`: each target is longer than the last, so that none comes back.
//! - Clients that ask for http again and again are sent to https each time: only one that is sent there six times within
//!   seconds is taken for one that did come by https.
//!
//! ## Example
//! ```text
//! GET https://example.com/ → 307 https://example.com/   X-Forwarded-Proto not believed   (three times)
//! ```
//!
//! ## Fix
//! Keep the prefix or stop the app from redirecting to it; let the app believe `X-Forwarded-Proto`.
//!
//! ## Not
//! Clearing the browser's cookies: the circle is between proxy and app.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::scheme::Unseen;
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::session::hop;
use crate::diagnosis::step::Hop;
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Confidence, Fix, Ground, Severity, fix, shown};
use crate::gateway;
use crate::lanes::Source;
use crate::redirect::{HostVerdict, SchemeVerdict};

pub(super) const RULE: Rule =
    Rule { code: "RD06", title: "redirect loop", severity: Severity::Error, source: include_str!("rd06.rs"), check };

/// The time within which the laps are counted, in microseconds.
const WINDOW: u64 = 10_000_000;
/// Laps that make it a loop, this one counted.
const LAPS: usize = 3;
/// Laps that make it one where each seems to lead from http to https.
const LAPS_TO_HTTPS: usize = 6;
/// Longest circle that is looked for.
const LONGEST: usize = 8;

fn check(case: &Case<'_>) -> Answer {
    let Some((client, this)) = case.client().zip(hop(case)) else { return Answer::No };
    let recent: Vec<&Hop> = case.history.hops(client, case.now(), WINDOW).collect();
    let mut same = recent.iter().filter(|hop| hop.from == this.from && hop.to == this.to).peekable();
    let last = same.peek().map(|hop| hop.exchange);
    let laps = 1 + same.count();
    let url = shown::text(&case.asked().to_string());
    let (way, enough) = match circle(&recent, &this) {
        Some(1) => ("is redirected to itself".to_owned(), LAPS),
        Some(length) => (format!("comes back to itself after {length} redirects"), LAPS),
        None if is_same_page_by_https(case) => ("is redirected to the same by https".to_owned(), LAPS_TO_HTTPS),
        None => return Answer::No,
    };
    let often = if laps > 1 { format!("{laps} times") } else { "again and again".to_owned() };
    let mut why = format!("{url} {way}, {often} within seconds.");
    let cause = Cause::of(case);
    why.push_str(&cause.why);
    let mut parts = Parts::new(Confidence::High, why)
        .about(cause.about)
        .fact(case, Source::Seen, Ground::Answer, "the redirect leads back to where the client is")
        .fix(cause.fixes)
        .not("clearing the browser's cookies: the circle is between proxy and app");
    if let Some(last) = last {
        parts = parts.fact_of(last, Source::Seen, "the same client was sent the same way before");
    }
    if enough == LAPS_TO_HTTPS {
        parts = parts.missing("whether the client came by https: nothing that ends TLS says so");
    }
    if laps >= enough { Answer::Yes(parts) } else { Answer::Wait(parts.shared()) }
}

/// True if the redirect changes nothing but http to https. Behind what ends TLS and does not say so, it never helps.
fn is_same_page_by_https(case: &Case<'_>) -> bool {
    let asked = case.asked();
    case.any_redirect().is_some_and(|judged| {
        judged.scheme == SchemeVerdict::Upgraded
            && judged.host == HostVerdict::Same
            && (&judged.target.path, &judged.target.query) == (&asked.path, &asked.query)
    })
}

/// Why it goes round.
struct Cause {
    about: String,
    why: String,
    fixes: Vec<Fix>,
}

impl Cause {
    fn of(case: &Case<'_>) -> Self {
        let by_https = case.asked().scheme == "https" || is_same_page_by_https(case);
        if by_https && case.proxy_redirect().is_some() {
            return Self::proxy_unaware(case);
        }
        if by_https && case.view().is_some_and(|view| view.scope.scheme() == "http") {
            let why = " The app takes the request for http, so it redirects to https again.".to_owned();
            let told = case.asked().scheme == "https";
            let fixes = if told { Unseen::of(case).fixes } else { Self::unheard(case) };
            return Self { about: "https".to_owned(), why, fixes };
        }
        match case.stripped() {
            Some((prefix, _)) => Self::stripped(case, prefix),
            None => Self {
                about: String::new(),
                why: String::new(),
                fixes: vec![Fix::advice(
                    "find the two hops that redirect to each other, and take one of the redirects out",
                )],
            },
        }
    }

    /// The proxy redirects to https by itself, and takes every request for http.
    fn proxy_unaware(case: &Case<'_>) -> Self {
        let proxy = Proxy::of(case);
        let name = proxy.name();
        let front =
            case.exchange.edge.as_deref().map_or_else(String::new, |edge| edge.peer.ip().to_canonical().to_string());
        let line = match proxy {
            Proxy::Nginx | Proxy::Unknown => {
                "nginx: if ($http_x_forwarded_proto != https) { return 301 https://$host$request_uri; } in place of the \
                 bare redirect"
                    .to_owned()
            }
            Proxy::Haproxy => {
                "HAProxy: http-request redirect scheme https unless { ssl_fc } || { req.hdr(X-Forwarded-Proto) https }"
                    .to_owned()
            }
            Proxy::Apache => {
                "Apache: RewriteCond %{HTTP:X-Forwarded-Proto} !=https before the RewriteRule to https".to_owned()
            }
            proxy => proxy.believe_front(&front),
        };
        let fixes = fix::of_proxy(case, line, gateway::Change::TrustFront(front));
        let why = format!(
            " {name} redirects to https by itself: TLS ends before it, and it takes what comes from there for http."
        );
        Self { about: "https".to_owned(), why, fixes }
    }

    /// Nobody said that the client came by https.
    fn unheard(case: &Case<'_>) -> Vec<Fix> {
        let server = &case.setup.server;
        let words = ServerWords(server);
        let peer =
            case.lanes.forwarded.peer.map_or_else(|| "<the proxy's address>".to_owned(), |peer| peer.to_string());
        let believe = if server.reads_forwarded() { words.believe(&peer) } else { words.read_headers() };
        let send = "let what ends TLS send X-Forwarded-Proto: https, and every proxy behind it pass that on";
        vec![Fix::advice(format!("{send}  +  {believe}"))]
    }

    /// The app redirects to the prefix that the proxy takes off again: it has routes below it, and wants to see it.
    fn stripped(case: &Case<'_>, prefix: &str) -> Self {
        let keep = gateway::Change::Path { prefix: prefix.to_owned(), to: prefix.to_owned() };
        let mut fixes = fix::of_proxy(case, Proxy::of(case).keep(prefix), keep);
        fixes.push(Fix::advice(format!(
            "or turn off the app's own setting for {} (Grafana: serve_from_sub_path = false)",
            shown::text(prefix)
        )));
        Self {
            about: shown::text(prefix),
            why: " The proxy strips the prefix and the app redirects back to it.".to_owned(),
            fixes,
        }
    }
}

/// How many redirects lead from here back to here.
fn circle(recent: &[&Hop], this: &Hop) -> Option<usize> {
    let mut at = this.to;
    for length in 1..=LONGEST {
        if at == this.from {
            return Some(length);
        }
        at = recent.iter().find(|hop| hop.from == at)?.to;
    }
    None
}
