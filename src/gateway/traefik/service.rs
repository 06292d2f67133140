//! Services: where a request goes in the end, and how Traefik's reverse proxy writes it.
//!
//! Traefik 3.7, `pkg/proxy/httputil/proxy.go`, `pkg/server/service/loadbalancer/wrr`.

use super::entry::error;
use super::journey::{Journey, error_reply};
use crate::gateway::go::{
    self, Header, Request, Unsendable, Url, append_forwarded_for, clean_query, is_print, join_url_path,
    remove_hop_by_hop, strip_forwarding, suppress_user_agent, upgrade_type, url_host_port, write_request,
};
use crate::gateway::{Destination, NotUnderstood, Place, Reply, Step, StepKind, Upstream};

/// The servers of a load balancer.
#[derive(Debug)]
pub(super) struct Servers {
    /// The service's whole name.
    pub(super) name: String,
    /// Those that are sent to, in the order of the configuration.
    pub(super) members: Vec<Server>,
    /// `passHostHeader`
    pub(super) pass_host: bool,
    /// Where it says so.
    pub(super) place: Place,
}

/// A server.
#[derive(Clone, Debug)]
pub(super) struct Server {
    /// `url` as written.
    pub(super) written: String,
    pub(super) url: Url,
    pub(super) place: Place,
    /// `preservePath`
    pub(super) preserve_path: bool,
}

/// Where a URL is sent to; `None` if that is not HTTP/1.1 over TCP.
pub(super) fn destination(url: &Url) -> Option<Destination> {
    let (host, port) = url_host_port(&url.host);
    let host = String::from_utf8_lossy(host).into_owned();
    let port = |usual| if port.is_empty() { Some(usual) } else { std::str::from_utf8(port).ok()?.parse().ok() };
    match url.scheme.as_slice() {
        b"http" => Some(Destination::Http(Upstream { host, port: port(80)? })),
        b"https" => Some(Destination::Https(Upstream { host, port: port(443)? })),
        _ => None,
    }
}

impl Servers {
    /// Writes the request for the server that takes it.
    ///
    /// # Errors
    /// Traefik's own answer, if it cannot be sent.
    pub(super) fn send(&self, journey: &mut Journey) -> Result<(Destination, Vec<u8>), Reply> {
        let Some(server) = self.members.first() else {
            journey.steps.push(Step::at(
                StepKind::Upstream,
                format!("service {} has no server", self.name),
                &self.place,
            ));
            return Err(error(503, "no available server"));
        };
        let same = |other: &Server| other.url == server.url && other.preserve_path == server.preserve_path;
        if !self.members.iter().all(same) {
            let count = self.members.len();
            let text = format!("the first of the {count} servers of service {} is taken to be next", self.name);
            journey.steps.push(Step::at(StepKind::Assumed, text, &self.place));
        }
        let text = format!("service {}: {}", self.name, server.written);
        journey.steps.push(Step::at(StepKind::Upstream, text, &server.place));
        if journey.request.method == "CONNECT" {
            journey.unknown.push(NotUnderstood { place: None, what: "CONNECT is not modelled".to_owned() });
        }
        let Some(request) = self.rewrite(journey, server) else {
            journey.steps.push(Step::own(StepKind::Answer, "another protocol is asked for in unprintable words"));
            return Err(error_reply(500));
        };
        let Some(to) = destination(&request.url) else { return Err(refusal(journey, server)) };
        match write_request(&request, true) {
            Ok(head) => Ok((to, head)),
            Err(Unsendable::Error(why)) => {
                journey.steps.push(Step::own(StepKind::Answer, why));
                Err(error_reply(500))
            }
            Err(Unsendable::NotModelled(what)) => {
                journey.unknown.push(NotUnderstood { place: None, what: what.to_owned() });
                Err(error_reply(500))
            }
        }
    }

