//! A request like one whose plan is known, put to a proxy once more with another target.
//!
//! This module exists for those who write changes: whether a prefix is stripped already is best seen in what becomes of a
//! path below it, whatever rules do that.

use std::net::SocketAddr;

use super::{Action, Gateway, Listen, Plan, Received, Reply, StepKind, Unseen};

/// What lies below a prefix, to see what becomes of it.
pub(super) const PROBE: &str = "/a/b-0.c";

/// What becomes of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Became {
    /// It is sent on as this one.
    Sent(String),
    /// The proxy answers by itself.
    Answered(Reply),
}

/// What becomes of a target that is asked for as in the plan; `None` if that is not known.
pub(super) fn again(gateway: &Gateway, plan: &Plan, target: &str) -> Option<Became> {
    let head = match &plan.action {
        Action::Forward(forward) => String::from_utf8_lossy(&forward.head).into_owned(),
        _ => "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
    };
    let (line, fields) = head.split_once("\r\n")?;
    let method = line.split(' ').next()?;
    let field = |name: &str| {
        let mut named = fields.lines().filter_map(|line| line.split_once(':'));
        named.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    // The host that was asked for, where it goes on as another one.
    let host = field("X-Forwarded-Host").and_then(|list| list.split(',').next()).or_else(|| field("Host"))?;
    let is_host = |line: &&str| line.split_once(':').is_some_and(|(name, _)| name.eq_ignore_ascii_case("Host"));
    let first = format!("{method} {target} HTTP/1.1\r\nHost: {}", host.trim());
    let others = fields.lines().filter(|line| !is_host(line));
    let head = std::iter::once(first.as_str()).chain(others).collect::<Vec<_>>().join("\r\n") + "\r\n";
    let door = door(gateway, plan)?;
    let ends = (SocketAddr::from(([127, 0, 0, 1], 50_000)), SocketAddr::from(([127, 0, 0, 1], 80)));
    let plan = gateway.plan(&Received::at(Some(door), head.as_bytes(), Some(b""), ends), &Unseen);
    if !plan.unknown.is_empty() {
        return None;
    }
    match plan.action {
        Action::Forward(forward) => {
            let head = String::from_utf8_lossy(&forward.head).into_owned();
            head.split(' ').nth(1).map(|target| Became::Sent(target.to_owned()))
        }
        Action::Answer(reply) => Some(Became::Answered(reply)),
        Action::Close => None,
    }
}

/// The listener that a request came in by: that of its first step, or of the port which that names, or the only one.
pub(super) fn door<'g>(gateway: &'g Gateway, plan: &Plan) -> Option<&'g Listen> {
    let step = plan.steps.iter().find(|step| step.kind == StepKind::Listener);
    let place = step.and_then(|step| step.place.as_ref());
    let listeners = || gateway.listeners.iter();
    let of_port = |listen: &&Listen| {
        let words = step.map(|step| step.text.split(|c: char| !c.is_ascii_digit()));
        words.is_some_and(|mut words| words.any(|word| word.parse() == Ok(listen.port)))
    };
    let same = listeners().find(|listen| place.is_some() && listen.place.as_ref() == place);
    same.or_else(|| listeners().find(of_port)).or_else(|| listeners().next().filter(|_| listeners().count() == 1))
}

/// True if what is below a prefix goes on with something else in its place already.
pub(super) fn is_sent(gateway: &Gateway, plan: &Plan, prefix: &str, to: &str) -> bool {
    again(gateway, plan, &format!("{prefix}{PROBE}")) == Some(Became::Sent(format!("{to}{PROBE}")))
}

/// True if the proxy redirects a mount point to itself with a slash.
pub(super) fn is_redirected(gateway: &Gateway, plan: &Plan, prefix: &str) -> bool {
    let to = |reply: &Reply| {
        let location = String::from_utf8_lossy(reply.get("location").unwrap_or_default()).into_owned();
        (300..400).contains(&reply.status) && location.ends_with(&format!("{prefix}/"))
    };
    matches!(again(gateway, plan, prefix), Some(Became::Answered(reply)) if to(&reply))
}
