//! What Caddy does with a request: the routes walked, one after the other.
//!
//! ```text
//! head ─ go::read_request ─▶ State ─▶ route: matchers fit? ─ handlers in turn ─▶ next route …
//!                              ▲                               │
//!        way back: the rest ───┘◀── reverse_proxy, forward_auth ┴▶ an answer, an error ─▶ routes of handle_errors
//! ```
//!
//! In Caddy every handler calls the next one, so that what comes after a handler is a chain of functions. Here it is a stack
//! of places in lists of routes ([`Frame`]), which can be put aside while a request is at an upstream.

mod answering;
mod fields;
mod forwarding;
mod matching;
mod paths;
mod placeholders;
mod rewriting;
mod serving;
mod state;

use std::sync::Arc;

use super::route::{Config, Handled, Handler, Server};
use super::routes::Wanted;
use crate::gateway::go::{self, Stop};
use crate::gateway::{Action, Model, NotUnderstood, Plan, Received, Reply, Step, StepKind, World};
use matching::Verdict;
use state::{Frame, Original, State};

/// The largest head that Caddy reads unless told otherwise.
const MAX_HEADER: usize = 16 << 10;
/// Steps that one request may take: routes that invoke one another go no further.
const MOST_HANDLERS: usize = 100_000;

/// Caddy, configured.
#[derive(Debug)]
pub(super) struct Caddy {
    pub(super) config: Arc<Config>,
    /// For the number of a handler, that of its router.
    pub(super) routers: Arc<[Option<usize>]>,
}

/// What becomes of a request, or what comes next.
enum Outcome {
    /// The next handler is asked.
    Next,
    /// Nothing else happens.
    Done(Box<Action>),
    /// A handler gave an error.
    Failed(Failure),
}

/// An error of a handler, with its status.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Failure {
    status: u16,
    message: String,
}

impl Failure {
    fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into() }
    }
}

/// One who walks the routes for a request.
struct Walk<'a> {
    config: &'a Arc<Config>,
    server: &'a Server,
    server_index: usize,
    routers: &'a Arc<[Option<usize>]>,
    world: &'a dyn World,
    state: State,
}

impl Model for Caddy {
    fn plan(&self, request: &Received<'_>, world: &dyn World) -> Plan {
        let (host, port) = (request.local.ip().to_canonical(), request.local.port());
        let found = self
            .config
            .servers
            .iter()
            .enumerate()
            .filter(|(_, server)| server.listen.iter().any(|address| address.takes(host, port)));
        // An address of its own is closer than all addresses.
        let closest = found.max_by_key(|(index, server)| {
            let own = server.listen.iter().any(|address| !address.host.is_empty() && address.takes(host, port));
            (own, std::cmp::Reverse(*index))
        });
        let Some((server_index, server)) = closest else {
            let what = format!("nothing listens on port {port}");
            return plain(Action::Close, Vec::new(), vec![NotUnderstood { place: None, what }]);
        };
        let mut unknown = server.doubts.clone();
        if let Some(plan) = self.handshake(server, request, &mut unknown) {
            return plan;
        }
        let limit = server.options.max_header.unwrap_or(MAX_HEADER);
        let reading = go::Server { max_header_bytes: limit, ..go::Server::default() };
        let read = match go::read_request(request.head, reading) {
            Ok(read) => read,
            Err(stop) => return refused(&stop, unknown),
        };
        let state = State::new(read, request, server, unknown);
        let walk = Walk { config: &self.config, server, server_index, routers: &self.routers, world, state };
        walk.serve()
    }
}

