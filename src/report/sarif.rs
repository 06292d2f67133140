//! SARIF 2.1.0 (OASIS Standard, sarif-schema-2.1.0): what code scanning services read. What the check of a configuration and
//! the list of a run's causes have in common.

use std::path::Path;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use serde_json::{Value, json};

use crate::diagnosis::Severity;
use crate::diagnosis::pages::{self, Page};
use crate::gateway::Place;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What of a path stands in a URI as it is (RFC 3986 section 3.3).
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The pages of the codes that are named: the rules of a log, to which results refer by their place in the list.
pub(super) struct Rules(Vec<Page>);

impl Rules {
    /// The pages of these codes.
    pub(super) fn of(codes: &[&str]) -> Self {
        Self(pages::all().into_iter().filter(|page| codes.contains(&page.code)).collect())
    }

    /// Where the page of a code stands.
    pub(super) fn index(&self, code: &str) -> Option<usize> {
        self.0.iter().position(|page| page.code == code)
    }
}

/// The log with its one run.
pub(super) fn log(rules: &Rules, results: &[Value], notifications: &[Value]) -> Value {
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "hopscope",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.0.iter().map(rule).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": true,
                "toolConfigurationNotifications": notifications,
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// A finding's text: what is wrong, then a line for each fix, and what not to do.
pub(super) fn message<'a>(what: String, fixes: impl IntoIterator<Item = &'a str>, not: Option<&str>) -> String {
    let fixes = fixes.into_iter().map(|fix| format!("\nFix: {fix}"));
    std::iter::once(what).chain(fixes).chain(not.map(|not| format!("\nNot: {not}"))).collect()
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

/// How bad.
pub(super) const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warn => "warning",
        Severity::Error => "error",
    }
}

/// A line of a file.
pub(super) fn location(place: &Place) -> Value {
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
pub(super) fn fingerprint(parts: [&str; 3]) -> String {
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
