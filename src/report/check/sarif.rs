//! A checked configuration as SARIF.
//!
//! Findings are results. A line that is not understood is no finding but a notification of the run: it says how far the
//! tool could see.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Checked, Said, lines};
use crate::gateway::{Files, NotUnderstood, Place};
use crate::report::sarif::{self, Rules, fingerprint, level, location};

/// The log with its one run.
pub(super) fn log(checked: &Checked<'_>, files: &dyn Files) -> Value {
    let said = checked.said();
    let texts = lines::of(said.iter().filter_map(|said| said.place), files);
    let rules = Rules::of(&said.iter().map(|said| said.code).collect::<Vec<_>>());
    let results: Vec<Value> = said.iter().map(|said| result(said, rules.index(said.code), &texts)).collect();
    let doubts: Vec<Value> = checked.gateway.not_understood.iter().map(notification).collect();
    sarif::log(&rules, &results, &doubts)
}

fn result(said: &Said<'_>, rule: Option<usize>, texts: &BTreeMap<&Place, String>) -> Value {
    let what = match (said.request, said.router) {
        (Some(request), Some(router)) => format!("{request}, taken by {router}: {}", said.what),
        (Some(request), None) => format!("{request}: {}", said.what),
        (None, _) => said.what.to_owned(),
    };
    let message = sarif::message(what, said.fix.iter().map(AsRef::as_ref), said.not);
    let text = said.place.and_then(|place| texts.get(place)).map_or("", String::as_str);
    let fingerprint = fingerprint([said.code, said.router.unwrap_or_default(), text]);
    json!({
        "ruleId": said.code,
        "ruleIndex": rule,
        "level": level(said.severity),
        "message": { "text": message },
        "locations": said.place.iter().map(|place| location(place)).collect::<Vec<_>>(),
        "partialFingerprints": { "hopscope/v1": fingerprint },
    })
}

fn notification(doubt: &NotUnderstood) -> Value {
    json!({
        "level": "note",
        "message": { "text": format!("not understood: {}", doubt.what) },
        "locations": doubt.place.iter().map(location).collect::<Vec<_>>(),
    })
}
