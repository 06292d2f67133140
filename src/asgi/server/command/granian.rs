//! granian's command line: 2.8.7 `cli.py`. Every option may also be given by a variable, `GRANIAN_` and the name of its
//! parameter in capitals (`auto_envvar_prefix`), which for `--ws` is `WEBSOCKETS`.

use super::grammar::{Grammar, Library};
use super::{Process, Started};
use crate::asgi::server::Program;

const GRAMMAR: Grammar = Grammar {
    values: &[
        "--host",
        "--port",
        "--uds",
        "--uds-permissions",
        "--interface",
        "--http",
        "--workers",
        "--blocking-threads",
        "--blocking-threads-idle-timeout",
        "--runtime-threads",
        "--runtime-blocking-threads",
        "--runtime-mode",
        "--loop",
        "--task-impl",
        "--backlog",
        "--backpressure",
        "--http1-buffer-size",
        "--http1-header-read-timeout",
        "--http2-initial-connection-window-size",
        "--http2-initial-stream-window-size",
        "--http2-keep-alive-interval",
        "--http2-keep-alive-timeout",
        "--http2-max-concurrent-streams",
        "--http2-max-frame-size",
        "--http2-max-headers-size",
        "--http2-max-send-buffer-size",
        "--log-level",
        "--log-config",
        "--access-log-fmt",
        "--ssl-certificate",
        "--ssl-keyfile",
        "--ssl-keyfile-password",
        "--ssl-protocol-min",
        "--ssl-ca",
        "--ssl-crl",
        "--url-path-prefix",
        "--respawn-interval",
        "--rss-sample-interval",
        "--rss-samples",
        "--workers-lifetime",
        "--workers-max-rss",
        "--workers-kill-timeout",
        "--working-dir",
        "--env-files",
        "--static-path-route",
        "--static-path-mount",
        "--static-path-dir-to-file",
        "--static-path-expires",
        "--metrics-scrape-interval",
        "--metrics-address",
        "--metrics-port",
        "--reload-paths",
        "--reload-ignore-dirs",
        "--reload-ignore-patterns",
        "--reload-ignore-paths",
        "--reload-tick",
        "--process-name",
        "--pid-file",
    ],
    switches: &["--version"],
    pairs: &[
        "--ws",
        "--http1-keep-alive",
        "--http1-pipeline-flush",
        "--http2-adaptive-window",
        "--log",
        "--access-log",
        "--ssl-client-verify",
        "--respawn-failed-workers",
        "--factory",
        "--metrics",
        "--reload",
        "--reload-ignore-worker-failure",
    ],
    ..Grammar::of(Library::Click)
};

/// What matters to requests, with its variable; true for a switch.
const TOLD: [(&str, &str, bool); 8] = [
    ("url-path-prefix", "GRANIAN_URL_PATH_PREFIX", false),
    ("interface", "GRANIAN_INTERFACE", false),
    ("http", "GRANIAN_HTTP", false),
    ("ws", "GRANIAN_WEBSOCKETS", true),
    ("host", "GRANIAN_HOST", false),
    ("port", "GRANIAN_PORT", false),
    ("uds", "GRANIAN_UDS", false),
    ("workers", "GRANIAN_WORKERS", false),
];

pub(super) fn read(arguments: &[String], process: &Process) -> Started {
    let parsed = GRAMMAR.parse(arguments);
    let mut started = Started::new("granian", Program::Granian);
    started.say_parsed(&parsed, &TOLD.map(|(name, ..)| name));
    for (name, variable, switch) in TOLD {
        started.say_variable(process, name, variable, switch);
    }
    started.app = parsed.words.first().cloned();
    // The choice is read in any case (`EnumType`, `case_sensitive=False`).
    let interface = started.said("interface").map_or("rsgi", |said| &said.value).to_ascii_lowercase();
    if !interface.starts_with("asgi") {
        let why = format!("--interface {interface}: granian does not serve ASGI so, and there is no scope");
        started.serves_otherwise("interface", why);
    }
    started
}
