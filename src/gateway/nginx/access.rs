//! Who may pass: `allow` and `deny`, `auth_basic`, `auth_request`, and `satisfy` that says how many of them must agree.
//!
//! Source: `ngx_http_core_access_phase`, `ngx_http_core_post_access_phase` (`ngx_http_core_module.c`),
//! `ngx_http_access_module.c`, `ngx_http_auth_basic_module.c`, `ngx_http_auth_request_module.c`, 1.22.1. Handlers of a phase
//! run in the order opposite to that of their modules: addresses, then passwords, then the authentication service.

use std::sync::Arc;

use super::plan;
use super::reply::{self, special};
use super::settings::{Access, Peers};
use super::visit::Visit;
use crate::exchange::ResponseHead;
use crate::gateway::{Action, Back, Failure, Forward, NotUnderstood, Onward, Purpose, Returned, StepKind, World};

/// What one of them says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// It has nothing to say.
    Silent,
    /// It lets the request pass.
    Pass,
    /// It refuses it with this status.
    Refuse(u16),
}

/// Asks all of them; goes on with the request if it may pass.
pub(super) fn phase(visit: &mut Visit, world: &dyn World) -> Action {
    if visit.subrequest {
        return plan::after_access(visit, world);
    }
    let mut refused = None;
    for verdict in [by_address, by_password] {
        let verdict = verdict(visit);
        if let Some(action) = decide(visit, verdict, &mut refused, world) {
            return action;
        }
    }
    match visit.settings().auth_request.clone() {
        Some((uri, place)) => {
            visit.step(StepKind::Router, format!("auth_request {}", uri.escape_ascii()), &place);
            ask(visit, uri, refused, world)
        }
        None => conclude(visit, refused, world),
    }
}

/// What follows from a verdict; `None`: the next is asked.
fn decide(visit: &mut Visit, verdict: Verdict, refused: &mut Option<u16>, world: &dyn World) -> Option<Action> {
    let any = visit.settings().satisfy_any;
    match verdict {
        Verdict::Pass if any => {
            visit.www_authenticate = None;
            Some(plan::after_access(visit, world))
        }
        Verdict::Silent | Verdict::Pass => None,
        Verdict::Refuse(status @ (401 | 403)) if any => {
            if *refused != Some(401) {
                *refused = Some(status);
            }
            None
        }
        Verdict::Refuse(status) => Some(special(visit, status, world)),
    }
}

/// All were asked.
fn conclude(visit: &mut Visit, refused: Option<u16>, world: &dyn World) -> Action {
    match refused {
        Some(status) => special(visit, status, world),
        None => plan::after_access(visit, world),
    }
}

/// The first `allow` or `deny` that names the client.
fn by_address(visit: &mut Visit) -> Verdict {
    let rules = Arc::clone(&visit.settings().access);
    let client = visit.client.ip().to_canonical();
    let names = |rule: &&Access| match &rule.from {
        Peers::All => true,
        Peers::Net(net) => net.contains(&client),
        Peers::Unix => false,
    };
    let Some(rule) = rules.iter().find(names) else { return Verdict::Silent };
    let from = match &rule.from {
        Peers::All => "all".to_owned(),
        Peers::Net(net) => net.to_string(),
        Peers::Unix => "unix:".to_owned(),
    };
    let verb = if rule.allow { "allow" } else { "deny" };
    visit.step(StepKind::Answer, format!("{verb} {from}: the client is {client}"), &rule.place);
    if rule.allow { Verdict::Pass } else { Verdict::Refuse(403) }
}

