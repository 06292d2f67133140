//! A request put to a configured proxy, for the tests of any of them.

use std::net::SocketAddr;
use std::path::Path;

use super::{Action, Change, Files as _, Gateway, Onward, Plan, Received, Unseen, apply};
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

/// The head that is sent on, its lines divided by bars, or the answer, in short.
pub(super) fn sent(plan: Plan) -> String {
    match plan.action {
        Action::Forward(forward) => String::from_utf8(forward.head).unwrap().replace("\r\n", "|"),
        Action::Answer(reply) => {
            format!("{} {}", reply.status, String::from_utf8_lossy(reply.get("location").unwrap_or_default()))
        }
        Action::Close => "closed".to_owned(),
    }
}

/// What a change makes of a configuration of one file, as the lines that go and come, and the gateway; or why it is not made.
/// `ask` gives the plan of the request that it is for. Made once, it must be there.
pub(super) fn amended(
    gateway: &Gateway,
    (file, text): (&str, &str),
    change: &Change,
    ask: impl Fn(&Gateway) -> Plan,
) -> Result<(String, Gateway), String> {
    let change = std::slice::from_ref(change);
    let amended = gateway.amend(change, &ask(gateway)).map_err(|why| why.to_string())?;
    let mut out = Vec::new();
    for edit in &amended.edits {
        let gone = text.lines().skip(edit.place.line as usize - 1).take(edit.remove as usize);
        out.extend(gone.map(|line| format!("-{}", line.trim_start())));
        out.extend(edit.insert.iter().map(|line| format!("+{}", line.trim_start())));
    }
    let files = apply(&gateway.origin.as_ref().unwrap().files, &amended.edits).unwrap();
    let made = String::from_utf8(files.read(Path::new(file)).unwrap()).unwrap();
    let again = amended.gateway.amend(change, &ask(&amended.gateway));
    assert_eq!(again.unwrap_err().to_string(), "already so", "{made}");
    Ok((out.join("\n"), amended.gateway))
}
