//! The whole program on real traffic. One story is one test; `tests/support` is the stage.
//!
//! The stories in [`real`] need Traefik, nginx and uvicorn: `tests/run` installs them. The others need Rust alone.

#![cfg(test)]

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "the stage, of which other tests use parts that are not used here")]
mod support;

mod dashboard;
mod escapes;
mod follow;
mod headless;
mod logs;
mod pictures;
mod real;
mod reload;
mod routes;
mod run;
mod terminal;
mod transparency;
