//! Telling somebody of a cause, once.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal as _, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::super::Failure;
use super::args::AlertArgs;
use crate::diagnosis::Cause;
use crate::diagnosis::log::LogCause;
use crate::lanes::visible::visible;
use crate::report::{Style, log_cause, log_cause_line};

/// Between two starts of the command.
const BREATH: Duration = Duration::from_millis(500);

/// How long the command may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Causes that wait for the command; more than these are told on stderr only.
const WAITING: usize = 64;

/// Causes that are remembered as told. What they are about may come from requests, so that a client could make up any number.
const MOST_TOLD: usize = 1024;

/// Bytes of one variable of the environment.
const MOST_VALUE: usize = 4 << 10;

/// Who is told.
pub(super) struct Alerts {
    line: bool,
    /// Whether stderr is free to be written to.
    speaks: bool,
    style: Style,
    told: BTreeSet<Cause>,
    command: Option<Runner>,
}

/// The thread that runs the command.
struct Runner {
    waiting: SyncSender<Call>,
    thread: JoinHandle<()>,
}

/// One start of the command.
struct Call {
    code: &'static str,
    environment: Vec<(&'static str, String)>,
    json: String,
}

impl Alerts {
    /// As the flags say. Nothing goes to stderr where `screen` says that a dashboard is drawn, and both are the terminal.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub(super) fn new(args: &AlertArgs, style: &Style, screen: bool) -> Result<Self, Failure> {
        let speaks = !(screen && io::stderr().is_terminal());
        let command = args.on_finding.clone().map(|command| Runner::start(command, speaks)).transpose()?;
        let style = Style { color: false, ..style.clone() };
        Ok(Self { line: args.alert_line && speaks, speaks, style, told: BTreeSet::new(), command })
    }

    /// Tells of those that were not told of yet.
    pub(super) fn tell(&mut self, causes: &[LogCause]) {
        if !self.line && self.command.is_none() {
            return;
        }
        for cause in causes {
            if self.told.len() < MOST_TOLD && self.told.insert(cause.finding.cause()) {
                self.tell_one(cause);
            }
        }
    }

    fn tell_one(&self, cause: &LogCause) {
        if self.line {
            let mut line = Vec::new();
            // Writing to memory cannot fail, and of stderr nobody may read.
            let _ = log_cause_line(cause, &self.style, &mut line);
            let _ = io::stderr().write_all(&line);
        }
        let Some(command) = &self.command else { return };
        if let Err(TrySendError::Full(call)) = command.waiting.try_send(Call::of(cause, &self.style))
            && self.speaks
        {
            say(&format!("--on-finding: not run for {}: {WAITING} are waiting", call.code));
        }
    }

    /// Waits until the command was run for everything.
    pub(super) fn finish(self) {
        if let Some(Runner { waiting, thread }) = self.command {
            drop(waiting);
            // It ends of itself: each run has its time.
            let _ = thread.join();
        }
    }
}

impl Runner {
    fn start(command: String, speaks: bool) -> Result<Self, Failure> {
        let (waiting, calls) = sync_channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("hopscope-alert".to_owned())
            .spawn(move || run(&command, &calls, speaks))
            .context("cannot start the thread that runs --on-finding")
            .map_err(Failure::unreadable)?;
        Ok(Self { waiting, thread })
    }
}

impl Call {
    fn of(cause: &LogCause, style: &Style) -> Self {
        let finding = &cause.finding;
        let time = |millis: Option<i64>| {
            millis
                .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
                .map_or_else(String::new, |at| at.to_string())
        };
        let fix = finding.fix.first().map(|fix| fix.line.clone()).unwrap_or_default();
        let environment = vec![
            ("HOPSCOPE_CODE", finding.code.to_owned()),
            ("HOPSCOPE_TITLE", finding.title.to_owned()),
            ("HOPSCOPE_ABOUT", finding.about.clone()),
            ("HOPSCOPE_SEVERITY", finding.severity.word().to_owned()),
            ("HOPSCOPE_COUNT", cause.count.to_string()),
            ("HOPSCOPE_WHY", finding.why.clone()),
            ("HOPSCOPE_FIX", fix),
            ("HOPSCOPE_FIRST", time(cause.seen.map(|(first, _)| first))),
            ("HOPSCOPE_LAST", time(cause.seen.map(|(_, last)| last))),
        ];
        // Made visible: no value can hold a NUL, or what a terminal obeys.
        let environment = environment
            .into_iter()
            .map(|(name, value)| (name, visible(value.as_bytes()).chars().take(MOST_VALUE).collect()))
            .collect();
        Self { code: finding.code, environment, json: log_cause(cause, style).to_string() }
    }

