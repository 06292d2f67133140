//! The Access log page.

use std::sync::RwLock;

use crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use rstest::rstest;

use super::screens::kept;
use super::traffic::{empty, morning};
use super::{Bench, Key};
use crate::access_log::{Escape, Format};
use crate::diagnosis::log::LogCause;
use crate::diagnosis::{Confidence, Finding, Fix, Severity};
use crate::store::{LogBook, Progress};
use crate::tui::Exit;
use crate::tui::access_log::{LogPane, There};
use crate::tui::message::{Effect, LoggedRequest, Message};
use crate::tui::state::Page;

const SIZES: [(u16, u16); 3] = [(120, 36), (100, 30), (80, 24)];

const ENTER: Key = Key::Code(KeyCode::Enter);
const ESC: Key = Key::Code(KeyCode::Esc);

const DOUBLED: &str = "/api/v1/api/v1/openapi.json";

fn line(at: u32, client: &str, request: &str, status: u16, bytes: u32, tail: &str) -> String {
    let (minute, second) = (at / 60, at % 60);
    format!("{client} - - [20/Nov/2026:09:{minute:02}:{second:02} +0000] \"{request}\" {status} {bytes} {tail}\n")
}

/// A quarter of an hour: people, a scanner that got something, docs behind a doubled prefix, and what is no request.
fn log() -> String {
    let people = r#""https://shop.test/" "Mozilla/5.0 Firefox/126.0""#;
    let mut log = String::new();
    for second in (0..900).step_by(2) {
        log += &line(second, &format!("203.0.113.{}", second % 7), "GET /products HTTP/2.0", 200, 1200, people);
    }
    for id in 0..20 {
        log += &line(30 + id * 40, "203.0.113.5", &format!("GET /reports/{id} HTTP/2.0"), 502, 157, people);
    }
    let docs = r#""https://shop.test/api/v1/docs?access_token=s3cret" "Mozilla/5.0 Firefox/126.0""#;
    for n in 0..30 {
        log += &line(120 + n * 25, "203.0.113.7", &format!("GET {DOUBLED} HTTP/2.0"), 404, 22, docs);
    }
    for n in 0..90 {
        let path = ["/.env", "/admin.php", "/wp-login.php", "/.git/config"][n as usize % 4];
        let status = if path == "/.git/config" && n > 80 { 200 } else { 404 };
        log += &line(400 + n / 2, "192.0.2.99", &format!("GET {path} HTTP/1.1"), status, 812, r#""-" "-""#);
    }
    log += &line(880, "198.51.100.7", r"\x16\x03\x01", 400, 157, r#""-" "-""#);
    log += &line(881, "198.51.100.7", "", 400, 0, r#""-" "-""#);
    log += &line(882, "198.51.100.8", "GET /big HTTP/1.1", 499, 0, r#""-" "curl/8.5.0""#);
    log += &line(890, "203.0.113.7", "POST /auth/token?password=hunter2&x=1 HTTP/2.0", 200, 60, people);
    log += &line(899, "203.0.113.7", r"GET /a\x1B[2J\xE2\x80\xAEb HTTP/2.0", 404, 22, people);
    log
}

const UNREAD: &str = "203.0.113.7 - - [20/Nov/2026:09:14:59 +0000] \"GET /cut HTTP/1.1\" 20\n\
    203.0.113.7 - - [20/Nov/2026 \"GET /a?token=s3cret-value HTTP/1.1\" 200 5 \"-\" \"-\"\n";

fn book(text: &str) -> LogBook {
    let mut book = LogBook::default();
    let source = book.open("/var/log/nginx/access.log".to_owned());
    book.decide(source, Format::named("combined").unwrap(), "detected".to_owned());
    book.feed(source, text.as_bytes());
    let size = text.len() as u64;
    book.progress = Progress { read: size, all: size, rate: 800_000_000, partial: false, following: true };
    book.conclude();
    book
}

fn cause(code: &'static str, title: &'static str, severity: Severity, about: &str, line: &str) -> LogCause {
    let finding = Finding {
        code,
        title,
        severity,
        why: "Every path starts with /api/v1 twice: the client adds a prefix that the server has already.".to_owned(),
        about: about.to_owned(),
        facts: Vec::new(),
        missing: Some("whether the proxy or the app wrote the 404: log $upstream_status".to_owned()),
        fix: vec![Fix::advice("strip the prefix at the proxy, or drop --root-path")],
        not: None,
        confidence: Confidence::Medium,
        primary: true,
        follows: None,
    };
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let seen = Some((at("2026-11-20T09:02:00Z"), at("2026-11-20T09:14:05Z")));
    let mut cause = LogCause::of(finding);
    (cause.count, cause.seen, cause.lines) = (30, seen, vec![line.trim_end().as_bytes().to_vec()]);
    cause
}

fn filled() -> LogBook {
    let doubled = line(120, "203.0.113.7", &format!("GET {DOUBLED} HTTP/2.0"), 404, 22, "\"-\" \"-\"");
    let failed = line(30, "203.0.113.5", "GET /reports/0 HTTP/2.0", 502, 157, "\"-\" \"-\"");
    let book = book(&log());
    // What was given out is what this rule says: its own cause knows the path.
    let given_out = book.causes().iter().filter(|cause| cause.finding.code == "SC02").cloned().collect();
    let told = vec![
        cause("PX02", "doubled prefix", Severity::Error, "/api/v1", &doubled),
        cause("UP01", "upstream fails", Severity::Error, "/reports/{id}", &failed),
    ];
    book.with_causes([told, given_out].concat())
}

fn alone(book: LogBook, (width, height): (u16, u16)) -> Bench {
    let mut bench = Bench::new(empty(), width, height);
    bench.book = Some(RwLock::new(book));
    bench.state.log.there = There::Alone;
    bench.state.page = Page::AccessLog;
    bench.refresh();
    bench
}

#[test]
fn the_page_at_three_sizes() {
    for size in SIZES {
        let (width, height) = size;
        let name = |what: &str| format!("log_{what}_{width}x{height}");
        kept(&name("filled"), &alone(filled(), size).screen());
        kept(&name("empty"), &alone(book(""), size).screen());
        let mut bench = alone(book(&(log() + UNREAD)), size);
        bench.type_in("U");
        kept(&name("unread"), &bench.screen());
        let mut bench = alone(filled(), size);
        bench.state.log.typed = "status>=400 & !bot".to_owned();
        bench.press([ENTER]);
        bench.type_in("h");
        kept(&name("filtered"), &bench.screen());
        let mut part = filled();
        part.progress = Progress { read: 340 << 20, all: 1 << 30, rate: 900_000_000, partial: true, following: false };
        kept(&name("reading"), &alone(part, size).screen());
    }
}

#[test]
fn other_panes() {
    let mut bench = alone(filled(), (80, 24));
    bench.press([Key::Code(KeyCode::Tab)]);
    kept("log_clients_80x24", &bench.screen());
    let mut bench = alone(filled(), (120, 36));
    bench.type_in("rgs");
    kept("log_raw_120x36", &bench.screen());
    bench.type_in("?");
    kept("log_help_120x36", &bench.screen());
}

#[test]
fn nothing_is_raw_and_secrets_are_hidden_until_they_are_asked_for() {
    for size in SIZES {
        let mut bench = alone(book(&(log() + UNREAD)), size);
        for keys in ["", "r", "U"] {
            bench.type_in(keys);
            let screen = bench.screen();
            assert!(!screen.contains('\u{1b}') && !screen.contains('\u{202e}'), "{screen}");
            for secret in ["s3cret", "hunter2"] {
                assert!(!screen.contains(secret), "{screen}");
            }
        }
    }
    let mut bench = alone(filled(), (120, 36));
    assert!(bench.screen().contains("password=***"), "{}", bench.screen());
    bench.type_in("u");
    assert!(bench.screen().contains("hunter2"));
}

fn look(filter: &str) -> Effect {
    Effect::Look { filter: filter.to_owned(), since: None, until: None }
}

#[test]
fn rows_narrow_and_esc_widens_again() {
    let mut bench = alone(filled(), (120, 36));
    assert_eq!(bench.press([ENTER]), [look(r#"path~"^/products$""#)]);
    bench.state.log.pane = LogPane::Clients;
    bench.type_in("G");
    assert!(matches!(bench.press([ENTER]).as_slice(), [Effect::Look { filter, .. }] if filter.contains(" & client=")));
    assert!(matches!(bench.type_in("h").as_slice(), [Effect::Look { filter, .. }] if filter.ends_with(" & !scanner")));
    assert_eq!(bench.press([ESC, Key::Code(KeyCode::Backspace), ESC]).len(), 3);
    assert_eq!(bench.state.log.filter(), "");
    assert_eq!(bench.press([ESC]), [], "there is nothing to go back to");
    bench.state.log.pane = LogPane::Verdict;
    assert_eq!(bench.press([ENTER]), [look("finding=PX02")]);
    assert_eq!(bench.press([ENTER]), [], "it is filtered by that already");
}

#[test]
fn the_filter_is_typed_completed_and_refused() {
    let mut bench = alone(filled(), (120, 36));
    bench.type_in("/stat");
    bench.press([Key::Code(KeyCode::Tab)]);
    bench.type_in(">=500");
    assert_eq!(bench.press([ENTER]), [look("status>=500")]);
    bench.type_in("/ & scope.path=x");
    assert!(bench.screen().contains("✗ `scope.path` cannot be asked for here"), "{}", bench.screen());
    assert_eq!(bench.press([ENTER]), [], "it cannot be read");
    assert_eq!(bench.press([ESC]), []);
    assert_eq!(bench.state.log.filter(), "status>=500");
}

#[rstest]
#[case::typed("15m", "2026-11-20T08:59:59Z", None)]
#[case::a_span("09:05..09:10", "2026-11-20T09:05:00Z", Some("2026-11-20T09:10:00Z"))]
fn a_span_of_time(#[case] typed: &str, #[case] since: &str, #[case] until: Option<&str>) {
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let mut bench = alone(filled(), (120, 36));
    bench.type_in("T");
    bench.type_in(typed);
    let (since, until) = (Some(at(since)), until.map(at));
    assert_eq!(bench.press([ENTER]), [Effect::Look { filter: String::new(), since, until }]);
    assert!(bench.screen().contains(&format!("only {typed}")), "{}", bench.screen());
    assert_eq!(bench.press([ESC]), [look("")]);
}

#[test]
fn the_arrows_offer_spans() {
    let mut bench = alone(filled(), (120, 36));
    bench.type_in("T");
    bench.press([Key::Code(KeyCode::Down), Key::Code(KeyCode::Down)]);
    assert!(bench.screen().contains("Time: 1h"), "{}", bench.screen());
    bench.press([ESC]);
    bench.type_in("Tsoon");
    assert_eq!(bench.press([ENTER]), []);
    assert!(bench.screen().contains("✗"), "{}", bench.screen());
}

fn mouse(bench: &mut Bench, kind: MouseEventKind, (column, row): (u16, u16)) -> Vec<Effect> {
    bench.send(Message::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }))
}

#[test]
fn the_mouse_draws_a_span_and_chooses_rows() {
    let left = MouseButton::Left;
    let mut bench = alone(filled(), (120, 36));
    // Line 1 is what was got through, line 2 the frame.
    mouse(&mut bench, MouseEventKind::Down(left), (10, 3));
    mouse(&mut bench, MouseEventKind::Drag(left), (20, 3));
    let effects = mouse(&mut bench, MouseEventKind::Up(left), (20, 3));
    let [Effect::Look { since: Some(since), until: Some(until), .. }] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    assert_eq!(until - since, 11 * bench.seen.log.series.width * 1000);
    assert_eq!(mouse(&mut bench, MouseEventKind::Down(left), (30, 3)), []);
    assert_eq!(mouse(&mut bench, MouseEventKind::Up(left), (30, 3)), [], "a click draws nothing");
    mouse(&mut bench, MouseEventKind::Down(left), (10, 10));
    assert_eq!((bench.state.log.pane, bench.seen.log.top_cursor(&bench.state.log)), (LogPane::Tops, 1));
    mouse(&mut bench, MouseEventKind::Down(left), (70, 10));
    assert_eq!((bench.state.log.pane, bench.seen.log.client_cursor(&bench.state.log)), (LogPane::Clients, 1));
    mouse(&mut bench, MouseEventKind::ScrollUp, (10, 22));
    assert!(bench.state.log.pane == LogPane::Lines && !bench.state.log.follows());
}

fn feed(bench: &Bench, text: &str) {
    bench.book.as_ref().unwrap().write().unwrap().feed(0, text.as_bytes());
}

#[test]
fn it_follows_until_somebody_looks_back() {
    let mut bench = alone(filled(), (120, 36));
    let newest = |bench: &Bench| bench.seen.log.line(&bench.state.log).unwrap().number;
    let first = newest(&bench);
    let one = line(905, "203.0.113.7", "GET /new HTTP/2.0", 200, 1, "\"-\" \"-\"");
    feed(&bench, &one);
    bench.refresh();
    assert_eq!(newest(&bench), first + 1);
    bench.state.log.pane = LogPane::Lines;
    bench.type_in("k");
    feed(&bench, &one);
    bench.refresh();
    assert_eq!(newest(&bench), first);
    bench.type_in("p");
    let total = bench.seen.log.total;
    feed(&bench, &one);
    bench.refresh();
    assert_eq!((bench.seen.log.total, newest(&bench)), (total, first), "frozen");
    bench.type_in("pG");
    assert_eq!((bench.seen.log.total, newest(&bench)), (total + 1, first + 3));
    assert!(bench.state.log.follows());
    bench.press([Key::Code(KeyCode::Home)]);
    assert_eq!(newest(&bench), 0);
}

#[test]
fn the_chosen_line_stays_where_another_book_numbers_its_lines_anew() {
    let mut bench = alone(filled(), (120, 36));
    bench.state.log.pane = LogPane::Lines;
    bench.type_in("kkk");
    let raw = bench.seen.log.line(&bench.state.log).unwrap().raw.clone();
    let before = line(0, "203.0.113.1", "GET /earlier HTTP/2.0", 200, 1, "\"-\" \"-\"").repeat(5);
    bench.book = Some(RwLock::new(book(&(before + &log()))));
    bench.refresh();
    assert_eq!(bench.seen.log.line(&bench.state.log).unwrap().raw, raw);
}

#[test]
fn the_old_stands_until_there_is_something_new() {
    let mut bench = alone(filled(), (120, 36));
    let mut empty = LogBook::default();
    empty.open("access.log".to_owned());
    bench.book = Some(RwLock::new(empty));
    bench.refresh();
    assert!(bench.seen.log.total > 0 && bench.screen().contains("reading anew"), "{}", bench.screen());
    let mut done = book("");
    done.progress = Progress { read: 9, all: 9, ..Progress::default() };
    bench.book = Some(RwLock::new(done));
    bench.refresh();
    assert!(bench.seen.log.total == 0 && bench.screen().contains("no line yet"), "{}", bench.screen());
}

#[test]
fn causes_follow_the_row_and_are_gone_through() {
    let mut bench = alone(filled(), (120, 36));
    let shown = |bench: &Bench| bench.seen.log.cause(&bench.state.log).unwrap().finding.code;
    assert_eq!(shown(&bench), "PX02");
    bench.type_in("n");
    assert_eq!(shown(&bench), "UP01");
    bench.type_in("n");
    assert_eq!((shown(&bench), bench.type_in("n")), ("SC02", Vec::new()));
    assert_eq!(bench.state.notice.as_deref(), Some("no further cause"));
    let doubled = bench.seen.log.tops.iter().position(|(_, code)| *code == Some("PX02")).unwrap();
    bench.press((0..doubled).map(|_| Key::Char('j')));
    assert_eq!(shown(&bench), "PX02", "it is the chosen row's");
    assert_eq!(
        bench.type_in("yx").as_slice(),
        [Effect::Copy("strip the prefix at the proxy, or drop --root-path".to_owned()), Effect::ExportLog]
    );
}

#[test]
fn alone_it_is_the_only_page() {
    let mut bench = alone(filled(), (120, 36));
    bench.type_in("1235");
    assert_eq!(bench.state.page, Page::AccessLog);
    assert_eq!(bench.type_in("q"), [Effect::Quit(Exit::Quit)]);
}

#[test]
fn beside_the_taps_a_line_leads_to_its_request() {
    let mut bench = Bench::new(morning(), 120, 36);
    bench.state.log.there = There::Beside;
    bench.book = Some(RwLock::new(filled()));
    bench.type_in("4");
    assert!(bench.screen().contains("[4 Access log]"), "{}", bench.screen());
    bench.state.log.pane = LogPane::Lines;
    let effects = bench.type_in("l");
    let [Effect::Link(LoggedRequest { status: 404, .. })] = effects.as_slice() else { panic!("{effects:?}") };
    let store = bench.store.read().unwrap();
    let half = store.entries().next().unwrap().exchange.outer().unwrap();
    let (method, target) = (half.request.method().to_vec(), half.request.target().to_vec());
    let logged = |late: i64| LoggedRequest {
        method: method.clone(),
        target: target.clone(),
        status: half.status().unwrap(),
        time: i64::try_from((half.times.started + half.times.ended) / 1000).unwrap() + late,
    };
    assert_eq!(logged(1900).find(&store), store.entries().next().map(|entry| entry.exchange.id));
    assert_eq!(logged(2100 * 1000).find(&store), None);
    drop(store);
    bench.type_in("t");
    assert_eq!(bench.state.page, Page::Routes);
    assert!(bench.state.routing.url.starts_with("/a"));
    bench.type_in("4q");
    assert_eq!(bench.state.page, Page::Requests);
}

#[test]
fn a_format_with_times_has_a_column_of_them() {
    let mut book = LogBook::default();
    let format = "$remote_addr [$time_local] \"$request\" $status $body_bytes_sent $request_time";
    let source = book.open("a".to_owned());
    book.decide(source, Format::compile(format.as_bytes(), Escape::Default).unwrap(), "given".to_owned());
    book.feed(source, b"203.0.113.7 [20/Nov/2026:09:00:00 +0000] \"GET /slow HTTP/1.1\" 200 5 1.250\n");
    let mut bench = alone(book, (120, 36));
    bench.type_in("sss");
    let screen = bench.screen();
    assert!(screen.contains("MS") && screen.contains("P95") && screen.contains("1250"), "{screen}");
}
