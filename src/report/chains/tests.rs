use jiff::tz::TimeZone;
use serde_json::Value;

use super::super::schema::faults;
use super::*;
use crate::asgi::server::Server;
use crate::exchange::{ExchangeId, Sample, Side};
use crate::redirect::{Client, Step};

/// A chain of these requests (URL, head of the request below its first line, answer), under the prefix `/api/v1`.
fn followed(hops: &[(&str, &str, &str)]) -> (Chain, Vec<Exchange>) {
    let mut chain: Option<Chain> = None;
    let mut exchanges = Vec::new();
    for (number, (url, head, answer)) in (1..).zip(hops) {
        let sample = Sample::new(Side::Edge, &format!("{head}\nHost: x")).unwrap();
        let exchange = match *answer {
            "" => sample.with(|half| half.ending = Ending::NoUpstream("Connection refused \x1b[2J".to_owned())),
            answer => sample.response(&format!("HTTP/1.1 {answer}"), b"").unwrap(),
        }
        .alone(number);
        let half = exchange.outer().unwrap();
        let step = Step {
            exchange: ExchangeId(number),
            client: Client { address: half.peer.ip(), marks: 0 },
            at: 0,
            method: half.request.method().to_vec(),
            url: Url::absolute(url.as_bytes()).unwrap(),
            prefix: "/api/v1".to_owned(),
            internal: Vec::new(),
            proxy_port: None,
            status: half.status(),
            location: half.response.as_ref().and_then(|head| head.get("location")).map(<[u8]>::to_vec),
            location_at_app: None,
        };
        exchanges.push(exchange);
        match &mut chain {
            Some(chain) => drop(chain.add(step)),
            none => *none = Some(Chain::begin(1, step)),
        }
    }
    (chain.unwrap(), exchanges)
}

fn written(format: ChainFormat, hops: &[(&str, &str, &str)]) -> String {
    let (followed, exchanges) = followed(hops);
    let setup = Setup::new(Server::uvicorn());
    let style =
        Style { redact: true, ascii: false, zone: TimeZone::UTC, color: false, predicted: false, evidence: false };
    let shown = ShownChain { chain: &followed, exchanges: &exchanges, setup: &setup, given_up: false };
    let mut out = Vec::new();
    chain(format, &style, shown, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

const WRONG: [(&str, &str, &str); 2] = [
    (
        "https://x.com/api/v1/items?token=s3cret",
        "POST / HTTP/1.1\nAuthorization: Bearer x",
        "301 M\nserver: nginx\nlocation: http://backend:8000/items/?token=s3cret\nset-cookie: s=1; Path=/app",
    ),
    ("http://backend:8000/items/?token=s3cret", "GET / HTTP/1.1", ""),
];

#[test]
fn a_chain_that_goes_wrong() {
    insta::assert_snapshot!(written(ChainFormat::Text, &WRONG));
    insta::assert_snapshot!(written(ChainFormat::Markdown, &WRONG));
}

#[test]
fn every_code_has_a_page() {
    for code in ["RD01", "RD02", "RD04", "RD05", "RD06", "RD08", "PX07", "CK01", "CO01", "OA01"] {
        assert!(!Verdict::of(code, true).title.is_empty(), "{code}");
    }
}

#[test]
fn a_chain_that_is_fine() {
    let text = written(
        ChainFormat::Text,
        &[
            ("https://x.com/api/v1/items", "GET / HTTP/1.1", "307 T\nlocation: /api/v1/items/"),
            ("https://x.com/api/v1/items/", "GET / HTTP/1.1", "200 OK\nserver: nginx"),
        ],
    );
    assert!(text.ends_with("✓ nothing wrong with the redirects\n"), "{text}");
}

#[test]
fn a_loop_for_programs() {
    let hop = ("https://x.com/api/v1/", "GET / HTTP/1.1", "302 F\nlocation: https://x.com/api/v1/");
    let value: Value = serde_json::from_str(&written(ChainFormat::Json, &[hop; 3])).unwrap();
    let wrong: Value = serde_json::from_str(&written(ChainFormat::Json, &WRONG)).unwrap();
    for value in [&value, &wrong] {
        assert_eq!(faults(include_str!("../../../assets/schema/follow.schema.json"), "", value), [""; 0]);
    }
    assert_eq!((&value["end"]["kind"], &value["loop"]), (&Value::from("loop"), &Value::from(1)));
    assert_eq!(value["findings"][0]["code"], "RD06");
    assert_eq!(value["hops"].as_array().map(Vec::len), Some(3));
}

#[test]
fn nothing_from_outside_is_written_raw_or_in_full() {
    for format in [ChainFormat::Text, ChainFormat::Markdown, ChainFormat::Json] {
        let text = written(format, &WRONG);
        assert!(!text.contains('\x1b') && !text.contains("s3cret") && !text.contains("Bearer x"), "{text}");
    }
}