/// `auth_basic`: without a password the answer is 401; whether one is right is in a file that is not read.
fn by_password(visit: &mut Visit) -> Verdict {
    let Some((realm, place)) = visit.settings().auth_basic.clone() else { return Verdict::Silent };
    let realm = realm.fill(visit);
    let realm = visit.known(realm);
    if realm == b"off" {
        return Verdict::Silent;
    }
    let basic = |value: &[u8]| value.get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"basic "));
    if visit.head.get(b"authorization").is_some_and(basic) {
        visit.doubt(NotUnderstood::at(&place, "auth_basic: passwords are not looked up"));
        return Verdict::Pass;
    }
    visit.step(StepKind::Answer, "auth_basic: the request has no user and password", &place);
    visit.www_authenticate = Some([b"Basic realm=\"", realm.as_slice(), b"\""].concat());
    Verdict::Refuse(401)
}

/// Asks the authentication service.
fn ask(visit: &mut Visit, uri: Vec<u8>, refused: Option<u16>, world: &dyn World) -> Action {
    let mut sub = visit.for_subrequest(uri);
    let action = plan::run(&mut sub, world);
    visit.steps.append(&mut sub.steps);
    for doubt in sub.unknown.drain(..) {
        visit.doubt(doubt);
    }
    match action {
        Action::Forward(forward) => Action::Forward(Asked::wrap(visit, refused, forward)),
        Action::Answer(reply) => verdict(visit, reply.status, refused, world),
        Action::Close => Action::Close,
    }
}

/// The service has answered, or nginx in its place.
fn verdict(visit: &mut Visit, status: u16, refused: Option<u16>, world: &dyn World) -> Action {
    let sets = Arc::clone(&visit.settings().auth_request_sets);
    for set in sets.iter() {
        let value = set.value.fill(visit);
        visit.store(set.variable, value);
    }
    visit.upstream = None;
    let verdict = match status {
        401 | 403 => Verdict::Refuse(status),
        200..=299 => Verdict::Pass,
        _ => Verdict::Refuse(500),
    };
    let place = visit.settings().auth_request.as_ref().map(|(_, place)| place.clone());
    if let Some(place) = place {
        let what = match verdict {
            Verdict::Refuse(refusal) => format!("auth_request: {status}, so the answer is {refusal}"),
            Verdict::Pass | Verdict::Silent => format!("auth_request: {status}, so the request may pass"),
        };
        visit.step(StepKind::Answer, what, &place);
    }
    let mut refused = refused;
    decide(visit, verdict, &mut refused, world).unwrap_or_else(|| conclude(visit, refused, world))
}

/// The way back of a question to the authentication service.
#[derive(Debug)]
struct Asked {
    /// The request that waits.
    visit: Visit,
    /// What the others have said.
    refused: Option<u16>,
    /// The way back of the question as a request of its own.
    inner: Arc<dyn Back>,
}

impl Asked {
    fn wrap(visit: &Visit, refused: Option<u16>, forward: Forward) -> Forward {
        let back = Self { visit: visit.resumed(), refused, inner: forward.back };
        Forward { purpose: Purpose::Permission, back: Arc::new(back), ..forward }
    }
}

impl Back for Asked {
    fn respond(&self, response: &ResponseHead, world: &dyn World) -> Returned {
        let mut visit = self.visit.clone();
        visit.upstream = Some(response.clone());
        self.go_on(visit, self.inner.respond(response, world), world)
    }

    fn fail(&self, failure: Failure, world: &dyn World) -> Returned {
        self.go_on(self.visit.clone(), self.inner.fail(failure, world), world)
    }
}

impl Asked {
    /// Goes on with the request that waits, by what has become of the question.
    fn go_on(&self, mut visit: Visit, mut returned: Returned, world: &dyn World) -> Returned {
        let action = match returned.onward {
            Onward::Deliver(head) => verdict(&mut visit, head.status(), self.refused, world),
            Onward::Answer(reply) => verdict(&mut visit, reply.status, self.refused, world),
            Onward::Forward(next) => Action::Forward(Self::wrap(&visit, self.refused, *next)),
            Onward::Close => Action::Close,
        };
        returned.steps.append(&mut visit.steps);
        returned.unknown.append(&mut visit.unknown);
        Returned { onward: reply::onward(action), ..returned }
    }
}

#[cfg(test)]
mod tests;
