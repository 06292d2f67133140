//! The server is found without being told: what is shown of the set-up is how it was really started.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::hopscope::{Hopscope, Line};
use crate::support::http::{Client, Message};
use crate::support::peers::{self, needs};
use crate::support::place::{free_address, repository, wait_for};
use crate::support::program::Program;

/// What hopscope says of the app's server on standard error.
fn said(text: &str) -> Vec<String> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("hopscope: the app's server: "));
    lines.map(str::to_owned).collect()
}

/// How a server is started, and what must be shown of it beside its process and its release.
struct Start<'a> {
    program: &'a str,
    arguments: &'a str,
    environment: &'a [(&'a str, &'a str)],
    files: &'a [(&'a str, &'a str)],
    /// What runs, as the process is shown: `uvicorn app:app`.
    runs: &'a str,
    shown: &'a [&'a str],
    /// Whom the app hears of when 192.0.2.7 is forwarded, and its root path; `None` where lane 4 is not looked at.
    scope: Option<(&'a str, &'a str)>,
}

impl Start<'_> {
    /// Starts it, taps it without a word about the server, and compares.
    fn check(&self) {
        let (process, app) = peers::server(self.program, self.arguments, self.environment, self.files);
        let tap = free_address();
        let hopscope = Hopscope::start(&["tap", "--app", &format!("{tap}=http://{app}")], &[tap]);
        let request = "GET /app HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n";
        let answer = Client::to(tap).ask(request);
        let line = hopscope.line("/app");
        let (_, text) = hopscope.finish_with_text();
        let port = app.port().to_string();
        let mut expected = vec![process_line(&process, self.runs), release(self.runs)];
        expected.extend(["fastapi", "starlette"].map(|name| format!("--{name} {} (installed)", installed(name))));
        expected.extend(self.shown.iter().map(|line| line.replace("<port>", &port)));
        let mut said = said(&text);
        said.sort();
        expected.sort();
        assert_eq!(said, expected, "{} {}", self.program, self.arguments);
        if let Some((client, root_path)) = self.scope {
            assert_eq!(answer.status(), 200, "{}", line.0);
            assert_eq!(line.text("/scope/root_path"), root_path, "{}", line.0);
            assert_eq!(line.at("/scope/client/0"), client, "{}", line.0);
            assert_agrees(&line, &answer);
        }
    }
}

/// Lane 4, derived from what was found, is what the app says it got.
fn assert_agrees(line: &Line, answer: &Message) {
    assert_eq!(line.text("/scope/source"), "derived", "{}", line.0);
    let told: Value = answer.json();
    for key in ["type", "path", "raw_path", "root_path", "scheme", "client", "http_version"] {
        assert_eq!(line.0["scope"][key], told["scope"][key], "{key} of the scope\ntold {told}\n{}", line.0);
    }
}

fn environment() -> PathBuf {
    std::env::var_os("HOPSCOPE_PEERS").map(PathBuf::from).expect("a virtual environment")
}

fn process_line(process: &Program, runs: &str) -> String {
    format!("pid {} · {runs} · {} (process)", process.id(), environment().display())
}

/// `server uvicorn 0.54.0 (installed)`.
fn release(runs: &str) -> String {
    let program = match runs.split(' ').next().expect("a word") {
        "fastapi" => "uvicorn",
        program => program,
    };
    format!("server {program} {} (installed)", installed(program))
}

/// The release of a package of the virtual environment.
fn installed(name: &str) -> String {
    let found = peers::installed().find(|(known, _)| known == name);
    found.unwrap_or_else(|| panic!("{name} is not installed")).1
}

const HTTPTOOLS: &str = "--http httptools (auto, by what is installed)";

#[test]
fn uvicorn() {
    needs!("uvicorn");
    for start in [
        Start {
            program: "uvicorn",
            arguments: "app:app --port <port> --root-path /api/v1",
            environment: &[],
            files: &[],
            runs: "uvicorn app:app",
            shown: &["--root-path /api/v1 (command line)", "--port <port> (command line)", HTTPTOOLS],
            scope: Some(("192.0.2.7", "/api/v1")),
        },
        Start {
            program: "uvicorn",
            arguments: "app:app --workers 2 --no-proxy-headers --http h11",
            environment: &[("UVICORN_PORT", "<port>"), ("UVICORN_ROOT_PATH", "/env")],
            files: &[],
            runs: "uvicorn app:app",
            shown: &[
                "--workers 2 (command line)",
                "--no-proxy-headers (command line)",
                "--http h11 (command line)",
                "--port <port> (UVICORN_PORT)",
                "--root-path /env (UVICORN_ROOT_PATH)",
            ],
            scope: Some(("127.0.0.1", "/env")),
        },
        Start {
            program: "python",
            arguments: "-X dev -m uvicorn --port=<port> app:app --reload",
            environment: &[("FORWARDED_ALLOW_IPS", "10.0.0.0/8")],
            files: &[],
            runs: "uvicorn app:app",
            shown: &[
                "--port <port> (command line)",
                "--forwarded-allow-ips 10.0.0.0/8 (FORWARDED_ALLOW_IPS)",
                HTTPTOOLS,
            ],
            scope: Some(("127.0.0.1", "")),
        },
    ] {
        start.check();
    }
}

