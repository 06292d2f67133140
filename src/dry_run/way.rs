//! The way of a request through a configured proxy: its plan followed to the upstream and back.

use super::Entrance;
use crate::asgi::Release;
use crate::exchange::ResponseHead;
use crate::gateway::{
    Action, Back, Destination, Forward, Gateway, NotUnderstood, Onward, Plan, Proxy, Purpose, Reply, Step, StepKind,
    World,
};
use crate::lanes::Forwarded;

/// What an authentication service is taken to answer.
const PERMITTED: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
/// Requests to upstreams that one request may lead to.
const MOST_FORWARDS: usize = 16;

/// The way through the proxy.
#[derive(Clone, Debug)]
pub struct Way {
    /// Which program.
    pub proxy: Proxy,
    /// Its release that is modelled.
    pub release: Option<Release>,
    /// What of the way in was taken for granted, a sentence.
    pub assumed: Option<String>,
    /// Which router took it: index into [`Gateway::routers`].
    pub router: Option<usize>,
    /// What was decided and done on the way to the upstream, in order.
    pub steps: Vec<Step>,
    /// Where it was sent; `None` if it never left the proxy.
    pub to: Option<Destination>,
    /// What was decided and done with the response, in order.
    pub back: Vec<Step>,
    /// What the way rests on and is not understood. Where there is any, it is not followed further.
    pub unknown: Vec<NotUnderstood>,
    /// True if the answer is the proxy's own.
    pub answers: bool,
}

/// How the way to the upstream ended.
pub(crate) enum Went {
    /// At an upstream.
    Sent(Forward),
    /// The proxy answers.
    Answered(Reply),
    /// The proxy hangs up.
    Closed,
    /// Not known.
    Unknown,
}

/// How the way back ended.
pub(crate) enum Came {
    /// With the upstream's response, as the proxy passes it on.
    Delivered(ResponseHead),
    /// The proxy answers.
    Answered(Reply),
    /// The proxy hangs up.
    Closed,
    /// Not known.
    Unknown,
}

impl Way {
    /// The way through a proxy before its first step.
    pub(crate) fn through(gateway: &Gateway, entrance: &Entrance) -> Self {
        Self {
            proxy: gateway.proxy,
            release: gateway.release,
            assumed: entrance.assumed.clone(),
            router: None,
            steps: Vec::new(),
            to: None,
            back: Vec::new(),
            unknown: Vec::new(),
            answers: false,
        }
    }

    /// Follows a plan to the upstream. An authentication service is taken to say yes.
    pub(crate) fn out(&mut self, plan: Plan, world: &dyn World) -> Went {
        self.router = plan.router;
        self.steps = plan.steps;
        self.unknown = plan.unknown;
        let mut action = plan.action;
        for _ in 0..MOST_FORWARDS {
            if !self.unknown.is_empty() {
                // What was decided behind it is a guess: who takes the request is as far as it goes.
                self.steps.retain(|step| matches!(step.kind, StepKind::Listener | StepKind::Router));
                return Went::Unknown;
            }
            action = match action {
                Action::Answer(reply) => {
                    self.answers = true;
                    return Went::Answered(reply);
                }
                Action::Close => return Went::Closed,
                Action::Forward(forward) if forward.purpose == Purpose::Request => {
                    self.to = Some(forward.to.clone());
                    return Went::Sent(forward);
                }
                Action::Forward(forward) => self.ask_permission(&forward, world),
            };
        }
        self.unknown.push(NotUnderstood { place: None, what: "the proxy goes round in circles".to_owned() });
        Went::Unknown
    }

    fn ask_permission(&mut self, forward: &Forward, world: &dyn World) -> Action {
        let asks = format!("asks {} whether it may pass: taken for yes", forward.to);
        self.steps.push(Step::own(StepKind::Upstream, asks));
        let Ok(yes) = ResponseHead::from_wire(PERMITTED) else { return Action::Close };
        let returned = forward.back.respond(&yes, world);
        self.steps.extend(returned.steps);
        self.unknown.extend(returned.unknown);
        match returned.onward {
            Onward::Forward(next) => Action::Forward(*next),
            Onward::Answer(reply) => Action::Answer(reply),
            Onward::Close => Action::Close,
            Onward::Deliver(_) => {
                let what = format!("what becomes of a request that {} lets pass", forward.to);
                self.unknown.push(NotUnderstood { place: None, what });
                Action::Close
            }
        }
    }

    /// Follows a response to the client.
    pub(crate) fn back(&mut self, back: &dyn Back, response: &ResponseHead, world: &dyn World) -> Came {
        let returned = back.respond(response, world);
        self.back.extend(returned.steps);
        self.unknown.extend(returned.unknown);
        if !self.unknown.is_empty() {
            return Came::Unknown;
        }
        match returned.onward {
            Onward::Deliver(head) => Came::Delivered(head),
            Onward::Answer(reply) => {
                self.answers = true;
                Came::Answered(reply)
            }
            Onward::Close => Came::Closed,
            Onward::Forward(next) => {
                self.back.push(Step::own(StepKind::Upstream, format!("asks {} for another answer", next.to)));
                Came::Unknown
            }
        }
    }

    /// The rule that decided what becomes of the path, as [`Plan::rule`] has it.
    pub(crate) fn rule(&self) -> Option<String> {
        let placed = |kind: &StepKind| self.steps.iter().rfind(|step| step.kind == *kind && step.place.is_some());
        let last = |kind: &StepKind| placed(kind).or_else(|| self.steps.iter().rfind(|step| step.kind == *kind));
        let answer = || last(&StepKind::Answer).filter(|_| self.to.is_none());
        let rule = answer().or_else(|| last(&StepKind::Path)).or_else(|| last(&StepKind::Router));
        rule.filter(|_| self.unknown.is_empty() || self.to.is_some()).map(ToString::to_string)
    }

    /// The step that wrote a header of the request, the last one if several did.
    pub fn writer(&self, name: &str) -> Option<&Step> {
        let writes = |step: &&Step| matches!(&step.kind, StepKind::Field(field) if field.eq_ignore_ascii_case(name));
        self.steps.iter().rev().find(writes)
    }

    /// Names the line behind each header that the proxy wrote.
    pub(crate) fn sign(&self, forwarded: &mut Forwarded) {
        for field in &mut forwarded.fields {
            let place = self.writer(&field.name).and_then(|step| step.place.as_ref());
            if let (Some(by), Some(place)) = (&mut field.by, place) {
                *by = format!("{by}, {place}");
            }
        }
    }
}
