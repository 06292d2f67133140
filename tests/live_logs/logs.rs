//! `hopscope logs` as a user runs it: to its end, or following until it is interrupted.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::support::hopscope::BINARY;
use super::support::place::wait_for;
use super::support::program::Program;

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

/// Runs it with these arguments in this folder, without anything on its standard input.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Ran {
    run_with(folder, arguments, Stdio::null())
}

/// The same with this standard input.
pub(crate) fn run_with(folder: &Path, arguments: &[&str], input: impl Into<Stdio>) -> Ran {
    let mut command = Command::new(BINARY);
    command.arg("logs").args(arguments).current_dir(folder).stdin(input).env("TZ", "UTC");
    let output = command.output().expect("the program runs");
    Ran { code: output.status.code(), out: output.stdout, err: String::from_utf8_lossy(&output.stderr).into_owned() }
}

/// The report as an object.
pub(crate) fn report(folder: &Path, arguments: &[&str]) -> Value {
    let ran = run(folder, &[arguments, &["--format", "json"]].concat());
    assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.err);
    serde_json::from_slice(&ran.out).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&ran.out)))
}

/// An object for each line.
pub(crate) fn lines(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let ran = run(folder, &[arguments, &["--format", "jsonl"]].concat());
    assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.err);
    objects(&ran.out)
}

/// A run that follows, its lines going to a file.
pub(crate) struct Following {
    program: Program,
    folder: TempDir,
}

impl Following {
    /// Starts it with these arguments besides `-f --format jsonl`.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let program = Program::start(BINARY, |command, _| {
            command.args(["logs", "-f", "--format", "jsonl"]).args(arguments);
            command.stdout(File::create(written(&folder)).expect("a file"));
        });
        Self { program, folder }
    }

    /// Waits until there is a line with this path.
    pub(crate) fn sees(&self, path: &str) {
        wait_for(&format!("the line of {path}"), || self.paths().iter().any(|seen| seen == path).then_some(()));
    }

    /// The paths of all lines so far, in their order.
    pub(crate) fn paths(&self) -> Vec<String> {
        let text = fs::read(written(&self.folder)).expect("its output");
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        objects(&text[..whole]).iter().map(|line| line["path"].as_str().unwrap_or("unread").to_owned()).collect()
    }

    /// What it said on standard error so far.
    pub(crate) fn told(&self) -> String {
        self.program.log()
    }

    /// The program, for its memory.
    pub(crate) fn program(&self) -> &Program {
        &self.program
    }

    /// Ends it as Ctrl-C does.
    pub(crate) fn interrupt(&mut self) -> ExitStatus {
        self.program.interrupt()
    }
}

fn written(folder: &TempDir) -> PathBuf {
    folder.path().join("lines.jsonl")
}

fn objects(text: &[u8]) -> Vec<Value> {
    let object = |line: &[u8]| {
        serde_json::from_slice(line).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(line)))
    };
    text.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()).map(object).collect()
}
