//! A line of a log as a line of JSON. The shape is documented in `assets/schema/log-line.schema.json`.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;

use super::digest::{reason_name, time};
use super::json::hidden;
use crate::access_log::{Escape, Record, elements};
use crate::lanes::secrets::{redact_query, redact_url};
use crate::lanes::visible::is_hidden;
use crate::report::Style;
use crate::report::line::{escaped, text};
use crate::store::{Fed, LogLine};

/// A line that was read.
#[derive(Serialize)]
struct Line<'a> {
    source: &'a str,
    time: Option<String>,
    client: Cow<'a, str>,
    user: Option<Cow<'a, str>>,
    method: Option<Cow<'a, str>>,
    path: Option<Cow<'a, str>>,
    query: Option<Cow<'a, str>>,
    protocol: Option<Cow<'a, str>>,
    garbage: Option<Cow<'a, str>>,
    status: Option<u16>,
    bytes: Option<u64>,
    duration_ms: Option<f64>,
    host: Option<Cow<'a, str>>,
    scheme: Option<Cow<'a, str>>,
    referer: Option<Cow<'a, str>>,
    agent: Option<Cow<'a, str>>,
    forwarded_for: Option<Cow<'a, str>>,
    location: Option<Cow<'a, str>>,
    uri: Option<Cow<'a, str>>,
    upstream: Vec<Tried<'a>>,
    finding: Option<&'static str>,
}

/// An upstream that was asked.
#[derive(Serialize)]
struct Tried<'a> {
    addr: Cow<'a, str>,
    status: Option<u16>,
}

/// A line that could not be read.
#[derive(Serialize)]
struct Unread<'a> {
    source: &'a str,
    #[serde(rename = "unread")]
    why: &'static str,
    column: usize,
    line: String,
}

/// Writes a line of this source as JSON.
///
/// # Errors
/// Whatever the writer fails with.
pub fn log_line(fed: Fed<'_>, source: &str, style: &Style, out: &mut impl Write) -> io::Result<()> {
    let json = match fed {
        Fed::Line(line) => serde_json::to_string(&read(&line, source, style))?,
        Fed::Unread(_, unread, line) => serde_json::to_string(&Unread {
            source,
            why: reason_name(unread.reason),
            column: unread.column,
            line: hidden(line, style),
        })?,
    };
    if json.chars().any(is_hidden) { writeln!(out, "{}", escaped(&json)) } else { writeln!(out, "{json}") }
}

fn read<'a>(line: &LogLine<'a>, source: &'a str, style: &Style) -> Line<'a> {
    let record = line.record;
    let words = Words { escape: record.escape, redact: style.redact };
    let is_request = !record.request.method.is_empty();
    let request = |part: &'a [u8]| is_request.then(|| words.plain(part));
    Line {
        source,
        time: record.time.map(|millis| time(millis).to_string()),
        client: words.plain(record.client),
        user: record.user.map(|user| words.plain(user)),
        method: request(record.request.method),
        path: request(record.request.path()),
        query: record.request.query().map(|query| words.query(query)),
        protocol: request(record.request.protocol),
        garbage: (!is_request).then(|| words.plain(record.request.line)),
        status: (record.status > 0).then_some(record.status),
        bytes: record.bytes,
        duration_ms: record.duration.map(|micros| f64::from(micros) / 1000.0),
        host: record.host.map(|host| words.plain(host)),
        scheme: record.scheme.map(|scheme| words.plain(scheme)),
        referer: record.referer.map(|referer| words.url(referer)),
        agent: record.agent.map(|agent| words.plain(agent)),
        forwarded_for: record.forwarded_for.map(|list| words.plain(list)),
        location: record.location.map(|location| words.url(location)),
        uri: record.uri.map(|uri| words.url(uri)),
        upstream: tried(record, &words),
        finding: line.finding(),
    }
}

/// The upstreams and what each answered; the two lists are as long as each other where nginx wrote both.
fn tried<'a>(record: &Record<'a>, words: &Words) -> Vec<Tried<'a>> {
    let mut statuses = elements(record.upstream.status.unwrap_or_default());
    let status = |text: &[u8]| std::str::from_utf8(text).ok()?.parse().ok();
    elements(record.upstream.addr.unwrap_or_default())
        .map(|addr| Tried { addr: words.plain(addr), status: statuses.next().and_then(status) })
        .collect()
}

/// How texts become JSON strings: as the bytes they stand for, credentials hidden.
struct Words {
    escape: Escape,
    redact: bool,
}

impl Words {
    fn plain<'a>(&self, part: &'a [u8]) -> Cow<'a, str> {
        owned(self.escape.decode(part))
    }

    fn query<'a>(&self, part: &'a [u8]) -> Cow<'a, str> {
        self.hiding(part, redact_query)
    }

    fn url<'a>(&self, part: &'a [u8]) -> Cow<'a, str> {
        self.hiding(part, redact_url)
    }

    fn hiding<'a>(&self, part: &'a [u8], hide: for<'b> fn(&'b [u8]) -> Cow<'b, [u8]>) -> Cow<'a, str> {
        let decoded = self.escape.decode(part);
        match (self.redact, &decoded) {
            (false, _) => owned(decoded),
            (true, Cow::Borrowed(bytes)) => owned(hide(bytes)),
            (true, Cow::Owned(bytes)) => Cow::Owned(text(&hide(bytes)).into_owned()),
        }
    }
}

fn owned(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => text(bytes),
        Cow::Owned(bytes) => Cow::Owned(text(&bytes).into_owned()),
    }
}
