//! The report for programs. Names are stable; `assets/schema/logs.schema.json` documents them.

use serde_json::{Map, Value, json};

use super::digest::{Digest, reason_name, time};
use crate::access_log::sought::Sought;
use crate::access_log::traffic::{Bucket, Classes, Row, Sign, Through, Times, Visitor};
use crate::diagnosis::log::LogCause;
use crate::lanes::secrets::redact_url;
use crate::report::Style;
use crate::report::line::{conclusion, text};
use crate::report::sarif::{self, Rules};
use crate::store::{LogBook, LogSource, UnreadLine};

/// Buckets at most: a minute each for a day and more, wider for longer logs.
const BUCKETS: usize = 1500;

/// Unread lines at most.
const UNREAD: usize = 20;

/// The object.
pub(super) fn object(digest: &Digest<'_>, style: &Style) -> Value {
    let book = digest.book;
    let traffic = book.traffic();
    let view = book.view();
    let stamp = |millis: i64| time(millis).to_string();
    let tops: Map<String, Value> =
        digest.tops.iter().map(|top| (top.name.to_owned(), top.rows.iter().map(row).collect())).collect();
    let status: Map<String, Value> =
        digest.statuses.iter().map(|(status, count)| (status.to_string(), json!(count))).collect();
    let reasons: Map<String, Value> =
        book.unread().by_reason().map(|(reason, count)| (reason_name(reason).to_owned(), json!(count))).collect();
    let scanners: Vec<Value> = digest.scanners.iter().map(scanner).collect();
    let through: Vec<Value> = digest.through.iter().map(self::through).collect();
    let garbage: Map<String, Value> =
        traffic.garbage().map(|garbage| (garbage.kind.word().to_owned(), json!(garbage.count))).collect();
    json!({
        "v": 1,
        "hopscope": env!("CARGO_PKG_VERSION"),
        "sources": book.sources().iter().map(source).collect::<Vec<_>>(),
        "filter": view.filter.as_ref().map(|filter| filter.text().to_owned()),
        "since": view.since.map(stamp),
        "until": view.until.map(stamp),
        "read": {
            "bytes": book.bytes(),
            "disk_bytes": book.progress.read,
            "lines": digest.seen(),
            "unread": book.unread().count(),
            "unread_by_reason": reasons,
            "unread_lines": book.unread().lines().rev().take(UNREAD).map(|line| unread(line, style)).collect::<Vec<_>>(),
        },
        "lines": traffic.lines(),
        "first": digest.span().map(|(first, _)| stamp(first)),
        "last": digest.span().map(|(_, last)| stamp(last)),
        "bytes_sent": traffic.bytes(),
        "status": status,
        "classes": classes(traffic.classes()),
        "clients": traffic.clients(),
        "duration_ms": traffic.times().map(times),
        "upstream_ms": traffic.upstream_times().map(times),
        "series": digest.series(60, BUCKETS).map(|(width, buckets)| json!({
            "seconds": width,
            "buckets": buckets.iter().map(bucket).collect::<Vec<_>>(),
        })),
        "top": tops,
        "scanners": { "clients": digest.scanned.0, "lines": digest.scanned.1, "top": scanners },
        "got_through": through,
        "prefix_404": { "missing": digest.missing, "doubled": digest.doubled },
        "garbage": garbage,
        "causes": book.causes().iter().map(|cause| self::cause(cause, style)).collect::<Vec<_>>(),
    })
}

/// The causes alone; `assets/schema/log-findings.schema.json` documents it.
pub(super) fn findings(book: &LogBook, style: &Style) -> Value {
    json!({
        "v": 1,
        "hopscope": env!("CARGO_PKG_VERSION"),
        "lines": book.traffic().lines(),
        "causes": book.causes().iter().map(|cause| self::cause(cause, style)).collect::<Vec<_>>(),
    })
}

/// The causes for code scanning, each at the log that shows it.
pub(super) fn sarif(book: &LogBook, style: &Style) -> Value {
    let rules = Rules::of(&book.causes().iter().map(|cause| cause.finding.code).collect::<Vec<_>>());
    let names: Vec<&str> = book.sources().iter().map(|source| source.name.as_str()).collect();
    let results: Vec<Value> =
        book.causes().iter().map(|cause| result(cause, &rules, &names.join(", "), style)).collect();
    sarif::log(&rules, &results, &[])
}

