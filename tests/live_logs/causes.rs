//! Faults of real stacks, found in the log alone that nginx wrote in the printed format.

use std::io::Write as _;
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use super::logs::{report, run};
use super::site::{Site, answer, folder};
use super::support::http::Client;
use super::support::peers::needs;
use super::support::place::free_address;
use super::support::upstream::{Next, Upstream};

/// What the app knows; all else is 404.
const ROUTES: [(&str, u16, &str); 12] = [
    ("/", 200, ""),
    ("/items/", 200, ""),
    ("/users", 200, ""),
    ("/orders", 200, ""),
    ("/docs", 200, ""),
    ("/openapi.json", 200, ""),
    ("/page", 200, ""),
    ("/static/app.css", 200, ""),
    ("/static/app.js", 200, ""),
    ("/entries/", 200, ""),
    ("/entries", 307, "/entries/"),
    ("/account", 302, "http://app:8000/login"),
];

/// A fault.
struct Scene {
    /// What the log must show.
    expected: &'static str,
    /// Into the server block: `<app>` is the app, `<dead>` an address where nobody listens.
    server: &'static str,
    /// In order: method and target, several with + between; the page that led there or who asks; how often.
    asked: &'static [(&'static str, &'static str, usize)],
}

const STRIPPED: &str = "location /api/v1/ { proxy_pass http://<app>/; } location / { return 404; }";
const KEPT: &str = "location / { proxy_pass http://<app>; }";

const SCENES: &[Scene] = &[
    Scene {
        expected: "NG07",
        server: STRIPPED,
        asked: &[
            ("GET /api/v1/items/", "", 4),
            ("GET /api/v1/users", "", 4),
            ("GET /api/v1/orders", "", 4),
            ("GET /items/", "https://shop.test/shop", 4),
            ("GET /users", "https://shop.test/shop", 4),
            ("GET /orders", "https://shop.test/shop", 4),
        ],
    },
    Scene {
        expected: "PX01",
        server: KEPT,
        asked: &[
            ("GET /items/", "", 4),
            ("GET /users", "", 4),
            ("GET /orders", "", 4),
            ("GET /api/v1/items/", "", 4),
            ("GET /api/v1/users", "", 4),
            ("GET /api/v1/orders", "", 4),
        ],
    },
    Scene {
        expected: "PX02",
        server: STRIPPED,
        asked: &[
            ("GET /api/v1/items/", "", 4),
            ("GET /api/v1/users", "", 4),
            ("GET /api/v1/orders", "", 4),
            ("GET /api/v1/api/v1/items/", "https://shop.test/shop", 4),
            ("GET /api/v1/api/v1/users", "https://shop.test/shop", 4),
        ],
    },
    Scene {
        expected: "PX05",
        server: STRIPPED,
        asked: &[("GET /api/v1/docs", "", 3), ("GET /openapi.json", "https://shop.test/api/v1/docs", 3)],
    },
    Scene {
        expected: "PX06",
        server: STRIPPED,
        asked: &[
            ("GET /api/v1/page", "", 4),
            ("GET /api/v1/static/app.css", "", 4),
            ("GET /api/v1/static/app.js", "", 4),
            ("GET /static/app.css", "https://shop.test/api/v1/page", 4),
            ("GET /static/app.js", "https://shop.test/api/v1/page", 4),
        ],
    },
    Scene {
        expected: "NG02",
        server: "merge_slashes off; location / { proxy_pass http://<app>; }",
        asked: &[("GET /items/", "", 4), ("GET //items/", "https://shop.test/page", 6)],
    },
    Scene {
        expected: "RD01",
        server: "location / { proxy_pass http://<app>; proxy_redirect off; }",
        asked: &[("GET /items/", "", 4), ("GET /account", "", 6)],
    },
    Scene {
        expected: "RD03",
        server: KEPT,
        asked: &[("GET /users", "", 4), ("GET /entries + GET /entries/", "one", 6)],
    },
    Scene {
        expected: "RD06",
        server: "location = /a { return 302 /b; } location = /b { return 302 /a; }",
        asked: &[("GET /a + GET /b", "one", 6)],
    },
    Scene {
        expected: "UP01",
        server: "location /items/ { proxy_pass http://<app>; } location /reports/ { proxy_pass http://<dead>; }",
        asked: &[("GET /items/", "", 6), ("GET /reports/17", "", 8)],
    },
    Scene { expected: "UP02", server: KEPT, asked: &[("GET /items/", "", 6), ("LEAVE /slow", "", 12)] },
    Scene {
        expected: "UP03",
        server: "client_max_body_size 10; location / { proxy_pass http://<app>; }",
        asked: &[("GET /items/", "", 6), ("POST /items/", "", 8)],
    },
    Scene { expected: "UP05", server: "location / { proxy_pass http://two; }", asked: &[("GET /items/", "", 30)] },
    Scene {
        expected: "WS01",
        server: "location / { proxy_pass http://<app>; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
                 proxy_set_header Connection upgrade; }",
        asked: &[("GET /items/", "", 6), ("SOCKET /ws", "", 8)],
    },
    Scene {
        expected: "SC01",
        server: KEPT,
        asked: &[
            ("GET /.env", "scan", 1),
            ("GET /.git/config", "scan", 1),
            ("GET /wp-login.php", "scan", 1),
            ("GET /phpmyadmin/index.php", "scan", 1),
            ("GET /actuator/env", "scan", 1),
            ("GET /vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", "scan", 1),
            ("GET /cgi-bin/luci/;stok=/locale", "scan", 1),
            ("GET /.aws/credentials", "scan", 1),
            ("GET /backup.sql", "scan", 1),
            ("GET /server-status", "scan", 1),
            ("GET /boaform/admin/formLogin", "scan", 1),
            ("GET /xmlrpc.php", "scan", 1),
        ],
    },
    Scene {
        expected: "SC02",
        server: "location = /.env { return 200 'SECRET_KEY=hunter2\nDATABASE_URL=postgres://shop'; } \
                 location / { proxy_pass http://<app>; }",
        asked: &[
            ("GET /items/", "", 8),
            ("GET /.git/config", "scan", 1),
            ("GET /wp-login.php", "scan", 1),
            ("GET /phpmyadmin/index.php", "scan", 1),
            ("GET /.env", "scan", 1),
            ("GET /.aws/credentials", "scan", 1),
            ("GET /xmlrpc.php", "scan", 1),
        ],
    },
    Scene { expected: "TR02", server: KEPT, asked: &[("GET /items/", "bridge", 40), ("GET /users", "bridge", 40)] },
];

