//! One stack, started as its story says: the server, the proxy, hopscope's taps, and a browser in front.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::browser::{Browser, Visit};
use crate::story::{Edge, Stack};
use crate::support::hopscope::{Hopscope, Output};
use crate::support::http::Client;
use crate::support::peers;
use crate::support::place::{free_address, wait_for};
use crate::support::program::Program;
use crate::tls;

/// How long hopscope may take to name the cause once it has seen everything.
const THINKING: Duration = Duration::from_secs(5);

/// A stack, its ports and its files.
pub(crate) struct Stage<'a> {
    stack: &'a Stack,
    /// The server's program and options, as they are now.
    pub(crate) server: Vec<String>,
    /// The app's settings, as they are now.
    pub(crate) environment: BTreeMap<String, String>,
    /// Where the proxy's files are.
    folder: TempDir,
    edge: SocketAddr,
    listen: SocketAddr,
    tap: SocketAddr,
    app: SocketAddr,
}

/// What was asked, and what hopscope said.
pub(crate) struct Seen {
    trace: Vec<Visit>,
    output: Output,
}

/// The programs of a stack that runs.
pub(crate) struct Running {
    /// hopscope.
    pub(crate) hopscope: Hopscope,
    /// Where the browser connects.
    pub(crate) door: SocketAddr,
    _programs: Vec<Program>,
}

impl<'a> Stage<'a> {
    /// The stack with its files written and nothing started.
    pub(crate) fn new(stack: &'a Stack) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (edge, listen, tap, app) = (free_address(), free_address(), free_address(), free_address());
        let (server, environment) = (stack.server.clone(), stack.environment.clone());
        let stage = Self { stack, server, environment, folder, edge, listen, tap, app };
        for ((_, text), path) in stage.stack.proxy.files.iter().zip(stage.files()) {
            let text = text.replace("<listen>", &listen.port().to_string());
            let text = text.replace("<app>", &tap.port().to_string());
            let text = text.replace("<folder>", &stage.folder.path().display().to_string());
            fs::write(path, text).expect("a folder of our own");
        }
        stage
    }

    fn files(&self) -> Vec<PathBuf> {
        self.stack.proxy.files.iter().map(|(name, _)| self.folder.path().join(name)).collect()
    }

    /// Starts everything. `options` are more of hopscope's.
    pub(crate) fn start(&self, options: &[&str]) -> Running {
        let mut programs: Vec<Program> = self.start_server().into_iter().collect();
        programs.push(self.start_proxy());
        let (edge, app) =
            (format!("{}=http://{}", self.edge, self.listen), format!("{}=http://{}", self.tap, self.app));
        let mut arguments = vec!["tap", "--edge", &edge, "--app", &app];
        let files: Vec<String> = self.files().iter().map(|path| path.display().to_string()).collect();
        if self.stack.fix {
            arguments.extend(files.iter().rev().flat_map(|file| ["--from", file]));
        }
        arguments.extend(options);
        let hopscope = Hopscope::start(&arguments, &[self.edge, self.tap]);
        let mut door = self.edge;
        if self.stack.edge == Edge::Tls {
            door = free_address();
            programs.push(tls::front(door, self.edge, self.folder.path()));
        }
        Running { hopscope, door, _programs: programs }
    }

    /// Starts everything, asks what the story asks, and waits for what is expected to be found.
    pub(crate) fn play(&self, expected: &[String]) -> Seen {
        let running = self.start(&[]);
        let mut browser = Browser::new(running.door, self.tap, self.stack.edge);
        for request in &self.stack.requests {
            browser.visit(request);
        }
        let sent = browser.trace.iter().filter(|visit| visit.is_sent()).count();
        wait_for("a line of each request", || (running.hopscope.so_far().lines().len() >= sent).then_some(()));
        let start = Instant::now();
        while !as_expected(&causes(&running.hopscope.so_far()), expected) && start.elapsed() < THINKING {
            std::thread::sleep(Duration::from_millis(20));
        }
        Seen { trace: browser.trace, output: running.hopscope.finish() }
    }

