//! The causes as SARIF: a result each, at the line of the configuration that causes it where one is known.

use serde_json::{Value, json};

use super::{Found, asked};
use crate::report::Style;
use crate::report::sarif::{self, Rules, fingerprint, level, location};
use crate::store::{CauseRow, CauseState};

/// The log with its one run.
pub(super) fn log(found: &Found<'_>, style: &Style) -> Value {
    let rules = Rules::of(&found.causes.iter().map(|row| row.finding.code).collect::<Vec<_>>());
    let results: Vec<Value> = found.causes.iter().map(|row| result(row, &rules, style)).collect();
    let dropped = (found.dropped > 0).then(|| {
        let text = format!("{} more causes were found than are kept", found.dropped);
        json!({ "level": "note", "message": { "text": text } })
    });
    sarif::log(&rules, &results, dropped.as_slice())
}

fn result(row: &CauseRow, rules: &Rules, style: &Style) -> Value {
    let finding = &row.finding;
    let fixes: Vec<String> = finding.fix.iter().map(ToString::to_string).collect();
    let asked = asked(row, style);
    let message =
        sarif::message(format!("{asked}: {}", finding.why), fixes.iter().map(String::as_str), finding.not.as_deref());
    // Section 3.28.3: a result has a place in files, or in what the program calls things.
    let place = finding.facts.iter().find_map(|fact| fact.place.as_ref());
    let request = || json!({ "logicalLocations": [{ "fullyQualifiedName": asked, "kind": "resource" }] });
    json!({
        "ruleId": finding.code,
        "ruleIndex": rules.index(finding.code),
        "level": level(finding.severity),
        "message": { "text": message },
        "locations": [place.map_or_else(request, location)],
        "occurrenceCount": row.count,
        "baselineState": match row.state {
            CauseState::New => "new",
            CauseState::Known => "unchanged",
            CauseState::Gone => "absent",
        },
        "partialFingerprints": { "hopscope/v1": fingerprint([finding.code, &finding.about, ""]) },
    })
}
