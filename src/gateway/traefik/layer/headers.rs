//! headers: custom fields, cross-origin requests, and which hosts are taken.
//!
//! Traefik 3.7, `pkg/middlewares/headers/header.go` and `secure.go`, the latter over `unrolled/secure`.

use std::sync::Arc;

use super::{Layer, Return};
use crate::gateway::document::At;
use crate::gateway::go::{Header, Regexp};
use crate::gateway::traefik::dynamic::{HeaderEdit, Headers as Given};
use crate::gateway::traefik::entry::error;
use crate::gateway::traefik::journey::{Flow, Journey, Response};
use crate::gateway::{Place, Reply, Step, StepKind};

/// Custom fields and the answers to cross-origin questions.
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) struct Headers {
    pub(super) given: Given,
    pub(super) origins: Vec<Regexp>,
}

/// Which hosts are taken.
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) struct Secure {
    pub(super) given: Given,
}

/// True if a middleware edits fields (`HasCustomHeadersDefined`).
pub(super) fn has_custom(given: &Given) -> bool {
    !given.request.is_empty() || !given.response.is_empty()
}

/// True if a middleware answers cross-origin questions (`HasCorsHeadersDefined`).
pub(super) fn has_cors(given: &Given) -> bool {
    given.allow_credentials
        || !given.allow_headers.is_empty()
        || !given.allow_methods.is_empty()
        || !given.allow_origins.is_empty()
        || !given.allow_origins_regex.is_empty()
        || !given.expose_headers.is_empty()
        || given.max_age.is_some()
        || given.add_vary
}

impl Headers {
    pub(super) fn meet(self: &Arc<Self>, layer: &Layer, journey: &mut Journey) -> Flow {
        if has_cors(&self.given) && is_preflight(journey) {
            journey.steps.push(layer.step(StepKind::Answer, "headers: the answer to a preflight question"));
            return Flow::Answer(self.preflight(&journey.request.header));
        }
        for edit in &self.given.request {
            edit_request(journey, edit);
        }
        journey.behind.push(Return::Headers(Arc::clone(self), layer.place.clone()));
        Flow::Pass
    }

    fn preflight(&self, header: &Header) -> Reply {
        let given = &self.given;
        let mut reply = Reply::status(200);
        let join = |list: &[At<String>]| list.iter().map(|entry| entry.value.as_str()).collect::<Vec<_>>().join(",");
        let is_any = |list: &[At<String>]| given.allow_credentials && list.iter().any(|entry| entry.value == "*");
        if given.allow_credentials {
            reply = reply.field("Access-Control-Allow-Credentials", "true");
        }
        let asked = header.get("Access-Control-Request-Headers");
        if is_any(&given.allow_headers) {
            if !asked.is_empty() {
                reply = reply.field("Access-Control-Allow-Headers", asked);
            }
        } else if !given.allow_headers.is_empty() {
            reply = reply.field("Access-Control-Allow-Headers", join(&given.allow_headers));
        }
        if is_any(&given.allow_methods) {
            reply = reply.field("Access-Control-Allow-Methods", header.get("Access-Control-Request-Method"));
        } else if !given.allow_methods.is_empty() {
            reply = reply.field("Access-Control-Allow-Methods", join(&given.allow_methods));
        }
        if let Some(origin) = self.origin(header.get("Origin")) {
            reply = reply.field("Access-Control-Allow-Origin", origin);
        }
        if let Some(age) = &given.max_age {
            reply = reply.field("Access-Control-Max-Age", age.value.to_string());
        }
        if !given.expose_headers.is_empty() && !is_any(&given.expose_headers) {
            reply = reply.field("Access-Control-Expose-Headers", join(&given.expose_headers));
        }
        reply
    }

