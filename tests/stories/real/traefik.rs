//! FastAPI's page on proxies, set-up by set-up, behind real Traefik.

use std::fs;

use super::stage::Stage;
use super::tour::clean_tour;
use crate::support::peers::{AppOptions, needs};
use crate::support::place::repository;

/// The page's `routes.toml`: stripped.
fn stripped() -> String {
    fs::read_to_string(repository("assets/examples/routes.toml")).expect("the example")
}

/// The same without its middleware.
fn kept() -> String {
    stripped().replace("middlewares = [\"api-stripprefix\"]", "")
}

fn root_path() -> AppOptions {
    AppOptions { server: vec!["--root-path", "/api/v1"], ..AppOptions::default() }
}

fn app_root_path() -> AppOptions {
    AppOptions { root_path: "/api/v1", ..AppOptions::default() }
}

#[test]
fn plain() {
    needs!("traefik", "uvicorn");
    let mut stage = Stage::traefik(&kept().replace("/api/v1`", "/`"), &AppOptions::default());
    clean_tour(&mut stage, "");
    stage.finish();
}

#[test]
fn the_page_s_own_set_up() {
    needs!("traefik", "uvicorn");
    let mut stage = Stage::traefik(&stripped(), &root_path());
    clean_tour(&mut stage, "/api/v1");
    stage.finish();
}

#[test]
fn prefix_kept_and_the_app_told_by_its_own_argument() {
    needs!("traefik", "uvicorn");
    let mut stage = Stage::traefik(&kept(), &app_root_path());
    clean_tour(&mut stage, "/api/v1");
    stage.finish();
}

#[test]
fn prefix_kept_and_the_app_not_told() {
    needs!("traefik", "uvicorn");
    let mut stage = Stage::traefik(&kept(), &AppOptions::default());
    for path in ["/app", "/items", "/docs", "/static/hello.txt", "/sub/app"] {
        stage.get(&format!("/api/v1{path}"), 404, &["PX01"]);
    }
    stage.finish();
}

#[test]
fn prefix_kept_and_the_server_told() {
    needs!("traefik", "uvicorn");
    let mut stage = Stage::traefik(&kept(), &root_path());
    for path in ["/app", "/docs", "/static/hello.txt"] {
        stage.get(&format!("/api/v1{path}"), 404, &["PX02"]);
    }
    stage.finish();
}

#[test]
fn prefix_stripped_and_the_app_not_told() {
    needs!("traefik", "uvicorn");
    let mut stage = Stage::traefik(&stripped(), &AppOptions::default());
    stage.get("/api/v1/app", 200, &[]);
    stage.get("/api/v1/static/hello.txt", 200, &[]);
    let redirect = stage.get("/api/v1/items", 307, &["PX07"]);
    assert_eq!(redirect.value("location"), format!("http://{}/items/", stage.edge));
    stage.get("/api/v1/docs", 200, &["PX05"]);
    let referer = format!("Referer: http://{}/api/v1/docs", stage.edge);
    stage.ask("/openapi.json", &[&referer], 404, &["NG07 after PX05"]);
    stage.finish();
}

#[test]
fn prefix_stripped_and_only_the_app_told() {
    needs!("traefik", "uvicorn");
    let mut stage = Stage::traefik(&stripped(), &app_root_path());
    stage.get("/api/v1/app", 200, &[]);
    stage.get("/api/v1/docs", 200, &[]);
    stage.get("/api/v1/openapi.json", 200, &[]);
    stage.get("/api/v1/items", 307, &["PX07"]);
    stage.get("/api/v1/static/hello.txt", 404, &["PX04"]);
    stage.get("/api/v1/sub/app", 404, &["PX04"]);
    stage.finish();
}

#[test]
fn server_and_app_told_different_prefixes() {
    needs!("traefik", "uvicorn");
    let options = AppOptions { server: vec!["--root-path", "/other"], root_path: "/api/v1", ..AppOptions::default() };
    let mut stage = Stage::traefik(&stripped(), &options);
    stage.get("/api/v1/app", 404, &["PX03"]);
    stage.finish();
}

/// One app under two prefixes: each router keeps its prefix and names it in a header, a middleware of the app reads it.
#[test]
fn two_prefixes_by_x_forwarded_prefix() {
    needs!("traefik", "uvicorn");
    let routes = r#"
[http.middlewares.one.headers.customRequestHeaders]
X-Forwarded-Prefix = "/api/v1"
[http.middlewares.two.headers.customRequestHeaders]
X-Forwarded-Prefix = "/api/v2"
[http.routers.one]
service = "app"
rule = "PathPrefix(`/api/v1`)"
middlewares = ["one"]
[http.routers.two]
service = "app"
rule = "PathPrefix(`/api/v2`)"
middlewares = ["two"]
[[http.services.app.loadBalancer.servers]]
url = "http://127.0.0.1:8000"
"#;
    let mut stage = Stage::traefik(routes, &AppOptions { prefix_header: true, ..AppOptions::default() });
    clean_tour(&mut stage, "/api/v1");
    clean_tour(&mut stage, "/api/v2");
    stage.finish();
}

#[test]
fn no_router() {
    needs!("traefik", "uvicorn");
    let mut stage = Stage::traefik(&stripped(), &root_path());
    stage.get("/nowhere", 404, &["NG07"]);
    let output = stage.finish();
    assert_eq!(output.line("/nowhere").text("/response/by"), "traefik");
}

/// Traefik decodes, cleans and re-encodes; lane 3 says what came out.
#[test]
fn odd_paths() {
    needs!("traefik", "uvicorn");
    let mut stage = Stage::traefik(&stripped(), &root_path());
    for path in ["/a%2Fb", "/a%2fb", "/%61pp", "//app", "/x/../app", "/caf%c3%a9", "/a;b%3Fc%23d", "/a|b"] {
        stage.look(&format!("/api/v1{path}"));
    }
    stage.finish();
}
