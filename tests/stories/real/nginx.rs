//! The same behind real nginx, and what only nginx does.

use std::fs;

use super::stage::Stage;
use super::tour::clean_tour;
use crate::support::peers::{AppOptions, needs};
use crate::support::place::repository;

fn example(name: &str) -> String {
    fs::read_to_string(repository("assets/examples").join(name)).expect("the example")
}

fn root_path() -> AppOptions {
    AppOptions { server: vec!["--root-path", "/api/v1"], ..AppOptions::default() }
}

#[test]
fn plain() {
    needs!("nginx", "uvicorn");
    let configuration = example("nginx-keep.conf").replace("location /api/v1/", "location /");
    let mut stage = Stage::nginx(&configuration, &AppOptions::default());
    clean_tour(&mut stage, "");
    stage.finish();
}

#[test]
fn stripped_and_the_server_told() {
    needs!("nginx", "uvicorn");
    let mut stage = Stage::nginx(&example("nginx-strip.conf"), &root_path());
    clean_tour(&mut stage, "/api/v1");
    stage.finish();
}

#[test]
fn kept_and_the_app_told() {
    needs!("nginx", "uvicorn");
    let options = AppOptions { root_path: "/api/v1", ..AppOptions::default() };
    let mut stage = Stage::nginx(&example("nginx-keep.conf"), &options);
    clean_tour(&mut stage, "/api/v1");
    stage.finish();
}

#[test]
fn kept_and_the_app_not_told() {
    needs!("nginx", "uvicorn");
    let mut stage = Stage::nginx(&example("nginx-keep.conf"), &AppOptions::default());
    stage.get("/api/v1/app", 404, &["PX01"]);
    stage.get("/api/v1/docs", 404, &["PX01"]);
    stage.finish();
}

#[test]
fn stripped_and_the_app_not_told() {
    needs!("nginx", "uvicorn");
    let mut stage = Stage::nginx(&example("nginx-strip.conf"), &AppOptions::default());
    stage.get("/api/v1/app", 200, &[]);
    stage.get("/api/v1/items", 307, &["PX07"]);
    stage.get("/api/v1/docs", 200, &["PX05"]);
    let referer = format!("Referer: http://{}/api/v1/docs", stage.edge);
    stage.ask("/openapi.json", &[&referer], 404, &["NG07 after PX05"]);
    stage.finish();
}

/// nginx as it is without a word about headers: the upstream's name as Host, HTTP/1.0, a connection for each request.
fn bare(more: &str) -> String {
    let example = example("nginx-strip.conf");
    let own = |line: &&str| !["proxy_set_header", "proxy_http_version"].iter().any(|word| line.contains(word));
    let lines: Vec<&str> = example.lines().filter(own).collect();
    lines.join("\n").replace("proxy_buffering off;", more)
}

#[test]
fn the_default_host() {
    needs!("nginx", "uvicorn");
    let mut stage = Stage::nginx(&bare(""), &root_path());
    stage.get("/api/v1/app", 200, &["HO01"]);
    stage.get("/api/v1/docs", 200, &["HO01"]);
    stage.finish();
}

/// The app builds its URLs from Host, and nginx is told not to mend them.
#[test]
fn a_redirect_to_the_upstream() {
    needs!("nginx", "uvicorn");
    let mut stage = Stage::nginx(&bare("proxy_redirect off;"), &root_path());
    stage.host = "shop.example".to_owned();
    stage.get("/api/v1/items", 307, &["HO01", "RD01 after HO01"]);
    stage.finish();
}

/// Nothing of the client's goes on, not even the id; then method, path and time must do.
#[test]
fn a_proxy_that_drops_the_id() {
    needs!("nginx", "uvicorn");
    let configuration = example("nginx-strip.conf").replace("proxy_buffering off;", "proxy_pass_request_headers off;");
    let mut stage = Stage::nginx(&configuration, &root_path());
    stage.get("/api/v1/app", 200, &[]);
    let output = stage.stop();
    let line = output.line("/api/v1/app");
    assert_eq!(line.text("/paired"), "guessed", "{}", line.0);
    assert_eq!(line.text("/rewritten/path"), "/app", "{}", line.0);
    assert_eq!(line.text("/scope/path"), "/api/v1/app", "{}", line.0);
    assert_eq!(output.lines().len(), 1, "{}", output.raw.join("\n"));
}

/// A location without its final slash, an upstream with one: what is left begins with two.
#[test]
fn a_double_slash() {
    needs!("nginx", "uvicorn");
    let configuration = example("nginx-strip.conf").replace("location /api/v1/", "location /api/v1");
    let mut stage = Stage::nginx(&configuration, &root_path());
    stage.get("/api/v1/app", 404, &["NG02"]);
    stage.finish();
}

/// An upstream with a path that lacks its final slash: the rest is glued to it.
#[test]
fn a_glued_path() {
    needs!("nginx", "uvicorn");
    let configuration = example("nginx-strip.conf").replace(":8000/;", ":8000/sub;");
    let mut stage = Stage::nginx(&configuration, &AppOptions::default());
    stage.get("/api/v1/app", 404, &["NG01"]);
    stage.finish();
}

/// The peer is in no list: the app takes the proxy for the client, and http for https.
#[test]
fn a_proxy_that_is_not_trusted() {
    needs!("nginx", "uvicorn");
    let configuration = example("nginx-strip.conf").replace("Proto $scheme", "Proto https");
    let server = vec!["--root-path", "/api/v1", "--forwarded-allow-ips", "10.1.2.3"];
    let mut stage = Stage::nginx(&configuration, &AppOptions { server, ..AppOptions::default() });
    // Its body names the request's own URL, with http.
    stage.get("/api/v1/app", 200, &["TR01", "MC01 after TR01"]);
    let redirect = stage.get("/api/v1/items", 307, &["TR01", "RD02 after TR01"]);
    assert_eq!(redirect.value("location"), format!("http://{}/api/v1/items/", stage.edge));
    stage.finish();
}
