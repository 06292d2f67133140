//! Real nginx and Caddy take what changes make of their configurations.
//!
//! `HOPSCOPE_PEERS` names the virtual environment that `tests/run` makes; without it these tests say so and pass.

#![cfg(test)]

#[path = "support/mod.rs"]
#[allow(dead_code, reason = "the stage of the stories, of which a part is used here")]
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use hopscope::gateway::{Change, Files as _, Gateway, InMemory, Options, Plan, Proxy, Received, Unseen, apply, read};
use support::peers::{find, needs};
use support::place::repository;

/// Every kind of change, for an app below `/api`.
fn changes() -> Vec<Change> {
    let path = |to: &str| Change::Path { prefix: "/api".to_owned(), to: to.to_owned() };
    vec![
        path(""),
        path("/api"),
        path("/v2"),
        Change::PassHost,
        Change::SendScheme,
        Change::SendFor,
        Change::SendPrefix("/api".to_owned()),
        Change::TrustFront("10.0.0.5".to_owned()),
        Change::TrustFront("192.0.2.0/24".to_owned()),
        Change::Upgrade,
        Change::LeaveLocation,
        Change::MendLocation("/api".to_owned()),
        Change::RelativeRedirects,
        Change::SlashAtMount("/api".to_owned()),
        Change::CookiePath { from: "/".to_owned(), to: "/api".to_owned() },
        Change::Take("/docs".to_owned()),
    ]
}

fn plan(gateway: &Gateway, target: &str) -> Plan {
    let head = format!("GET {target} HTTP/1.1\r\nHost: example.com\r\n\r\n");
    let ends = (([127, 0, 0, 1], 50_000).into(), ([127, 0, 0, 1], 80).into());
    gateway.plan(&Received::at(gateway.listeners.first(), head.as_bytes(), Some(b""), ends), &Unseen)
}

/// Makes every change, and pairs of them, in every configuration of a folder; `takes` asks the program. Gives how many were
/// made.
fn amend(proxy: Proxy, folder: &str, name: &str, takes: impl Fn(&str) -> Result<(), String>) -> usize {
    let mut made = 0;
    let mut entries: Vec<_> =
        fs::read_dir(repository(folder)).expect("a folder").flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        let text = fs::read_to_string(&path).expect("UTF-8");
        let options = Options { proxy: Some(proxy), ..Options::default() };
        let gateway = read(&[name.into()], &InMemory::default().file(name, text), options).expect("it is read");
        let all = changes();
        let single = all.iter().map(std::slice::from_ref);
        for changes in single.chain(all.windows(2)).chain([all.get(3..).expect("more than three")]) {
            for target in ["/api/x", "/x"] {
                let Ok(amended) = gateway.amend(changes, &plan(&gateway, target)) else { continue };
                made += 1;
                let files = apply(&gateway.origin.as_ref().expect("files").files, &amended.edits).expect("they fit");
                let text = String::from_utf8(files.read(Path::new(name)).expect("it is there")).expect("UTF-8");
                if let Err(why) = takes(&text) {
                    panic!("{} {changes:?} {target}: {why}\n{text}", path.display());
                }
            }
        }
    }
    made
}

#[test]
fn nginx() {
    needs!("nginx");
    let folder = tempfile::tempdir().expect("a folder");
    let binary = find("nginx").expect("asked before");
    let takes = |text: &str| {
        fs::write(folder.path().join("nginx.conf"), text).expect("a folder of our own");
        let mut command = Command::new(&binary);
        command.args(["-t", "-q", "-e", "stderr", "-p", ".", "-c", "nginx.conf"]).current_dir(folder.path());
        let output = command.output().expect("it starts");
        output.status.success().then_some(()).ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert!(amend(Proxy::Nginx, "tests/live_gateway/configs/nginx", "nginx.conf", takes) > 100);
}

#[test]
fn caddy() {
    needs!("caddy");
    let folder = tempfile::tempdir().expect("a folder");
    let binary = find("caddy").expect("asked before");
    let takes = |text: &str| {
        fs::write(folder.path().join("Caddyfile"), text).expect("a folder of our own");
        let mut command = Command::new(&binary);
        command.args(["adapt", "--validate", "--config", "Caddyfile"]).current_dir(folder.path());
        command.env("HOME", folder.path()).env("XDG_DATA_HOME", folder.path()).env("XDG_CONFIG_HOME", folder.path());
        let output = command.output().expect("it starts");
        output.status.success().then_some(()).ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert!(amend(Proxy::Caddy, "tests/live_gateway/configs/caddy", "Caddyfile", takes) > 30);
}
