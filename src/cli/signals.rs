//! The signals that end a run, and the runtime that waits for them.

use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::{Exit, Failure};

/// The signals that end a run without a screen, caught from the moment this is made.
pub(super) struct Signals {
    runtime: Runtime,
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Catches them.
    pub(super) fn install() -> Result<Self, Failure> {
        let runtime = runtime()?;
        let guard = runtime.enter();
        let catch = |kind| signal(kind).context("cannot catch signals").map_err(Failure::unreachable);
        let (interrupt, terminate) = (catch(SignalKind::interrupt())?, catch(SignalKind::terminate())?);
        let hang_up = catch(SignalKind::hangup())?;
        drop(guard);
        Ok(Self { runtime, interrupt, terminate, hang_up })
    }

    /// Waits for one of them, the time that was given, or the report's wish to end.
    pub(super) fn wait(
        &mut self,
        duration: Option<Duration>,
        mut done: mpsc::Receiver<()>,
        end: impl Future<Output = ()>,
    ) -> Exit {
        self.runtime.block_on(async {
            tokio::select! {
                _ = self.interrupt.recv() => Exit::Interrupted,
                _ = self.terminate.recv() => Exit::Fine,
                _ = self.hang_up.recv() => Exit::Fine,
                _ = done.recv() => Exit::Fine,
                () = end => Exit::Fine,
                () = sleep(duration) => Exit::Fine,
            }
        })
    }

    /// Waits for something else.
    ///
    /// # Errors
    /// How the run ends, if one of them comes before.
    pub(super) fn during<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Exit> {
        self.runtime.block_on(async {
            tokio::select! {
                _ = self.interrupt.recv() => Err(Exit::Interrupted),
                _ = self.terminate.recv() => Err(Exit::Fine),
                _ = self.hang_up.recv() => Err(Exit::Fine),
                done = work => Ok(done),
            }
        })
    }
}

/// Ready after so long; never, if nothing is said.
pub(super) async fn sleep(duration: Option<Duration>) {
    match duration {
        Some(duration) => tokio::time::sleep(duration).await,
        None => std::future::pending().await,
    }
}

/// A runtime on the thread that blocks on it.
pub(super) fn runtime() -> Result<Runtime, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build();
    runtime.context("cannot start the runtime").map_err(Failure::unreachable)
}
