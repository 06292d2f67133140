//! The causes that a run's findings come down to, to be kept: Markdown for an issue, JSON, SARIF; and as the short list that
//! a run without a screen ends with.
//!
//! What is written as JSON can be read again: its causes are known in the next run, and only new ones fail it.

mod json;
mod known;
mod list;
mod markdown;
mod sarif;
#[cfg(test)]
mod tests;

pub use known::known;
pub(super) use list::list;

use std::io::{self, Write};

use super::line::url_text;
use super::{Style, pretty};
use crate::diagnosis::Finding;
use crate::lanes::visible::visible;
use crate::settings::FindingsFormat;
use crate::store::{CauseRow, Store};

/// What a run found.
#[derive(Clone, Debug)]
pub struct Found<'a> {
    /// The causes, in the order of [`Store::causes`].
    pub causes: Vec<&'a CauseRow>,
    /// Causes that are not among them, because there are too many.
    pub dropped: u64,
    /// Requests that were seen in all.
    pub seen: u64,
}

impl<'a> Found<'a> {
    /// What was found so far.
    pub fn of(store: &'a Store) -> Self {
        Self { causes: store.causes(), dropped: store.causes_dropped(), seen: store.counts().seen }
    }
}

/// Writes what was found.
///
/// # Errors
/// Whatever the writer fails with.
pub fn findings(found: &Found<'_>, format: FindingsFormat, style: &Style, out: &mut impl Write) -> io::Result<()> {
    match format {
        FindingsFormat::Markdown => markdown::write(found, style, out)?,
        FindingsFormat::Json => pretty(out, &json::object(found, style)?)?,
        FindingsFormat::JsonLine => writeln!(out, "{}", json::object(found, style)?)?,
        FindingsFormat::Sarif => pretty(out, &sarif::log(found, style))?,
    }
    out.flush()
}

/// `GET /api/v1/items`, credentials hidden; not made visible.
fn asked(row: &CauseRow, style: &Style) -> String {
    format!("{} {}", String::from_utf8_lossy(&row.asked.method), url_text(&row.asked.target, style))
}

/// The title, and what it is about: `prefix kept, app not told (/api/v1)`.
pub(super) fn title(finding: &Finding) -> String {
    let about = visible(finding.about.as_bytes());
    if about.is_empty() { finding.title.to_owned() } else { format!("{} ({about})", finding.title) }
}

/// What follows from a cause: `RD03 ×3, NG07 ×2`.
fn symptoms(row: &CauseRow, style: &Style) -> Option<String> {
    let parts: Vec<String> =
        row.symptoms.iter().map(|(code, count)| format!("{code} {}{count}", times(style))).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The sign before a count.
const fn times(style: &Style) -> &'static str {
    if style.ascii { "x" } else { "×" }
}

/// `1 request`, `3 requests`
pub(super) fn counted(count: u64, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}
