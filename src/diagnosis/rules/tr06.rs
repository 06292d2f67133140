//! # TR06: option given to the wrong program
//!
//! ## What it says
//! gunicorn was given a root path, and the worker that serves the app does not heed it: the app does not know its prefix.
//!
//! ## Why it happens
//! gunicorn starts other programs as its workers and hands them only some of its own options. `uvicorn_worker.UvicornWorker`
//! gets neither `--root-path` nor `SCRIPT_NAME`; before uvicorn 0.12 it did not get `--forwarded-allow-ips` either.
//!
//! ## How it is told from its neighbours
//! - `PX01`, `PX05`, `PX07`: what follows from it.
//! - `TR01`: the option reached the program that reads it, and names another address.
//!
//! Seen in Kludex/uvicorn#589 and #937, fastapi/fastapi#1207.
//!
//! ## Example
//! ```text
//! gunicorn -k uvicorn_worker.UvicornWorker --root-path /api/v1 main:app   scope root_path ""
//! ```
//!
//! ## Fix
//! gunicorn's own worker (`-k asgi`), which heeds it; a subclass of the worker with `CONFIG_KWARGS = {"root_path": "/api/v1"}`;
//! or uvicorn itself with `--root-path` and `--workers`.
//!
//! ## Not
//! The same option once more, in another spelling or in the environment: the worker reads neither.

use crate::asgi::server::RootPathUse;
use crate::diagnosis::case::Case;
use crate::diagnosis::rule::{Answer, Parts, Rule};
use crate::diagnosis::server_words::ServerWords;
use crate::diagnosis::{Confidence, Ground, Severity, shown};
use crate::lanes::Source;

pub(super) const RULE: Rule = Rule {
    code: "TR06",
    title: "option given to the wrong program",
    severity: Severity::Warn,
    source: include_str!("tr06.rs"),
    check,
};

fn check(case: &Case<'_>) -> Answer {
    let server = &case.setup.server;
    let untold = case.view().is_some_and(|view| view.scope.root_path.is_empty());
    if server.root_path.is_empty() || !untold || case.prefix().is_empty() {
        return Answer::No;
    }
    if server.root_path_use() != RootPathUse::Ignored {
        return Answer::No;
    }
    let words = ServerWords(server);
    let root = shown::text(&server.root_path);
    let why = format!(
        "{} was given {} {root}, and the worker that serves the app does not heed it: the app knows no prefix.",
        words.name(),
        words.root_option(),
    );
    Answer::Yes(
        Parts::new(Confidence::High, why)
            .about(root.clone())
            .known(Source::Derived, Ground::Server, None, format!("the worker gets no root path from {}", words.name()))
            .path_seen(case)
            .fix([format!(
                "a worker class of your own: class Worker(UvicornWorker): CONFIG_KWARGS = {{\"root_path\": \"{root}\"}}"
            )])
            .fix([format!("or without gunicorn: uvicorn --root-path {root} --workers 4")])
            .not("the same option once more, or SCRIPT_NAME: the worker reads neither"),
    )
}
