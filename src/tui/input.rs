//! Where messages come from beside the store: keys and mouse, signals, and the end of the terminal.

use std::future::pending;
use std::io::{self, IsTerminal, stdin};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use crossterm::event::{Event, EventStream, KeyEventKind};
use futures_util::StreamExt as _;
use signal_hook::consts::SIGTSTP;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

use super::Exit;
use super::message::Message;

/// Messages from the outside.
pub(super) struct Input {
    keys: mpsc::Receiver<Message>,
    hold: mpsc::Sender<Hold>,
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
    suspend: Signal,
    terminal: Option<AsyncFd<OwnedFd>>,
}

impl Input {
    /// Starts to listen. Must be called within a tokio runtime.
    pub(super) fn listen() -> io::Result<Self> {
        let (sender, keys) = mpsc::channel(256);
        let (hold, held) = mpsc::channel(1);
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        // A thread of its own, because crossterm's reader blocks inside an escape sequence that is only half there, and
        // never returns once the terminal is gone. It ends with the process.
        let read = move || runtime.block_on(read_keys(&sender, held));
        std::thread::Builder::new().name("keys".to_owned()).spawn(read)?;
        Ok(Self {
            keys,
            hold,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            suspend: signal(SignalKind::from_raw(SIGTSTP))?,
            terminal: terminal().ok(),
        })
    }

    /// The next message. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Message {
        tokio::select! {
            message = self.keys.recv() => message.unwrap_or(Message::End(Exit::TerminalClosed)),
            _ = self.interrupt.recv() => Message::End(Exit::Interrupted),
            _ = self.terminate.recv() => Message::End(Exit::Terminated),
            _ = self.hang_up.recv() => Message::End(Exit::TerminalClosed),
            _ = self.suspend.recv() => Message::Suspend,
            () = closed(self.terminal.as_ref()) => Message::End(Exit::TerminalClosed),
        }
    }

    /// Leaves the terminal's input to somebody else for as long as what comes back is held. `None` if the reader does not
    /// let go of it: it waits for the rest of a key.
    pub(super) fn hold(&self) -> Option<Held> {
        let (let_go, done) = std::sync::mpsc::sync_channel(1);
        let (held, until) = oneshot::channel();
        self.hold.try_send(Hold { let_go, until }).ok()?;
        done.recv_timeout(PATIENCE).ok().map(|()| Held { _until: held })
    }

    /// A message that is there already.
    pub(super) fn ready(&mut self) -> Option<Message> {
        self.keys.try_recv().ok()
    }
}

/// How long the reader may take to let go.
const PATIENCE: Duration = Duration::from_secs(1);

/// The wish that the reader let go of the terminal.
struct Hold {
    /// Told once it has.
    let_go: std::sync::mpsc::SyncSender<()>,
    /// Ready when it may read again.
    until: oneshot::Receiver<()>,
}

/// The terminal's input is somebody else's as long as this is held.
pub(super) struct Held {
    _until: oneshot::Sender<()>,
}

async fn read_keys(sender: &mpsc::Sender<Message>, mut hold: mpsc::Receiver<Hold>) {
    loop {
        let mut events = EventStream::new();
        let wish = loop {
            tokio::select! {
                wish = hold.recv() => break wish,
                event = events.next() => {
                    let Some(Ok(event)) = event else { return };
                    let Some(message) = message(event) else { continue };
                    if sender.send(message).await.is_err() {
                        return;
                    }
                }
            }
        };
        // Dropped, it wakes the thread that waits on the terminal.
        drop(events);
        let Some(Hold { let_go, until }) = wish else { return };
        // Who asked may have lost patience, and then holds nothing.
        let _ = let_go.send(());
        let _ = until.await;
    }
}

/// What an event of the terminal means, if it means anything.
fn message(event: Event) -> Option<Message> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(Message::Key(key)),
        Event::Mouse(mouse) => Some(Message::Mouse(mouse)),
        Event::Paste(text) => Some(Message::Paste(text)),
        Event::Resize(width, height) => Some(Message::Resize(width, height)),
        _ => None,
    }
}

/// The terminal that keys come from, registered to be told when it closes.
fn terminal() -> io::Result<AsyncFd<OwnedFd>> {
    let stdin = stdin();
    let fd =
        if stdin.is_terminal() { stdin.as_fd().try_clone_to_owned()? } else { std::fs::File::open("/dev/tty")?.into() };
    #[allow(deprecated, reason = "sound for an OwnedFd; what replaces it is an unsafe fn, which this crate forbids")]
    AsyncFd::with_interest(fd, Interest::READABLE)
}

/// Ready once the terminal is closed. Wakes with each key as well, which costs next to nothing.
async fn closed(terminal: Option<&AsyncFd<OwnedFd>>) {
    let Some(terminal) = terminal else { return pending().await };
    loop {
        match terminal.readable().await {
            Ok(guard) if guard.ready().is_read_closed() => return,
            Ok(mut guard) => guard.clear_ready(),
            Err(_) => return,
        }
    }
}
