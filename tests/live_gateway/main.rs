//! Real proxies beside `hopscope proxy --from` with the same files: requests drawn at random, one to each, and nobody may see
//! a difference, neither the upstream nor the client.
//!
//! `HOPSCOPE_PEERS` names the virtual environment that `tests/run` makes; without it these tests say so and pass.
//! Every run draws other requests. `HOPSCOPE_SEED=N` draws those of an earlier run again (each test prints its seed), and
//! `HOPSCOPE_CASES=N` draws so many for each configuration.
//!
//! What hopscope says that it does not know is no difference, but it may not be much. A difference counts only if it shows
//! again when the same is asked twice more: a busy machine is late now and then.

#![cfg(test)]

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "the stage of the stories, of which a part is used here")]
mod support;

mod pair;
mod requests;
mod upstream;

use std::cell::Cell;
use std::env;
use std::io::{self, Write as _};
use std::time::{SystemTime, UNIX_EPOCH};

use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use pair::{Kind, Pair, Seen};
use support::peers::needs;

/// Requests drawn for each configuration.
const CASES: u32 = 120;
/// How far a request on which the two part is made smaller.
const SHRINKING: u32 = 200;
/// How often the same is asked before a difference counts.
const TRIES: usize = 3;
/// Of so many answers one may be "not known".
const KNOWN_OF: u32 = 4;
/// Of so many answers one at least must have come from the upstream.
const REACHED_OF: u32 = 10;

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// Compares the two by each of these configurations.
fn compare(kind: Kind, configs: &[&str]) {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let seed = number("HOPSCOPE_SEED").unwrap_or_else(now);
    let cases = number("HOPSCOPE_CASES").map_or(CASES, |cases| u32::try_from(cases).expect("a number of cases"));
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    // Not with a macro: the test runner keeps those to itself when a test passes.
    let _ = writeln!(io::stderr(), "{kind:?}: HOPSCOPE_SEED={seed}");
    for name in configs {
        let pair = Pair::start(kind, name);
        let (unknown, reached) = (Cell::new(0_u32), Cell::new(0_u32));
        let config = Config { cases, max_shrink_iters: SHRINKING, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &key));
        let outcome = runner.run(&requests::any(), |request| {
            let mut told = String::new();
            for _ in 0..TRIES {
                match (pair.real(&request), pair.stand_in(&request)) {
                    (_, Seen::Unknown(_)) => {
                        unknown.set(unknown.get() + 1);
                        return Ok(());
                    }
                    (real, stand_in) if real == stand_in => {
                        reached.set(reached.get() + u32::from(real.came_from_upstream()));
                        return Ok(());
                    }
                    (real, stand_in) => told = format!("real     {real}\nhopscope {stand_in}"),
                }
            }
            let request = request.escape_ascii();
            Err(TestCaseError::fail(format!("{kind:?} {name}\nseed {seed}\n{request}\n{told}")))
        });
        match outcome {
            // The request is in the reason, as text.
            Err(TestError::Fail(reason, _)) => panic!("{reason}"),
            other => other.expect("nothing else ends it"),
        }
        let (unknown, reached) = (unknown.get(), reached.get());
        assert!(unknown <= cases / KNOWN_OF, "{kind:?} {name}: {unknown} of {cases} not known");
        assert!(reached >= cases / REACHED_OF, "{kind:?} {name}: only {reached} of {cases} came through");
    }
}

#[test]
fn nginx() {
    needs!("nginx");
    compare(Kind::Nginx, &["keep", "strip", "rewrites", "headers", "responses", "errors"]);
}

#[test]
fn traefik() {
    needs!("traefik");
    compare(Kind::Traefik, &["strip", "middlewares", "trusted"]);
}

#[test]
fn caddy() {
    needs!("caddy");
    compare(Kind::Caddy, &["strip", "directives", "trusted"]);
}
