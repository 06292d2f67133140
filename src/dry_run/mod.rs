//! CONCLUSIONS: what would become of a request that is not sent: through the models of proxy, server and app into the same
//! lanes and findings as traffic.
//!
//! This room exists so that `explain`, `check` and the screen that tries a URL give one answer.
//!
//! ```text
//! Asked ─▶ Entrance: which listener ─▶ Way out: the plan, followed ─▶ lanes ─▶ what server and app answer
//!                                        └ not known: no further              ─▶ Way back ─▶ lanes ─▶ findings
//! ```

mod app_answer;
mod entrance;
mod pair;
pub mod request;
mod suppose;
#[cfg(test)]
mod tests;
mod way;
mod what_if;

pub use entrance::Entrance;
pub use pair::{Addresses, Concern, Pair, Untried, origin, pair};
pub use request::Asked;
pub use suppose::{Supposed, SupposedPath, Supposition, suppose, supposed_server};
pub use way::Way;
pub use what_if::{Arrangement, Outlook, ServerLine, Told, WhatIf, Works, servers, what_ifs};

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::asgi::Outcome;
use crate::diagnosis::{Confidence, Finding, Session};
use crate::exchange::{
    Answered, Body, Ending, Exchange, ExchangeId, Framing, Half, Pairing, Phase, RequestHead, ResponseHead, Side,
};
use crate::gateway::{Destination, Gateway, Proxy, Received, Reply, Tls, Upstream, World};
use crate::lanes::{self, Author, Lanes, Setup};
pub(crate) use app_answer::{Predicted, predict};
pub(crate) use way::{Came, Went};

/// Where the stand-in would listen.
pub const STAND_IN: SocketAddr = SocketAddr::new(LOOPBACK, 9999);
/// Where a tap before the app's server would listen.
pub const TAP: SocketAddr = SocketAddr::new(LOOPBACK, 8001);
/// Where the app's server would listen.
pub const SERVER: SocketAddr = SocketAddr::new(LOOPBACK, 8000);

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// What a dry run starts from.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// The request.
    pub asked: &'a Asked,
    /// Where it arrives at the proxy, if there is one.
    pub entrance: &'a Entrance,
    /// The client's address, as the proxy sees it.
    pub client: IpAddr,
    /// The address that the app's server gets it from.
    pub peer: IpAddr,
}

/// A request thought through.
#[derive(Clone, Debug)]
pub struct DryRun {
    /// What would be observed, as far as it is certain.
    pub exchange: Exchange,
    /// Its lanes.
    pub lanes: Lanes,
    /// What is concluded from them, the primary finding first. None where the way through the proxy is not known.
    pub findings: Vec<Finding>,
    /// The way through the proxy; `None` if there is none but hopscope's own stand-in.
    pub way: Option<Way>,
}

/// Thinks a request through. What it shows of public prefixes is learned into `setup`, as from traffic.
pub fn run(start: &Start<'_>, setup: &mut Setup, world: &dyn World) -> DryRun {
    let mut way = setup.gateway.as_ref().map(|gateway| Way::through(gateway, start.entrance));
    let (mut exchange, went) = match (&setup.gateway, &mut way) {
        (Some(gateway), Some(way)) => start.through(gateway, way, world),
        _ => (start.at_the_app(), None),
    };
    let way = way.filter(|way| way.proxy != Proxy::Flags);
    let mut dressed = Dressed { start, way };
    if exchange.is_finished() {
        let lanes = dressed.lanes(&exchange, setup);
        answer(&mut exchange, &lanes, setup, went, dressed.way.as_mut(), world);
    }
    let mut lanes = dressed.lanes(&exchange, setup);
    let mut findings = Vec::new();
    if exchange.is_finished() {
        let updates = Session::default().observe(&exchange, &lanes, setup);
        let own = updates.into_iter().filter(|update| update.exchange == exchange.id);
        findings.extend(own.flat_map(|update| update.findings));
    }
    // The models refuse a websocket just because no route takes it: that is what they answer, not a riddle to solve.
    findings.retain(|finding| finding.code != "WS01");
    let way = dressed.way;
    if let Some(way) = &way {
        // A router took it and answers: whatever it says, there is one.
        findings.retain(|finding| finding.code != "NG07" || way.router.is_none());
        // A router's path may as well be part of the app's own routes: without an answer nothing speaks for a prefix.
        let unsure = |finding: &Finding| finding.code == "PX01" && finding.confidence == Confidence::Medium;
        findings.retain(|finding| !unsure(finding) || lanes.answer.status.is_some());
        way.sign(&mut lanes.forwarded);
    }
    DryRun { exchange, lanes, findings, way }
}

/// What makes lanes of the models' answers rather than of what was seen.
struct Dressed<'a> {
    start: &'a Start<'a>,
    way: Option<Way>,
}

impl Dressed<'_> {
    fn lanes(&self, exchange: &Exchange, setup: &Setup) -> Lanes {
        let mut lanes = lanes::compute(exchange, setup);
        if let Some(public) = self.start.asked.public() {
            lanes.original.scheme.clone_from(&public.scheme);
        }
        let Some(way) = &self.way else { return lanes };
        lanes.rewritten.rule = way.rule();
        for field in lanes.forwarded.fields.iter_mut().filter(|field| field.by.is_some()) {
            field.by = Some(way.proxy.word().to_owned());
        }
        if way.answers {
            lanes.answer.by = Author::Proxy(way.proxy.word());
        }
        lanes
    }
}

