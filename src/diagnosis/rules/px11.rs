//! # PX11: X-Forwarded-Prefix useless
//!
//! ## What it says
//! The proxy tells the app its prefix by `X-Forwarded-Prefix`, and it is of no use: nobody reads it, its value is no path, or
//! it does not arrive at an app that waits for it.
//!
//! ## Why it happens
//! No ASGI server reads the header, and neither do Starlette and FastAPI: a middleware in the app must. nginx inherits
//! `proxy_set_header` as a whole: one such line in a location drops all those of the block around it, whatever header it
//! names. An ingress writes the expression of its path into the header, `/api(/|$)(.*)`. Traefik's `stripPrefix` is the only
//! one that sends the header by itself.
//!
//! ## How it is told from its neighbours
//! - `PX05`, `PX07`: nothing tells the app its prefix. Traefik's own header is no attempt to.
//! - `PX01`: the prefix was kept, and no route takes it.
//! - `HO01`, `TR02`, `RD02`: the same loss, of `Host`, `X-Forwarded-For` and `X-Forwarded-Proto`; the first of what was
//!   lost gives the code, the text names all.
//! - `PX03`: the app was told, and the server was told another prefix.
//! - A header that nobody reads and nothing comes of is no finding.
//!
//! ## Example
//! ```text
//! server {
//!     proxy_set_header X-Forwarded-Prefix /api;
//!     location /api/ {
//!         proxy_set_header X-Request-Id $request_id;   # the line above holds no longer here
//!         proxy_pass http://app/;
//!     }
//! }
//! ```
//! Seen in kubernetes/ingress-nginx#3733, Kong/kong#5602, fastapi/fastapi#1294.
//!
//! ## Fix
//! The server's root path in its place, or a middleware that sets `root_path` from the header. Where it is lost: repeat in
//! the location all lines that shall hold there, or put them in a file of their own and `include` it in each.
//!
//! ## Not
//! `--forwarded-allow-ips` for its sake: it is about address and scheme, no server reads a prefix.

use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{AppChange, Change, Confidence, Fix, Ground, Severity, fix, prefix, shown};
use crate::gateway;
use crate::lanes::{self, Source};
use crate::redirect::PrefixVerdict;

pub(in crate::diagnosis) const RULE: Rule = Rule {
    code: "PX11",
    title: "X-Forwarded-Prefix useless",
    severity: Severity::Error,
    source: include_str!("px11.rs"),
    check,
};

const HEADER: &str = "X-Forwarded-Prefix";

fn check(case: &Case<'_>) -> Answer {
    let Some(symptom) = symptom(case) else { return Answer::No };
    let Some(view) = case.view() else { return Answer::No };
    let sent = case.field(HEADER).filter(|field| field.value.is_some() && field.change != lanes::Change::Same);
    let value = sent.and_then(|field| field.value.as_deref());
    let parts = match value {
        Some(value) if !is_path(value) => Some(unusable(case, value)),
        Some(_) if view.scope.root_path.is_empty() && !case.setup.app.prefix_header && is_meant(case) => {
            Some(unread(case))
        }
        None if case.setup.app.prefix_header && view.scope.root_path.is_empty() => Some(absent(case)),
        _ => None,
    };
    let Some(parts) = parts else { return Answer::No };
    Answer::Yes(parts.fact(case, Source::Seen, Ground::Answer, symptom))
}

/// Traefik's `stripPrefix` sends it by itself; of any other proxy somebody wrote it down.
fn is_meant(case: &Case<'_>) -> bool {
    !matches!(Proxy::of(case), Proxy::Traefik | Proxy::StandIn) && case.stripped().is_some()
}

