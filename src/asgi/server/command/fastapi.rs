//! `fastapi run` and `fastapi dev`: fastapi-cli 0.0.34 `cli.py`, which calls `uvicorn.run` with what it was told.
//!
//! `UVICORN_` variables do not count: only uvicorn's own command line reads them. `FORWARDED_ALLOW_IPS` and
//! `WEB_CONCURRENCY` do, they are read by `uvicorn.Config`. `--forwarded-allow-ips` is there since 0.0.10.

use super::grammar::{Grammar, Library};
use super::{Process, ReadFile, Started};
use crate::asgi::server::Program;

/// What stands before the command.
const GROUP: Grammar = Grammar {
    switches: &["--version", "--install-completion", "--show-completion"],
    pairs: &["--verbose"],
    ends_at_word: true,
    ..Grammar::of(Library::Click)
};

const GRAMMAR: Grammar = Grammar {
    values: &[
        "--host",
        "--port",
        "--reload-dir",
        "--workers",
        "--root-path",
        "--app",
        "-e --entrypoint",
        "--forwarded-allow-ips",
    ],
    switches: &["-v --verbose"],
    pairs: &["--reload", "--proxy-headers"],
    ..Grammar::of(Library::Click)
};

const TOLD: [&str; 6] = ["root-path", "proxy-headers", "forwarded-allow-ips", "host", "port", "workers"];

pub(super) fn read(arguments: &[String], process: &Process, _: ReadFile<'_>) -> Started {
    let group = GROUP.parse(arguments);
    let (command, arguments) = match group.words.split_first() {
        Some((command, arguments)) => (command.as_str(), arguments),
        None => ("", arguments),
    };
    let launcher = if command == "dev" { "fastapi dev" } else { "fastapi run" };
    let mut started = Started::new(launcher, Program::Uvicorn);
    if !matches!(command, "run" | "dev") {
        started.unread.push(format!("fastapi {command:?} is not known; known: run, dev"));
        return started;
    }
    let parsed = GRAMMAR.parse(arguments);
    started.say_parsed(&parsed, &TOLD);
    started.say_variable(process, "port", "PORT", false);
    started.say_trust_variable(process, None);
    started.say_variable(process, "workers", "WEB_CONCURRENCY", false);
    let app = parsed.last("app");
    let path = parsed.words.first();
    started.app = match (parsed.last("entrypoint"), path, app) {
        (Some(entrypoint), ..) => Some(entrypoint.to_owned()),
        (None, Some(path), Some(app)) => Some(format!("{path}:{app}")),
        (None, Some(path), None) => Some(path.clone()),
        (None, None, app) => app.map(str::to_owned),
    };
    started
}
