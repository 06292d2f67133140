//! Listening, accepting, and stopping: the data path's own thread.
//!
//! One thread with one single-threaded runtime carries all traffic: nothing is shared between tasks on different cores, and
//! neither drawing nor recording can delay a request.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, Limits, Listener, Role, Stop};
use super::pair_id::RunTag;
use super::recording::{Ends, Stand};
use super::stand_in::StandIn;
use crate::capture::Capture;
use crate::exchange::probe::ProbeKey;
use crate::exchange::{ConnectionId, Side, TapId};
use crate::gateway::{Listen, Upstream};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;
/// How long running exchanges may go on after the stop.
const GRACE: Duration = Duration::from_secs(2);
/// How long to wait when the system has no more descriptors.
const OUT_OF_DESCRIPTORS: Duration = Duration::from_millis(100);

/// An address that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: name another address or stop who has it")]
pub struct BindError {
    /// The address asked for.
    pub address: SocketAddr,
    /// The system's reason.
    pub source: io::Error,
}

/// A listener and what it does.
#[derive(Debug)]
pub struct Tap {
    /// The bound socket, from [`bind`].
    pub listener: StdListener,
    /// What it does with a request.
    pub role: TapRole,
}

/// What a listener does with a request.
#[derive(Clone, Debug)]
pub enum TapRole {
    /// Stands before the proxy and passes on to it.
    Edge {
        /// The proxy.
        to: Upstream,
    },
    /// Stands behind the proxy and passes on to the app's server.
    App {
        /// The app's server.
        to: Upstream,
        /// The address to connect from, if not the system's choice.
        source: Option<IpAddr>,
        /// What the probe in the app is asked with; `None` asks nothing.
        probe: Option<ProbeKey>,
    },
    /// Is the proxy.
    StandIn {
        /// Which, and where its names are.
        stand_in: Arc<StandIn>,
        /// The listener of its configuration that this one stands for; itself, if there is none.
        door: Option<Listen>,
        /// What the probe in the app is asked with; `None` asks nothing.
        probe: Option<ProbeKey>,
    },
}

/// Binds a listening socket.
///
/// # Errors
/// [`BindError`] with the address and the system's reason.
pub fn bind(address: SocketAddr) -> Result<StdListener, BindError> {
    let bound = || {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // A port that a run before this one has just left is free again at once.
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        Ok(StdListener::from(socket))
    };
    bound().map_err(|source| BindError { address, source })
}

/// The running data path.
#[derive(Debug)]
pub struct Running {
    stop: CancellationToken,
    thread: JoinHandle<()>,
}

impl Running {
    /// Stops: no new connections; running exchanges may end within two seconds; then what still runs is recorded as
    /// stopped. Returns when all is over.
    pub fn stop(self) {
        self.stop.cancel();
        // A panic there has already been told by the panic hook.
        let _ = self.thread.join();
    }
}

/// Starts the data path for these taps, numbered in their order.
///
/// # Errors
/// If the runtime or its thread cannot be made, or a listener cannot be registered.
pub fn start(taps: Vec<Tap>, limits: Limits, capture: &Capture) -> io::Result<Running> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let (stop, state) = (CancellationToken::new(), Arc::new(Stop::default()));
    let has = |edge: bool| taps.iter().any(|tap| edge == matches!(tap.role, TapRole::Edge { .. }) && !is_stand_in(tap));
    let tag = (has(true) && has(false)).then(RunTag::random);
    let connections = Arc::new(AtomicU64::new(0));
    for (index, tap) in taps.into_iter().enumerate() {
        let (stand, role, probe) = match tap.role {
            TapRole::Edge { to } => {
                (Stand::Tap(Side::Edge), Role::Tap { side: Side::Edge, to, source: None, tag }, None)
            }
            TapRole::App { to, source, probe } => {
                (Stand::Tap(Side::App), Role::Tap { side: Side::App, to, source, tag }, probe)
            }
            TapRole::StandIn { stand_in, door, probe } => (Stand::StandIn, Role::StandIn { stand_in, door }, probe),
        };
        let listener = Arc::new(Listener { role, probe, limits, capture: capture.clone(), stop: Arc::clone(&state) });
        let id = TapId(u16::try_from(index).unwrap_or(u16::MAX));
        let guard = runtime.enter();
        let socket = TcpListener::from_std(tap.listener)?;
        drop(guard);
        runtime.spawn(accept(socket, listener, id, stand, Arc::clone(&connections), stop.clone()));
    }
    let stopped = stop.clone();
    let thread = std::thread::Builder::new().name("hopscope-data".to_owned()).spawn(move || {
        runtime.block_on(async {
            stopped.cancelled().await;
            state.stopping.store(true, Ordering::Relaxed);
            let all_ended = async {
                while state.running.load(Ordering::Relaxed) > 0 {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            };
            let _ = tokio::time::timeout(GRACE, all_ended).await;
        });
        // What still runs is dropped, and dropping a recording hands it over. A name that is being looked up in a thread
        // of its own is not waited for.
        runtime.shutdown_background();
    })?;
    Ok(Running { stop, thread })
}

fn is_stand_in(tap: &Tap) -> bool {
    matches!(tap.role, TapRole::StandIn { .. })
}

async fn accept(
    socket: TcpListener,
    listener: Arc<Listener>,
    tap: TapId,
    stand: Stand,
    connections: Arc<AtomicU64>,
    stop: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let (client, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(e) => {
                // A connection that was reset before it was accepted is nobody's; running out of descriptors passes.
                if !matches!(e.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset) {
                    tokio::time::sleep(OUT_OF_DESCRIPTORS).await;
                }
                continue;
            }
        };
        let (Ok(local), Ok(())) = (client.local_addr(), client.set_nodelay(true)) else { continue };
        let connection = ConnectionId(connections.fetch_add(1, Ordering::Relaxed) + 1);
        let ends = Ends { tap, stand, connection, peer, local };
        tokio::spawn(Connection::new(Arc::clone(&listener), client, ends).serve());
    }
}
