//! What is found, in each format.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::*;
use crate::asgi::server::Server;
use crate::dry_run::{Addresses, pair};
use crate::gateway::{Code, InMemory, Remark, parse_route};
use crate::lanes::Setup;
use crate::report::schema::faults;

fn at(line: u32) -> Place {
    Place::new(Path::new("conf.d/app one.conf"), line)
}

fn remark(code: Code, weight: Weight, line: u32, fix: Option<&str>) -> Remark {
    let what = format!("what {code} says of line {line}, \u{202e}escaped");
    Remark { code, weight, place: at(line), what, fix: fix.map(str::to_owned) }
}

/// A proxy with a remark of each weight, a line that is not understood, and a pair that does not go together.
fn found() -> (Gateway, Pair) {
    let routes = ["/api=http://app:8000,keep", "/=http://web:80"].map(|route| parse_route(route).unwrap());
    let mut gateway = Gateway::of_routes(routes.to_vec(), None);
    gateway.files = vec![PathBuf::from("conf.d/app one.conf"), PathBuf::from("other.conf")];
    gateway.remarks = vec![
        remark(Code::GluedPath, Weight::Error, 12, Some("proxy_pass http://app/app/;")),
        remark(Code::RouterShadowed, Weight::Warning, 3, None),
        remark(Code::DoubleSlash, Weight::Note, 2, None),
    ];
    gateway.not_understood = vec![NotUnderstood::at(&at(7), "sub_filter: how bodies are changed is not modelled")];
    gateway.routers[0].place = Some(at(4));
    let mut server = Server::uvicorn();
    server.set("root-path", "/api").unwrap();
    let mut setup = Setup { gateway: Some(gateway.clone()), ..Setup::new(server) };
    setup.know_prefix("/api");
    let local = [127, 0, 0, 1].into();
    let mut pair = pair(&setup, Addresses { client: local, peer: local }, &crate::gateway::Unseen);
    crate::remedy::mend_pair(&mut pair, &setup);
    pair.untried.push(Untried { router: 1, why: "its rule names no path prefix".to_owned() });
    (gateway, pair)
}

fn written(format: CheckFormat) -> String {
    let (gateway, pair) = found();
    let files = InMemory::default().file("conf.d/app one.conf", "1\n2\n3\n  location /api/ {\n");
    let style =
        Style { redact: true, ascii: false, zone: TimeZone::UTC, color: false, predicted: true, evidence: false };
    let mut out = Vec::new();
    let checked = Checked { gateway: &gateway, pair: Some(&pair) };
    check(&checked, format, &style, &files, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(!text.contains('\u{202e}'), "{text}");
    text
}

#[test]
fn as_text() {
    insta::assert_snapshot!(written(CheckFormat::Text));
    assert_eq!(written(CheckFormat::Silent), "");
}

#[test]
fn as_json_that_the_schema_documents() {
    let text = written(CheckFormat::Json);
    let schema = include_str!("../../../assets/schema/check.schema.json");
    assert_eq!(faults(schema, "", &serde_json::from_str(&text).unwrap()), [""; 0]);
    insta::assert_snapshot!(text);
}

#[test]
fn as_sarif() {
    let text = written(CheckFormat::Sarif);
    let mut log: Value = serde_json::from_str(&text).unwrap();
    let run = &log["runs"][0];
    let (rules, results) = (run["tool"]["driver"]["rules"].as_array().unwrap(), run["results"].as_array().unwrap());
    for result in results {
        let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[rule]["id"], result["ruleId"]);
    }
    for rule in log["runs"][0]["tool"]["driver"]["rules"].as_array_mut().unwrap() {
        let document = pages::find(rule["id"].as_str().unwrap()).unwrap().document();
        assert_eq!(rule["help"]["markdown"], document);
        rule.as_object_mut().unwrap().remove("help");
    }
    log["runs"][0]["tool"]["driver"]["semanticVersion"] = Value::Null;
    insta::assert_snapshot!(serde_json::to_string_pretty(&log).unwrap());
}

#[test]
fn the_worst_is_known_for_the_exit_code() {
    let (gateway, pair) = found();
    let checked = Checked { gateway: &gateway, pair: Some(&pair) };
    assert!(checked.said().iter().any(|said| said.code == "NG01" && said.severity == Severity::Error));
    let lines: Vec<_> = checked.said().iter().filter_map(|said| said.place.map(|place| place.line)).collect();
    assert!(lines.is_sorted(), "{lines:?}");
}
