//! The command as a process of hopscope's: started in a process group of its own, so that Ctrl-C reaches it once, by
//! hopscope's hand and after the tap has stopped; ended with everything it started.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};
use tokio::sync::mpsc;

use super::console::Console;
use crate::cli::{Exit, Failure};
use crate::lanes::visible::visible;

/// How long the command may take to end each time it was asked to.
const GRACE: Duration = Duration::from_secs(3);
/// Characters of the command that it is called by.
const SHOWN: usize = 48;
/// How often it is looked whether what it started has ended.
const LOOK: Duration = Duration::from_millis(20);

/// The running command.
#[derive(Debug)]
pub(in crate::cli) struct Child {
    name: String,
    group: Pid,
    end: Arc<End>,
}

/// How the process ended, once it has.
#[derive(Debug, Default)]
struct End {
    status: Mutex<Option<io::Result<ExitStatus>>>,
    came: Condvar,
}

/// How the command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// `None` if that could not be found out.
    status: Option<ExitStatus>,
    /// True if hopscope did not ask for it.
    pub by_itself: bool,
}

impl Child {
    /// Starts `command` with these variables beside hopscope's own. Its output goes to the console, or where hopscope
    /// reports to people: stdout belongs to the report. `ended` is told when it has ended.
    pub(super) fn start(
        command: &[OsString],
        environment: impl IntoIterator<Item = (&'static str, OsString)>,
        console: Option<&Arc<Console>>,
        ended: mpsc::Sender<()>,
    ) -> Result<Self, Failure> {
        let [program, arguments @ ..] = command else { return Err(Failure::usage("there is no command after --")) };
        let (out, err) = match console {
            Some(console) => Console::pipes(console).map_err(Failure::unreachable)?,
            None => (of_ours()?, of_ours()?),
        };
        let mut process = Command::new(program);
        process.args(arguments).envs(environment).stdout(out).stderr(err);
        Self::spawn(process, shown(command), ended)
    }

    /// Starts a process that is called `name`, without input. `ended` is told when it has ended.
    pub(in crate::cli) fn spawn(mut process: Command, name: String, ended: mpsc::Sender<()>) -> Result<Self, Failure> {
        let mut process = process
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {name}"))
            .map_err(|error| Failure { exit: Exit::Usage, error })?;
        let group = Pid::from_child(&process);
        let end = Arc::<End>::default();
        let told = Arc::clone(&end);
        let waiting = move || {
            let status = process.wait();
            *told.lock() = Some(status);
            told.came.notify_all();
            // A full channel means that it has been told.
            let _ = ended.try_send(());
        };
        let thread = std::thread::Builder::new().name("hopscope-child".to_owned()).spawn(waiting);
        thread.map_err(Failure::unreachable)?;
        Ok(Self { name, group, end })
    }

    /// The command as its user would know it again.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its process and its process group.
    pub(super) fn id(&self) -> u32 {
        self.group.as_raw_pid().unsigned_abs()
    }

    /// Ends it and waits: asks its process alone as Ctrl-C would (`interrupted`) or as a service manager would, for a
    /// server tells its workers itself; then all of its group, then more strongly. Nothing it started is left.
    pub(super) fn stop(&self, interrupted: bool) -> Ended {
        let by_itself = self.wait(Duration::ZERO);
        let polite = if interrupted { Signal::INT } else { Signal::TERM };
        if !by_itself {
            // It may end just now.
            let _ = kill_process(self.group, polite);
            self.wait(GRACE);
        }
        for signal in [polite, Signal::TERM, Signal::KILL] {
            // A group exists as long as one of its processes does; until then its number is nobody else's.
            if kill_process_group(self.group, signal).is_err() || self.all_ended() {
                break;
            }
        }
        let status = self.end.lock().as_ref().and_then(|status| status.as_ref().ok().copied());
        Ended { status, by_itself }
    }

    /// Waits for the end of its whole group; false if that does not come within the grace.
    fn all_ended(&self) -> bool {
        let due = Instant::now() + GRACE;
        while Instant::now() < due {
            if self.wait(LOOK) && test_kill_process_group(self.group).is_err() {
                return true;
            }
            std::thread::sleep(LOOK);
        }
        false
    }

    /// Waits for its end; false if that does not come within `limit`.
    fn wait(&self, limit: Duration) -> bool {
        let due = Instant::now() + limit;
        let mut status = self.end.lock();
        while status.is_none() {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            status = self.end.came.wait_timeout(status, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

/// No way out of hopscope leaves the command running.
impl Drop for Child {
    fn drop(&mut self) {
        self.stop(false);
    }
}

impl End {
    fn lock(&self) -> MutexGuard<'_, Option<io::Result<ExitStatus>>> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ended {
    /// What hopscope's own end is: the command's code, as a shell gives it; all is well if hopscope ended it.
    pub(super) fn exit(self) -> Exit {
        let Some(status) = self.status.filter(|_| self.by_itself) else { return Exit::Fine };
        let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
        u8::try_from(code).map_or(Exit::Command(1), |code| if code == 0 { Exit::Fine } else { Exit::Command(code) })
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => status.fmt(f),
            None => f.write_str("how is not known"),
        }
    }
}

/// hopscope's own standard error, for the command's output.
fn of_ours() -> Result<Stdio, Failure> {
    let ours = io::stderr().as_fd().try_clone_to_owned().context("cannot share standard error");
    Ok(Stdio::from(ours.map_err(Failure::unreachable)?))
}

/// The first words of a command, made visible.
fn shown(command: &[OsString]) -> String {
    let words: Vec<_> = command.iter().map(|word| visible(word.as_encoded_bytes())).collect();
    let whole = words.join(" ");
    let mut start: String = whole.chars().take(SHOWN).collect();
    if start.len() < whole.len() {
        start.push('…');
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(script: &str) -> (Child, mpsc::Receiver<()>) {
        let (sender, ended) = mpsc::channel(1);
        let command = ["sh", "-c", script].map(OsString::from);
        (Child::start(&command, [], None, sender).unwrap(), ended)
    }

    #[test]
    fn its_own_end_is_ours_with_its_code() {
        for (script, exit) in [("exit 0", Exit::Fine), ("exit 7", Exit::Command(7)), ("kill -9 $$", Exit::Command(137))]
        {
            let (child, mut ended) = start(script);
            assert_eq!(ended.blocking_recv(), Some(()), "{script}");
            let ended = child.stop(false);
            assert!(ended.by_itself, "{script}");
            assert_eq!(ended.exit(), exit, "{script}");
        }
    }

    #[test]
    fn what_it_started_ends_with_it() {
        let (child, mut ended) = start("trap 'exit 0' INT; sleep 60 & wait");
        let stopped = child.stop(true);
        assert_eq!(ended.blocking_recv(), Some(()));
        assert_eq!((stopped.by_itself, stopped.exit()), (false, Exit::Fine));
        assert!(test_kill_process_group(child.group).is_err(), "something is left");
    }

    #[test]
    fn a_command_that_is_none_is_told() {
        let (sender, _ended) = mpsc::channel(1);
        let failure = Child::start(&["/no/such/program".into()], [], None, sender).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.to_string().contains("cannot start /no/such/program"), "{failure}");
    }
}
