//! Lane 3: what became of the path between client and app.

use std::net::SocketAddr;

use percent_encoding::percent_decode;

use super::original::{last_entry, prefix_text, wire_path};
use super::{Setup, Source, Tap, TapKind};
use crate::exchange::{Exchange, Framing, Half, RequestHead, ResponseHead, Target};
use crate::gateway::{Action, Onward, Plan, Purpose, Received, Unseen, has_prefix};

/// Lane 3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewritten {
    /// `Seen` with both halves, or where the app's side would have seen it and did not; `Derived` where only
    /// `X-Forwarded-Prefix` tells; `Unknown` otherwise.
    pub source: Source,
    /// The path that went in.
    pub incoming: Option<Vec<u8>>,
    /// The path that came out; `None` if it never reached the app.
    pub outgoing: Option<Vec<u8>>,
    /// The query that came out.
    pub query: Option<Vec<u8>>,
    /// What happened to it.
    pub rewrite: Rewrite,
    /// The rule that did it, where known, e.g. `--prefix /api/v1 --strip`.
    pub rule: Option<String>,
    /// The address of the app's server that it was sent to.
    pub upstream: Option<SocketAddr>,
}

/// What happened to the path between client and app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rewrite {
    /// Only one side was seen.
    Unknown,
    /// The same path came out, at most escaped differently.
    Kept,
    /// This leading part went.
    Stripped(String),
    /// This leading part was put before it.
    Added(String),
    /// Something else came out.
    Replaced,
    /// The request never reached the app.
    NeverReached,
}

impl Rewritten {
    /// The rewrite of an exchange.
    pub(super) fn of(exchange: &Exchange, setup: &Setup) -> Self {
        match (exchange.edge.as_deref(), exchange.app.as_deref()) {
            (Some(edge), Some(app)) => between(exchange, edge, app, setup),
            (None, Some(app)) => behind(app),
            (Some(edge), None) => before(exchange, edge, setup),
            (None, None) => Self::unknown(),
        }
    }

    const fn unknown() -> Self {
        Self {
            source: Source::Unknown,
            incoming: None,
            outgoing: None,
            query: None,
            rewrite: Rewrite::Unknown,
            rule: None,
            upstream: None,
        }
    }
}

/// Seen on both sides.
fn between(exchange: &Exchange, edge: &Half, app: &Half, setup: &Setup) -> Rewritten {
    let (incoming, outgoing) = (wire_path(&edge.request), wire_path(&app.request));
    let plan = planned(exchange, setup);
    let route = setup.gateway.as_ref().zip(plan.as_ref()).and_then(|(gateway, plan)| gateway.router(plan));
    let told = told_prefix(app).filter(|prefix| told_prefix(edge) != Some(*prefix));
    let is_known = |path: &[u8]| {
        let known =
            setup.prefixes.iter().map(String::as_str).chain(told).chain(route.and_then(|r| r.prefix.as_deref()));
        known.into_iter().any(|prefix| !prefix.is_empty() && path == prefix.as_bytes())
    };
    let rewrite = compare(incoming, outgoing, is_known);
    let rule = match plan {
        Some(plan) => plan.rule().map(|rule| checked(rule, plan, app)),
        None => rule_of_headers(&rewrite, told, edge, app),
    };
    Rewritten {
        source: Source::Seen,
        incoming: Some(incoming.to_vec()),
        outgoing: Some(outgoing.to_vec()),
        query: query(app),
        rewrite,
        rule,
        upstream: app.upstream.map(|(to, _)| to),
    }
}

