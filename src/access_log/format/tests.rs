use std::fmt::Write as _;

use proptest::prelude::*;
use rstest::rstest;

use super::*;
use crate::access_log::LONGEST;

const COMBINED: &str = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#;
const TIMED_EDGE: &str = r#"$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$host" rt=$request_time uct="$upstream_connect_time" uht="$upstream_header_time" urt="$upstream_response_time" ua="$upstream_addr" us="$upstream_status" cs=$upstream_cache_status"#;
const JSON: &str = r#"{"time":"$time_iso8601","remote_addr":"$remote_addr","remote_user":"$remote_user","host":"$host","request":"$request","method":"$request_method","uri":"$uri","request_uri":"$request_uri","status":$status,"body_bytes_sent":$body_bytes_sent,"request_time":$request_time,"upstream_addr":"$upstream_addr","upstream_status":"$upstream_status","upstream_response_time":"$upstream_response_time","http_referer":"$http_referer","http_user_agent":"$http_user_agent"}"#;

/// What a line says: what is there, by name and decoded, long texts cut.
fn said(record: &Record<'_>) -> String {
    let mut out = record.time.map_or_else(String::new, |time| time.to_string());
    let shown = |text: &[u8]| {
        let text: String = record.escape.decode(text).iter().fold(String::new(), |mut out, byte| {
            let _ = if (b' '..=b'~').contains(byte) {
                write!(out, "{}", char::from(*byte))
            } else {
                write!(out, "[{byte:02x}]")
            };
            out
        });
        if text.len() > 80 { format!("{text:.40}…{}", text.len()) } else { text }
    };
    let request = &record.request;
    let parts = [request.method, request.target, request.protocol].map(shown).join("|");
    let _ = write!(out, " {} {} <{parts}>", shown(record.client), record.status);
    if request.method.is_empty() {
        let _ = write!(out, " line=<{}>", shown(request.line));
    }
    for (name, text) in [
        ("user", record.user),
        ("referer", record.referer),
        ("agent", record.agent),
        ("host", record.host),
        ("forwarded_for", record.forwarded_for),
        ("scheme", record.scheme),
        ("location", record.location),
        ("uri", record.uri),
        ("upstream", record.upstream.addr),
        ("us", record.upstream.status),
        ("urt", record.upstream.response_time),
        ("uht", record.upstream.header_time),
        ("uct", record.upstream.connect_time),
    ] {
        let _ = text.map(|text| write!(out, " {name}=<{}>", shown(text)));
    }
    let _ = record.bytes.map(|bytes| write!(out, " bytes={bytes}"));
    let _ = record.duration.map(|micros| write!(out, " µs={micros}"));
    let _ = record.upstream.took.map(|micros| write!(out, " took={micros}"));
    out
}

fn format(text: &str, escape: Escape) -> Format {
    Format::compile(text.as_bytes(), escape).unwrap()
}

/// One line, read.
fn one(format: &Format, line: &str) -> String {
    match format.read(line.as_bytes(), &mut Clock::default()) {
        Ok(record) => said(&record),
        Err(unread) => format!("{:?} at {}", unread.reason, unread.column),
    }
}

/// What nginx 1.22.1 wrote for odd requests, in five formats.
#[rstest]
#[case::combined(COMBINED, Escape::Default, include_bytes!("../../../tests/access_logs/edge/combined.log"))]
#[case::main("$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \"$http_referer\" \"$http_user_agent\" \"$http_x_forwarded_for\"", Escape::Default, include_bytes!("../../../tests/access_logs/edge/main.log"))]
#[case::timed(TIMED_EDGE, Escape::Default, include_bytes!("../../../tests/access_logs/edge/timed.log"))]
#[case::json(JSON, Escape::Json, include_bytes!("../../../tests/access_logs/edge/json.log"))]
#[case::none(COMBINED, Escape::None, include_bytes!("../../../tests/access_logs/edge/none.log"))]
fn edge(#[case] text: &str, #[case] escape: Escape, #[case] log: &[u8]) {
    let (format, mut clock) = (format(text, escape), Clock::default());
    let mut out = String::new();
    for line in log.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let _ = match format.read(line, &mut clock) {
            Ok(record) => writeln!(out, "{}", said(&record)),
            Err(unread) => writeln!(out, "{unread:?}"),
        };
    }
    let name = std::thread::current().name().unwrap_or_default().rsplit("::").next().unwrap_or_default().to_owned();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/access_logs/edge"));
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| insta::assert_snapshot!(name, out));
}

