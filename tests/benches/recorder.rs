//! What the recorder spends on one exchange: lanes, findings, taking it into the store, and the search for a cause's fixes.
//!
//! `cargo bench --bench recorder`. The data path waits for none of it, but on a small machine they share the processor.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::print_stdout)] // a bench that cannot run has no numbers

use std::path::PathBuf;
use std::sync::Arc;

use divan::{Bencher, black_box};
use hopscope::asgi::server::Server;
use hopscope::capture::{Losses, Observed};
use hopscope::diagnosis::{Finding, Session};
use hopscope::exchange::{Exchange, Sample, Side};
use hopscope::gateway::{self, InMemory, Options, Proxy};
use hopscope::lanes::{self, Setup, Tap, TapKind};
use hopscope::remedy::Remedies;
use hopscope::store::{Limits, Store};

fn main() {
    divan::main();
}

const ASKED: &str = "GET /api/v1/items?limit=5 HTTP/1.1\nHost: localhost:9999\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\n\
                     Accept: text/html,application/xhtml+xml\nAccept-Language: en-US,en;q=0.5\nCookie: session=0123456789abcdef";
const GOT: &str = "GET /items?limit=5 HTTP/1.1\nHost: localhost:9999\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\n\
                   Accept: text/html,application/xhtml+xml\nAccept-Language: en-US,en;q=0.5\nCookie: session=0123456789abcdef\n\
                   X-Forwarded-For: 127.0.0.1\nX-Forwarded-Host: localhost:9999\nX-Forwarded-Port: 9999\n\
                   X-Forwarded-Prefix: /api/v1\nX-Forwarded-Proto: http\nX-Forwarded-Server: box\nX-Real-Ip: 127.0.0.1";

fn setup() -> Setup {
    let tap = |kind, port: u16| Tap {
        kind,
        listen: ([127, 0, 0, 1], port).into(),
        upstream: "http://127.0.0.1".into(),
        door: None,
    };
    let server = Server { root_path: "/api/v1".into(), ..Server::uvicorn() };
    Setup { taps: vec![tap(TapKind::Edge, 9998), tap(TapKind::App, 8001)], ..Setup::new(server) }
}

fn exchange(id: u64, path: &str, status: &str) -> Exchange {
    let half = |side, head: &str| {
        let head = head.replace("/items", path);
        let body = br#"{"detail":"Not Found"}"#;
        let head = Sample::new(side, &head).expect("a head");
        head.response(&format!("HTTP/1.1 {status}\nserver: uvicorn\ncontent-type: application/json"), body)
            .expect("a head")
    };
    half(Side::Edge, ASKED).paired(id, half(Side::App, GOT))
}

#[divan::bench]
fn four_lanes(bencher: Bencher<'_, '_>) {
    let (setup, exchange) = (setup(), exchange(1, "/items", "200 OK"));
    bencher.bench_local(|| lanes::compute(black_box(&exchange), &setup));
}

#[divan::bench(args = ["200 OK", "404 Not Found"])]
fn findings(bencher: Bencher<'_, '_>, status: &str) {
    let (mut setup, exchange) = (setup(), exchange(1, "/items", status));
    let lanes = lanes::compute(&exchange, &setup);
    let mut session = Session::default();
    bencher.bench_local(|| session.observe(black_box(&exchange), &lanes, &mut setup));
}

/// A store at its bounds takes in a batch of 64 healthy exchanges: all alike, or each with a path of its own.
#[divan::bench(args = ["alike", "all different"])]
fn absorb_64(bencher: Bencher<'_, '_>, paths: &str) {
    let mut store = Store::new(setup(), Limits { count: 10_000, bytes: 64 << 20 });
    let mut key = 0;
    let observed = |key: u64| {
        let path = if paths == "alike" { "/items".to_owned() } else { format!("/items/{key}") };
        let exchange = exchange(key, &path, "200 OK");
        Observed { key, pair: None, edge: exchange.edge, app: exchange.app }
    };
    let inputs = || {
        key += 64;
        (key..key + 64).map(observed).collect::<Vec<_>>()
    };
    bencher.with_inputs(inputs).bench_local_values(|batch| store.absorb(batch, Losses::default()));
}

