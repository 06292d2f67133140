//! One exchange: the request goes to the upstream, the response to the client, each piece as soon as it is there.
//!
//! ```text
//! client ─read─▶ connection.input ─▶ to_upstream + body ─write─▶ upstream        request
//! client ◀─write─ to_client + body ◀─ upstream.input ◀─read─ upstream            response
//! ```
//!
//! Both directions run in one loop: write what is at hand, wait for whatever can go on, read. Nothing is read while what
//! was read before is still to be written, so a slow reader slows the writer and memory stays flat.

mod ending;
pub(super) mod planned;
mod request;
mod response;

use std::time::{Duration, Instant};

use planned::{Planned, Recovery};

use super::connection::{After, Connection, READ_AHEAD};
use super::failure::Broken;
use super::framing::BodyEnd;
use super::head::Judged;
use super::payload::Payload;
use super::pending::Pending;
use super::readiness::{Ready, ready};
use super::recording::Recording;
use crate::exchange::{Ending, Phase};
use crate::gateway::{self, Destination};

/// How long an exchange runs before it is shown while it goes on, and how often it is shown again while things move.
const SHOW_AFTER: Duration = Duration::from_millis(250);
/// How often the alarm of a stream goes off that may be silent for ever.
const SELDOM: Duration = Duration::from_secs(3600);

/// How far the response has come.
enum Response {
    Awaited,
    Passing(BodyEnd),
    Done,
}

/// One exchange on its way.
pub(super) struct Forward<'c> {
    connection: &'c mut Connection,
    recording: Recording,
    judged: Judged,
    request_end: BodyEnd,
    /// The stand-in's plan, and how far it has come; `None` for a tap.
    planned: Option<Box<Planned>>,
    /// The request that a response has led to.
    next: Option<Box<gateway::Forward>>,
    /// The client's body goes on with the request on its way.
    passes_body: bool,
    /// It has gone on, in part at least, and is not here any more.
    body_gone: bool,
    /// Bytes at the front of the client's buffer that belong to this request's body and are to be passed on.
    request_ready: usize,
    to_upstream: Pending,
    response: Response,
    /// Bytes at the front of the upstream's buffer that belong to the response's body and are to be passed on.
    response_ready: usize,
    to_client: Pending,
    /// How the response's payload goes on.
    payload: Payload,
    /// The upstream takes nothing more; its answer may still come.
    upstream_deaf: bool,
    /// The client's end of a tunnel has come.
    client_done: bool,
    /// The upstream's end of a tunnel has been passed on.
    client_shut: bool,
    client_told: bool,
    keep_client: bool,
    keep_upstream: bool,
    last_move: Instant,
    show_at: Option<Instant>,
    /// How it ends, if nothing comes between.
    ending: Ending,
}

impl<'c> Forward<'c> {
    pub(super) fn new(connection: &'c mut Connection, recording: Recording, judged: Judged) -> Self {
        let now = recording.started();
        let (to_upstream, to_client) = connection.spare_buffers();
        Self {
            request_end: BodyEnd::of(judged.framing),
            request_ready: 0,
            to_upstream: Pending::new(to_upstream),
            response: Response::Awaited,
            response_ready: 0,
            to_client: Pending::new(to_client),
            payload: Payload::as_it_came(),
            planned: None,
            next: None,
            passes_body: true,
            body_gone: false,
            ending: Ending::Complete,
            upstream_deaf: false,
            client_done: false,
            client_shut: false,
            client_told: false,
            keep_client: judged.http11 && !judged.close,
            keep_upstream: true,
            last_move: now,
            show_at: Some(now + SHOW_AFTER),
            connection,
            recording,
            judged,
        }
    }

