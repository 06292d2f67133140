//! The newest servers, started for real, against the models: requests drawn at random, plain and websocket.
//!
//! `HOPSCOPE_PEERS` names the virtual environment that `tests/run` makes; without it these tests say so and pass.
//! Every run draws other requests. `HOPSCOPE_SEED=N` draws those of an earlier run again (each test prints its seed), and
//! `HOPSCOPE_CASES=N` draws so many for each way of starting a server.
//!
//! A busy machine makes a server seem silent now and then: a difference counts only if it shows again when the same is asked
//! twice more.

#![cfg(test)]

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "the stage of the stories, of which a part is used here")]
mod support;

mod live;
mod model;
mod requests;

use std::env;
use std::io::{self, Write as _};
use std::time::{SystemTime, UNIX_EPOCH};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use serde_json::{Value, json};

use live::{Live, Start};
use model::Model;
use support::peers::needs;

/// Requests drawn for each way of starting a server.
const CASES: u32 = 200;
/// How often the same is asked before a difference counts.
const TRIES: usize = 3;
/// How far a request on which model and server part is made smaller.
const SHRINKING: u32 = 200;

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// Starts the server in each of these ways and compares.
fn compare(starts: &[Start]) {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let seed = number("HOPSCOPE_SEED").unwrap_or_else(now);
    let cases = number("HOPSCOPE_CASES").map_or(CASES, |cases| u32::try_from(cases).expect("a number of cases"));
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    // Not with a macro: the test runner keeps those to itself when a test passes.
    let _ = writeln!(io::stderr(), "{}: HOPSCOPE_SEED={seed}", starts[0].server);
    let model = Model::start();
    for start in starts {
        let live = Live::start(start);
        let config = Config { cases, max_shrink_iters: SHRINKING, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &key));
        let outcome = runner.run(&requests::any(), |request| {
            let mut told = String::new();
            for _ in 0..TRIES {
                let (seen, computed) = match live.ask(&request) {
                    Ok((seen, ends)) => (seen, model.ask(start, &request, &ends)),
                    Err(why) => (json!({"outcome": "not asked", "why": why.to_string()}), Value::Null),
                };
                if seen == computed {
                    return Ok(());
                }
                told = format!("server {seen}\nmodel  {computed}");
            }
            let request = request.escape_ascii();
            Err(TestCaseError::fail(format!("{start:?}\nseed {seed}\n{request}\n{told}")))
        });
        match outcome {
            // The request is in the reason, as text.
            Err(TestError::Fail(reason, _)) => panic!("{reason}"),
            other => other.expect("nothing else ends it"),
        }
    }
}

#[test]
fn uvicorn() {
    needs!("uvicorn");
    compare(&[
        Start::new("uvicorn", &["--http", "httptools"]),
        Start::new("uvicorn", &["--http", "h11", "--root-path", "/api/v1", "--forwarded-allow-ips", "*"]),
        Start::new(
            "uvicorn",
            &["--http", "httptools", "--root-path", "/p", "--forwarded-allow-ips", "127.0.0.0/8,10.1.2.3"],
        ),
        Start::new("uvicorn", &["--http", "h11", "--ws", "wsproto", "--no-proxy-headers"]),
    ]);
}

#[test]
fn hypercorn() {
    needs!("hypercorn");
    compare(&[
        Start::new("hypercorn", &["--root-path", "/api/v1/"]),
        Start::new("hypercorn", &[]).wrapped("PROXY_FIX", "legacy,1"),
        Start::new("hypercorn", &[]).wrapped("PROXY_FIX", "modern,2"),
    ]);
}

#[test]
fn daphne() {
    needs!("daphne");
    compare(&[
        Start::new("daphne", &[]),
        Start::new("daphne", &["--root-path", "/api/v1", "--proxy-headers"]),
        Start::new("daphne", &["--proxy-headers", "--proxy-headers-host", "X-Real-IP"]),
    ]);
}

#[test]
fn granian() {
    needs!("granian");
    compare(&[
        Start::new("granian", &["--url-path-prefix", "/api/v1"]),
        Start::new("granian", &[]).wrapped("WRAP_PROXY_HEADERS", "127.0.0.0/8,10.1.2.3"),
        Start::new("granian", &[]).wrapped("WRAP_PROXY_HEADERS", "*"),
    ]);
}

#[test]
fn gunicorn() {
    needs!("gunicorn");
    compare(&[
        Start::new("gunicorn", &["--worker-class", "asgi"]),
        Start::new("gunicorn", &["--worker-class", "asgi", "--root-path", "/api/v1", "--forwarded-allow-ips", "*"]),
        Start::new("gunicorn", &["--worker-class", "uvicorn_worker.UvicornWorker", "--forwarded-allow-ips", "*"]),
    ]);
}
