//! Taps at both sides of a real proxy, and a wire on each stretch that is not ours:
//!
//! ```text
//! client ─▶ edge tap ─▶ [before] ─▶ Traefik or nginx ─▶ [between] ─▶ app tap ─▶ uvicorn + FastAPI
//! ```
//!
//! Or hopscope itself is the proxy, with a wire between it and the app.
//!
//! What is asked is remembered with what should be found. At the end every lane of every exchange is held against the
//! wire and against the scope that the app itself reports.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::hopscope::{Hopscope, Line, Output};
use crate::support::http::{Client, Message};
use crate::support::peers::{self, AppOptions, PROBE_KEY};
use crate::support::place::{free_address, wait_for};
use crate::support::program::Program;
use crate::support::websocket::WebSocket;
use crate::support::wire::{Passed, Wire};

/// The forwarding headers that lane 2 is about.
const FORWARDING: [&str; 10] = [
    "host",
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-real-ip",
];

/// The stage of one story.
pub(crate) struct Stage {
    hopscope: Hopscope,
    /// Where clients connect.
    pub(crate) edge: SocketAddr,
    /// The name they call it by.
    pub(crate) host: String,
    before: Option<Wire>,
    between: Wire,
    asked: Vec<Asked>,
    /// True if hopscope knows only the wire before the server, and so not the address that the server names as its own.
    server_behind_wire: bool,
    programs: Vec<Program>,
}

struct Asked {
    request: Message,
    response: Message,
    findings: Vec<&'static str>,
}

impl Stage {
    /// Traefik with the page's `traefik.toml` and these routes; `:8000` in them is the app.
    pub(crate) fn traefik(routes: &str, options: &AppOptions) -> Self {
        Self::set(options, |listen, app| {
            let routes = routes.replace(":8000", &format!(":{}", app.port()));
            peers::traefik(listen, &peers::example("traefik.toml", listen, app), &routes)
        })
    }

    /// nginx with this configuration; `:9999` in it is nginx, `:8000` the app.
    pub(crate) fn nginx(configuration: &str, options: &AppOptions) -> Self {
        Self::set(options, |listen, app| {
            let ports = [(":9999", listen), (":8000", app)];
            let put = |text: String, (from, to): (&str, SocketAddr)| text.replace(from, &format!(":{}", to.port()));
            peers::nginx(listen, &ports.into_iter().fold(configuration.to_owned(), put))
        })
    }

    /// hopscope as the proxy, with these flags; `:8000` in them is the app.
    pub(crate) fn stand_in(flags: &[&str], options: &AppOptions) -> Self {
        let (uvicorn, app) = peers::probed_uvicorn(options);
        let (edge, between) = (free_address(), Wire::to(app));
        let port = format!(":{}", between.address().port());
        let mut arguments = vec!["proxy".to_owned(), "--listen".to_owned(), edge.to_string()];
        arguments.extend(flags.iter().map(|flag| flag.replace(":8000", &port)));
        arguments.extend(options.flags());
        arguments.extend(["--probe-key", PROBE_KEY].map(str::to_owned));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let hopscope = Hopscope::start(&arguments, &[edge]);
        Self {
            hopscope,
            edge,
            host: edge.to_string(),
            before: None,
            between,
            asked: Vec::new(),
            server_behind_wire: true,
            programs: vec![uvicorn],
        }
    }

    fn set(options: &AppOptions, start_proxy: impl FnOnce(SocketAddr, SocketAddr) -> Program) -> Self {
        let (uvicorn, app) = peers::probed_uvicorn(options);
        let (edge, tap, listen) = (free_address(), free_address(), free_address());
        let (before, between) = (Wire::to(listen), Wire::to(tap));
        let proxy = start_proxy(listen, between.address());
        wait_for("the proxy's routes", || {
            // Traefik listens before it has read its routes; a version of HTTP that it knows but no route takes.
            let answer = Client::to(listen).ask("OPTIONS /api/v1/ready HTTP/1.1\r\nHost: ready\r\n\r\n");
            (answer.text() != "404 page not found\n").then_some(())
        });
        let mut flags = options.flags();
        flags.extend(["--probe-key", PROBE_KEY].map(str::to_owned));
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let hopscope = Hopscope::both((edge, before.address()), (tap, app), &flags);
        let programs = vec![uvicorn, proxy];
        Self {
            hopscope,
            edge,
            host: edge.to_string(),
            before: Some(before),
            between,
            asked: Vec::new(),
            server_behind_wire: false,
            programs,
        }
    }

