//! One exchange as a line of the list: every cell already text, so that drawing only places it.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::text::{Run, Runs, run};
use super::theme::Tone;
use crate::diagnosis::{Finding, Follows, Severity};
use crate::exchange::{ExchangeId, Pairing};
use crate::lanes::secrets::redact_url;
use crate::lanes::visible::visible;
use crate::lanes::{Lanes, Rewrite};
use crate::store::Entry;

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: ExchangeId,
    /// `37`, or `~37` where the halves were paired by a guess.
    pub(super) number: String,
    /// `09:14:52`
    pub(super) time: String,
    /// The method; `WS` for a websocket, `SSE` for an event stream.
    pub(super) method: String,
    /// The part of the original path that is the public prefix; empty if none.
    pub(super) prefix: String,
    /// The rest of the original path, and its query.
    pub(super) original: String,
    /// The path the app was asked for.
    pub(super) app: AppPath,
    /// The status the client got; `…` while open.
    pub(super) status: String,
    /// The status the app gave, if it is another.
    pub(super) app_status: Option<String>,
    pub(super) tone: Tone,
    pub(super) by: String,
    pub(super) millis: String,
    pub(super) finding: Run,
    pub(super) open: bool,
}

/// The path the app was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AppPath {
    /// This one.
    Path(String),
    /// None: it was answered before.
    NeverReached,
    /// Not seen from here.
    Unknown,
}

impl Row {
    /// The line of an entry.
    pub(super) fn new(entry: &Entry, lanes: &Lanes, zone: &TimeZone, reveal: bool) -> Self {
        let exchange = &entry.exchange;
        let open = !exchange.is_finished();
        let started = exchange.outer().map_or(0, |half| half.times.started);
        let guess = if exchange.pairing == Pairing::Guessed { "~" } else { "" };
        let (prefix, original) = split_prefix(lanes, reveal);
        let answer = &lanes.answer;
        Self {
            id: exchange.id,
            number: format!("{guess}{}", exchange.id.0),
            time: clock(started, zone),
            method: method(lanes),
            prefix,
            original,
            app: app_path(lanes),
            status: answer.status.map_or_else(|| if open { "…" } else { "-" }.to_owned(), |status| status.to_string()),
            app_status: answer
                .app_status
                .filter(|status| answer.status.is_some_and(|seen| seen != *status))
                .map(|s| s.to_string()),
            tone: status_tone(answer.status),
            by: visible(answer.by.word().as_bytes()),
            millis: millis(answer.duration),
            finding: if open && entry.findings.is_empty() {
                run(Tone::Good, "● open")
            } else {
                finding_cell(&entry.findings)
            },
            open,
        }
    }
}

/// Wall clock time of day.
pub(super) fn clock(micros: u64, zone: &TimeZone) -> String {
    i64::try_from(micros)
        .ok()
        .and_then(|micros| Timestamp::from_microsecond(micros).ok())
        .map_or_else(String::new, |time| time.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string())
}

/// Microseconds as milliseconds, or seconds where those are many.
pub(super) fn millis(micros: u64) -> String {
    match micros {
        0..10_000 => format!("{}.{}", micros / 1000, micros % 1000 / 100),
        10_000..10_000_000 => (micros / 1000).to_string(),
        _ => format!("{}s", micros / 1_000_000),
    }
}

/// Microseconds with their unit.
pub(super) fn elapsed(micros: u64) -> String {
    match micros {
        0..10_000_000 => format!("{} ms", millis(micros)),
        _ => format!("{} s", micros / 1_000_000),
    }
}

/// How a status looks.
pub(super) fn status_tone(status: Option<u16>) -> Tone {
    match status {
        Some(100..300) => Tone::Good,
        Some(300..400) => Tone::Focus,
        Some(400..500) => Tone::Warn,
        Some(_) => Tone::Bad,
        None => Tone::Dim,
    }
}

/// How a finding looks.
pub(super) fn severity_tone(severity: Severity) -> Tone {
    match severity {
        Severity::Error => Tone::Bad,
        Severity::Warn => Tone::Warn,
        Severity::Note => Tone::Text,
    }
}

/// The method, or what the exchange turned into.
pub(super) fn method(lanes: &Lanes) -> String {
    let streams = lanes.answer.content_type.as_deref().is_some_and(|kind| kind.starts_with("text/event-stream"));
    if lanes.original.websocket {
        "WS".to_owned()
    } else if streams {
        "SSE".to_owned()
    } else {
        visible(lanes.original.method.as_bytes())
    }
}

/// A path and query for the screen, secrets hidden unless asked for.
pub(super) fn shown_target(path: &[u8], query: Option<&[u8]>, reveal: bool) -> String {
    let mut target = path.to_vec();
    if let Some(query) = query {
        target.push(b'?');
        target.extend_from_slice(query);
    }
    if reveal { visible(&target) } else { visible(&redact_url(&target)) }
}

/// The original path in two parts: the public prefix, and the rest with the query.
pub(super) fn split_prefix(lanes: &Lanes, reveal: bool) -> (String, String) {
    let original = &lanes.original;
    let (prefix, rest) = match original.path.strip_prefix(original.prefix.as_bytes()) {
        Some(rest) => (original.prefix.as_str(), rest),
        None => ("", original.path.as_slice()),
    };
    (visible(prefix.as_bytes()), shown_target(rest, original.query.as_deref(), reveal))
}

/// The original path with its prefix in brackets: `[/api/v1]/docs`.
pub(super) fn bracketed(prefix: &str, rest: &str) -> Runs {
    if prefix.is_empty() {
        return vec![run(Tone::Text, rest)];
    }
    vec![run(Tone::Dim, "["), run(Tone::Prefix, prefix), run(Tone::Dim, "]"), run(Tone::Text, rest)]
}

fn app_path(lanes: &Lanes) -> AppPath {
    match (&lanes.rewritten.outgoing, &lanes.rewritten.rewrite) {
        (_, Rewrite::NeverReached) => AppPath::NeverReached,
        (Some(path), _) => AppPath::Path(visible(path)),
        (None, _) => AppPath::Unknown,
    }
}

/// `PX01 prefix kept, app not told +1`, or what it follows from.
fn finding_cell(findings: &[Finding]) -> Run {
    let Some(first) = findings.first() else { return run(Tone::Dim, "") };
    let text = match &first.follows {
        Some(Follows::Exchange(id, code)) if !first.primary => format!("↳ follows #{} {code}", id.0),
        Some(Follows::Code(code)) if !first.primary => format!("↳ {} from {code}", first.code),
        _ => format!("{} {}", first.code, first.title),
    };
    let more = match findings.len() {
        1 => String::new(),
        n => format!(" +{}", n - 1),
    };
    run(if first.primary { severity_tone(first.severity) } else { Tone::Dim }, text + &more)
}
