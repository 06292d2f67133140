//! uvicorn's command line: 0.54.0 `main.py` (`main`), `config.py` (`Config.__init__`).
//!
//! Every option may also be given by a variable, its name in capitals after `UVICORN_`
//! (`auto_envvar_prefix`); the command line counts more. `--forwarded-allow-ips` falls back on `FORWARDED_ALLOW_IPS`, which a
//! file named by `--env-file` may set; what else such a file says comes too late for options.

use super::grammar::{Grammar, Library};
use super::{Process, ReadFile, Started};
use crate::asgi::server::Program;

const GRAMMAR: Grammar = Grammar {
    values: &[
        "--host",
        "--port",
        "--uds",
        "--fd",
        "--reload-dir",
        "--reload-include",
        "--reload-exclude",
        "--reload-delay",
        "--workers",
        "--loop",
        "--http",
        "--ws",
        "--ws-max-size",
        "--ws-max-queue",
        "--ws-ping-interval",
        "--ws-ping-timeout",
        "--ws-per-message-deflate",
        "--lifespan",
        "--interface",
        "--env-file",
        "--log-config",
        "--log-level",
        "--forwarded-allow-ips",
        "--root-path",
        "--limit-concurrency",
        "--backlog",
        "--limit-max-requests",
        "--limit-max-requests-jitter",
        "--timeout-keep-alive",
        "--timeout-graceful-shutdown",
        "--timeout-worker-healthcheck",
        "--ssl-keyfile",
        "--ssl-certfile",
        "--ssl-keyfile-password",
        "--ssl-version",
        "--ssl-cert-reqs",
        "--ssl-ca-certs",
        "--ssl-ciphers",
        "--header",
        "--app-dir",
        "--h11-max-incomplete-event-size",
    ],
    switches: &["--reload", "--http2", "--version", "--reset-contextvars", "--factory"],
    pairs: &["--access-log", "--use-colors", "--proxy-headers", "--server-header", "--date-header"],
    ..Grammar::of(Library::Click)
};

/// What matters to requests, and the switches among it.
const TOLD: [&str; 12] = [
    "root-path",
    "proxy-headers",
    "forwarded-allow-ips",
    "http",
    "http2",
    "ws",
    "host",
    "port",
    "uds",
    "workers",
    "interface",
    "factory",
];
const SWITCHES: [&str; 3] = ["proxy-headers", "http2", "factory"];

pub(super) fn read(arguments: &[String], process: &Process, file: ReadFile<'_>) -> Started {
    let parsed = GRAMMAR.parse(arguments);
    let mut started = Started::new("uvicorn", Program::Uvicorn);
    started.say_parsed(&parsed, &TOLD);
    for name in TOLD {
        let variable = format!("UVICORN_{}", name.to_ascii_uppercase().replace('-', "_"));
        started.say_variable(process, name, &variable, SWITCHES.contains(&name));
    }
    let env_file = parsed.last("env-file").or_else(|| process.variable("UVICORN_ENV_FILE"));
    started.say_trust_variable(process, env_file.filter(|path| !path.is_empty()).map(|path| (path, file)));
    started.say_variable(process, "workers", "WEB_CONCURRENCY", false);
    started.app = parsed.words.first().cloned().or_else(|| process.variable("UVICORN_APP").map(str::to_owned));
    if started.said("interface").is_some_and(|said| said.value == "wsgi") {
        started.serves_otherwise("interface", "--interface wsgi serves WSGI: there is no ASGI scope".to_owned());
    }
    started
}