    /// `matchOrigin`: what is answered to an origin that may ask.
    fn origin(&self, origin: &[u8]) -> Option<Vec<u8>> {
        for entry in &self.given.allow_origins {
            if entry.value.as_bytes() == origin {
                return Some(origin.to_vec());
            }
            if entry.value == "*" {
                return Some(if self.given.allow_credentials { origin.to_vec() } else { b"*".to_vec() });
            }
        }
        self.origins.iter().any(|regexp| regexp.is_match(origin)).then(|| origin.to_vec())
    }

    /// What becomes of an answer.
    pub(super) fn answer(&self, journey: &mut Journey, response: &mut Response, place: Option<Place>) {
        let header = &mut response.answer.header;
        for HeaderEdit { name, value } in &self.given.response {
            let text = if value.value.is_empty() {
                header.remove(name);
                format!("{name} is taken off the answer")
            } else {
                header.set(name, value.value.as_bytes());
                format!("{name}: {} in the answer", value.value)
            };
            journey.steps.push(Step::at(StepKind::Response, text, &value.place));
        }
        let before = header.clone();
        if let Some(origin) = self.origin(journey.request.header.get("Origin")) {
            header.set("Access-Control-Allow-Origin", origin);
        }
        if self.given.allow_credentials {
            header.set("Access-Control-Allow-Credentials", "true");
        }
        let exposed: Vec<_> = self.given.expose_headers.iter().map(|entry| entry.value.as_str()).collect();
        let hidden = self.given.allow_credentials && exposed.contains(&"*");
        if !exposed.is_empty() && !hidden {
            header.set("Access-Control-Expose-Headers", exposed.join(","));
        }
        if self.given.add_vary && header.get("Vary") != b"Origin" {
            let vary = header.get("Vary");
            let vary = if vary.is_empty() { b"Origin".to_vec() } else { [vary, b",Origin"].concat() };
            header.set("Vary", vary);
        }
        if *header != before {
            let step = Step::own(StepKind::Response, "headers: fields for cross-origin requests");
            journey.steps.push(Step { place, ..step });
        }
    }
}

/// `Access-Control-Request-Method` and `Origin` with `OPTIONS`.
fn is_preflight(journey: &Journey) -> bool {
    let header = &journey.request.header;
    let has = |name| !header.get(name).is_empty();
    has("Access-Control-Request-Method") && has("Origin") && journey.request.method == "OPTIONS"
}

/// `modifyCustomRequestHeaders`
fn edit_request(journey: &mut Journey, HeaderEdit { name, value }: &HeaderEdit) {
    let request = &mut journey.request;
    let text = if value.value.is_empty() {
        // A list that is there and has nothing in it keeps the proxy from adding the peer.
        if name == "X-Forwarded-For" {
            request.header.put_raw(name, Vec::new());
        } else {
            request.header.remove(name);
        }
        format!("customRequestHeaders: {name} is taken off")
    } else if name.eq_ignore_ascii_case("Host") {
        request.host = value.value.as_bytes().to_vec();
        format!("customRequestHeaders: Host: {}", value.value)
    } else {
        request.header.set(name, value.value.as_bytes());
        format!("customRequestHeaders: {name}: {}", value.value)
    };
    journey.steps.push(Step::at(StepKind::Field(name.clone()), text, &value.place));
}

impl Secure {
    pub(super) fn meet(self: &Arc<Self>, layer: &Layer, journey: &mut Journey) -> Flow {
        let given = &self.given;
        if given.allowed_hosts.is_empty() || given.is_development {
            return Flow::Pass;
        }
        let header = &journey.request.header;
        let told = given.hosts_proxy_headers.iter().map(|name| header.get(&name.value)).find(|host| !host.is_empty());
        let host = told.unwrap_or(&journey.request.host);
        if given.allowed_hosts.iter().any(|allowed| allowed.value.as_bytes().eq_ignore_ascii_case(host)) {
            return Flow::Pass;
        }
        let text = format!("allowedHosts: {} is none of them", String::from_utf8_lossy(host));
        journey.steps.push(layer.step(StepKind::Answer, text));
        Flow::Answer(error(500, "Bad Host"))
    }
}
