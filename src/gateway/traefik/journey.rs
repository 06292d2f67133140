//! A request on its way through the middlewares of a router, and its answer on the way back.
//!
//! ```text
//! Journey ─ layer ─ layer ─ … ─ End::Servers ─▶ Forward ─▶ response ─ Return ─ Return ─▶ client
//!              └▶ Forward (may it pass?) ─▶ response ─▶ the next layer
//! ```
//!
//! Each layer that wants to see the answer leaves a [`Return`] behind; they are asked in the other direction.

use std::net::SocketAddr;
use std::sync::Arc;

use super::behaviour::Behaviour;
use super::layer::{Layer, Return};
use super::routes::Table;
use super::service::Servers;
use crate::exchange::ResponseHead;
use crate::gateway::go::{self, Answer, Request};
use crate::gateway::{
    Action, Back, Forward, NotUnderstood, Onward, Plan, Purpose, Reply, Returned, Step, StepKind, World,
};

/// A request, what is known of where it came from, and what was done with it so far.
#[derive(Clone, Debug)]
pub(super) struct Journey {
    pub(super) request: Request,
    pub(super) peer: SocketAddr,
    /// The host as rules compare it, of the request as it came.
    pub(super) host: Vec<u8>,
    /// True if it came by TLS.
    pub(super) secure: bool,
    /// The name of the machine.
    pub(super) hostname: String,
    /// True if the peer is added to `X-Forwarded-For` in the end; a request that Traefik makes by itself has no peer.
    pub(super) appends_for: bool,
    pub(super) behaviour: Behaviour,
    pub(super) steps: Vec<Step>,
    pub(super) unknown: Vec<NotUnderstood>,
    /// Who wants to see the answer, the last one first.
    pub(super) behind: Vec<Return>,
    /// The router: index into the gateway's.
    pub(super) router: Option<usize>,
}

impl Journey {
    /// Says that the URL changed: the target that is sent on follows it.
    pub(super) fn rewritten(&mut self) {
        self.request.request_uri = self.request.url.request_uri();
    }

    /// Notes what the path became.
    pub(super) fn path_step(&mut self, step: Step) {
        let path = self.request.url.request_uri();
        self.steps.push(step.path(path));
    }
}

/// Layers, and what stands at their end.
#[derive(Debug)]
pub(super) struct Stages {
    pub(super) layers: Vec<Layer>,
    pub(super) end: End,
}

/// What stands behind the middlewares.
#[derive(Debug)]
pub(super) enum End {
    /// It is sent on.
    Servers(Servers),
    /// Other routers choose (`parentRefs`).
    Routers(Table),
    /// Traefik answers by itself.
    Answer(Step, Reply),
    /// Traefik answers by itself, which is not modelled.
    Internal(Step, NotUnderstood),
}

/// What a layer makes of a request.
#[derive(Debug)]
pub(super) enum Flow {
    /// It goes on.
    Pass,
    /// It is answered.
    Answer(Reply),
    /// It is asked about first.
    Ask(Box<Question>),
}

/// A request that asks whether another one may pass.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) to: crate::gateway::Destination,
    pub(super) head: Vec<u8>,
}

/// A response on its way to the client.
#[derive(Clone, Debug)]
pub(super) struct Response {
    pub(super) answer: Answer,
    /// The body, where it is Traefik's own.
    pub(super) own: Option<Vec<u8>>,
}

impl From<Reply> for Response {
    fn from(reply: Reply) -> Self {
        let mut answer = Answer::new(reply.status);
        for (name, value) in reply.fields {
            answer.header.add(&name, value);
        }
        Self { answer, own: Some(reply.body) }
    }
}

/// What comes of a journey.
#[derive(Debug)]
pub(super) enum Outcome {
    Forward(Box<Forward>),
    Respond(Response),
}

