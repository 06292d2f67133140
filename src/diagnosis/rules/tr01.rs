//! # TR01: proxy not trusted
//!
//! ## What it says
//! The proxy sends `X-Forwarded-*`, and the server ignores it, because the proxy's address is not in its trust list, or
//! because it reads no such headers of anyone. The app sees the proxy as its client, and http where the client used https.
//!
//! ## Why it happens
//! uvicorn and gunicorn believe 127.0.0.1 (and `::1`, uvicorn since 0.53) unless told otherwise. In containers, and across
//! machines, the proxy has another address. Over a unix socket it has none, and only `*` believes it. hypercorn, daphne and
//! granian read none of these headers by themselves.
//!
//! ## How it is told from its neighbours
//! - `RD02` and `RD06` follow from it, when a redirect shows it.
//! - A trusted peer that sends a value the server cannot use is not this: lane 2 says so beside the header.
//! - On loopback with the default list there is nothing to find.
//! - A server that reads no such headers is no fault by itself: only where the app sees another scheme than was sent. Of
//!   uvicorn's `--no-proxy-headers`, which somebody chose, and of a header that came with the request and was passed on, it
//!   takes an answer that shows it: a redirect or a link to http.
//! - An app tap connects from this machine and so may be trusted where the proxy is not. Then this is a warning about the
//!   set-up without the tap, and says so.
//!
//! ## Example
//! ```text
//! peer 172.18.0.3   X-Forwarded-Proto: https   forwarded-allow-ips 127.0.0.1,::1   scope scheme http
//! ```
//!
//! ## Fix
//! uvicorn, gunicorn: `--forwarded-allow-ips` with the proxy's address or network, or `FORWARDED_ALLOW_IPS` in the
//! environment. daphne: `--proxy-headers`. In the app's code, hypercorn: `ProxyFixMiddleware`; granian:
//! `wrap_asgi_with_proxy_headers`.
//!
//! ## Not
//! `--forwarded-allow-ips '*'` on a port that others can reach: anyone can then choose the client's address and scheme.
//! daphne and hypercorn always believe everybody, once they read the headers.

use std::net::IpAddr;

use crate::asgi::server::HeaderUse;
use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::rules::{mc01, rd02};
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::{Change as Fixing, Confidence, Fix, Ground, Severity, scheme, shown};
use crate::forwarded::Verdict;
use crate::lanes::{Change, Source};

pub(super) const RULE: Rule =
    Rule { code: "TR01", title: "proxy not trusted", severity: Severity::Warn, source: include_str!("tr01.rs"), check };

/// The headers that are named, as they are written; the scheme first, because more hangs on it.
const NAMED: [(&str, &str); 4] = [
    ("x-forwarded-proto", "X-Forwarded-Proto"),
    ("x-forwarded-for", "X-Forwarded-For"),
    ("x-forwarded-protocol", "X-Forwarded-Protocol"),
    ("x-forwarded-ssl", "X-Forwarded-Ssl"),
];

fn check(case: &Case<'_>) -> Answer {
    let forwarded = &case.lanes.forwarded;
    if !case.setup.server.reads_forwarded() {
        return unread(case);
    }
    let believed = |verdict: &Option<Verdict>| verdict.as_ref().is_none_or(|verdict| verdict.trusted);
    if believed(&forwarded.trust) && believed(&forwarded.without_tap) {
        return Answer::No;
    }
    let sent = sent(case);
    if sent.is_empty() {
        return Answer::No;
    }
    let stated = case.setup.server.stated;
    match (&forwarded.trust, &forwarded.without_tap) {
        (Some(verdict), _) if !verdict.trusted && forwarded.peer.is_none() => {
            let why = format!("{} not used: {}. {}", names(&sent), shown::text(&verdict.why), consequence(case));
            Answer::Yes(over_socket(
                case,
                if stated { Confidence::High } else { Confidence::Medium },
                why,
                &sent,
                verdict,
            ))
        }
        (Some(verdict), Some(proxy)) if !verdict.trusted && proxy.trusted => {
            let peer = forwarded.peer.map(|peer| peer.to_string()).unwrap_or_default();
            let why = format!(
                "{} not used: {}. It is this tap's own address; the proxy itself would be believed.",
                names(&sent),
                shown::text(&verdict.why),
            );
            let mut parts = parts(case, Confidence::High, why, &peer, &sent, verdict);
            parts.fix.insert(0, Fix::advice("hopscope tap without --tap-source"));
            Answer::Yes(parts)
        }
        (Some(verdict), _) if !verdict.trusted => {
            let why = format!("{} not used: {}. {}", names(&sent), shown::text(&verdict.why), consequence(case));
            let peer = forwarded.peer.map_or_else(|| "<the proxy's address>".to_owned(), |peer| peer.to_string());
            let confidence = if stated { Confidence::High } else { Confidence::Medium };
            Answer::Yes(parts(case, confidence, why, &peer, &sent, verdict))
        }
        (_, Some(verdict)) if !verdict.trusted => {
            let peer = case.app().map(|half| half.peer.ip().to_string()).unwrap_or_default();
            let why = format!(
                "{} used here only because this tap stands between and is trusted. Without the tap: {}.",
                names(&sent),
                shown::text(&verdict.why),
            );
            Answer::Yes(parts(case, Confidence::Medium, why, &peer, &sent, verdict))
        }
        _ => Answer::No,
    }
}