#[test]
fn fastapi_run() {
    needs!("fastapi");
    let app = repository("tests/peers/app.py");
    let arguments = format!("run {} --app api --port <port> --root-path /x --workers 2", app.display());
    Start {
        program: "fastapi",
        arguments: &arguments,
        environment: &[("FORWARDED_ALLOW_IPS", "10.0.0.1"), ("UVICORN_ROOT_PATH", "/not-read")],
        files: &[],
        runs: &format!("fastapi run {}:api", app.display()),
        shown: &[
            "--root-path /x (command line)",
            "--port <port> (command line)",
            "--workers 2 (command line)",
            "--forwarded-allow-ips 10.0.0.1 (FORWARDED_ALLOW_IPS)",
            HTTPTOOLS,
        ],
        scope: Some(("127.0.0.1", "/x")),
    }
    .check();
}

#[test]
fn hypercorn() {
    needs!("hypercorn");
    for (arguments, root_path, shown) in [
        (
            "app:app -b 127.0.0.1:<port> -w 2 --root-path /h",
            "/h",
            ["--bind 127.0.0.1:<port> (command line)", "--workers 2 (command line)", "--root-path /h (command line)"],
        ),
        (
            "--config h.toml app:app --bind 127.0.0.1:<port>",
            "/t",
            ["--bind 127.0.0.1:<port> (command line)", "--workers 1 (h.toml:2)", "--root-path /t (h.toml:1)"],
        ),
    ] {
        Start {
            program: "hypercorn",
            arguments,
            environment: &[],
            files: &[("h.toml", "root_path = '/t'\nworkers = 1\n")],
            runs: "hypercorn app:app",
            shown: &shown,
            scope: Some(("127.0.0.1", root_path)),
        }
        .check();
    }
}

#[test]
fn daphne() {
    needs!("daphne");
    Start {
        program: "daphne",
        arguments: "-p <port> --root-path=/d --proxy-headers app:app",
        environment: &[("FORWARDED_ALLOW_IPS", "not-read")],
        files: &[],
        runs: "daphne app:app",
        shown: &["--port <port> (command line)", "--root-path /d (command line)", "--proxy-headers (command line)"],
        scope: Some(("192.0.2.7", "/d")),
    }
    .check();
}

#[test]
fn granian() {
    needs!("granian");
    Start {
        program: "granian",
        arguments: "--interface asgi app:app --port <port> --workers 2",
        environment: &[("GRANIAN_URL_PATH_PREFIX", "/g"), ("GRANIAN_WEBSOCKETS", "false")],
        files: &[],
        runs: "granian app:app",
        shown: &[
            "--interface asgi (command line)",
            "--port <port> (command line)",
            "--workers 2 (command line)",
            "--url-path-prefix /g (GRANIAN_URL_PATH_PREFIX)",
            "--no-ws (GRANIAN_WEBSOCKETS)",
        ],
        scope: Some(("127.0.0.1", "/g")),
    }
    .check();
}

#[test]
fn gunicorn() {
    needs!("gunicorn");
    let config = "import os\nroot_path = '/f'\nforwarded_allow_ips = os.environ.get('WHO', '*')\n";
    for (arguments, scope, variables, shown) in [
        (
            "-k asgi -b 127.0.0.1:<port> -w 2 app:app",
            // gunicorn's own worker never takes a client from a header.
            ("127.0.0.1", "/e"),
            &[("GUNICORN_CMD_ARGS", "--root-path /e"), ("FORWARDED_ALLOW_IPS", "10.0.0.1")][..],
            &[
                "--worker-class asgi (command line)",
                "--bind 127.0.0.1:<port> (command line)",
                "--workers 2 (command line)",
                "--root-path /e (GUNICORN_CMD_ARGS)",
                "gunicorn.conf.py:3: forwarded_allow_ips is computed: it cannot be known without running the file",
            ][..],
        ),
        (
            "-k uvicorn_worker.UvicornWorker -b 127.0.0.1:<port> app:app",
            // uvicorn's is not told gunicorn's root path.
            ("192.0.2.7", ""),
            &[],
            &[
                "--worker-class uvicorn_worker.UvicornWorker (command line)",
                "--bind 127.0.0.1:<port> (command line)",
                "--root-path /f (gunicorn.conf.py:2)",
                "gunicorn.conf.py:3: forwarded_allow_ips is computed: it cannot be known without running the file",
            ],
        ),
    ] {
        Start {
            program: "gunicorn",
            arguments,
            environment: variables,
            files: &[("gunicorn.conf.py", config)],
            runs: "gunicorn app:app",
            shown,
            scope: Some(scope),
        }
        .check();
    }
}

