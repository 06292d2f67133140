//! `hopscope run` with commands that are no server: who ends when the other does, and who owns the terminal.

use std::process::{Command, Stdio};

use crate::support::hopscope::BINARY;
use crate::support::http;
use crate::support::place::{free_address, wait_for};
use crate::support::screen::Screen;
use crate::support::upstream::Upstream;

/// Runs a shell's script with an upstream that is there already; gives the code, stdout and stderr.
fn run(flags: &[&str], script: &str) -> (Option<i32>, String, String) {
    let upstream = Upstream::ok();
    let to = format!("http://{}", upstream.address());
    let mut command = Command::new(BINARY);
    let listen = free_address().to_string();
    command
        .args(["run", "--to", &to, "--listen", &listen, "--format", "text"])
        .args(flags)
        .args(["--", "sh", "-c", script]);
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn the_commands_end_is_the_end() {
    for (script, code) in [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143)] {
        let (ended, _, said) = run(&[], script);
        assert_eq!(ended, Some(code), "{script}: {said}");
        assert!(said.contains("ended: "), "{script}: {said}");
    }
}

/// stdout is the report's, so that it can be piped on.
#[test]
fn the_commands_output_is_passed_on() {
    let (_, report, said) = run(&[], "echo to stdout; echo to stderr >&2; sleep 0.3");
    assert_eq!(report, "");
    assert!(said.contains("to stdout\n") && said.contains("to stderr\n"), "{said}");
    assert!(said.contains("started sh -c") && said.contains("open http://127.0.0.1:"), "{said}");
}

#[test]
fn the_probe_is_missed_where_there_is_no_app() {
    let (_, _, said) = run(&[], "sleep 4");
    assert!(said.contains("has loaded no ASGI app"), "{said}");
}

#[test]
fn a_command_that_cannot_start() {
    let output = Command::new(BINARY).args(["run", "--", "/no/such/program"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(said.contains("cannot start /no/such/program"), "{said}");
}

/// What the command writes does not destroy the screen; a key shows it, a file keeps it, and its name is the last word.
#[test]
fn the_screen_is_not_the_commands() {
    let (upstream, tap) = (Upstream::ok(), free_address());
    let (to, listen) = (format!("http://{}", upstream.address()), tap.to_string());
    let script = "n=0; while :; do n=$((n+1)); printf 'line %s\\033[2J of the app\\n' $n; sleep 0.05; done";
    let arguments = ["run", "--to", &to, "--listen", &listen, "--", "sh", "-c", script];
    let mut screen = Screen::start(120, 36, &arguments).listening(tap);
    assert_eq!(http::get(tap, "/hello/world").status(), 200);
    screen.shows("/hello/world");
    assert!(!screen.terminal().screen().contents().contains("of the app"), "not on this screen");
    screen.press("o");
    screen.shows("line 60\\x1b[2J of the app");
    screen.shows("output of sh -c");
    screen.press("o");
    screen.shows("/hello/world");
    screen.press("q");
    let (code, terminal) = screen.ended();
    assert_eq!(code, 0);
    assert!(!terminal.screen().alternate_screen(), "the other screen is left");
    let said = terminal.screen().contents().replace('\n', "");
    let log = said.split("wrote is in ").nth(1).expect("the name of the file").split(".log").next().expect("a name");
    let log = format!("{log}.log");
    let kept = std::fs::read_to_string(&log).unwrap_or_else(|error| panic!("{log}: {error}"));
    assert!(kept.starts_with("line 1\x1b[2J of the app\nline 2"), "{kept}");
    std::fs::remove_file(log).expect("it can be removed");
}

/// A command that ends by itself while the screen is up: the screen goes, its last words and its code stay.
#[test]
fn the_commands_last_words() {
    let (upstream, tap) = (Upstream::ok(), free_address());
    let (to, listen) = (format!("http://{}", upstream.address()), tap.to_string());
    let arguments = ["run", "--to", &to, "--listen", &listen, "--", "sh", "-c", "sleep 5; echo it broke; exit 9"];
    let mut screen = Screen::start(120, 36, &arguments).listening(tap);
    wait_for("the screen", || screen.terminal().screen().alternate_screen().then_some(()));
    let (code, terminal) = screen.ended();
    assert_eq!(code, 9);
    let said = terminal.screen().contents();
    assert!(said.contains("it broke") && said.contains("ended: exit status: 9"), "{said}");
    let log = said.replace('\n', "").split("wrote is in ").nth(1).expect("a file").trim().to_owned();
    std::fs::remove_file(log).expect("it can be removed");
}
