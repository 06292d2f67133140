//! A request that was seen, once more through a set-up with changes.
//!
//! ```text
//! Seen ─▶ proxy: planned again │ by hand ─▶ app's server, framework: lanes ─▶ answer: as seen │ predicted │ not known
//!                                                                           ─▶ way back ─▶ lanes, findings
//! ```

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::applied::{self, Fixed};
use super::by_hand::{self, Sent};
use super::location;
use super::seen::{Seen, conclude};
use crate::asgi::Outcome;
use crate::asgi::framework::AppView;
use crate::diagnosis::Finding;
use crate::dry_run::{Came, Entrance, SERVER, Way, Went, predict};
use crate::exchange::{
    Answered, Body, Ending, Exchange, Framing, Half, Pairing, RequestHead, ResponseHead, Side, TapId,
};
use crate::gateway::{Back, Proxy, Reply, Unseen};
use crate::lanes::{self, Lanes, Setup, TapKind};

/// A request as it would go.
#[derive(Debug)]
pub(super) struct Replayed {
    /// Its lanes.
    pub(super) lanes: Lanes,
    /// What is concluded from it, nothing before it known.
    pub(super) findings: Vec<Finding>,
    /// The status that the client would get; `None` if it is not known.
    pub(super) status: Option<u16>,
}

/// How the request gets to the app's server, and its answer back.
enum Passage {
    /// To the server; the way back is as planned, or `None` by hand.
    On(RequestHead, Option<(Way, std::sync::Arc<dyn Back>)>),
    /// The proxy answers.
    Answered(ResponseHead),
    /// As it was: it never came to the server.
    Same,
}

/// A response.
struct Answer {
    head: ResponseHead,
    body: Body,
}

/// A request on its way through the set-up.
pub(super) enum Underway {
    /// It is over: the proxy answered it, or it is as it was.
    Over(Exchange),
    /// It is at the app's server.
    AtTheApp(Box<AtTheApp>),
}

/// A request that has come to the app's server, and is still to be answered.
pub(super) struct AtTheApp {
    /// As it is by now.
    pub(super) exchange: Exchange,
    sent: RequestHead,
    back: Option<(Way, std::sync::Arc<dyn Back>)>,
}

/// Sends a request on its way. `None` where it is not known what becomes of it.
pub(super) fn depart(seen: &Seen, before: &Setup, fixed: &Fixed, neighbours: &[Seen]) -> Option<Underway> {
    let mut exchange = Exchange { ..(*seen.exchange).clone() };
    let (sent, back) = match passage(seen, before, fixed)? {
        Passage::On(sent, back) => (sent, back),
        Passage::Answered(head) => {
            exchange.app = None;
            let edge = exchange.edge.as_mut()?;
            edge.response_body = body(b"");
            edge.response = Some(marked(head, edge.response.as_ref()));
            return Some(Underway::Over(exchange));
        }
        Passage::Same => return Some(Underway::Over(exchange)),
    };
    exchange.app = Some(Box::new(at_the_app(seen, &sent, before, neighbours)?));
    if exchange.edge.is_some() && exchange.pairing == Pairing::Lone {
        exchange.pairing = Pairing::ById;
    }
    Some(Underway::AtTheApp(Box::new(AtTheApp { exchange, sent, back })))
}

impl AtTheApp {
    /// The exchange with the answer of server and app, on its way back through the proxy. `None` where it is not known what
    /// the proxy makes of it.
    pub(super) fn answered(self, seen: &Seen, fixed: &Fixed, head: &ResponseHead, body: Body) -> Option<Exchange> {
        let Self { mut exchange, sent, back } = self;
        if let Some(app) = &mut exchange.app {
            app.response = Some(head.clone());
            app.response_body = body.clone();
            app.answered = Answered::Upstream;
        }
        if let Some(edge) = &mut exchange.edge {
            let head = match back {
                Some((mut way, back)) => match way.back(&*back, head, &Unseen) {
                    Came::Delivered(head) => head,
                    Came::Answered(reply) => written(&reply)?,
                    Came::Closed | Came::Unknown => return None,
                },
                None => by_hand_back(head, &sent, seen, fixed),
            };
            edge.response = Some(marked(head, edge.response.as_ref()));
            edge.response_body = body;
            edge.answered = Answered::Upstream;
            edge.ending = Ending::Complete;
        }
        Some(exchange)
    }
}

