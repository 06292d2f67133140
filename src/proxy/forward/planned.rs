//! The stand-in's way of an exchange: what the model plans, what it leads to, and what becomes of each response.
//!
//! ```text
//! plan ─┬─ Forward ─▶ set out ─▶ response ─▶ back ─┬─ Deliver
//!       ├─ Answer                                  ├─ Forward: once more, on another connection
//!       └─ Close                                   └─ Answer, Close
//! ```
//!
//! An answer that rests on something which is not understood is not given: the client is told what it is.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::time::timeout;

use super::{Forward, Response};
use crate::exchange::{Ending, Framing, Phase, RequestHead, ResponseHead};
use crate::gateway::{
    self, Action, Back, Destination, Gateway, Listen, NotUnderstood, Onward, Proxy, Purpose, Received, Reply,
};
use crate::proxy::connection::Role;
use crate::proxy::failure::{Broken, Failure};
use crate::proxy::framing::BodyEnd;
use crate::proxy::head::{Judged, Kind, judge};
use crate::proxy::reply;
use crate::proxy::stand_in::StandIn;

/// Requests to upstreams that one request may lead to.
const MOST_FORWARDS: usize = 16;
/// A chunked body that the proxy would keep whole before sending it on may have this many bytes.
const MOST_HELD: usize = 64 << 20;
/// What a client is told that waits to be asked for its body.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// How far a plan has come.
pub(super) struct Planned {
    stand_in: Arc<StandIn>,
    gateway: Arc<Gateway>,
    /// The request that is on its way.
    purpose: Purpose,
    back: Arc<dyn Back>,
    to: Destination,
    /// The host that the configuration names.
    host: Option<String>,
    /// Its head and, where it was kept, its body: what is sent once more if the connection was a dead one.
    bytes: Vec<u8>,
    sent: Sent,
    /// The client's body, where the proxy keeps it before sending it on.
    held: Option<Held>,
    forwards: usize,
}

/// What a head that is sent on says of the connection and the body.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sent {
    /// It asks to switch protocols.
    pub upgrade: bool,
    /// Its method is `HEAD`.
    pub is_head: bool,
    /// The connection may carry another request after it.
    pub keeps: bool,
    expect: bool,
    framing: Framing,
}

/// A body that was read before it is sent on.
#[derive(Debug, Default)]
struct Held {
    framed: Vec<u8>,
    payload: Vec<u8>,
}

impl Sent {
    fn of(head: &[u8]) -> Self {
        // What is no acceptable HTTP goes out as it does there, on a connection of its own.
        let Ok(Some(judged)) = judge(head, Kind::Request) else { return Self::default() };
        Self {
            upgrade: judged.upgrade,
            is_head: head.starts_with(b"HEAD "),
            keeps: judged.http11 && !judged.close,
            expect: judged.expect,
            framing: judged.framing,
        }
    }
}

impl Planned {
    pub(super) fn sent(&self) -> Sent {
        self.sent
    }

    /// True for the client's own request, and not one that comes before it.
    pub(super) fn is_the_clients(&self) -> bool {
        self.purpose == Purpose::Request
    }

    /// The name to ask for in TLS: the configuration's, wherever that is here.
    pub(super) fn name(&self) -> Option<String> {
        self.host.clone()
    }

    pub(super) fn again(&self) -> (Destination, &[u8]) {
        (self.to.clone(), &self.bytes)
    }
}

/// What a proxy does instead where no response comes.
pub(super) enum Recovery {
    /// Nothing: the client is told what is wrong.
    None,
    /// It has answered by itself.
    Answered,
    /// Another request goes there.
    Next(Destination),
}

/// What kind of failure a proxy sees in an end that came before the response's head.
fn failure(broken: &Broken) -> Option<gateway::Failure> {
    let late = broken.failure.as_ref().is_some_and(|failure| failure.status == 504);
    match &broken.ending {
        Ending::NoUpstream(_) | Ending::UpstreamGone(..) if late => Some(gateway::Failure::Late),
        Ending::NoUpstream(_) | Ending::UpstreamGone(..) => Some(gateway::Failure::Broken),
        Ending::TimedOut(Phase::Wait) => Some(gateway::Failure::Late),
        _ => None,
    }
}

