//! What every live run has behind its listeners: the recorder, the store, and the one question to the app.
//!
//! ```text
//! proxy ─▶ capture ─▶ recorder thread: store.absorb ─▶ sink (a report)  ─▶ revision += 1 (the dashboard wakes)
//!                                           └ a 404 that the app's routes would explain ─▶ asking thread
//! ```

use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::sync::watch;

use super::watch::Watch;
use crate::asgi::framework::Routes;
use crate::capture::{self, Capture};
use crate::exchange::ExchangeId;
use crate::gateway::Upstream;
use crate::lanes::Setup;
use crate::probe::{self, RoutesError};
use crate::settings::Bounds;
use crate::store::{Limits, Store};

/// The store as the recorder and the faces share it.
pub(super) type SharedStore = Arc<RwLock<Store>>;

/// Told which entries changed; `Break` ends the run.
pub(super) type Sink = Box<dyn FnMut(&Store, &[ExchangeId]) -> ControlFlow<()> + Send>;

/// An app that could not be asked is not asked again for so long.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// How long the end of a run waits for an answer that would complete its findings.
const LAST_ANSWER: Duration = Duration::from_secs(2);

/// Recorder, store, and who asks the app.
pub(super) struct Engine {
    pub store: SharedStore,
    /// The store's revision.
    pub changed: watch::Receiver<u64>,
    /// What the data path records with.
    pub capture: Capture,
    revision: Weak<watch::Sender<u64>>,
    recorder: JoinHandle<()>,
    /// Closed when the asking thread has ended.
    asked: Option<Receiver<()>>,
}

/// Changes the store and wakes the dashboard; the run ends without it.
pub(super) struct Teller {
    store: SharedStore,
    revision: Weak<watch::Sender<u64>>,
}

impl Teller {
    /// Makes a change that concerns no entry.
    pub(super) fn tell(&self, change: impl FnOnce(&mut Store)) {
        let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut store);
        if let Some(revision) = self.revision.upgrade() {
            revision.send_replace(store.revision());
        }
    }
}

/// What the recorder and the asking thread both do with a change.
#[derive(Clone)]
struct Changes {
    store: SharedStore,
    sink: Arc<Mutex<Sink>>,
    revision: Arc<watch::Sender<u64>>,
}

impl Changes {
    /// Tells the sink and wakes the dashboard.
    fn tell(&self, ids: &[ExchangeId]) -> ControlFlow<()> {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        let flow = if ids.is_empty() {
            ControlFlow::Continue(())
        } else {
            self.sink.lock().unwrap_or_else(PoisonError::into_inner)(&store, ids)
        };
        self.revision.send_replace(store.revision());
        flow
    }
}

impl Engine {
    /// Starts the recorder. `app` is who may be asked for the app's routes, `watch` who knows the app's server.
    pub(super) fn start(
        setup: Setup,
        bounds: &Bounds,
        app: Option<Upstream>,
        watch: Option<Watch>,
        sink: Sink,
    ) -> anyhow::Result<Self> {
        let limits = Limits { count: bounds.requests, bytes: bounds.memory };
        let store = Arc::new(RwLock::new(Store::new(setup, limits)));
        let (sender, changed) = watch::channel(0);
        let (capture, recorder) =
            capture::channel(capture::Bounds { body_cap: bounds.body, ..capture::Bounds::default() });
        let changes =
            Changes { store: Arc::clone(&store), sink: Arc::new(Mutex::new(sink)), revision: Arc::new(sender) };
        let revision = Arc::downgrade(&changes.revision);
        let look = watch.clone().map(|watch| start_looking(watch, changes.clone())).transpose()?;
        let (ask, asked) = app.map(|app| start_asking(app, changes.clone())).transpose()?.unzip();
        let recorder = std::thread::Builder::new()
            .name("hopscope-record".to_owned())
            .spawn(move || {
                recorder.run(|batch, losses| {
                    let mut store = changes.store.write().unwrap_or_else(PoisonError::into_inner);
                    let mut ids = store.absorb(batch, losses);
                    let is_due = watch.as_ref().is_some_and(|watch| watch.hear(&mut store, &mut ids));
                    let wants_asking = store.wants_routes() || store.wants_paths();
                    drop(store);
                    if let (true, Some(ask)) = (wants_asking, &ask) {
                        // A full channel means that the question is already asked.
                        let _: Result<(), TrySendError<()>> = ask.try_send(());
                    }
                    if let (true, Some(look)) = (is_due, &look) {
                        // The same: somebody is about to look.
                        let _: Result<(), TrySendError<()>> = look.try_send(());
                    }
                    changes.tell(&ids).is_continue()
                });
            })
            .context("cannot start the recorder's thread")?;
        Ok(Self { store, changed, capture, revision, recorder, asked })
    }

    /// For whoever changes the store beside the recorder.
    pub(super) fn teller(&self) -> Teller {
        Teller { store: Arc::clone(&self.store), revision: Weak::clone(&self.revision) }
    }

