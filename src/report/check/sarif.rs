//! SARIF 2.1.0 (OASIS Standard, sarif-schema-2.1.0): what code scanning services read.
//!
//! Findings are results. A line that is not understood is no finding but a notification of the run: it says how far the
//! tool could see.

use std::collections::BTreeMap;
use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde_json::{Value, json};

use super::{Checked, Said, lines};
use crate::diagnosis::Severity;
use crate::diagnosis::pages::{self, Page};
use crate::gateway::{Files, NotUnderstood, Place};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What of a path stands in a URI as it is (RFC 3986 section 3.3).
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The log with its one run.
pub(super) fn log(checked: &Checked<'_>, files: &dyn Files) -> Value {
    let said = checked.said();
    let texts = lines::of(said.iter().filter_map(|said| said.place), files);
    let pages: Vec<Page> =
        pages::all().into_iter().filter(|page| said.iter().any(|said| said.code == page.code)).collect();
    let index = |code: &str| pages.iter().position(|page| page.code == code);
    let results = said.iter().map(|said| result(said, index(said.code), &texts));
    let doubts = checked.gateway.not_understood.iter().map(notification);
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "hopscope",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": pages.iter().map(rule).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": true,
                "toolConfigurationNotifications": doubts.collect::<Vec<_>>(),
            }],
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
        }],
    })
}

/// What is said of a code: its page.
fn rule(page: &Page) -> Value {
    let document = page.document();
    json!({
        "id": page.code,
        "shortDescription": { "text": page.title },
        "help": { "text": document, "markdown": document },
        "defaultConfiguration": { "level": level(page.severity) },
    })
}

fn result(said: &Said<'_>, rule: Option<usize>, texts: &BTreeMap<&Place, String>) -> Value {
    let mut message = match (said.request, said.router) {
        (Some(request), Some(router)) => format!("{request}, taken by {router}: {}", said.what),
        (Some(request), None) => format!("{request}: {}", said.what),
        (None, _) => said.what.to_owned(),
    };
    for fix in &said.fix {
        message.push_str("\nFix: ");
        message.push_str(fix);
    }
    if let Some(not) = said.not {
        message.push_str("\nNot: ");
        message.push_str(not);
    }
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

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warn => "warning",
        Severity::Error => "error",
    }
}

fn location(place: &Place) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&place.file) },
            "region": { "startLine": place.line.max(1) },
        },
    })
}

/// A relative reference for a relative path, so that it is looked for in the repository; a `file:` URI for another.
fn uri(path: &Path) -> String {
    let inner = path.strip_prefix(".").unwrap_or(path);
    let text = percent_encode(inner.as_os_str().as_encoded_bytes(), IN_PATH).to_string();
    if path.is_absolute() { format!("file://{text}") } else { text }
}

/// A number that stays the same when lines move: of what is wrong, where it is said and what the line says (FNV-1a, 64 bit).
fn fingerprint(parts: [&str; 3]) -> String {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    let hash = bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_a_uri() {
        for (path, expected) in [
            ("nginx.conf", "nginx.conf"),
            ("./conf.d/a b#.conf", "conf.d/a%20b%23.conf"),
            ("/etc/nginx/nginx.conf", "file:///etc/nginx/nginx.conf"),
        ] {
            assert_eq!(uri(Path::new(path)), expected);
        }
    }

    #[test]
    fn a_fingerprint_is_of_all_its_parts() {
        // The published vector of FNV-1a for three zero bytes.
        assert_eq!(fingerprint(["", "", ""]), "d94d12186c0f2fb7".to_owned());
        assert_ne!(fingerprint(["a", "b", ""]), fingerprint(["ab", "", ""]));
    }
}
