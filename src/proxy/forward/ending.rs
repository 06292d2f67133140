//! Exchanges that cannot go on: what is recorded, and what the client is told or made to see.

use std::time::Duration;

use super::Forward;
use crate::exchange::{Ending, Phase};
use crate::proxy::connection::After;
use crate::proxy::failure::{Broken, Failure};

impl Forward<'_> {
    pub(super) fn timed_out(&self, limit: Duration) -> Broken {
        let phase = self.recording.phase();
        let failure = if phase == Phase::Request && self.is_sent() {
            Failure::new(408, format!("the request's body did not come on for {limit:?}"))
        } else {
            let name = self.upstream_name();
            Failure::new(504, format!("the upstream {name} did not answer within {limit:?} (--idle-timeout)"))
        };
        Broken { ending: Ending::TimedOut(phase), failure: Some(failure) }
    }

    pub(super) fn client_gone(&self) -> Broken {
        Broken { ending: Ending::ClientGone(self.recording.phase()), failure: None }
    }

    pub(super) fn upstream_gone(&self, how: String) -> Broken {
        let failure = Failure::new(502, format!("the upstream {} answered nothing: {how}", self.upstream_name()));
        Broken { ending: Ending::UpstreamGone(self.recording.phase(), how), failure: Some(failure) }
    }

    pub(super) fn bad_response(&self, why: &str) -> Broken {
        let text = format!("the upstream {} sent no acceptable HTTP: {why}", self.upstream_name());
        Broken {
            ending: Ending::UpstreamGone(self.recording.phase(), format!("no acceptable HTTP: {why}")),
            failure: Some(Failure::new(502, text)),
        }
    }

    fn upstream_name(&self) -> String {
        self.connection.upstream.as_ref().map_or_else(String::new, |upstream| upstream.to.to_string())
    }

    /// Tells the client what went wrong, if it has been told nothing yet, and leaves the connection to be closed.
    pub(super) async fn give_up(&mut self, broken: Broken) -> After {
        if self.client_told {
            return if self.cut_would_look_whole() { After::Reset } else { After::Close };
        }
        let Some(failure) = broken.failure else { return After::Close };
        self.recording.failed(&failure);
        let (head, body) = failure.response();
        let body = if self.recording.request().method() == b"HEAD" { Vec::new() } else { body };
        // Of an informational response a part may have gone out.
        let rest = self.to_client.rest();
        if self.connection.write_all(&[rest, &head, &body].concat()).await.is_err() {
            return After::Close;
        }
        After::Linger
    }

    /// True if the client would take the end of its connection for the end of the body.
    fn cut_would_look_whole(&self) -> bool {
        self.payload.is_plain() || (self.is_until_close() && self.payload.is_as_it_came())
    }
}
