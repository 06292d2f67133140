//! Where things are: ports nobody uses, folders that go away, and waiting for what takes its time.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a story waits for anything that should happen at once; long, because the machine may be busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A loopback address that nobody listens on.
///
/// The port is not taken from the system's own range, because there an outgoing connection may take it a moment later.
pub(crate) fn free_address() -> SocketAddr {
    const FIRST: u16 = 12_000;
    const COUNT: u16 = 18_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % u32::from(COUNT)).expect("below COUNT");
    for _ in 0..COUNT {
        let port = FIRST + (start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed))) % COUNT;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no free port");
}

/// A file of the repository.
pub(crate) fn repository(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), name].iter().collect()
}

/// Asks again and again until there is an answer.
///
/// # Panics
/// If there is none within [`PATIENCE`]; `what` says what was waited for.
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
