//! `reverse_proxy` and `forward_auth`: the request as it is sent on, and the way back. Caddy 2.11,
//! `modules/caddyhttp/reverseproxy/reverseproxy.go`, `streaming.go`, `hosts.go`, `httptransport.go`.

use std::sync::Arc;

use super::fields::doubt;
use super::state::{State, is_in};
use super::{Failure, Outcome, Walk};
use crate::exchange::ResponseHead;
use crate::gateway::caddy::network::Network;
use crate::gateway::caddy::route::{Choice, Config, HeaderOps, Line, Op, Proxy};
use crate::gateway::go::{self, Answer, Header, Request, Unsendable};
use crate::gateway::{
    Action, Back, Destination, Forward, NotUnderstood, Onward, Purpose, Returned, Step, StepKind, Upstream, World,
};

/// Fields of a websocket's handshake whose names are written in their own case.
const WEBSOCKET_FIELDS: [(&str, &str); 5] = [
    ("Sec-Websocket-Accept", "Sec-WebSocket-Accept"),
    ("Sec-Websocket-Extensions", "Sec-WebSocket-Extensions"),
    ("Sec-Websocket-Key", "Sec-WebSocket-Key"),
    ("Sec-Websocket-Protocol", "Sec-WebSocket-Protocol"),
    ("Sec-Websocket-Version", "Sec-WebSocket-Version"),
];

/// A response that routes of `handle_response` are about.
#[derive(Debug)]
pub(super) struct Pending {
    head: ResponseHead,
    proxy: Arc<Proxy>,
    /// The protocol that the request asked for.
    upgrade: Vec<u8>,
}

/// The way back of a request.
#[derive(Debug)]
struct Way {
    config: Arc<Config>,
    server: usize,
    routers: Arc<[Option<usize>]>,
    state: State,
    proxy: Arc<Proxy>,
    upgrade: Vec<u8>,
}