/// What cannot be said, said.
fn unknown(gateway: &Gateway, doubts: &[NotUnderstood]) -> Option<Broken> {
    let first = doubts.first()?;
    let more = match doubts.len() {
        1 => String::new(),
        more => format!(" (and {} more)", more - 1),
    };
    let why = format!("hopscope does not know what {} would do here: {first}{more}", gateway.proxy);
    Some(Broken::refused(501, &why))
}

impl Forward<'_> {
    /// Decides where the request goes first, and writes it; `None` if the proxy answers by itself.
    pub(super) async fn plan(&mut self) -> Result<Option<Destination>, Broken> {
        let Role::StandIn { stand_in, door } = &self.connection.listener.role else { return Ok(None) };
        let (stand_in, gateway, door) = (Arc::clone(stand_in), stand_in.gateway(), door.clone());
        let held = if self.judged.framing == Framing::Chunked && keeps_bodies(gateway.proxy) {
            Some(self.hold().await?)
        } else {
            None
        };
        let body = match (&held, self.judged.framing) {
            (Some(held), _) => Some(held.framed.as_slice()),
            (None, Framing::None | Framing::Length(0)) => Some(&[][..]),
            (None, _) => None,
        };
        let ends = (self.connection.ends.peer, self.connection.ends.local);
        let head = self.recording.request().as_bytes();
        let received = Received::at(door.as_ref(), head, body, ends);
        let plan = gateway.plan(&received, stand_in.world());
        if let Some(broken) = unknown(&gateway, &plan.unknown) {
            return Err(broken);
        }
        match plan.action {
            Action::Forward(forward) => {
                if self.recording.request().method() == b"CONNECT" {
                    return Err(Broken::refused(501, super::request::NO_TUNNELS));
                }
                self.planned = Some(Box::new(Planned {
                    purpose: forward.purpose,
                    back: Arc::clone(&forward.back),
                    to: forward.to.clone(),
                    host: None,
                    bytes: Vec::new(),
                    sent: Sent::default(),
                    stand_in,
                    gateway,
                    held,
                    forwards: 0,
                }));
                self.write_planned(forward).map(Some)
            }
            Action::Answer(reply) => {
                if gateway.proxy == Proxy::Flags {
                    return Err(no_route());
                }
                if plan.router.is_none() && is_no_route(&reply) {
                    self.ending = Ending::NoRoute;
                }
                self.answer(gateway.proxy, reply).map(|()| None)
            }
            Action::Close => Err(hung_up(&gateway)),
        }
    }

    /// Writes a request of the plan; gives where it goes.
    pub(super) fn write_planned(&mut self, forward: gateway::Forward) -> Result<Destination, Broken> {
        let probe = self.connection.listener.probe.as_ref().filter(|_| forward.purpose == Purpose::Request);
        let Some(planned) = &mut self.planned else { return Err(no_route()) };
        planned.forwards += 1;
        if planned.forwards > MOST_FORWARDS {
            return Err(Broken::refused(502, "the proxy's configuration leads round in circles"));
        }
        let mut bytes = forward.head.clone();
        planned.sent = Sent::of(&bytes);
        if let Some(key) = probe {
            key.ask(&mut bytes);
        }
        self.passes_body = false;
        match (planned.sent.framing, &planned.held) {
            (Framing::None | Framing::Length(0), _) => {}
            (Framing::Chunked, Some(held)) => bytes.extend_from_slice(&held.framed),
            (Framing::Length(length), Some(held)) if length == held.payload.len() as u64 => {
                bytes.extend_from_slice(&held.payload);
            }
            (framing, None) if framing == self.judged.framing && !self.body_gone => {
                (self.passes_body, self.body_gone) = (true, true);
                if self.judged.expect && self.judged.http11 && !planned.sent.expect {
                    self.to_client.bytes.extend_from_slice(CONTINUE);
                }
            }
            _ => {
                let why =
                    "the proxy sends the body once more, or in another length: hopscope does not keep bodies for that";
                return Err(Broken::refused(501, why));
            }
        }
        self.to_upstream.clear();
        self.to_upstream.bytes.extend_from_slice(&bytes);
        if forward.purpose == Purpose::Request {
            let head = forward.head.as_slice();
            self.recording.sent(RequestHead::from_judged(head).unwrap_or_else(|_| RequestHead::salvage(head)));
        }
        (planned.purpose, planned.back, planned.bytes) = (forward.purpose, forward.back, bytes);
        planned.to = planned.stand_in.place(&forward.to);
        planned.host = match forward.to {
            Destination::Http(to) | Destination::Https(to) => Some(to.host),
            Destination::Unix(_) => None,
        };
        Ok(planned.to.clone())
    }

    /// Asks the plan what becomes of a response.
    pub(super) fn returned(&mut self, head: ResponseHead, judged: Judged) -> Result<(), Broken> {
        let Some(planned) = &self.planned else {
            self.begin_response(head, None, judged);
            return Ok(());
        };
        let gateway = Arc::clone(&planned.gateway);
        let returned = planned.back.respond(&head, planned.stand_in.world());
        if let Some(broken) = unknown(&gateway, &returned.unknown) {
            return Err(broken);
        }
        match returned.onward {
            Onward::Deliver(delivered) if head.status() == 101 => self.switch(head, Some(delivered)),
            Onward::Deliver(delivered) => self.begin_response(head, Some(delivered), judged),
            Onward::Forward(next) => {
                self.connection.upstream = None;
                self.next = Some(next);
            }
            Onward::Answer(reply) => {
                if planned.is_the_clients() {
                    self.recording.replaced(head);
                }
                self.connection.upstream = None;
                self.answer(gateway.proxy, reply)?;
            }
            Onward::Close => return Err(hung_up(&gateway)),
        }
        Ok(())
    }

    /// Asks the plan what becomes of a request that gets no response. An answer with nothing in it but a status gives the
    /// status to the text that says what is wrong.
    pub(super) fn recover(&mut self, broken: &mut Broken) -> Result<Recovery, Broken> {
        let waits = matches!(self.response, Response::Awaited) && !self.client_told;
        let (Some(failure), Some(planned), true) = (failure(broken), &self.planned, waits) else {
            return Ok(Recovery::None);
        };
        let gateway = Arc::clone(&planned.gateway);
        let returned = planned.back.fail(failure, planned.stand_in.world());
        if !returned.unknown.is_empty() {
            return Ok(Recovery::None);
        }
        match returned.onward {
            Onward::Forward(next) => {
                self.connection.upstream = None;
                (self.keep_upstream, self.upstream_deaf) = (true, false);
                self.write_planned(*next).map(Recovery::Next)
            }
            Onward::Answer(reply) if is_bare(&reply) => {
                let refused = matches!(broken.ending, Ending::NoUpstream(_)) && failure == gateway::Failure::Broken;
                // haproxy and httpd tell an upstream that cannot be reached from one that fails.
                let status = match gateway.proxy {
                    Proxy::Haproxy | Proxy::Apache if refused => 503,
                    _ => reply.status,
                };
                if let Some(told) = &mut broken.failure {
                    told.status = status;
                }
                Ok(Recovery::None)
            }
            Onward::Answer(reply) => {
                self.connection.upstream = None;
                self.answer(gateway.proxy, reply)?;
                Ok(Recovery::Answered)
            }
            Onward::Close => {
                broken.failure = None;
                Ok(Recovery::None)
            }
            Onward::Deliver(_) => Ok(Recovery::None),
        }
    }

    /// Gives the client an answer of the proxy's own.
    fn answer(&mut self, proxy: Proxy, reply: Reply) -> Result<(), Broken> {
        let reply = reply::filled(reply).map_err(|why| Broken::refused(501, &why))?;
        let written = reply::write(&reply, proxy, self.keep_client);
        let is_head = self.recording.request().method() == b"HEAD";
        let body = if is_head { &[][..] } else { &written.body };
        self.to_client.bytes.extend_from_slice(&written.head);
        self.to_client.bytes.extend_from_slice(body);
        self.client_told = true;
        self.response = Response::Done;
        self.recording.answered_by_proxy(&written.head, body);
        Ok(())
    }

    /// Reads the client's body to its end, as a proxy does that keeps it before it sends it on.
    async fn hold(&mut self) -> Result<Held, Broken> {
        if self.judged.expect && self.judged.http11 {
            self.connection.write_all(CONTINUE).await.map_err(|_| self.client_gone())?;
        }
        let limit = self.connection.listener.limits.idle;
        let mut held = Held::default();
        loop {
            let unread = self.connection.input.bytes();
            let recording = &mut self.recording;
            let passed = self.request_end.follow(unread, |payload| {
                recording.request_passed(payload);
                held.payload.extend_from_slice(payload);
            });
            let passed = passed.map_err(|why| Broken::refused(400, why))?;
            held.framed.extend_from_slice(unread.get(..passed.bytes).unwrap_or_default());
            self.connection.input.take(passed.bytes);
            if passed.done {
                break;
            }
            if held.framed.len() > MOST_HELD {
                return Err(Broken::refused(
                    413,
                    "the proxy keeps a chunked body before it sends it on; hopscope up to 64 MiB",
                ));
            }
            match timeout(limit, self.connection.read_more()).await {
                Ok(true) => {}
                Ok(false) => return Err(self.client_gone()),
                Err(_) => return Err(self.timed_out(limit)),
            }
        }
        self.recording.request_trailers(self.request_end.trailers());
        self.request_end = BodyEnd::Length(0);
        Ok(held)
    }
}

