//! A healthy stack: nginx before uvicorn, with pages, docs, static files, slash redirects, a login, a websocket, and what
//! browsers ask for of themselves. Nothing is found in its log.

use super::logs::{report, run};
use super::site::{Site, folder};
use super::support::http::Client;
use super::support::peers::{self, needs};

/// How the app is reached, as `assets/examples/nginx-strip.conf` has it.
const SERVER: &str = "\
location /api/v1/ {
    proxy_pass http://<app>/;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
}
location = / { return 302 /api/v1/; }
location / { return 404; }
";

const UPGRADE: &str = "map $http_upgrade $connection_upgrade { default upgrade; '' ''; }\n";

/// What one visitor asks for: target, and the page that led there.
const VISIT: [(&str, &str); 22] = [
    ("/", ""),
    ("/api/v1/", ""),
    ("/favicon.ico", "/api/v1/"),
    ("/api/v1/docs", ""),
    ("/api/v1/openapi.json", "/api/v1/docs"),
    ("/api/v1/page", "/api/v1/"),
    ("/api/v1/static/hello.txt", "/api/v1/page"),
    ("/api/v1/static/hello.txt", "/api/v1/page"),
    ("/api/v1/entries", "/api/v1/page"),
    ("/api/v1/entries/", "/api/v1/page"),
    ("/api/v1/entries/1", "/api/v1/entries/"),
    ("/api/v1/entries/2", "/api/v1/entries/"),
    ("/api/v1/entries/3/missing", "/api/v1/entries/"),
    ("/api/v1/login", "/api/v1/"),
    ("/api/v1/", "/api/v1/"),
    ("/api/v1/sign-in", "/api/v1/"),
    ("/api/v1/whoami", ""),
    ("/api/v1/sub/thing", "/api/v1/"),
    ("/api/v1/sub/docs", ""),
    ("/api/v1/sub/openapi.json", "/api/v1/sub/docs"),
    ("/robots.txt", ""),
    ("/api/v1/ws", "/api/v1/"),
];

/// Visitors; each comes once.
const VISITORS: usize = 8;

fn clean(logging: &str, read: &[&str]) {
    let (_uvicorn, app) =
        peers::server("uvicorn", "shop_app:app --port <port> --root-path /api/v1", &[("APP_ROOT_PATH", "")], &[]);
    let site = Site::start(&format!("{logging}{UPGRADE}"), &SERVER.replace("<app>", &app.to_string()));
    let mut count = 0;
    for visitor in 1..=VISITORS {
        for (target, page) in VISIT {
            let page = if page.is_empty() { String::new() } else { format!("Referer: http://shop.test{page}\r\n") };
            let more = if target.ends_with("/ws") {
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                 Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            } else {
                ""
            };
            let mut client = Client::to(site.address);
            client.send(format!(
                "GET {target} HTTP/1.1\r\nHost: shop.test\r\nX-Real-IP: 203.0.113.{visitor}\r\n{page}{more}\
                 User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\r\n"
            ));
            client.head();
            count += 1;
        }
    }
    site.wait_for_lines("access.log", count);
    let conf = site.path("nginx.conf").display().to_string();
    let arguments: Vec<&str> = read.iter().map(|&word| if word == "<conf>" { &*conf } else { word }).collect();
    let report = report(site.folder.path(), &arguments);
    assert_eq!((&report["lines"], &report["read"]["unread"]), (&count.into(), &0.into()), "{}", report["read"]);
    assert_eq!(report["causes"], serde_json::json!([]), "{:#}", report["causes"]);
    assert_eq!(report["got_through"], serde_json::json!([]));
}

#[test]
fn nothing_is_found_in_the_printed_format() {
    needs!("nginx", "uvicorn");
    let printed = run(folder().path(), &["--print-log-format"]);
    let logging = String::from_utf8(printed.out).expect("UTF-8").replace("/var/log/nginx/", "");
    clean(&logging, &["--nginx-conf", "<conf>"]);
}

#[test]
fn nothing_is_found_in_combined() {
    needs!("nginx", "uvicorn");
    clean("access_log access.log;\n", &["access.log"]);
}
