//! Fixes, and what came of trying them on the running app: text and JSON.

mod json;
#[cfg(test)]
mod tests;
mod text;

use std::io::{self, Write};

use super::{Style, pretty};
use crate::diagnosis::{Finding, Severity, Standing};
use crate::remedy::proof::Proof;
use crate::store::Asked;

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixesFormat {
    /// Each cause with its fixes, and a table of before and after.
    Text,
    /// One JSON object; its shape is documented in `assets/schema/fix.schema.json`.
    Json,
}

/// What there is to mend, and how.
#[derive(Clone, Debug, Default)]
pub struct ShownFixes {
    /// Requests that were looked at.
    pub requests: usize,
    /// Those that were not, and why.
    pub left_out: Vec<LeftOut>,
    /// True if the answers are the running app's.
    pub seen: bool,
    /// The causes, worst first.
    pub causes: Vec<ToMend>,
}

/// Requests that are not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// How many.
    pub count: usize,
    /// Why, a few words with the way out.
    pub why: String,
}

/// A cause and its fixes.
#[derive(Clone, Debug)]
pub struct ToMend {
    /// The finding that names it; its fixes have the standing that they have come to.
    pub finding: Finding,
    /// A request that shows it.
    pub asked: Asked,
    /// Requests that it is the cause of.
    pub count: u64,
    /// What was tried, in the order of the fixes; empty where nothing is to be proven.
    pub tried: Vec<TriedFix>,
}

/// A fix that was to be proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriedFix {
    /// Which: index into the finding's fixes.
    pub fix: usize,
    /// What came of it; or why it was not tried, a sentence.
    pub outcome: Result<Proof, String>,
}

impl ToMend {
    /// The index of the first fix that is proven.
    pub fn proven(&self) -> Option<usize> {
        self.finding.fix.iter().position(|fix| matches!(fix.standing, Standing::Proven(_)))
    }

    /// True if something is broken, and no fix is proven to mend it.
    pub fn is_open(&self) -> bool {
        self.finding.severity != Severity::Note && self.proven().is_none()
    }
}

/// Writes it.
///
/// # Errors
/// Whatever the writer fails with.
pub fn fixes(shown: &ShownFixes, format: FixesFormat, style: &Style, out: &mut impl Write) -> io::Result<()> {
    match format {
        FixesFormat::Text => text::write(shown, style, out)?,
        FixesFormat::Json => pretty(out, &json::object(shown, style)?)?,
    }
    out.flush()
}
