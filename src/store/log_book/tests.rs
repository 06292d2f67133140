use rstest::rstest;

use super::*;
use crate::access_log::Escape;
use crate::filter::FilterError;

/// `combined` and what an upstream did.
const FORMAT: &str = "$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \
    \"$http_user_agent\" host=\"$host\" rt=$request_time ua=\"$upstream_addr\" us=\"$upstream_status\"";

const ITEMS: &str = "203.0.113.7 - alice [20/Nov/2026:09:14:51 +0000] \"GET /api/v1/items?page=2&token=s3cret HTTP/1.1\" \
    307 1500 \"https://shop.test/\" \"Mozilla/5.0 Firefox/126.0\" host=\"shop.test\" rt=0.250 ua=\"10.0.0.1:80, 10.0.0.2:80\" \
    us=\"502, 307\"";

const SCAN: &str = "192.0.2.99 - - [20/Nov/2026:09:15:00 +0000] \"GET /.env HTTP/1.1\" 404 153 \"-\" \"-\" host=\"-\" \
    rt=0.000 ua=\"-\" us=\"-\"";

const TLS: &str = "2001:db8::7 - - [20/Nov/2026:09:16:00 +0000] \"\\x16\\x03\\x01\\x00 a\" 400 157 \"-\" \"-\" host=\"-\" \
    rt=0.000 ua=\"-\" us=\"-\"";

fn book(view: LogView) -> LogBook {
    let mut book = LogBook::new(view);
    let source = book.open("access.log".to_owned());
    book.decide(source, Format::compile(FORMAT.as_bytes(), Escape::Default).unwrap(), "given".to_owned());
    book
}

fn fed(view: LogView, text: &str) -> LogBook {
    let mut book = book(view);
    book.feed(0, text.as_bytes());
    book
}

fn passes(line: &str, filter: &str) -> bool {
    let filter = Some(LineFilter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}")));
    fed(LogView { filter, ..LogView::default() }, &format!("{line}\n")).traffic().lines() == 1
}

#[rstest]
fn these_pass(
    #[values(
        "",
        "status=307",
        "status=3xx",
        "status>=300 & !scanner",
        "method=get",
        "path=/api/v1/items",
        "path~^/api",
        "query~page=2",
        "url~items.page",
        "client=203.0.113.7",
        "client=203.0.113.0/24",
        "ip=203.0.0.0/8",
        "ip=203.*",
        "host=shop.test",
        "referer~shop",
        "agent~Firefox",
        "user=alice",
        "bytes>1k",
        "bytes>=1.5e3",
        "bytes<1e6",
        "bytes<2KiB",
        "ms>=250",
        "ms<1s",
        "upstream=10.0.0.2*",
        "upstream.status=502",
        "retried",
        "protocol=HTTP/1.1",
        "items",
        "!bot !garbage",
        "!location",
        "~m GET ~c 307",
        "line~rt=0.250"
    )]
    filter: &str,
) {
    assert!(passes(ITEMS, filter), "{filter}");
}

#[rstest]
#[case(ITEMS, "path=/API/v1/items")]
#[case(ITEMS, "client=10.0.0.0/8")]
#[case(ITEMS, "bytes>1.5k")]
#[case(ITEMS, "location")]
#[case(ITEMS, "scanner | bot | garbage")]
#[case(SCAN, "user")]
#[case(SCAN, "referer!~x & referer")]
#[case(SCAN, "upstream")]
#[case(SCAN, "retried")]
#[case(TLS, "method")]
#[case(TLS, "path")]
fn these_do_not(#[case] line: &str, #[case] filter: &str) {
    assert!(!passes(line, filter), "{filter}");
}

#[test]
fn escapes_are_undone_before_texts_are_compared() {
    assert!(passes(TLS, "garbage & url~\\x16\\x03"));
    assert!(passes(TLS, "client=2001:db8::/32 & ip=2001:DB8:0::7"));
    assert!(passes(SCAN, "scanner"));
}

#[test]
fn a_field_that_a_log_does_not_have_is_told_so() {
    let error = |filter: &str| LineFilter::parse(filter).unwrap_err();
    let FilterError { message, column } = error("status=404 & scope.path=/x");
    assert!(message.contains("`scope.path`") && message.contains("hopscope tap"), "{message}");
    assert_eq!(column, 13);
    assert!(error("header.x-trace=1").message.contains("headers its format names"));
    assert!(error("statsu=404").message.contains("did you mean `status`?"));
    assert_eq!(LineFilter::completions("ref"), ["referer"]);
    assert_eq!(LineFilter::completions("sta"), ["status"]);
}

