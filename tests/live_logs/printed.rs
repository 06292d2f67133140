//! The `log_format` of `--print-log-format`: nginx takes it, and every field comes back.

use super::logs::{lines, run};
use super::site::{Counting, Site, answering, folder};
use super::support::peers::needs;

#[test]
fn what_is_printed_is_taken_by_nginx_and_every_field_comes_back() {
    needs!("nginx");
    let printed = run(folder().path(), &["--print-log-format"]);
    assert_eq!((printed.code, printed.err.as_str()), (Some(0), ""));
    let logging = String::from_utf8(printed.out).expect("UTF-8").replace("/var/log/nginx/", "");
    let app = answering();
    let server = format!("location /api/v1/ {{ proxy_pass http://{}/; }}", app.address());
    // It would not start if the format were not right.
    let site = Site::start(&logging, &server);
    let mut client = Counting::default();
    client.ask(
        site.address,
        "GET /api/v1/answer/307?page=1 HTTP/1.1\r\nHost: shop.test\r\nUser-Agent: made up\r\nConnection: close\r\n\
         Referer: https://shop.test/docs\r\nAuthorization: Basic YW5uOnNlY3JldA==\r\nX-Real-IP: 203.0.113.7\r\n\
         X-Forwarded-For: 198.51.100.4\r\nX-Forwarded-Proto: https\r\n\r\n",
    );
    site.wait_for_lines("access.log", client.count());
    let conf = site.path("nginx.conf").display().to_string();
    let lines = lines(site.folder.path(), &["--nginx-conf", &conf]);
    let [line] = lines.as_slice() else { panic!("one line: {lines:#?}") };
    for (field, expected) in [
        ("client", "203.0.113.7"),
        ("user", "ann"),
        ("method", "GET"),
        ("path", "/api/v1/answer/307"),
        ("query", "page=1"),
        ("protocol", "HTTP/1.1"),
        ("host", "shop.test"),
        ("scheme", "http"),
        ("referer", "https://shop.test/docs"),
        ("agent", "made up"),
        ("forwarded_for", "198.51.100.4"),
        ("location", "/elsewhere"),
        ("uri", "/api/v1/answer/307"),
    ] {
        assert_eq!(line[field], expected, "{field} of {line:#}");
    }
    assert_eq!((&line["status"], &line["upstream"][0]["status"]), (&307.into(), &307.into()));
    assert_eq!(line["upstream"][0]["addr"], app.address().to_string());
    assert!(line["bytes"].is_number() && line["duration_ms"].is_number() && line["time"].is_string(), "{line:#}");
}
