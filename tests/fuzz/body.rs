//! Any bytes as the body of a response, of the kinds and in the codings that are looked into: the rules that read it may
//! neither panic nor hang.

#![no_main]

use hopscope::asgi::server::Server;
use hopscope::diagnosis::Session;
use hopscope::exchange::{Sample, Side};
use hopscope::lanes::{self, Setup};

const KINDS: [&str; 3] = ["text/html; charset=utf-8", "application/json", "text/event-stream"];
const CODINGS: [&str; 6] = ["identity", "gzip", "deflate", "br", "zstd", "gzip, br"];

/// Who asks, and what a proxy in front of the app made of it.
const ASKED: &str = "GET /api/docs HTTP/1.1\nHost: h:8080";
const GOT: &str = "GET /docs HTTP/1.1\nHost: h:8080\nX-Forwarded-For: 127.0.0.1\nX-Forwarded-Proto: https";

libfuzzer_sys::fuzz_target!(|input: (u8, u8, &[u8])| {
    let (kind, coding, body) = input;
    let (kind, coding) = (KINDS[usize::from(kind) % KINDS.len()], CODINGS[usize::from(coding) % CODINGS.len()]);
    let answer = format!("HTTP/1.1 200 OK\nserver: uvicorn\ncontent-type: {kind}\ncontent-encoding: {coding}");
    let half = |side, head| Sample::new(side, head).unwrap().response(&answer, body).unwrap();
    let exchange = half(Side::Edge, ASKED).paired(1, half(Side::App, GOT));
    let mut setup = Setup::new(Server::uvicorn());
    let lanes = lanes::compute(&exchange, &setup);
    for finding in Session::default().observe(&exchange, &lanes, &mut setup).iter().flat_map(|update| &update.findings)
    {
        let texts = finding.facts.iter().map(|fact| &fact.what).chain([&finding.why, &finding.about]);
        assert!(texts.flat_map(|text| text.chars()).all(|c| !c.is_control()), "{finding:?}");
    }
});
