//! One client connection: request after request, until one side has had enough.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::buffer::Buffer;
use super::failure::{Broken, Failure};
use super::forward::Forward;
use super::forward::planned::Refusal;
use super::framing::BodyEnd;
use super::head::{Judged, Kind, judge};
use super::pair_id::RunTag;
use super::readiness::{Alarm, Ready, ready};
use super::recording::{Ends, Recording};
use super::stand_in::StandIn;
use super::upstream::UpstreamConnection;
use crate::capture::Capture;
use crate::exchange::probe::ProbeKey;
use crate::exchange::{Ending, Framing, Phase, RequestHead, Side};
use crate::gateway::{Listen, Upstream};

/// How long a client that was told the end may be silent before its connection is closed: closing with unread bytes
/// resets, and then it might never read what it was told. As nginx's `lingering_timeout`.
const LINGER: Duration = Duration::from_secs(5);
/// How long it may go on sending. As nginx's `lingering_time`.
const LINGER_IN_ALL: Duration = Duration::from_secs(30);
/// Bytes read ahead of a client while its request is answered.
pub(super) const READ_AHEAD: usize = 16 << 10;

/// What a listener does with a request.
#[derive(Debug)]
pub(super) enum Role {
    /// Passes it on as it came.
    Tap { side: Side, to: Upstream, source: Option<IpAddr>, tag: Option<RunTag> },
    /// Is the proxy.
    StandIn { stand_in: Arc<StandIn>, door: Option<Listen> },
}

/// Limits of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest head, in bytes.
    pub head: usize,
    /// The longest silence within an exchange; a stream that is being answered may be silent for longer.
    pub idle: Duration,
    /// How long a connection is kept between requests.
    pub keep_alive: Duration,
    /// How long connecting to an upstream may take.
    pub connect: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 64 << 10,
            idle: Duration::from_secs(600),
            keep_alive: Duration::from_secs(75),
            connect: Duration::from_secs(10),
        }
    }
}

/// What all connections of a listener share.
#[derive(Debug)]
pub(super) struct Listener {
    pub role: Role,
    /// What the app's probe is asked with; never at an edge tap.
    pub probe: Option<ProbeKey>,
    pub limits: Limits,
    pub capture: Capture,
    pub stop: Arc<Stop>,
}

/// The state of stopping: no new requests, the running ones may end.
#[derive(Debug, Default)]
pub(super) struct Stop {
    pub stopping: AtomicBool,
    pub running: AtomicUsize,
}

impl Listener {
    /// True if both halves of its exchanges are expected.
    pub(super) fn pairs(&self) -> bool {
        matches!(self.role, Role::Tap { tag: Some(_), .. })
    }

    pub(super) fn source(&self) -> Option<IpAddr> {
        match self.role {
            Role::Tap { source, .. } => source,
            Role::StandIn { .. } => None,
        }
    }
}

/// What becomes of a client's connection after an exchange.
#[derive(Debug)]
pub(super) enum After {
    /// The next request.
    Next,
    /// The next request, behind the rest of a body that nobody waits for.
    Skip(BodyEnd),
    /// It is closed.
    Close,
    /// It is closed once the client has had time to read what it was told.
    Linger,
    /// It is closed so that the client cannot take what it got for the whole.
    Reset,
}

/// One client connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub listener: Arc<Listener>,
    pub client: TcpStream,
    pub ends: Ends,
    pub input: Buffer,
    pub upstream: Option<UpstreamConnection>,
    pub alarm: Alarm,
    spare: (Vec<u8>, Vec<u8>),
}

/// What was read where a request was expected.
enum Next {
    Head(Judged),
    Broken(Broken),
    End,
}

impl Connection {
    pub(super) fn new(listener: Arc<Listener>, client: TcpStream, ends: Ends) -> Self {
        let alarm = Alarm::at(Instant::now() + listener.limits.keep_alive);
        let spare = (Vec::new(), Vec::new());
        Self { listener, client, ends, input: Buffer::new(), upstream: None, alarm, spare }
    }

