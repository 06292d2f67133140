//! A run without a screen, as a script uses it: it ends when told to, and its exit code tells.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use crate::support::hopscope::BINARY;
use crate::support::http;
use crate::support::place::free_address;
use crate::support::program::Program;
use crate::support::upstream::Upstream;

/// A lone edge tap with these options.
fn run(upstream: SocketAddr, options: &[&str]) -> (Program, SocketAddr) {
    let edge = free_address();
    let program = Program::start(BINARY, |command, _| {
        command.args(["tap", "--edge", &format!("{edge}=http://{upstream}")]).args(options);
    });
    (program.listening(edge), edge)
}

#[test]
fn a_count_ends_it() {
    let upstream = Upstream::ok();
    let (mut program, edge) = run(upstream.address(), &["--count", "2"]);
    for path in ["/first", "/second"] {
        assert_eq!(http::get(edge, path).status(), 200);
    }
    assert_eq!(program.end().code(), Some(0));
    // Its standard output is no terminal, so this is text without being asked for.
    let log = program.log();
    assert!(log.contains("/first") && log.contains("/second"), "{log}");
}

#[test]
fn a_duration_ends_it() {
    let upstream = Upstream::ok();
    let start = Instant::now();
    let (mut program, _) = run(upstream.address(), &["--duration", "700ms"]);
    assert_eq!(program.end().code(), Some(0));
    assert!(start.elapsed() >= Duration::from_millis(700));
}

#[test]
fn a_filter_says_what_is_told_and_counted() {
    let upstream = Upstream::ok();
    let (mut program, edge) = run(upstream.address(), &["--filter", "path~^/wanted", "--count", "1"]);
    for path in ["/other", "/wanted"] {
        assert_eq!(http::get(edge, path).status(), 200);
    }
    assert_eq!(program.end().code(), Some(0));
    assert!(program.log().contains("/wanted") && !program.log().contains("/other"), "{}", program.log());
}

/// The stand-in has no route for the path: an error, and its code is NG07.
#[test]
fn a_finding_can_fail_it() {
    for (fail_on, code) in [("error", 1), ("NG07", 1), ("PX01", 0)] {
        let (upstream, listen) = (Upstream::ok(), free_address());
        let (address, to) = (listen.to_string(), format!("http://{}", upstream.address()));
        let program = Program::start(BINARY, |command, _| {
            command.args(["proxy", "--listen", &address, "--to", &to, "--prefix", "/api", "--no-ask-app"]);
            command.args(["--count", "1", "--fail-on", fail_on]);
        });
        let mut program = program.listening(listen);
        assert_eq!(http::get(listen, "/nowhere").status(), 404);
        assert_eq!(program.end().code(), Some(code), "--fail-on {fail_on}: {}", program.log());
    }
}

/// Three requests, one cause: written as JSON, known the next time, so that only another one fails the run.
#[test]
fn a_known_cause_fails_no_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let causes = folder.path().join("causes.json");
    let stand_in = |options: &[&str], paths: &[&str]| {
        let (upstream, listen) = (Upstream::ok(), free_address());
        let (address, to) = (listen.to_string(), format!("http://{}", upstream.address()));
        let count = paths.len().to_string();
        let program = Program::start(BINARY, |command, _| {
            command.args(["proxy", "--listen", &address, "--to", &to, "--prefix", "/api", "--no-ask-app"]);
            command.args(["--count", &count, "--fail-on", "error"]).args(options);
        });
        let mut program = program.listening(listen);
        for path in paths {
            assert_eq!(http::get(listen, path).status(), 404);
        }
        (program.end().code(), program.log())
    };
    let causes = causes.to_str().expect("UTF-8");
    let (code, log) = stand_in(&["--findings", causes], &["/nowhere", "/nowhere", "/nowhere"]);
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("1 cause in 3 requests") && log.contains("NG07 ×3"), "{log}");
    let (code, log) = stand_in(&["--known", causes, "--findings", "-"], &["/nowhere"]);
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("[known]") && log.contains("# hopscope findings"), "{log}");
    let (_, log) = stand_in(&["--format", "jsonl", "--findings", "-"], &["/nowhere"]);
    let last = log.lines().rev().find(|line| line.starts_with('{')).expect("a line of JSON");
    assert!(serde_json::from_str::<serde_json::Value>(last).expect("JSON")["causes"].is_array(), "{log}");
    let (_, log) = stand_in(&["--format", "silent", "--findings", "-.sarif"], &["/nowhere"]);
    assert!(log.contains("\"version\": \"2.1.0\""), "{log}");
    std::fs::write(causes, "{}").expect("a file of ours");
    let edge = format!("{}=http://127.0.0.1:1", free_address());
    let mut program = Program::start(BINARY, |command, _| {
        command.args(["tap", "--edge", &edge, "--known", causes]);
    });
    assert_eq!(program.end().code(), Some(4), "{}", program.log());
    assert!(program.log().contains("--findings FILE.json"), "it says what it wants: {}", program.log());
}

#[test]
fn control_c_is_130() {
    let upstream = Upstream::ok();
    let (mut program, edge) = run(upstream.address(), &[]);
    http::get(edge, "/before");
    assert_eq!(program.interrupt().code(), Some(130));
    assert!(program.log().contains("/before"), "{}", program.log());
}

#[test]
fn a_port_in_use_is_3() {
    let address = free_address();
    let _taken = TcpListener::bind(address).expect("a free address");
    let mut program = Program::start(BINARY, |command, _| {
        command.args(["tap", "--edge", &format!("{address}=http://127.0.0.1:1")]);
    });
    assert_eq!(program.end().code(), Some(3));
    assert!(program.log().contains(&address.to_string()), "it says which: {}", program.log());
}

#[test]
fn wrong_usage_is_2() {
    for arguments in [&["tap"][..], &["tap", "--edge", "nonsense"], &["tap", "--filter", "(", "--edge", "1=2"]] {
        let mut program = Program::start(BINARY, |command, _| {
            command.args(arguments);
        });
        assert_eq!(program.end().code(), Some(2), "{arguments:?}");
        assert!(!program.log().is_empty(), "it says what is wrong");
    }
}