    /// Runs it to its end, and says what becomes of the client's connection.
    pub(super) async fn run(mut self) -> After {
        let (ending, after) = match self.steps().await {
            Ok(()) => (std::mem::replace(&mut self.ending, Ending::Complete), self.after()),
            Err(broken) => (broken.ending.clone(), self.give_up(broken).await),
        };
        self.recording.end(ending);
        if matches!(after, After::Next) && self.keep_upstream {
            if let Some(upstream) = &mut self.connection.upstream {
                upstream.kept = true;
            }
        } else {
            self.connection.upstream = None;
        }
        let buffers = (std::mem::take(&mut self.to_upstream.bytes), std::mem::take(&mut self.to_client.bytes));
        self.connection.keep_buffers(buffers);
        after
    }

    async fn steps(&mut self) -> Result<(), Broken> {
        let mut to = self.decide().await?;
        loop {
            let Err(mut broken) = self.pass(to).await else { return Ok(()) };
            // The proxy may have another answer than the upstream's silence.
            to = match self.recover(&mut broken)? {
                Recovery::None => return Err(broken),
                Recovery::Answered => None,
                Recovery::Next(to) => Some(to),
            };
        }
    }

    /// Lets the request go, if it goes anywhere, and passes on what comes until all is over.
    async fn pass(&mut self, to: Option<Destination>) -> Result<(), Broken> {
        if let Some(to) = to {
            self.set_out(&to).await?;
        }
        loop {
            self.write_upstream();
            self.write_client()?;
            self.pass_on_ends().await;
            if self.is_over() {
                return Ok(());
            }
            let got = self.wait().await;
            if got.client_read {
                self.read_client()?;
            }
            if got.upstream_read {
                self.read_upstream().await?;
            }
            if got.alarm {
                self.alarm()?;
            }
        }
    }

    /// True once the response has gone out; in a tunnel, once the upstream can also be sent nothing more.
    fn is_over(&self) -> bool {
        matches!(self.response, Response::Done) && self.is_flushed() && (!self.is_tunnel() || self.upstream_deaf)
    }

    fn is_tunnel(&self) -> bool {
        self.recording.phase() == Phase::Tunnel
    }

    /// True if nothing waits to be written to the client.
    fn is_flushed(&self) -> bool {
        self.to_client.is_empty() && self.response_ready == 0
    }

    /// True if nothing waits to be written to the upstream.
    fn is_sent(&self) -> bool {
        self.to_upstream.is_empty() && self.request_ready == 0
    }

    /// True if the upstream's socket still holds something back.
    fn has_unsent(&self) -> bool {
        self.connection.upstream.as_ref().is_some_and(|upstream| upstream.stream.has_unsent())
    }

    /// What becomes of the client's connection after a whole response.
    fn after(&mut self) -> After {
        // It may have been answered before it was sent on whole. What is left of it never goes on, and it must not be
        // taken for the next request.
        self.keep_upstream &= self.request_end.is_done() && self.is_sent() && !self.upstream_deaf;
        self.connection.input.take(std::mem::take(&mut self.request_ready));
        match &mut self.request_end {
            _ if self.client_shut => After::Close,
            end if end.is_done() && self.keep_client => After::Next,
            end if end.is_done() && self.connection.input.is_empty() => After::Close,
            // With `Expect`, the rest of the body comes or does not (RFC 9110 section 10.1.1).
            end if self.keep_client && !self.judged.expect => After::Skip(std::mem::replace(end, BodyEnd::Length(0))),
            _ => After::Linger,
        }
    }

    /// In a tunnel, the end of each side is passed on to the other.
    async fn pass_on_ends(&mut self) {
        use tokio::io::AsyncWriteExt as _;
        if !self.is_tunnel() {
            return;
        }
        // A shutdown that fails shows when reading.
        if self.client_done && self.is_sent() && !self.upstream_deaf {
            self.upstream_deaf = true;
            if let Some(upstream) = &mut self.connection.upstream {
                let _ = upstream.stream.end();
            }
        }
        if matches!(self.response, Response::Done) && self.is_flushed() && !self.client_shut {
            self.client_shut = true;
            let _ = self.connection.client.shutdown().await;
        }
    }

