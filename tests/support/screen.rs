//! The program in a terminal of its own: keys in, screen out.

use std::io::{Read as _, Write};
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::hopscope::BINARY;
use super::place::wait_for;

/// A terminal with a program in it.
pub(crate) struct Screen {
    child: Box<dyn Child + Send + Sync>,
    keys: Box<dyn Write + Send>,
    seen: Arc<Mutex<Vec<u8>>>,
    rows: u16,
    columns: u16,
    _terminal: Box<dyn MasterPty + Send>,
}

impl Screen {
    /// Starts hopscope in a terminal of this size.
    pub(crate) fn start(columns: u16, rows: u16, arguments: &[&str]) -> Self {
        Self::start_with(columns, rows, arguments, &[])
    }

    /// The same with these variables in its environment.
    pub(crate) fn start_with(columns: u16, rows: u16, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new(BINARY);
        command.args(arguments);
        for (name, value) in variables {
            command.env(name, value);
        }
        Self::spawn(columns, rows, command)
    }

    /// Starts a shell that can stop and continue what it runs.
    pub(crate) fn shell(columns: u16, rows: u16) -> Self {
        let mut command = CommandBuilder::new("bash");
        command.args(["--norc", "--noprofile", "--noediting", "-i"]);
        command.env("PS1", "prompt$ ");
        Self::spawn(columns, rows, command)
    }

    fn spawn(columns: u16, rows: u16, mut command: CommandBuilder) -> Self {
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a terminal");
        command.env("TERM", "xterm-256color");
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let keys = pair.master.take_writer().expect("a way in");
        let mut output = pair.master.try_clone_reader().expect("a way out");
        let seen = Arc::<Mutex<Vec<u8>>>::default();
        let log = Arc::clone(&seen);
        thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = output.read(&mut piece) {
                log.lock().expect("not poisoned").extend_from_slice(&piece[..count]);
            }
        });
        Self { child, keys, seen, rows, columns, _terminal: pair.master }
    }

    /// Waits until something listens there.
    pub(crate) fn listening(self, address: SocketAddr) -> Self {
        wait_for("the program to listen", || std::net::TcpStream::connect(address).ok());
        self
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("the terminal takes keys");
        self.keys.flush().expect("the terminal takes keys");
    }

    /// The terminal as it is now.
    pub(crate) fn terminal(&self) -> vt100::Parser {
        let size = |count| NonZero::new(count).expect("a size");
        let mut parser = vt100::Parser::new(size(self.rows), size(self.columns), 0);
        parser.process(&self.bytes());
        parser
    }

    /// What the screen shows now.
    pub(crate) fn text(&self) -> String {
        self.terminal().screen().contents()
    }

    /// Waits until the screen shows `words`.
    pub(crate) fn shows(&self, words: &str) -> String {
        wait_for(&format!("{words:?} on the screen"), || Some(self.text()).filter(|text| text.contains(words)))
    }

    /// Every byte that was written to the terminal.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.seen.lock().expect("not poisoned").clone()
    }

    /// The process id of the program.
    pub(crate) fn id(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }

    /// Sends a signal to the program.
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.id().to_string();
        let status = std::process::Command::new("kill").args(["-s", signal, &id]).status().expect("kill");
        assert!(status.success(), "it runs");
    }

    /// Waits until the program has ended; gives its exit code and the terminal as it left it.
    pub(crate) fn ended(&mut self) -> (u32, vt100::Parser) {
        let status = wait_for("the program to end", || self.child.try_wait().expect("a child of ours"));
        (status.exit_code(), self.settled())
    }

    /// The terminal as soon as nothing is being written to it: no frame half drawn.
    pub(crate) fn settled(&self) -> vt100::Parser {
        let mut before = 0;
        wait_for("the end of its output", || {
            thread::sleep(Duration::from_millis(50));
            let now = self.bytes().len();
            let quiet = now == before;
            before = now;
            quiet.then(|| self.terminal())
        })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = writeln!(std::io::stderr(), "--- screen ---\n{}", self.text());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
