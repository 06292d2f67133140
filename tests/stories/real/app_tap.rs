//! A lone app tap: it sees what the server gets, and reconstructs the rest.

use std::fs;

use crate::support::hopscope::Hopscope;
use crate::support::http::{self, Client};
use crate::support::peers::{self, AppOptions, needs};
use crate::support::place::{free_address, repository, wait_for};

fn root_path() -> AppOptions {
    AppOptions { server: vec!["--root-path", "/api/v1"], ..AppOptions::default() }
}

/// The recipe of the page: hopscope listens where the app was, the app moves, Traefik's files stay as they are.
#[test]
fn behind_traefik() {
    needs!("traefik", "uvicorn");
    let (_uvicorn, app) = peers::uvicorn(&root_path());
    let (listen, tap) = (free_address(), free_address());
    let spec = format!("{tap}=http://{app}");
    let hopscope =
        Hopscope::start(&["tap", "--app", &spec, "--server", "uvicorn@0.54", "--root-path", "/api/v1"], &[tap]);
    let text = |name: &str| peers::example(name, listen, tap);
    let _traefik = peers::traefik(listen, &text("traefik.toml"), &text("routes.toml"));
    let asked = || Some(http::get(listen, "/api/v1/app")).filter(|answer| answer.status() == 200);
    let told = wait_for("Traefik's routes", asked).json();
    let output = hopscope.finish();
    let line = output.line("/api/v1/app");
    assert_eq!(line.text("/original/source"), "derived", "{}", line.0);
    assert_eq!(line.text("/original/url"), format!("http://{listen}/api/v1/app"), "{}", line.0);
    assert_eq!(line.text("/rewritten/path"), "/app", "{}", line.0);
    for key in ["type", "path", "raw_path", "root_path", "scheme", "client"] {
        assert_eq!(line.0["scope"][key], told["scope"][key], "{key}: {}", line.0);
    }
    assert_eq!(line.findings(), [""; 0], "{}", line.0);
}

/// The docs of an app that was told its prefix, opened on the app's own port.
#[test]
fn opened_directly() {
    needs!("uvicorn");
    let (_uvicorn, app) = peers::uvicorn(&root_path());
    let tap = free_address();
    let spec = format!("{tap}=http://{app}");
    let hopscope =
        Hopscope::start(&["tap", "--app", &spec, "--server", "uvicorn@0.54", "--root-path", "/api/v1"], &[tap]);
    assert_eq!(http::get(tap, "/docs").status(), 200);
    assert_eq!(http::get(tap, "/api/v1/openapi.json").status(), 404);
    let output = hopscope.finish();
    assert_eq!(output.line("/api/v1/openapi.json").findings(), ["PX12", "PX02 after PX12"]);
}

/// A tap on the same host would be trusted where the proxy is not; from another address it is not trusted either.
#[test]
fn from_another_address() {
    needs!("uvicorn");
    let (_uvicorn, app) = peers::uvicorn(&AppOptions::default());
    let tap = free_address();
    let spec = format!("{tap}=http://{app}");
    let arguments = ["tap", "--app", &spec, "--server", "uvicorn@0.54", "--tap-source", "127.0.0.2"];
    let hopscope = Hopscope::start(&arguments, &[tap]);
    let request = "GET /app HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n\r\n";
    let told = Client::to(tap).ask(request).json();
    assert_eq!(told["scope"]["client"][0], "127.0.0.2");
    assert_eq!(told["scope"]["scheme"], "http");
    let output = hopscope.finish();
    let line = output.line("/app");
    for key in ["scheme", "client"] {
        assert_eq!(line.0["scope"][key], told["scope"][key], "{key}: {}", line.0);
    }
    assert_eq!(line.0["trust"]["trusted"], false, "{}", line.0);
}

/// A lone tap is not seen by the app: what arrives is what Traefik sent.
#[test]
fn nothing_is_added() {
    needs!("traefik", "uvicorn");
    let direct = headers_at_the_app(false);
    let tapped = headers_at_the_app(true);
    assert_eq!(direct, tapped);
}

fn headers_at_the_app(tapped: bool) -> Vec<String> {
    let (_uvicorn, app) = peers::uvicorn(&AppOptions::default());
    let (listen, tap) = (free_address(), free_address());
    let spec = format!("{tap}=http://{app}");
    let _hopscope = tapped.then(|| Hopscope::start(&["tap", "--app", &spec], &[tap]));
    let routes = fs::read_to_string(repository("assets/examples/routes.toml")).expect("the example");
    let routes = routes.replace(":8000", &format!(":{}", if tapped { tap } else { app }.port()));
    let _traefik = peers::traefik(listen, &peers::example("traefik.toml", listen, app), &routes);
    let asked = || Some(http::get(listen, "/api/v1/app")).filter(|answer| answer.status() == 200);
    let told = wait_for("Traefik's routes", asked).json();
    let headers = told["headers"].as_array().expect("headers").iter();
    headers.map(|header| header.to_string().replace(&listen.port().to_string(), "PORT")).collect()
}
