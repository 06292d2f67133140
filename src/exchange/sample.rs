//! Exchanges made from written heads, for tests: the same value that traffic gives.

use std::net::SocketAddr;

use super::{
    Answered, Body, Exchange, ExchangeId, Framing, Half, HeadError, Pairing, RequestHead, ResponseHead, Side, TapId,
};

/// Builds a [`Half`] from head texts; everything not said has a quiet default (loopback peers, complete, no bodies).
#[derive(Clone, Debug)]
pub struct Sample {
    half: Half,
}

impl Sample {
    /// A half with this request. Line ends may be `\n`; the empty line at the end may be missing.
    ///
    /// # Errors
    /// [`HeadError`] if the text is no request head.
    pub fn new(side: Side, request: &str) -> Result<Self, HeadError> {
        let (tap, local, peer, upstream) = match side {
            Side::Edge => (TapId(0), loopback(9998), loopback(50_000), (loopback(9999), loopback(50_001))),
            Side::App => (TapId(1), loopback(8001), loopback(50_002), (loopback(8000), loopback(50_003))),
        };
        let half = Half::of_request(side, (peer, local), RequestHead::from_wire(wire(request))?);
        Ok(Self { half: Half { tap, upstream: Some(upstream), ..half } })
    }

    /// Adds the response.
    ///
    /// # Errors
    /// [`HeadError`] if the text is no response head.
    pub fn response(mut self, head: &str, body: &[u8]) -> Result<Self, HeadError> {
        self.half.response = Some(ResponseHead::from_wire(wire(head))?);
        self.half.answered = Answered::Upstream;
        self.half.response_body = Body {
            kept: body.to_vec().into(),
            total: body.len() as u64,
            framing: if body.is_empty() { Framing::None } else { Framing::Length(body.len() as u64) },
            ..Body::default()
        };
        Ok(self)
    }

    /// Changes anything else.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Half)) -> Self {
        change(&mut self.half);
        self
    }

    /// The half.
    pub fn half(self) -> Half {
        self.half
    }

    /// An exchange of this half alone.
    pub fn alone(self, id: u64) -> Exchange {
        let half = Some(Box::new(self.half));
        let (edge, app) =
            if half.as_ref().is_some_and(|half| half.side == Side::Edge) { (half, None) } else { (None, half) };
        Exchange { id: ExchangeId(id), edge, app, pairing: Pairing::Lone }
    }

    /// An exchange of this half at the edge and `app` behind the proxy.
    pub fn paired(self, id: u64, app: Self) -> Exchange {
        Exchange {
            id: ExchangeId(id),
            edge: Some(Box::new(self.half)),
            app: Some(Box::new(app.half)),
            pairing: Pairing::ById,
        }
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// Head text to head bytes: CRLF line ends and the empty line.
fn wire(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() + 8);
    for line in text.trim_end_matches(['\r', '\n']).split('\n') {
        bytes.extend_from_slice(line.strip_suffix('\r').unwrap_or(line).as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes
}
