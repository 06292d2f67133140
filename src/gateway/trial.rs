//! A request put to a configured proxy, for the tests of any of them.

use std::net::SocketAddr;

use super::{Action, Gateway, Onward, Plan, Received, Unseen};
use crate::exchange::ResponseHead;

/// The plan for a request to port 80 from 192.0.2.7.
pub(super) fn plan(gateway: &Gateway, head: &[u8]) -> Plan {
    let peer: SocketAddr = "192.0.2.7:50000".parse().unwrap();
    let local: SocketAddr = "127.0.0.1:80".parse().unwrap();
    gateway.plan(&Received { head, body: Some(b""), peer, local, tls: None }, &Unseen)
}

/// The `Location` that the client of a request that is sent on gets for that of the upstream.
pub(super) fn location(plan: &Plan, upstream: &str) -> String {
    let Action::Forward(forward) = &plan.action else { panic!("it is not sent on: {:?}", plan.action) };
    let response = format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {upstream}\r\n\r\n");
    let response = ResponseHead::from_wire(response.into_bytes()).unwrap();
    let onward = forward.back.respond(&response, &Unseen).onward;
    let Onward::Deliver(head) = onward else { panic!("it does not go on: {onward:?}") };
    String::from_utf8_lossy(head.get("location").unwrap_or_default()).into_owned()
}
