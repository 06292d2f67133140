//! Where messages come from beside the store: keys and mouse, signals, and the end of the terminal.

use std::future::pending;
use std::io::{self, IsTerminal, stdin};
use std::os::fd::{AsFd, OwnedFd};

use crossterm::event::{Event, KeyEventKind};
use signal_hook::consts::SIGTSTP;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::Exit;
use super::message::Message;

/// Messages from the outside.
pub(super) struct Input {
    keys: mpsc::Receiver<Message>,
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
        // A thread of its own, because crossterm's reader blocks inside an escape sequence that is only half there, and
        // never returns once the terminal is gone. It ends with the process.
        std::thread::Builder::new().name("keys".to_owned()).spawn(move || read_keys(&sender))?;
        Ok(Self {
            keys,
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

    /// A message that is there already.
    pub(super) fn ready(&mut self) -> Option<Message> {
        self.keys.try_recv().ok()
    }
}

fn read_keys(sender: &mpsc::Sender<Message>) {
    while let Ok(event) = crossterm::event::read() {
        let message = match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => Message::Key(key),
            Event::Mouse(mouse) => Message::Mouse(mouse),
            Event::Paste(text) => Message::Paste(text),
            Event::Resize(width, height) => Message::Resize(width, height),
            _ => continue,
        };
        if sender.blocking_send(message).is_err() {
            return;
        }
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
