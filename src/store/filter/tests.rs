use std::sync::Arc;

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::asgi::{Address, Outcome, Scope};
use crate::diagnosis::{Confidence, Finding, Severity};
use crate::exchange::{Ending, Sample, Side};
use crate::lanes::{self, Author};
use crate::store::tests::setup;

type Filter = crate::filter::Filter<Requests>;

fn finding(code: &'static str, title: &'static str) -> Finding {
    Finding {
        code,
        title,
        severity: Severity::Error,
        why: String::new(),
        about: String::new(),
        facts: Vec::new(),
        missing: None,
        fix: Vec::new(),
        not: None,
        confidence: Confidence::High,
        primary: true,
        follows: None,
    }
}

fn scope() -> Scope {
    Scope { client: Some(Address::new("10.0.0.7", 0)), ..Scope::sample("/api/v1/docs", "") }
}

/// A POST to `http://shop.test:9999/api/v1/docs?a=b` that FastAPI answered 404 after 1.5 ms.
fn case() -> (Entry, Lanes) {
    let edge = Sample::new(Side::Edge, "POST /api/v1/docs?a=b HTTP/1.1\nHost: shop.test:9999\nX-Trace: One\n").unwrap();
    let app = Sample::new(Side::App, "POST /docs HTTP/1.1\nHost: shop.test:9999\nX-Forwarded-Proto: http\n").unwrap();
    let app = app.response("HTTP/1.1 404 Not Found\nserver: uvicorn\n", b"{\"detail\":\"Not Found\"}").unwrap();
    let exchange = edge.paired(37, app);
    let mut lanes = lanes::compute(&exchange, &setup(&[]));
    lanes.original.method = "POST".into();
    lanes.original.scheme = "http".into();
    lanes.original.host = "shop.test".into();
    lanes.original.port = Some(9999);
    lanes.original.path = b"/api/v1/docs".to_vec();
    lanes.original.query = Some(b"a=b".to_vec());
    lanes.rewritten.outgoing = Some(b"/docs".to_vec());
    lanes.scope.outcome = Some(Outcome::Scope(Box::new(scope())));
    lanes.scope.view = None;
    lanes.answer.status = Some(404);
    lanes.answer.by = Author::App("fastapi");
    lanes.answer.location = None;
    lanes.answer.duration = 1500;
    let findings = Arc::from([finding("PX01", "prefix kept, app not told")]);
    (Entry { exchange: Arc::new(exchange), findings, revision: 1 }, lanes)
}

fn passes(filter: &str) -> bool {
    let (entry, lanes) = case();
    Filter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}")).matches(&entry, &lanes)
}

#[rstest]
fn these_pass(
    #[values(
        "",
        "   ",
        "status=404",
        "status>=404",
        "status<=404",
        "status>400",
        "status<500",
        "status!=200",
        "status=4xx",
        "status=4*",
        "status~^4",
        "status",
        "method=post",
        "METHOD=POST",
        "path=/api/v1/docs",
        "path=/api/*",
        "path~^/api",
        "path!~^/x",
        "app.path=/docs",
        "host=shop.test",
        "host=*.test",
        "scheme=http",
        "query=a=b",
        "url~9999/api",
        "!location",
        "location!=x",
        "finding",
        "finding=PX*",
        "finding=px01",
        "finding!=RD*",
        "by=fastapi",
        "header.x-forwarded-proto=http",
        "header.server=uvicorn",
        "header.x-trace=one",
        "header.x-trace",
        "!header.nope",
        "scope.root_path=\"\"",
        "scope.root_path=''",
        "scope.path=/api/v1/docs",
        "scope.scheme=http",
        "scope.client=10.0.0.7",
        "ms>1",
        "ms<2",
        "ms>=1.5",
        "ms<=1.5ms",
        "ms<1s",
        "scope.client=10.0.0.0/8",
        "bytes>=0",
        "bytes<1k",
        "bytes<1e3",
        "ip!=10.0.0.0/8",
        "tap=edge",
        "tap=app",
        "tap=127.0.0.1:9998",
        "id=37",
        "id<38",
        "docs",
        "DOCS",
        "/api/v1/docs?a=b | docs",
        "\"not told\"",
        "kept",
        "status=404 & ws | docs",
        "(ws | docs) & status=404",
        "ws or docs and post or PX01",
        "not ws",
        "! ws",
        "!(ws|sse)",
        "!!docs",
        "path~^/(api|v2)/ & !open",
        "path~[(]|docs",
        "status >= 400 finding",
        "~u shop ~m post ~c 404 ~d shop",
        "~h x-trace:.one",
        "~b detail",
        "body~Found",
        "headers~^X-Trace",
        "!guessed !loop !sse",
        "~c 4xx"
    )]
    filter: &str,
) {
    assert!(passes(filter), "{filter}");
}

#[rstest]
fn these_do_not(
    #[values(
        "status=200",
        "status>404",
        "status<404",
        "status!=404",
        "method=GET",
        "path=/API/v1/docs",
        "path=/api",
        "app.path~api",
        "location",
        "location~http",
        "!finding",
        "finding=RD*",
        "by=traefik",
        "header.x-trace=two",
        "header.nope",
        "scope.root_path=/api",
        "ms>1.5",
        "ms<1.5",
        "ms>1s",
        "scope.client=10.1.0.0/16",
        "bytes>1KiB",
        "tap=proxy",
        "id=3",
        "scanner",
        "nope",
        "ws",
        "sse",
        "loop",
        "open",
        "guessed",
        "docs & ws",
        "docs nope",
        "!docs",
        "~u nope",
        "~c 200",
        "path~^docs",
        "\"\\\"\""
    )]
    filter: &str,
) {
    assert!(!passes(filter), "{filter}");
}