/// Seen behind the proxy only. `X-Forwarded-Prefix` before a path without the prefix tells what was stripped.
fn behind(app: &Half) -> Rewritten {
    let outgoing = wire_path(&app.request);
    let stripped = told_prefix(app).filter(|prefix| !has_prefix(outgoing, prefix));
    Rewritten {
        source: if stripped.is_some() { Source::Derived } else { Source::Unknown },
        incoming: stripped.map(|prefix| [prefix.as_bytes(), outgoing].concat()),
        outgoing: Some(outgoing.to_vec()),
        query: query(app),
        rewrite: stripped.map_or(Rewrite::Unknown, |prefix| Rewrite::Stripped(prefix.to_owned())),
        rule: stripped.map(strip_rule),
        upstream: app.upstream.map(|(to, _)| to),
    }
}

/// Seen before the proxy only. What its configuration says of the request is known all the same, where it was read.
fn before(exchange: &Exchange, edge: &Half, setup: &Setup) -> Rewritten {
    let incoming = Some(wire_path(&edge.request).to_vec());
    let plan = planned(exchange, setup);
    let rule = plan.map(|plan| plan.rule().unwrap_or_else(|| "no router takes it".to_owned()));
    let lane = Rewritten { incoming, rule, ..Rewritten::unknown() };
    if setup.never_reached(exchange) {
        return Rewritten { source: Source::Seen, rewrite: Rewrite::NeverReached, ..lane };
    }
    lane
}

fn query(half: &Half) -> Option<Vec<u8>> {
    Target::new(half.request.target()).query().map(<[u8]>::to_vec)
}

/// The prefix that the half's request carries in `X-Forwarded-Prefix`.
fn told_prefix(half: &Half) -> Option<&str> {
    last_entry(&half.request.fields(), "x-forwarded-prefix").and_then(prefix_text)
}

/// What turned `incoming` into `outgoing`. Proxies re-escape (Traefik upper-cases `%2f`, nginx decodes), so bytes that do
/// not explain it are compared decoded. `is_known` says whether a whole path is a known prefix: that path becomes `/`.
fn compare(incoming: &[u8], outgoing: &[u8], is_known: impl Fn(&[u8]) -> bool) -> Rewrite {
    if incoming == outgoing {
        return Rewrite::Kept;
    }
    if outgoing == b"/" && is_known(incoming) {
        return Rewrite::Stripped(text(incoming));
    }
    if let Some(rewrite) = difference(incoming, outgoing) {
        return rewrite;
    }
    let (incoming, outgoing): (Vec<u8>, Vec<u8>) =
        (percent_decode(incoming).collect(), percent_decode(outgoing).collect());
    if incoming == outgoing {
        return Rewrite::Kept;
    }
    difference(&incoming, &outgoing).unwrap_or(Rewrite::Replaced)
}

fn difference(incoming: &[u8], outgoing: &[u8]) -> Option<Rewrite> {
    if let Some(prefix) = incoming.strip_suffix(outgoing).filter(|prefix| is_prefix(prefix)) {
        return Some(Rewrite::Stripped(text(prefix)));
    }
    outgoing.strip_suffix(incoming).filter(|prefix| is_prefix(prefix)).map(|prefix| Rewrite::Added(text(prefix)))
}

/// True for whole segments: `/api/v1`. A lone slash is a cleaned `//` and no prefix.
fn is_prefix(part: &[u8]) -> bool {
    part.starts_with(b"/") && !part.ends_with(b"/")
}

