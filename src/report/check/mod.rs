//! What is wrong with the configuration of a proxy, and with the pair of it and the app's server: text, JSON, SARIF.

mod lines;
mod sarif;
#[cfg(test)]
mod tests;
mod text;

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::{Style, pretty};
use crate::diagnosis::{Confidence, Severity, pages};
use crate::dry_run::{Pair, Untried};
use crate::gateway::{Files, Gateway, NotUnderstood, Place, Weight};

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckFormat {
    /// Lines that begin with file and line, as compilers write them.
    Text,
    /// One JSON object; its shape is documented in `assets/schema/check.schema.json`.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Nothing.
    Silent,
}

/// What was found.
#[derive(Clone, Copy, Debug)]
pub struct Checked<'a> {
    /// The proxy.
    pub gateway: &'a Gateway,
    /// What it and the app's server make of each other; `None` if nothing is known of the server.
    pub pair: Option<&'a Pair>,
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Said<'a> {
    /// The code of its page, e.g. `NG01`.
    pub code: &'static str,
    /// How bad.
    pub severity: Severity,
    /// The title of its page.
    title: &'static str,
    confidence: Confidence,
    place: Option<&'a Place>,
    what: &'a str,
    fix: Vec<Cow<'a, str>>,
    not: Option<&'a str>,
    router: Option<&'a str>,
    request: Option<&'a str>,
}

impl<'a> Checked<'a> {
    /// Everything that is wrong, in the order of files and lines.
    pub fn said(&self) -> Vec<Said<'a>> {
        let remarks = self.gateway.remarks.iter().map(|remark| Said {
            code: remark.code.as_str(),
            severity: match remark.weight {
                Weight::Note => Severity::Note,
                Weight::Warning => Severity::Warn,
                Weight::Error => Severity::Error,
            },
            title: pages::of(remark.code).title,
            confidence: Confidence::High,
            place: Some(&remark.place),
            what: &remark.what,
            fix: remark.fix.iter().map(|fix| Cow::Borrowed(fix.as_str())).collect(),
            not: None,
            router: None,
            request: None,
        });
        let concerns = self.pair.iter().flat_map(|pair| &pair.concerns).map(|concern| Said {
            code: concern.finding.code,
            severity: concern.finding.severity,
            title: concern.finding.title,
            confidence: concern.finding.confidence,
            place: concern.place.as_ref(),
            what: &concern.finding.why,
            fix: concern.finding.fix.iter().map(|fix| Cow::Owned(fix.to_string())).collect(),
            not: concern.finding.not.as_deref(),
            router: concern.router.and_then(|index| self.router(index)),
            request: Some(&concern.request),
        });
        let mut all: Vec<Said<'a>> = remarks.chain(concerns).collect();
        all.sort_by_key(|said| said.place);
        all
    }

    fn router(&self, index: usize) -> Option<&'a str> {
        self.gateway.routers.get(index).map(|router| router.name.as_str())
    }

    fn untried(&self) -> &'a [Untried] {
        self.pair.map_or(&[], |pair| &pair.untried)
    }

    /// `nginx 1.29.7`
    fn program(&self) -> String {
        let release = self.gateway.release.map(|release| format!(" {release}")).unwrap_or_default();
        format!("{}{release}", self.gateway.proxy)
    }
}

/// Writes what was found. `files` are asked for the text of the lines that are named.
///
/// # Errors
/// Whatever the writer fails with.
pub fn check(
    checked: &Checked<'_>,
    format: CheckFormat,
    style: &Style,
    files: &dyn Files,
    out: &mut impl Write,
) -> io::Result<()> {
    match format {
        CheckFormat::Text => text::write(checked, style, out)?,
        CheckFormat::Json => pretty(out, &object(checked))?,
        CheckFormat::Sarif => pretty(out, &sarif::log(checked, files))?,
        CheckFormat::Silent => {}
    }
    out.flush()
}

/// The object of [`CheckFormat::Json`].
fn object(checked: &Checked<'_>) -> Value {
    let gateway = checked.gateway;
    let finding = |said: &Said<'_>| {
        json!({
            "code": said.code,
            "title": said.title,
            "severity": said.severity.word(),
            "confidence": said.confidence.word(),
            "file": said.place.map(file),
            "line": said.place.map(|place| place.line),
            "what": said.what,
            "fix": said.fix,
            "not": said.not,
            "router": said.router,
            "request": said.request,
        })
    };
    let doubt = |doubt: &NotUnderstood| {
        let place = doubt.place.as_ref();
        json!({ "what": doubt.what, "file": place.map(file), "line": place.map(|place| place.line) })
    };
    let untried = |untried: &Untried| json!({ "router": checked.router(untried.router), "why": untried.why });
    json!({
        "proxy": gateway.proxy.word(),
        "release": gateway.release.map(|release| release.to_string()),
        "files": gateway.files.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>(),
        "findings": checked.said().iter().map(finding).collect::<Vec<_>>(),
        "not_understood": gateway.not_understood.iter().map(doubt).collect::<Vec<_>>(),
        "untried": checked.pair.map(|pair| pair.untried.iter().map(untried).collect::<Vec<_>>()),
    })
}

fn file(place: &Place) -> String {
    Path::to_string_lossy(&place.file).into_owned()
}
