//! One exchange as one line of JSON. The shape is documented in `assets/schema/exchange.schema.json`.
//!
//! Bytes become text like this: valid UTF-8 as it is, anything else byte by byte, each becoming the character of the same
//! number (U+0000 to U+00FF), so that nothing is lost. Characters that control or hide are escaped (`\u009b`).

mod change;
mod conclusion;
mod scope;

pub(super) use conclusion::{Conclusion, conclusion};

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Write};

use serde::Serialize;

use super::{Shown, Style, way, words};
use crate::exchange::Half;
use crate::lanes::secrets::{redact_field, redact_query, redact_url};
use crate::lanes::visible::is_hidden;
use crate::lanes::{Change, ForwardedField, Lanes, Reading};
use scope::{Scope, scope};

/// The line.
#[derive(Debug, Serialize)]
struct Line<'a> {
    id: u64,
    time: Option<String>,
    duration_ms: Option<f64>,
    tap: &'static str,
    paired: &'static str,
    ending: Ending,
    original: Original<'a>,
    proxy: Option<way::Told<'a>>,
    forwarded: Vec<Field<'a>>,
    trust: Option<Trust<'a>>,
    rewritten: Rewritten<'a>,
    scope: Scope<'a>,
    response: Response<'a>,
    bodies: Bodies,
    findings: Vec<Conclusion<'a>>,
}

#[derive(Debug, Serialize)]
struct Ending {
    how: &'static str,
    detail: Option<String>,
}

#[derive(Debug, Serialize)]
struct Original<'a> {
    source: &'static str,
    method: &'a str,
    url: String,
    scheme: &'a str,
    host: &'a str,
    port: Option<u16>,
    path: Cow<'a, str>,
    query: Option<Cow<'a, str>>,
    prefix: &'a str,
    peer: Option<String>,
    http_version: &'a str,
    referer: Option<Cow<'a, str>>,
    websocket: bool,
}

#[derive(Debug, Serialize)]
struct Field<'a> {
    name: &'a str,
    value: Option<Cow<'a, str>>,
    change: &'static str,
    was: Option<Cow<'a, str>>,
    by: Option<&'a str>,
    trusted: Option<bool>,
    reading: &'static str,
    why: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Trust<'a> {
    peer: Option<String>,
    trusted: bool,
    why: &'a str,
}

#[derive(Debug, Serialize)]
struct Rewritten<'a> {
    source: &'static str,
    incoming: Option<Cow<'a, str>>,
    path: Option<Cow<'a, str>>,
    query: Option<Cow<'a, str>>,
    rewrite: &'static str,
    part: Option<&'a str>,
    rule: Option<&'a str>,
    upstream: Option<String>,
}

#[derive(Debug, Serialize)]
struct Response<'a> {
    source: &'static str,
    status: Option<u16>,
    app_status: Option<u16>,
    by: &'a str,
    location: Option<Cow<'a, str>>,
    location_at_app: Option<Cow<'a, str>>,
    content_type: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Bodies {
    request_bytes: u64,
    response_bytes: u64,
}

/// Writes the line.
pub(super) fn write(out: &mut impl Write, shown: Shown<'_>, style: &Style) -> io::Result<()> {
    let mut line = serde_json::to_string(&line(shown, style))?;
    if line.chars().any(is_hidden) {
        line = escaped(&line);
    }
    line.push('\n');
    out.write_all(line.as_bytes())
}

/// JSON must escape only U+0000 to U+001F; terminals obey more than these. Such characters can only stand inside strings,
/// where their escape means the same.
pub(super) fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing into a String cannot fail.
                let _ = fmt::Write::write_fmt(&mut text, format_args!("\\u{unit:04x}"));
            }
        } else {
            text.push(c);
        }
    }
    text
}

fn line<'a>(shown: Shown<'a>, style: &Style) -> Line<'a> {
    let Shown { entry, lanes, .. } = shown;
    let exchange = &entry.exchange;
    let (how, detail) = words::ending(exchange);
    let passed = |count: fn(&Half) -> u64| exchange.outer().map_or(0, count);
    Line {
        id: exchange.id.0,
        time: (!style.predicted).then(|| words::started(exchange).to_string()),
        duration_ms: (!style.predicted).then(|| milliseconds(lanes.answer.duration)),
        tap: words::tap(shown),
        paired: words::pairing(exchange.pairing),
        ending: Ending { how, detail },
        original: original(lanes, style),
        proxy: shown.way.map(|way| way::told(way, style)),
        forwarded: lanes.forwarded.fields.iter().map(|line| field(line, style)).collect(),
        trust: lanes.forwarded.trust.as_ref().map(|verdict| Trust {
            peer: lanes.forwarded.peer.map(|peer| peer.to_string()),
            trusted: verdict.trusted,
            why: &verdict.why,
        }),
        rewritten: rewritten(lanes, style),
        scope: scope(shown, style),
        response: response(shown, style),
        bodies: Bodies {
            request_bytes: passed(|half| half.request_body.total),
            response_bytes: passed(|half| half.response_body.total),
        },
        findings: entry.findings.iter().map(conclusion).collect(),
    }
}