    /// Serves it to its end.
    pub(super) async fn serve(mut self) {
        loop {
            let judged = match self.next_head().await {
                Next::Head(judged) => judged,
                Next::Broken(broken) => return self.refuse(broken).await,
                Next::End => return,
            };
            let stop = Arc::clone(&self.listener.stop);
            stop.running.fetch_add(1, Ordering::Relaxed);
            let after = self.exchange(judged).await;
            stop.running.fetch_sub(1, Ordering::Relaxed);
            match after {
                After::Next | After::Skip(_) if stop.stopping.load(Ordering::Relaxed) => return,
                After::Next => {}
                After::Skip(rest) => {
                    if !self.skip(rest).await {
                        return self.linger().await;
                    }
                }
                After::Close => return,
                After::Linger => return self.linger().await,
                After::Reset => {
                    // Closed the usual way if the system will not.
                    let _ = self.client.set_zero_linger();
                    return;
                }
            }
        }
    }

    async fn exchange(&mut self, judged: Judged) -> After {
        let head = self.input.bytes().get(..judged.length).unwrap_or_default();
        let Ok(head) = RequestHead::from_judged(head) else { return After::Close };
        self.input.take(judged.length);
        let (head, pair) = match &self.listener.role {
            Role::Tap { side: Side::App, tag: Some(tag), .. } => match tag.take_off(head) {
                Ok(taken) => taken,
                Err(_) => return After::Close,
            },
            _ => (head, None),
        };
        let mut recording = Recording::begin(&self.listener.capture, self.ends, head, judged.framing);
        if let Some(pair) = pair {
            recording.found_pair(pair);
        }
        Forward::new(self, recording, judged).run().await
    }

    /// Reads the next request's head.
    async fn next_head(&mut self) -> Next {
        let (mut since, mut idle) = (Instant::now(), true);
        loop {
            // Empty lines before a request line are to be overlooked (RFC 9112 section 2.2).
            while self.input.bytes().starts_with(b"\r\n") {
                self.input.take(2);
            }
            if !matches!(self.input.bytes(), [] | [b'\r']) {
                if std::mem::take(&mut idle) {
                    since = Instant::now();
                }
                match judge(self.input.bytes(), Kind::Request) {
                    Ok(Some(judged)) if judged.length <= self.listener.limits.head => return Next::Head(judged),
                    Ok(None) if self.input.bytes().len() <= self.listener.limits.head => {}
                    Ok(_) => return Next::Broken(Broken::refused(431, "the head is larger than the limit")),
                    Err(refusal) => return Next::Broken(Broken::refused(refusal.status, refusal.why)),
                }
            }
            let due = since + if idle { self.listener.limits.keep_alive } else { self.listener.limits.idle };
            self.alarm.no_later_than(due);
            // The upstream ends idle connections when it likes: noticed at once, nothing is sent into a dead one.
            let wanted = Ready { client_read: true, upstream_read: true, ..Ready::default() };
            let upstream = self.upstream.as_ref().map(|upstream| &upstream.stream);
            let got = ready(wanted, &self.client, upstream, &mut self.alarm).await;
            if got.upstream_read {
                self.upstream = self.upstream.take().filter(UpstreamConnection::is_fresh);
            }
            if got.client_read {
                match self.input.read(&self.client) {
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                    Ok(0) | Err(_) if idle => return Next::End,
                    Ok(0) | Err(_) => return Next::Broken(gone_in_head()),
                    Ok(_) => {}
                }
            } else if got.alarm {
                match (Instant::now() < due, idle) {
                    (true, _) => {
                        self.shrink();
                        self.alarm.set(due);
                    }
                    (false, true) => return Next::End,
                    (false, false) => return Next::Broken(late_head()),
                }
            }
        }
    }

