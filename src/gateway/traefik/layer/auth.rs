//! basicAuth, digestAuth and forwardAuth.
//!
//! Traefik 3.7, `pkg/middlewares/auth`. Passwords are not checked here: whether a user's is right is not known.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Layer, Return};
use crate::exchange::ResponseHead;
use crate::gateway::document::At;
use crate::gateway::go::{Answer, Header, Mode, Regexp, Request, Unsendable, Url, canonical, unescape, write_request};
use crate::gateway::traefik::dynamic::ForwardAuth as Given;
use crate::gateway::traefik::forwarded;
use crate::gateway::traefik::journey::{Flow, Journey, Question, Response};
use crate::gateway::traefik::service::destination;
use crate::gateway::{NotUnderstood, Place, Reply, Step, StepKind};

/// `basicAuth`, `digestAuth`
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) struct Credentials {
    /// True for `digestAuth`.
    pub(super) digest: bool,
    /// The names of the users; `None` if a file has more of them.
    pub(super) users: Option<Vec<String>>,
    pub(super) realm: String,
    pub(super) remove_header: bool,
    pub(super) header_field: String,
}

impl Credentials {
    pub(super) fn meet(&self, layer: &Layer, journey: &mut Journey) -> Flow {
        let key = if self.digest { "digestAuth" } else { "basicAuth" };
        let given = journey.request.header.get("Authorization");
        let user = if self.digest { digest_user(given) } else { basic_user(given) };
        let known = user.filter(|user| self.users.as_ref().is_none_or(|users| users.contains(user)));
        let Some(user) = known else {
            journey.steps.push(layer.step(StepKind::Answer, format!("{key}: nobody who is known")));
            return Flow::Answer(self.challenge());
        };
        journey.unknown.push(layer.doubt(format!("{key}: whether the password of {user:?} is right is not known")));
        if !self.header_field.is_empty() {
            journey.request.header.remove(&self.header_field);
            journey.request.header.put_raw(&self.header_field, vec![user.into_bytes()]);
        }
        if self.remove_header {
            journey.request.header.remove("Authorization");
        }
        Flow::Pass
    }

    fn challenge(&self) -> Reply {
        let reply = Reply { body: b"401 Unauthorized\n".to_vec(), ..Reply::status(401) };
        let reply = reply.field("Content-Type", "text/plain");
        // A digest's challenge holds a number that is used once.
        if self.digest {
            return reply;
        }
        reply.field("WWW-Authenticate", format!("Basic realm=\"{}\"", self.realm))
    }
}

/// The user of `Authorization: Basic`.
fn basic_user(value: &[u8]) -> Option<String> {
    let (scheme, rest) = value.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"Basic ") {
        return None;
    }
    let decoded = STANDARD.decode(rest).ok()?;
    let colon = decoded.iter().position(|&byte| byte == b':')?;
    Some(String::from_utf8_lossy(decoded.get(..colon)?).into_owned())
}

/// The user of `Authorization: Digest`.
fn digest_user(value: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(value);
    let rest = text.strip_prefix("Digest ")?;
    let (_, after) = rest.split_once("username=\"")?;
    after.split_once('"').map(|(user, _)| user.to_owned())
}

/// `forwardAuth`
#[derive(Clone, Debug)]
pub(in crate::gateway::traefik) struct ForwardAuth {
    pub(super) given: Given,
    pub(super) response_regexp: Option<Regexp>,
}

/// What ends here, of the question (`hopHeaders`).
const HOP_FIELDS: [&str; 6] = ["Connection", "Keep-Alive", "Te", "Trailers", "Transfer-Encoding", "Upgrade"];

impl ForwardAuth {
    pub(super) fn meet(&self, layer: &Layer, journey: &mut Journey) -> Flow {
        let address = &self.given.address;
        let question = self.question(journey).and_then(|request| {
            let to = destination(&request.url)?;
            match write_request(&request, true) {
                Ok(head) => Some((to, head)),
                Err(Unsendable::Error(_)) => None,
                Err(Unsendable::NotModelled(what)) => {
                    journey.unknown.push(layer.doubt(what));
                    None
                }
            }
        });
        let text = format!("forwardAuth {}", address.value);
        let Some((to, head)) = question else {
            let step = Step::at(StepKind::Answer, format!("{text}: it cannot be asked"), &address.place);
            journey.steps.push(step);
            return Flow::Answer(Reply::status(500));
        };
        if self.given.forward_body
            && let Some(limit) = self.given.max_body_size.as_ref().and_then(|limit| u64::try_from(limit.value).ok())
        {
            match journey.request.content_length {
                Some(length) if length > limit => {
                    let step =
                        layer.step(StepKind::Answer, format!("{text}: {length} bytes are more than maxBodySize"));
                    journey.steps.push(step);
                    return Flow::Answer(Reply::status(401));
                }
                Some(_) => {}
                None => journey.unknown.push(layer.doubt("maxBodySize: how long the body is, is not known")),
            }
        }
        journey.steps.push(Step::at(StepKind::Upstream, text, &address.place));
        Flow::Ask(Box::new(Question { to, head }))
    }

