//! A real nginx with access logs of its own, in a folder of its own.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::support::http::{Client, Message};
use super::support::peers;
use super::support::place::{free_address, wait_for};
use super::support::program::Program;
use super::support::upstream::{Next, Upstream};

const NGINX: &str = "\
daemon off;
pid nginx.pid;
error_log stderr warn;
events {}
http {
    client_body_temp_path temp-body;
    proxy_temp_path temp-proxy;
    fastcgi_temp_path temp-fastcgi;
    uwsgi_temp_path temp-uwsgi;
    scgi_temp_path temp-scgi;
    # Who asks is told by the tests, as by a load balancer.
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Real-IP;
    include logging/*.conf;
    include sites/*.conf;
}
";

/// The nginx.
pub(crate) struct Site {
    pub(crate) folder: TempDir,
    pub(crate) address: SocketAddr,
    program: Program,
}

impl Site {
    /// Starts it. `logging` goes into `http`, by an include; `server` into a server, by another.
    pub(crate) fn start(logging: &str, server: &str) -> Self {
        let folder = folder();
        let address = free_address();
        for name in ["logging", "sites"] {
            fs::create_dir(folder.path().join(name)).expect("a folder of our own");
        }
        write(&folder.path().join("logging/log.conf"), logging);
        write(&folder.path().join("sites/site.conf"), format!("server {{\nlisten {address};\n{server}\n}}\n"));
        write(&folder.path().join("nginx.conf"), NGINX);
        let program = peers::proxy("nginx", address, &folder.path().join("nginx.conf"));
        Self { folder, address, program }
    }

    /// The path of a file of its.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Lets it open its logs anew; it does so when it comes to it.
    pub(crate) fn reopen(&self) {
        let id = self.program.id().to_string();
        let status = Command::new("kill").args(["-s", "USR1", &id]).status().expect("kill");
        assert!(status.success(), "nginx runs");
    }

    /// Waits until a log has so many lines.
    pub(crate) fn wait_for_lines(&self, log: &str, count: u64) {
        wait_for_lines(&self.path(log), count);
    }
}

/// A folder into which workers of another user can look too.
pub(crate) fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("a folder of our own");
    folder
}

/// Waits until a file has so many lines. A line is written after its answer was sent.
pub(crate) fn wait_for_lines(path: &Path, count: u64) {
    wait_for(&format!("{count} lines in {}", path.display()), || {
        let text = fs::read(path).unwrap_or_default();
        (text.split(|&byte| byte == b'\n').count() as u64 > count).then_some(())
    });
}

pub(crate) fn write(path: &Path, text: impl AsRef<[u8]>) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

/// An app that answers `/…/answer/NNN` with that status, and everything else with 200.
pub(crate) fn answering() -> Upstream {
    Upstream::start(|visit| {
        visit.read_body();
        let target = String::from_utf8_lossy(visit.request.target()).into_owned();
        let path = target.split('?').next().unwrap_or_default();
        let status = path.rsplit_once("/answer/").and_then(|(_, status)| status.parse().ok()).unwrap_or(200);
        visit.send(answer(status, "Location: /elsewhere\r\n"));
        Next::Keep
    })
}

/// An answer of this status, with more header lines.
pub(crate) fn answer(status: u16, more: &str) -> String {
    let body = if matches!(status, 204 | 304) { "" } else { "as asked for" };
    let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let more = if status / 100 == 3 || status == 201 { more } else { "" };
    format!("HTTP/1.1 {status} As asked for\r\n{length}{more}\r\n{body}")
}

/// A client that counts what it got.
#[derive(Default)]
pub(crate) struct Counting {
    pub(crate) statuses: BTreeMap<String, u64>,
}

impl Counting {
    /// Asks, on a connection of its own.
    pub(crate) fn ask(&mut self, address: SocketAddr, request: impl AsRef<[u8]>) -> Message {
        let answer = Client::to(address).ask(request);
        *self.statuses.entry(answer.status().to_string()).or_default() += 1;
        answer
    }

    /// A GET.
    pub(crate) fn get(&mut self, address: SocketAddr, target: &str) -> Message {
        self.ask(address, format!("GET {target} HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n"))
    }

    /// How many answers there were.
    pub(crate) fn count(&self) -> u64 {
        self.statuses.values().sum()
    }
}