    /// Waits until the recorder has taken in all that the data path gave it, and a moment for the app's answer if it is
    /// being asked. The data path must have stopped.
    pub(super) fn finish(self) -> SharedStore {
        drop(self.capture);
        // A panic there has already been told by the panic hook.
        let _ = self.recorder.join();
        if let Some(asked) = self.asked {
            // Nothing is ever sent: the thread's end ends the wait.
            let _ = asked.recv_timeout(LAST_ANSWER);
        }
        self.store
    }
}

/// Starts the thread that asks the app for its routes when the recorder finds that they are wanted. It ends when the
/// recorder does; the receiver is closed then.
fn start_asking(app: Upstream, changes: Changes) -> anyhow::Result<(SyncSender<()>, Receiver<()>)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let (sender, wanted) = sync_channel(1);
    let (ended, asked) = sync_channel(0);
    std::thread::Builder::new()
        .name("hopscope-ask".to_owned())
        .spawn(move || {
            ask(&runtime, &app, &changes, &wanted);
            drop(ended);
        })
        .context("cannot start the asking thread")?;
    Ok((sender, asked))
}

/// Starts the thread that looks whether another process serves now, when exchanges came in. It ends with the recorder.
fn start_looking(watch: Watch, changes: Changes) -> anyhow::Result<SyncSender<()>> {
    let (sender, wanted) = sync_channel(1);
    std::thread::Builder::new()
        .name("hopscope-look".to_owned())
        .spawn(move || {
            while wanted.recv().is_ok() {
                if !watch.look_again() {
                    continue;
                }
                let ids = watch.tell(&mut changes.store.write().unwrap_or_else(PoisonError::into_inner));
                if changes.tell(&ids).is_break() {
                    return;
                }
            }
        })
        .context("cannot start the looking thread")?;
    Ok(sender)
}

fn ask(runtime: &tokio::runtime::Runtime, app: &Upstream, changes: &Changes, wanted: &Receiver<()>) {
    let mut not_before = Instant::now();
    while wanted.recv().is_ok() {
        if Instant::now() < not_before {
            continue;
        }
        let wants_routes = changes.store.read().unwrap_or_else(PoisonError::into_inner).wants_routes();
        let routes = if wants_routes { ask_routes(runtime, app, changes) } else { Some(ControlFlow::Continue(())) };
        let flow = match routes {
            Some(ControlFlow::Continue(())) => ask_paths(runtime, app, changes),
            other => other,
        };
        match flow {
            Some(ControlFlow::Continue(())) => {}
            Some(ControlFlow::Break(())) => return,
            None => not_before = Instant::now() + ASK_AGAIN,
        }
    }
}

/// Asks the app for its routes; `None` if it cannot be asked.
fn ask_routes(runtime: &tokio::runtime::Runtime, app: &Upstream, changes: &Changes) -> Option<ControlFlow<()>> {
    let told = match runtime.block_on(probe::describe(app)) {
        Ok(told) => Some((told.routes, told.root_path)),
        // An answer all the same: it has no description where every FastAPI app has one.
        Err(RoutesError::Status { status: 404, .. }) => {
            let paths = changes.store.read().unwrap_or_else(PoisonError::into_inner).paths_waiting();
            let found = runtime.block_on(probe::paths::shorter(app, &paths));
            let mut store = changes.store.write().unwrap_or_else(PoisonError::into_inner);
            for shorter in &found {
                store.know_prefix(&shorter.prefix);
            }
            drop(store);
            let rests = found.into_iter().map(|shorter| shorter.rest);
            Some(Routes::some(rests)).filter(|routes| routes.templates().next().is_some()).map(|some| (some, None))
        }
        // An app that cannot be asked keeps its routes to itself; the rules then say what they can without them.
        Err(_) => return None,
    };
    let mut store = changes.store.write().unwrap_or_else(PoisonError::into_inner);
    let ids = match told {
        Some((routes, root_path)) => store.describe(routes, root_path),
        None => store.set_undescribed(),
    };
    drop(store);
    Some(changes.tell(&ids))
}

/// Asks the app what stands at paths that its description does not have; `None` if it cannot be asked.
fn ask_paths(runtime: &tokio::runtime::Runtime, app: &Upstream, changes: &Changes) -> Option<ControlFlow<()>> {
    let store = changes.store.read().unwrap_or_else(PoisonError::into_inner);
    let paths = if store.wants_paths() { store.unknown_paths() } else { Vec::new() };
    drop(store);
    if paths.is_empty() {
        return Some(ControlFlow::Continue(()));
    }
    let found = runtime.block_on(probe::mounts::beneath(app, &paths));
    if found.is_empty() {
        return None;
    }
    let mut store = changes.store.write().unwrap_or_else(PoisonError::into_inner);
    for (path, found) in found {
        store.know_beneath(&path, found);
    }
    let ids = store.judge_asked();
    drop(store);
    Some(changes.tell(&ids))
}
