//! The causes as one JSON object. The shape is documented in `assets/schema/findings.schema.json`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use serde::Serialize;
use serde_json::Value;

use super::Found;
use crate::report::line::{Conclusion, conclusion, text, url_text};
use crate::report::{Style, words};
use crate::store::CauseRow;

/// The whole.
#[derive(Serialize)]
struct Export<'a> {
    hopscope: &'static str,
    seen: u64,
    causes: Vec<Cause<'a>>,
    dropped: u64,
}

/// One cause: the finding that names it, and what came of it.
#[derive(Serialize)]
struct Cause<'a> {
    #[serde(flatten)]
    finding: Conclusion<'a>,
    state: &'static str,
    count: u64,
    first: String,
    last: String,
    example: Example<'a>,
    symptoms: &'a BTreeMap<&'static str, u64>,
}

/// The exchange of that finding.
#[derive(Serialize)]
struct Example<'a> {
    exchange: u64,
    method: Cow<'a, str>,
    target: Cow<'a, str>,
}

/// The object.
pub(super) fn object(found: &Found<'_>, style: &Style) -> io::Result<Value> {
    let causes = found.causes.iter().map(|row| cause(row, style)).collect();
    let export = Export { hopscope: env!("CARGO_PKG_VERSION"), seen: found.seen, causes, dropped: found.dropped };
    Ok(serde_json::to_value(export)?)
}

fn cause<'a>(row: &'a CauseRow, style: &Style) -> Cause<'a> {
    Cause {
        finding: conclusion(&row.finding),
        state: row.state.word(),
        count: row.count,
        first: words::time(row.first).to_string(),
        last: words::time(row.last).to_string(),
        example: Example {
            exchange: row.example.0,
            method: text(&row.asked.method),
            target: url_text(&row.asked.target, style),
        },
        symptoms: &row.symptoms,
    }
}
