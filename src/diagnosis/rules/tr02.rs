//! # TR02: every client has the proxy's address
//!
//! ## What it says
//! The client's address does not reach the app: logs, rate limits and bans see the proxy instead, or nobody.
//!
//! ## Why it happens
//! nginx sends no `X-Forwarded-For` by itself, and inherits `proxy_set_header` as a whole: one such line in a location
//! drops all those of the block around it, whatever header it names. uvicorn before 0.31 gives no client at all where every
//! address in the header is one that it trusts.
//!
//! ## How it is told from its neighbours
//! - `TR01`: the header is sent, and not believed.
//! - `HO01`, `RD02`, `PX11`: the same loss, of `Host`, `X-Forwarded-Proto` and `X-Forwarded-Prefix`; in a configuration the
//!   first of what was lost gives the code, the text names all.
//! - Where client and proxy share one address, as on one's own machine, nothing is lost.
//!
//! Seen in Kludex/uvicorn#1223, lbedner/aegis-stack#740.
//!
//! ## Example
//! ```text
//! server {
//!     proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
//!     location /api/ {
//!         proxy_set_header X-Request-Id $request_id;   # the line above holds no longer here
//!         proxy_pass http://app;
//!     }
//! }
//! ```
//!
//! ## Fix
//! Repeat in the location all lines that shall hold there; or put them in a file of their own and `include` it in each.
//!
//! ## Not
//! `--forwarded-allow-ips '*'`: there is nothing to believe, and anyone who reaches the app may write the header.

use crate::asgi::Release;
use crate::asgi::server::Program;
use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change as Fixing, Confidence, Fix, Ground, Severity, shown};
use crate::gateway;
use crate::lanes::{Change, Reading, Source};

pub(in crate::diagnosis) const RULE: Rule = Rule {
    code: "TR02",
    title: "every client has the proxy's address",
    severity: Severity::Warn,
    source: include_str!("tr02.rs"),
    check,
};

/// Since when uvicorn always names a client.
const NAMES_SOMEBODY: Release = Release::new(0, 31, 0);

fn check(case: &Case<'_>) -> Answer {
    let Some(field) = case.field("x-forwarded-for") else { return Answer::No };
    match (&field.change, &field.value) {
        (Change::Absent | Change::Dropped(_), None) => lost(case, &field.change),
        (_, Some(value)) if field.reading == Reading::Believed => nobody(case, value),
        _ => Answer::No,
    }
}

/// The proxy names nobody.
fn lost(case: &Case<'_>, change: &Change) -> Answer {
    let Some((edge, app)) = case.exchange.edge.as_deref().zip(case.app()) else { return Answer::No };
    let (client, proxy_address) = (edge.peer.ip().to_canonical(), app.peer.ip().to_canonical());
    if client == proxy_address || !case.setup.server.reads_forwarded() {
        return Answer::No;
    }
    let proxy = Proxy::of(case);
    let did = if matches!(change, Change::Absent) { "sends no X-Forwarded-For" } else { "takes X-Forwarded-For off" };
    let why = format!("{client} asked, and the app sees {proxy_address}: {} {did}.", proxy.name());
    Answer::Yes(
        Parts::new(Confidence::High, why)
            .about("X-Forwarded-For")
            .fact(case, Source::Seen, Ground::Client, format!("the client is {client}"))
            .fact(
                case,
                Source::Seen,
                Ground::Forwarded,
                format!("{proxy_address} asks the app, without X-Forwarded-For"),
            )
            .fix([Fix::candidate(proxy.send_client(), [Fixing::Proxy(gateway::Change::SendFor)])])
            .not(ServerWords(&case.setup.server).believe_everyone()),
    )
}

/// uvicorn before 0.31, where it trusts everybody whom the header names.
fn nobody(case: &Case<'_>, value: &[u8]) -> Answer {
    let server = &case.setup.server;
    let has_client =
        case.view().is_none_or(|view| view.scope.client.as_ref().is_some_and(|client| client.host.is_some()));
    if has_client || server.program() != Program::Uvicorn || server.version >= NAMES_SOMEBODY {
        return Answer::No;
    }
    let value = shown::bytes(value);
    let why = format!(
        "X-Forwarded-For names only addresses that uvicorn trusts ({value}): before 0.31 it then gives the app no client at all.",
    );
    Answer::Yes(
        Parts::new(Confidence::High, why)
            .about("client")
            .fact(case, Source::Seen, Ground::Forwarded, format!("X-Forwarded-For: {value}"))
            .known(Source::Derived, Ground::Server, None, format!("uvicorn {} trusts all of them", server.version))
            .fix(["uvicorn 0.31 or later; or in --forwarded-allow-ips the proxies alone, not the clients"])
            .not("code that reads request.client without asking whether there is one"),
    )
}