impl Walk<'_> {
    /// Sends the request on.
    pub(super) fn forward(&mut self, proxy: &Arc<Proxy>) -> Outcome {
        for doubt in proxy.doubts.iter().chain(&proxy.transport.other_protocol) {
            self.state.doubt(doubt.clone());
        }
        let mut request = self.state.request.clone();
        let upgrade = self.prepare(&mut request, proxy);
        let Some(dial) = proxy.upstreams.first() else {
            self.step(StepKind::Upstream, None);
            return Outcome::Failed(Failure::new(503, "no upstreams available"));
        };
        if proxy.choice == Choice::Any {
            let text = format!("the first of the {} upstreams is taken to be next", proxy.upstreams.len());
            let place = self.state.line.as_ref().map(|line| line.place.clone());
            self.state.steps.push(Step { place, ..Step::own(StepKind::Assumed, text) });
        }
        let Some(target) = self.dial(dial) else {
            self.step(StepKind::Upstream, None);
            return Outcome::Failed(Failure::new(502, "the upstream's address is none"));
        };
        let tls = proxy.transport.tls && !proxy.transport.except_ports.iter().any(|port| **port == *target.port);
        let transport = proxy.transport.tls.then(|| host_of_upstream(self.state.line.as_ref()));
        if transport.is_some() || proxy.request.is_some() {
            // The fields are copied, which writes all names in Go's way.
            let mut header = Header::default();
            for (name, values) in request.header.iter() {
                for value in values {
                    header.add(name, value.as_slice());
                }
            }
            request.header = header;
            for ops in transport.iter().chain(&proxy.request) {
                self.change_request(&mut request, ops);
            }
        }
        request.url.host = target.address().into_bytes();
        self.step(StepKind::Upstream, Some(request.url.request_uri()));
        let head = match go::write_request(&request, !proxy.transport.no_compression) {
            Ok(head) => head,
            Err(Unsendable::Error(why)) => return Outcome::Failed(Failure::new(502, why)),
            Err(Unsendable::NotModelled(why)) => {
                self.doubt(why);
                Vec::new()
            }
        };
        let has_body = request.content_length != Some(0);
        if has_body && self.state.body_sent {
            self.doubt("the body went to another upstream already");
        }
        let mut state = self.state.clone();
        state.body_sent |= has_body;
        state.steps.clear();
        state.unknown.clear();
        let way = Way {
            config: Arc::clone(self.config),
            server: self.server_index,
            routers: Arc::clone(self.routers),
            state,
            proxy: Arc::clone(proxy),
            upgrade,
        };
        let purpose = if proxy.permission { Purpose::Permission } else { Purpose::Request };
        let to = target.destination(tls);
        Outcome::Done(Box::new(Action::Forward(Forward { purpose, to, head, back: Arc::new(way) })))
    }

    /// `prepareRequest`: the rewrite, the fields of the hop, and the fields that tell of the client. Gives the protocol that
    /// is asked for.
    fn prepare(&mut self, request: &mut Request, proxy: &Proxy) -> Vec<u8> {
        if let Some(rewrite) = &proxy.rewrite {
            let changed = self.rewrite(request, rewrite);
            if changed && matches!(rewrite.method.as_deref(), Some("GET" | "HEAD")) {
                request.content_length = Some(0);
            }
            if changed {
                self.step(StepKind::Path, Some(request.url.request_uri()));
            }
        }
        if proxy.request_buffers && request.content_length.is_none() {
            self.doubt("request_buffers: the length of a chunked body that was read is not modelled");
        }
        request.close = false;
        go::suppress_user_agent(&mut request.header);
        let upgrade = go::upgrade_type(&request.header).to_ascii_lowercase();
        remove_hop_fields(&mut request.header);
        if !upgrade.is_empty() {
            request.header.set("Connection", "Upgrade");
            request.header.set("Upgrade", upgrade.clone());
            websocket_names(&mut request.header);
        }
        self.tell_of_client(request, proxy);
        request.header.add("Via", format!("{}.{} Caddy", request.proto.0, request.proto.1));
        upgrade
    }

    /// `addForwardedHeaders`
    fn tell_of_client(&mut self, request: &mut Request, proxy: &Proxy) {
        let peer = self.state.peer.ip();
        let trusted = self.state.trusted || is_in(peer, &proxy.trusted);
        let header = &mut request.header;
        let list = header.values("X-Forwarded-For").join(&b", "[..]);
        let client = peer.to_string().into_bytes();
        let believed = trusted && !list.is_empty();
        header.set("X-Forwarded-For", if believed { [list.as_slice(), b", ", &client].concat() } else { client });
        let own: &[u8] = if self.state.tls.is_some() { b"https" } else { b"http" };
        for (name, own) in [("X-Forwarded-Proto", own.to_vec()), ("X-Forwarded-Host", request.host.clone())] {
            let last = header.values(name).last().filter(|value| trusted && !value.is_empty()).cloned();
            header.set(name, last.unwrap_or(own));
        }
        let text = if trusted {
            "the client's word is believed: X-Forwarded-* is kept"
        } else {
            "X-Forwarded-* is written anew"
        };
        let kind = StepKind::Field("X-Forwarded-For".to_owned());
        self.state.steps.push(Step::own(kind, text));
    }

    /// The address to dial, and its placeholders.
    fn dial(&mut self, dial: &str) -> Option<Target> {
        let text = self.fill_text(dial);
        let Network { kind, host, port } = Network::split(&text);
        let unix = kind.starts_with("unix");
        let known = matches!(kind.as_str(), "" | "tcp" | "tcp4" | "tcp6") || unix;
        let number = if unix || port.is_empty() { Some(0) } else { port.parse::<u16>().ok() };
        let number = number.filter(|_| known)?;
        let target = Target { unix, host, port: number.to_string(), number };
        let address = target.address();
        let network = if unix { "unix" } else { "tcp" };
        self.state.set("http.reverse_proxy.upstream.address", format!("{network}/{address}"));
        self.state.set("http.reverse_proxy.upstream.hostport", address);
        self.state.set("http.reverse_proxy.upstream.host", &target.host);
        self.state.set("http.reverse_proxy.upstream.port", &target.port);
        Some(target)
    }

    /// What becomes of a response: the first of `handle_response` that fits, or it goes to the client.
    fn respond(&mut self, pending: Pending) -> Onward {
        self.state.line = None;
        let mut received = Header::default();
        for field in pending.head.fields() {
            received.add(&String::from_utf8_lossy(field.name), field.value);
        }
        self.state.set.retain(|name, _| !name.starts_with("http.reverse_proxy.header."));
        for (name, values) in received.iter() {
            self.state.set(&format!("http.reverse_proxy.header.{name}"), values.join(&b','));
        }
        let status = pending.head.status();
        self.state.set("http.reverse_proxy.status_code", status.to_string());
        let reason = String::from_utf8_lossy(pending.head.reason()).into_owned();
        self.state.set("http.reverse_proxy.status_text", format!("{status:03} {reason}"));
        let proxy = Arc::clone(&pending.proxy);
        let fits = |require: &Option<_>| match require {
            None => true,
            Some(require) => super::super::route::ResponseMatcher::fits(require, status, &received),
        };
        let Some(handler) = proxy.responses.iter().find(|handler| fits(&handler.require)) else {
            return self.finish(&pending, None);
        };
        if !handler.status.is_empty() {
            let replaced = self.status(&handler.status);
            return match replaced {
                Ok(status) => self.finish(&pending, Some(status)),
                Err(failure) => self.onward_failure(failure),
            };
        }
        if !proxy.permission {
            self.state.steps.push(Step::own(StepKind::Response, format!("the response {status} is handled by routes")));
        }
        self.state.pending = Some(Arc::new(pending));
        self.state.stack.push(super::Frame::new(handler.routes.clone()));
        let action = self.run();
        self.onward(action)
    }

    fn onward_failure(&mut self, failure: Failure) -> Onward {
        let action = self.run_failed(failure);
        self.onward(action)
    }

    fn onward(&mut self, action: Action) -> Onward {
        match action {
            Action::Forward(forward) => Onward::Forward(Box::new(forward)),
            Action::Answer(reply) => match self.state.copied.take() {
                Some(head) => Onward::Deliver(head),
                None => Onward::Answer(reply),
            },
            Action::Close => Onward::Close,
        }
    }

    /// `copy_response`: the response that is handled goes to the client.
    pub(super) fn copy_response(&mut self, status: &Arc<str>) -> Outcome {
        let Some(pending) = self.state.pending.take() else {
            return Outcome::Failed(Failure::new(500, "copy_response has no response to copy"));
        };
        let status = if status.is_empty() { Ok(None) } else { self.status(status).map(Some) };
        let status = match status {
            Ok(status) => status,
            Err(failure) => return Outcome::Failed(failure),
        };
        match self.finish(&pending, status) {
            Onward::Deliver(head) => {
                let reply = crate::gateway::Reply::status(head.status());
                self.state.copied = Some(head);
                Outcome::Done(Box::new(Action::Answer(reply)))
            }
            Onward::Answer(reply) => Outcome::Done(Box::new(Action::Answer(reply))),
            _ => Outcome::Done(Box::new(Action::Close)),
        }
    }

    /// `finalizeResponse`: the fields of the hop go, `header_down` and `header` change the others.
    fn finish(&mut self, pending: &Pending, status: Option<u16>) -> Onward {
        let mut answer = Answer::from_upstream(&pending.head);
        let switches = answer.status == 101;
        if switches {
            let protocol = pending.head.get("Upgrade").unwrap_or_default();
            if !protocol.eq_ignore_ascii_case(&pending.upgrade) || protocol.is_empty() {
                let text = "the upstream switches to a protocol that was not asked for: 200 with an empty body";
                self.state.steps.push(Step::own(StepKind::Response, text));
                self.state.deferred.clear();
                let Action::Answer(reply) = self.write_reply(200, Vec::new()) else { return Onward::Close };
                return Onward::Answer(reply);
            }
        }
        let mut header = std::mem::take(&mut self.state.response);
        answer.header.remove("Alt-Svc");
        if !switches {
            header.remove("Server");
            header.add("Via", format!("{} Caddy", pending.head.version().number()));
            if let Some(ops) = &pending.proxy.response {
                let fits = ops.require.as_ref().is_none_or(|require| require.fits(answer.status, &answer.header));
                if fits {
                    self.change_response(&mut answer.header, &ops.ops);
                    self.tell_of_response(&ops.ops);
                }
            }
        }
        for (name, values) in answer.header.iter() {
            for value in values {
                header.add(name, value.as_slice());
            }
        }
        answer.status = status.unwrap_or(answer.status);
        self.change_deferred(answer.status, &mut header);
        for doubt in std::mem::take(&mut self.state.response_doubts) {
            self.state.doubt(doubt);
        }
        if switches {
            websocket_names(&mut header);
        }
        answer.header = header;
        match answer.head() {
            Ok(head) => Onward::Deliver(head),
            Err(error) => {
                self.state.doubt(doubt(format!("the response cannot be written: {error}")));
                Onward::Close
            }
        }
    }

    fn tell_of_response(&mut self, ops: &HeaderOps) {
        let lines = [
            ops.add.iter().filter_map(|op| op.line.as_ref()).collect::<Vec<&Line>>(),
            ops.set.iter().filter_map(|op| op.line.as_ref()).collect(),
            ops.delete.iter().filter_map(|op| op.line.as_ref()).collect(),
            ops.replace.iter().filter_map(|op| op.line.as_ref()).collect(),
        ];
        let steps = lines.concat().into_iter().map(|line| Step::at(StepKind::Response, &*line.text, &line.place));
        self.state.steps.extend(steps);
    }
}

