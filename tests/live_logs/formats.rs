//! Logs of real proxies: what is counted is what the client got.

use std::fs;
use std::path::Path;

use super::logs::{lines, report};
use super::site::{Counting, Site, answering, folder, write};
use super::support::http::get;
use super::support::peers::{self, needs};
use super::support::place::{free_address, wait_for};

/// What is asked until a proxy is ready, and not counted.
const READY: &str = "/app/ready";

/// Statuses that the app answers with.
const ANSWERS: [u16; 9] = [200, 200, 201, 204, 302, 404, 404, 500, 503];

/// Asks for each of [`ANSWERS`], and for what the proxy answers itself: `gone`, whose app does not run.
fn visit(client: &mut Counting, address: std::net::SocketAddr) {
    for status in ANSWERS {
        client.get(address, &format!("/app/answer/{status}?page=1"));
    }
    client.ask(address, "POST /app/orders HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 3\r\nUser-Agent: made \"up\"\r\nConnection: close\r\n\r\na=1");
    client.get(address, "/app/caf%C3%A9%20au%20lait");
    client.get(address, "/gone/at/all");
}

/// Holds the log against what the client got; gives the lines.
fn compare(log: &Path, client: &Counting, format: &str) -> Vec<serde_json::Value> {
    let ready = |line: &&[u8]| line.windows(READY.len()).any(|part| part == READY.as_bytes());
    wait_for("the lines of what was asked", || {
        let text = fs::read(log).unwrap_or_default();
        let lines = text.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n") && !ready(line));
        (lines.count() as u64 >= client.count()).then_some(())
    });
    let folder = log.parent().expect("a folder");
    let counted = ["access.log", "--filter", &format!("path!={READY}")];
    let report = report(folder, &counted);
    assert_eq!(report["sources"][0]["format"], format, "{}", report["sources"]);
    assert_eq!(report["read"]["unread"], 0, "{}", report["read"]);
    assert_eq!(report["status"], serde_json::json!(client.statuses), "{format}");
    let lines = lines(folder, &counted);
    let line = |path: &str| {
        let found = lines.iter().find(|line| line["path"] == path);
        found.unwrap_or_else(|| panic!("no {path} in {lines:#?}"))
    };
    let (answered, ordered) = (line("/app/answer/503"), line("/app/orders"));
    assert_eq!((&answered["status"], &answered["query"]), (&503.into(), &"page=1".into()));
    assert_eq!((&answered["client"], &answered["method"]), (&"127.0.0.1".into(), &"GET".into()));
    assert_eq!((&ordered["status"], &ordered["method"]), (&200.into(), &"POST".into()));
    assert_eq!(line("/app/caf%C3%A9%20au%20lait")["status"], 200);
    assert!(lines.iter().all(|line| line["time"].is_string()), "{lines:#?}");
    lines
}

fn traefik(format: &str, name: &str) -> Vec<serde_json::Value> {
    let (folder, address, app, gone) = (folder(), free_address(), answering(), free_address());
    let file = folder.path().join("traefik.toml");
    write(
        &file,
        format!(
            "[entryPoints.http]\naddress = \"{address}\"\n[providers.file]\nfilename = \"routes.toml\"\n\
             [accessLog]\nfilePath = \"access.log\"\nformat = \"{format}\"\n\
             [accessLog.fields.headers]\ndefaultMode = \"keep\"\n"
        ),
    );
    let route = |name: &str, to: std::net::SocketAddr| {
        format!(
            "[http.routers.{name}]\nservice = \"{name}\"\nrule = \"PathPrefix(`/{name}`)\"\n\
             [[http.services.{name}.loadBalancer.servers]]\nurl = \"http://{to}\"\n"
        )
    };
    write(&folder.path().join("routes.toml"), route("app", app.address()) + &route("gone", gone));
    let _traefik = peers::proxy("traefik", address, &file);
    let mut client = Counting::default();
    // It listens before it has its routes; whether it logs what came before them is its affair.
    wait_for("Traefik's routes", || (get(address, READY).status() == 200).then_some(()));
    visit(&mut client, address);
    compare(&folder.path().join("access.log"), &client, name)
}

#[test]
fn traefik_in_common_log_format() {
    needs!("traefik");
    let lines = traefik("common", "traefik");
    let ordered = lines.iter().find(|line| line["path"] == "/app/orders").expect("compared");
    assert_eq!(ordered["agent"], "made \"up\"");
    assert!(ordered["upstream"][0]["addr"].is_string() && ordered["duration_ms"].is_number(), "{ordered}");
}

#[test]
fn traefik_in_json() {
    needs!("traefik");
    let lines = traefik("json", "traefik-json");
    let answered = lines.iter().find(|line| line["path"] == "/app/answer/503").expect("compared");
    assert_eq!(answered["host"], "shop.test");
    assert_eq!(answered["upstream"][0]["status"], 503, "{answered}");
    assert!(answered["duration_ms"].is_number(), "{answered}");
}

#[test]
fn caddy() {
    needs!("caddy");
    let (folder, address, app, gone) = (folder(), free_address(), answering(), free_address());
    let file = folder.path().join("Caddyfile");
    write(
        &file,
        format!(
            "{{\n\tadmin off\n\tauto_https off\n\tpersist_config off\n}}\nhttp://:{} {{\n\tbind 127.0.0.1\n\
             \tlog {{\n\t\toutput file access.log\n\t}}\n\
             \thandle /gone/* {{\n\t\treverse_proxy {gone}\n\t}}\n\thandle {{\n\t\treverse_proxy {}\n\t}}\n}}\n",
            address.port(),
            app.address()
        ),
    );
    let _caddy = peers::proxy("caddy", address, &file);
    let mut client = Counting::default();
    visit(&mut client, address);
    let lines = compare(&folder.path().join("access.log"), &client, "caddy");
    let ordered = lines.iter().find(|line| line["path"] == "/app/orders").expect("compared");
    assert_eq!((&ordered["agent"], &ordered["host"]), (&"made \"up\"".into(), &"shop.test".into()));
    let moved = lines.iter().find(|line| line["status"] == 302).expect("compared");
    assert_eq!(moved["location"], "/elsewhere");
}

#[test]
fn nginx_in_combined() {
    needs!("nginx");
    let (app, gone) = (answering(), free_address());
    let server = format!(
        "location / {{ proxy_pass http://{}; }} location /gone/ {{ proxy_pass http://{gone}; }}",
        app.address()
    );
    let site = Site::start("access_log access.log;", &server);
    let mut client = Counting::default();
    visit(&mut client, site.address);
    // No requests, but lines: a TLS greeting, a space in the path.
    for garbage in [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..], b"GET /a b HTTP/1.1\r\n\r\n"] {
        assert_eq!(client.ask(site.address, garbage).status(), 400);
    }
    let lines = compare(&site.path("access.log"), &client, "combined");
    let garbage = lines.iter().filter(|line| line["status"] == 400).collect::<Vec<_>>();
    assert!(garbage.iter().any(|line| line["garbage"].is_string()), "{garbage:#?}");
    let ordered = lines.iter().find(|line| line["path"] == "/app/orders").expect("compared");
    assert_eq!(ordered["agent"], "made \"up\"");
}