/// What the proxy does with bytes that are no acceptable request here.
pub(in crate::proxy) enum Refusal {
    /// It answers.
    Said(reply::Written),
    /// It hangs up without a byte.
    HangsUp,
    /// That is not known, or it would send them on, which cannot be done here.
    Unknown,
}

impl Refusal {
    /// By the model.
    pub(in crate::proxy) fn of(
        stand_in: &StandIn,
        door: Option<&Listen>,
        head: &[u8],
        ends: (SocketAddr, SocketAddr),
    ) -> Self {
        let gateway = stand_in.gateway();
        if gateway.proxy == Proxy::Flags {
            return Self::Unknown;
        }
        let plan = gateway.plan(&Received::at(door, head, None, ends), stand_in.world());
        match plan.action {
            _ if !plan.unknown.is_empty() => Self::Unknown,
            Action::Answer(reply) => match reply::filled(reply) {
                Ok(reply) => Self::Said(reply::write(&reply, gateway.proxy, false)),
                Err(_) => Self::Unknown,
            },
            Action::Close => Self::HangsUp,
            Action::Forward(_) => Self::Unknown,
        }
    }
}

/// True for a proxy that reads a chunked body to its end before it sends it on, with its length (nginx:
/// `proxy_request_buffering`; Apache httpd: `mod_proxy_http`).
fn keeps_bodies(proxy: Proxy) -> bool {
    matches!(proxy, Proxy::Nginx | Proxy::Apache)
}

/// True for what a proxy answers where nothing in its configuration takes the request.
fn is_no_route(reply: &Reply) -> bool {
    reply.file.is_none() && (matches!(reply.status, 404 | 503) || (reply.status == 200 && reply.body.is_empty()))
}

/// True for an answer with nothing in it but a status.
fn is_bare(reply: &Reply) -> bool {
    reply.body.is_empty() && reply.file.is_none() && reply.get("location").is_none()
}

fn no_route() -> Broken {
    Broken { ending: Ending::NoRoute, failure: Some(Failure::new(404, "no route of the stand-in takes this path")) }
}

fn hung_up(gateway: &Gateway) -> Broken {
    let why = format!("{} closes the connection without an answer", gateway.proxy);
    Broken { ending: Ending::Refused(why), failure: None }
}
