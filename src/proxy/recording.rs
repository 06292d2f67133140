//! What one exchange leaves behind: filled in while it passes, handed over when it ends, whatever way it ends.
//!
//! Dropping a recording hands it over too, so an exchange that is cut short by hopscope's own end is told as well.

use std::net::SocketAddr;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use super::failure::Failure;
use super::frames::FrameReader;
use crate::capture::{BodyCapture, Capture, Observed, PairId, Place};
use crate::exchange::{
    Answered, Body, ConnectionId, Ending, Framing, Half, Phase, RequestHead, ResponseHead, Side, TapId, Times, Tunnel,
};

/// Informational responses kept of one exchange: nobody sends more, and an upstream that did would fill the memory.
const INTERIM_KEPT: usize = 16;

/// Where the listener stands, as far as the record is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// A tap sees one half.
    Tap(Side),
    /// The stand-in is both sides.
    StandIn,
}

/// Who is talking to whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ends {
    pub tap: TapId,
    pub stand: Stand,
    pub connection: ConnectionId,
    pub peer: SocketAddr,
    pub local: SocketAddr,
}

/// The record of one exchange while it runs.
#[derive(Debug)]
pub(super) struct Recording {
    place: Option<Place>,
    pair: Option<PairId>,
    ends: Ends,
    started: Instant,
    started_at: u64,
    upstream: Option<(SocketAddr, SocketAddr)>,
    request: RequestHead,
    sent: Option<RequestHead>,
    request_body: Passing,
    response: Option<ResponseHead>,
    /// The upstream's head, where the client got another.
    of_upstream: Option<ResponseHead>,
    answered: Answered,
    answered_at: Option<u64>,
    interim: Vec<ResponseHead>,
    response_body: Passing,
    tunnel: Option<Box<Tunnelled>>,
    probe: Option<Bytes>,
    phase: Phase,
    ending: Ending,
}

/// One body while it passes.
#[derive(Debug, Default)]
struct Passing {
    capture: Option<BodyCapture>,
    framing: Framing,
    trailers: Vec<u8>,
}

/// What passes after a 101.
#[derive(Debug)]
struct Tunnelled {
    seen: Tunnel,
    up: FrameReader,
    down: FrameReader,
}

impl Passing {
    fn snapshot(&self) -> Body {
        self.capture
            .as_ref()
            .map_or_else(|| Body { framing: self.framing, ..Body::default() }, |capture| capture.snapshot(self.framing))
    }

    fn finish(&mut self) -> Body {
        let (framing, trailers) = (self.framing, std::mem::take(&mut self.trailers));
        self.capture
            .take()
            .map_or_else(|| Body { framing, ..Body::default() }, |mut capture| capture.finish(framing, &trailers))
    }
}

impl Recording {
    /// Begins the record of a request that has just been read.
    pub(super) fn begin(capture: &Capture, ends: Ends, request: RequestHead, framing: Framing) -> Self {
        let place = capture.begin();
        let started_at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut recording = Self {
            place,
            pair: None,
            ends,
            started: Instant::now(),
            started_at: u64::try_from(started_at.as_micros()).unwrap_or(u64::MAX),
            upstream: None,
            request,
            sent: None,
            request_body: Passing::default(),
            response: None,
            of_upstream: None,
            answered: Answered::Nobody,
            answered_at: None,
            interim: Vec::new(),
            response_body: Passing::default(),
            tunnel: None,
            probe: None,
            phase: Phase::Request,
            ending: Ending::Stopped,
        };
        recording.request_body = recording.passing(framing);
        recording
    }

    fn passing(&self, framing: Framing) -> Passing {
        let length = match framing {
            Framing::None | Framing::Length(0) => return Passing { framing, ..Passing::default() },
            Framing::Length(length) => Some(length),
            Framing::Chunked | Framing::UntilClose => None,
        };
        let capture = self.place.as_ref().map(|place| place.body(length));
        Passing { capture, framing, trailers: Vec::new() }
    }

    pub(super) fn request(&self) -> &RequestHead {
        &self.request
    }

    pub(super) fn started(&self) -> Instant {
        self.started
    }

    /// The id for the partner at the app tap; `None` if this exchange goes unrecorded.
    pub(super) fn offer_pair(&mut self) -> Option<PairId> {
        self.pair = self.place.as_ref().map(|place| PairId(place.key()));
        self.pair
    }

    /// The id found on the request: the partner's.
    pub(super) fn found_pair(&mut self, pair: PairId) {
        self.pair = Some(pair);
    }

    /// The stand-in's request as sent on.
    pub(super) fn sent(&mut self, head: RequestHead) {
        self.sent = Some(head);
    }

