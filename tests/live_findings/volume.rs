//! One fault is one cause, however often it shows.

use std::fs;

use serde_json::Value;

use crate::stage::Stage;
use crate::story::stacks;
use crate::support::http::Client;
use crate::support::peers::needs;
use crate::support::place::wait_for;

/// Requests with the same fault.
const REQUESTS: usize = 1000;
/// So many are sent before the lines of those before are waited for: a busy machine has the time that it needs.
const AT_ONCE: usize = 100;

#[test]
fn a_thousand_requests_with_one_fault_are_one_cause() {
    needs!("nginx", "uvicorn");
    let stacks = stacks("volume");
    let stack = stacks.first().expect("a stack");
    let stage = Stage::new(stack);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("found.json");
    let running = stage.start(&["--findings", file.to_str().expect("UTF-8")]);
    let mut client = Client::to(running.door);
    for number in 0..REQUESTS {
        let answer = client.ask(format!("GET /api/v1/entries/{number} HTTP/1.1\r\nHost: {}\r\n\r\n", running.door));
        assert_eq!(answer.status(), 404);
        if number % AT_ONCE == 0 {
            let written = || (running.hopscope.so_far().lines().len() > number).then_some(());
            wait_for("hopscope to keep up", written);
        }
    }
    drop(client);
    let written = || (running.hopscope.so_far().lines().len() == REQUESTS).then_some(());
    wait_for("a line of each request", written);
    running.hopscope.finish();
    let found: Value = serde_json::from_slice(&fs::read(&file).expect("it is written at the end")).expect("JSON");
    let causes = found["causes"].as_array().expect("causes");
    let told: Vec<(&str, u64)> = causes
        .iter()
        .map(|cause| (cause["code"].as_str().unwrap_or_default(), cause["count"].as_u64().unwrap_or_default()))
        .collect();
    assert_eq!(told, [(stack.expect[0].as_str(), REQUESTS as u64)], "{found}");
}