#[test]
fn texts_without_quotes_end_where_the_next_value_fits() {
    let format = |text| format(text, Escape::Default);
    let log = format("$remote_addr $request $status $body_bytes_sent $http_user_agent");
    assert_eq!(
        one(&log, "::1 GET /a b 200 c HTTP/1.1 404 153 a b"),
        " ::1 404 <GET|/a b 200 c|HTTP/1.1> agent=<a b> bytes=153"
    );
    let port = format("$host:$server_port [$remote_addr]:$remote_port $status");
    assert_eq!(one(&port, "[::1]:80 [fe80::1]:5000 200"), " fe80::1 200 <||> line=<> host=<[::1]>");
    let whole = format("$request_method $scheme://$host$request_uri $server_protocol $status $uri$is_args$args");
    assert_eq!(
        one(&whole, "GET https://h/a?b HTTP/2.0 200 /c?b"),
        "  200 <GET|/a?b|HTTP/2.0> host=<h> scheme=<https> uri=</c>"
    );
    assert_eq!(one(&whole, "- http://h- HTTP/1.1 400 -"), "  400 <||HTTP/1.1> line=<> host=<h> scheme=<http>");
    let tabs = format("$http_user_agent\t$status\t$msec");
    assert_eq!(one(&tabs, "a b\t200\t1795166765.123"), "1795166765123  200 <||> line=<> agent=<a b>");
}

#[test]
fn lists_without_quotes() {
    let ingress = Format::named("ingress").unwrap();
    let line = r#"10.0.0.9 - - [20/Nov/2026:09:26:05 +0000] "GET / HTTP/1.1" 200 3 "-" "curl" 80 0.012 [shop-web-80] [] 10.0.0.1:80, 10.0.0.2:80 : unix:/a 0, 12 0.001, 0.010 : - 502, 200 : - 5f2c"#;
    assert_eq!(
        one(&ingress, line),
        "1795166765000 10.0.0.9 200 <GET|/|HTTP/1.1> agent=<curl> upstream=<10.0.0.1:80, 10.0.0.2:80 : unix:/a> \
         us=<502, 200 : -> urt=<0.001, 0.010 : -> bytes=3 µs=12000"
    );
}

#[test]
fn a_line_that_differs_says_where() {
    let combined = Format::named("combined").unwrap();
    let head = r#"127.0.0.1 - - [20/Nov/2026:09:26:05 +0000] "GET / HTTP/1.1" "#;
    for (line, wanted) in [
        (String::new(), "Empty at 0"),
        ("127.0.0.1 -".into(), "Partial at 11"),
        ("127.0.0.1 x - [".into(), "Literal at 10"),
        ("127.0.0.1 - - [40/Nov/2026:09:26:05 +0000] \"".into(), "Time at 15"),
        ("127.0.0.1 - - [20/Nov/2026:09:26:05".into(), "Partial at 35"),
        (format!("{head}2x0 3 \"-\" \"-\""), "Status at 60"),
        (format!("{head}200 3k \"-\" \"-\""), "Literal at 65"),
        (format!("{head}200 3 \"-\" "), "Partial at 70"),
        (format!("{head}200 3 \"-\" \"-\" \"-\""), "Literal at 73"),
        ("{\"a\":1}".into(), "Partial at 7"),
    ] {
        assert_eq!(one(&combined, &line), wanted, "{line}");
    }
}

#[test]
fn a_line_whose_end_was_cut_off_is_read_if_its_head_says_enough() {
    let combined = Format::named("combined").unwrap();
    let cut = |head: &str| format!("{head}{}", "a".repeat(LONGEST - head.len()));
    let head = r#"1.2.3.4 - - [20/Nov/2026:09:26:05 +0000] "GET / HTTP/1.1" 200 3 "-" ""#;
    assert!(one(&combined, &cut(head)).starts_with("1795166765000 1.2.3.4 200 <GET|/|HTTP/1.1> agent=<aaa"));
    assert_eq!(one(&combined, &cut(head.split_at(50).0)), format!("Partial at {LONGEST}"));
    assert!(one(&combined, &format!("{head}aa")).ends_with("agent=<aa> bytes=3"), "its writer was stopped");
    assert_eq!(one(&combined, head.split_at(51).0), "Partial at 51");
}

