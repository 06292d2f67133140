//! daphne's command line: 4.2.3 `cli.py`. It reads neither variables nor files.

use super::Started;
use super::grammar::{Grammar, Library};
use crate::asgi::server::Program;

const GRAMMAR: Grammar = Grammar {
    values: &[
        "-p --port",
        "-b --bind",
        "--websocket_timeout",
        "--websocket_connect_timeout",
        "-u --unix-socket",
        "--fd",
        "-e --endpoint",
        "-v --verbosity",
        "-t --http-timeout",
        "--access-log",
        "--log-fmt",
        "--ping-interval",
        "--ping-timeout",
        "--websocket-max-message-size",
        "--websocket-max-frame-size",
        "--application-close-timeout",
        "--root-path",
        "--proxy-headers-host",
        "--proxy-headers-port",
        "-s --server-name",
    ],
    switches: &["-h --help", "--proxy-headers", "--no-server-name"],
    ..Grammar::of(Library::Argparse)
};

/// What matters to requests.
const TOLD: [&str; 8] = [
    "root-path",
    "proxy-headers",
    "proxy-headers-host",
    "proxy-headers-port",
    "bind",
    "port",
    "unix-socket",
    "endpoint",
];

pub(super) fn read(arguments: &[String]) -> Started {
    let parsed = GRAMMAR.parse(arguments);
    let mut started = Started::new("daphne", Program::Daphne);
    started.say_parsed(&parsed, &TOLD);
    started.app = parsed.words.first().cloned();
    started
}
