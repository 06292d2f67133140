//! The causes as SARIF: a result each, at the line of the configuration that causes it where one is known.

use std::path::Path;

use serde_json::{Value, json};

use super::{Found, asked};
use crate::gateway::Place;
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
    let said = finding.facts.iter().find_map(|fact| fact.place.clone());
    let place = said.or_else(|| finding.fix.iter().find_map(|fix| changed(fix.diff.as_deref()?)));
    let request = || json!({ "logicalLocations": [{ "fullyQualifiedName": asked, "kind": "resource" }] });
    json!({
        "ruleId": finding.code,
        "ruleIndex": rules.index(finding.code),
        "level": level(finding.severity),
        "message": { "text": message },
        "locations": [place.as_ref().map_or_else(request, location)],
        "occurrenceCount": row.count,
        "baselineState": match row.state {
            CauseState::New => "new",
            CauseState::Known => "unchanged",
            CauseState::Gone => "absent",
        },
        "partialFingerprints": { "hopscope/v1": fingerprint([finding.code, &finding.about, ""]) },
    })
}

/// The first line that a unified diff changes.
fn changed(diff: &str) -> Option<Place> {
    let mut lines = diff.lines();
    let file = lines.find_map(|line| line.strip_prefix("--- "))?;
    let hunk = lines.find_map(|line| line.strip_prefix("@@ -"))?;
    let first: u32 = hunk.split([',', ' ']).next()?.parse().ok()?;
    let before = lines.take_while(|line| line.starts_with(' ')).count();
    Some(Place::new(Path::new(file), first.saturating_add(u32::try_from(before).ok()?).max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diff_names_the_line_that_it_changes() {
        for (diff, place) in [
            ("--- nginx.conf\n+++ nginx.conf\n@@ -7,3 +7,3 @@\n   server {\n-  a;\n+  b;\n }\n", Some("nginx.conf:8")),
            ("--- a b\n+++ a b\n@@ -1 +1 @@\n-x\n+y\n", Some("a b:1")),
            ("--- new\n+++ new\n@@ -0,0 +1 @@\n+y\n", Some("new:1")),
            ("@@ -1 +1 @@\n", None),
            ("--- a\n@@ -x +1 @@\n", None),
            ("", None),
        ] {
            assert_eq!(changed(diff).map(|place| place.to_string()).as_deref(), place, "{diff}");
        }
    }
}