    /// The request to the service.
    fn question(&self, journey: &Journey) -> Option<Request> {
        let given = &self.given;
        let from = &journey.request;
        let mut url = Url::parse(given.address.value.as_bytes())?;
        url.host = url.host.strip_suffix(b":").map(<[u8]>::to_vec).unwrap_or(url.host);
        if !matches!(url.scheme.as_slice(), b"http" | b"https") || url.host.is_empty() {
            return None;
        }
        let body = given.forward_body && !(from.method == "CONNECT" && from.content_length.is_none());
        let method = if given.preserve_method { from.method.clone() } else { "GET".to_owned() };
        Some(Request {
            method,
            request_uri: url.request_uri(),
            host: url.host.clone(),
            header: self.question_header(journey, &url),
            url,
            proto: (1, 1),
            content_length: if body { from.content_length } else { Some(0) },
            trailer: Vec::new(),
            close: false,
        })
    }

    fn question_header(&self, journey: &Journey, url: &Url) -> Header {
        let from = &journey.request;
        let mut header = from.header.clone();
        let lists = header.values("Connection").to_vec();
        for name in lists.iter().flat_map(|list| list.split(|&byte| byte == b',')).map(<[u8]>::trim_ascii) {
            header.remove(&String::from_utf8_lossy(name));
        }
        for name in HOP_FIELDS {
            header.remove(name);
        }
        let trust = self.given.trust_forward_header.as_ref().map(|flag| flag.value);
        let mut header = match trust {
            Some(trust) if journey.behaviour.tells_trust_apart => self.told(journey, header, trust),
            trust => self.old(journey, header, trust == Some(true)),
        };
        // `http.Client` makes credentials of those in the URL.
        if let Some(user) = url.user.as_deref().filter(|_| header.get("Authorization").is_empty()) {
            let user = unescape(user, Mode::UserPassword).unwrap_or_default();
            let user = if user.contains(&b':') { user } else { [user.as_slice(), b":"].concat() };
            header.set("Authorization", format!("Basic {}", STANDARD.encode(user)));
        }
        header
    }

    /// The names in `authRequestHeaders` alone, if there are any.
    fn filtered(&self, header: Header, more: &[&str]) -> Header {
        if self.given.request_headers.is_empty() {
            return header;
        }
        let mut kept = Header::default();
        let names = self.given.request_headers.iter().map(|name| name.value.as_str()).chain(more.iter().copied());
        for name in names {
            if !header.values(name).is_empty() {
                kept.put_raw(canonical(name), header.values(name).to_vec());
            }
        }
        kept
    }

    /// `writeHeader`: `trustForwardHeader` is given.
    fn told(&self, journey: &Journey, mut header: Header, trust: bool) -> Header {
        let from = &journey.request;
        if !trust {
            for name in forwarded::managed(&header, journey.behaviour) {
                header.remove_raw(&name);
            }
        }
        if !from.header.has("User-Agent") {
            header.set("User-Agent", "");
        }
        let more: &[&str] = if trust { &forwarded::FIELDS } else { &[] };
        let mut header = self.filtered(header, more);
        let mut list = header.values("X-Forwarded-For").to_vec();
        list.push(journey.peer.ip().to_canonical().to_string().into_bytes());
        header.set("X-Forwarded-For", list.join(&b", "[..]));
        let mut missing = |name: &str, value: &[u8]| {
            if !header.has(name) {
                header.set(name, value);
            }
        };
        missing("X-Forwarded-Method", from.method.as_bytes());
        missing("X-Forwarded-Proto", if journey.secure { b"https" } else { b"http" });
        missing("X-Forwarded-Host", &from.host);
        missing("X-Forwarded-Uri", &from.url.request_uri());
        if !header.has("X-Forwarded-Port") {
            let port = forwarded::port(&from.host, &header, journey.secure);
            header.set("X-Forwarded-Port", port);
        }
        header
    }