    pub(super) fn connected(&mut self, upstream: SocketAddr, from: SocketAddr) {
        self.upstream = Some((upstream, from));
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    pub(super) fn enter(&mut self, phase: Phase) {
        self.phase = phase;
    }

    pub(super) fn interim(&mut self, head: ResponseHead) {
        if self.interim.len() < INTERIM_KEPT {
            self.interim.push(head);
        }
    }

    /// What the app's probe said in the head that came last.
    pub(super) fn probed(&mut self, answer: Option<Bytes>) {
        self.probe = answer;
    }

    pub(super) fn answered(&mut self, head: ResponseHead, framing: Framing, by: Answered) {
        self.response = Some(head);
        self.answered = by;
        self.answered_at = Some(self.now());
        self.response_body = self.passing(framing);
    }

    /// The client got the last head edited.
    pub(super) fn delivered(&mut self, head: Option<ResponseHead>) {
        if let Some(head) = head.filter(|head| self.response.as_ref() != Some(head)) {
            self.of_upstream = self.response.replace(head);
        }
    }

    /// What the upstream answered is not what the client gets.
    pub(super) fn replaced(&mut self, head: ResponseHead) {
        self.of_upstream = Some(head);
    }

    /// The proxy that hopscope stands in for answered by itself.
    pub(super) fn answered_by_proxy(&mut self, head: &[u8], body: &[u8]) {
        let Ok(head) = ResponseHead::from_judged(head) else { return };
        self.answered(head, Framing::Length(body.len() as u64), Answered::Hopscope);
        self.response_passed(body);
    }

    /// hopscope answered by itself.
    pub(super) fn failed(&mut self, failure: &Failure) {
        let Some(head) = failure.head() else { return };
        let (_, body) = failure.response();
        self.answered(head, Framing::Length(body.len() as u64), Answered::Hopscope);
        self.response_passed(&body);
    }

    pub(super) fn upgraded(&mut self) {
        self.phase = Phase::Tunnel;
        let seen = Tunnel { not_frames: !self.request.is_websocket(), ..Tunnel::default() };
        self.tunnel = Some(Box::new(Tunnelled { seen, up: FrameReader::new(true), down: FrameReader::new(false) }));
    }

    pub(super) fn request_passed(&mut self, payload: &[u8]) {
        let now = self.tunnel.as_ref().map(|_| self.now());
        match (&mut self.tunnel, now) {
            (Some(tunnel), Some(now)) => tunnel.up.pass(payload, now, &mut tunnel.seen),
            _ => self.request_body.pass(payload),
        }
    }

    pub(super) fn response_passed(&mut self, payload: &[u8]) {
        let now = self.tunnel.as_ref().map(|_| self.now());
        match (&mut self.tunnel, now) {
            (Some(tunnel), Some(now)) => tunnel.down.pass(payload, now, &mut tunnel.seen),
            _ => self.response_body.pass(payload),
        }
    }

    pub(super) fn request_trailers(&mut self, trailers: &[u8]) {
        self.request_body.trailers = trailers.to_vec();
    }

    pub(super) fn response_trailers(&mut self, trailers: &[u8]) {
        self.response_body.trailers = trailers.to_vec();
    }

    /// Shows the exchange as it is now; it goes on.
    pub(super) fn show(&self) {
        if let Some(place) = &self.place {
            place.update(|| {
                let bodies = (self.request_body.snapshot(), self.response_body.snapshot());
                let tunnel = self.tunnel.as_ref().map(|tunnel| Box::new(tunnel.seen.clone()));
                let heads = (self.request.clone(), self.sent.clone(), self.response.clone());
                self.observed(place.key(), heads, self.interim.clone(), bodies, tunnel, &Ending::Open)
            });
        }
    }

    /// Says how it ended; the record is handed over when this is dropped.
    pub(super) fn end(&mut self, ending: Ending) {
        self.ending = ending;
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn observed(
        &self,
        key: u64,
        (request, sent, response): (RequestHead, Option<RequestHead>, Option<ResponseHead>),
        interim: Vec<ResponseHead>,
        (request_body, response_body): (Body, Body),
        tunnel: Option<Box<Tunnel>>,
        ending: &Ending,
    ) -> Observed {
        let half = |side, request, request_body, response, response_body, answered| {
            Box::new(Half {
                tap: self.ends.tap,
                side,
                connection: self.ends.connection,
                peer: self.ends.peer,
                local: self.ends.local,
                upstream: self.upstream,
                request,
                request_body,
                response,
                interim: Vec::new(),
                response_body,
                answered,
                ending: ending.clone(),
                times: Times { started: self.started_at, answered: self.answered_at, ended: self.now() },
                tunnel: None,
                probe: None,
            })
        };
        // The stand-in's inner half exists once something was sent on; what hopscope answered by itself is not in it.
        let inner = sent.map(|sent| {
            let (response, body, answered) = match (self.answered, &self.of_upstream) {
                (Answered::Upstream, None) => (response.clone(), response_body.clone(), Answered::Upstream),
                (Answered::Upstream, Some(own)) => (Some(own.clone()), response_body.clone(), Answered::Upstream),
                (_, Some(own)) => (Some(own.clone()), Body::default(), Answered::Upstream),
                _ => (None, Body::default(), Answered::Nobody),
            };
            let mut half = half(Side::App, sent, request_body.clone(), response, body, answered);
            half.times.answered = half.times.answered.filter(|_| answered == Answered::Upstream);
            half.probe.clone_from(&self.probe);
            half
        });
        let side = if let Stand::Tap(side) = self.ends.stand { side } else { Side::Edge };
        let mut outer = half(side, request, request_body, response, response_body, self.answered);
        (outer.interim, outer.tunnel) = (interim, tunnel);
        if side == Side::App {
            outer.probe.clone_from(&self.probe);
        }
        let (edge, app) = if side == Side::App { (None, Some(outer)) } else { (Some(outer), inner) };
        Observed { key, pair: self.pair, edge, app }
    }
}

impl Passing {
    fn pass(&mut self, payload: &[u8]) {
        if let Some(capture) = &mut self.capture {
            capture.pass(payload);
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let Some(place) = self.place.take() else { return };
        let bodies = (self.request_body.finish(), self.response_body.finish());
        let nothing = RequestHead::salvage(&[]);
        let heads = (std::mem::replace(&mut self.request, nothing), self.sent.take(), self.response.take());
        let tunnel = self.tunnel.take().map(|tunnel| Box::new(tunnel.seen));
        let interim = std::mem::take(&mut self.interim);
        let observed = self.observed(place.key(), heads, interim, bodies, tunnel, &self.ending);
        place.finish(observed);
    }
}
