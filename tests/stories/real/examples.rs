//! The files in `assets/examples` work as they are: nothing but the two ports is changed, and no hopscope is there.

use crate::support::http;
use crate::support::peers::{self, AppOptions, needs};
use crate::support::place::{free_address, wait_for};
use crate::support::websocket::WebSocket;
use crate::support::wire::Wire;

#[test]
fn the_examples_run_as_they_are() {
    needs!("traefik", "nginx", "uvicorn");
    for (proxy, strips) in [("traefik", true), ("nginx-strip.conf", true), ("nginx-keep.conf", false)] {
        let options = if strips {
            AppOptions { server: vec!["--root-path", "/api/v1"], ..AppOptions::default() }
        } else {
            AppOptions { root_path: "/api/v1", ..AppOptions::default() }
        };
        let (_uvicorn, app) = peers::uvicorn(&options);
        let (listen, wire) = (free_address(), Wire::to(app));
        let text = |name: &str| peers::example(name, listen, wire.address());
        let _proxy = match proxy {
            "traefik" => peers::traefik(listen, &text("traefik.toml"), &text("routes.toml")),
            name => peers::nginx(listen, &text(name)),
        };
        let ready = || Some(http::get(listen, "/api/v1/app")).filter(|answer| answer.status() == 200);
        assert_eq!(wait_for("the proxy's routes", ready).json()["root_path"], "/api/v1", "{proxy}");
        let sent_on = wire.passed(if strips { "/app" } else { "/api/v1/app" });
        assert_eq!(sent_on.request.value("host"), listen.to_string(), "{proxy}");
        assert_eq!(
            http::get(listen, "/api/v1/items").value("location"),
            format!("http://{listen}/api/v1/items/"),
            "{proxy}"
        );
        let (_, response, chat) = WebSocket::open(listen, "/api/v1/ws", "X: 1");
        assert_eq!(response.status(), 101, "{proxy}");
        let mut chat = chat.expect("agreed");
        chat.say("hello");
        assert_eq!(chat.hear(), "echo: hello", "{proxy}");
        assert_eq!(chat.close(), 1000, "{proxy}");
    }
}

/// The app of the page is what the recipes start.
#[test]
fn the_page_s_app_runs_as_it_is() {
    needs!("uvicorn");
    let (_uvicorn, app) = peers::page_app(&["--root-path", "/api/v1"]);
    assert_eq!(http::get(app, "/app").text(), r#"{"message":"Hello World","root_path":"/api/v1"}"#);
}
