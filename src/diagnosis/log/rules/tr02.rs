//! # TR02 in a log
//!
//! One private address makes nearly all requests, with the user agents of the public: search engines never come from a private
//! network, and many different browsers seldom from one machine. So another proxy stands before this one, and its address is
//! logged in the place of the client's. Nothing is said where `X-Forwarded-For` is logged, nor of a service that only other
//! programs call.

use crate::access_log::AgentClass;
use crate::access_log::traffic::{By, Order};
use crate::diagnosis::fact::Ground;
use crate::diagnosis::log::case::LogCase;
use crate::diagnosis::log::takes::Takes;
use crate::diagnosis::log::told::{Evidence, Told};
use crate::diagnosis::rule::Parts;
use crate::diagnosis::{Confidence, Severity, shown};
use crate::lanes::Source;

/// Fewer lines say nothing.
const LINES: u64 = 50;
/// Different browsers that no single machine has.
const BROWSERS: usize = 6;

pub(super) fn check(case: &LogCase<'_>) -> Vec<Told> {
    let Some(client) = case.private.filter(|client| client.count * 10 >= case.lines * 9) else { return Vec::new() };
    if case.lines < LINES || case.traffic.forwarded() * 10 >= case.lines {
        return Vec::new();
    }
    let crawler = client.facts.agents().find(|class| matches!(class, AgentClass::Crawler | AgentClass::AiCrawler));
    let agents = case.traffic.top(By::Agent, Order::Count, BROWSERS * 4);
    let browsers = agents.iter().filter(|agent| AgentClass::of(&agent.key) == AgentClass::Browser).count();
    let said = match crawler {
        Some(class) => format!("one of its user agents is a {}", class.word()),
        None if browsers >= BROWSERS => format!("its user agents are {browsers} different browsers, or more"),
        None => return Vec::new(),
    };
    let address = shown::bytes(client.key);
    let why = format!(
        "{address} makes {} of {} requests, and {said}: it is a proxy, and the clients behind it are lost to this log, and to \
         whatever counts or bans by address.",
        client.count, case.lines,
    );
    let parts = Parts::new(Confidence::High, why)
        .about(address.clone())
        .severity(Severity::Warn)
        .known(Source::Seen, Ground::Neighbour, None, format!("{} of {} lines", client.count, case.lines))
        .known(Source::Seen, Ground::Client, None, said)
        .fix([
            format!(
                "nginx: set_real_ip_from {address}; and real_ip_header X-Forwarded-For; (Traefik: forwardedHeaders.trustedIPs, \
                 Caddy: trusted_proxies)"
            ),
            format!("the hop at {address} must send it: {}", case.proxy.send_client()),
            "log it: \"$http_x_forwarded_for\" (hopscope logs --print-log-format)".to_owned(),
        ])
        .not("believing X-Forwarded-For from every address: anyone who reaches this proxy may write it");
    let evidence = Evidence { count: client.count, seen: client.seen, ..Evidence::default() };
    // It is about the log as a whole: no line is marked with it.
    vec![Told::new(parts, evidence, Takes::default())]
}