/// Takes a request through the layers from `next` on.
pub(super) fn proceed(mut journey: Journey, stages: &Arc<Stages>, next: usize) -> (Journey, Outcome) {
    for (index, layer) in stages.layers.iter().enumerate().skip(next) {
        match layer.meet(&mut journey) {
            Flow::Pass => {}
            Flow::Answer(reply) => return unwind(journey, reply.into()),
            Flow::Ask(question) => {
                let asked = Asked { journey: journey.onward(), stages: Arc::clone(stages), layer: index };
                let forward = Forward {
                    purpose: Purpose::Permission,
                    to: question.to,
                    head: question.head,
                    back: Arc::new(asked),
                };
                return (journey, Outcome::Forward(Box::new(forward)));
            }
        }
    }
    match &stages.end {
        End::Servers(servers) => match servers.send(&mut journey) {
            Ok((to, head)) => {
                let sent = Sent { journey: journey.onward() };
                let forward = Forward { purpose: Purpose::Request, to, head, back: Arc::new(sent) };
                (journey, Outcome::Forward(Box::new(forward)))
            }
            Err(reply) => unwind(journey, reply.into()),
        },
        End::Routers(table) => table.route(journey),
        End::Answer(step, reply) => {
            journey.steps.push(step.clone());
            unwind(journey, reply.clone().into())
        }
        End::Internal(step, what) => {
            journey.steps.push(step.clone());
            journey.unknown.push(what.clone());
            unwind(journey, Reply::status(200).into())
        }
    }
}

/// Takes an answer back through what was left behind.
pub(super) fn unwind(mut journey: Journey, mut response: Response) -> (Journey, Outcome) {
    while let Some(behind) = journey.behind.pop() {
        match behind.meet(&mut journey, response) {
            Ok(changed) => response = changed,
            // A page of another service takes its place, whose answer goes back from here.
            Err((page, stages)) => return proceed(*page, &stages, 0),
        }
    }
    (journey, Outcome::Respond(response))
}

impl Journey {
    /// The same for what comes after a response: nothing of it is told yet.
    fn onward(&self) -> Self {
        Self { steps: Vec::new(), unknown: Vec::new(), ..self.clone() }
    }

    /// The plan that the journey comes to.
    pub(super) fn plan(self, outcome: Outcome) -> Plan {
        let action = match outcome {
            Outcome::Forward(forward) => Action::Forward(*forward),
            Outcome::Respond(response) => Action::Answer(reply(response)),
        };
        Plan { router: self.router, steps: self.steps, action, unknown: self.unknown }
    }

    fn returned(self, outcome: Outcome) -> Returned {
        let onward = match outcome {
            Outcome::Forward(forward) => Onward::Forward(forward),
            Outcome::Respond(response) if response.own.is_some() => Onward::Answer(reply(response)),
            Outcome::Respond(response) => response.answer.head().map_or_else(
                // What the upstream sent was a head, so this is one too unless a middleware spoilt it.
                |_| Onward::Answer(Reply::status(502)),
                Onward::Deliver,
            ),
        };
        Returned { steps: self.steps, onward, unknown: self.unknown }
    }
}

fn reply(response: Response) -> Reply {
    let mut reply = Reply { body: response.own.unwrap_or_default(), ..Reply::status(response.answer.status) };
    for (name, values) in response.answer.header.iter() {
        for value in values {
            reply = reply.field(name, value.clone());
        }
    }
    reply
}

/// The way back of the client's request.
#[derive(Debug)]
struct Sent {
    journey: Journey,
}

impl Back for Sent {
    fn respond(&self, response: &ResponseHead, _: &dyn World) -> Returned {
        let mut journey = self.journey.clone();
        let answer = Answer::from_upstream(response);
        let offered = response.get("upgrade").unwrap_or_default();
        let wanted = go::upgrade_type(&journey.request.header);
        // `handleUpgradeResponse` of Go's reverse proxy.
        if response.status() == 101 && !offered.eq_ignore_ascii_case(wanted) {
            journey.steps.push(Step::own(StepKind::Response, "another protocol than the one asked for: 500"));
            let (journey, outcome) = unwind(journey, error_reply(500).into());
            return journey.returned(outcome);
        }
        let (journey, outcome) = unwind(journey, Response { answer, own: None });
        journey.returned(outcome)
    }
}

/// The way back of a question whether a request may pass.
#[derive(Debug)]
struct Asked {
    journey: Journey,
    stages: Arc<Stages>,
    /// Which layer asked.
    layer: usize,
}

impl Back for Asked {
    fn respond(&self, response: &ResponseHead, _: &dyn World) -> Returned {
        let mut journey = self.journey.clone();
        let answer = Answer::from_upstream(response);
        let flow = self.stages.layers.get(self.layer).map(|layer| layer.permitted(&mut journey, response, answer));
        let (journey, outcome) = match flow {
            Some(Err(response)) => unwind(journey, response),
            _ => proceed(journey, &self.stages, self.layer + 1),
        };
        journey.returned(outcome)
    }
}

/// A status with its own name as the body, as Traefik answers for what goes wrong with an upstream.
pub(super) fn error_reply(status: u16) -> Reply {
    Reply { body: go::status_text(status).as_bytes().to_vec(), ..Reply::status(status) }
}