    /// Runs the command for it.
    ///
    /// # Errors
    /// What went wrong, a sentence.
    fn run(&self, command: &str) -> Result<(), String> {
        let mut child = Command::new("sh")
            .args(["-c", command])
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            // What it writes would stand in the middle of ours.
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start sh: {error}"))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command need not read it. It has room in the pipe, or is cut by the command's end.
            let _ = stdin.write_all(self.json.as_bytes());
        }
        ended(&mut child)
    }
}

/// Waits for the command's end, for so long.
fn ended(child: &mut Child) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("the command ended with {status}")),
            Ok(None) if begun.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(20)),
            Ok(None) => {
                // Ended by us, or by itself a moment ago.
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("the command took longer than {} s and was ended", PATIENCE.as_secs()));
            }
            Err(error) => return Err(format!("cannot wait for the command: {error}")),
        }
    }
}

fn run(command: &str, calls: &Receiver<Call>, speaks: bool) {
    for (number, call) in calls.iter().enumerate() {
        if number > 0 {
            std::thread::sleep(BREATH);
        }
        if let Err(why) = call.run(command)
            && speaks
        {
            say(&format!("--on-finding for {}: {why}", call.code));
        }
    }
}

fn say(what: &str) {
    // Nobody reads: nothing to be done about it.
    let _ = writeln!(io::stderr(), "hopscope: {}", visible(what.as_bytes()));
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::diagnosis::{Confidence, Finding, Severity};

    fn cause(about: &str) -> LogCause {
        let finding = Finding {
            code: "SC02",
            title: "a scanner path was answered",
            severity: Severity::Error,
            why: "it was \x1b[2J there".to_owned(),
            about: about.to_owned(),
            facts: Vec::new(),
            missing: None,
            fix: Vec::new(),
            not: None,
            confidence: Confidence::Medium,
            primary: true,
            follows: None,
        };
        let mut cause = LogCause::of(finding);
        (cause.count, cause.seen, cause.lines) = (3, Some((0, 1000)), vec![b"a line".to_vec()]);
        cause
    }

    #[test]
    fn a_command_is_run_once_for_each_cause_and_nothing_in_it_is_run() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("told");
        let command = format!(
            "printf '%s|%s|%s|%s\\n' \"$HOPSCOPE_CODE\" \"$HOPSCOPE_ABOUT\" \"$HOPSCOPE_LAST\" \"$HOPSCOPE_WHY\" >> {0}; \
             cat >> {0}; echo >> {0}",
            file.display()
        );
        let args = AlertArgs { on_finding: Some(command), alert_line: false };
        let style =
            Style { redact: true, ascii: false, zone: TimeZone::UTC, color: false, predicted: false, evidence: false };
        let mut alerts = Alerts::new(&args, &style, false).unwrap();
        alerts.tell(&[cause("$(touch no)`id`"), cause("/.env")]);
        alerts.tell(&[cause("/.env")]);
        alerts.finish();
        let told = std::fs::read_to_string(file).unwrap();
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.len(), 4, "{told}");
        assert_eq!(lines[0], "SC02|$(touch no)`id`|1970-01-01T00:00:01Z|it was \\x1b[2J there");
        let json: serde_json::Value = serde_json::from_str(lines[3]).unwrap();
        assert_eq!((&json["about"], &json["count"], &json["lines"][0]), (&"/.env".into(), &3.into(), &"a line".into()));
    }
}
