//! A second server beside the user's own, with options changed: started when the user says so, on the loopback address, and
//! ended when it has been asked.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::asgi::server::Program;
use crate::asgi::server::command::{beside, with_options, words};
use crate::cli::run::child::Child;
use crate::gateway::Upstream;
use crate::lanes::visible::visible;
use crate::probe::process;

/// How long it may take to listen: an app may load much.
const LISTEN: Duration = Duration::from_secs(30);
/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// What stands for the port in a command that the user gives.
const PORT: &str = "{port}";

/// How the second server is started.
#[derive(Clone, Copy, Debug)]
pub(super) enum Recipe<'a> {
    /// By this command line.
    Command(&'a str),
    /// As the one that listens here.
    LikeTheOneAt(&'a Upstream),
}

/// The running server. Dropped, it ends.
#[derive(Debug)]
pub(super) struct Second {
    /// Where it listens.
    pub(super) address: SocketAddr,
    log: PathBuf,
    _child: Child,
}

impl Second {
    /// Starts it with these options and waits until it listens.
    ///
    /// # Errors
    /// A sentence that says why there is none, and where its output is.
    pub(super) fn start(
        recipe: Recipe<'_>,
        program: Program,
        options: &[(String, Option<String>)],
    ) -> Result<Self, String> {
        let address = free().map_err(|error| format!("there is no free port: {error}"))?;
        let mut command = command(recipe, program, options, address.port())?;
        let (log, file) = log(address.port())?;
        let again = file.try_clone().map_err(|error| error.to_string())?;
        command.stdout(again).stderr(file);
        let name = name(&command);
        let (sender, mut ended) = mpsc::channel(1);
        let child = Child::spawn(command, name.clone(), sender).map_err(|failure| failure.to_string())?;
        let second = Self { address, log, _child: child };
        let due = Instant::now() + LISTEN;
        while TcpStream::connect(address).is_err() {
            let why = if ended.try_recv().is_ok() {
                "ended before it listened".to_owned()
            } else if Instant::now() > due {
                format!("did not listen within {} s", LISTEN.as_secs())
            } else {
                thread::sleep(LOOK);
                continue;
            };
            return Err(format!("{name} {why}; its output is in {}", second.keep_log().display()));
        }
        Ok(second)
    }

    /// Ends it and leaves its output where it is.
    fn keep_log(mut self) -> PathBuf {
        std::mem::take(&mut self.log)
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        if !self.log.as_os_str().is_empty() {
            // What cannot be removed is in the folder for such things.
            let _ = fs::remove_file(&self.log);
        }
    }
}

/// A loopback address that nobody listens on.
fn free() -> std::io::Result<SocketAddr> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr()
}

/// A new file that only this user can read.
fn log(port: u16) -> Result<(PathBuf, File), String> {
    let path = std::env::temp_dir().join(format!("hopscope-try-{}-{port}.log", std::process::id()));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    file.map(|file| (path.clone(), file)).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn command(
    recipe: Recipe<'_>,
    program: Program,
    options: &[(String, Option<String>)],
    port: u16,
) -> Result<Command, String> {
    let upstream = match recipe {
        Recipe::Command(line) => {
            let told = words(line).map_err(|why| format!("--try-server: {why}"))?;
            let line = if line.contains(PORT) {
                let told: Vec<String> = told.iter().map(|word| word.replace(PORT, &port.to_string())).collect();
                with_options(&told, program, options)
            } else {
                beside(&told, program, port, options).map_err(|why| format!("{why}: write {PORT} where the port goes"))
            }?;
            return started(line);
        }
        Recipe::LikeTheOneAt(upstream) => upstream,
    };
    let say = "say --try-server 'COMMAND --port {port}'";
    let found = process::find(upstream).map_err(|why| why.to_string())?;
    let running = process::running(found.pid).ok_or_else(|| format!("pid {} has just ended", found.pid))?;
    let line = beside(&running.process.argv, program, port, options).map_err(|why| format!("{why}: {say}"))?;
    let mut command = started(line)?;
    command.current_dir(&running.folder).env_clear().envs(&running.process.environment);
    Ok(command)
}

fn started(line: Vec<String>) -> Result<Command, String> {
    let mut line = line.into_iter();
    let program = line.next().ok_or("--try-server: there is no command")?;
    let mut command = Command::new(program);
    command.args(line);
    Ok(command)
}

/// The command as its user would know it again.
fn name(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args()).map(OsString::from);
    words.map(|word| visible(word.as_encoded_bytes())).collect::<Vec<_>>().join(" ")
}
