//! A proxy's configuration that is edited while hopscope stands in by it.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::support::hopscope::Hopscope;
use crate::support::http;
use crate::support::place::{free_address, wait_for};
use crate::support::screen::Screen;
use crate::support::upstream::Upstream;

/// The configuration of a proxy that puts `/PLACE` before every path, and the app behind it.
struct Config {
    folder: TempDir,
    app: Upstream,
}

impl Config {
    fn new(place: &str) -> Self {
        let config = Self { folder: tempfile::tempdir().expect("a temporary folder"), app: Upstream::ok() };
        config.write(place, "app");
        config
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("haproxy.cfg")
    }

    /// Writes it as editors do: a new file in the place of the old one.
    fn write(&self, place: &str, backend: &str) {
        let text = format!(
            "defaults\n    mode http\n\nfrontend web\n    bind :8080\n    http-request set-path /{place}%[path]\n    \
             default_backend {backend}\n\nbackend app\n    server app app:8000\n"
        );
        let new = self.folder.path().join("new");
        fs::write(&new, text).and_then(|()| fs::rename(&new, self.path())).expect("a folder of our own");
    }

    /// The arguments, and where hopscope then listens.
    fn arguments(&self) -> (Vec<String>, SocketAddr) {
        let listen = free_address();
        let names = format!("app:8000={}", self.app.address());
        let path = self.path().display().to_string();
        let ports = format!("8080={listen}");
        let arguments =
            ["proxy", "--no-ask-app", "--no-find-server", "--map", &names, "--map-listen", &ports, "--from", &path];
        (arguments.map(str::to_owned).to_vec(), listen)
    }

    /// Asks until the app gets this path; what it got before was the old one.
    fn leads_to(&self, listen: SocketAddr, path: &str) {
        wait_for(&format!("requests to arrive at {path}"), || {
            assert_eq!(http::get(listen, "/x").status(), 200);
            let last = self.app.requests(1).pop().expect("one at least");
            (last.target() == path.as_bytes()).then_some(())
        });
    }
}

#[test]
fn an_edit_counts_at_once_and_a_broken_one_does_not() {
    let config = Config::new("old");
    let (arguments, listen) = config.arguments();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let hopscope = Hopscope::start(&arguments, &[listen]);
    config.leads_to(listen, "/old/x");

    config.write("new", "app");
    config.leads_to(listen, "/new/x");

    config.write("broken", "nowhere");
    wait_for("the fault to be told", || hopscope.program().log().contains("last good configuration").then_some(()));
    config.leads_to(listen, "/new/x");

    config.write("mended", "app");
    config.leads_to(listen, "/mended/x");

    let (lines, told) = hopscope.finish_with_text();
    assert!(told.contains("haproxy.cfg:7: there is no backend \"nowhere\""), "{told}");
    assert!(told.contains("default_backend nowhere"), "the line is quoted: {told}");
    assert!(told.contains("haproxy.cfg was read again"), "{told}");
    // What went through the old one is still told by its rule.
    let first = lines.iter().find(|line| line.contains("/old/x")).expect("the first request");
    assert!(first.contains("set-path /old"), "{first}");
}

#[test]
fn the_screen_says_what_is_wrong_until_it_is_mended() {
    let config = Config::new("a");
    let (arguments, listen) = config.arguments();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let screen = Screen::start(120, 36, &arguments).listening(listen);
    config.leads_to(listen, "/a/x");
    config.write("b", "nowhere");
    screen.shows("there is no backend");
    config.leads_to(listen, "/a/x");
    config.write("c", "app");
    config.leads_to(listen, "/c/x");
    screen.shows("was read again");
    assert!(!screen.text().contains("there is no backend"), "{}", screen.text());
}
