//! The probe in apps on real servers: it says what the app was given, the model agrees, and nobody else gets to know.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use rstest::rstest;
use serde_json::{Value, json};

use crate::support::hopscope::{BINARY, Hopscope, Output};
use crate::support::http::{self, Client, Message};
use crate::support::peers::{self, AppOptions, PROBE_KEY, needs};
use crate::support::place::{free_address, repository};
use crate::support::websocket::WebSocket;

/// What a server is started with, `PORT` being its own, and whether it lets the answer through when it accepts a websocket.
struct Started {
    command: &'static [&'static str],
    tells_websockets: bool,
}

/// `hopscope run` with this command of the peers' environment, in the folder of the app.
fn run(flags: &[&str], command: &[&str]) -> (Hopscope, SocketAddr) {
    let (tap, own) = (free_address(), free_address());
    let program = peers::find(command[0]).expect("it was looked for").display().to_string();
    let rest = command[1..].iter().map(|word| word.replace("PORT", &own.port().to_string()));
    let command: Vec<String> = std::iter::once(program).chain(rest).collect();
    let listen = tap.to_string();
    let mut arguments = vec!["run", "--listen", &listen, "--format", "jsonl"];
    arguments.extend(flags);
    arguments.push("--");
    arguments.extend(command.iter().map(String::as_str));
    (Hopscope::start_in(&repository("tests/peers"), &arguments, &[tap]), tap)
}

