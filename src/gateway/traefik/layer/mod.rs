//! Middlewares at work: what each makes of a request, and of the answer.
//!
//! This room exists so that a router is a plain list of layers: chains are laid out flat, references are resolved, and
//! regular expressions are compiled when the configuration is read.

mod access;
mod auth;
mod build;
mod errors;
mod headers;
mod path;
mod redirect;

use std::sync::Arc;

use self::access::{Buffering, IpAllowList};
use self::auth::{Credentials, ForwardAuth};
pub(super) use self::build::{Trail, build};
use self::errors::Errors;
use self::headers::{Headers, Secure};
use self::path::PathChange;
use self::redirect::Redirect;
use super::entry::Escapes;
use super::journey::{Flow, Journey, Response, Stages};
use crate::exchange::ResponseHead;
use crate::gateway::go::Answer;
use crate::gateway::{NotUnderstood, Place, Reply, Step, StepKind};

/// A middleware of a router.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    /// The line that says what it is.
    pub(super) place: Option<Place>,
    pub(super) work: Work,
}

/// What a middleware does.
#[derive(Clone, Debug)]
pub(super) enum Work {
    Path(PathChange),
    Redirect(Redirect),
    Headers(Arc<Headers>),
    Secure(Arc<Secure>),
    IpAllowList(IpAllowList),
    Credentials(Credentials),
    ForwardAuth(Arc<ForwardAuth>),
    Errors(Arc<Errors>),
    Escapes(Escapes),
    Buffering(Buffering),
    /// `DenyRouterRecursion` of routers whose rule is a default one: the hash of the router's name.
    DenyRecursion(String),
    /// `passTLSClientCert`, which says something of a client that shows a certificate.
    ClientCertificate(NotUnderstood),
    /// It lets a request pass as it is. Its name.
    Passing(&'static str),
    /// Which way a request takes here only the running Traefik knows: what is taken for granted.
    Assumed(String),
    NotModelled(NotUnderstood),
}

/// What a layer left behind for the answer.
#[derive(Clone, Debug)]
pub(super) enum Return {
    Headers(Arc<Headers>, Option<Place>),
    Errors(Arc<Errors>, Option<Place>),
    /// The status that the answer has, whatever it says itself.
    Status(u16),
    /// The cookies of an authentication service are put into the answer, and others are written anew.
    Cookies(bool, Option<Place>),
    /// An answer of more bytes becomes a 500.
    Limit(u64, Option<Place>),
}

impl Layer {
    fn step(&self, kind: StepKind, text: impl Into<String>) -> Step {
        Step { place: self.place.clone(), ..Step::own(kind, text) }
    }

    fn doubt(&self, what: impl Into<String>) -> NotUnderstood {
        NotUnderstood { place: self.place.clone(), what: what.into() }
    }

    /// What becomes of a request here.
    pub(super) fn meet(&self, journey: &mut Journey) -> Flow {
        match &self.work {
            Work::Path(change) => change.meet(self, journey),
            Work::Redirect(redirect) => redirect.meet(self, journey),
            Work::Headers(headers) => headers.meet(self, journey),
            Work::Secure(secure) => secure.meet(self, journey),
            Work::IpAllowList(list) => list.meet(self, journey),
            Work::Credentials(credentials) => credentials.meet(self, journey),
            Work::ForwardAuth(auth) => auth.meet(self, journey),
            Work::Errors(errors) => {
                journey.behind.push(Return::Errors(Arc::clone(errors), self.place.clone()));
                Flow::Pass
            }
            Work::Escapes(escapes) => match escapes.find(&journey.request.url.escaped_path()) {
                Some(escape) => {
                    let text = format!("encodedCharacters: {} is refused", String::from_utf8_lossy(escape));
                    journey.steps.push(self.step(StepKind::Answer, text));
                    Flow::Answer(Reply::status(400))
                }
                None => Flow::Pass,
            },
            Work::Buffering(buffering) => buffering.meet(self, journey),
            Work::DenyRecursion(hash) => {
                if journey.request.header.get("X-Traefik-Router") == hash.as_bytes() {
                    journey.steps.push(self.step(StepKind::Answer, "the request comes from this very router"));
                    return Flow::Answer(Reply::status(400));
                }
                let text = format!("X-Traefik-Router: {hash}, because the rule is the default one");
                journey.request.header.set("X-Traefik-Router", hash.as_bytes());
                journey.steps.push(self.step(StepKind::Field("X-Traefik-Router".to_owned()), text));
                Flow::Pass
            }
            Work::ClientCertificate(what) => {
                if journey.secure {
                    journey.unknown.push(what.clone());
                }
                Flow::Pass
            }
            Work::Passing(name) => {
                if matches!(*name, "rateLimit" | "inFlightReq" | "circuitBreaker") {
                    journey.steps.push(self.step(StepKind::Answer, format!("{name} is taken to let it pass")));
                }
                Flow::Pass
            }
            Work::Assumed(what) => {
                journey.steps.push(self.step(StepKind::Assumed, what));
                Flow::Pass
            }
            Work::NotModelled(what) => {
                journey.unknown.push(what.clone());
                Flow::Pass
            }
        }
    }

    /// What an authentication service's answer means.
    ///
    /// # Errors
    /// The answer for a client that may not pass.
    pub(super) fn permitted(
        &self,
        journey: &mut Journey,
        response: &ResponseHead,
        answer: Answer,
    ) -> Result<(), Response> {
        match &self.work {
            Work::ForwardAuth(auth) => auth.permitted(self, journey, response, answer),
            _ => Ok(()),
        }
    }

    /// The scheme of a redirectScheme that names no port.
    pub(super) fn scheme_without_port(&self) -> Option<&str> {
        match &self.work {
            Work::Redirect(redirect) => redirect.scheme_without_port(),
            _ => None,
        }
    }

    /// What becomes of the path, in a word or two, where the layer changes it: `strip /api/v1`, `301`.
    pub(super) fn path_word(&self) -> Option<String> {
        match &self.work {
            Work::Path(change) => Some(change.word()),
            Work::Redirect(redirect) => redirect.always().map(|status| status.to_string()),
            _ => None,
        }
    }
}

impl Return {
    /// What becomes of an answer here.
    ///
    /// # Errors
    /// The request for what takes its place, and where it goes.
    pub(super) fn meet(
        self,
        journey: &mut Journey,
        mut response: Response,
    ) -> Result<Response, (Box<Journey>, Arc<Stages>)> {
        match self {
            Self::Headers(headers, place) => {
                headers.answer(journey, &mut response, place);
                Ok(response)
            }
            Self::Errors(errors, place) => errors.answer(journey, response, place),
            Self::Status(status) => {
                response.answer.status = status;
                Ok(response)
            }
            Self::Cookies(sets, place) => {
                auth::cookies(journey, &response, sets, place);
                Ok(response)
            }
            Self::Limit(limit, place) => Ok(access::limit(journey, response, limit, place)),
        }
    }
}
