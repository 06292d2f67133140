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

mod accepting;
mod answering;
mod failing;
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
use state::{Frame, State};

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
}