/// Thinks a request through again. `neighbours` are other requests that were seen: what an app answers at a path, it
/// answers again. `None` where it is not known what becomes of it.
pub(super) fn replay(seen: &Seen, before: &Setup, fixed: &Fixed, neighbours: &[Seen]) -> Option<Replayed> {
    let mut setup = fixed.setup.clone();
    let mut under_way = match depart(seen, before, fixed, neighbours)? {
        Underway::AtTheApp(under_way) => under_way,
        Underway::Over(exchange) => return Some(finish(&exchange, &mut setup)),
    };
    let asked = lanes::compute(&under_way.exchange, &setup);
    let Some(answer) = answer(seen, &asked, &setup, neighbours) else {
        if setup.socket(&under_way.exchange).is_some() {
            return None;
        }
        // As if it were written down to be explained: the rules go by the models then.
        let exchange = &mut under_way.exchange;
        if let Some(edge) = &mut exchange.edge {
            (edge.response, edge.response_body, edge.answered) = (None, Body::default(), Answered::Nobody);
            edge.ending = Ending::Complete;
        }
        let asked = lanes::compute(exchange, &setup);
        let findings = conclude(exchange, &asked, &mut setup);
        return Some(Replayed { lanes: asked, findings, status: None });
    };
    let exchange = under_way.answered(seen, fixed, &answer.head, answer.body)?;
    Some(finish(&exchange, &mut setup))
}

/// What there is to say of an exchange that is over.
pub(super) fn finish(exchange: &Exchange, setup: &mut Setup) -> Replayed {
    let lanes = lanes::compute(exchange, setup);
    let findings = conclude(exchange, &lanes, setup);
    Replayed { status: lanes.answer.status, lanes, findings }
}

fn passage(seen: &Seen, before: &Setup, fixed: &Fixed) -> Option<Passage> {
    if fixed.by_hand.is_empty()
        && let Some(gateway) = &fixed.setup.gateway
        && seen.exchange.edge.is_some()
        && gateway.proxy != Proxy::Flags
    {
        let today = before.gateway.as_ref().and_then(|gateway| applied::plan(gateway, &seen.exchange, before))?;
        if applied::is_what_was_seen(&today, &seen.exchange) {
            let plan = applied::plan(gateway, &seen.exchange, &fixed.setup)?;
            let entrance = Entrance { local: SERVER, tls: None, assumed: None };
            let mut way = Way::through(gateway, &entrance);
            return match way.out(plan, &Unseen) {
                Went::Sent(forward) => {
                    let head = RequestHead::from_judged(forward.head).ok()?;
                    Some(Passage::On(head, Some((way, forward.back))))
                }
                Went::Answered(reply) => Some(Passage::Answered(written(&reply)?)),
                Went::Closed | Went::Unknown => None,
            };
        }
        if fixed.amended.is_some() {
            return None;
        }
    }
    if fixed.by_hand.is_empty() {
        return match seen.exchange.app.as_deref() {
            Some(app) => Some(Passage::On(app.request.clone(), None)),
            None if seen.lanes.rewritten.rewrite == lanes::Rewrite::NeverReached => Some(Passage::Same),
            None => None,
        };
    }
    match by_hand::send(seen, &fixed.by_hand, &fixed.setup) {
        Sent::On(head) => Some(Passage::On(head, None)),
        Sent::Redirected(to) => written(&Reply::status(301).field("Location", to)).map(Passage::Answered),
        Sent::Unknown => None,
    }
}