    async fn wait(&mut self) -> Ready {
        let input = self.connection.input.bytes().len();
        let wanted = Ready {
            // While a request is answered the client is read too: that is how its hanging up is noticed.
            client_read: !self.client_done
                && if self.request_end.is_done() || !self.passes_body {
                    input < READ_AHEAD
                } else {
                    self.request_ready == 0
                },
            client_write: !self.is_flushed(),
            upstream_read: self.is_flushed() && !matches!(self.response, Response::Done),
            upstream_write: !self.upstream_deaf && (!self.is_sent() || self.has_unsent()),
            alarm: true,
        };
        let connection = &mut *self.connection;
        let upstream = connection.upstream.as_ref().map(|upstream| &upstream.stream);
        ready(wanted, &connection.client, upstream, &mut connection.alarm).await
    }

    fn moved(&mut self) {
        self.last_move = Instant::now();
        if self.show_at.is_none() {
            let when = self.last_move + SHOW_AFTER;
            self.show_at = Some(when);
            self.connection.alarm.no_later_than(when);
        }
    }

    /// The alarm went off: perhaps it is time to show how things are, perhaps somebody has been silent for too long.
    fn alarm(&mut self) -> Result<(), Broken> {
        let now = Instant::now();
        if self.show_at.is_some_and(|when| when <= now) {
            self.recording.show();
            self.show_at = None;
        }
        let limit = self.connection.listener.limits.idle;
        // A stream may be silent as long as it likes; its alarm is set again when something moves.
        let due = if self.is_stream() { now + limit.max(SELDOM) } else { self.last_move + limit };
        if now >= due {
            return Err(self.timed_out(limit));
        }
        self.connection.alarm.set(self.show_at.map_or(due, |show| show.min(due)));
        Ok(())
    }

    /// True if silence means nothing: a response without a known length, all of it passed on, both sides open.
    fn is_stream(&self) -> bool {
        matches!(self.response, Response::Passing(BodyEnd::UntilClose | BodyEnd::Chunked(_)))
            && self.is_flushed()
            && !self.client_done
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::capture::{Bounds, channel};
    use crate::exchange::{ConnectionId, RequestHead, Side, TapId};
    use crate::gateway::Upstream;
    use crate::proxy::connection::{Limits, Listener, Role, Stop};
    use crate::proxy::head::{Kind, judge};
    use crate::proxy::recording::{Ends, Stand};

    /// The upstream answered and stopped reading; the client has sent all, and the last bytes are still here.
    #[tokio::test]
    async fn the_rest_of_a_body_is_never_the_next_request() {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let far = TcpStream::connect(socket.local_addr().unwrap()).await.unwrap();
        let (near, peer) = socket.accept().await.unwrap();
        let (capture, _recorder) = channel(Bounds::default());
        let to = Upstream::parse("http://127.0.0.1:1").unwrap();
        let role = Role::Tap { side: Side::Edge, to, source: None, tag: None };
        let stop = Arc::new(Stop::default());
        let listener = Listener { role, probe: None, limits: Limits::default(), capture: capture.clone(), stop };
        let ends =
            Ends { tap: TapId(0), stand: Stand::Tap(Side::Edge), connection: ConnectionId(1), peer, local: peer };
        let mut connection = Connection::new(Arc::new(listener), near, ends);
        let head = b"POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\n";
        let judged = judge(head, Kind::Request).unwrap().unwrap();
        let recording = Recording::begin(&capture, ends, RequestHead::from_wire(*head).unwrap(), judged.framing);
        far.try_write(b"GET /").unwrap();
        connection.client.readable().await.unwrap();

        let mut forward = Forward::new(&mut connection, recording, judged);
        forward.read_client().ok().unwrap();
        assert!(forward.request_end.is_done() && forward.request_ready == 5);
        forward.response = Response::Done;
        assert!(matches!(forward.after(), After::Next));
        assert!(!forward.keep_upstream, "it waits for the rest");
        drop(forward);
        assert!(connection.input.is_empty(), "{}", connection.input.bytes().escape_ascii());
    }
}