impl Caddy {
    /// What a connection comes to before there is a request; `None` if one is read.
    fn handshake(&self, server: &Server, request: &Received<'_>, unknown: &mut Vec<NotUnderstood>) -> Option<Plan> {
        let expects = server.tls && request.local.port() != self.config.http_port;
        match (expects, request.tls) {
            (false, None) => None,
            (true, Some(tls)) => {
                let local = request.local.ip().to_canonical().to_string();
                let name = tls.name.unwrap_or(&local);
                if self.config.certificates.cover(name) {
                    return None;
                }
                if let Some(doubt) = &self.config.certificates.others {
                    unknown.push(doubt.clone());
                    return None;
                }
                let step = Step::own(StepKind::Listener, format!("no certificate for {name}: the handshake fails"));
                Some(plain(Action::Close, vec![step], std::mem::take(unknown)))
            }
            (true, None) => {
                let text = "HTTP was sent to a port that expects TLS";
                let step = Step::own(StepKind::Listener, text);
                let reply =
                    Reply { body: b"Client sent an HTTP request to an HTTPS server.\n".to_vec(), ..Reply::status(400) };
                let looks_like_http = [&b"GET /"[..], b"HEAD ", b"POST ", b"PUT /", b"OPTIO"];
                let is_http = looks_like_http.iter().any(|begin| request.head.starts_with(begin));
                let action = if is_http { Action::Answer(reply) } else { Action::Close };
                Some(plain(action, vec![step], std::mem::take(unknown)))
            }
            (false, Some(_)) => {
                // The first bytes of a handshake are no request line.
                let step = Step::own(StepKind::Listener, "TLS was spoken to a port that expects plain HTTP");
                Some(plain(Action::Close, vec![step], std::mem::take(unknown)))
            }
        }
    }
}

/// A plan without a router.
fn plain(action: Action, steps: Vec<Step>, unknown: Vec<NotUnderstood>) -> Plan {
    Plan { router: None, steps, action, unknown }
}

/// The plan for what does not get to the routes.
fn refused(stop: &Stop, mut unknown: Vec<NotUnderstood>) -> Plan {
    match stop {
        Stop::Answer { status, why } => {
            let step = Step::own(StepKind::Answer, format!("{status}: {why}"));
            plain(Action::Answer(Reply::status(*status)), vec![step], unknown)
        }
        Stop::Http2 => {
            unknown.push(NotUnderstood { place: None, what: "HTTP/2 without TLS is not modelled".to_owned() });
            plain(Action::Close, Vec::new(), unknown)
        }
    }
}

