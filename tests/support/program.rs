//! A program that runs while a story is told: started in a process group of its own, its output kept and printed if the
//! story fails, ended with the story.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use std::{io, thread};

use tempfile::TempDir;

use super::place::wait_for;

/// A running program.
pub(crate) struct Program {
    name: String,
    child: Child,
    folder: TempDir,
}

impl Program {
    /// Starts `binary`. `prepare` adds arguments and environment; it is given the folder that the program runs in, which
    /// goes away with it.
    pub(crate) fn start(binary: impl AsRef<OsStr>, prepare: impl FnOnce(&mut Command, &Path)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let name = Path::new(binary.as_ref()).file_name().expect("a name").to_string_lossy().into_owned();
        let log = File::create(log_of(folder.path())).expect("a log file");
        let mut command = Command::new(binary);
        command.current_dir(folder.path()).stdin(Stdio::null()).process_group(0);
        command.stdout(log.try_clone().expect("the log again")).stderr(log);
        prepare(&mut command, folder.path());
        let child = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}"));
        Self { name, child, folder }
    }

    /// Waits until something accepts connections on `address`.
    pub(crate) fn listening(mut self, address: SocketAddr) -> Self {
        wait_for(&format!("{} to listen on {address}", self.name), || {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                panic!("{} ended with {status}", self.name);
            }
            TcpStream::connect(address).ok()
        });
        self
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The child itself, for its pipes.
    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// What it wrote so far, unless its output was sent elsewhere.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(log_of(self.folder.path())).unwrap_or_default()).into_owned()
    }

    /// Asks it to end, as Ctrl-C does, and waits until it has.
    ///
    /// # Panics
    /// If it has not ended after ten seconds.
    pub(crate) fn interrupt(&mut self) -> ExitStatus {
        self.signal("INT");
        self.end()
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    /// If it has not after ten seconds.
    pub(crate) fn end(&mut self) -> ExitStatus {
        self.ended(Duration::from_secs(10)).unwrap_or_else(|| panic!("{} does not end", self.name))
    }

    /// Memory that it holds now, in bytes (`VmRSS`).
    pub(crate) fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).expect("a process of ours");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
    }

    fn ended(&mut self, within: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        while start.elapsed() < within {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                return Some(status);
            }
            thread::sleep(Duration::from_millis(5));
        }
        None
    }

    /// Sends a signal to the whole group: nginx has workers.
    fn signal(&self, signal: &str) {
        let group = format!("-{}", self.id());
        let _ = Command::new("kill").args(["-s", signal, "--", &group]).stderr(Stdio::null()).status();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if thread::panicking() {
            // Not with a macro: those are held back by the test runner until it is too late.
            let _ = writeln!(io::stderr(), "--- {} ---\n{}", self.name, self.log());
        }
        if self.ended(Duration::ZERO).is_none() {
            self.signal("TERM");
            if self.ended(Duration::from_secs(2)).is_none() {
                self.signal("KILL");
                let _ = self.child.wait();
            }
        }
    }
}

fn log_of(folder: &Path) -> PathBuf {
    folder.join("output.log")
}