    /// Gives back what large bodies needed. Done when a moment has passed without a request, and not between two: growing
    /// the buffers again for every body would cost more than passing it on.
    fn shrink(&mut self) {
        self.input.shrink();
        if let Some(upstream) = &mut self.upstream {
            upstream.input.shrink();
        }
    }

    /// Records what is no acceptable request as it came, and answers it.
    async fn refuse(mut self, broken: Broken) {
        let head = RequestHead::salvage(self.input.bytes());
        let mut recording = Recording::begin(&self.listener.capture, self.ends, head, Framing::None);
        recording.end(broken.ending);
        let Some(failure) = broken.failure else { return };
        let (head, body) = match self.refusal_of_proxy() {
            Refusal::Said(said) => {
                recording.answered_by_proxy(&said.head, &said.body);
                (said.head, said.body)
            }
            Refusal::HangsUp => return,
            Refusal::Unknown => {
                recording.failed(&failure);
                failure.response()
            }
        };
        drop(recording);
        if self.write_all(&[head, body].concat()).await.is_ok() {
            self.linger().await;
        }
    }

    /// What the proxy that is stood in for does with what is refused here.
    fn refusal_of_proxy(&self) -> Refusal {
        let Role::StandIn { stand_in, door } = &self.listener.role else { return Refusal::Unknown };
        let bytes = self.input.bytes();
        let end = memchr::memmem::find(bytes, b"\r\n\r\n").map_or(0, |at| at + 4);
        match bytes.get(..end).unwrap_or_default() {
            [] => Refusal::Unknown,
            head => Refusal::of(stand_in, door.as_ref(), head, (self.ends.peer, self.ends.local)),
        }
    }

    /// Reads ahead while something else is waited for, and returns when the client is gone.
    pub(super) async fn until_gone(&mut self) {
        while self.input.bytes().len() < READ_AHEAD {
            if !self.read_more().await {
                return;
            }
        }
        std::future::pending::<()>().await;
    }

    /// Waits for bytes and reads them; false if there will be none.
    pub(super) async fn read_more(&mut self) -> bool {
        if self.client.readable().await.is_err() {
            return false;
        }
        match self.input.read(&self.client) {
            Ok(count) => count > 0,
            Err(e) => e.kind() == io::ErrorKind::WouldBlock,
        }
    }

    /// Reads to the end of a body that nobody waits for; false if it does not come.
    async fn skip(&mut self, mut rest: BodyEnd) -> bool {
        loop {
            let Ok(passed) = rest.follow(self.input.bytes(), |_| {}) else { return false };
            self.input.take(passed.bytes);
            if passed.done {
                return true;
            }
            if !matches!(timeout(LINGER, self.read_more()).await, Ok(true)) {
                return false;
            }
        }
    }

    /// Writes all of `bytes` to the client, or gives up after the idle limit.
    pub(super) async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        timeout(self.listener.limits.idle, self.client.write_all(bytes)).await?
    }

    /// Ends our side and reads what is still on its way, for a while.
    async fn linger(mut self) {
        let _ = self.client.shutdown().await;
        let mut void = [0; 4096];
        let drain = async { while matches!(timeout(LINGER, self.client.read(&mut void)).await, Ok(Ok(1..))) {} };
        let _ = timeout(LINGER_IN_ALL, drain).await;
    }

    /// Two empty buffers with the room that earlier exchanges needed.
    pub(super) fn spare_buffers(&mut self) -> (Vec<u8>, Vec<u8>) {
        std::mem::take(&mut self.spare)
    }

    pub(super) fn keep_buffers(&mut self, (mut to_upstream, mut to_client): (Vec<u8>, Vec<u8>)) {
        to_upstream.clear();
        to_client.clear();
        self.spare = (to_upstream, to_client);
    }
}

fn gone_in_head() -> Broken {
    Broken { ending: Ending::ClientGone(Phase::Request), failure: None }
}

fn late_head() -> Broken {
    let failure = Failure::new(408, "the head did not come within the idle limit");
    Broken { ending: Ending::TimedOut(Phase::Request), failure: Some(failure) }
}
