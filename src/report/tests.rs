use std::sync::Arc;

use serde_json::Value;

use super::*;
use crate::asgi::framework::{App, Routes};
use crate::asgi::server::Server;
use crate::diagnosis::{Confidence, Finding, Fix, Follows, Severity};
use crate::exchange::{Ending, Exchange, ExchangeId, Sample, Side};
use crate::lanes::{self, Provenance, Tap, TapKind};

fn style() -> Style {
    Style { redact: true, ascii: false, zone: TimeZone::UTC, color: false, predicted: false, evidence: false }
}

fn set_up() -> Setup {
    let tap = |kind, port| Tap {
        kind,
        listen: ([127, 0, 0, 1], port).into(),
        upstream: "http://127.0.0.1:1".to_owned(),
        door: None,
    };
    Setup {
        taps: vec![tap(TapKind::Edge, 9998), tap(TapKind::App, 8001)],
        app: App { routes: Some(Routes::new(vec!["/items/".into()], Vec::new())), ..App::default() },
        prefixes: vec!["/api/v1".to_owned()],
        ..Setup::new(Server::uvicorn())
    }
}

fn findings() -> Vec<Finding> {
    let cause = Finding {
        code: "PX07",
        title: "Location loses the prefix",
        severity: Severity::Error,
        why: "The app built it from \x1b[31m/items.".to_owned(),
        about: String::new(),
        facts: Vec::new(),
        missing: None,
        fix: vec![Fix::advice("uvicorn --root-path /api/v1"), Fix::advice("or keep the prefix")],
        not: Some("FastAPI(root_path=…)".to_owned()),
        confidence: Confidence::High,
        primary: true,
        follows: None,
    };
    let symptom = Finding { code: "RD03", primary: false, follows: Some(Follows::Code("PX07")), ..cause.clone() };
    let follower = Follows::Exchange(ExchangeId(35), "PX05");
    let follower = Finding { code: "NG07", primary: false, follows: Some(follower), ..cause.clone() };
    vec![cause, symptom, follower]
}

/// A redirect that loses its prefix, with secrets and terminal escapes in every place a client can write to.
fn redirect() -> Exchange {
    let edge = "GET /api/v1/items?token=s3cret HTTP/1.1\nHost: shop.test:9999\nReferer: http://u:pw@shop.test/\x1b[2J\n\
                X-Forwarded-For: 6.6.6.6\nAuthorization: Bearer s3cret\n";
    let app = "GET /items?token=s3cret HTTP/1.1\nHost: shop.test:9999\nX-Forwarded-For: 127.0.0.1\n\
               X-Forwarded-Proto: https\n";
    let answer =
        "HTTP/1.1 307 Temporary Redirect\nserver: uvicorn\nlocation: http://shop.test:9999/items/?token=s3cret\n";
    let half = |side, head| {
        let sample = Sample::new(side, head).unwrap().response(answer, b"").unwrap();
        sample.with(|half| {
            half.times.started = 1_700_000_000_123_456;
            half.times.ended = 3_210;
        })
    };
    half(Side::Edge, edge).paired(37, half(Side::App, app))
}

fn entry(exchange: Exchange, findings: Vec<Finding>) -> Entry {
    Entry { exchange: Arc::new(exchange), findings: findings.into(), revision: 1 }
}

fn written(format: Format, style: Style, entry: &Entry) -> String {
    let setup = set_up();
    let lanes = lanes::compute(&entry.exchange, &setup);
    let mut out = Vec::new();
    let mut report = Report::new(format, style, &mut out);
    let _ = report.exchange(Shown { entry, lanes: &lanes, setup: &setup, way: None }).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn an_exchange_is_a_line_and_its_findings_are_below() {
    insta::assert_snapshot!(written(Format::Text, style(), &entry(redirect(), findings())));
}

/// The second request with the same cause names it; all of it is there again where that is asked for.
#[test]
fn a_cause_is_told_once() {
    let (setup, first) = (set_up(), entry(redirect(), findings()));
    let mut second = (*first.exchange).clone();
    second.id = ExchangeId(40);
    let second = entry(second, findings());
    let lanes = lanes::compute(&first.exchange, &setup);
    let count = |evidence| {
        let mut out = Vec::new();
        let mut report = Report::new(Format::Text, Style { evidence, ..style() }, &mut out);
        // The line of an exchange whose finding came later is written again, whole.
        for entry in [&first, &first, &second] {
            let _ = report.exchange(Shown { entry, lanes: &lanes, setup: &setup, way: None }).unwrap();
        }
        let text = String::from_utf8(out).unwrap();
        (text.matches("WHY").count(), text.matches("(as #37)").count())
    };
    assert_eq!((count(false), count(true)), ((2, 1), (3, 0)));
}

#[test]
fn the_lanes_are_blocks() {
    let (setup, entry) = (set_up(), entry(redirect(), findings()));
    let lanes = lanes::compute(&entry.exchange, &setup);
    let mut out = Vec::new();
    let shown = Shown { entry: &entry, lanes: &lanes, setup: &setup, way: None };
    let _ = Report::new(Format::Text, style(), &mut out).explain(shown).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap());
}

