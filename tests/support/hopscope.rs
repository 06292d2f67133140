//! The program under test: started as a user starts it, its JSON lines read as another program would read them.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use serde_json::Value;

use super::http::Message;
use super::place::{free_address, wait_for};
use super::program::Program;

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_hopscope");

/// A running hopscope with `--format jsonl`.
pub(crate) struct Hopscope {
    program: Program,
    lines: Arc<Mutex<Vec<String>>>,
    reading: JoinHandle<()>,
}

/// What one exchange came to: the last line with its id.
#[derive(Clone, Debug)]
pub(crate) struct Line(pub(crate) Value);

/// Everything that was written, once it has ended.
pub(crate) struct Output {
    /// The lines as written.
    pub(crate) raw: Vec<String>,
    lines: Vec<Line>,
}

impl Hopscope {
    /// `hopscope tap` with an edge tap to this address; gives the tap's own.
    pub(crate) fn edge(to: SocketAddr, options: &[&str]) -> (Self, SocketAddr) {
        let listen = free_address();
        let spec = format!("{listen}=http://{to}");
        (Self::start(&[&["tap", "--edge", &spec], options].concat(), &[listen]), listen)
    }

    /// `hopscope tap` with both taps: `(listen, to)` each.
    pub(crate) fn both(edge: (SocketAddr, SocketAddr), app: (SocketAddr, SocketAddr), options: &[&str]) -> Self {
        let spec = |(listen, to): (SocketAddr, SocketAddr)| format!("{listen}=http://{to}");
        let taps = ["tap", "--edge", &spec(edge), "--app", &spec(app)];
        Self::start(&[&taps, options].concat(), &[edge.0, app.0])
    }

    /// Starts it with these arguments and waits until it listens on all of `listening`.
    pub(crate) fn start(arguments: &[&str], listening: &[SocketAddr]) -> Self {
        Self::writing("jsonl", arguments, listening)
    }

    /// Starts it in this folder with these arguments and nothing else.
    pub(crate) fn start_in(folder: &Path, arguments: &[&str], listening: &[SocketAddr]) -> Self {
        Self::prepared(listening, |command| {
            command.args(arguments).current_dir(folder).env("PYTHONDONTWRITEBYTECODE", "1");
        })
    }

    /// The same in another format.
    pub(crate) fn writing(format: &str, arguments: &[&str], listening: &[SocketAddr]) -> Self {
        Self::prepared(listening, |command| {
            command.args(arguments).args(["--format", format]);
        })
    }

    fn prepared(listening: &[SocketAddr], prepare: impl FnOnce(&mut Command)) -> Self {
        let mut program = Program::start(BINARY, |command, _| {
            prepare(command);
            command.stdout(Stdio::piped());
        });
        let output = program.child().stdout.take().expect("a pipe");
        let lines = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&lines);
        let reading = thread::spawn(move || {
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8(line).expect("UTF-8");
                log.lock().expect("not poisoned").push(line);
            }
        });
        let program = listening.iter().fold(program, |program, &address| program.listening(address));
        Self { program, lines, reading }
    }

    /// The program, for its memory.
    pub(crate) fn program(&self) -> &Program {
        &self.program
    }

    /// Waits until the line of the exchange with this path is written.
    pub(crate) fn line(&self, path: &str) -> Line {
        wait_for(&format!("the line of {path}"), || {
            self.so_far().lines.into_iter().find(|line| line.text("/original/path") == path)
        })
    }

    /// What it wrote so far.
    pub(crate) fn so_far(&self) -> Output {
        Output::of(self.lines.lock().expect("not poisoned").clone())
    }

    /// Ends it as Ctrl-C does and gives all that it wrote.
    pub(crate) fn finish(self) -> Output {
        Output::of(self.finish_with_text().0)
    }

    /// Ends it and gives the lines of its standard output, and its standard error.
    pub(crate) fn finish_with_text(mut self) -> (Vec<String>, String) {
        self.program.interrupt();
        self.reading.join().expect("its output is UTF-8 and ends with it");
        (self.lines.lock().expect("not poisoned").clone(), self.program.log())
    }
}

impl Output {
    fn of(raw: Vec<String>) -> Self {
        let mut last = BTreeMap::new();
        for line in &raw {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            last.insert(value["id"].as_u64().unwrap_or_else(|| panic!("no id: {line}")), Line(value));
        }
        Self { lines: last.into_values().collect(), raw }
    }

    /// The last line of every exchange, in the order of their ids.
    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The line of the only exchange with this original path.
    pub(crate) fn line(&self, path: &str) -> &Line {
        let mut found = self.lines.iter().filter(|line| line.text("/original/path") == path);
        let line = found.next().unwrap_or_else(|| panic!("no line for {path} in\n{}", self.raw.join("\n")));
        assert!(found.next().is_none(), "several exchanges with the path {path}");
        line
    }
}

impl Line {
    /// The value at a JSON pointer; null if there is none.
    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// The text at a JSON pointer; empty if there is none.
    pub(crate) fn text(&self, pointer: &str) -> &str {
        self.at(pointer).as_str().unwrap_or_default()
    }

    /// Its findings: `PX01` for a cause, `NG07 after PX05` for what follows from one.
    pub(crate) fn findings(&self) -> Vec<String> {
        let all = self.at("/findings").as_array().unwrap_or_else(|| panic!("no findings in {}", self.0));
        let text = |finding: &Value, pointer: &str| {
            let text = finding.pointer(pointer).and_then(Value::as_str);
            text.unwrap_or_else(|| panic!("no {pointer} in {finding}")).to_owned()
        };
        let told = |finding: &Value| match finding["primary"].as_bool() {
            Some(true) => text(finding, "/code"),
            _ => format!("{} after {}", text(finding, "/code"), text(finding, "/follows/code")),
        };
        all.iter().map(told).collect()
    }

    /// The lines of lane 2 that have a value: name as on the wire, value, change.
    pub(crate) fn forwarded(&self) -> Vec<(&str, &str, &str)> {
        let all = self.at("/forwarded").as_array().unwrap_or_else(|| panic!("no lane 2 in {}", self.0));
        all.iter()
            .filter_map(|entry| Some((entry["name"].as_str()?, entry["value"].as_str()?, entry["change"].as_str()?)))
            .collect()
    }

    /// Checks that lane 1 is this request, seen.
    pub(crate) fn assert_original(&self, request: &Message) {
        let target = String::from_utf8_lossy(request.target()).into_owned();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let host = request.value("host");
        assert_eq!(self.text("/original/source"), "seen", "{}", self.0);
        assert_eq!(self.text("/original/path"), path, "{}", self.0);
        assert_eq!(self.text("/original/query"), query, "{}", self.0);
        assert_eq!(self.text("/original/url"), format!("http://{host}{target}"), "{}", self.0);
        assert!(request.head.starts_with(self.text("/original/method").as_bytes()), "{}", self.0);
    }
}