    /// Asks for `target`. `findings` are expected in the end, written as [`Line::findings`] gives them.
    pub(crate) fn get(&mut self, target: &str, status: u16, findings: &[&'static str]) -> Message {
        self.ask(target, &[], status, findings)
    }

    /// The same with more header lines.
    pub(crate) fn ask(&mut self, target: &str, more: &[&str], status: u16, findings: &[&'static str]) -> Message {
        let response = self.put(target, more, findings);
        assert_eq!(response.status(), status, "{target}: {}", response.text());
        response
    }

    /// Asks for `target`, whatever the answer; nothing may be found fault with.
    pub(crate) fn look(&mut self, target: &str) {
        self.put(target, &[], &[]);
    }

    fn put(&mut self, target: &str, more: &[&str], findings: &[&'static str]) -> Message {
        let mark = self.mark();
        let host = format!("Host: {}", self.host);
        let lines = [&[&host, "Accept: */*"], more, &[&mark]].concat().join("\r\n");
        let request = format!("GET {target} HTTP/1.1\r\n{lines}\r\n\r\n");
        let response = Client::to(self.edge).ask(&request);
        let request = Message { head: request.into_bytes(), ..Message::default() };
        self.asked.push(Asked { request, response: response.clone(), findings: findings.to_vec() });
        response
    }

    /// Asks for the address in a Location of this stage.
    pub(crate) fn follow(&mut self, redirect: &Message, status: u16, findings: &[&'static str]) -> Message {
        let location = redirect.value("location");
        let target = location.strip_prefix(&format!("http://{}", self.edge)).unwrap_or(&location).to_owned();
        assert!(target.starts_with('/'), "a Location on this stage: {location}");
        self.get(&target, status, findings)
    }

    /// A short chat, with nothing to find.
    pub(crate) fn chat(&mut self, target: &str) {
        let (request, response, chat) = WebSocket::open(self.edge, target, &self.mark());
        let mut chat = chat.unwrap_or_else(|| panic!("{target}: {}", response.status()));
        for words in ["hello", "again"] {
            chat.say(words);
            assert_eq!(chat.hear(), format!("echo: {words}"));
        }
        assert_eq!(chat.close(), 1000);
        self.asked.push(Asked { request, response, findings: Vec::new() });
    }

    /// The header line by which the next request is found on the wire.
    fn mark(&self) -> String {
        format!("X-Test: {}", self.asked.len())
    }

    /// Ends the story and gives what hopscope told, unchecked.
    pub(crate) fn stop(self) -> Output {
        self.hopscope.finish()
    }

    /// Ends the story: hopscope stops, and what it told is held against what happened.
    pub(crate) fn finish(self) -> Output {
        let Self { hopscope, before, between, asked, server_behind_wire, programs, .. } = self;
        wait_for_findings(&hopscope, &asked);
        let output = hopscope.finish();
        drop(programs);
        for (number, one) in asked.iter().enumerate() {
            let mark = number.to_string();
            let passed = |wire: &Wire| wire.all().into_iter().find(|passed| passed.request.value("x-test") == mark);
            let reached_app = passed(&between);
            let line = line_of(&output, &asked[..=number]).unwrap_or_else(|| panic!("{}", output.raw.join("\n")));
            line.assert_original(&one.request);
            if let Some(before) = &before {
                let reached_proxy = passed(before).expect("it reached the proxy");
                assert_tap_adds_one_line(&one.request, &reached_proxy.request);
            }
            assert_forwarded(line, &one.request, reached_app.as_ref());
            assert_rewritten(line, reached_app.as_ref());
            assert_scope(line, reached_app.as_ref(), server_behind_wire);
            assert_answer(line, &one.response, reached_app.as_ref());
            assert_eq!(line.findings(), one.findings, "{}", line.0);
        }
        output
    }
}

/// A finding may need what is learned a moment later, the app's routes for one. What does not come is told at the end.
fn wait_for_findings(hopscope: &Hopscope, asked: &[Asked]) {
    let start = Instant::now();
    let found = |output: &Output| {
        let as_expected = |(number, one): (usize, &Asked)| {
            line_of(output, &asked[..=number]).is_some_and(|line| line.findings() == one.findings)
        };
        asked.iter().enumerate().all(as_expected)
    };
    while start.elapsed() < Duration::from_secs(5) && !found(&hopscope.so_far()) {
        thread::sleep(Duration::from_millis(20));
    }
}

/// The line of the last of these requests: the same path may have been asked for before.
fn line_of<'a>(output: &'a Output, asked: &[Asked]) -> Option<&'a Line> {
    let path = |one: &Asked| one.request.target().split(|&b| b == b'?').next().unwrap_or_default().to_vec();
    let (last, before) = asked.split_last()?;
    let before = before.iter().filter(|one| path(one) == path(last)).count();
    let is_it = |line: &&Line| line.text("/original/path").as_bytes() == path(last);
    output.lines().iter().filter(is_it).nth(before)
}

/// The edge tap adds its id and nothing else.
fn assert_tap_adds_one_line(sent: &Message, passed: &Message) {
    let (sent, passed) = (sent.lines(), passed.lines());
    let kept: Vec<&String> = passed.iter().filter(|line| sent.contains(line)).collect();
    assert_eq!(kept, sent.iter().collect::<Vec<_>>(), "order and case are kept");
    assert_eq!(passed.len(), sent.len() + 1, "one line of ours: {passed:?}");
}

/// Lane 2: every forwarding header that went to the app, and what became of it.
fn assert_forwarded(line: &Line, sent: &Message, app: Option<&Passed>) {
    let Some(app) = app else { return };
    let is_forwarding = |name: &str| FORWARDING.iter().any(|known| name.eq_ignore_ascii_case(known));
    let expected: Vec<(String, String, &str)> = app
        .request
        .fields()
        .into_iter()
        .filter(|(name, _)| is_forwarding(name))
        .map(|(name, value)| {
            let before = sent.values(&name);
            let change = match before.first() {
                None => "added",
                Some(old) if *old == value => "same",
                Some(_) => "changed",
            };
            (name, value, change)
        })
        .collect();
    let told = line.forwarded();
    for (name, value, change) in &expected {
        let entry = (name.as_str(), value.as_str(), *change);
        assert!(told.contains(&entry), "{entry:?} is not in lane 2: {}", line.at("/forwarded"));
    }
    assert_eq!(told.len(), expected.len(), "lane 2 has what was not sent: {}", line.at("/forwarded"));
}

/// Lane 3: the target that went to the app.
fn assert_rewritten(line: &Line, app: Option<&Passed>) {
    let Some(app) = app else {
        assert_eq!(*line.at("/rewritten/path"), Value::Null, "{}", line.0);
        return;
    };
    let target = String::from_utf8_lossy(app.request.target()).into_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    assert_eq!((line.text("/rewritten/path"), line.text("/rewritten/query")), (path, query), "{}", line.0);
    assert!(["seen", "rule"].contains(&line.text("/rewritten/source")), "{}", line.0);
}

/// Lane 4: what the app says it got. It says so itself, by the probe, and the model agrees; of a server behind a wire in all
/// but its own address.
fn assert_scope(line: &Line, app: Option<&Passed>, server_behind_wire: bool) {
    let Some(app) = app else {
        assert_eq!(*line.at("/scope/path"), Value::Null, "{}", line.0);
        return;
    };
    let response = app.response.as_ref().expect("the app answered");
    let reported: Value = serde_json::from_str(&response.value("x-test-scope")).expect("the app reports its scope");
    let told = &reported["app"];
    for key in ["type", "path", "raw_path", "root_path", "scheme", "client", "http_version"] {
        assert_eq!(line.0["scope"][key], told[key], "{key} of the scope\ntold {told}\n{}", line.0);
    }
    assert_eq!(line.0["scope"]["server_address"], told["server"], "{}", line.0);
    let (path, root) = (told["path"].as_str().expect("a path"), told["root_path"].as_str().expect("a root path"));
    let below = path.strip_prefix(root).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    assert_eq!(line.0["scope"]["route_path"], json!(below.unwrap_or(path)), "{}", line.0);
    assert_eq!(line.text("/scope/source"), "probe", "{}", line.0);
    let differs = line.at("/scope/model_differs").as_array().expect("a list");
    let differs: Vec<&Value> = differs.iter().map(|found| &found["key"]).collect();
    let expected: &[Value] = if server_behind_wire { &[json!("server")] } else { &[] };
    assert_eq!(differs, expected.iter().collect::<Vec<_>>(), "{}", line.0);
    assert!(line.text("/scope/server").starts_with("uvicorn 0.54"), "{}", line.0);
}

/// The answer, as the client and as the app had it.
fn assert_answer(line: &Line, response: &Message, app: Option<&Passed>) {
    assert_eq!(line.at("/response/status").as_u64(), Some(u64::from(response.status())), "{}", line.0);
    assert_eq!(line.text("/response/location"), response.value("location"), "{}", line.0);
    let at_app = app.and_then(|app| app.response.as_ref()).map(|response| response.value("location"));
    assert_eq!(line.text("/response/location_at_app"), at_app.unwrap_or_default(), "{}", line.0);
}
