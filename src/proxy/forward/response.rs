//! The response's way: read its heads, decide how its body ends, and pass both on.

use std::io;
use std::time::Instant;

use super::{Forward, Response};
use crate::exchange::probe;
use crate::exchange::{Answered, Field, Framing, Phase, RequestHead, ResponseHead};
use crate::gateway::hop_by_hop;
use crate::proxy::failure::Broken;
use crate::proxy::framing::BodyEnd;
use crate::proxy::head::{Judged, Kind, judge};

impl Forward<'_> {
    pub(super) fn write_client(&mut self) -> Result<(), Broken> {
        while !self.is_flushed() {
            let input = self.connection.upstream.as_ref().map(|upstream| upstream.input.bytes()).unwrap_or_default();
            let body = input.get(..self.response_ready).unwrap_or_default();
            match self.to_client.write(body, &self.connection.client) {
                Ok(count) => {
                    let of_body = self.to_client.wrote(count);
                    if let Some(upstream) = &mut self.connection.upstream {
                        upstream.input.take(of_body);
                    }
                    self.response_ready -= of_body;
                    self.last_move = Instant::now();
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(_) => return Err(self.client_gone()),
            }
        }
        Ok(())
    }

    pub(super) async fn read_upstream(&mut self) -> Result<(), Broken> {
        let Some(upstream) = &mut self.connection.upstream else { return Ok(()) };
        let how = match upstream.input.read(&upstream.stream) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Ok(1..) => {
                upstream.kept = false;
                self.moved();
                return self.follow_response();
            }
            // Where the client has ended, a reset is an end like any other.
            end if self.client_done || (self.is_until_close() && end.is_ok()) => {
                self.response = Response::Done;
                self.keep_upstream = false;
                self.moved();
                return Ok(());
            }
            Ok(_) => "it closed the connection".to_owned(),
            Err(e) => e.to_string(),
        };
        if self.may_send_again() { self.send_again().await } else { Err(self.upstream_gone(how)) }
    }

    /// True if the end of the connection is the end of the response's body.
    pub(super) fn is_until_close(&self) -> bool {
        matches!(self.response, Response::Passing(BodyEnd::UntilClose))
    }

    /// Follows the response through what has been read and not yet followed.
    pub(super) fn follow_response(&mut self) -> Result<(), Broken> {
        while matches!(self.response, Response::Awaited) {
            if !self.response_head()? {
                return Ok(());
            }
        }
        let Response::Passing(end) = &mut self.response else { return Ok(()) };
        let Some(upstream) = &mut self.connection.upstream else { return Ok(()) };
        let unread = upstream.input.bytes().get(self.response_ready..).unwrap_or_default();
        let (recording, plain, unchunk) = (&mut self.recording, &mut self.to_client.bytes, self.unchunk);
        let passed = end.follow(unread, |payload| {
            recording.response_passed(payload);
            if unchunk {
                plain.extend_from_slice(payload);
            }
        });
        let passed = match passed {
            Ok(passed) => passed,
            Err(why) => return Err(self.bad_response(why)),
        };
        if unchunk {
            upstream.input.take(passed.bytes);
        } else {
            self.response_ready += passed.bytes;
        }
        if passed.done {
            self.recording.response_trailers(end.trailers());
            self.response_ended();
        }
        Ok(())
    }

    /// All of the response has been read. Bytes behind it were never asked for: the connection is not to be trusted again.
    fn response_ended(&mut self) {
        let read = self.connection.upstream.as_ref().map_or(0, |upstream| upstream.input.bytes().len());
        self.keep_upstream &= read == self.response_ready;
        self.response = Response::Done;
    }

    /// Reads a response head if it is whole: passes it on and says `true`. An informational one leaves the final one
    /// awaited.
    fn response_head(&mut self) -> Result<bool, Broken> {
        let Some(upstream) = &mut self.connection.upstream else { return Ok(false) };
        let bytes = upstream.input.bytes();
        let judged = match judge(bytes, Kind::Response) {
            Ok(Some(judged)) => judged,
            Ok(None) if bytes.len() > self.connection.listener.limits.head => {
                return Err(self.bad_response("its head is larger than the limit"));
            }
            Ok(None) => return Ok(false),
            Err(refusal) => return Err(self.bad_response(refusal.why)),
        };
        let head = bytes.get(..judged.length).unwrap_or_default();
        let Ok(head) = ResponseHead::from_judged(head) else { return Err(self.bad_response("its head is unreadable")) };
        upstream.input.take(judged.length);
        let head = self.take_probe(head)?;
        match head.status() {
            101 if self.judged.upgrade => self.switch(head),
            101 => return Err(self.bad_response("it switched protocols without being asked")),
            100..=199 => {
                if self.judged.http11 {
                    self.to_client.bytes.extend_from_slice(head.as_bytes());
                }
                self.recording.interim(head);
            }
            _ => self.begin_response(head, judged),
        }
        Ok(true)
    }

    /// The head less what the app's probe answered, which is kept beside it. Without a question there is no answer.
    fn take_probe(&mut self, head: ResponseHead) -> Result<ResponseHead, Broken> {
        if self.connection.listener.probe.is_none() {
            return Ok(head);
        }
        match probe::take_answer(head) {
            Ok((head, answer)) => {
                self.recording.probed(answer);
                Ok(head)
            }
            Err(_) => Err(self.bad_response("its head is unreadable")),
        }
    }

    fn switch(&mut self, head: ResponseHead) {
        self.to_client.bytes.extend_from_slice(head.as_bytes());
        self.client_told = true;
        self.recording.answered(head, Framing::None, Answered::Upstream);
        self.recording.upgraded();
        self.response = Response::Passing(BodyEnd::UntilClose);
        self.request_end = BodyEnd::UntilClose;
        self.keep_upstream = false;
        // What the client sent ahead belongs to the new protocol; without an end of its own it cannot be wrong.
        let _ = self.follow_request();
        self.show_at = Some(Instant::now());
        self.connection.alarm.no_later_than(Instant::now());
    }

    fn begin_response(&mut self, head: ResponseHead, judged: Judged) {
        let framing = response_framing(self.recording.request(), &head, judged.framing);
        self.unchunk = framing == Framing::Chunked && !self.judged.http11;
        self.keep_upstream &= judged.http11 && !judged.close && framing != Framing::UntilClose;
        // A client that reads `HTTP/1.0` expects the end of the connection.
        self.keep_client &= judged.http11 && framing != Framing::UntilClose && !self.unchunk;
        if judged.hop_by_hop || self.unchunk {
            // `close` goes on only where it is true of the client's connection as well.
            let close = judged.close && !self.keep_client;
            let extra: &[(&[u8], &[u8])] = if close { &[(b"Connection", b"close")] } else { &[] };
            let drop = |field: &Field<'_>| self.unchunk && (field.is("transfer-encoding") || field.is("trailer"));
            hop_by_hop::write_response(&mut self.to_client.bytes, &head, drop, extra);
        } else {
            self.to_client.bytes.extend_from_slice(head.as_bytes());
        }
        self.client_told = true;
        self.recording.enter(Phase::Response);
        self.recording.answered(head, framing, Answered::Upstream);
        let end = BodyEnd::of(framing);
        if end.is_done() {
            self.response_ended();
        } else {
            self.response = Response::Passing(end);
        }
    }
}

/// How a response's body ends (RFC 9112 section 6.3).
fn response_framing(request: &RequestHead, head: &ResponseHead, said: Framing) -> Framing {
    match (request.method(), head.status(), said) {
        (b"HEAD", ..) | (_, 204 | 304, _) => Framing::None,
        (.., Framing::None) => Framing::UntilClose,
        (.., said) => said,
    }
}
