//! How long a line of an access log takes to be read into its fields.
//!
//! `cargo bench --bench access_log`. Nothing is counted or kept: it is what cutting lines and walking a format costs, in the
//! formats that are met most.

#![allow(clippy::expect_used)] // a bench that cannot run has no numbers

use std::fmt::Write as _;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use hopscope::access_log::format::Clock;
use hopscope::access_log::{Escape, Format, Lines};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

const LINES: usize = 100_000;

/// What is read at once.
const CHUNK: usize = 256 << 10;

const JSON: &str = r#"{"time":"$time_iso8601","remote_addr":"$remote_addr","host":"$host","request":"$request","status":$status,"body_bytes_sent":$body_bytes_sent,"request_time":$request_time,"upstream_addr":"$upstream_addr","upstream_status":"$upstream_status","upstream_response_time":"$upstream_response_time","http_referer":"$http_referer","http_user_agent":"$http_user_agent"}"#;

const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.127 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "curl/8.5.0",
];

/// A number that follows from its place alone.
const fn odd(place: usize, below: usize) -> usize {
    (place.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) % below
}

/// A log: what stands around each of its values is the format's.
fn log(json: bool, timed: bool) -> String {
    let mut out = String::new();
    for n in 0..LINES {
        let (a, b, second) = (odd(n, 223) + 1, odd(n + 7, 256), n / 20 % 60);
        let client = format!("{a}.{b}.{}.{}", odd(n + 3, 256), odd(n + 5, 256));
        let path = match n % 3 {
            0 => format!("/api/v1/items/{}", odd(n, 50_000)),
            1 => format!("/static/js/chunk-{:03}.js", odd(n, 60)),
            _ => format!("/api/v1/orders/?limit=20&offset={}", odd(n, 2000)),
        };
        let (status, bytes) = (if odd(n, 10) == 0 { 404 } else { 200 }, odd(n, 90_000));
        let (agent, upstream) =
            (AGENTS.get(odd(n, AGENTS.len())).copied().unwrap_or_default(), format!("10.0.0.{}:8000", odd(n, 4)));
        let referer = if n % 2 == 0 { "https://example.com/products?page=2" } else { "-" };
        let took = format!("{}.{:03}", odd(n, 3), odd(n, 1000));
        let _ = if json {
            writeln!(
                out,
                r#"{{"time":"2026-05-25T00:00:{second:02}+00:00","remote_addr":"{client}","host":"example.com","request":"GET {path} HTTP/2.0","status":{status},"body_bytes_sent":{bytes},"request_time":{took},"upstream_addr":"{upstream}","upstream_status":"{status}","upstream_response_time":"{took}","http_referer":"{referer}","http_user_agent":"{agent}"}}"#
            )
        } else {
            let head = format!("{client} - - [25/May/2026:00:00:{second:02} +0000]");
            let tail = if timed {
                format!(
                    r#" "example.com" rt={took} uct="0.001" uht="{took}" urt="{took}" ua="{upstream}" us="{status}""#
                )
            } else {
                String::new()
            };
            writeln!(out, r#"{head} "GET {path} HTTP/2.0" {status} {bytes} "{referer}" "{agent}"{tail}"#)
        };
    }
    out
}

fn run(bencher: Bencher<'_, '_>, log: &str, format: &Format) {
    bencher.counter(ItemsCount::new(LINES)).counter(BytesCount::of_str(log)).bench(|| {
        let (mut lines, mut clock, mut bytes) = (Lines::default(), Clock::default(), 0);
        for chunk in log.as_bytes().chunks(CHUNK) {
            lines.push(chunk, |line| {
                let record = format.read(line, &mut clock).expect("a line of this format");
                bytes += record.bytes.unwrap_or(0) + u64::from(record.status);
            });
        }
        bytes
    });
}

#[divan::bench]
fn combined(bencher: Bencher<'_, '_>) {
    run(bencher, &log(false, false), &Format::named("combined").expect("a format"));
}

#[divan::bench]
fn timed(bencher: Bencher<'_, '_>) {
    run(bencher, &log(false, true), &Format::named("timed").expect("a format"));
}

#[divan::bench]
fn json(bencher: Bencher<'_, '_>) {
    run(bencher, &log(true, true), &Format::compile(JSON.as_bytes(), Escape::Json).expect("a format"));
}

/// The same lines where the order of the members is not known.
#[divan::bench]
fn json_by_key(bencher: Bencher<'_, '_>) {
    run(bencher, &log(true, true), &Format::named("json").expect("a format"));
}
