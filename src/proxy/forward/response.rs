//! The response's way: read its heads, decide how its body ends, and pass both on.

use std::io;
use std::time::Instant;

use super::{Forward, Response};
use crate::exchange::probe;
use crate::exchange::{Answered, Field, Framing, Phase, ResponseHead};
use crate::gateway::hop_by_hop;
use crate::proxy::failure::Broken;
use crate::proxy::framing::BodyEnd;
use crate::proxy::head::{Judged, Kind, judge};
use crate::proxy::payload::Payload;

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
                self.follow_response()?;
                if let Some(next) = self.next.take() {
                    let to = self.write_planned(*next)?;
                    return self.set_out(&to).await;
                }
                return Ok(());
            }
            // Where the client has ended, a reset is an end like any other.
            end if self.client_done || (self.is_until_close() && end.is_ok()) => {
                self.response = Response::Done;
                self.keep_upstream = false;
                self.moved();
                return self.finish_payload();
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
        let (recording, out, payload) = (&mut self.recording, &mut self.to_client.bytes, &mut self.payload);
        let mut fault = None;
        let passed = end.follow(unread, |piece| {
            fault = fault.or(payload.pass(piece, out, |piece| recording.response_passed(piece)).err());
        });
        let passed = match (passed, fault) {
            (Ok(passed), None) => passed,
            (Err(why), _) | (_, Some(why)) => return Err(self.bad_response(why)),
        };
        if self.payload.is_as_it_came() {
            self.response_ready += passed.bytes;
        } else {
            upstream.input.take(passed.bytes);
        }
        if passed.done {
            self.recording.response_trailers(end.trailers());
            self.finish_payload()?;
            self.response_ended();
        }
        Ok(())
    }

    /// Writes what ends a payload that did not go on as it came.
    fn finish_payload(&mut self) -> Result<(), Broken> {
        let recording = &mut self.recording;
        let finished = self.payload.finish(&mut self.to_client.bytes, |piece| recording.response_passed(piece));
        finished.map_err(|why| self.bad_response(why))
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
            101 if self.asked_to_switch() => self.returned_switch(head, judged)?,
            101 => return Err(self.bad_response("it switched protocols without being asked")),
            100..=199 => {
                if self.judged.http11 && self.is_the_clients() {
                    self.to_client.bytes.extend_from_slice(head.as_bytes());
                }
                self.recording.interim(head);
            }
            _ => self.returned(head, judged)?,
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

    /// True if the request that was sent on asks to switch protocols.
    fn asked_to_switch(&self) -> bool {
        self.planned.as_ref().map_or(self.judged.upgrade, |planned| planned.sent().upgrade)
    }

    fn returned_switch(&mut self, head: ResponseHead, judged: Judged) -> Result<(), Broken> {
        if self.planned.is_some() {
            return self.returned(head, judged);
        }
        self.switch(head, None);
        Ok(())
    }

    /// Passes a `101` on, edited by a proxy's plan as `delivered`.
    pub(super) fn switch(&mut self, head: ResponseHead, delivered: Option<ResponseHead>) {
        match &delivered {
            Some(delivered) => hop_by_hop::write_response(&mut self.to_client.bytes, delivered, |_| false, &[]),
            None => self.to_client.bytes.extend_from_slice(head.as_bytes()),
        }
        self.client_told = true;
        self.recording.answered(head, Framing::None, Answered::Upstream);
        self.recording.delivered(delivered);
        self.recording.upgraded();
        self.response = Response::Passing(BodyEnd::UntilClose);
        self.request_end = BodyEnd::UntilClose;
        // A handshake has no body, but what comes after it has to go on.
        self.passes_body = true;
        self.keep_upstream = false;
        // What the client sent ahead belongs to the new protocol; without an end of its own it cannot be wrong.
        let _ = self.follow_request();
        self.show_at = Some(Instant::now());
        self.connection.alarm.no_later_than(Instant::now());
    }

    /// Begins to pass a response on, its head edited by a proxy's plan as `delivered`.
    pub(super) fn begin_response(&mut self, head: ResponseHead, delivered: Option<ResponseHead>, judged: Judged) {
        let asked_for_head = match &self.planned {
            Some(planned) => planned.sent().is_head,
            None => self.recording.request().method() == b"HEAD",
        };
        let framing = response_framing(asked_for_head, &head, judged.framing);
        self.keep_upstream &= judged.http11 && !judged.close && framing != Framing::UntilClose;
        let mut end = BodyEnd::of(framing);
        if let Some(delivered) = &delivered {
            self.keep_upstream &= self.planned.as_ref().is_some_and(|planned| planned.sent().keeps);
            if self.is_bodiless(delivered) && !end.is_done() {
                // What there is of a body is nothing for this client.
                (end, self.keep_upstream) = (BodyEnd::Length(0), false);
            }
            self.write_delivered(&head, delivered, framing);
        } else {
            self.write_as_it_came(&head, framing, judged);
        }
        self.client_told = true;
        self.recording.enter(Phase::Response);
        self.recording.answered(head, framing, Answered::Upstream);
        self.recording.delivered(delivered);
        if end.is_done() {
            self.response_ended();
        } else {
            self.response = Response::Passing(end);
        }
    }

    /// Writes a response's head as a tap passes it on.
    fn write_as_it_came(&mut self, head: &ResponseHead, framing: Framing, judged: Judged) {
        let unchunk = framing == Framing::Chunked && !self.judged.http11;
        if unchunk {
            self.payload = Payload::plain();
        }
        // A client that reads `HTTP/1.0` expects the end of the connection.
        self.keep_client &= judged.http11 && framing != Framing::UntilClose && !unchunk;
        if judged.hop_by_hop || unchunk {
            // `close` goes on only where it is true of the client's connection as well.
            let close = judged.close && !self.keep_client;
            let extra: &[(&[u8], &[u8])] = if close { &[(b"Connection", b"close")] } else { &[] };
            let drop = |field: &Field<'_>| unchunk && (field.is("transfer-encoding") || field.is("trailer"));
            hop_by_hop::write_response(&mut self.to_client.bytes, head, drop, extra);
        } else {
            self.to_client.bytes.extend_from_slice(head.as_bytes());
        }
    }

    /// Writes a response's head as a proxy delivers it: in HTTP/1.1, with a framing that the client understands. Where
    /// the upstream's body is compressed and the head that goes on does not say so, it is unpacked: Go's transport asks
    /// for gzip where the client did not (net/http/transport.go, `requestedGzip`).
    fn write_delivered(&mut self, head: &ResponseHead, delivered: &ResponseHead, framing: Framing) {
        let is_packed =
            |head: &ResponseHead| head.get("content-encoding").is_some_and(|c| c.eq_ignore_ascii_case(b"gzip"));
        let unpack = is_packed(head)
            && delivered.get("content-encoding").is_none()
            && self.recording.request().get("accept-encoding").is_none();
        let bodiless = framing == Framing::None || self.is_bodiless(delivered);
        let rewrap = !bodiless && (unpack || framing == Framing::UntilClose || !self.judged.http11);
        let has_length = !bodiless && !unpack && matches!(framing, Framing::Length(_));
        let chunked = !bodiless && !has_length && self.judged.http11;
        if rewrap && !has_length {
            self.payload = if chunked { Payload::chunks() } else { Payload::plain() };
        }
        if unpack && !bodiless {
            self.payload.unpack();
        }
        self.keep_client &= bodiless || has_length || chunked;
        let mut extra: Vec<(&[u8], &[u8])> = Vec::new();
        if chunked && delivered.get("transfer-encoding").is_none() {
            extra.push((b"Transfer-Encoding", b"chunked"));
        }
        if !self.keep_client {
            extra.push((b"Connection", b"close"));
        }
        let drop = |field: &Field<'_>| match field.name.len() {
            14 => field.is("content-length") && !bodiless && !has_length,
            17 => field.is("transfer-encoding") && !chunked,
            _ => false,
        };
        let out = &mut self.to_client.bytes;
        let start = out.len();
        hop_by_hop::write_response(out, delivered, drop, &extra);
        if let Some(version) = out.get_mut(start..start + 8) {
            version.copy_from_slice(b"HTTP/1.1");
        }
    }

    /// True if the client gets no body with this head (RFC 9112 section 6.3).
    fn is_bodiless(&self, delivered: &ResponseHead) -> bool {
        self.recording.request().method() == b"HEAD" || matches!(delivered.status(), 204 | 304)
    }
}

/// How a response's body ends (RFC 9112 section 6.3).
fn response_framing(asked_for_head: bool, head: &ResponseHead, said: Framing) -> Framing {
    match (head.status(), said) {
        _ if asked_for_head => Framing::None,
        (204 | 304, _) => Framing::None,
        (_, Framing::None) => Framing::UntilClose,
        (_, said) => said,
    }
}