fn app() -> Upstream {
    Upstream::start(|visit| {
        visit.read_body();
        let target = String::from_utf8_lossy(visit.request.target()).into_owned();
        let path = target.split('?').next().unwrap_or_default();
        if path == "/slow" {
            thread::sleep(Duration::from_secs(1));
        }
        let refused = if path == "/ws" { 403 } else { 404 };
        let known = ROUTES.iter().find(|(known, _, _)| *known == path);
        let &(_, status, location) = known.unwrap_or(&("", refused, ""));
        visit.send(answer(status, &format!("Location: {location}\r\n")));
        Next::Keep
    })
}

/// The head of a request.
fn head(number: usize, asked: &str, page: &str) -> String {
    let (method, target) = asked.split_once(' ').expect("a method and a target");
    let client = match page {
        "one" => "203.0.113.99".to_owned(),
        "scan" => "198.51.100.66".to_owned(),
        "bridge" => "172.18.0.1".to_owned(),
        _ => format!("203.0.113.{}", number % 5 + 1),
    };
    let referer = if page.starts_with("https:") { format!("Referer: {page}\r\n") } else { String::new() };
    let more = match method {
        "POST" => "Content-Length: 20\r\n",
        "SOCKET" => {
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        }
        _ => "",
    };
    let release = if page == "bridge" { 130 + number % 10 } else { 140 };
    let method = if method == "POST" { "POST" } else { "GET" };
    format!(
        "{method} {target} HTTP/1.1\r\nHost: shop.test\r\nX-Real-IP: {client}\r\n{referer}{more}\
         User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:{release}.0) Gecko/20100101 Firefox/{release}.0\r\n\r\n"
    )
}

fn ask(address: SocketAddr, number: usize, asked: &str, page: &str) {
    let head = head(number, asked, page);
    if asked.starts_with("LEAVE") {
        let mut stream = TcpStream::connect(address).expect("nginx listens");
        stream.write_all(head.as_bytes()).expect("nginx reads");
        // So long that the app has it.
        thread::sleep(Duration::from_millis(100));
        return;
    }
    let mut client = Client::to(address);
    client.send(head);
    if asked.starts_with("POST") {
        client.try_send([b'a'; 20]);
    }
    client.response();
}

/// Plays a scene and gives the codes of the causes that its log shows, those first that follow from no other.
fn causes(scene: &Scene) -> Vec<String> {
    let (app, dead) = (app(), free_address());
    let printed = run(folder().path(), &["--print-log-format"]);
    let logging = String::from_utf8(printed.out).expect("UTF-8").replace("/var/log/nginx/", "");
    let two = format!("upstream two {{ server {dead} max_fails=0; server {}; }}\n", app.address());
    let server = scene.server.replace("<app>", &app.address().to_string()).replace("<dead>", &dead.to_string());
    let site = Site::start(&(logging + &two), &server);
    let asked = scene.asked.iter().flat_map(|&(asked, page, times)| std::iter::repeat_n((asked, page), times));
    let asked = asked.flat_map(|(asked, page)| asked.split(" + ").map(move |asked| (asked, page)));
    let mut count = 0;
    for (number, (asked, page)) in asked.enumerate() {
        ask(site.address, number, asked, page);
        count += 1;
        // A client goes on when it has its answer; the log is written after that.
        if page == "one" {
            site.wait_for_lines("access.log", count);
        }
    }
    site.wait_for_lines("access.log", count);
    let conf = site.path("nginx.conf").display().to_string();
    let report = report(site.folder.path(), &["--nginx-conf", &conf]);
    let causes = report["causes"].as_array().expect("an array").iter();
    causes.filter_map(|cause| Some(format!("{} {}", cause["code"].as_str()?, cause["why"].as_str()?))).collect()
}

#[test]
fn each_fault_is_the_first_cause_in_its_log() {
    needs!("nginx");
    let wanted = std::env::var("HOPSCOPE_STACK").unwrap_or_default();
    let faults: Vec<String> = SCENES
        .iter()
        .filter(|scene| scene.expected.contains(&wanted))
        .filter_map(|scene| {
            let causes = causes(scene);
            let is_first = causes.first().is_some_and(|first| first.starts_with(scene.expected));
            (!is_first).then(|| format!("{}: {causes:#?}", scene.expected))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