/// An nginx that keeps the prefix of its first location, and has others besides.
fn nginx() -> gateway::Gateway {
    let other = |n: u32| format!("location /site{n}/ {{ proxy_pass http://127.0.0.1:8001; }}\n");
    let others = (0..100).map(other).collect::<Vec<_>>().concat();
    let text = format!(
        "server {{ listen 9999;\nlocation /api/v1/ {{ proxy_pass http://127.0.0.1:8001; }}\n{others}\
         location / {{ proxy_pass http://127.0.0.1:8001; }} }}"
    );
    let files = InMemory::default().file("nginx.conf", text);
    let options = Options { proxy: Some(Proxy::Nginx), ..Options::default() };
    gateway::read(&[PathBuf::from("nginx.conf")], &files, options).expect("a configuration")
}

/// An exchange of a path that the proxy kept.
fn kept(id: u64, path: &str, status: &str) -> Exchange {
    let half = |side, more: &str| {
        let sample = Sample::new(side, &format!("GET {path} HTTP/1.1\nHost: localhost:9999{more}")).expect("a head");
        let answer = format!("HTTP/1.1 {status}\nserver: uvicorn\ncontent-type: application/json");
        sample.response(&answer, br#"{"detail":"Not Found"}"#).expect("a head")
    };
    half(Side::Edge, "").paired(id, half(Side::App, "\nConnection: close"))
}

/// The set-up of nginx, read or not, and a uvicorn that knows of no prefix.
fn unaware(proxy: &str) -> Setup {
    let mut setup = Setup { server: Server::named("uvicorn@0.54").expect("a server"), ..setup() };
    setup.gateway = (proxy == "nginx.conf").then(nginx);
    setup.know_prefix("/api/v1");
    setup
}

/// A store at its bounds takes in a batch of 64 broken exchanges that have one cause.
#[divan::bench(args = ["nginx.conf", "not read"])]
fn absorb_64_broken(bencher: Bencher<'_, '_>, proxy: &str) {
    let mut store = Store::new(unaware(proxy), Limits { count: 10_000, bytes: 64 << 20 });
    let mut key = 0;
    let observed = |key: u64| {
        let exchange = kept(key, &format!("/api/v1/items{}/{key}", key % 100), "404 Not Found");
        Observed { key, pair: None, edge: exchange.edge, app: exchange.app }
    };
    let inputs = || {
        key += 64;
        (key..key + 64).map(observed).collect::<Vec<_>>()
    };
    bencher.with_inputs(inputs).bench_local_values(|batch| store.absorb(batch, Losses::default()));
}

/// The search for the fixes of one cause, when as many shapes of requests are remembered as can be: every other one broken by
/// that cause, the rest healthy.
#[divan::bench(args = ["nginx.conf", "not read"])]
fn search(bencher: Bencher<'_, '_>, proxy: &str) {
    let mut setup = unaware(proxy);
    let exchange = |id: u64| {
        let broken = id.is_multiple_of(2);
        let path = if broken { format!("/api/v1/{id}/a{id}") } else { format!("/site{id}/x") };
        Arc::new(kept(id, &path, if broken { "404 Not Found" } else { "200 OK" }))
    };
    let (mut session, mut remedies) = (Session::default(), Remedies::default());
    let mut told: Vec<Finding> = Vec::new();
    let last = exchange(64);
    for exchange in (0..64).map(exchange).chain([Arc::clone(&last)]) {
        let lanes = lanes::compute(&exchange, &setup);
        let updates = session.observe(&exchange, &lanes, &mut setup);
        remedies.remember(&exchange);
        told.extend(updates.into_iter().filter(|update| update.exchange == last.id).flat_map(|update| update.findings));
    }
    assert!(told.iter().any(|finding| !finding.fix.is_empty()), "nothing to search for: {told:?}");
    bencher.bench_local(|| {
        remedies.forget();
        remedies.mend(&mut told.clone(), &last, &setup);
    });
}