fn result(cause: &LogCause, rules: &Rules, logs: &str, style: &Style) -> Value {
    let finding = &cause.finding;
    let fixes: Vec<String> = finding.fix.iter().map(ToString::to_string).collect();
    let example = cause.lines.first().map(|line| format!(" For example: {}", hidden(line, style))).unwrap_or_default();
    let what = format!("{}{example}", finding.why);
    json!({
        "ruleId": finding.code,
        "ruleIndex": rules.index(finding.code),
        "level": sarif::level(finding.severity),
        "message": { "text": sarif::message(what, fixes.iter().map(String::as_str), finding.not.as_deref()) },
        "locations": [{ "logicalLocations": [{ "fullyQualifiedName": logs, "kind": "resource" }] }],
        "occurrenceCount": cause.count,
        "partialFingerprints": { "hopscope/v1": sarif::fingerprint([finding.code, &finding.about, ""]) },
    })
}

fn source(source: &LogSource) -> Value {
    json!({ "name": source.name, "format": source.format_name(), "chosen": source.chosen, "cut": source.cut() })
}

fn unread(line: &UnreadLine, style: &Style) -> Value {
    json!({
        "source": line.source,
        "reason": reason_name(line.unread.reason),
        "column": line.unread.column,
        "line": hidden(&line.line, style),
    })
}

/// A line as text, credentials in its URLs hidden.
pub(super) fn hidden(line: &[u8], style: &Style) -> String {
    if !style.redact {
        return text(line).into_owned();
    }
    let pieces: Vec<String> =
        line.split(|&byte| byte == b' ').map(|piece| text(&redact_url(piece)).into_owned()).collect();
    pieces.join(" ")
}

fn classes(classes: Classes) -> Value {
    let [none, informational, success, redirect, client, server] = classes;
    json!({ "none": none, "1xx": informational, "2xx": success, "3xx": redirect, "4xx": client, "5xx": server })
}

fn row(row: &Row) -> Value {
    let stamp = |millis: i64| time(millis).to_string();
    json!({
        "key": text(&row.key),
        "count": row.count,
        "error": row.error,
        "classes": classes(row.classes),
        "bytes": row.bytes,
        "duration_ms": row.times.map(times),
        "upstream_ms": row.upstream_times.map(times),
        "first": row.seen.map(|(first, _)| stamp(first)),
        "last": row.seen.map(|(_, last)| stamp(last)),
    })
}

fn scanner(client: &Sign<'_, Visitor>) -> Value {
    json!({
        "client": text(client.key),
        "count": client.count,
        "error": client.error,
        "sought": client.facts.sought,
        "kinds": client.facts.kinds().map(Sought::word).collect::<Vec<_>>(),
        "missing_paths": client.facts.missing.about(),
        "classes": classes(client.classes),
    })
}

fn through(path: &Sign<'_, Through>) -> Value {
    json!({
        "path": text(path.key),
        "count": path.count,
        "status": path.facts.status,
        "what": path.facts.sought.map(Sought::word),
        "bytes": [path.facts.sizes.0, path.facts.sizes.1],
        "clients": path.facts.addresses.iter().map(text).collect::<Vec<_>>(),
    })
}

fn times(times: Times) -> Value {
    json!({
        "p50": ms(times.p50),
        "p90": ms(times.p90),
        "p95": ms(times.p95),
        "p99": ms(times.p99),
        "max": ms(times.max),
    })
}

fn ms(micros: u32) -> f64 {
    f64::from(micros) / 1000.0
}

fn bucket(bucket: &Bucket) -> Value {
    json!({
        "time": time(bucket.start).to_string(),
        "classes": classes(bucket.classes),
        "bytes": bucket.bytes,
        "mean_ms": bucket.took.checked_div(bucket.timed).map(|micros| u32::try_from(micros).map_or(f64::MAX, ms)),
        "slowest_ms": (bucket.timed > 0).then(|| ms(bucket.slowest)),
    })
}

/// A cause: the finding with the members of a line of JSON, and the lines that show it.
pub fn cause(cause: &LogCause, style: &Style) -> Value {
    let mut value = serde_json::to_value(conclusion(&cause.finding)).unwrap_or_default();
    if let Value::Object(members) = &mut value {
        let stamp = |millis: i64| json!(time(millis).to_string());
        members.insert("count".to_owned(), json!(cause.count));
        members.insert("first".to_owned(), cause.seen.map_or(Value::Null, |(first, _)| stamp(first)));
        members.insert("last".to_owned(), cause.seen.map_or(Value::Null, |(_, last)| stamp(last)));
        members.insert("lines".to_owned(), cause.lines.iter().map(|line| hidden(line, style)).collect());
    }
    value
}