    fn start_server(&self) -> Option<Program> {
        let (name, options) = self.server.split_first()?;
        let (before, after) = match name.as_str() {
            "uvicorn" => ("shop_app:app --port <port>", ""),
            "hypercorn" => ("-b 127.0.0.1:<port>", "shop_app:app"),
            "daphne" => ("-b 127.0.0.1 -p <port>", "shop_app:app"),
            "granian" => ("--interface asgi --port <port>", "shop_app:app"),
            "gunicorn" => ("-k uvicorn_worker.UvicornWorker -b 127.0.0.1:<port>", "shop_app:app"),
            other => panic!("{other} is no server"),
        };
        let words = before.split(' ').chain(options.iter().map(String::as_str)).chain(after.split_terminator(' '));
        let arguments = words.collect::<Vec<_>>().join(" ");
        let environment: Vec<(&str, &str)> =
            self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Some(peers::server_at(self.app, name, &arguments, &environment, &[]))
    }

    fn start_proxy(&self) -> Program {
        let files = self.files();
        let file = files.last().expect("a proxy has a file");
        let program = peers::proxy(&self.stack.proxy.program, self.listen, file);
        if self.stack.proxy.program == "traefik" {
            // It listens before it has its routes. Nobody is behind it yet: with them its answer is another one.
            wait_for("Traefik's routes", || {
                let request = "OPTIONS /api/v1/ready HTTP/1.1\r\nHost: shop.test\r\n\r\n";
                (Client::to(self.listen).ask(request).text() != "404 page not found\n").then_some(())
            });
        }
        program
    }
}

/// The causes that were named, the worst only: what does not follow from something else. With each the first finding.
fn causes(output: &Output) -> BTreeMap<String, Value> {
    let weight = |finding: &Value| match finding["severity"].as_str() {
        Some("error") => 2,
        Some("warn") => 1,
        _ => 0,
    };
    let findings = output.lines().iter().filter_map(|line| line.at("/findings").as_array()).flatten();
    let roots: Vec<&Value> = findings.filter(|finding| finding["follows"].is_null()).collect();
    let worst = roots.iter().map(|finding| weight(finding)).max();
    let mut causes = BTreeMap::new();
    for finding in roots.into_iter().filter(|finding| Some(weight(finding)) == worst) {
        let code = finding["code"].as_str().unwrap_or_default().to_owned();
        causes.entry(code).or_insert_with(|| finding.clone());
    }
    causes
}

/// True if nothing is named but what is expected, and something if anything is.
fn as_expected(causes: &BTreeMap<String, Value>, expected: &[String]) -> bool {
    causes.keys().all(|code| expected.contains(code)) && causes.is_empty() == expected.is_empty()
}

impl Seen {
    /// Holds what was found against what is expected.
    ///
    /// # Errors
    /// What is different, with all that was asked and found.
    pub(crate) fn must_be(&self, expected: &[String]) -> Result<(), String> {
        if as_expected(&causes(&self.output), expected) {
            return Ok(());
        }
        Err(format!("expected {expected:?}\n{self}"))
    }

    /// Holds the answers against what a user wants.
    ///
    /// # Errors
    /// What was refused or led elsewhere.
    pub(crate) fn must_be_answered(&self) -> Result<(), String> {
        if self.trace.iter().all(Visit::is_good) {
            return Ok(());
        }
        Err(format!("not everything is answered well\n{self}"))
    }

    /// The first fix of the cause.
    pub(crate) fn first_fix(&self) -> Option<Value> {
        causes(&self.output).into_values().next()?.pointer("/fixes/0").cloned()
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for visit in &self.trace {
            writeln!(f, "   {visit}")?;
        }
        for (code, finding) in causes(&self.output) {
            writeln!(f, "   {code} {} {}", finding["severity"], finding["why"])?;
            writeln!(f, "      fix {}", finding["fix"])?;
        }
        Ok(())
    }
}