/// A server that reads none of these headers unless told to: a fault where the app then sees another scheme.
fn unread(case: &Case<'_>) -> Answer {
    let server = &case.setup.server;
    let option = server.program().reading_option().map(|(option, _)| option);
    let told = case.field("x-forwarded-proto");
    // What a hop before the proxy said, and what somebody chose, is a fault only where the client meets with it.
    let chosen = option.is_none() || told.is_none_or(|field| field.change == Change::Same);
    let https = told.and_then(|field| field.value.as_deref()).is_some_and(|value| matches!(value, b"https" | b"wss"));
    let plain = case.view().is_some_and(|view| matches!(view.scope.scheme(), "http" | "ws"));
    if !(https && plain) || chosen && !is_met_with(case) {
        return Answer::No;
    }
    let words = ServerWords(server);
    let why = format!("X-Forwarded-Proto is not used: {} {}", words.reads_nothing(), consequence(case));
    // Code around the app is nothing that hopscope is told of by default.
    let in_code =
        option.is_some_and(|option| server.program().options().iter().any(|own| own.name == option && own.in_code));
    let confidence = if server.stated && !in_code { Confidence::High } else { Confidence::Medium };
    let seen = shown::bytes(told.and_then(|field| field.value.as_deref()).unwrap_or_default());
    Answer::Yes(
        Parts::new(confidence, why)
            .about(words.name())
            .fact(case, Source::Seen, Ground::Forwarded, format!("the app's server got X-Forwarded-Proto: {seen}"))
            .known(Source::Derived, Ground::Server, None, words.reads_nothing().trim_end_matches('.'))
            .fix([scheme::read_headers(case)])
            .not(words.believe_everyone()),
    )
}

/// True if the answer itself shows that the app took the request for http.
fn is_met_with(case: &Case<'_>) -> bool {
    let again = case.redirect().is_some_and(|judged| judged.target.to_string() == case.asked().to_string());
    again || rd02::is_downgraded(case) || mc01::worst(case).is_some()
}

/// What the proxy sent that would take effect if this server believed it.
fn sent(case: &Case<'_>) -> Vec<&'static str> {
    let sent = |name| case.field(name).filter(|field| field.change != Change::Same)?.value.as_deref();
    let used = |name, value| case.setup.server.reading(name, &[value], true) == HeaderUse::Used;
    let counts = |name| sent(name).is_some_and(|value| used(name, value));
    NAMED.into_iter().filter(|(name, _)| counts(name)).map(|(_, written)| written).collect()
}

fn names(sent: &[&str]) -> String {
    format!("{} {}", sent.join(" and "), if sent.len() > 1 { "are" } else { "is" })
}

/// What the app gets wrong by it.
fn consequence(case: &Case<'_>) -> String {
    let sent = case.forwarded("x-forwarded-proto").map(shown::bytes);
    let scheme = case.view().map(|view| view.scope.scheme());
    // A websocket has schemes of its own for the same two things; some proxies send those.
    let sent = sent.map(|sent| match (scheme, sent.as_str()) {
        (Some("ws" | "wss"), "http") => "ws".to_owned(),
        (Some("ws" | "wss"), "https") => "wss".to_owned(),
        _ => sent,
    });
    match (sent, scheme) {
        (Some(sent), Some(scheme)) if sent != scheme => format!("The app sees {scheme}, not {sent}."),
        _ => "The app sees the proxy's address as its client.".to_owned(),
    }
}

fn parts(case: &Case<'_>, confidence: Confidence, why: String, peer: &str, sent: &[&str], verdict: &Verdict) -> Parts {
    let server = ServerWords(&case.setup.server);
    let mut parts = Parts::new(confidence, why)
        .about(network(peer))
        .fact(case, Source::Seen, Ground::Forwarded, format!("{peer} sent {}", sent.join(" and ")))
        .known(Source::Derived, Ground::Server, None, shown::text(&verdict.why))
        .fix([server.believe(&to_believe(peer))]);
    // To a list a * is an entry like any other, unless it is alone (uvicorn since 0.31).
    if verdict.why.contains('*') {
        parts = parts.fix(["a * beside other entries counts for nothing: name the proxy's address or network"]);
    }
    parts.not(server.believe_everyone())
}

/// The proxy asks over a unix socket: it has no address that a list could hold.
fn over_socket(case: &Case<'_>, confidence: Confidence, why: String, sent: &[&str], verdict: &Verdict) -> Parts {
    let name = ServerWords(&case.setup.server).name();
    let line = format!("{name} --forwarded-allow-ips '*': over a unix socket, whoever may open its file is believed");
    let change = Fixing::Server("forwarded-allow-ips".to_owned(), Some("*".to_owned()));
    Parts::new(confidence, why)
        .about("a unix socket")
        .fact(case, Source::Seen, Ground::Forwarded, format!("{} came over a unix socket", sent.join(" and ")))
        .known(Source::Derived, Ground::Server, None, shown::text(&verdict.why))
        .fix([Fix::candidate(line, [change])])
        .not("the proxy's address in the list: over a unix socket it has none")
}

/// What the list must hold for this peer. Loopback has several addresses, and `localhost` may be any of them.
fn to_believe(peer: &str) -> String {
    match peer {
        "::1" => "127.0.0.1,::1".to_owned(),
        mapped if mapped.starts_with("::ffff:") => {
            format!("{},{mapped}", mapped.trim_start_matches("::ffff:"))
        }
        other => other.to_owned(),
    }
}

/// The network of an address, by which many containers of one proxy are one cause.
fn network(peer: &str) -> String {
    match peer.parse().map(|address: IpAddr| address.to_canonical()) {
        Ok(IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Err(_) => String::new(),
    }
}