fn text(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// What the proxy does with the request of its edge side, as far as that is known: the stand-in, or a proxy with a tap
/// before it whose configuration was read.
pub(super) fn planned(exchange: &Exchange, setup: &Setup) -> Option<Plan> {
    let (gateway, edge) = (setup.gateway.as_ref()?, exchange.edge.as_deref()?);
    let tap = setup.taps.get(usize::from(edge.tap.0));
    let door = tap.and_then(|tap| tap.door.as_ref());
    let ends = match tap {
        // The proxy sees the tap as its client.
        Some(Tap { kind: TapKind::Edge, .. }) => {
            door?;
            let (to, from) = edge.upstream?;
            (from, to)
        }
        _ => (edge.peer, edge.local),
    };
    let body = (edge.request_body.framing == Framing::None).then_some(&[][..]);
    let plan = gateway.plan(&Received::at(door, edge.request.as_bytes(), body, ends), &Unseen);
    plan.unknown.is_empty().then_some(plan)
}

/// The rule, and what was seen where that is not what follows from it: the proxy has another configuration loaded, or its
/// model is wrong.
fn checked(rule: String, plan: Plan, app: &Half) -> String {
    let Some(sent) = sent(plan) else { return rule };
    if sent.target() == app.request.target() {
        return rule;
    }
    let (said, seen) = (sent.target().escape_ascii(), app.request.target().escape_ascii());
    format!("{rule}: says {said}, seen {seen}; is another configuration loaded?")
}

/// The request that a plan leads to; an authentication service before it is taken to say yes.
fn sent(plan: Plan) -> Option<RequestHead> {
    let mut action = plan.action;
    for _ in 0..MOST_PERMISSIONS {
        let Action::Forward(forward) = action else { return None };
        if forward.purpose == Purpose::Request {
            return RequestHead::from_judged(forward.head).ok();
        }
        let yes = ResponseHead::from_wire(*b"HTTP/1.1 200 OK\r\n\r\n").ok()?;
        action = match forward.back.respond(&yes, &Unseen).onward {
            Onward::Forward(next) => Action::Forward(*next),
            _ => return None,
        };
    }
    None
}

/// Services that one request asks for permission at most, as far as it is followed.
const MOST_PERMISSIONS: usize = 8;

/// The rule of a proxy that says in a header what it did.
fn rule_of_headers(rewrite: &Rewrite, told: Option<&str>, edge: &Half, app: &Half) -> Option<String> {
    match rewrite {
        Rewrite::Stripped(prefix) if told == Some(prefix.as_str()) => Some(strip_rule(prefix)),
        Rewrite::Kept | Rewrite::NeverReached | Rewrite::Unknown => None,
        _ => {
            let replaced = app.request.get("x-replaced-path")?;
            (edge.request.get("x-replaced-path") != Some(replaced))
                .then(|| format!("replacePath (X-Replaced-Path says {})", replaced.escape_ascii()))
        }
    }
}

fn strip_rule(prefix: &str) -> String {
    format!("stripPrefix (X-Forwarded-Prefix says {})", prefix.escape_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_a_path() {
        let stripped = |prefix: &str| Rewrite::Stripped(prefix.to_owned());
        let added = |prefix: &str| Rewrite::Added(prefix.to_owned());
        for (incoming, outgoing, rewrite) in [
            ("/items", "/items", Rewrite::Kept),
            ("/a%2fb", "/a%2Fb", Rewrite::Kept),
            ("/caf%c3%a9", "/caf%C3%A9", Rewrite::Kept),
            ("/api/v1/items", "/items", stripped("/api/v1")),
            ("/api/v1/", "/", stripped("/api/v1")),
            ("/api/v1", "/", stripped("/api/v1")),
            ("/API/v1/items", "/items", stripped("/API/v1")),
            ("/strip/a%2fb", "/a/b", stripped("/strip")),
            ("/p//items", "//items", stripped("/p")),
            ("/items", "/api/items", added("/api")),
            ("/", "/api/", added("/api")),
            ("/foo/bar", "/", Rewrite::Replaced),
            ("//docs", "/docs", Rewrite::Replaced),
            ("/nosl/items", "//items", Rewrite::Replaced),
            ("/noslash", "/ash", Rewrite::Replaced),
            ("/glue/items", "/appitems", Rewrite::Replaced),
            ("/a/x", "/b/x", Rewrite::Replaced),
        ] {
            let found = compare(incoming.as_bytes(), outgoing.as_bytes(), |path| path == b"/api/v1");
            assert_eq!(found, rewrite, "{incoming} -> {outgoing}");
        }
    }
}