    /// `oldWriteHeader`: `trustForwardHeader` is not given, or the release knows no difference.
    fn old(&self, journey: &Journey, header: Header, trust: bool) -> Header {
        let from = &journey.request;
        let mut header = self.filtered(header, &[]);
        let peer = journey.peer.ip().to_canonical().to_string().into_bytes();
        let mut list = if trust { from.header.values("X-Forwarded-For").to_vec() } else { Vec::new() };
        list.push(peer);
        header.set("X-Forwarded-For", list.join(&b", "[..]));
        let mut told = |name: &str, own: &[u8]| {
            let given = from.header.get(name);
            header.set(name, if trust && !given.is_empty() { given } else { own });
        };
        told("X-Forwarded-Method", from.method.as_bytes());
        told("X-Forwarded-Proto", if journey.secure { b"https" } else { b"http" });
        told("X-Forwarded-Uri", &from.url.request_uri());
        told("X-Forwarded-Host", &from.host);
        if trust && !from.header.get("X-Forwarded-Port").is_empty() {
            header.set("X-Forwarded-Port", from.header.get("X-Forwarded-Port"));
        }
        header
    }

    /// What the service's answer means.
    ///
    /// # Errors
    /// The answer for a client that may not pass.
    pub(super) fn permitted(
        &self,
        layer: &Layer,
        journey: &mut Journey,
        response: &ResponseHead,
        answer: Answer,
    ) -> Result<(), Response> {
        let status = response.status();
        let signin = &self.given.signin_url.value;
        if status == 401 && !signin.is_empty() {
            journey.steps.push(layer.step(StepKind::Answer, format!("authSigninURL: 302 to {signin}")));
            journey.unknown.push(layer.doubt("authSigninURL: how Go writes this redirect is not modelled"));
            return Err(Reply::status(302).field("Location", signin.as_bytes()).into());
        }
        if !(200..300).contains(&status) {
            journey.steps.push(layer.step(StepKind::Answer, format!("forwardAuth: {status}, and so is the answer")));
            return Err(self.refusal(answer));
        }
        journey.steps.push(layer.step(StepKind::Router, format!("forwardAuth: {status}, the request may pass")));
        self.copy_fields(layer, journey, response);
        journey.rewritten();
        if response.get("set-cookie").is_some() {
            let sets = !self.given.cookies.is_empty();
            journey.behind.push(Return::Cookies(sets, layer.place.clone()));
        }
        Ok(())
    }

    fn copy_fields(&self, layer: &Layer, journey: &mut Journey, response: &ResponseHead) {
        let mut given = Header::default();
        for field in response.fields() {
            given.add(&String::from_utf8_lossy(field.name), field.value);
        }
        let header = &mut journey.request.header;
        let mut steps = Vec::new();
        let mut copy = |header: &mut Header, name: &str, place: Option<&Place>| {
            header.remove(name);
            let values = given.values(name);
            if !values.is_empty() {
                header.put_raw(canonical(name), values.to_vec());
                let text = format!("authResponseHeaders: {name} as the service said");
                let step = Step { place: place.cloned(), ..Step::own(StepKind::Field(name.to_owned()), text) };
                steps.push(step);
            }
        };
        for name in &self.given.response_headers {
            copy(header, &name.value, Some(&name.place));
        }
        if let Some(regexp) = &self.response_regexp {
            header.retain(|name| !regexp.is_match(name.as_bytes()));
            for (name, _) in given.iter().filter(|(name, _)| regexp.is_match(name.as_bytes())) {
                copy(header, name, layer.place.as_ref());
            }
        }
        journey.steps.extend(steps);
    }

    /// The service's answer as the client gets it, its Location made absolute.
    fn refusal(&self, mut answer: Answer) -> Response {
        let location = answer.header.get("Location").to_vec();
        if !location.is_empty() {
            let base = Url::parse(self.given.address.value.as_bytes()).unwrap_or_default();
            let resolved = match Url::parse(&location) {
                Some(url) if self.given.preserve_location => url,
                Some(url) => base.resolve(&url),
                None => return Response::from(Reply::status(500)),
            };
            answer.header.set("Location", resolved.text());
        }
        Response { answer, own: None }
    }
}

/// The cookies of an answer to a request that passed.
pub(super) fn cookies(journey: &mut Journey, response: &Response, sets: bool, place: Option<Place>) {
    if sets || response.answer.header.has("Set-Cookie") {
        let what = "addAuthCookiesToResponse: how cookies are written again is not modelled".to_owned();
        journey.unknown.push(NotUnderstood { place, what });
    }
}

/// The list of names of users, and whether all of them are well written (`name:hash`, with `name:realm:hash` for digests).
pub(super) fn user_names(users: &[At<String>], digest: bool) -> Option<Vec<String>> {
    let parts = if digest { 3 } else { 2 };
    let name = |user: &At<String>| {
        let all: Vec<_> = user.value.split(':').collect();
        (all.len() == parts).then(|| all.first().map(|name| (*name).to_owned())).flatten()
    };
    users.iter().map(name).collect()
}
