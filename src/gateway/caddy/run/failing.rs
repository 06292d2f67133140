//! What comes of errors: the routes of `handle_errors`, and what is answered where there are none or none of them answers.
//!
//! Caddy 2.11, `modules/caddyhttp/server.go` (`ServeHTTP`), `errors.go`.

use super::state::{Frame, Original};
use super::{Failure, Walk};
use crate::gateway::{Action, Step, StepKind, go};

impl Walk<'_> {
    /// An error, and what comes of it.
    pub(super) fn run_failed(&mut self, failure: Failure) -> Action {
        match self.failed(failure) {
            Some(action) => action,
            None => self.run(),
        }
    }

    /// An error: the routes of `handle_errors` are walked, or `Some` answer is given.
    pub(super) fn failed(&mut self, failure: Failure) -> Option<Action> {
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
    pub(super) fn end_of_chain(&mut self) -> Action {
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