/// The app's side of the exchange, the answer still to come.
fn at_the_app(seen: &Seen, request: &RequestHead, setup: &Setup, neighbours: &[Seen]) -> Option<Half> {
    let fresh = |half: &Half| Half {
        request: request.clone(),
        response: None,
        interim: Vec::new(),
        response_body: Body::default(),
        answered: Answered::Nobody,
        ending: Ending::Complete,
        tunnel: None,
        probe: None,
        ..half.clone()
    };
    if let Some(app) = seen.exchange.app.as_deref() {
        if setup.socket(&seen.exchange).is_some() {
            // That a server was reached at all shows only by its answer: it stays until there is another.
            return Some(Half { response: app.response.clone(), answered: Answered::Upstream, ..fresh(app) });
        }
        let upstream = app.upstream.or(Some((app.local, app.peer)));
        return Some(Half { upstream, ..fresh(app) });
    }
    let edge = seen.exchange.edge.as_deref()?;
    // Where requests to the app come from, as others did.
    let other = neighbours.iter().find_map(|other| other.exchange.app.as_deref());
    let index = setup.taps.iter().position(|tap| tap.kind != TapKind::Edge).unwrap_or(0);
    let tap = TapId(u16::try_from(index).unwrap_or(0));
    let us = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 50_001);
    let (local, peer, upstream) = match other {
        Some(other) => (other.local, other.peer, other.upstream),
        None => (SERVER, us, Some((SERVER, us))),
    };
    Some(Half { side: Side::App, tap, local, peer, upstream, ..fresh(edge) })
}

/// What server and app answer to a request that they are `asked` now; `None` where that is not known.
fn answer(seen: &Seen, asked: &Lanes, setup: &Setup, neighbours: &[Seen]) -> Option<Answer> {
    if let Some(Outcome::Closed { .. }) = asked.scope.outcome {
        return made(b"HTTP/1.1 502 Bad Gateway\r\n\r\n".to_vec(), b"");
    }
    let (was, is) = (&seen.lanes.scope, &asked.scope);
    if was.outcome == is.outcome && was.view == is.view && was.other == is.other && was.outcome.is_some() {
        return its_own(seen, None);
    }
    let predicted = predict(asked, setup);
    let status =
        predicted.as_ref().and_then(|predicted| ResponseHead::from_judged(predicted.head.clone().into_bytes()).ok());
    match (predicted, status.map(|head| head.status())) {
        (Some(predicted), Some(status)) if status != 200 && status != 101 => {
            made(predicted.head.into_bytes(), predicted.body)
        }
        (predicted, _) => {
            let view = is.view.as_ref()?;
            let again = |other: &&Seen| is_same_question(other, view);
            if again(&seen) && !is_miss_of_found(seen, predicted.is_some()) {
                return its_own(seen, seen.lanes.scope.view.as_ref().zip(Some(view)));
            }
            if let Some(other) = neighbours.iter().filter(|other| other.is_fine()).find(again) {
                let both = other.lanes.scope.view.as_ref().zip(Some(view));
                return its_own(other, both);
            }
            predicted.and_then(|predicted| made(predicted.head.into_bytes(), predicted.body))
        }
    }
}

/// True if the app is asked the same: it routes on the same path with the same method. What works although the path lacks
/// its root works with it too; what did not may have been a mount.
fn is_same_question(seen: &Seen, is: &AppView) -> bool {
    let Some(was) = &seen.lanes.scope.view else { return false };
    let worked = seen.lanes.answer.app_status.is_some_and(|status| status < 400);
    was.route_path == is.route_path
        && was.scope.method == is.scope.method
        && was.scope.kind == is.scope.kind
        && (was.path_has_root == is.path_has_root || worked && is.path_has_root)
}

/// True if a miss was seen where a route is known now.
fn is_miss_of_found(seen: &Seen, found: bool) -> bool {
    found && seen.lanes.answer.app_status.is_some_and(|status| status == 404)
}

