//! The lanes of written exchanges: one table per lane, and what they are written with.

mod answer;
mod forwarded;
mod original;
mod rewritten;
mod scope;

use std::net::SocketAddr;

use super::*;
use crate::asgi::server::Server;
use crate::exchange::{Exchange, Sample, Side};
use crate::gateway::{Gateway, parse_route};

fn setup() -> Setup {
    Setup::new(Server::named("uvicorn@0.54").unwrap())
}

fn both_taps() -> Setup {
    let tap = |kind, port| Tap {
        kind,
        listen: SocketAddr::from(([127, 0, 0, 1], port)),
        upstream: "http://127.0.0.1:1".to_owned(),
        door: None,
    };
    Setup { taps: vec![tap(TapKind::Edge, 9998), tap(TapKind::App, 8001)], ..setup() }
}

fn edge(request: &str) -> Sample {
    Sample::new(Side::Edge, request).unwrap()
}

fn app(request: &str) -> Sample {
    Sample::new(Side::App, request).unwrap()
}

/// A request line and header lines, written with `|` for the line ends.
fn request(text: &str) -> String {
    let (target, fields) = text.split_once('|').unwrap_or((text, ""));
    format!("GET {target} HTTP/1.1\n{}", fields.replace('|', "\n"))
}

fn paired(sent: &str, got: &str) -> Exchange {
    edge(&request(sent)).paired(1, app(&request(got)))
}

/// A response written as `status line|fields`, and its body.
fn answer(sample: Sample, response: &str, body: &str) -> Sample {
    sample.response(&format!("HTTP/1.1 {}", response.replace('|', "\n")), body.as_bytes()).unwrap()
}

fn routed(routes: &[&str]) -> Gateway {
    Gateway::of_routes(routes.iter().map(|route| parse_route(route).unwrap()).collect(), None)
}

fn line<'a>(lanes: &'a Lanes, name: &str) -> Option<&'a ForwardedField> {
    lanes.forwarded.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
}