fn original<'a>(lanes: &'a Lanes, style: &Style) -> Original<'a> {
    let original = &lanes.original;
    let port = original.port.map(|port| format!(":{port}")).unwrap_or_default();
    let path = text(&original.path);
    let query = original.query.as_deref().map(|query| query_text(query, style));
    let asked = query.as_deref().map(|query| format!("?{query}")).unwrap_or_default();
    Original {
        source: words::source(original.source, "given", style),
        method: &original.method,
        url: format!("{}://{}{port}{path}{asked}", original.scheme, original.host),
        scheme: &original.scheme,
        host: &original.host,
        port: original.port,
        path,
        query,
        prefix: &original.prefix,
        peer: original.peer.map(|peer| peer.to_string()),
        http_version: original.http_version,
        referer: original.referer.as_deref().map(|referer| url_text(referer, style)),
        websocket: original.websocket,
    }
}

fn field<'a>(line: &'a ForwardedField, style: &Style) -> Field<'a> {
    let shown = |value: &'a [u8]| {
        let hidden = if style.redact { redact_field(line.name.as_bytes(), value) } else { None };
        hidden.map_or_else(|| text(value), Cow::Owned)
    };
    let (reading, why) = words::reading(&line.reading);
    let was = match &line.change {
        Change::Changed(was) | Change::Dropped(was) => Some(shown(was)),
        Change::Unknown | Change::Same | Change::Added | Change::Absent => None,
    };
    Field {
        name: &line.name,
        value: line.value.as_deref().map(shown),
        change: line.change.word(),
        was,
        by: line.by.as_deref(),
        trusted: match line.reading {
            Reading::Believed => Some(true),
            Reading::Ignored(_) => Some(false),
            Reading::NotRead | Reading::Plain => None,
        },
        reading,
        why,
    }
}

fn rewritten<'a>(lanes: &'a Lanes, style: &Style) -> Rewritten<'a> {
    let lane = &lanes.rewritten;
    let (rewrite, part) = words::rewrite(&lane.rewrite);
    Rewritten {
        source: words::source(lane.source, "rule", style),
        incoming: lane.incoming.as_deref().map(text),
        path: lane.outgoing.as_deref().map(text),
        query: lane.query.as_deref().map(|query| query_text(query, style)),
        rewrite,
        part,
        rule: lane.rule.as_deref(),
        upstream: lane.upstream.map(|upstream| upstream.to_string()),
    }
}

fn response<'a>(shown: Shown<'a>, style: &Style) -> Response<'a> {
    let answer = &shown.lanes.answer;
    Response {
        source: if style.predicted { "derived" } else { "seen" },
        status: answer.status,
        app_status: answer.app_status,
        by: answer.by.word(),
        location: answer.location.as_deref().map(|location| url_text(location, style)),
        location_at_app: answer.location_at_app.as_deref().map(|location| url_text(location, style)),
        content_type: answer.content_type.as_deref(),
    }
}

/// Bytes as text, nothing lost: see the module's head.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|&b| char::from(b)).collect()),
    }
}

fn query_text<'a>(query: &'a [u8], style: &Style) -> Cow<'a, str> {
    if style.redact { owned(redact_query(query)) } else { text(query) }
}

pub(super) fn url_text<'a>(url: &'a [u8], style: &Style) -> Cow<'a, str> {
    if style.redact { owned(redact_url(url)) } else { text(url) }
}

fn owned(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => text(bytes),
        Cow::Owned(bytes) => Cow::Owned(text(&bytes).into_owned()),
    }
}

/// Microseconds as milliseconds with three decimals. Durations are far below 2^52 µs, so nothing is lost.
#[allow(clippy::cast_precision_loss)]
fn milliseconds(micros: u64) -> f64 {
    micros as f64 / 1000.0
}