impl Start<'_> {
    fn client(&self) -> SocketAddr {
        SocketAddr::new(self.client, 50_000)
    }

    /// The request as it goes through a proxy: what is seen before it, and behind it if it comes so far.
    fn through(&self, gateway: &Gateway, way: &mut Way, world: &dyn World) -> (Exchange, Option<Went>) {
        let head = &self.asked.head;
        let bodiless = head.get("content-length").is_none() && head.get("transfer-encoding").is_none();
        let received = Received {
            head: head.as_bytes(),
            body: bodiless.then_some(b""),
            peer: self.client(),
            local: self.entrance.local,
            tls: self.entrance.tls.as_ref().map(|name| Tls { name: name.as_deref() }),
        };
        let edge = Half::of_request(Side::Edge, (self.client(), self.entrance.local), head.clone());
        match way.out(gateway.plan(&received, world), world) {
            Went::Unknown => (exchange(Some(Half { ending: Ending::Open, ..edge }), None), None),
            Went::Closed => {
                let why = format!("{} hangs up without an answer", gateway.proxy);
                (exchange(Some(Half { ending: Ending::Refused(why), ..edge }), None), None)
            }
            Went::Answered(reply) => {
                let mut edge = edge;
                if gateway.proxy == Proxy::Flags {
                    edge.ending = Ending::NoRoute;
                    set(&mut edge, &app_answer::not_found("text/plain", b"", ""), Answered::Hopscope);
                } else {
                    reply_with(&mut edge, &reply);
                }
                (exchange(Some(edge), None), None)
            }
            Went::Sent(sent) => {
                let peer = SocketAddr::new(self.peer, 50_001);
                let upstream = Some((address(&sent.to), peer));
                let request = RequestHead::from_judged(sent.head.clone());
                let request = request.unwrap_or_else(|_| RequestHead::salvage(&sent.head));
                let edge = Half { upstream, ..edge };
                let app = Half { side: Side::App, request, ..edge.clone() };
                (exchange(Some(edge), Some(app)), Some(Went::Sent(sent)))
            }
        }
    }

    /// The request as the app's server gets it, with nothing known before it.
    fn at_the_app(&self) -> Exchange {
        let peer = SocketAddr::new(self.peer, 50_001);
        let half = Half::of_request(Side::App, (peer, TAP), self.asked.head.clone());
        let half = Half { upstream: Some((SERVER, peer)), ..half };
        Exchange { pairing: Pairing::Lone, ..exchange(None, Some(half)) }
    }
}

fn exchange(edge: Option<Half>, app: Option<Half>) -> Exchange {
    Exchange { id: ExchangeId(1), edge: edge.map(Box::new), app: app.map(Box::new), pairing: Pairing::StandIn }
}

/// The address of an upstream; names are not looked up, and stand for this machine.
fn address(to: &Destination) -> SocketAddr {
    let (Destination::Http(Upstream { host, port }) | Destination::Https(Upstream { host, port })) = to else {
        return SERVER;
    };
    host.parse().map_or(SERVER, |host: IpAddr| SocketAddr::new(host, *port))
}

/// Puts the answer into an exchange, if there is only one that it can have: at the app as the app gives it, at the client
/// as the proxy passes it on.
fn answer(
    exchange: &mut Exchange,
    lanes: &Lanes,
    setup: &Setup,
    went: Option<Went>,
    way: Option<&mut Way>,
    world: &dyn World,
) {
    if exchange.app.is_none() {
        return;
    }
    if let Some(Outcome::Closed { why }) = &lanes.scope.outcome {
        for half in exchange.edge.iter_mut().chain(&mut exchange.app) {
            half.ending = Ending::UpstreamGone(Phase::Wait, why.clone());
        }
        return;
    }
    let Some(predicted) = predict(lanes, setup) else { return };
    let app = exchange.app.iter_mut();
    app.for_each(|half| set(half, &predicted, Answered::Upstream));
    let Some(edge) = &mut exchange.edge else { return };
    match (went, way, ResponseHead::from_wire(predicted.head.clone().into_bytes())) {
        (Some(Went::Sent(sent)), Some(way), Ok(head)) => match way.back(&*sent.back, &head, world) {
            Came::Delivered(head) => {
                set(edge, &predicted, Answered::Upstream);
                edge.response = Some(head);
            }
            Came::Answered(reply) => reply_with(edge, &reply),
            Came::Closed => edge.ending = Ending::Refused(format!("{} hangs up without an answer", way.proxy)),
            Came::Unknown => {}
        },
        _ => set(edge, &predicted, Answered::Upstream),
    }
}

/// Gives a half this response.
fn set(half: &mut Half, predicted: &Predicted, answered: Answered) {
    let Ok(head) = ResponseHead::from_wire(predicted.head.clone().into_bytes()) else { return };
    half.response = Some(head);
    half.response_body = body(predicted.body);
    half.answered = answered;
}

/// Gives a half an answer of the proxy's own.
fn reply_with(half: &mut Half, reply: &Reply) {
    let mut head = format!("HTTP/1.1 {} \r\n", reply.status).into_bytes();
    for (name, value) in &reply.fields {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value);
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    half.response = ResponseHead::from_judged(head).ok();
    half.response_body = body(&reply.body);
    half.answered = Answered::Upstream;
}

fn body(bytes: &[u8]) -> Body {
    let total = bytes.len() as u64;
    Body { kept: bytes.to_vec().into(), total, framing: Framing::Length(total), ..Body::default() }
}
