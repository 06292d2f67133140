//! Who may pass: ipAllowList and buffering.
//!
//! Traefik 3.7, `pkg/middlewares/ipallowlist`, `pkg/middlewares/buffering` over `vulcand/oxy`.

use super::{Layer, Return};
use crate::gateway::go::status_text;
use crate::gateway::traefik::journey::{Flow, Journey, Response, error_reply};
use crate::gateway::traefik::network::{Networks, Strategy, is_authorized};
use crate::gateway::{NotUnderstood, Place, Reply, Step, StepKind};

/// `ipAllowList`, `ipWhiteList`
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) struct IpAllowList {
    pub(super) key: &'static str,
    pub(super) networks: Networks,
    pub(super) strategy: Strategy,
    pub(super) subnet: Option<u8>,
    pub(super) reject: u16,
}

impl IpAllowList {
    pub(super) fn meet(&self, layer: &Layer, journey: &mut Journey) -> Flow {
        let peer = journey.peer.ip().to_canonical();
        let address = self.strategy.address(&journey.request.header, peer, self.subnet);
        if is_authorized(&self.networks, &address) {
            return Flow::Pass;
        }
        let address = if address.is_empty() { "no address" } else { &address };
        journey.steps.push(layer.step(StepKind::Answer, format!("{}: {address} is none of sourceRange", self.key)));
        let body = status_text(self.reject).as_bytes().to_vec();
        Flow::Answer(Reply { body, ..Reply::status(self.reject) })
    }
}

/// `buffering`
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) struct Buffering {
    /// The most bytes that a request's body may have.
    pub(super) request: Option<u64>,
    /// The most bytes that an answer's body may have.
    pub(super) response: Option<u64>,
}

impl Buffering {
    pub(super) fn meet(&self, layer: &Layer, journey: &mut Journey) -> Flow {
        if let Some(limit) = self.request {
            match journey.request.content_length {
                Some(length) if length > limit => {
                    let text = format!("buffering: a body of {length} bytes is more than maxRequestBodyBytes");
                    journey.steps.push(layer.step(StepKind::Answer, text));
                    return Flow::Answer(error_reply(413));
                }
                Some(_) => {}
                None => journey.unknown.push(layer.doubt("maxRequestBodyBytes: how long the body is, is not known")),
            }
        }
        // A body that was buffered has a length.
        if journey.request.content_length.is_none() {
            journey.unknown.push(layer.doubt("buffering: how long the body is, is not known"));
        }
        if let Some(limit) = self.response {
            journey.behind.push(Return::Limit(limit, layer.place.clone()));
        }
        Flow::Pass
    }
}

/// `maxResponseBodyBytes`
pub(super) fn limit(journey: &mut Journey, response: Response, limit: u64, place: Option<Place>) -> Response {
    if response.own.as_ref().is_some_and(|body| u64::try_from(body.len()).is_ok_and(|length| length <= limit)) {
        return response;
    }
    let length =
        std::str::from_utf8(response.answer.header.get("Content-Length")).ok().and_then(|text| text.parse().ok());
    match length {
        Some::<u64>(length) if length <= limit => response,
        Some(length) => {
            let text = format!("buffering: a body of {length} bytes is more than maxResponseBodyBytes");
            journey.steps.push(Step { place, ..Step::own(StepKind::Response, text) });
            error_reply(500).into()
        }
        None => {
            let what = "maxResponseBodyBytes: how long the answer is, is not known".to_owned();
            journey.unknown.push(NotUnderstood { place, what });
            response
        }
    }
}