#[test]
fn a_markdown_section_can_go_into_an_issue() {
    insta::assert_snapshot!(written(Format::Markdown, style(), &entry(redirect(), findings())));
}

#[test]
fn a_line_of_json_has_it_all() {
    let line = written(Format::Jsonl, style(), &entry(redirect(), findings()));
    assert_eq!(line.matches('\n').count(), 1);
    let value: Value = serde_json::from_str(&line).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&value).unwrap());
}

/// No face passes on a control character, and none shows a secret unless told to.
#[test]
fn nothing_from_outside_reaches_the_terminal_raw() {
    for format in [Format::Text, Format::Markdown, Format::Jsonl] {
        let text = written(format, style(), &entry(redirect(), findings()));
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{format:?}: {text}");
        assert!(!text.contains("s3cret") && !text.contains(":pw@"), "{format:?}: {text}");
        let told = written(format, Style { redact: false, ..style() }, &entry(redirect(), findings()));
        assert!(told.contains("token=s3cret"), "{format:?}: {told}");
    }
}

#[test]
fn ascii_is_ascii() {
    let plain: Vec<Finding> = findings().into_iter().map(|finding| Finding { not: None, ..finding }).collect();
    let text = written(Format::Text, Style { ascii: true, ..style() }, &entry(redirect(), plain));
    assert!(text.is_ascii(), "{text}");
}

#[test]
fn bytes_that_are_no_text_are_kept() {
    let mut head = b"GET /\xff\xe9 HTTP/1.1\r\nHost: h\r\n\r\n".to_vec();
    let exchange = Sample::new(Side::Edge, "GET / HTTP/1.1").unwrap();
    let exchange = exchange
        .with(|half| half.request = crate::exchange::RequestHead::from_wire(std::mem::take(&mut head)).unwrap());
    let line = written(Format::Jsonl, style(), &entry(exchange.alone(1), Vec::new()));
    let value: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(value["original"]["path"], "/\u{ff}\u{e9}");
}

fn faults(line: &Value) -> Vec<String> {
    schema::faults(include_str!("../../assets/schema/exchange.schema.json"), "", line)
}

fn found() -> Provenance {
    let mut provenance = Provenance {
        process: Some("pid 4242 · uvicorn main:app".to_owned()),
        contradiction: Some("the process that listens is uvicorn, but \x1b[2J answers".to_owned()),
        ..Provenance::default()
    };
    provenance.know("server", "uvicorn 0.54.0", "installed");
    provenance.know("root-path", "/api/v1", "UVICORN_ROOT_PATH");
    provenance
}

