use jiff::tz::TimeZone;
use serde_json::Value;

use super::*;
use crate::access_log::{Escape, Format};
use crate::report::schema::faults;
use crate::store::{LogBook, LogView};

const REPORT: &str = include_str!("../../../assets/schema/logs.schema.json");
const LINE: &str = include_str!("../../../assets/schema/log-line.schema.json");

/// A small log: people, a scanner that got something, garbage, a retry, what cannot be read, and text that would be markup.
const LOG: &str = include_str!("sample.log");

const FORMAT: &str = "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \
    \"$http_user_agent\" rt=$request_time ua=\"$upstream_addr\" us=\"$upstream_status\"";

fn style() -> Style {
    Style { redact: true, ascii: false, zone: TimeZone::UTC, color: false, predicted: false, evidence: false }
}

fn fed(each: impl FnMut(crate::store::Fed<'_>)) -> LogBook {
    let mut book = LogBook::new(LogView::default());
    let source = book.open("access.log".to_owned());
    let format = Format::compile(FORMAT.as_bytes(), Escape::Default).unwrap().called("timed".to_owned());
    book.decide(source, format, "by --log-format".to_owned());
    book.feed_each(source, LOG.as_bytes(), each);
    (book.progress.read, book.progress.all) = (LOG.len() as u64, LOG.len() as u64);
    book.conclude();
    book
}

fn written(format: LogFormat) -> String {
    let book = fed(|_| {});
    let mut out = Vec::new();
    logs(ShownLogs { book: &book, top: 5, order: Order::Count, by: &[], country: None }, format, &style(), &mut out)
        .unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn text() {
    insta::assert_snapshot!(written(LogFormat::Text));
}

#[test]
fn markdown() {
    insta::assert_snapshot!(written(LogFormat::Markdown));
}

#[test]
fn html_is_one_page_in_which_nothing_runs_or_loads() {
    let page = written(LogFormat::Html);
    for forbidden in ["<script", "<img", "<link", "<iframe", "<a ", "url(", "@import", "s3cret", "\x1b"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("default-src 'none'") && page.contains("&lt;script&gt;"), "{page}");
    insta::assert_snapshot!(page);
}

#[test]
fn json_is_as_documented() {
    let text = written(LogFormat::Json);
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(faults(REPORT, "", &value), [""; 0]);
    assert!(!text.contains("s3cret"), "{text}");
    insta::assert_snapshot!(text.replace(env!("CARGO_PKG_VERSION"), "[version]"));
}

#[test]
fn causes_alone_are_as_documented() {
    let book = fed(|_| {});
    let written = |format| {
        let mut out = Vec::new();
        log_findings(&book, format, &style(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let value: Value = serde_json::from_str(&written(FindingsFormat::Json)).unwrap();
    assert_eq!(faults(include_str!("../../../assets/schema/log-findings.schema.json"), "", &value), [""; 0]);
    let log: Value = serde_json::from_str(&written(FindingsFormat::Sarif)).unwrap();
    assert_eq!(log["runs"][0]["results"].as_array().map(Vec::len), Some(book.causes().len()));
    assert!(written(FindingsFormat::Markdown).starts_with("# hopscope findings"));
}

#[test]
fn a_cause_has_the_members_of_a_line_of_json() {
    let lines: Value = serde_json::from_str(include_str!("../../../assets/schema/exchange.schema.json")).unwrap();
    let report: Value = serde_json::from_str(REPORT).unwrap();
    let here = &report["properties"]["causes"]["items"]["properties"];
    for (name, schema) in lines["properties"]["findings"]["items"]["properties"].as_object().unwrap() {
        assert_eq!(&here[name], schema, "{name}");
    }
}

#[test]
fn lines_are_as_documented() {
    let mut out = Vec::new();
    fed(|fed| log_line(fed, "access.log", &style(), &mut out).unwrap());
    let text = String::from_utf8(out).unwrap();
    for line in text.lines() {
        assert_eq!(faults(LINE, "", &serde_json::from_str(line).unwrap()), [""; 0], "{line}");
    }
    assert_eq!(text.lines().count(), LOG.lines().count());
    insta::assert_snapshot!(text);
}
