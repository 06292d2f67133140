//! Why an exchange cannot go on, and the responses hopscope writes itself: refusals, no route, dead and silent upstreams.
//!
//! Plain text that says who speaks and what failed, because the reader is somebody looking for a fault.

use http::StatusCode;

use crate::exchange::{Ending, ResponseHead};

/// Why an exchange cannot go on, and what the client is told if it has been told nothing yet.
#[derive(Debug)]
pub(super) struct Broken {
    pub ending: Ending,
    pub failure: Option<Failure>,
}

impl Broken {
    /// A request that goes nowhere.
    pub(super) fn refused(status: u16, why: &str) -> Self {
        Self { ending: Ending::Refused(why.to_owned()), failure: Some(Failure::new(status, why)) }
    }
}

/// A response of hopscope's own.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub status: u16,
    pub text: String,
}

impl Failure {
    pub(super) fn new(status: u16, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    /// The head and the body. The connection closes behind it: what state the client's side is in is not known.
    pub(super) fn response(&self) -> (Vec<u8>, Vec<u8>) {
        let body = format!("hopscope: {} {}: {}\n", self.status, reason(self.status), self.text).into_bytes();
        let head = format!(
            "HTTP/1.1 {} {}\r\nServer: hopscope\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n",
            self.status,
            reason(self.status),
            body.len()
        );
        (head.into_bytes(), body)
    }

    /// The head as a value, for the record.
    pub(super) fn head(&self) -> Option<ResponseHead> {
        ResponseHead::from_wire(self.response().0).ok()
    }
}

/// What a status means, in its usual words.
pub(super) fn reason(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Unknown")
}