/// What went wrong for want of the prefix; `None` if nothing did.
fn symptom(case: &Case<'_>) -> Option<String> {
    if let Some(judged) = case.redirect().filter(|judged| judged.prefix == PrefixVerdict::Lost) {
        return Some(format!("the redirect leads to {}", shown::bytes(&judged.target.path)));
    }
    let prefix = case.prefix();
    let schema = case.page().and_then(|page| page.schema.as_deref());
    if let Some(schema) =
        schema.filter(|schema| schema.starts_with('/') && prefix::below_text(schema, prefix).is_none())
    {
        return (!prefix.is_empty()).then(|| format!("the docs page asks for {}", shown::text(schema)));
    }
    let missed = case.miss().is_some() && case.setup.app.prefix_header;
    missed.then(|| "no route takes the path".to_owned())
}

/// True for what can be a prefix: a path, and no expression.
fn is_path(value: &[u8]) -> bool {
    value.starts_with(b"/") && !value.iter().any(|b| b"()[]{}|$*\\^?".contains(b) || b.is_ascii_whitespace())
}

fn unusable(case: &Case<'_>, value: &[u8]) -> Parts {
    let value = shown::bytes(value);
    let why = format!("{HEADER} says {value}, which is no path: whoever reads it builds addresses that lead nowhere.");
    let prefix = case.prefix();
    let parts = Parts::new(Confidence::High, why).about(HEADER);
    let parts = parts.fact(case, Source::Seen, Ground::Forwarded, format!("{HEADER}: {value}")).not(NOT);
    if prefix.is_empty() {
        return parts;
    }
    parts.fix(fix::for_prefix(case, prefix, case.stripped().is_some())).fix([send(case, prefix)])
}

fn unread(case: &Case<'_>) -> Parts {
    let prefix = case.prefix();
    let p = shown::text(prefix);
    let why = format!(
        "The proxy sends {HEADER}: {p}, and nobody reads it: no ASGI server does, nor do Starlette and FastAPI without a \
         middleware for it.",
    );
    let middleware = "a middleware around the app that puts X-Forwarded-Prefix into scope[\"root_path\"] and before \
                      scope[\"path\"], for a proxy that strips";
    Parts::new(Confidence::High, why)
        .about(HEADER)
        .fact(case, Source::Seen, Ground::Forwarded, format!("{HEADER}: {p} reached the app's server"))
        .scope_known(case)
        .fix(fix::for_prefix(case, prefix, true))
        .fix([Fix::advice(middleware)])
        .not(NOT)
}

fn absent(case: &Case<'_>) -> Parts {
    let prefix = case.prefix();
    let why = format!("The app takes its prefix from {HEADER}, and the proxy does not send it here.");
    let parts = Parts::new(Confidence::High, why).about(HEADER).scope_known(case);
    let parts = parts.fact(case, Source::Seen, Ground::Forwarded, format!("no {HEADER} reached the app's server"));
    let parts = if prefix.is_empty() { parts } else { parts.fix([send(case, prefix)]) };
    parts.not(NOT)
}

/// The proxy sends it, with this value.
fn send(case: &Case<'_>, prefix: &str) -> Fix {
    let p = shown::text(prefix);
    let line = match Proxy::of(case) {
        Proxy::Nginx => format!("nginx: proxy_set_header X-Forwarded-Prefix {p}; in the location itself"),
        Proxy::Traefik => format!("Traefik: headers.customRequestHeaders.X-Forwarded-Prefix = \"{p}\""),
        Proxy::Caddy => format!("Caddy: header_up X-Forwarded-Prefix {p} in reverse_proxy"),
        Proxy::Haproxy => format!("HAProxy: http-request set-header X-Forwarded-Prefix {p}"),
        Proxy::Apache => format!("Apache: RequestHeader set X-Forwarded-Prefix {p}"),
        Proxy::StandIn => "hopscope proxy --forward-prefix".to_owned(),
        Proxy::Unknown => format!("the proxy: X-Forwarded-Prefix: {p}"),
    };
    let mut changes = vec![Change::Proxy(gateway::Change::SendPrefix(prefix.to_owned()))];
    if !case.setup.app.prefix_header {
        changes.push(Change::App(AppChange::PrefixHeader));
    }
    Fix::candidate(line, changes)
}

const NOT: &str = "--forwarded-allow-ips for its sake: that is about address and scheme, no server reads a prefix";
