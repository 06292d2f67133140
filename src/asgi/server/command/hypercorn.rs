//! hypercorn's command line: 0.18.0 `__main__.py`, and the file of `--config`: `config.py` (`from_toml`, `from_pyfile`).
//!
//! No variable of the environment is read. The command line counts more than the file.

use super::files::{Settings, python_settings, toml_settings};
use super::grammar::{Grammar, Library};
use super::{Origin, ReadFile, Started};
use crate::asgi::server::Program;

const GRAMMAR: Grammar = Grammar {
    values: &[
        "--access-log",
        "--access-logfile",
        "--access-logformat",
        "--backlog",
        "-b --bind",
        "--ca-certs",
        "--certfile",
        "--cert-reqs",
        "--ciphers",
        "-c --config",
        "--error-log",
        "--error-logfile --log-file",
        "--graceful-timeout",
        "--read-timeout",
        "--max-requests",
        "--max-requests-jitter",
        "-g --group",
        "-k --worker-class",
        "--keep-alive",
        "--keyfile",
        "--keyfile-password",
        "--insecure-bind",
        "--log-config",
        "--log-level",
        "-p --pid",
        "--quic-bind",
        "--root-path",
        "--server-name",
        "--statsd-host",
        "--statsd-prefix",
        "-m --umask",
        "-u --user",
        "--verify-mode",
        "--websocket-ping-interval",
        "-w --workers",
    ],
    switches: &["-h --help", "-D --daemon", "--debug", "--reload"],
    ..Grammar::of(Library::Argparse)
};

/// What matters to requests, by the command line's name and the file's.
const TOLD: [(&str, &str); 4] =
    [("root-path", "root_path"), ("worker-class", "worker_class"), ("workers", "workers"), ("certfile", "certfile")];

/// What may be said several times; all of it counts.
const LISTS: [(&str, &str); 3] =
    [("bind", "bind"), ("insecure-bind", "insecure_bind"), ("server-name", "server_names")];

pub(super) fn read(arguments: &[String], file: ReadFile<'_>) -> Started {
    let parsed = GRAMMAR.parse(arguments);
    let mut started = Started::new("hypercorn", Program::Hypercorn);
    started.say_parsed(&parsed, &TOLD.map(|(option, _)| option));
    for (name, _) in LISTS {
        let all: Vec<&str> = parsed.all(name).collect();
        if !all.is_empty() {
            started.say(name, all.join(","), Origin::CommandLine);
        }
    }
    started.app = parsed.words.first().cloned();
    if let Some(config) = parsed.last("config") {
        read_config(&mut started, config, file);
    }
    started
}

fn read_config(started: &mut Started, config: &str, file: ReadFile<'_>) {
    let names: Vec<(&str, &str)> = TOLD.into_iter().chain(LISTS).collect();
    let wanted: Vec<&str> = names.iter().map(|(_, setting)| *setting).collect();
    if let Some(module) = config.strip_prefix("python:") {
        started.unread.push(format!("the settings are in the Python module {module}, which is not run"));
        return;
    }
    let python = config.strip_prefix("file:");
    let path = python.unwrap_or(config);
    let parse = |text: String| -> Result<Settings, String> {
        if python.is_some() { Ok(python_settings(&text, &wanted)) } else { toml_settings(&text, &wanted) }
    };
    match file(path).and_then(parse) {
        Ok(settings) => started.say_settings(settings, path, &names),
        Err(why) => started.unread.push(format!("{path} (--config) could not be read: {why}")),
    }
}
