//! # TR02: every client has the proxy's address
//!
//! ## What it says
//! The client's address does not reach the app: logs, rate limits and bans see the proxy instead, or one of the proxies
//! before it, or nobody.
//!
//! ## Why it happens
//! nginx sends no `X-Forwarded-For` by itself, and inherits `proxy_set_header` as a whole: one such line in a location
//! drops all those of the block around it, whatever header it names. uvicorn before 0.31 gives no client at all where every
//! address in the header is one that it trusts. In a chain of proxies each adds the address of the one before it, and the
//! server takes the last address that it does not trust: where only the last proxy is on its list, that is another proxy.
//!
//! ## How it is told from its neighbours
//! - `TR01`: the header is sent, and not believed.
//! - `HO01`, `RD02`, `PX11`: the same loss, of `Host`, `X-Forwarded-Proto` and `X-Forwarded-Prefix`; in a configuration the
//!   first of what was lost gives the code, the text names all.
//! - Where client and proxy share one address, as on one's own machine, nothing is lost.
//! - A private address that nothing public stands before in the header is a client of the own network.
//!
//! Seen in Kludex/uvicorn#1223, lbedner/aegis-stack#740, Kludex/uvicorn#1611.
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
//! nginx: repeat in the location all lines that shall hold there; or put them in a file of their own and `include` it in
//! each. `HAProxy`: `option forwardfor`. Traefik, Caddy and Apache send the header by themselves. In a chain of proxies the
//! server's list needs the address of each; `--forwarded-allow-ips` of uvicorn takes networks since 0.31.
//!
//! ## Not
//! `--forwarded-allow-ips '*'`: there is nothing to believe, and anyone who reaches the app may write the header.

use std::net::{IpAddr, SocketAddr};

use crate::asgi::Release;
use crate::asgi::server::Program;
use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::wording::Proxy;
use crate::diagnosis::{Change as Fixing, Confidence, Fix, Ground, Severity, shown};
use crate::gateway;
use crate::lanes::{Change, ForwardedField, Lanes, Reading, Source};

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
        (_, Some(value)) if field.reading == Reading::Believed => match inner_proxy(field, case.lanes) {
            Some(proxy) => inner(case, value, proxy),
            None => nobody(case, value),
        },
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

/// The private address that the app takes for its client, where the header names a public one before it: a proxy that adds
/// itself to the chain and is not believed. It allocates nothing, for it is asked of every request.
pub(in crate::diagnosis) fn inner_proxy(field: &ForwardedField, lanes: &Lanes) -> Option<IpAddr> {
    let value = field.value.as_deref().filter(|value| field.reading == Reading::Believed && value.contains(&b','))?;
    let client = lanes.scope.view.as_ref()?.scope.client.as_ref()?.host.as_deref()?;
    let client: IpAddr = client.parse::<IpAddr>().ok()?.to_canonical();
    let mut entries = value.split(|&byte| byte == b',').map(address);
    let public_before = entries.by_ref().take_while(|entry| *entry != Some(client)).flatten().any(is_public);
    (public_before && is_private(client)).then_some(client)
}

/// A proxy before the last is taken for the client.
fn inner(case: &Case<'_>, value: &[u8], proxy: IpAddr) -> Answer {
    let forwarded = &case.lanes.forwarded;
    // Nobody told the edge of another client: then the header's first entries are the client's own words.
    let edge = case.exchange.edge.as_deref().filter(|edge| edge.request.get("x-forwarded-for").is_none());
    if edge.is_some_and(|edge| edge.peer.ip().to_canonical() == proxy) {
        return Answer::No;
    }
    let words = ServerWords(&case.setup.server);
    let value = shown::bytes(value);
    let why = format!(
        "X-Forwarded-For is {value}, and the app sees {proxy} as its client: that is a proxy of the chain, which {} does not \
         trust. Every client of it has this one address.",
        words.name(),
    );
    let list = forwarded.peer.map_or_else(|| proxy.to_string(), |peer| format!("{},{proxy}", peer.to_canonical()));
    let fix = match case.setup.server.program() {
        Program::Uvicorn | Program::Gunicorn => {
            let change = Fixing::Server("forwarded-allow-ips".to_owned(), Some(list.clone()));
            Fix::candidate(words.believe(&list), [change])
        }
        Program::Hypercorn => Fix::advice(
            "hypercorn, in the app's code: ProxyFixMiddleware with trusted_hops, one for each proxy of the chain",
        ),
        Program::Granian | Program::Daphne => Fix::advice(words.believe(&list)),
    };
    let trusted = forwarded.trust.as_ref().map_or_else(
        || format!("{} takes the last address that it does not trust", words.name()),
        |verdict| format!("{}; {proxy} is none that it trusts", shown::text(&verdict.why)),
    );
    let confidence = if case.setup.server.stated { Confidence::High } else { Confidence::Medium };
    Answer::Yes(
        Parts::new(confidence, why)
            .about("a proxy of the chain")
            .fact(case, Source::Seen, Ground::Forwarded, format!("X-Forwarded-For: {value}"))
            .known(Source::Derived, Ground::Server, None, trusted)
            .fix([fix])
            .not(words.believe_everyone()),
    )
}

/// The address of an entry, with or without a port.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry.trim_ascii()).ok()?;
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    text.parse().ok().or_else(with_port).map(|address: IpAddr| address.to_canonical())
}

/// True for an address of a network of one's own.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            // 100.64.0.0/10 is what carriers and clouds use inside.
            let shared = matches!(address.octets(), [100, second, ..] if second & 0xc0 == 64);
            address.is_private() || address.is_link_local() || shared
        }
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
    }
}

/// True for an address that a client on the internet may have.
fn is_public(address: IpAddr) -> bool {
    !is_private(address) && !address.is_loopback() && !address.is_unspecified() && !address.is_multicast()
}