fn written_with(provenance: Provenance, format: Format, times: usize) -> String {
    let (setup, entry) = (Setup { provenance, ..set_up() }, entry(redirect(), Vec::new()));
    let lanes = lanes::compute(&entry.exchange, &setup);
    let mut out = Vec::new();
    let mut report = Report::new(format, style(), &mut out);
    for _ in 0..times {
        let _ = report.exchange(Shown { entry: &entry, lanes: &lanes, setup: &setup, way: None }).unwrap();
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn every_line_of_json_says_how_the_server_is_known() {
    let line: Value = serde_json::from_str(&written_with(found(), Format::Jsonl, 1)).unwrap();
    assert_eq!(faults(&line), Vec::<String>::new(), "{line}");
    let known = &line["scope"]["known"];
    assert_eq!(known["process"], "pid 4242 · uvicorn main:app");
    assert_eq!(known["options"][1]["option"], "root-path");
    assert_eq!(known["options"][1]["value"], "/api/v1");
    assert_eq!(known["options"][1]["from"], "UVICORN_ROOT_PATH");
    assert_eq!(known["doubts"].as_array().unwrap().len(), 1);
}

#[test]
fn text_says_once_how_the_server_is_known() {
    let text = written_with(found(), Format::Text, 2);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "SERVER  pid 4242 · uvicorn main:app (process), server uvicorn 0.54.0 (installed), \
         --root-path /api/v1 (UVICORN_ROOT_PATH)"
    );
    assert_eq!(lines[1], "    !  the process that listens is uvicorn, but \\x1b[2J answers");
    assert_eq!(lines.len(), 4, "{text}");
    assert_eq!(written_with(Provenance::default(), Format::Text, 2).lines().count(), 2);
}

#[test]
fn the_schema_documents_every_line() {
    let sample = |head| Sample::new(Side::App, head).unwrap();
    let websocket = "GET /ws HTTP/1.0\nConnection: upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 13\n";
    let exchanges = [
        redirect(),
        sample("GET / HTTP/1.1\nHost: h\n").alone(1),
        sample(websocket).with(|half| half.ending = Ending::ClientGone(crate::exchange::Phase::Tunnel)).alone(2),
        Sample::new(Side::Edge, "GET /a HTTP/1.1").unwrap().with(|half| half.ending = Ending::NoRoute).alone(3),
    ];
    for exchange in exchanges {
        for predicted in [true, false] {
            let line = written(Format::Jsonl, Style { predicted, ..style() }, &entry(exchange.clone(), findings()));
            let line = serde_json::from_str(&line).unwrap();
            assert_eq!(faults(&line), Vec::<String>::new(), "{line}");
        }
    }
    let mut line: Value =
        serde_json::from_str(&written(Format::Jsonl, style(), &entry(redirect(), findings()))).unwrap();
    line["response"]["extra"] = 1.into();
    line["tap"] = "middle".into();
    line["findings"][0].as_object_mut().unwrap().remove("why");
    assert_eq!(faults(&line).len(), 3, "the check can fail: {:?}", faults(&line));
}

/// A pipe whose reader went away after some bytes.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_a_quiet_end() {
    let (setup, entry) = (set_up(), entry(redirect(), Vec::new()));
    let lanes = lanes::compute(&entry.exchange, &setup);
    let shown = Shown { entry: &entry, lanes: &lanes, setup: &setup, way: None };
    for format in [Format::Text, Format::Jsonl, Format::Markdown] {
        assert_eq!(Report::new(format, style(), Closed).exchange(shown).unwrap(), ControlFlow::Break(()));
    }
    assert_eq!(Report::new(Format::Silent, style(), Closed).exchange(shown).unwrap(), ControlFlow::Continue(()));
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let told = |color| {
        let text = written(Format::Text, Style { color, ..style() }, &entry(redirect(), findings()));
        String::from_utf8(text.into()).unwrap()
    };
    assert!(told(true).contains("\x1b[36m307\x1b[0m"), "{}", told(true));
    let plain: String = told(true)
        .split("\x1b[")
        .map(|part| {
            part.split_once('m').map_or(part, |(sgr, rest)| {
                if sgr.bytes().all(|byte| byte.is_ascii_digit() || byte == b';') { rest } else { part }
            })
        })
        .collect();
    assert_eq!(plain, told(false), "colours add nothing and take nothing away");

    let env = |pairs: &'static [(&str, &str)]| {
        move |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    };
    for (color, terminal, pairs, wanted) in [
        (Color::Auto, true, &[("TERM", "xterm")][..], true),
        (Color::Auto, false, &[("TERM", "xterm")][..], false),
        (Color::Auto, true, &[("NO_COLOR", "1")][..], false),
        (Color::Auto, true, &[("NO_COLOR", "")][..], true),
        (Color::Auto, true, &[("TERM", "dumb")][..], false),
        (Color::Always, false, &[("NO_COLOR", "1")][..], true),
        (Color::Never, true, &[][..], false),
    ] {
        assert_eq!(wants_color(color, terminal, env(pairs)), wanted, "{color:?} {terminal} {pairs:?}");
    }
}