#[test]
fn a_window_takes_from_its_beginning_until_before_its_end() {
    let lines = [ITEMS, SCAN, TLS].join("\n") + "\n";
    let at = |text: &str| Some(text.parse::<jiff::Timestamp>().unwrap().as_millisecond());
    let since = at("2026-11-20T09:15:00Z");
    assert_eq!(fed(LogView { since, ..LogView::default() }, &lines).traffic().lines(), 2);
    assert_eq!(fed(LogView { until: since, ..LogView::default() }, &lines).traffic().lines(), 1);
}

#[test]
fn lines_that_cannot_be_read_are_counted_and_kept() {
    let book = fed(LogView::default(), &format!("{ITEMS}\nnonsense\n\n{SCAN}\n"));
    assert_eq!((book.traffic().lines(), book.unread().count()), (2, 2));
    let kept: Vec<_> = book.unread().lines().map(|unread| unread.line.as_slice()).collect();
    assert_eq!(kept, [&b"nonsense"[..], b""]);
}

#[test]
fn the_newest_lines_are_kept_and_read_again_when_they_are_shown() {
    let mut book = fed(LogView::default(), &format!("{ITEMS}\n{SCAN}\n{TLS}"));
    assert_eq!(book.kept(), 0..2);
    book.finish_each(0, |_| {});
    let lines: Vec<_> = book.lines(1..3).collect();
    assert_eq!(lines, [(0, SCAN.as_bytes()), (0, TLS.as_bytes())]);
    let mut clock = Clock::default();
    assert_eq!(book.read(0, SCAN.as_bytes(), &mut clock).unwrap().status, 404);
}

#[test]
fn what_can_be_read_only_once_is_seen_through_another_view_as_far_as_it_is_kept() {
    let (begun, rest) = TLS.split_at(40);
    let all = fed(LogView::default(), &format!("{ITEMS}\n{SCAN}\n{begun}"));
    let filter = LineFilter::parse("status=404").ok();
    let mut book = all.through(LogView { filter, ..LogView::default() });
    assert_eq!((book.traffic().lines(), book.kept()), (1, 0..1));
    assert!(book.revision() > all.revision());
    // The line that was half read goes on in the new book.
    let mut wider = book.through(LogView::default());
    wider.feed(0, format!("{rest}\n").as_bytes());
    assert_eq!(wider.traffic().lines(), 2);
    book.feed(0, format!("{rest}\n").as_bytes());
    assert_eq!((book.traffic().lines(), book.unread().count()), (1, 0));
}

#[test]
fn what_was_kept_is_judged_by_the_causes_so_far() {
    let mut all = fed(LogView::default(), &format!("{ITEMS}\n{SCAN}\n"));
    all.conclude();
    let through = |book: &LogBook, filter: &str| {
        let filter = Some(LineFilter::parse(filter).unwrap());
        book.through(LogView { filter, ..LogView::default() })
    };
    let mut scans = through(&all, "finding=SC01");
    assert_eq!(scans.traffic().lines(), 1);
    scans.feed(0, format!("{SCAN}\n").as_bytes());
    assert_eq!(through(&scans, "finding=SC01 & status=404").traffic().lines(), 2);
}

#[test]
fn far_from_the_end_of_a_long_read_no_line_is_kept() {
    let mut book = book(LogView::default());
    book.progress = Progress { read: 0, all: 1 << 30, ..Progress::default() };
    book.feed(0, format!("{ITEMS}\n").as_bytes());
    book.progress.read = 1 << 30;
    book.feed(0, format!("{SCAN}\n").as_bytes());
    assert_eq!((book.traffic().lines(), book.kept()), (2, 0..1));
}

#[test]
fn nothing_is_taken_in_before_the_format_is_known() {
    let mut book = LogBook::default();
    let source = book.open("-".to_owned());
    book.feed(source, b"a\n");
    assert_eq!((book.traffic().lines(), book.unread().count(), book.sources()[0].format_name()), (0, 0, "?"));
}
