//! One side of an exchange, and the pair of them.

use std::net::SocketAddr;

use bytes::Bytes;

use super::{Body, RequestHead, ResponseHead, Tunnel};

/// Numbers an exchange within one run; starts at 1, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u64);

/// Numbers a tap (a listener) in the order of the command line, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TapId(pub u16);

/// Numbers a client connection within one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// Where the observer stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Before the proxy: what the client sent and got.
    Edge,
    /// Behind the proxy, before the app's server: what the server got and answered.
    App,
}

/// How far an exchange had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Reading the request's head or body.
    Request,
    /// Connecting to the upstream.
    Connect,
    /// Waiting for the response's head.
    Wait,
    /// Passing the response's body on.
    Response,
    /// After a `101`.
    Tunnel,
}

/// How one half ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Not ended: a snapshot of a long one.
    Open,
    /// Request and response passed whole.
    Complete,
    /// The client hung up.
    ClientGone(Phase),
    /// The upstream hung up or sent what is no HTTP; the text says what.
    UpstreamGone(Phase, String),
    /// The upstream could not be reached; the text is the system's reason.
    NoUpstream(String),
    /// Somebody was silent for longer than allowed.
    TimedOut(Phase),
    /// The request was refused here (400, 431, …); the text says why.
    Refused(String),
    /// No route of the stand-in matched.
    NoRoute,
    /// hopscope stopped while it ran.
    Stopped,
}

/// Who wrote the response that this half's client got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It came from the upstream.
    Upstream,
    /// hopscope wrote it itself (refusal, 404 without a route, 502, 504).
    Hopscope,
    /// There was none.
    Nobody,
}

/// When things happened. All but `started` are microseconds since `started`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Wall clock when the request's head was complete: microseconds since 1970-01-01 UTC.
    pub started: u64,
    /// When the response's head was complete.
    pub answered: Option<u64>,
    /// When the half ended, or now for one that has not.
    pub ended: u64,
}

/// One request and its response as seen from one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Half {
    /// Which tap saw it.
    pub tap: TapId,
    /// Which side of the proxy it stood on.
    pub side: Side,
    /// The connection it came on.
    pub connection: ConnectionId,
    /// The client's address as this tap saw it.
    pub peer: SocketAddr,
    /// The address the client connected to.
    pub local: SocketAddr,
    /// Where it was sent on to, and the address we sent it from (what the upstream sees as its peer).
    pub upstream: Option<(SocketAddr, SocketAddr)>,
    /// The request's head as received here (on the app side of the stand-in: as sent on).
    pub request: RequestHead,
    /// The request's body.
    pub request_body: Body,
    /// The final response's head as received from the upstream, or as written by hopscope.
    pub response: Option<ResponseHead>,
    /// Informational responses (1xx other than 101) that passed before it.
    pub interim: Vec<ResponseHead>,
    /// The response's body.
    pub response_body: Body,
    /// Who wrote the response.
    pub answered: Answered,
    /// How it ended.
    pub ending: Ending,
    /// When.
    pub times: Times,
    /// After an upgrade: what passed.
    pub tunnel: Option<Box<Tunnel>>,
    /// What the probe in the app answered; [`probe`](super::probe) took it off the response's head.
    pub probe: Option<Bytes>,
}

impl Half {
    /// A half of which the request alone is known: whole, without bodies, without a response. It came from `peer` to
    /// `local` at the first listener.
    pub fn of_request(side: Side, (peer, local): (SocketAddr, SocketAddr), request: RequestHead) -> Self {
        Self {
            tap: TapId(0),
            side,
            connection: ConnectionId(1),
            peer,
            local,
            upstream: None,
            request,
            request_body: Body::default(),
            response: None,
            interim: Vec::new(),
            response_body: Body::default(),
            answered: Answered::Nobody,
            ending: Ending::Complete,
            times: Times::default(),
            tunnel: None,
            probe: None,
        }
    }

    /// The status the client got, if it got one.
    pub fn status(&self) -> Option<u16> {
        self.response.as_ref().map(ResponseHead::status)
    }

    /// Bytes of memory this holds, itself included: what the store's byte bound counts.
    pub fn held(&self) -> usize {
        let heads = self.request.as_bytes().len()
            + self.response.as_ref().map_or(0, |head| head.as_bytes().len())
            + self.interim.iter().map(|head| head.as_bytes().len() + size_of::<ResponseHead>()).sum::<usize>();
        let tunnel = self.tunnel.as_ref().map_or(0, |tunnel| {
            size_of::<Tunnel>()
                + tunnel.recent.iter().map(|frame| size_of::<super::Frame>() + frame.preview.len()).sum::<usize>()
        });
        let probe = self.probe.as_ref().map_or(0, Bytes::len);
        size_of::<Self>() + heads + self.request_body.held() + self.response_body.held() + tunnel + probe
    }
}

/// How the halves of an exchange came together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// Only one place saw it.
    Lone,
    /// By the id header that the edge tap added and the app tap removed.
    ById,
    /// The id was gone: by method, path suffix and time. May be wrong.
    Guessed,
    /// Both are sides of the stand-in.
    StandIn,
}

/// One request and its response, from everywhere it was seen. At least one half is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Its number.
    pub id: ExchangeId,
    /// What the client sent and got.
    pub edge: Option<Box<Half>>,
    /// What the app's server got and answered.
    pub app: Option<Box<Half>>,
    /// How the two came together.
    pub pairing: Pairing,
}

impl Exchange {
    /// The half nearest to the client.
    pub fn outer(&self) -> Option<&Half> {
        self.edge.as_deref().or(self.app.as_deref())
    }

    /// The half nearest to the app.
    pub fn inner(&self) -> Option<&Half> {
        self.app.as_deref().or(self.edge.as_deref())
    }

    /// True once no half is open.
    pub fn is_finished(&self) -> bool {
        self.edge.iter().chain(&self.app).all(|half| half.ending != Ending::Open)
    }

    /// Bytes of memory this holds.
    pub fn held(&self) -> usize {
        let halves = self.edge.iter().chain(&self.app).map(|half| half.held()).sum::<usize>();
        // Both sides of the stand-in share one copy of each body.
        let shared = match (self.pairing, &self.app) {
            (Pairing::StandIn, Some(app)) => app.request_body.held() + app.response_body.held(),
            _ => 0,
        };
        size_of::<Self>() + halves - shared
    }
}