/// Options in code cannot be read; the answer's `server` field and the installed release say what they can.
#[test]
fn a_server_that_is_started_in_code() {
    needs!("uvicorn");
    let code = "import sys, uvicorn\nuvicorn.run('app:app', port=int(sys.argv[1]), root_path='/x')\n";
    let (process, app) = peers::server("python", "serve.py <port>", &[], &[("serve.py", code)]);
    let tap = free_address();
    let hopscope = Hopscope::start(&["tap", "--app", &format!("{tap}=http://{app}")], &[tap]);
    Client::to(tap).ask("GET /app HTTP/1.1\r\nHost: h\r\n\r\n");
    hopscope.line("/app");
    let (_, text) = hopscope.finish_with_text();
    let why = "serve.py starts the server itself: its options are in code; say them with --server and its options";
    let release = release("uvicorn").replace("(installed)", "(by its answers, version as installed)");
    let expected = [process_line(&process, "serve.py"), release, why.to_owned()];
    assert!(expected.iter().all(|line| said(&text).contains(line)), "{expected:?}\n{text}");
}

/// Flags count more; what they override is not shown, and what they contradict is said.
#[test]
fn flags_override_what_is_found() {
    needs!("uvicorn", "daphne");
    let (_uvicorn, app) = peers::server("uvicorn", "app:app --port <port> --root-path /found", &[], &[]);
    let tap = free_address();
    let spec = format!("{tap}=http://{app}");
    let told = |flags: &[&str]| {
        let hopscope = Hopscope::start(&[&["tap", "--app", &spec], flags].concat(), &[tap]);
        Client::to(tap).ask("GET /app HTTP/1.1\r\nHost: h\r\n\r\n");
        let line = hopscope.line("/app");
        (line.text("/scope/root_path").to_owned(), said(&hopscope.finish_with_text().1))
    };
    let (root_path, lines) = told(&["--root-path", "/flag"]);
    assert_eq!(root_path, "/flag");
    assert!(lines.contains(&"--root-path /flag (flag)".to_owned()), "{lines:?}");
    assert!(!lines.contains(&"--root-path /found (command line)".to_owned()), "{lines:?}");
    let contradiction = "--root-path /flag is told, but the process was started with --root-path /found (command line)";
    assert!(lines.contains(&contradiction.to_owned()), "{lines:?}");
    let (_, lines) = told(&["--server", "daphne"]);
    let contradiction = "--server says daphne, but the process is uvicorn: its options are not used";
    assert!(lines.contains(&contradiction.to_owned()), "{lines:?}");
    let (_, lines) = told(&["--server", "daphne", "--no-find-server"]);
    assert!(lines.contains(&"--server says daphne, but uvicorn answers".to_owned()), "{lines:?}");
    let (root_path, lines) = told(&["--no-find-server"]);
    assert_eq!((root_path.as_str(), lines.iter().any(|line| line.contains("pid"))), ("", false), "{lines:?}");
}

/// A server that starts later than hopscope, and starts again in another way, is found both times.
#[test]
fn a_server_that_starts_again() {
    needs!("uvicorn");
    let app = free_address();
    let start = |root: &str| {
        let arguments = format!("app:app --port {} --root-path {root}", app.port());
        peers::server_at(app, "uvicorn", &arguments, &[], &[])
    };
    let tap = free_address();
    let hopscope = Hopscope::start(&["tap", "--app", &format!("{tap}=http://{app}")], &[tap]);
    let ask = |path: &str| Client::to(tap).ask(format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")).status();
    for root in ["/one", "/two"] {
        let server = start(root);
        wait_for(&format!("--root-path {root} to be found"), || {
            assert_eq!(ask("/app"), 200);
            let line = hopscope.so_far().lines().last().cloned()?;
            (line.text("/scope/root_path") == root).then_some(())
        });
        drop(server);
    }
    // What the first one served stays as it was.
    let lines = hopscope.so_far();
    let roots: Vec<&str> = lines.lines().iter().map(|line| line.text("/scope/root_path")).collect();
    let ones = roots.iter().filter(|root| **root == "/one").count();
    assert!(ones > 0 && roots[..ones].iter().all(|root| *root == "/one"), "{roots:?}");
    let (_, text) = hopscope.finish_with_text();
    assert!(said(&text)[0].contains("assumed") && text.contains("nothing listens on"), "{text}");
}