/// The answer that was seen. Where it is a redirect to a URL that the framework built, to the one that it would build now.
fn its_own(seen: &Seen, views: Option<(&AppView, &AppView)>) -> Option<Answer> {
    let half = seen.exchange.app.as_deref()?;
    let head = half.response.clone()?;
    // A page may hold URLs that the framework built too.
    let others = |(was, is): (&AppView, &AppView)| (&was.base_url, &was.openapi_url) != (&is.base_url, &is.openapi_url);
    let body = if views.is_some_and(others) { Body::default() } else { half.response_body.clone() };
    let head = match head.get("location").zip(views) {
        Some((location, (was, is))) => match rebuilt(location, was, is) {
            Some(location) => with_field(&head, "Location", &location)?,
            // Of another site, or what the app puts together by itself: from what, is not known.
            None if was.base_url != is.base_url && names_asked_host(location, seen) => return None,
            None => head,
        },
        None => head,
    };
    Some(Answer { head, body })
}

/// True for an absolute URL of the host that was asked for.
fn names_asked_host(location: &[u8], seen: &Seen) -> bool {
    let url = String::from_utf8_lossy(location);
    let authority = origin(&url).and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    authority.is_some_and(|authority| seen.host().is_some_and(|host| host.eq_ignore_ascii_case(authority.as_bytes())))
}

/// A URL that was built from one scope, built from another.
fn rebuilt(location: &[u8], was: &AppView, is: &AppView) -> Option<Vec<u8>> {
    if let (Some(old), Some(new)) = (&was.slash_redirect, &is.slash_redirect)
        && old.as_bytes() == location
    {
        return Some(new.clone().into_bytes());
    }
    let (old, new) = (was.base_url.as_deref()?, is.base_url.as_deref()?);
    if let Some(rest) = location.strip_prefix(old.as_bytes()) {
        return Some([new.as_bytes(), rest].concat());
    }
    // A path, or a URL that does not know the prefix: scheme and host alone are of the request.
    let (old, new) = (origin(old)?, origin(new)?);
    let rest = location.strip_prefix(old.as_bytes())?;
    Some([new.as_bytes(), rest].concat())
}

/// `http://host:port` of a URL.
fn origin(url: &str) -> Option<&str> {
    let start = url.find("://")? + 3;
    let end = url.get(start..)?.find('/').map_or(url.len(), |at| start + at);
    url.get(..end)
}

fn by_hand_back(head: &ResponseHead, sent: &RequestHead, seen: &Seen, fixed: &Fixed) -> ResponseHead {
    let changed = head.get("location").and_then(|location| {
        let to = location::back(location, sent, seen, &fixed.by_hand, &fixed.setup);
        (to != location).then(|| with_field(head, "Location", &to))?
    });
    changed.unwrap_or_else(|| head.clone())
}

/// With the marks that the proxy leaves on its answers.
fn marked(head: ResponseHead, old: Option<&ResponseHead>) -> ResponseHead {
    let Some(old) = old else { return head };
    ["Server", "Via"].into_iter().fold(head, |head, name| match old.get(name) {
        Some(value) => with_field(&head, name, value).unwrap_or(head),
        None => head,
    })
}

/// The head with a field replaced, or added.
fn with_field(head: &ResponseHead, name: &str, value: &[u8]) -> Option<ResponseHead> {
    let bytes = head.as_bytes();
    let line_end = bytes.iter().position(|&b| b == b'\n')? + 1;
    let mut out = bytes.get(..line_end)?.to_vec();
    let mut add = |name: &[u8], value: &[u8]| {
        out.extend_from_slice(name);
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    };
    head.fields().filter(|field| !field.is(name)).for_each(|field| add(field.name, field.value));
    add(name.as_bytes(), value);
    out.extend_from_slice(b"\r\n");
    ResponseHead::from_wire(out).ok()
}

fn written(reply: &Reply) -> Option<ResponseHead> {
    let mut head = format!("HTTP/1.1 {} \r\n", reply.status).into_bytes();
    for (name, value) in &reply.fields {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    ResponseHead::from_judged(head).ok()
}

fn made(head: Vec<u8>, bytes: &[u8]) -> Option<Answer> {
    Some(Answer { head: ResponseHead::from_judged(head).ok()?, body: body(bytes) })
}

fn body(bytes: &[u8]) -> Body {
    let total = bytes.len() as u64;
    Body { kept: bytes.to_vec().into(), total, framing: Framing::Length(total), ..Body::default() }
}