fn ask(tap: SocketAddr, target: &str) -> Message {
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: shop.test\r\nCookie: a=b\r\nX-Forwarded-For: 192.0.2.7, 198.51.100.9\r\n\
         X-Forwarded-Proto: https\r\nAccept: */*\r\n\r\n"
    );
    Client::to(tap).ask(&request)
}

/// Lane 4 of every exchange is what the app says, to the last key, and no trace of the probe is left.
fn assert_told(output: &Output, path: &str, response: &Message) {
    let line = output.line(path);
    assert_eq!(line.text("/scope/source"), "probe", "{}", line.0);
    assert_eq!(*line.at("/scope/model_differs"), json!([]), "{}", line.0);
    assert!(response.values("x-hopscope-scope").is_empty(), "the tap takes it away");
    let told: Value = serde_json::from_str(&response.value("x-test-scope")).expect("the app reports its scope");
    for key in ["type", "path", "raw_path", "scheme", "client", "http_version", "query_string"] {
        assert_eq!(line.0["scope"][key], told["server"][key], "{key}: {}", line.0);
    }
    assert_eq!(line.0["scope"]["root_path"], told["app"]["root_path"], "{}", line.0);
}

#[rstest]
#[case::uvicorn(&["uvicorn", "app:app", "--port", "PORT"], true)]
#[case::uvicorn_with_h11(&["uvicorn", "app:app", "--port", "PORT", "--http", "h11", "--ws", "wsproto"], true)]
#[case::uvicorn_with_workers(&["uvicorn", "app:app", "--port", "PORT", "--workers", "2"], true)]
#[case::uvicorn_with_reload(&["uvicorn", "app:app", "--port", "PORT", "--reload"], true)]
#[case::uvicorn_as_a_module(&["python", "-m", "uvicorn", "app:app", "--port", "PORT"], true)]
#[case::fastapi_run(&["fastapi", "run", "app.py", "--port", "PORT", "--app", "api"], true)]
#[case::hypercorn(&["hypercorn", "app:app", "--bind", "127.0.0.1:PORT"], true)]
#[case::daphne(&["daphne", "app:app", "--port", "PORT"], false)]
#[case::granian(&["granian", "--interface", "asgi", "app:app", "--port", "PORT"], false)]
#[case::gunicorn(&["gunicorn", "-k", "asgi", "app:app", "--bind", "127.0.0.1:PORT"], true)]
#[case::gunicorn_with_uvicorn(
    &["gunicorn", "-k", "uvicorn_worker.UvicornWorker", "app:app", "--bind", "127.0.0.1:PORT"],
    true
)]
#[case::a_script(&["python", "serve.py", "PORT"], true)]
fn the_users_own_command(#[case] command: &'static [&'static str], #[case] tells_websockets: bool) {
    needs!("uvicorn", "hypercorn", "daphne", "granian", "gunicorn", "fastapi");
    let started = Started { command, tells_websockets };
    let (hopscope, tap) = run(&[], started.command);
    let answers: Vec<_> = ["/app", "/items?q=1", "/nope%2Fat%20all", "/sub/app", "/static/hello.txt"]
        .into_iter()
        .map(|target| (target, ask(tap, target)))
        .collect();
    let (_, shaken, chat) = WebSocket::open(tap, "/ws", "X-A: 1");
    assert_eq!(chat.expect("a websocket").close(), 1000);
    assert!(shaken.values("x-hopscope-scope").is_empty(), "the tap takes it away");
    let output = hopscope.finish();
    for (target, response) in &answers {
        let path = target.split('?').next().expect("a path");
        // The app without its outer reporter is what `fastapi run` was given.
        if !response.values("x-test-scope").is_empty() {
            assert_told(&output, path, response);
        }
        assert_eq!(output.line(path).text("/scope/source"), "probe", "{}", output.line(path).0);
    }
    let websocket = output.line("/ws");
    let source = if started.tells_websockets { "probe" } else { "derived" };
    assert_eq!(websocket.text("/scope/source"), source, "{}", websocket.0);
    let silence = "sends no headers with an accepted websocket";
    assert_eq!(websocket.text("/scope/probe_silent").contains(silence), !started.tells_websockets, "{}", websocket.0);
    for (path, template, endpoint) in [("/app", "/app", "app.read_main"), ("/sub/app", "/sub/app", "app.read_sub")] {
        let line = output.line(path);
        assert_eq!((line.text("/scope/route/template"), line.text("/scope/probe/endpoint")), (template, endpoint));
    }
}

/// What was told wrong is called out, and what is right is named.
#[rstest]
#[case::another_program(&["--server", "granian"], "uvicorn@0.54.0")]
#[case::another_release(&["--server", "uvicorn@0.25", "--root-path", "/x"], "uvicorn@0.54.0")]
#[case::another_root_path(&["--server", "uvicorn@0.54", "--root-path", "/y"], "--root-path \"/x\", not \"/y\"")]
fn a_wrong_server_is_called_out(#[case] flags: &[&str], #[case] named: &str) {
    needs!("uvicorn");
    let (hopscope, tap) = run(flags, &["uvicorn", "app:app", "--port", "PORT", "--root-path", "/x"]);
    ask(tap, "/app");
    let output = hopscope.finish();
    let line = output.line("/app");
    assert_eq!(line.text("/scope/root_path"), "/x", "the app's word counts: {}", line.0);
    assert_ne!(*line.at("/scope/model_differs"), json!([]), "{}", line.0);
    assert!(line.text("/scope/probe/explanation").contains(named), "{}", line.0);
}

/// Who has not the key, and who is switched off, is told nothing; the app sees nothing of the question either.
#[test]
fn nobody_else_is_told() {
    needs!("uvicorn");
    let (_uvicorn, app) = peers::probed_uvicorn(&AppOptions::default());
    let answer = |line: &str| Client::to(app).ask(format!("GET /app HTTP/1.1\r\nHost: h\r\n{line}\r\n"));
    let asked = format!("X-Hopscope-Probe: {PROBE_KEY}\r\n");
    assert_eq!(answer(&asked).values("x-hopscope-scope").len(), 1);
    assert!(!answer(&asked).json()["headers"].to_string().contains("hopscope"), "the app does not see the question");
    for line in ["", "X-Hopscope-Probe: 1\r\n", "X-Hopscope-Probe: known-to-stories-onlx\r\n", "X-Hopscope-Probe:\r\n"]
    {
        assert!(answer(line).values("x-hopscope-scope").is_empty(), "{line}");
    }
    let (_off, app) = peers::uvicorn(&AppOptions::default());
    let silent = Client::to(app).ask(format!("GET /app HTTP/1.1\r\nHost: h\r\n{asked}\r\n"));
    assert!(silent.values("x-hopscope-scope").is_empty());
}

/// A tap that was not told to ask adds nothing and takes nothing away.
#[test]
fn a_tap_that_does_not_ask() {
    needs!("uvicorn");
    let (_uvicorn, app) = peers::probed_uvicorn(&AppOptions::default());
    let tap = free_address();
    let hopscope = Hopscope::start(&["tap", "--app", &format!("{tap}=http://{app}")], &[tap]);
    let asked = format!("GET /app HTTP/1.1\r\nHost: h\r\nX-Hopscope-Probe: {PROBE_KEY}\r\n\r\n");
    assert_eq!(Client::to(tap).ask(&asked).values("x-hopscope-scope").len(), 1, "a header as any other");
    assert_eq!(http::get(tap, "/items/").values("x-hopscope-scope").len(), 0);
    assert_eq!(hopscope.finish().line("/app").text("/scope/source"), "derived");
}

#[test]
fn a_probe_is_checked() {
    needs!("uvicorn");
    let (_uvicorn, app) =
        peers::probed_uvicorn(&AppOptions { server: vec!["--root-path", "/x"], ..AppOptions::default() });
    let check = |flags: &[&str]| {
        let url = format!("http://{app}/app?q=1");
        let output = Command::new(BINARY).args(["probe", "--check", &url]).args(flags).stdin(Stdio::null()).output();
        let output = output.expect("it runs");
        (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
    };
    let right = ["--probe-key", PROBE_KEY, "--server", "uvicorn@0.54", "--root-path", "/x"];
    let (code, text) = check(&right);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("uvicorn 0.54.0") && text.contains("app.read_main") && text.contains("the model agrees"),
        "{text}"
    );
    let (code, text) = check(&right[..4]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("root_path: the app has \"/x\", the model \"\""), "{text}");
    let (code, text) = check(&["--probe-key", "another-key-of-length"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("no probe"), "{text}");
}

/// The file that is printed is the one that works.
#[test]
fn the_probe_is_printed() {
    let output = Command::new(BINARY).args(["probe", "--print"]).output().expect("it runs");
    let file = std::fs::read(repository("assets/hopscope_probe.py")).expect("the probe");
    assert_eq!(output.stdout, file);
}

/// The probe's own tests, with the Python of the peers.
#[test]
fn the_probes_own_tests() {
    needs!("python");
    let python = peers::find("python").expect("it was looked for");
    let output = Command::new(python)
        .args(["-B", "-m", "unittest", "-q", "probe_test"])
        .current_dir(repository("tests/peers"))
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
