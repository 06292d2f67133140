//! The causes of a run, in each format.

use jiff::tz::TimeZone;
use serde_json::Value;

use super::*;
use crate::asgi::server::Server;
use crate::capture::{Losses, Observed};
use crate::diagnosis::Cause;
use crate::exchange::{Sample, Side};
use crate::lanes::{Setup, Tap, TapKind};
use crate::report::schema::faults;
use crate::store::Limits;

const SCHEMA: &str = include_str!("../../../assets/schema/findings.schema.json");

/// 2026-11-20 09:14:51 UTC in microseconds.
const MORNING: u64 = 1_795_166_091_000_000;

/// A request of which the whole prefix came to the app, whose answer is a plain 404.
fn kept(n: u64, path: &str) -> Observed {
    let answer = "HTTP/1.1 404 Not Found\nserver: uvicorn\ncontent-type: application/json";
    let half = |side| {
        let sample = Sample::new(side, &format!("GET {path} HTTP/1.1\nHost: h\n")).unwrap();
        let sample = sample.response(answer, b"{\"detail\":\"Not Found\"}").unwrap();
        Some(Box::new(sample.with(|half| half.times.started = MORNING + n * 1_000_000).half()))
    };
    Observed { key: n, pair: None, edge: half(Side::Edge), app: half(Side::App) }
}

fn run(known: &[Cause]) -> Store {
    let tap =
        Tap { kind: TapKind::StandIn, listen: ([127, 0, 0, 1], 9998).into(), upstream: String::new(), door: None };
    let setup = Setup { taps: vec![tap], prefixes: vec!["/api/v1".to_owned()], ..Setup::new(Server::uvicorn()) };
    let mut store = Store::new(setup, Limits { count: 10, bytes: 1 << 20 });
    for cause in known {
        store.mark_cause(cause, true);
    }
    let batch = (1..=3).map(|n| kept(n, &format!("/api/v1/docs?n={n}&token=s3cret")));
    store.absorb(batch.collect(), Losses::default());
    store
}

fn written(store: &Store, format: FindingsFormat) -> String {
    let mut out = Vec::new();
    findings(&Found::of(store), format, &style(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn style() -> Style {
    Style { redact: true, ascii: false, zone: TimeZone::UTC, color: false, predicted: false, evidence: false }
}

#[test]
fn json_is_as_documented_and_can_be_read_again() {
    let text = written(&run(&[]), FindingsFormat::Json);
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(faults(SCHEMA, "", &value), [""; 0]);
    let [cause] = value["causes"].as_array().unwrap().as_slice() else { panic!("{text}") };
    assert_eq!((&cause["code"], &cause["state"], &cause["count"]), (&"PX01".into(), &"new".into(), &3.into()));
    assert_eq!(cause["last"], "2026-11-20T09:14:54Z");
    assert!(!text.contains("s3cret"), "{text}");

    let known = known(text.as_bytes()).unwrap();
    let again: Value = serde_json::from_str(&written(&run(&known), FindingsFormat::Json)).unwrap();
    assert_eq!(again["causes"][0]["state"], "known");
}

#[test]
fn a_finding_has_the_members_of_a_line_of_json() {
    let lines: Value = serde_json::from_str(include_str!("../../../assets/schema/exchange.schema.json")).unwrap();
    let causes: Value = serde_json::from_str(SCHEMA).unwrap();
    let here = &causes["properties"]["causes"]["items"]["properties"];
    for (name, schema) in lines["properties"]["findings"]["items"]["properties"].as_object().unwrap() {
        assert_eq!(&here[name], schema, "{name}");
    }
}

#[test]
fn what_is_no_export_is_told_so() {
    for text in ["", "[]", "{\"findings\": []}", "{\"causes\": [{\"code\": 1}]}"] {
        assert!(known(text.as_bytes()).unwrap_err().contains("--findings FILE.json"), "{text}");
    }
    let of_another_version =
        r#"{"causes": [{"code": "ZZ99", "about": "", "more": 1}, {"code": "px01", "about": "/p"}]}"#;
    let causes = known(of_another_version.as_bytes()).unwrap();
    assert_eq!(causes, [Cause { code: "PX01", about: "/p".to_owned() }]);
}

#[test]
fn as_markdown_and_as_the_short_list() {
    let store = run(&[]);
    insta::assert_snapshot!("markdown", written(&store, FindingsFormat::Markdown));
    let mut out = Vec::new();
    list(&mut out, &Found::of(&store), &style()).unwrap();
    insta::assert_snapshot!("list", String::from_utf8(out).unwrap());
}

#[test]
fn as_sarif() {
    let log: Value = serde_json::from_str(&written(&run(&[]), FindingsFormat::Sarif)).unwrap();
    let (rules, result) = (&log["runs"][0]["tool"]["driver"]["rules"], &log["runs"][0]["results"][0]);
    assert_eq!((&rules[0]["id"], &result["ruleIndex"]), (&"PX01".into(), &0.into()));
    assert_eq!((&result["occurrenceCount"], &result["baselineState"]), (&3.into(), &"new".into()));
    assert_eq!(result["locations"][0]["logicalLocations"][0]["kind"], "resource");
}

#[test]
fn nothing_found_is_said_where_a_file_was_asked_for() {
    let store = Store::new(Setup::new(Server::uvicorn()), Limits { count: 10, bytes: 1 << 20 });
    assert!(written(&store, FindingsFormat::Markdown).contains("Nothing wrong was found in 0 requests."));
    let value: Value = serde_json::from_str(&written(&store, FindingsFormat::Json)).unwrap();
    assert_eq!(faults(SCHEMA, "", &value), [""; 0]);
    let mut out = Vec::new();
    list(&mut out, &Found::of(&store), &style()).unwrap();
    assert!(out.is_empty());
}
