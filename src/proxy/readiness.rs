//! Waiting, in one task, for whichever of an exchange's two sockets can go on first, or for its alarm.
//!
//! An exchange is one task with one loop. hyper's client would put each upstream connection in a task of its own, and every
//! message between the two is a wake-up; that was 1.6 times the latency at low rates and a good part of the processor time.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::net::TcpStream;
use tokio::time::Sleep;

use super::socket::{Socket as _, Stream};

/// What to wait for, and what came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ready {
    pub client_read: bool,
    pub client_write: bool,
    pub upstream_read: bool,
    pub upstream_write: bool,
    pub alarm: bool,
}

impl Ready {
    fn any(self) -> bool {
        self.client_read || self.client_write || self.upstream_read || self.upstream_write || self.alarm
    }
}

/// A timer that is seldom touched: it is only ever set to an earlier time, and whoever it wakes says when next.
#[derive(Debug)]
pub(super) struct Alarm {
    sleep: Pin<Box<Sleep>>,
}

impl Alarm {
    pub(super) fn at(when: Instant) -> Self {
        Self { sleep: Box::pin(tokio::time::sleep_until(when.into())) }
    }

    /// Makes it go off at `when` or before.
    pub(super) fn no_later_than(&mut self, when: Instant) {
        if when < self.sleep.deadline().into_std() {
            self.set(when);
        }
    }

    /// Makes it go off at `when`.
    pub(super) fn set(&mut self, when: Instant) {
        self.sleep.as_mut().reset(when.into());
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        self.sleep.as_mut().poll(cx).is_ready()
    }
}

/// Waits until something in `wanted` is ready; the alarm is always waited for.
///
/// A socket that is ready stays so until a read or write on it would block, so each of them must be tried before waiting
/// for it again. An error on a socket counts as ready: trying it tells.
pub(super) async fn ready(wanted: Ready, client: &TcpStream, upstream: Option<&Stream>, alarm: &mut Alarm) -> Ready {
    poll_fn(|cx| {
        let got = Ready {
            client_read: wanted.client_read && client.poll_read_ready(cx).is_ready(),
            client_write: wanted.client_write && client.poll_write_ready(cx).is_ready(),
            upstream_read: wanted.upstream_read && upstream.is_some_and(|s| s.poll_read_ready(cx).is_ready()),
            upstream_write: wanted.upstream_write && upstream.is_some_and(|s| s.poll_write_ready(cx).is_ready()),
            alarm: alarm.poll(cx),
        };
        if got.any() { Poll::Ready(got) } else { Poll::Pending }
    })
    .await
}