impl Walk<'_> {
    /// From the first route on.
    fn serve(mut self) -> Plan {
        let action = if let Some(failure) = self.before_routes() {
            self.run_failed(failure)
        } else {
            self.state.stack = vec![Frame::new(self.server.routes.clone())];
            self.run()
        };
        let State { steps, unknown, router, .. } = self.state;
        Plan { router, steps, action, unknown }
    }

    /// What the server refuses or takes off before any route. Caddy 2.11, `server.go` (`serveHTTP`).
    fn before_routes(&mut self) -> Option<Failure> {
        let request = &mut self.state.request;
        if request.method.len() > 32 {
            return Some(Failure::new(405, ""));
        }
        if request.proto == (1, 1) && request.host.is_empty() {
            return Some(Failure::new(400, "rfc9112 forbids empty Host"));
        }
        self.drop_aliases();
        if let Some(name) = self.state.tls.as_ref().filter(|_| self.server.strict_sni) {
            let host = &self.state.request.host;
            let host = go::split_host_port(host).map_or(host.as_slice(), |(host, _)| host);
            if !host.eq_ignore_ascii_case(name.as_bytes()) {
                return Some(Failure::new(421, "the names of the handshake and of the request differ"));
            }
        }
        None
    }

    /// Takes fields off whose names an app may take for others: with `_` or `.`, unless they are expected.
    fn drop_aliases(&mut self) {
        let options = &self.server.options;
        let fits = |rules: &[Arc<str>], name: &str, by: &str| {
            rules.iter().any(|rule| {
                let (text, prefix) = rule.strip_suffix('*').map_or((&**rule, false), |text| (text, true));
                let known = go::canonical(&text.replace(['_', '.'], by));
                let name = go::canonical(&name.replace(['_', '.'], by));
                if prefix { name.starts_with(&known) } else { name == known }
            })
        };
        let exact: fn(&[Arc<str>]) -> Vec<Arc<str>> =
            |rules| rules.iter().filter(|rule| !rule.ends_with('*')).cloned().collect();
        let allowed = |name: &str, rules: &[Arc<str>]| {
            rules.iter().any(|rule| match rule.strip_suffix('*') {
                Some(prefix) => name.starts_with(&go::canonical(prefix)),
                None => go::canonical(rule) == name,
            })
        };
        let header = &self.state.request.header;
        let mut dropped = Vec::new();
        for (name, values) in header.iter() {
            let keep = match (name.contains('_'), name.contains('.')) {
                (true, true) => {
                    let expected = [exact(&options.underscore_headers), exact(&options.dot_headers)].concat();
                    allowed(name, &expected) && values.len() == 1
                }
                (true, false) => allowed(name, &options.underscore_headers) && values.len() == 1,
                (false, true) => allowed(name, &options.dot_headers) && values.len() == 1,
                (false, false) => {
                    !fits(&options.underscore_headers, name, "-") && !fits(&options.dot_headers, name, "-")
                }
            };
            if !keep {
                dropped.push(name.to_owned());
            }
        }
        for name in dropped {
            let text = format!("{name} is dropped: an app may take it for a field with dashes");
            self.state.request.header.remove_raw(&name);
            self.state.steps.push(Step::own(StepKind::Field(name), text));
        }
    }

    /// Goes on from where the stack stands, until something comes of it.
    fn run(&mut self) -> Action {
        for _ in 0..MOST_HANDLERS {
            let outcome = match self.next_handler() {
                Ok(Some(handled)) => self.handle(&handled),
                Ok(None) => return self.end_of_chain(),
                Err(failure) => Outcome::Failed(failure),
            };
            match outcome {
                Outcome::Next => {}
                Outcome::Done(action) => return *action,
                Outcome::Failed(failure) => {
                    if let Some(action) = self.failed(failure) {
                        return action;
                    }
                }
            }
        }
        self.doubt("the routes go round in circles");
        Action::Close
    }

    /// The next handler whose route fits; `None` at the end.
    fn next_handler(&mut self) -> Result<Option<Handled>, Failure> {
        loop {
            self.clean();
            self.read_host();
            let Some(frame) = self.state.stack.last_mut() else { return Ok(None) };
            if !frame.inside {
                let wanted = Wanted { host: &self.state.named.1, path: &self.state.cleaned.1 };
                frame.route = frame.routes.next(frame.route, wanted);
            }
            let Some(route) = frame.routes.get(frame.route) else {
                self.state.stack.pop();
                continue;
            };
            if frame.inside {
                if let Some(handled) = route.handlers.get(frame.handler) {
                    frame.handler += 1;
                    return Ok(Some(handled.clone()));
                }
                frame.leave();
                continue;
            }
            let routes = frame.routes.clone();
            let index = frame.route;
            let Some(route) = routes.get(index) else { continue };
            let fits = self.fits(&route.sets)?;
            let taken = fits && route.group.is_none_or(|group| self.state.groups.insert(group));
            let Some(frame) = self.state.stack.last_mut() else { return Ok(None) };
            if !taken {
                frame.leave();
                continue;
            }
            frame.inside = true;
            if route.terminal {
                let mut last = frame.clone();
                last.last = true;
                self.state.stack = vec![last];
            }
        }
    }

    /// True if one of the sets fits, or there is none.
    fn fits(&mut self, sets: &[Arc<super::route::MatcherSet>]) -> Result<bool, Failure> {
        for set in sets {
            match self.set_fits(set) {
                Verdict::Yes => return Ok(true),
                Verdict::No => {}
                Verdict::Unknown(doubt) => {
                    self.state.doubt(doubt);
                }
                Verdict::Failed(failure) => return Err(failure),
            }
        }
        Ok(sets.is_empty())
    }

    /// One handler.
    fn handle(&mut self, handled: &Handled) -> Outcome {
        self.state.line.clone_from(&handled.line);
        if let Some(number) = handled.router {
            self.state.router = self.routers.get(number).copied().flatten();
        }
        match &handled.handler {
            Handler::Subroute(routes) => {
                self.step(StepKind::Router, None);
                self.state.stack.push(Frame::new(routes.clone()));
            }
            Handler::Invoke(name) => {
                self.step(StepKind::Router, None);
                let routes = self.server.named.get(name).cloned().unwrap_or_default();
                self.state.stack.push(Frame::new(routes));
            }
            Handler::Vars(vars) => {
                for (name, value) in vars {
                    let (name, value) = (self.fill(name), self.fill(value));
                    self.state.vars.insert(name, value);
                }
            }
            Handler::Map(map) => self.state.maps.push(Arc::clone(map)),
            Handler::Headers(headers) => self.change_headers(headers),
            Handler::Rewrite(rewrite) => self.rewrite_request(rewrite),
            Handler::Static(answer) => return self.answer(answer),
            Handler::Error { status, message } => return self.raise(status, message),
            Handler::Proxy(proxy) => return self.forward(proxy),
            Handler::FileServer(server) => return self.serve_file(server),
            Handler::BasicAuth { realm, users } => return self.ask_password(realm, users),
            Handler::RequestBody(limit) => self.limit_body(*limit),
            Handler::Encode(formats) => self.check_encode(formats),
            Handler::CopyResponse(status) => return self.copy_response(status),
            Handler::Response(doubt) => self.state.response_doubts.push(doubt.clone()),
            Handler::Pass => {}
            Handler::Unknown(doubt) => self.state.doubt(doubt.clone()),
        }
        Outcome::Next
    }

    /// A step at the line of the handler at hand.
    fn step(&mut self, kind: StepKind, path: Option<Vec<u8>>) {
        let Some(line) = &self.state.line else { return };
        let mut step = Step::at(kind, &*line.text, &line.place);
        step.path = path;
        self.state.steps.push(step);
    }

    /// Something that the answer rests on and is not known, at the line of the handler at hand.
    fn doubt(&mut self, what: impl Into<String>) {
        let place = self.state.line.as_ref().map(|line| line.place.clone());
        self.state.doubt(NotUnderstood { place, what: what.into() });
    }

    /// An error, and what comes of it.
    fn run_failed(&mut self, failure: Failure) -> Action {
        match self.failed(failure) {
            Some(action) => action,
            None => self.run(),
        }
    }

    /// An error: the routes of `handle_errors` are walked, or `Some` answer is given.
    fn failed(&mut self, failure: Failure) -> Option<Action> {
        // An error while one is handled is answered with the first one's status.
        if self.state.failure.is_some() || self.server.errors.is_empty() {
            return Some(self.fail(&failure));
        }
        let state = &mut self.state;
        let Original { method, url, request_uri } = (*state.original).clone();
        (state.request.method, state.request.url, state.request.request_uri) = (method, url, request_uri);
        state.deferred.clear();
        state.set("http.error.status_code", failure.status.to_string());
        state.set("http.error.status_text", go::status_text(failure.status));
        let message = if failure.message.is_empty() { go::status_text(failure.status) } else { &failure.message };
        state.set("http.error.message", message);
        state.set("http.error", format!("HTTP {}", failure.status));
        let text = format!("the error {} is handled", failure.status);
        state.steps.push(Step::own(StepKind::Answer, text));
        state.failure = Some(failure);
        state.stack = vec![Frame::new(self.server.errors.clone())];
        None
    }

    /// The answer to an error that nothing handles: its status and nothing else.
    fn fail(&mut self, failure: &Failure) -> Action {
        let status = self.state.failure.as_ref().map_or(failure.status, |first| first.status);
        self.state.steps.push(Step::own(StepKind::Answer, format!("{status} {}", go::status_text(status))));
        self.state.deferred.clear();
        self.write_reply(status, Vec::new())
    }

    /// The end of all routes: an empty page, or the status of the error that was to be handled.
    fn end_of_chain(&mut self) -> Action {
        let Some(failure) = self.state.failure.clone() else {
            self.state.steps.push(Step::own(StepKind::Answer, "no route answers: 200 with an empty body"));
            self.state.deferred.clear();
            return self.write_reply(200, Vec::new());
        };
        let text = format!("no route answers the error: {} with an empty body", failure.status);
        self.state.steps.push(Step::own(StepKind::Answer, text));
        self.write_reply(failure.status, Vec::new())
    }
}
