//! The request's way: decide where it goes, connect, and pass its head and body on.

use std::io;
use std::time::Instant;

use super::{Forward, Response, SHOW_AFTER};
use crate::exchange::{Ending, Phase, Side};
use crate::gateway::{Destination, hop_by_hop};
use crate::proxy::connection::Role;
use crate::proxy::failure::{Broken, Failure};
use crate::proxy::framing::BodyEnd;
use crate::proxy::pair_id;
use crate::proxy::upstream::UpstreamConnection;

/// What a client is told that takes this for a forward proxy.
pub(super) const NO_TUNNELS: &str =
    "CONNECT is for forward proxies; point the program at this address as a server instead";

impl Forward<'_> {
    /// Decides where the request goes, and writes its head as sent on; `None` if it is answered here.
    pub(super) async fn decide(&mut self) -> Result<Option<Destination>, Broken> {
        let Role::Tap { to, tag, side, .. } = &self.connection.listener.role else { return self.plan().await };
        if self.recording.request().method() == b"CONNECT" {
            return Err(Broken::refused(501, NO_TUNNELS));
        }
        let to = to.clone();
        let id = match (tag, side) {
            (Some(tag), Side::Edge) => self.recording.offer_pair().map(|id| tag.value(id)),
            _ => None,
        };
        let head = self.recording.request();
        let extra = id.as_ref().map(|id| (pair_id::NAME.as_bytes(), id.as_bytes()));
        if self.judged.hop_by_hop || extra.is_some() {
            let out = &mut self.to_upstream.bytes;
            hop_by_hop::write_request(out, head, head.target(), |_| false, extra.as_slice());
        } else {
            self.to_upstream.bytes.extend_from_slice(head.as_bytes());
        }
        if let Some(key) = &self.connection.listener.probe {
            key.ask(&mut self.to_upstream.bytes);
        }
        Ok(Some(Destination::Http(to)))
    }

    /// Connects, and lets what was written go.
    pub(super) async fn set_out(&mut self, to: &Destination) -> Result<(), Broken> {
        self.connect(to).await?;
        let waits = self.request_end.is_done() || !self.passes_body;
        self.recording.enter(if waits { Phase::Wait } else { Phase::Request });
        if self.connection.listener.pairs() {
            self.recording.show();
        }
        self.connection.alarm.no_later_than(self.recording.started() + SHOW_AFTER);
        // Part of the body may have come with the head.
        self.follow_request()
    }

    /// Makes sure that there is a connection to `to`, used before or new.
    async fn connect(&mut self, to: &Destination) -> Result<(), Broken> {
        let reuse = self.connection.upstream.take().filter(|upstream| upstream.to == *to && upstream.is_fresh());
        let upstream = match reuse {
            Some(upstream) => upstream,
            None => self.open(to).await?,
        };
        if let Some((address, from)) = upstream.ends.filter(|_| self.is_the_clients()) {
            self.recording.connected(address, from);
        }
        self.connection.upstream = Some(upstream);
        Ok(())
    }

    /// True unless the request on its way is one that a proxy makes before the client's.
    pub(super) fn is_the_clients(&self) -> bool {
        self.planned.as_ref().is_none_or(|planned| planned.is_the_clients())
    }

    async fn open(&mut self, to: &Destination) -> Result<UpstreamConnection, Broken> {
        self.recording.enter(Phase::Connect);
        let listener = &self.connection.listener;
        let name = self.planned.as_ref().and_then(|planned| planned.name());
        let opening = UpstreamConnection::open(to, name.as_deref(), listener.source(), listener.limits.connect);
        let opened = tokio::select! {
            biased;
            opened = opening => opened,
            () = self.connection.until_gone() => return Err(self.client_gone()),
        };
        opened.map_err(|e| {
            let status = if e.kind() == io::ErrorKind::TimedOut { 504 } else { 502 };
            let text = format!("could not connect to {to}: {e}");
            Broken { ending: Ending::NoUpstream(e.to_string()), failure: Some(Failure::new(status, text)) }
        })
    }

    /// Sends the request once more, on a new connection.
    pub(super) async fn send_again(&mut self) -> Result<(), Broken> {
        self.to_upstream.clear();
        self.connection.upstream = None;
        self.upstream_deaf = false;
        let to = if let Some(planned) = &self.planned {
            let (to, bytes) = planned.again();
            self.to_upstream.bytes.extend_from_slice(bytes);
            Some(to)
        } else {
            self.decide().await?
        };
        if let Some(to) = to {
            self.connect(&to).await?;
        }
        self.recording.enter(Phase::Wait);
        Ok(())
    }

    pub(super) fn write_upstream(&mut self) {
        let Some(upstream) = &self.connection.upstream else { return };
        if !self.upstream_deaf && upstream.stream.has_unsent() && upstream.stream.flush().is_err() {
            self.upstream_deaf = true;
        }
        while !self.upstream_deaf && !self.is_sent() {
            let body = self.connection.input.bytes().get(..self.request_ready).unwrap_or_default();
            match self.to_upstream.write(body, &upstream.stream) {
                Ok(count) => {
                    let of_body = self.to_upstream.wrote(count);
                    self.connection.input.take(of_body);
                    self.request_ready -= of_body;
                    self.last_move = Instant::now();
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                // It may have answered before it hung up (413, 401): what it said is still to be read.
                Err(_) => self.upstream_deaf = true,
            }
        }
        if self.upstream_deaf {
            self.connection.input.take(self.request_ready);
            self.request_ready = 0;
        }
    }

    /// Reads the client. Half a connection is none, as for nginx, Traefik and uvicorn: a client that ends its side before
    /// the response is whole is taken to be gone. Only in a tunnel each side ends by itself.
    pub(super) fn read_client(&mut self) -> Result<(), Broken> {
        match self.connection.input.read(&self.connection.client) {
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Ok(1..) => {
                self.moved();
                self.follow_request()
            }
            // Where the upstream has ended, a reset is an end like any other.
            end if self.client_shut || (self.is_tunnel() && end.is_ok()) => {
                self.client_done = true;
                self.request_end = BodyEnd::Length(0);
                self.moved();
                Ok(())
            }
            _ => Err(self.client_gone()),
        }
    }

    /// Follows the request's body through what has been read and not yet followed.
    pub(super) fn follow_request(&mut self) -> Result<(), Broken> {
        if self.request_end.is_done() || !self.passes_body {
            return Ok(());
        }
        let unread = self.connection.input.bytes().get(self.request_ready..).unwrap_or_default();
        let recording = &mut self.recording;
        let passed = self.request_end.follow(unread, |payload| recording.request_passed(payload));
        let passed = passed.map_err(|why| Broken::refused(400, why))?;
        self.request_ready += passed.bytes;
        if passed.done {
            self.recording.request_trailers(self.request_end.trailers());
            if self.recording.phase() == Phase::Request {
                self.recording.enter(Phase::Wait);
            }
        }
        Ok(())
    }

    /// A kept connection that the upstream closed just before it was used again says nothing about the request; a request
    /// without a body that got no byte of an answer is sent once more on a new connection (RFC 9112 section 9.3.1).
    pub(super) fn may_send_again(&self) -> bool {
        let idempotent =
            matches!(self.recording.request().method(), b"GET" | b"HEAD" | b"OPTIONS" | b"PUT" | b"DELETE");
        let bodiless = BodyEnd::of(self.judged.framing).is_done() || (self.planned.is_some() && !self.body_gone);
        let kept = self.connection.upstream.as_ref().is_some_and(|upstream| upstream.kept);
        matches!(self.response, Response::Awaited) && kept && idempotent && bodiless
    }
}
