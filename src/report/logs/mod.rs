//! An access log, without a screen: what its lines come to, in text, Markdown, HTML and JSON; and its lines as JSON.
//!
//! This module exists so that a log can be triaged in a pipeline, pasted into an issue, or looked at by those who have no
//! terminal. All formats are made from one [`Digest`], so that none says more or less than another.

mod digest;
mod html;
mod json;
mod line;
mod markdown;
mod plot;
#[cfg(test)]
mod tests;
mod text;

pub use json::cause as log_cause;
pub use line::log_line;
pub use text::cause_line as log_cause_line;

use std::io::{self, Write};

use super::Style;
use super::line::escaped;
use crate::access_log::traffic::{By, Order};
use crate::settings::FindingsFormat;
use crate::store::LogBook;
use digest::Digest;

/// How a log is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For an issue.
    Markdown,
    /// One page with plots, that needs nothing else.
    Html,
    /// One object; its shape is documented in `assets/schema/logs.schema.json`.
    Json,
}

/// The country of a client, by its address; `None` if nobody knows.
pub type Country<'a> = &'a dyn Fn(&[u8]) -> Option<String>;

/// What is reported of a log.
#[derive(Clone, Copy)]
pub struct ShownLogs<'a> {
    /// What was read.
    pub book: &'a LogBook,
    /// Rows of each top.
    pub top: usize,
    /// In which order.
    pub order: Order,
    /// Of what there are tops; empty for those that help most.
    pub by: &'a [By],
    /// Who knows the countries of clients, if somebody does.
    pub country: Option<Country<'a>>,
}

/// Writes the report.
///
/// # Errors
/// Whatever the writer fails with.
pub fn logs(shown: ShownLogs<'_>, format: LogFormat, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let digest = Digest::of(shown, format == LogFormat::Json);
    match format {
        LogFormat::Text => text::write(&digest, style, out)?,
        LogFormat::Markdown => markdown::write(&digest, style, out)?,
        LogFormat::Html => html::write(&digest, style, out)?,
        LogFormat::Json => super::pretty(out, &json::object(&digest, style))?,
    }
    out.flush()
}

/// Writes the causes alone.
///
/// # Errors
/// Whatever the writer fails with.
pub fn log_findings(book: &LogBook, format: FindingsFormat, style: &Style, out: &mut impl Write) -> io::Result<()> {
    match format {
        FindingsFormat::Markdown => markdown::causes_alone(book, style, out)?,
        FindingsFormat::Json => super::pretty(out, &json::findings(book, style))?,
        FindingsFormat::JsonLine => writeln!(out, "{}", escaped(&json::findings(book, style).to_string()))?,
        FindingsFormat::Sarif => super::pretty(out, &json::sarif(book, style))?,
    }
    out.flush()
}
