//! Answers of Caddy's own: `respond`, `redir`, `error`, `basic_auth`, and how they are written. Caddy 2.11, `staticresp.go`,
//! `staticerror.go`, `caddyauth/basicauth.go`, `requestbody/requestbody.go`, `encode/encode.go`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Failure, Outcome, Walk};
use crate::gateway::caddy::route::Static;
use crate::gateway::go;
use crate::gateway::{Action, Reply, StepKind};

impl Walk<'_> {
    /// `respond`, `redir` and `abort`
    pub(super) fn answer(&mut self, answer: &Static) -> Outcome {
        self.step(StepKind::Answer, None);
        if answer.abort {
            return Outcome::Done(Box::new(Action::Close));
        }
        if answer.close {
            self.state.response.set("Connection", "close");
        }
        for (name, value) in &answer.headers {
            let value = self.fill_known(value);
            self.state.response.set(name, value);
        }
        let body = self.fill_known(&answer.body);
        if !body.is_empty() && self.state.response.get("Content-Type").is_empty() {
            let kind = if is_json(&body) { "application/json" } else { "text/plain; charset=utf-8" };
            self.state.response.set("Content-Type", kind);
        }
        let handled = self.state.failure.as_ref().map(|failure| failure.status).filter(|&status| status > 0);
        let status = if answer.status.is_empty() {
            handled.unwrap_or(200)
        } else {
            match self.status(&answer.status) {
                Ok(status) => status,
                Err(failure) => return Outcome::Failed(failure),
            }
        };
        if status == 103 {
            return Outcome::Next;
        }
        Outcome::Done(Box::new(self.write_reply(status, body)))
    }

    /// A status with its placeholders filled in.
    pub(super) fn status(&mut self, text: &str) -> Result<u16, Failure> {
        let filled = self.fill(text);
        let number = std::str::from_utf8(&filled).ok().and_then(|text| text.parse::<u16>().ok());
        match number {
            // Go's server gives up on what is no status of three digits.
            Some(status @ 100..=999) => Ok(status),
            Some(_) => {
                self.doubt("a status outside of 100 to 999 ends in a panic");
                Ok(500)
            }
            None => Err(Failure::new(500, "the status is no number")),
        }
    }

    /// `error`
    pub(super) fn raise(&mut self, status: &Arc<str>, message: &Arc<str>) -> Outcome {
        self.step(StepKind::Answer, None);
        let status = if status.is_empty() { Ok(500) } else { self.status(status) };
        let message = self.fill_known(message);
        let message = String::from_utf8_lossy(&message).into_owned();
        Outcome::Failed(status.map_or_else(|failure| failure, |status| Failure::new(status, message)))
    }

    /// `basic_auth`: without a known name it is 401; whether a password is right is not computed.
    pub(super) fn ask_password(&mut self, realm: &str, users: &[Arc<str>]) -> Outcome {
        self.step(StepKind::Answer, None);
        let header = self.state.request.header.get("Authorization");
        let name = user_name(header);
        let known = name.is_some_and(|name| users.iter().any(|user| user.as_bytes() == name || user.contains('{')));
        if known {
            self.doubt("whether the password is right is not computed");
            return Outcome::Next;
        }
        self.state.response.set("Www-Authenticate", format!("Basic realm=\"{realm}\""));
        Outcome::Failed(Failure::new(401, "not authenticated"))
    }

    /// `request_body max_size`: a body that is longer is cut off where it is read.
    pub(super) fn limit_body(&mut self, limit: u64) {
        let length = match self.state.request.content_length {
            Some(length) => Some(length),
            // With its framing it is longer than without.
            None => self.state.body_bytes.and_then(|bytes| u64::try_from(bytes).ok()),
        };
        if limit > 0 && length.is_none_or(|length| length > limit) {
            self.doubt("what becomes of a body that may be too large is not modelled");
        }
    }

    /// `encode`: a client's tag of a packed page becomes that of the plain one.
    pub(super) fn check_encode(&mut self, formats: &[Arc<str>]) {
        let tag = self.state.request.header.get("If-None-Match");
        let packed = |format: &Arc<str>| tag.ends_with(format!("-{format}\"").as_bytes());
        if !tag.starts_with(b"W/") && formats.iter().any(packed) {
            self.doubt("encode: a tag of a packed page in If-None-Match is not modelled");
        }
    }

    /// Writes an answer: the changes of fields that waited are made.
    pub(super) fn write_reply(&mut self, status: u16, body: Vec<u8>) -> Action {
        self.finish_reply(Reply { body, ..Reply::status(status) })
    }

    /// The same for an answer that has no fields yet.
    pub(super) fn finish_reply(&mut self, mut reply: Reply) -> Action {
        let status = reply.status;
        let mut header = std::mem::take(&mut self.state.response);
        self.change_deferred(status, &mut header);
        for doubt in std::mem::take(&mut self.state.response_doubts) {
            self.state.doubt(doubt);
        }
        for (name, values) in header.iter().filter(|(name, _)| go::is_token(name.as_bytes())) {
            reply.fields.extend(values.iter().map(|value| (name.to_owned(), one_line(value))));
        }
        Action::Answer(reply)
    }
}

/// A value as Go writes it: no line ends, no blanks around it.
fn one_line(value: &[u8]) -> Vec<u8> {
    let blank = |&byte: &u8| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte };
    let line: Vec<u8> = value.iter().map(blank).collect();
    line.trim_ascii().to_vec()
}

/// True for an object or a list.
fn is_json(body: &[u8]) -> bool {
    let text = body.trim_ascii();
    let in_brackets = matches!(text, [b'{', .., b'}'] | [b'[', .., b']']);
    text.len() > 2 && in_brackets && serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok()
}

/// `BasicAuth`: the name in an `Authorization` field.
fn user_name(header: &[u8]) -> Option<Vec<u8>> {
    let (scheme, rest) = header.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let decoded = STANDARD.decode(rest).ok()?;
    let colon = memchr::memchr(b':', &decoded)?;
    decoded.get(..colon).map(<[u8]>::to_vec)
}
