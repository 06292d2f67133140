//! What is written of a fix that was tried, as text and as JSON.

use jiff::tz::TimeZone;
use serde_json::Value;

use super::{FixesFormat, LeftOut, ShownFixes, ToMend, TriedFix, fixes};
use crate::diagnosis::{Change, Confidence, Finding, Fix, Severity, Standing, Trial};
use crate::exchange::ExchangeId;
use crate::gateway;
use crate::remedy::proof::{Became, Came, Compared, Proof};
use crate::report::Style;
use crate::report::schema::faults;
use crate::store::Asked;

fn compared(target: &str, before: u16, after: u16, became: Became) -> Compared {
    let came =
        |status, codes: &[&'static str]| Some(Came { status: Some(status), location: None, codes: codes.to_vec() });
    Compared {
        exchange: ExchangeId(1),
        method: b"GET".to_vec(),
        target: target.as_bytes().to_vec(),
        before: came(before, if became == Became::Mended { &["PX02"] } else { &[] }),
        after: came(after, &[]),
        became,
    }
}

fn shown() -> ShownFixes {
    let trial = Trial { result: "200, route /app".to_owned(), mended: 1, kept: 1 };
    let change = Change::Proxy(gateway::Change::Path { prefix: "/api".to_owned(), to: String::new() });
    let finding = Finding {
        code: "PX02",
        title: "prefix doubled",
        severity: Severity::Error,
        why: "because".to_owned(),
        about: "/api".to_owned(),
        facts: Vec::new(),
        missing: None,
        fix: vec![Fix { standing: Standing::Proven(trial.clone()), ..Fix::candidate("strip it", [change]) }],
        not: None,
        confidence: Confidence::High,
        primary: true,
        follows: None,
    };
    let requests = vec![
        compared("/api/healthy?token=secret", 200, 200, Became::Kept),
        compared("/api/\u{1b}[2J", 404, 200, Became::Mended),
    ];
    let tried = vec![TriedFix { fix: 0, outcome: Ok(Proof { requests, outcome: Ok(trial) }) }];
    let asked = Asked { method: b"GET".to_vec(), target: b"/api/app".to_vec() };
    let left_out = vec![LeftOut { count: 2, why: "POST may change something".to_owned() }];
    ShownFixes { requests: 2, left_out, seen: true, causes: vec![ToMend { finding, asked, count: 1, tried }] }
}

fn written(format: FixesFormat) -> String {
    let style =
        Style { redact: true, ascii: true, zone: TimeZone::UTC, color: false, predicted: false, evidence: true };
    let mut out = Vec::new();
    fixes(&shown(), format, &style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn what_was_wrong_stands_first_in_the_table() {
    let text = written(FixesFormat::Text);
    let table = "    GET /api/\\x1b[2J            404 PX02  ->  200  mended\n    GET /api/healthy?token=***  200       ->  200  as before\n";
    assert!(text.contains(table), "{text}");
    assert!(text.contains("2 left out: POST may change something\n"), "{text}");
    assert!(text.contains("  fix: proven: 200, route /app"), "{text}");
}

#[test]
fn the_object_is_as_it_is_documented() {
    let value: Value = serde_json::from_str(&written(FixesFormat::Json)).unwrap();
    assert_eq!(faults(include_str!("../../../assets/schema/fix.schema.json"), "", &value), [""; 0]);
    assert_eq!(value["causes"][0]["tried"][0]["proven"], true);
}
