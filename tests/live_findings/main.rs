//! Real stacks, broken and clean: a real proxy and a real ASGI server, hopscope's taps at both sides, requests as a browser
//! makes them. What is found must be the cause of what was broken, the fix that is printed must mend it when it is applied
//! to the real files and the real server, and on a clean stack nothing may be found.
//!
//! ```text
//! browser ─▶ [nginx with TLS] ─▶ edge tap ─▶ proxy ─▶ app tap ─▶ server with tests/peers/shop_app.py
//! ```
//!
//! The stacks are data: `stacks/*.toml`, see [`story`]. `HOPSCOPE_PEERS` names the virtual environment that `tests/run`
//! makes; without it these tests say so and pass. `HOPSCOPE_STACK=WORDS` runs those whose name has these words in it.

#![cfg(test)]

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "the stage of the stories, of which a part is used here")]
mod support;

mod amend;
mod browser;
mod stage;
mod story;
mod tls;
mod volume;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, thread};

use stage::Stage;
use story::{Stack, stacks};
use support::peers::needs;

/// Stacks of one file that run at a time: each waits most of its time for programs to start.
const AT_A_TIME: usize = 2;

/// Runs all stacks of a file and tells of all that went wrong.
fn run(file: &str) {
    needs!("nginx", "traefik", "caddy", "haproxy", "apache2", "uvicorn", "hypercorn", "daphne", "granian", "gunicorn");
    let wanted = env::var("HOPSCOPE_STACK").unwrap_or_default();
    let stacks: Vec<Stack> = stacks(file).into_iter().filter(|stack| stack.name.contains(&wanted)).collect();
    let (next, faults) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(|| {
                while let Some(stack) = stacks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // A stack that does not start is told of like the others, and they are run all the same.
                    let outcome = catch_unwind(AssertUnwindSafe(|| check(stack)));
                    let fault = outcome.unwrap_or_else(|_| Err("it could not be played, see above".to_owned()));
                    if let Err(fault) = fault {
                        faults.lock().expect("not poisoned").push(format!("== {}\n{fault}", stack.name));
                    }
                }
            });
        }
    });
    let faults = faults.into_inner().expect("not poisoned");
    assert!(faults.is_empty(), "{} of {} stacks of {file}:\n{}", faults.len(), stacks.len(), faults.join("\n"));
}

/// Plays a stack, and the mended one after it if its fix is to be tried.
fn check(stack: &Stack) -> Result<(), String> {
    let mut stage = Stage::new(stack);
    let seen = stage.play(&stack.expect);
    seen.must_be(&stack.expect)?;
    if !stack.fix {
        return Ok(());
    }
    let fix = seen.first_fix().ok_or_else(|| format!("no fix is printed\n{seen}"))?;
    let told = |why: String| format!("the first fix: {}\n{why}", fix["line"].as_str().unwrap_or_default());
    stage.amend(&fix).map_err(|why| told(format!("{why}\n{seen}")))?;
    let mended = stage.play(&[]);
    mended.must_be(&[]).and_then(|()| mended.must_be_answered()).map_err(told)
}

#[test]
fn prefixes() {
    run("prefixes");
}

#[test]
fn proxies() {
    run("proxies");
}

#[test]
fn forwarding() {
    run("forwarding");
}

#[test]
fn clean() {
    run("clean");
}

#[test]
fn clean_behind_https() {
    run("clean_https");
}