#[test]
fn members_in_another_order_are_found_by_their_keys() {
    let own = format(r#"{"t":"$msec","c":"$remote_addr","r":"$request","s":"$status"}"#, Escape::Json);
    let wanted = r#"1795166765000 ::1 200 <GET|/"|HTTP/1.1>"#;
    assert_eq!(one(&own, r#"{"t":"1795166765.000","c":"::1","r":"GET /\" HTTP/1.1","s":"200"}"#), wanted);
    let shuffled = r#"{ "s": 200, "more": {"s": [1, "}"]}, "r": "GET /\" HTTP/1.1", "c": "::1", "t": 1795166765.000 }"#;
    assert_eq!(one(&own, shuffled), wanted);
    assert_eq!(one(&own, r#"{"t":"1795166765.000","c":"::1","x":"#), "Literal at 33");
}

#[test]
fn the_logs_of_others() {
    let caddy = r#"{"level":"info","ts":1795166765.5241024,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"127.0.0.1","remote_port":"41342","client_ip":"203.0.113.9","proto":"HTTP/2.0","method":"GET","host":"localhost","uri":"/a?b","headers":{"User-Agent":["curl/7.82.0"],"Status":["500"],"Accept":["*/*"]},"tls":{"resumed":false,"version":772}},"bytes_read":0,"user_id":"","duration":0.000929675,"size":10900,"status":302,"resp_headers":{"Server":["Caddy"],"Location":["/b"]}}"#;
    let wanted = "1795166765524 203.0.113.9 302 <GET|/a?b|HTTP/2.0> agent=<curl/7.82.0> host=<localhost> location=</b> bytes=10900 µs=929";
    assert_eq!(one(&Format::named("caddy").unwrap(), caddy), wanted);
    let traefik = r#"{"ClientAddr":"127.0.0.1:5000","ClientHost":"127.0.0.1","ClientUsername":"-","DownstreamContentSize":3,"DownstreamStatus":502,"Duration":1500000,"OriginDuration":1200000,"OriginStatus":502,"Overhead":300000,"RequestAddr":"h:80","RequestHost":"h","RequestMethod":"GET","RequestPath":"/x?y","RequestProtocol":"HTTP/1.1","RequestScheme":"http","RouterName":"r@file","ServiceAddr":"10.0.0.1:80","StartUTC":"2026-11-20T09:26:04.5Z","level":"info","msg":"","time":"2026-11-20T09:26:05Z"}"#;
    let wanted = "1795166765000 127.0.0.1 502 <GET|/x?y|HTTP/1.1> host=<h> scheme=<http> upstream=<10.0.0.1:80> us=<502> bytes=3 µs=1500 took=1200";
    assert_eq!(one(&Format::named("traefik-json").unwrap(), traefik), wanted);
    let clf = r#"192.0.2.1 - - [20/Nov/2026:09:26:05 +0000] "GET /x?y="z" HTTP/1.1" 200 3 "-" "a\"b" 7 "r@file" "http://10.0.0.1:80" 12ms"#;
    let wanted = "1795166765000 192.0.2.1 200 <GET|/x?y=\"z\"|HTTP/1.1> agent=<a\"b> upstream=<http://10.0.0.1:80> bytes=3 µs=12000";
    assert_eq!(one(&Format::named("traefik").unwrap(), clf), wanted);
}

#[test]
fn the_client_is_the_best_that_is_logged() {
    for (text, line, client) in [
        ("$http_x_real_ip $remote_addr", "9.9.9.9 1.1.1.1", "1.1.1.1"),
        ("$remote_addr $realip_remote_addr", "9.9.9.9 1.1.1.1", "9.9.9.9"),
        ("\"$http_x_forwarded_for\" $status", "\"9.9.9.9, 1.1.1.1\" 200", "9.9.9.9"),
        ("\"$http_x_forwarded_for\" $remote_addr", "\"9.9.9.9\" 1.1.1.1", "1.1.1.1"),
    ] {
        let format = format(text, Escape::Default);
        let record = format.read(line.as_bytes(), &mut Clock::default()).unwrap().client.to_vec();
        assert_eq!(String::from_utf8(record).unwrap(), client, "{text}");
    }
}

/// nginx's way to write a value: `ngx_http_log_escape`, `ngx_escape_json`.
fn written(value: Option<&[u8]>, escape: Escape, out: &mut Vec<u8>) {
    let Some(value) = value else {
        out.extend_from_slice(if escape == Escape::Default { b"-" } else { b"" });
        return;
    };
    for &byte in value {
        match (escape, byte) {
            (Escape::Default, b'"' | b'\\' | 0..0x20 | 0x7f..) => {
                out.extend_from_slice(format!("\\x{byte:02X}").as_bytes());
            }
            (Escape::Json, b'"' | b'\\') => out.extend_from_slice(&[b'\\', byte]),
            (Escape::Json, b'\n') => out.extend_from_slice(b"\\n"),
            (Escape::Json, 0..0x20) => out.extend_from_slice(format!("\\u{byte:04X}").as_bytes()),
            _ => out.push(byte),
        }
    }
}

fn value() -> impl Strategy<Value = Option<Vec<u8>>> {
    let byte = prop_oneof![any::<u8>(), Just(b'"'), Just(b'\\'), Just(b' '), Just(b'-')];
    prop::option::of(prop::collection::vec(byte, 1..30))
}

proptest! {
    #[test]
    fn what_nginx_writes_is_read_as_it_was(
        [user, request, referer, agent] in [value(), value(), value(), value()],
        status in 0_u16..1000,
        bytes in any::<u64>(),
        json in any::<bool>(),
    ) {
        let (text, escape) = if json {
            (r#"{"u":"$remote_user","r":"$request","s":$status,"b":$body_bytes_sent,"f":"$http_referer","a":"$http_user_agent"}"#, Escape::Json)
        } else {
            (r#"u="$remote_user" "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent""#, Escape::Default)
        };
        let mut line = Vec::new();
        let mut rest = text;
        for value in [&user, &request, &None, &None, &referer, &agent] {
            let (before, behind) = rest.split_once('$').unwrap();
            line.extend_from_slice(before.as_bytes());
            let end = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap();
            let (name, behind) = behind.split_at(end);
            match name {
                "status" => line.extend_from_slice(format!("{status:03}").as_bytes()),
                "body_bytes_sent" => line.extend_from_slice(bytes.to_string().as_bytes()),
                _ => written(value.as_deref(), escape, &mut line),
            }
            rest = behind;
        }
        line.extend_from_slice(rest.as_bytes());
        let mut clock = Clock::default();
        let format = format(text, escape);
        let record = format.read(&line, &mut clock).unwrap();
        let there = |value: Option<Vec<u8>>| value.filter(|value| value != b"-");
        let decoded = |text: Option<&[u8]>| text.map(|text| escape.decode(text).into_owned());
        prop_assert_eq!(decoded(record.user), there(user));
        prop_assert_eq!(decoded(record.referer), there(referer));
        prop_assert_eq!(decoded(record.agent), there(agent));
        prop_assert_eq!(decoded(Some(record.request.line)), request.or((!json).then(|| b"-".to_vec())).or(Some(Vec::new())));
        prop_assert_eq!((record.status, record.bytes), (status, Some(bytes)));
    }

    #[test]
    fn any_format_and_any_line_are_read_or_refused(
        text in "((\\$(status|request|time_local|msec|host|request_uri|upstream_addr|body_bytes_sent|x))|[\" :\\[{},]|\"a\":){0,12}",
        line in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"\" :[]{},-0123456789\\/".to_vec())], 0..80),
        escape in prop::sample::select(vec![Escape::Default, Escape::Json, Escape::None]),
    ) {
        for format in Format::compile(text.as_bytes(), escape).into_iter().chain(Format::names().filter_map(Format::named)) {
            if let Err(unread) = format.read(&line, &mut Clock::default()) {
                prop_assert!(unread.column <= line.len());
            }
        }
    }
}