impl Back for Way {
    fn respond(&self, response: &ResponseHead, world: &dyn World) -> Returned {
        let Some(server) = self.config.servers.get(self.server) else {
            return Returned { steps: Vec::new(), onward: Onward::Close, unknown: Vec::new() };
        };
        let mut walk = Walk {
            config: &self.config,
            server,
            server_index: self.server,
            routers: &self.routers,
            world,
            state: self.state.clone(),
        };
        let pending = Pending { head: response.clone(), proxy: Arc::clone(&self.proxy), upgrade: self.upgrade.clone() };
        let onward = walk.respond(pending);
        let unknown: Vec<NotUnderstood> = walk.state.unknown;
        Returned { steps: walk.state.steps, onward, unknown }
    }
}

/// Where a request is sent to.
struct Target {
    unix: bool,
    host: String,
    port: String,
    number: u16,
}

impl Target {
    /// `host:port`, or the path of a socket.
    fn address(&self) -> String {
        let (kind, port) = if self.unix { ("unix", String::new()) } else { ("", self.port.clone()) };
        let joined = Network { kind: kind.to_owned(), host: self.host.clone(), port }.join();
        joined.strip_prefix("unix/").map(str::to_owned).unwrap_or(joined)
    }

    fn destination(&self, tls: bool) -> Destination {
        if self.unix {
            return Destination::Unix(self.host.clone());
        }
        // No host means this machine.
        let host = if self.host.is_empty() { "localhost".to_owned() } else { self.host.clone() };
        let upstream = Upstream { host, port: self.number };
        if tls { Destination::Https(upstream) } else { Destination::Http(upstream) }
    }
}

/// To an upstream with TLS the host is the upstream's own, unless the configuration says otherwise.
fn host_of_upstream(line: Option<&Line>) -> HeaderOps {
    let what = "{http.reverse_proxy.upstream.hostport}".into();
    HeaderOps { set: vec![Op { field: "Host".into(), what, line: line.cloned() }], ..HeaderOps::default() }
}

/// Takes off what `Connection` names and what ends at this hop; `TE: trailers` goes on.
fn remove_hop_fields(header: &mut Header) {
    go::remove_connection_fields(header);
    let trailers = header.has_token("Te", "trailers");
    // Caddy's own list has one more than Go's.
    for name in go::HOP_FIELDS.into_iter().chain(["Alt-Svc"]) {
        header.remove(name);
    }
    if trailers {
        header.set("Te", "trailers");
    }
}

/// `normalizeWebsocketHeaders`
fn websocket_names(header: &mut Header) {
    for (name, written) in WEBSOCKET_FIELDS {
        if let Some(values) = header.remove_raw(name) {
            header.put_raw(written, values);
        }
    }
}