    /// `httputil.ReverseProxy` with Traefik's `Rewrite`; `None` for an upgrade that is refused.
    fn rewrite(&self, journey: &mut Journey, server: &Server) -> Option<Request> {
        let mut request = journey.request.clone();
        let header = &mut request.header;
        if journey.behaviour.drops_h2c {
            drop_h2c(&mut journey.steps, header);
        }
        let upgrade = upgrade_type(header).to_vec();
        if !is_print(&upgrade) {
            return None;
        }
        let trailers = header.has_token("Te", "trailers");
        let before = header.clone();
        remove_hop_by_hop(header);
        if trailers {
            header.set("Te", "trailers");
        }
        if !upgrade.is_empty() {
            header.set("Connection", "Upgrade");
            header.set("Upgrade", upgrade.clone());
        }
        strip_forwarding(header);
        for name in ["X-Forwarded-For", "Forwarded", "X-Forwarded-Host", "X-Forwarded-Proto"] {
            if before.has(name) {
                header.put_raw(name, before.values(name).to_vec());
            }
        }
        forwarded_for(journey, header);
        if upgrade.eq_ignore_ascii_case(b"websocket") {
            websocket_names(header);
        }
        suppress_user_agent(header);
        set_url(journey, &mut request, server);
        if !self.pass_host {
            request.host.clone_from(&request.url.host);
            let text = format!("passHostHeader: false, so Host is {}", String::from_utf8_lossy(&request.host));
            journey.steps.push(Step::at(StepKind::Field("Host".to_owned()), text, &self.place));
        }
        request.close = request.method == "CONNECT";
        Some(request)
    }
}

/// Takes off what asks for HTTP/2 over this connection.
fn drop_h2c(steps: &mut Vec<Step>, header: &mut Header) {
    let mut off = |name: &str, header: &mut Header| {
        if header.remove(name).is_some() {
            let text = format!("{name} that asks for h2c is taken off");
            steps.push(Step::own(StepKind::Field(name.to_owned()), text));
        }
    };
    off("Http2-Settings", header);
    if header.has_token("Upgrade", "h2c") {
        off("Upgrade", header);
    }
}

/// Adds the peer to `X-Forwarded-For`, unless a middleware left the list there without anything in it.
fn forwarded_for(journey: &mut Journey, header: &mut Header) {
    let emptied = header.has("X-Forwarded-For") && header.values("X-Forwarded-For").is_empty();
    if !journey.appends_for || emptied {
        return;
    }
    append_forwarded_for(header, &journey.peer.ip().to_canonical().to_string());
    let text = format!("X-Forwarded-For: {}", String::from_utf8_lossy(header.get("X-Forwarded-For")));
    journey.steps.push(Step::own(StepKind::Field("X-Forwarded-For".to_owned()), text));
}

/// `cleanWebSocketHeaders`: some servers want these names in their own case.
fn websocket_names(header: &mut Header) {
    for end in ["Key", "Extensions", "Accept", "Protocol", "Version"] {
        if let Some(values) = header.remove_raw(&format!("Sec-Websocket-{end}")) {
            header.put_raw(format!("Sec-WebSocket-{end}"), values);
        }
    }
}

/// Points a request at a server: its own target, below the server's path where that is kept.
fn set_url(journey: &mut Journey, request: &mut Request, server: &Server) {
    let parsed = Url::parse_request_uri(&request.request_uri).unwrap_or_else(|| {
        // A path without a slash is no target. Of the URL the query was cleaned already.
        Url { raw_query: clean_query(&request.url.raw_query), ..request.url.clone() }
    });
    let mut url = Url {
        scheme: server.url.scheme.clone(),
        host: server.url.host.clone(),
        path: parsed.path.clone(),
        raw_path: parsed.raw_path.clone(),
        raw_query: parsed.raw_query.split(|&byte| byte == b';').collect::<Vec<_>>().join(&b'&'),
        ..request.url.clone()
    };
    let changed = url.raw_query != parsed.raw_query;
    if server.preserve_path {
        (url.path, url.raw_path) = join_url_path(&server.url, &parsed);
        let path = url.request_uri();
        journey.steps.push(Step::at(StepKind::Path, "preservePath: below the server's path", &server.place).path(path));
    } else if changed {
        let path = url.request_uri();
        journey.steps.push(Step::own(StepKind::Path, "each ; of the query becomes &").path(path));
    }
    request.url = url;
}

/// The answer where a server's URL is nothing to send to.
fn refusal(journey: &mut Journey, server: &Server) -> Reply {
    if server.url.scheme == b"h2c" {
        let what = "h2c: HTTP/2 to a server is not modelled";
        journey.unknown.push(NotUnderstood::at(&server.place, what));
    }
    let network = matches!(server.url.scheme.as_slice(), b"http" | b"https");
    let status = if network { 502 } else { 500 };
    let text = format!("{} cannot be sent to: {status}", server.written);
    journey.steps.push(Step::at(StepKind::Answer, text, &server.place));
    Reply { body: go::status_text(status).as_bytes().to_vec(), ..Reply::status(status) }
}
