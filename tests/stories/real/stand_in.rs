//! hopscope as the proxy itself, before the real uvicorn and FastAPI.

use super::stage::Stage;
use super::tour::clean_tour;
use crate::support::peers::{AppOptions, needs};

const APP: &str = "http://127.0.0.1:8000";

fn root_path() -> AppOptions {
    AppOptions { server: vec!["--root-path", "/api/v1"], ..AppOptions::default() }
}

#[test]
fn plain() {
    needs!("uvicorn");
    let mut stage = Stage::stand_in(&["--to", APP], &AppOptions::default());
    clean_tour(&mut stage, "");
    stage.finish();
}

#[test]
fn stripped_and_the_server_told() {
    needs!("uvicorn");
    let mut stage = Stage::stand_in(&["--to", APP, "--prefix", "/api/v1", "--strip"], &root_path());
    clean_tour(&mut stage, "/api/v1");
    stage.finish();
}

#[test]
fn kept_and_the_app_told() {
    needs!("uvicorn");
    let options = AppOptions { root_path: "/api/v1", ..AppOptions::default() };
    let mut stage = Stage::stand_in(&["--to", APP, "--prefix", "/api/v1", "--keep"], &options);
    clean_tour(&mut stage, "/api/v1");
    stage.finish();
}

#[test]
fn two_prefixes_by_x_forwarded_prefix() {
    needs!("uvicorn");
    let routes = [1, 2].map(|number| format!("/api/v{number}={APP},keep,forward-prefix"));
    let options = AppOptions { prefix_header: true, ..AppOptions::default() };
    let mut stage = Stage::stand_in(&["--route", &routes[0], "--route", &routes[1]], &options);
    clean_tour(&mut stage, "/api/v1");
    clean_tour(&mut stage, "/api/v2");
    stage.finish();
}

#[test]
fn kept_and_the_app_not_told() {
    needs!("uvicorn");
    let mut stage = Stage::stand_in(&["--to", APP, "--prefix", "/api/v1", "--keep"], &AppOptions::default());
    stage.get("/api/v1/app", 404, &["PX01"]);
    stage.finish();
}

#[test]
fn stripped_and_the_app_not_told() {
    needs!("uvicorn");
    let mut stage = Stage::stand_in(&["--to", APP, "--prefix", "/api/v1", "--strip"], &AppOptions::default());
    stage.get("/api/v1/app", 200, &[]);
    stage.get("/api/v1/items", 307, &["PX07"]);
    stage.get("/api/v1/docs", 200, &["PX05"]);
    let referer = format!("Referer: http://{}/api/v1/docs", stage.edge);
    stage.ask("/openapi.json", &[&referer], 404, &["NG07 after PX05"]);
    stage.finish();
}

#[test]
fn no_route() {
    needs!("uvicorn");
    let mut stage = Stage::stand_in(&["--to", APP, "--prefix", "/api/v1", "--strip"], &root_path());
    stage.get("/nowhere", 404, &["NG07"]);
    let output = stage.finish();
    assert_eq!(output.line("/nowhere").text("/response/by"), "hopscope");
}