#[test]
fn what_has_no_value_is_neither_more_nor_less_nor_equal() {
    let (entry, mut lanes) = case();
    lanes.answer.status = None;
    lanes.scope.outcome = None;
    for filter in ["status>1", "status<999", "status>=1", "status<=999", "status=404", "status", "scope.root_path=\"\""]
    {
        assert!(!Filter::parse(filter).unwrap().matches(&entry, &lanes), "{filter}");
    }
    assert!(Filter::parse("status!=404").unwrap().matches(&entry, &lanes));
}

#[test]
fn flags_follow_the_exchange() {
    let (mut entry, mut lanes) = case();
    let matches = |entry: &Entry, lanes: &Lanes, filter| Filter::parse(filter).unwrap().matches(entry, lanes);
    lanes.original.websocket = true;
    lanes.answer.content_type = Some("text/event-stream; charset=utf-8".into());
    entry.findings = Arc::from([finding("RD06", "redirect loop")]);
    let mut exchange = (*entry.exchange).clone();
    exchange.pairing = Pairing::Guessed;
    exchange.app.as_mut().unwrap().ending = Ending::Open;
    entry.exchange = Arc::new(exchange);
    assert!(matches(&entry, &lanes, "ws sse loop open guessed"));
}

#[test]
fn bytes_that_are_no_text_are_found_by_wildcards() {
    let (entry, mut lanes) = case();
    lanes.original.path = b"/a\xff\xfe\xc3\xa9".to_vec();
    for (filter, expected) in [("path=/a*é", true), ("path=/a???? ", true), ("path=/aé", false), ("path=/a???", false)]
    {
        assert_eq!(Filter::parse(filter).unwrap().matches(&entry, &lanes), expected, "{filter}");
    }
}

#[rstest]
#[case("statsu=404", "there is no field `statsu`; did you mean `status`? (at column 1)")]
#[case("ws & ap.path=/x", "there is no field `ap.path`; did you mean `app.path`? (at column 6)")]
#[case("zzzzzzzzz=1", "there is no field `zzzzzzzzz`; put it in quotes to look for it (at column 1)")]
#[case("status>=abc", "`abc` is no number, e.g. 500 (at column 9)")]
#[case("status=abc", "`abc` is no number, e.g. 404 (at column 8)")]
#[case("ms>1.2345", "`1.2345` is no number, e.g. 500 (at column 4)")]
#[case("ms>99999999999999999999", "`99999999999999999999` is no number, e.g. 500 (at column 4)")]
#[case("path>3", "`path` is no number; use `=`, `!=`, `~` or `!~` (at column 5)")]
#[case("path=", "a value is missing here: write \"\" for an empty one (at column 6)")]
#[case("status=", "a value is missing here: write 400 (at column 8)")]
#[case("path~[", "not a regular expression: unclosed character class (at column 6)")]
#[case("(ws", "this `(` is not closed (at column 1)")]
#[case("ws)", "this `)` closes nothing (at column 3)")]
#[case("path=\"a", "this \" is not closed (at column 6)")]
#[case("ws &", "something to look for is missing here, e.g. `status>=400` (at column 5)")]
#[case("ws & | sse", "a field is missing here, e.g. `status>=400` (at column 6)")]
#[case("=404", "a field is missing here, e.g. `status>=400` (at column 1)")]
#[case("~x foo", "known are ~u ~m ~c ~d ~h ~b (at column 1)")]
fn an_error_names_the_place_and_what_would_be_right(#[case] filter: &str, #[case] message: &str) {
    assert_eq!(Filter::parse(filter).unwrap_err().to_string(), message);
}

#[test]
fn nesting_is_bounded() {
    assert!(Filter::parse(&"(".repeat(100_000)).is_err());
    assert!(Filter::parse(&"!".repeat(100_000)).is_err());
    assert!(Filter::parse(&format!("{}ws{}", "(".repeat(60), ")".repeat(60))).is_ok());
}

#[rstest]
#[case("sta", &["status"])]
#[case("ws & fi", &["finding"])]
#[case("!o", &["open"])]
#[case("header.x-forwarded-p", &["header.x-forwarded-proto", "header.x-forwarded-port", "header.x-forwarded-prefix"])]
#[case("method=p", &["method=POST", "method=PUT", "method=PATCH"])]
#[case("path=", &[])]
#[case("status", &[])]
fn a_half_typed_word_is_completed(#[case] prefix: &str, #[case] expected: &[&str]) {
    assert_eq!(Filter::completions(prefix), expected);
}

proptest! {
    #[test]
    fn no_text_breaks_the_parser(text in "\\PC{0,40}|[a-z.~=!<>&|()\"' *?\\[\\]\\\\/0-9]{0,60}") {
        let (entry, lanes) = case();
        if let Ok(filter) = Filter::parse(&text) {
            filter.matches(&entry, &lanes);
        }
        Filter::completions(&text);
    }
}
